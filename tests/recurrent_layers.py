"""Recurrent layers in all their forms, here and in torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from tests.lowered import as_tuple

OPS_OVER_TIME: Final = ("rnn", "lstm", "gru")

BATCH: Final = 3

LENGTH: Final = 4

FEATURES: Final = 5


@dataclass(frozen=True)
class Layer:
    """A recurrent layer with its settings, here and in torch."""

    kind: str
    hidden: int = 6
    layers: int = 1
    direction: str = "forward"
    dropout: float = 0.0
    bias: bool = True
    activation: str = "tanh"
    projection: int = 0

    @property
    def directions(self) -> int:
        return 2 if self.direction == "both" else 1

    @property
    def sizes(self) -> dict[str, int]:
        """The size of each state."""
        sizes = {"h": self.projection or self.hidden}
        return sizes | {"c": self.hidden} if self.kind == "lstm" else sizes

    def __str__(self) -> str:
        """As a spec has it, without what is at its default."""
        told = {
            name: "false" if value is False else value
            for name, value in vars(self).items()
            if name not in ("kind", "hidden") and value != getattr(Layer, name)
        }
        return f"{self.kind}({', '.join((str(self.hidden), *(f'{name}={value}' for name, value in told.items())))})"

    def reference(self, features: int = FEATURES) -> nn.Module:
        """Torch's own layer, with numbers of twice as many digits."""
        own = {"nonlinearity": self.activation} if self.kind == "rnn" else {}
        kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[self.kind]
        module: nn.Module = kind(
            features,
            self.hidden,
            num_layers=self.layers,
            bias=self.bias,
            batch_first=True,
            dropout=self.dropout,
            bidirectional=self.directions == 2,
            **({"proj_size": self.projection} if self.kind == "lstm" else own),
        )
        return module.double()

    def spec(self, *, is_told: bool) -> str:
        """A model of this layer, which gives all that it gives, and is given states or is not."""
        starts = [f"{name}0" for name in self.sizes] if is_told else []
        ends = [f"{name}1" for name in self.sizes]
        count = self.layers * self.directions
        lines = [f"input x: [B, T, {FEATURES}]"]
        lines += [f"input {name}: [{count}, B, {self.sizes[name[0]]}]" for name in starts]
        lines += [f"{', '.join(('y', *ends))} = ({', '.join(('x', *starts))}) -> {self}"]
        lines += [f"output {name} = {name}" for name in ("y", *ends)]
        return f"model Recurrence {{\n{chr(10).join(lines)}\n}}"

    def states(self) -> list[Tensor]:
        return [random(self.layers * self.directions, BATCH, size) for size in self.sizes.values()]


def every_layer() -> Iterator[Layer]:
    for kind, layers, direction, bias in product(OPS_OVER_TIME, (1, 2, 3), ("forward", "both"), (True, False)):
        layer = Layer(kind, layers=layers, direction=direction, bias=bias)
        yield layer
        if kind == "lstm":
            yield replace(layer, projection=2)
        if kind == "rnn":
            yield replace(layer, activation="relu")


each_layer: Final = pytest.mark.parametrize("layer", tuple(every_layer()), ids=str)


def random(*sizes: int) -> Tensor:
    generator = torch.Generator().manual_seed(sum(place * size for place, size in enumerate(sizes, start=1)))
    return torch.randn(*sizes, generator=generator, dtype=torch.double)


def compiled(text: str, weights: Mapping[str, Tensor] | None = None) -> nn.Module:
    """The module of a spec, its only layer with these weights."""
    module = archspec.loads(text).compile()
    assert isinstance(module, nn.Module)
    if weights is not None:
        (layer,) = module.children()
        layer.double().load_state_dict(weights)
    return module.double().eval()


def squares(values: Sequence[Tensor]) -> Tensor:
    """One number that all numbers have a part in."""
    return torch.stack([each.square().sum() for each in values]).sum()


def torch_gives(reference: nn.Module, x: Tensor, states: Sequence[Tensor]) -> list[Tensor]:
    """What torch's layer gives, in a row."""
    given = () if not states else (states[0] if len(states) == 1 else tuple(states),)
    y, last = reference(x, *given)
    return [y, *as_tuple(last)]
