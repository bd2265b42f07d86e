"""Cures that are known to work, since they were tried: a spec is built again with other settings.

A finding about shapes brings changes that let the layer itself take its inputs. Those with which the whole spec has
fewer errors, and not this one, are told with the finding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any, Final

from archspec.catalog.shapes import ShapeFault
from archspec.change import Change, Trial
from archspec.diagnostics import Report, Severity
from archspec.expression import Expression, Literal, written
from archspec.part import Part
from archspec.source import Hole, Span
from archspec.spec import Input, Rest, Spec
from archspec.steps import Argument, Layer
from archspec.syntax.tree import Scalar

MOST_TRIALS: Final = 8
"""How many changes are tried for one finding."""

MOST_FINDINGS: Final = 4
"""For how many findings they are tried; those that follow are often cured with the first."""

MOST_TOLD: Final = 2

NEAR: Final = 8
"""By how many positions an input is made longer or shorter at first."""


def add_cures(spec: Spec, report: Report, rebuild: Callable[[Spec], Report]) -> None:
    """Let the findings about shapes tell what cures them.

    Args:
        spec: what was built.
        report: what was found in it.
        rebuild: finds what is wrong with another spec.
    """
    faults = [each for each in report if isinstance(each, ShapeFault) and each.trials]
    errors = _errors(report)

    def is_right(fault: ShapeFault, changed: Spec) -> bool:
        after = rebuild(changed)
        return all(_place(each) != _place(fault) for each in after) and _errors(after) < errors

    for fault in faults[:MOST_FINDINGS]:
        found = []
        for trial in fault.trials[:MOST_TRIALS]:
            if any(change.layer.source is not spec.span.source for change in trial):
                continue  # Nobody changes the standard library.
            if is_right(fault, _changed(spec, trial)):
                found.append(_told(trial, fault))
            if len(found) == MOST_TOLD:
                break
        if fault is faults[0] and any(axis > 1 for axis in fault.axes):
            size = _size_that_fits(spec, partial(is_right, fault), is_too_small=_has_too_large_a_kernel(fault))
            found += [size] if size else []
        if found:
            report.amend(fault, replace(fault, tried=tuple(found)))


def _has_too_large_a_kernel(fault: ShapeFault) -> bool:
    """Whether a smaller kernel would fit, so that a larger input does as well."""
    return any("kernel" in change.settings for trial in fault.trials for change in trial)


def _size_that_fits(spec: Spec, is_right: Callable[[Spec], bool], *, is_too_small: bool) -> str | None:
    """The nearest size of the only input with numbers for its axes of space that is right, told as a cure."""
    found = [(line, shape, sizes) for line in spec.inputs if (shape := _shape(line)) and (sizes := _space(shape))]
    if len(found) != 1:
        return None
    ((line, shape, sizes),) = found
    least = min(sizes)

    def resized(by: int) -> list[int]:
        """The input longer by the same share along each axis, by so many positions along the shortest."""
        return [size + -(-by * size // least) for size in sizes]

    def fits(by: int) -> bool:
        places = (Literal(size, each.span) for size, each in zip(resized(by), shape[2:], strict=True))
        changed = line.model_copy(update={"shape": (*shape[:2], *places)})
        inputs = tuple(changed if one is line else one for one in spec.inputs)
        return is_right(spec.model_copy(update={"inputs": inputs}))

    if not is_too_small:
        near = (by for step in range(1, NEAR + 1) for by in (step, -step) if by > -least)
        enough = next((by for by in near if fits(by)), None)
    else:
        # What is too small becomes large enough at some time, and stays so.
        short, enough = 0, next((by for by in (least, 3 * least, 7 * least, 15 * least) if fits(by)), None)
        while enough is not None and enough - short > 1:
            middle = (enough + short) // 2
            short, enough = (short, middle) if fits(middle) else (middle, enough)
    if enough is None:
        return None
    written_shape = ", ".join([*(each.span.text for each in shape[:2]), *map(str, resized(enough))])
    return f"an input of `[{written_shape}]`"


def _shape(line: Input) -> tuple[Expression | Rest, ...]:
    return () if isinstance(line.shape, Hole) else line.shape


def _space(shape: tuple[Expression | Rest, ...]) -> list[int]:
    """The sizes of the axes of space, if all are numbers."""
    sizes = [each.value for each in shape[2:] if isinstance(each, Literal) and isinstance(each.value, int)]
    return sizes if len(sizes) == len(shape) - 2 and all(size > 0 for size in sizes) else []


def _errors(report: Report) -> int:
    return sum(each.severity is Severity.ERROR for each in report)


def _place(finding: Any) -> tuple[str, int, str]:
    return finding.span.source.name, finding.span.start, finding.code


def _told(trial: Trial, fault: ShapeFault) -> str:
    lines = [change.layer.first().line for change in trial]
    told = []
    for change, line in zip(trial, lines, strict=True):
        settings = ", ".join(f"{name}={written(value)}" for name, value in change.settings.items())
        if change.layer.covers(fault.span):
            place = ""
        elif lines.count(line) == 1 and line != fault.span.first().line:
            place = f" in line {line}"
        else:
            place = f" for `{' '.join(change.layer.text.split())}`"
        told.append(f"`{settings}`{place}")
    return " and ".join(told)


def _changed(spec: Any, trial: Trial) -> Any:
    """A spec, or a part of one, with changes made in it."""
    if isinstance(spec, tuple):
        items = tuple(_changed(each, trial) for each in spec)
        return spec if all(one is other for one, other in zip(spec, items, strict=True)) else items
    if isinstance(spec, Span | Scalar | type) or not (isinstance(spec, Part) or is_dataclass(spec)):
        return spec
    for change in trial:
        if isinstance(spec, Layer) and spec.span == change.layer:
            spec = _with_settings(spec, change)
    names = type(spec).model_fields if isinstance(spec, Part) else [each.name for each in fields(spec)]
    found = {name: _changed(getattr(spec, name), trial) for name in names}
    different = {name: each for name, each in found.items() if each is not getattr(spec, name)}
    if not different:
        return spec
    return spec.model_copy(update=different) if isinstance(spec, Part) else replace(spec, **different)


def _with_settings(layer: Layer, change: Change) -> Layer:
    arguments = list(layer.arguments)
    for name, value in change.settings.items():
        new = Argument(Scalar(name, layer.span), Literal(value, layer.span))
        for place, each in enumerate(arguments):
            key = each.key.text
            if key.isdecimal() and int(key) <= len(change.positional):
                key = change.positional[int(key) - 1]
            if key == name:
                arguments[place] = Argument(each.key, new.value)
                break
        else:
            arguments.append(new)
    return replace(layer, arguments=tuple(arguments))
