"""What is said of a model as a whole, for the forms that are read by people and not on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from archspec.passes.cost import NAMES, Optimiser
from archspec.summary.wording import exact, of_bytes

if TYPE_CHECKING:
    from archspec.summary import Summary


def facts(summary: Summary) -> Iterator[tuple[str, str]]:
    """Titles, and what is said under each."""
    one = summary.of_one
    yield "inputs", ", ".join(f"{name} {shape}" for name, shape in summary.inputs)
    yield "outputs", ", ".join(f"{name} {shape}" for name, shape in summary.outputs)
    buffers = f", and {exact(summary.buffers)} in buffers" if summary.buffers != 0 else ""
    yield "parameters", f"{exact(summary.parameters)}{buffers}"
    for title, size in (("MACs", summary.macs), ("FLOPs, two for each MAC", summary.flops)):
        yield title, exact(one(size)) if isinstance(one(size), int) else exact(size)
    totals = [one(each) for each in summary.inference]
    numbers = [each for each in totals if isinstance(each, int)]
    if len(numbers) == len(totals):
        yield f"memory for inference, {summary.floats}", of_bytes(max(numbers))
    elif len(totals) == 1:
        yield f"memory for inference in bytes, {summary.floats}", exact(totals[0])
    for optimiser in Optimiser:
        size = one(summary.training(optimiser))
        unit = "" if isinstance(size, int) else " in bytes"
        yield f"memory for training{unit}, {summary.floats}, {NAMES[optimiser]}", of_bytes(size)
    if summary.batches:
        yield "batch", f"counted as 1: {', '.join(f'{name} = 1' for name in summary.batches)}"
    if summary.uncounted:
        yield "not in MACs", f"biases, {', '.join(summary.uncounted)}"
    if summary.in_training_only:
        yield "in training only, and not in the total of MACs", ", ".join(summary.in_training_only)
    for each in summary.conditions:
        yield "right where", each.text
