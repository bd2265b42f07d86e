"""What must hold for each use of each op: its rules agree with what torch does when it runs what we lower the op to."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from archspec.op import Op, ShapeError
from archspec.shape import Element, Shape
from archspec.size import evaluate, named
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from tests.costs import COSTS
from tests.lowered import as_tuple, built, quiet, runnable, shape_of, torch_shapes, zeros


def module_on_meta(op: Op, *inputs: Shape) -> nn.Module:
    """The module of an op; an op that is written as an expression has an empty one, as it keeps nothing."""
    found = lower(op, *inputs)
    return nn.Module() if isinstance(found, Inline) else built(found, "meta")


def check_weights(op: Op, *inputs: Shape) -> None:
    """Weights and buffers are those of torch, by name and shape."""
    module = module_on_meta(op, *inputs)
    assert dict(op.weights(*inputs)) == {name: shape_of(value) for name, value in module.named_parameters()}
    assert dict(op.buffers(*inputs)) == {name: shape_of(value) for name, value in module.named_buffers()}


def check_cost(op: Op, *inputs: Shape) -> None:
    """Multiply-adds are those that torch counts, or those of a formula where it counts wrong."""
    if op.name in COSTS:
        assert op.macs(*inputs) == COSTS[op.name](op, *inputs)
        return
    run = runnable(op, *inputs, device="meta")
    counter = FlopCounterMode(display=False)
    with quiet(), counter:
        run(*(zeros(each, "meta") for each in inputs))
    assert 2 * op.macs(*inputs) == counter.get_total_flops()


def check_backward(op: Op, *inputs: Shape) -> None:
    """Gradients flow back to every weight, and to the inputs where anything does."""
    found = lower(op, *inputs)
    torch.manual_seed(0)
    values = [
        torch.rand(zeros(each, "cpu").shape, requires_grad=True)
        if each.element is Element.FLOAT
        else zeros(each, "cpu")
        for each in inputs
    ]
    run = runnable(op, *inputs)
    parameters = [] if isinstance(found, Inline) else list(run.parameters())  # type: ignore[attr-defined]
    with quiet():
        outputs = [each for each in as_tuple(run(*values)) if each.requires_grad]
        if outputs:
            sum(each.sum() for each in outputs).backward()  # type: ignore[union-attr]
    assert all(each.grad is not None for each in parameters)


def check_formulas(op: Op, *inputs: Shape, is_thorough: bool = True) -> None:
    """Shapes with open sizes, once these are given numbers, are those that the numbers give."""
    for shapes, numbers in opened(inputs, is_thorough):
        assert tuple(closed(each, numbers) for each in op.outputs(*shapes)) == op.outputs(*inputs), shapes
        assert evaluate(op.macs(*shapes), numbers) == op.macs(*inputs), shapes
        for rule in (op.weights, op.buffers):
            assert {name: closed(each, numbers) for name, each in rule(*shapes).items()} == rule(*inputs), shapes


def opened(shapes: tuple[Shape, ...], is_thorough: bool) -> Iterator[tuple[tuple[Shape, ...], dict[str, int]]]:
    """The shapes with open sizes for all but the channels, and all; with their numbers. If it is to be thorough, also
    for each axis alone, and each two.

    Axes of several inputs that have the same number and size are opened together, by one name. A size of 1 stays: where
    nothing tells that an axis is to be repeated, its size is taken to be that of the other input.
    """
    is_alone = len(shapes) == 1
    places = sorted({(axis, size) for shape in shapes for axis, size in enumerate(shape) if is_alone or size != 1})
    lengths = (1, 2, len(places)) if is_thorough else (len(places),)
    choices = {frozenset(each) for length in lengths for each in combinations(places, length)}
    choices.add(frozenset(place for place in places if place[0] != 1))
    for chosen in sorted(choices, key=sorted):
        yield (
            tuple(
                shape.with_sizes(
                    named(f"N{axis}_{size}") if (axis, size) in chosen else size for axis, size in enumerate(shape)
                )
                for shape in shapes
            ),
            {f"N{axis}_{size}": size for axis, size in chosen if isinstance(size, int)},
        )


def closed(shape: Shape, numbers: dict[str, int]) -> Shape:
    return shape.with_sizes(evaluate(size, numbers) for size in shape.sizes)


def agrees_with_torch(op: Op, *inputs: Shape) -> bool:
    """The inferred shapes are those of torch, and `infer` refuses what torch refuses, and nothing else.

    Tells whether both have a result.
    """
    try:
        inferred: tuple[Shape, ...] | ShapeError = op.outputs(*inputs)
    except ShapeError as refusal:
        inferred = refusal
    try:
        expected: tuple[Shape, ...] | Exception = torch_shapes(op, *inputs, device="cpu")
    except Exception as refusal:
        # That includes what goes wrong in lowering: it may rely on what `infer` has looked at.
        expected = refusal
    if isinstance(expected, Exception) and isinstance(inferred, ShapeError):
        assert inferred.setting is None or inferred.setting in op.settings()
        return False
    assert inferred == expected, f"{op} on {inputs}: {inferred!r}, but torch: {expected!r}"
    return True


def obeys_all_laws(op: Op, *inputs: Shape) -> None:
    """All that is known here of a use, right or wrong."""
    if not agrees_with_torch(op, *inputs):
        return
    check_weights(op, *inputs)
    check_cost(op, *inputs)
    check_backward(op, *inputs)
    check_formulas(op, *inputs, is_thorough=False)
