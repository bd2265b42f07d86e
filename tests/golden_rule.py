"""What independent implementations have and give, and weights and inputs that any implementation can make anew.

The numbers come from a hash of their position, not from a random generator: no library has to agree with another on
anything but arithmetic. A counter goes up by one before each tensor that is filled; the modules come in the order in
which they finish when the model first runs, then those that did not run, in the order of their names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod, sqrt
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

DIRECTORY: Final = Path(__file__).parent / "golden"

FIRST_INPUT: Final = 1_000_003
"""The counter of the first input."""

TOGETHER: Final = 2**15
"""So many numbers are made together as the cache of a processor holds."""


@dataclass(frozen=True)
class Golden:
    """What an independent implementation has and gives."""

    parameters: int
    multiply_adds: int
    input: list[int]
    output: dict[str, Any]
    state_dict: list[tuple[str, list[int]]]
    shapes: list[list[int]] | None
    """What its convolutions, linear layers and windows of pooling give, in the order in which they run."""

    entries: int | None
    """What the numbers of an input that counts are below."""

    @classmethod
    def of(cls, name: str) -> Golden:
        recorded = json.loads((DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
        return cls(
            parameters=recorded["parameters"],
            multiply_adds=recorded["multiply_adds"],
            input=recorded["input"],
            output=recorded.get("output", {}),
            state_dict=[(key, shape) for key, shape in recorded["state_dict"]],
            shapes=recorded.get("shapes"),
            entries=recorded.get("entries"),
        )


def described(output: Tensor) -> dict[str, Any]:
    """An output in the terms in which that of an implementation is recorded."""
    flat = output.flatten()
    return {
        "shape": list(output.shape),
        "first8": flat[:8].tolist(),
        "last4": flat[-4:].tolist(),
        "mean": flat.mean().item(),
        "std": flat.std(correction=0).item(),
        "absmax": flat.abs().max().item(),
    }


@torch.no_grad()
def given_by(model: nn.Module, golden: Golden, early: str | None = None, late: str | None = None) -> dict[str, Any]:
    """What a model, which may have no memory yet, gives first for the example input, filled by the rule.

    What is called `early` runs first in its block, where it is recorded so, and what is called `late` runs last; their
    block runs them at another time.
    """
    # The order in which modules finish does not depend on numbers, and all numbers are those of the rule.
    model = model.to("meta").double().eval()
    order = tuple(_in_order(model, torch.empty(golden.input, dtype=torch.double, device="meta"), early, late))
    model = model.to_empty(device="cpu")
    x = example_input(golden.input)
    # Where other programs run too, threads that wait for each other take fifty times as long as one.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        _fill(order)
        output = model(x)
        return described(output[0] if isinstance(output, tuple) else output)
    finally:
        torch.set_num_threads(threads)


def spread(count: int, counter: int) -> NDArray[np.float64]:
    """That many numbers from -1/2 to 1/2: the 32-bit finaliser of MurmurHash3, applied to their positions."""
    numbers = np.empty(count)
    for start in range(0, count, TOGETHER):
        part = numbers[start : start + TOGETHER]
        bits = np.arange(start, start + len(part), dtype=np.uint32)
        bits *= np.uint32(2_654_435_761)
        bits += np.uint32(counter * 0x9E37_79B9 % 2**32)
        for shift, factor in ((16, 0x85EB_CA6B), (13, 0xC2B2_AE35)):
            bits ^= bits >> np.uint32(shift)
            bits *= np.uint32(factor)
        bits ^= bits >> np.uint32(16)
        np.divide(bits, 2**32, out=part)
        part -= 0.5
    return numbers


def _tensor(shape: torch.Size | list[int], counter: int) -> Tensor:
    return torch.from_numpy(spread(prod(shape), counter)).reshape(list(shape))


def example_input(shape: list[int], counter: int = FIRST_INPUT) -> Tensor:
    """The first input, or the one with another counter, of numbers from -1 to 1."""
    return _tensor(shape, counter) * 2


@torch.no_grad()
def fill(model: nn.Module, example: Tensor) -> None:
    """Give every parameter and running statistic the numbers of the rule."""
    _fill(tuple(_in_order(model, example, None, None)))


def _fill(modules: Iterable[nn.Module]) -> None:
    counter = 0
    for module in modules:
        for name, parameter in module.named_parameters(recurse=False):
            counter += 1
            parameter.copy_(_weights(module, name, _tensor(parameter.shape, counter)))
        for name, factor, offset in (("running_mean", 0.2, 0.0), ("running_var", 1.0, 1.0)):
            statistic = getattr(module, name, None)
            if statistic is not None:
                counter += 1
                statistic.copy_(_tensor(statistic.shape, counter).mul_(factor).add_(offset))


def _weights(module: nn.Module, name: str, numbers: Tensor) -> Tensor:
    if numbers.ndim >= 2:
        if isinstance(module, nn.Embedding):
            return numbers.mul_(2)
        transposed = isinstance(module, nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d)
        # The variance of what a unit gives is then that of what it is given.
        return numbers.mul_(sqrt(12 / (numbers[:, 0] if transposed else numbers[0]).numel()))
    if name == "weight" and "norm" in type(module).__name__.lower():
        return numbers.mul_(0.5).add_(1)
    return numbers.mul_(0.2)


def _in_order(model: nn.Module, example: Tensor, early: str | None, late: str | None) -> Iterator[nn.Module]:
    finished: list[nn.Module] = []

    def note(module: nn.Module, inputs: Any, output: Any) -> None:
        if module not in finished:
            finished.append(module)

    hooks = [module.register_forward_hook(note) for module in model.modules()]
    model(example)
    for hook in hooks:
        hook.remove()
    for block in model.modules():
        parts = {name: set(part.modules()) for name, part in block.named_children() if name in (early, late)}
        if parts:
            inner = set(block.modules()) - {block}
            places = [place for place, module in enumerate(finished) if module in inner]
            of_block = [finished[place] for place in places]
            first = [module for module in of_block if module in parts.get(str(early), ())]
            last = [module for module in of_block if module in parts.get(str(late), ())]
            others = [module for module in of_block if module not in first + last]
            for place, module in zip(places, first + others + last, strict=True):
                finished[place] = module
    yield from finished
    yield from (module for module in model.modules() if module not in finished)
