"""Cures that are known to work, since they were tried: a spec is built again with other settings.

A finding about shapes brings changes that let the layer itself take its inputs. Those with which the whole spec has
fewer errors, and not this one, are told with the finding. A shortcut that has other channels than its body is tried
with a projection in it; He et al., "Deep residual learning for image recognition", 2015, section 3.3.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from archspec.catalog.shapes import ShapeFault
from archspec.change import Change, Trial
from archspec.diagnostics import Diagnostic, Report, Severity
from archspec.expression import Expression, Literal, written
from archspec.graph import Graph
from archspec.ops import OPS
from archspec.part import Part
from archspec.passes.condition import conditions
from archspec.source import Hole, Span
from archspec.spec import Input, Rest, Spec
from archspec.steps import Argument, Group, Layer, Residual, Step
from archspec.syntax.tree import Scalar

MOST_TRIALS: Final = 8
"""How many changes are tried for one finding."""

MOST_FINDINGS: Final = 4
"""For how many findings they are tried; those that follow are often cured with the first."""

MOST_TOLD: Final = 2

NEAR: Final = 8
"""By how many positions an input is made longer or shorter at first."""


def add_cures(spec: Spec, report: Report, rebuild: Callable[[Spec], tuple[Report, Graph | None]]) -> None:
    """Let the findings about shapes tell what cures them.

    Args:
        spec: what was built.
        report: what was found in it.
        rebuild: finds what is wrong with another spec, and gives its graph if nothing is.
    """
    faults = [each for each in report if isinstance(each, ShapeFault) and each.trials]
    errors = _errors(report)

    def is_right(fault: ShapeFault, changed: Spec) -> bool:
        after, graph = rebuild(changed)
        if graph is not None and not all(each.is_lasting for each in conditions(graph)):
            return False  # What fits an image of one pixel is no cure.
        return all(_use(each) != _use(fault) for each in after) and _errors(after) < errors

    for fault in faults[:MOST_FINDINGS]:
        found = [told for told, changed in _projected(spec, fault) if is_right(fault, changed)][:1]
        for trial in sorted(fault.trials[:MOST_TRIALS], key=lambda each: _is_calculated(spec, each)):
            if len(found) == MOST_TOLD or (found and _is_calculated(spec, trial)):
                break
            if any(change.layer.source is not spec.span.source for change in trial):
                continue  # Nobody changes the standard library.
            if is_right(fault, _changed(spec, partial(_with_changes, trial))):
                found.append(_told(trial, fault))
        if fault is faults[0] and any(axis > 1 for axis in fault.axes):
            size = _channels_first(spec, partial(is_right, fault))
            if size is not None:
                found.clear()  # What else lets a layer fit is right by chance.
            else:
                size = _size_that_fits(spec, partial(is_right, fault), is_too_small=_has_too_large_a_kernel(fault))
            found += [size] if size else []
        if found:
            report.amend(fault, replace(fault, tried=tuple(found)))


def _has_too_large_a_kernel(fault: ShapeFault) -> bool:
    """Whether a smaller kernel would fit, so that a larger input does as well."""
    return any("kernel" in change.settings for trial in fault.trials for change in trial)


def _channels_first(spec: Spec, is_right: Callable[[Spec], bool]) -> str | None:
    """The only input with its channels before its axes of space, where they stand last and it is right so."""
    found = [(line, shape) for line in spec.inputs if len(shape := _shape(line)) == _IMAGE]
    if len(found) != 1:
        return None
    ((line, (batch, *space, channels)),) = found
    sizes = [each.value for each in (*space, channels) if isinstance(each, Literal) and isinstance(each.value, int)]
    if len(sizes) != _IMAGE - 1 or sizes[-1] not in COLOURS or min(sizes[:-1]) <= max(COLOURS):
        return None
    changed = line.model_copy(update={"shape": (batch, channels, *space)})
    if not is_right(spec.model_copy(update={"inputs": tuple(changed if one is line else one for one in spec.inputs)})):
        return None
    written_shape = ", ".join(each.span.text for each in (batch, channels, *space))
    return f"an input of `[{written_shape}]`, whose channels stand before its axes of space,"


_IMAGE: Final = 4
COLOURS: Final = (1, 3, 4)
"""The channels that an image has: grey, or red, green and blue, perhaps with one that says how opaque it is."""


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


def _use(finding: Diagnostic) -> tuple[object, ...]:
    """What a finding is about: a place, in one use of the block and one pass of the loop that it stands in."""
    return finding.span.source.name, finding.span.start, finding.code, finding.way


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


def _projected(spec: Spec, fault: ShapeFault) -> Iterator[tuple[str, Spec]]:
    """The spec with a projection in the shortcut that a residual lacks, in several forms, each in words."""
    if len(fault.inputs) != 2:
        return
    body, given = (shape.strip("[]").split(", ") for shape in fault.inputs)
    if len(body) != len(given) or len(body) < 3 or body[1] == given[1]:
        return
    is_smaller = body[2:] != given[2:]
    if is_smaller and "?" in "".join(body[2:] + given[2:]):
        return  # On what is not known, anything fits.
    for wide in _channels(spec, fault.span, body[1]):
        for stride in _strides(spec, fault.span) if is_smaller else (None,):
            settings = [("1", wide), ("kernel", Literal(1, fault.span)), *([("stride", stride)] if stride else [])]
            projection = Layer(
                Scalar(PROJECTION, fault.span),
                tuple(Argument(Scalar(name, fault.span), value) for name, value in settings),
                (),
                (),
                fault.span,
            )
            changed = _changed(spec, partial(_with_shortcut, fault.span, projection))
            if changed is not spec:
                words = ", ".join(text if name == "1" else f"{name}={text}" for name, text in map(_words, settings))
                yield f"a shortcut of `{PROJECTION}({words})`", changed


PROJECTION: Final = "conv"


def _words(setting: tuple[str, Expression]) -> tuple[str, str]:
    name, value = setting
    return name, written(value.value) if isinstance(value, Literal) else value.span.text


def _with_shortcut(place: Span, shortcut: Layer, part: Any) -> Any:
    is_meant = isinstance(part, Residual) and part.span == place and not part.shortcut
    return replace(part, shortcut=(shortcut,)) if is_meant else part


def _channels(spec: Spec, place: Span, number: str) -> Iterator[Expression]:
    """The channels of what a residual adds: as the last layer there that says them does, and as they are."""
    written_down = list(_settings(spec, place, "channels"))
    yield from written_down[-1:]
    if number.isdecimal():
        yield Literal(int(number), place)


def _strides(spec: Spec, place: Span) -> Iterator[Expression]:
    """The strides that the layers in a residual have, and the usual one."""
    yield from _settings(spec, place, "stride")
    yield Literal(2, place)


def _is_calculated(spec: Spec, trial: Trial) -> bool:
    """Whether it puts a number in the place of a formula, which was not written down for one use of a block alone."""
    return any(
        not isinstance(argument.value, Literal)
        for change in trial
        for layer in _parts(spec, Layer, change.layer)
        for argument in layer.arguments
        if _name(argument, change.positional) in change.settings
    )


def _parts(spec: Spec, kind: type[_P], place: Span) -> list[_P]:
    """The parts of a spec that are of a kind and stand at a place."""
    found: list[_P] = []

    def look(part: Any) -> Any:
        if isinstance(part, kind) and part.span == place:
            found.append(part)
        return part

    _changed(spec, look)
    return found


_P = TypeVar("_P", Layer, Residual)


def _name(argument: Argument, positional: tuple[str, ...]) -> str:
    """The name of the setting that an argument is for, of a layer whose op may be given some by their position."""
    key = argument.key.text
    return positional[int(key) - 1] if key.isdecimal() and int(key) <= len(positional) else key


def _settings(spec: Spec, place: Span, name: str) -> Iterator[Expression]:
    """The values of a setting in the layers of the residual at a place, in order."""
    for layer in (layer for residual in _parts(spec, Residual, place) for layer in _layers(residual.body)):
        positional = OPS[layer.op.text].positional() if layer.op.text in OPS else ()
        yield from (each.value for each in layer.arguments if _name(each, positional) == name)


def _layers(steps: Iterable[Step]) -> Iterator[Layer]:
    """The layers of a chain, without those in loops, which have names of their own."""
    for step in steps:
        if isinstance(step, Layer):
            yield from _layers(step.sources)
            yield step
        elif isinstance(step, Group):
            yield from _layers(step.steps)


def _changed(spec: Any, change: Callable[[Any], Any]) -> Any:
    """A spec, or a part of one, with each part changed from the outside in."""
    if isinstance(spec, tuple):
        items = tuple(_changed(each, change) for each in spec)
        return spec if all(one is other for one, other in zip(spec, items, strict=True)) else items
    if isinstance(spec, Span | Scalar | type) or not (
        isinstance(spec, Part | Struct) or dataclasses.is_dataclass(spec)
    ):
        return spec
    spec = change(spec)
    names = type(spec).model_fields if isinstance(spec, Part) else type(spec).__match_args__
    found = {name: _changed(getattr(spec, name), change) for name in names}
    different = {name: each for name, each in found.items() if each is not getattr(spec, name)}
    if not different:
        return spec
    return spec.model_copy(update=different) if isinstance(spec, Part) else type(spec)(**found)


def _with_changes(trial: Trial, part: Any) -> Any:
    for change in trial:
        if isinstance(part, Layer) and part.span == change.layer:
            part = _with_settings(part, change)
    return part


def _with_settings(layer: Layer, change: Change) -> Layer:
    arguments = list(layer.arguments)
    for name, value in change.settings.items():
        new = Argument(Scalar(name, layer.span), Literal(value, layer.span))
        for place, each in enumerate(arguments):
            if _name(each, change.positional) == name:
                arguments[place] = Argument(each.key, new.value)
                break
        else:
            arguments.append(new)
    return replace(layer, arguments=tuple(arguments))
