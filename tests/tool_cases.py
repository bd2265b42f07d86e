"""Models of every kind that the tools of PyTorch are given, and what of theirs is compared."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.size import evaluate

ROOT: Final = Path(__file__).parent.parent

Inputs: TypeAlias = tuple[Tensor, ...]

WORDS: Final = 10
"""How many words there are in the vocabularies of the models."""


@dataclass(frozen=True)
class Case:
    """A model, and two sets of numbers for its open sizes. They differ in each, and no two in a set are equal."""

    spec: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    first: Mapping[str, int] = field(default_factory=lambda: {"B": 3})
    second: Mapping[str, int] = field(default_factory=lambda: {"B": 5})

    least: Mapping[str, int] = field(default_factory=dict)
    """The least numbers for which no size in the model is 1, which torch takes for a case of its own."""

    def model(self) -> archspec.Model:
        path = ROOT / "specs" / self.spec
        if "\n" not in self.spec:
            return archspec.load(path, **self.settings)
        return archspec.loads(self.spec, name="model.arch")


CASES: Final = {
    "lenet": Case("lenet.arch"),
    "transformer": Case(
        "attention/transformer.arch",
        {"vocabulary": WORDS, "width": 8, "heads": 2, "inner": 12, "depth": 2},
        {"B": 3, "S": 5, "T": 7},
        {"B": 2, "S": 8, "T": 4},
    ),
    "peephole": Case(
        "sequence/peephole.arch", {"characters": WORDS, "width": 4, "hidden": 3}, {"B": 3, "T": 5}, {"B": 2, "T": 7}
    ),
    "residual": Case(
        """
        use std.residual
        model Residual {
            input image: [B, 3, 16, 16]
            conv(4, kernel=3, padding=1, bias=false) -> batchnorm -> relu
            repeat 2 { BasicBlock(4) }
            BasicBlock(8, stride=2)
            global_avgpool -> flatten
            fc = linear(5)
        }
        """
    ),
    "normalised": Case(
        """
        model Normalised {
            input picture: [B, 3, H, W]
            stem = { conv(4, kernel=3, padding="same") -> batchnorm -> relu -> dropout(0.25) -> maxpool(2) }
            conv(6, kernel=3, padding=[[0, 1], 1], bias=false) -> batchnorm -> silu
            global_avgpool -> flatten -> dropout(0.5) -> linear(5)
        }
        """,
        first={"B": 3, "H": 9, "W": 12},
        second={"B": 4, "H": 14, "W": 8},
        least={"H": 6, "W": 4},
    ),
    "open": Case(
        """
        model Open {
            input words: [B, T, 6]
            input picture: [B, 3, 2 * H, 8]
            seen = picture -> conv(4, kernel=3, padding=1) -> relu -> global_avgpool -> flatten
            said = words -> linear(8) -> gelu -> attention(heads=2) -> mean(axes=1)
            (seen, said) -> concat -> linear(5)
        }
        """,
        first={"B": 3, "T": 5, "H": 4},
        second={"B": 2, "T": 9, "H": 7},
    ),
    "masked": Case(
        """
        model Masked {
            input words: [B, T, 8]
            input seen: [B, T] bool
            input query: [B, 6]
            coded = (words, seen) -> attention(heads=2, causal=true)
            found, weights = (query, coded, seen) -> soft_attention(score=additive, hidden=5)
            output logits = found -> linear(3)
            output places = weights
        }
        """,
        first={"B": 3, "T": 5},
        second={"B": 2, "T": 9},
    ),
    "pooled": Case(
        """
        model Pooled {
            input picture: [B, 2, H, W]
            conv(4, kernel=1) -> maxpool(2, stride=1, padding="same")
            conv(6, kernel=1) -> avgpool([4, 2], stride=1, padding="same")
            global_avgpool -> flatten -> linear(5)
        }
        """,
        first={"B": 3, "H": 20, "W": 26},
        second={"B": 4, "H": 31, "W": 22},
        least={"H": 2, "W": 2},
    ),
    "outputs": Case(
        """
        model Outputs {
            input x: [B, 8]
            body = { linear(12) -> batchnorm -> relu }
            output logits = linear(5)
            output odds   = logits -> softmax
            output aux    = body -> linear(5) when training
        }
        """
    ),
    "lstm": Case(
        """
        model Reader {
            input words: [B, T] int
            embedding(10, 4) -> lstm(6, direction=both) -> linear(3)
        }
        """,
        first={"B": 3, "T": 5},
        second={"B": 2, "T": 7},
    ),
}

every_case = pytest.mark.parametrize("name", CASES)


@cache
def read(name: str) -> archspec.Model:
    return CASES[name].model()


def fresh(name: str) -> nn.Module:
    """A module with the same weights each time, which computes what it is given and learns nothing."""
    torch.manual_seed(7)
    module = read(name).compile()
    assert isinstance(module, nn.Module)
    for each in module.modules():
        if isinstance(each, nn.modules.batchnorm._BatchNorm):
            # As after some training, so that a normalisation in evaluation is not the identity.
            assert each.running_mean is not None
            assert each.running_var is not None
            nn.init.normal_(each.running_mean)
            nn.init.uniform_(each.running_var, 0.5, 2.0)
    return module.eval()


def given(name: str, numbers: Mapping[str, int] | None = None) -> Inputs:
    """Inputs with the first numbers for the open sizes, or with others."""
    chooser = torch.Generator().manual_seed(11)
    numbers = CASES[name].first if numbers is None else numbers
    inputs = []
    for value in read(name).graph.inputs:
        sizes = [evaluate(size, numbers) for size in value.shape]
        assert all(isinstance(size, int) for size in sizes)
        whole: list[int] = [size for size in sizes if isinstance(size, int)]
        if value.shape.element is archspec.Element.INT:
            inputs.append(torch.randint(WORDS, whole, generator=chooser))
        elif value.shape.element is archspec.Element.BOOL:
            inputs.append(torch.rand(whole, generator=chooser) < 0.6)
        else:
            inputs.append(torch.randn(whole, generator=chooser))
    return tuple(inputs)


def written(name: str, folder: Path) -> ModuleType:
    """The module that a user imports, who has nothing but the source."""
    path = folder / f"written_{name}.py"
    path.write_text(read(name).source(), encoding="utf-8")
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def results(output: Any) -> list[Tensor]:
    """What a model gives, without what there is in training alone."""
    return [output] if isinstance(output, Tensor) else [each for each in output if each is not None]


def loss(output: Any) -> Tensor:
    total = torch.zeros(())
    for each in results(output):
        total = total + (each.float() * torch.linspace(-1, 2, each.shape[-1])).square().mean()
    return total


def gradients(module: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
    torch.manual_seed(3)  # What is dropped out is the same each time.
    module.zero_grad()
    loss(module(*inputs)).backward()  # type: ignore[no-untyped-call]
    return {name: each.grad.clone() for name, each in module.named_parameters() if each.grad is not None}


def agree(output: Any, expected: Any) -> None:
    torch.testing.assert_close(results(output), results(expected))


def without_prefix(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("_orig_mod."): each for name, each in tensors.items()}
