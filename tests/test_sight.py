"""What an op is said to see of its inputs is what it does see: where a number is changed, what sees it changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import product
from typing import Any, Final, cast

import pytest
import torch
from torch import Tensor, nn

from archspec.op import Example, Op
from archspec.ops import OPS
from archspec.shape import Element, Shape
from archspec.sight import Everything, Sight, Sliding, Somewhere
from archspec.size import evaluate
from tests.laws import opened
from tests.lowered import DTYPES, as_tuple, quiet, runnable

LARGEST: Final = 300
"""How many numbers an input may have for each of them to be changed in turn."""

ROUNDS: Final = 12
"""How often this is done at most, each time from other numbers: a maximum shows only some of what it sees."""


def puts_elsewhere(op: Op) -> bool:
    """Whether numbers come from elsewhere than where they are counted: mirrored ones, or those whose place is told."""
    is_mirrored = {getattr(op, "mode", None), getattr(op, "padding_mode", None)} & {"reflect", "replicate", "circular"}
    return bool(is_mirrored) or op.name == "max_unpool"


EXAMPLES = [
    pytest.param(example, id=f"{example.op} on {', '.join(map(str, example.inputs))}")
    for op in OPS.values()
    for example in op.examples()
    if all(cast("int", shape.elements) <= LARGEST for shape in example.inputs) and not puts_elsewhere(example.op)
]

Seen = dict[tuple[int, int | None], set[int]]
"""For each output, and position along the axis of it that decides, the positions that are seen."""


def values_of(shape: Shape, turn: int) -> Tensor:
    """Numbers that every op takes: all kinds of them, few that differ, mostly zeros, hardly any zero."""
    sizes: Any = shape.sizes
    if turn % 4 == 0 and shape.element is Element.FLOAT:
        return torch.rand(sizes, dtype=torch.float64) * 0.8 + 0.1
    ones = torch.bernoulli(torch.full(sizes, (0.5, 0.5, 0.05, 0.95)[turn % 4], dtype=torch.float64))
    return ones.to(DTYPES[shape.element] if shape.element is not Element.FLOAT else torch.float64)


def others_for(shape: Shape) -> tuple[Any, ...]:
    """What a number is changed to."""
    return (3.0, 0.01, 0.5, 0.0, -3.0) if shape.element is Element.FLOAT else (0, 1)


def look(run: Any, example: Example, which: int, turn: int, seen: Mapping[int, Seen]) -> None:
    """Change each number of an input, and add what has seen it, axis by axis, to what is known."""
    sights = example.op.sees(*example.inputs)[which] or ()
    shape = example.inputs[which]
    values = [values_of(each, turn) for each in example.inputs]
    before = [each.clone() for each in as_tuple(run(*values))]
    for place in product(*map(range, cast("tuple[int, ...]", shape.sizes))):
        own = values[which][place].clone()
        for other in others_for(shape):
            values[which][place] = other
            for port, output in enumerate(as_tuple(run(*values))):
                changed = ~torch.isclose(before[port], output, rtol=1e-9, atol=0.0, equal_nan=True)
                assert sights or shape.rank == 0 or not changed.any()
                for axis, sight in enumerate(sights):
                    for position in positions(changed, sight):
                        seen[axis].setdefault((port, position), set()).add(place[axis])
        values[which][place] = own


def positions(changed: Tensor, sight: Sight) -> list[int | None]:
    """Where along the axis that decides something has changed."""
    if isinstance(sight, Everything) or not changed.any():
        return []
    if sight.axis is None:
        return [None]
    others = [axis for axis in range(changed.ndim) if axis != sight.axis]
    return cast("list[int | None]", (changed.sum(dim=others) if others else changed).nonzero().flatten().tolist())


def is_sound(sight: Sight, seen: Seen) -> bool:
    """Whether nothing was seen but what should be."""
    match sight:
        case Sliding():
            spans = {(port, position): sight.at(position or 0) for port, position in seen}
            return all(spans[key][0] <= each <= spans[key][1] for key, found in seen.items() for each in found)  # type: ignore[operator]
        case Somewhere():
            return all(max(found) - min(found) < cast("int", sight.size) for found in seen.values())
        case _:
            return True


def is_complete(op: Op, sight: Sight, size: int, outputs: tuple[Shape, ...], seen: Seen) -> bool:
    """Whether all that should be seen was."""
    if not isinstance(sight, Sliding) or op.name in ("tril", "triu"):  # They see nothing where they write zeros.
        return True
    for port, output in enumerate(outputs):
        for position in (None,) if sight.axis is None else range(cast("int", output[sight.axis])):
            first, last = cast("tuple[int, int]", sight.at(position or 0))
            inside = range(max(first, 0), min(last, size - 1) + 1)
            found = seen.get((port, position), set())
            # Where a kernel has holes, the first or the last position in the input may be one.
            is_cut = getattr(op, "dilation", 1) != 1 and len(inside) <= last - first
            if inside and not is_cut and not {inside[0], inside[-1]} <= found:
                return False
    return True


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_op_sees_what_it_is_said_to_see(example: Example) -> None:
    torch.manual_seed(0)
    run = runnable(example.op, *example.inputs)
    if isinstance(run, nn.Module):
        run.double().eval()
        for weight in run.parameters():
            nn.init.uniform_(weight, 0.1, 1.0)
    outputs = example.op.outputs(*example.inputs)
    said = example.op.sees(*example.inputs)
    assert len(said) == len(example.inputs)
    for which, (sights, shape) in enumerate(zip(said, example.inputs, strict=True)):
        assert sights is None or len(sights) == shape.rank
        seen: Mapping[int, Seen] = defaultdict(dict)
        for turn in range(ROUNDS):
            with quiet(), torch.no_grad():
                look(run, example, which, turn, seen)
            each_axis = list(enumerate(zip(sights or (), shape, strict=sights is not None)))
            assert all(is_sound(sight, seen[axis]) for axis, (sight, _) in each_axis)
            complete = [
                is_complete(example.op, sight, cast("int", size), outputs, seen[axis])
                for axis, (sight, size) in each_axis
            ]
            if all(complete):
                break
        assert all(complete), (which, complete)


def with_numbers(sight: Sight, numbers: Mapping[str, int]) -> Sight:
    match sight:
        case Sliding():
            spans = tuple((evaluate(first, numbers), evaluate(last, numbers)) for first, last in sight.spans)
            return Sliding(sight.axis, spans, evaluate(sight.stride, numbers))
        case Somewhere():
            return Somewhere(sight.axis, evaluate(sight.size, numbers))
        case _:
            return sight


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_is_seen_of_open_sizes_is_what_numbers_give_or_everything(example: Example) -> None:
    said = example.op.sees(*example.inputs)
    for shapes, numbers in opened(example.inputs, is_thorough=False):
        for sights, expected in zip(example.op.sees(*shapes), said, strict=True):
            for sight, exact in zip(sights or (), expected or (), strict=True):
                is_bounded = isinstance(sight, Somewhere) and isinstance(exact, Sliding) and sight.size == exact.size
                assert isinstance(sight, Everything) or is_bounded or with_numbers(sight, numbers) == exact
