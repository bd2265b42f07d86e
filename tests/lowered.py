"""Runs what ops are lowered to: the module that a call builds, or the expression that is written in its place."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, reduce
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name, which the source that is run here uses.
from hypothesis import HealthCheck, settings
from torch import Tensor, nn

from archspec.op import Op
from archspec.shape import Element, Shape
from archspec_torch.call import Call, Given, Passing, Unsaid, Variable, printed
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from archspec_torch.sources import supports

DTYPES = {Element.FLOAT: torch.float32, Element.INT: torch.int64, Element.BOOL: torch.bool}
ELEMENTS = {dtype: element for element, dtype in DTYPES.items()} | {torch.float64: Element.FLOAT}


def shape_of(value: Tensor) -> Shape:
    return Shape(tuple(value.shape), ELEMENTS[value.dtype])


def zeros(shape: Shape, device: str) -> Tensor:
    return torch.zeros(shape.sizes, dtype=DTYPES[shape.element], device=device)  # type: ignore[arg-type]


def call_of(op: Op, *inputs: Shape) -> Call:
    call = lower(op, *inputs)
    assert isinstance(call, Call), f"{op} is no module"
    return call


def built(call: Call, device: str = "cpu") -> nn.Module:
    """The module that a call builds, made by the class that the call names."""
    with torch.device(device):
        module = made(call)
    assert isinstance(module, nn.Module)
    return module


def classes() -> dict[str, Any]:
    """The classes that torch does not have, by name, as a source has them that they are written out with."""
    return _run("\n\n".join(supports().values()))


@cache
def _run(text: str) -> dict[str, Any]:
    names = {"torch": torch, "F": F, "nn": nn, "Tensor": Tensor, "math": math}
    # The source of our own supports, which is text to the backend: it is run as the modules that hold it would be.
    exec(text, names)  # noqa: S102
    return names


def made(value: Any) -> Any:
    """What a call, or an argument of one, comes to."""
    match value:
        case Call():
            return _function(value.function)(
                *map(made, value.positional),
                **{key: made(each) for key, each in value.named.items() if not isinstance(each, Unsaid)},
            )
        case tuple():
            return tuple(map(made, value))
        case _:
            return value


def _function(name: str) -> Any:
    first, *rest = name.split(".")
    return reduce(getattr, rest, {"torch": torch, "nn": nn, "F": F}.get(first) or classes()[first])


def module_of(op: Op, *inputs: Tensor) -> nn.Module:
    return built(call_of(op, *map(shape_of, inputs)))


def source_of(inline: Inline, inputs: int, sizes: dict[str, Any] | None = None) -> str:
    """An expression over inputs called `x0`, `x1` and so on, as it is printed."""
    return printed(inline.over([Variable(f"x{number}") for number in range(inputs)], sizes or {}))


def value_of(source: str, *inputs: Tensor) -> Any:
    names = {f"x{number}": value for number, value in enumerate(inputs)}
    # What is tested is the text that the backend has printed of a lowering: only running it says what it means.
    return eval(source, {"torch": torch, "F": F, **names})  # noqa: S307


def runnable(op: Op, *inputs: Shape, device: str = "cpu") -> Callable[..., Any]:
    """What computes an op."""
    found = lower(op, *inputs)
    if isinstance(found, Call):
        module = built(found, device)
        return module if found.passing is None else Passed(module, found.passing)
    source = source_of(found, len(inputs))
    return lambda *values: value_of(source, *values)


class Passed(nn.Module):
    """A module that takes its inputs, and gives its outputs, in its own way, as one that has them in a row."""

    def __init__(self, module: nn.Module, passing: Passing) -> None:
        super().__init__()
        self.module = module
        self.passing = passing

    def forward(self, *values: Tensor) -> Any:
        def put(given: Any) -> Any:
            return values[given.position] if isinstance(given, Given) else tuple(map(put, given))

        named = {name: put(given) for name, given in self.passing.named.items()}
        found = self.module(*map(put, self.passing.positional), **named)
        gives = self.passing.gives
        return found if gives is None else tuple(value for _, value in sorted(_numbered(gives, found)))


def _numbered(gives: tuple[Any, ...], found: Any) -> Iterator[tuple[int, Tensor]]:
    for each, value in zip(gives, found, strict=True):
        if isinstance(each, tuple):
            yield from _numbered(each, value)
        else:
            yield each, value


def results(op: Op, *inputs: Tensor) -> tuple[Tensor, ...]:
    """What an op gives for these values, with the weights that it starts with."""
    return as_tuple(runnable(op, *map(shape_of, inputs))(*inputs))


def result(op: Op, *inputs: Tensor) -> Tensor:
    (found,) = results(op, *inputs)
    return found


def as_tuple(outputs: Any) -> tuple[Tensor, ...]:
    return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)


@contextmanager
def quiet() -> Iterator[None]:
    """Without torch's notes, such as that `padding="same"` with an even kernel copies its input."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def torch_shapes(op: Op, *inputs: Shape, device: str) -> tuple[Shape, ...]:
    with quiet(), torch.no_grad():
        outputs = runnable(op, *inputs, device=device)(*(zeros(each, device) for each in inputs))
    return tuple(map(shape_of, as_tuple(outputs)))


# Torch is asked on the cpu, where every check is made; the meta device leaves some out. Few values are enough, as every
# rule depends on differences between small numbers, and where sizes are small refusals are as frequent as results.
random_uses = settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
