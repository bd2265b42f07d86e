"""Which uses of a block can have one class: those that call the same layers in the same way.

A use may lack layers that others have, such as the projection of a shortcut, where in their place it passes on what it
is given: a class that has an `nn.Identity` there does the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.graph import Path, Value
from archspec_torch.call import Call
from archspec_torch.inline import Inline
from archspec_torch.lifting import ABSENT, Argument, DifferError, united
from archspec_torch.opened import Open
from archspec_torch.reach import Form
from archspec_torch.scope import Scope, Step


@final
class Use(Struct, frozen=True):
    """One use of a block, or several that read the same."""

    paths: tuple[Path, ...]
    form: Form
    modules: Mapping[str, Call]
    """What builds its layers."""

    scope: Scope | None
    """What it does, where it can be called as a whole."""

    forms: Mapping[Path, Form]
    """What the groups inside are, by their paths inside."""

    statements: tuple[str, ...]
    """What is done with its weights once they are there."""

    @property
    def path(self) -> Path:
        return self.paths[0]


@final
class Alike(Struct, frozen=True):
    """Uses that can have one class."""

    plan: Use
    """One that has all layers that any of them has."""

    uses: tuple[Use, ...]
    twins: tuple[Mapping[Value, Value], ...]
    """For each use, what stands there for the values of the plan."""

    modules: Mapping[str, Any]
    """What builds the layers of all of them, as `united` gives it."""


def alike_in(uses: Sequence[Use], words: Mapping[str, Sequence[str]]) -> Iterator[Alike]:
    """The uses of a block, those together that can have one class; `words` are as `united` has them."""
    found: list[Alike] = []
    for use in sorted(uses, key=lambda each: -len(each.modules)):
        for number, each in enumerate(found):
            if (wider := _with(each, use, words)) is not None:
                found[number] = wider
                break
        else:
            values = use.scope.values() if use.scope else ()
            found.append(Alike(use, (use,), ({value: value for value in values},), use.modules))
    places = {use.path: place for place, use in enumerate(uses)}
    for each in found:
        # They stand in the order of the text, whichever has the most layers.
        order = sorted(range(len(each.uses)), key=lambda number: places[each.uses[number].path])
        sorted_uses = tuple(each.uses[number] for number in order)
        yield replace(
            each,
            uses=sorted_uses,
            twins=tuple(each.twins[number] for number in order),
            modules=_united(each.plan, sorted_uses, words),
        )


def _with(alike: Alike, use: Use, words: Mapping[str, Sequence[str]]) -> Alike | None:
    """Uses with one more, if it can have their class."""
    if (found := twins(alike.plan, use)) is None:
        return None
    try:
        modules = _united(alike.plan, (*alike.uses, use), words)
    except DifferError:
        return None
    return Alike(alike.plan, (*alike.uses, use), (*alike.twins, found), modules)


def _united(plan: Use, uses: Sequence[Use], words: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    return {name: united([each.modules.get(name, ABSENT) for each in uses], name, words) for name in plan.modules}


def known_by(found: Open, uses: Sequence[Use]) -> tuple[Argument, ...]:
    """What uses of a block are known by: the sizes of what flows in, and its parameters."""
    groups = [found.graph.groups[each.path] for each in uses]
    settings = [found.settings[each.path] for each in uses]
    sizes, parameters = dict[str, Argument](), dict[str, Argument]()
    inputs = [each.scope.inputs if each.scope else () for each in uses]
    for place, values in enumerate(zip(*inputs, strict=False)):
        shapes = [found.shape(value) for value in values]
        for axis in range(1, min(shape.rank for shape in shapes)):
            name = _size_name(shapes[0].rank, axis, place)
            if all(shape.rank == shapes[0].rank and found.is_number(shape[axis]) for shape in shapes):
                sizes[name] = Argument(name, tuple(shape[axis] for shape in shapes))
    for name in groups[0].settings:
        given = tuple(each.get(name) for each in settings)
        # What the input lines of the block call a size is told by the sizes themselves.
        if name.isidentifier() and not name.isupper() and all(map(found.is_plain, given)):
            default = groups[0].defaults.get(name)
            parameters[name] = Argument(name, given, default if found.is_plain(default) else ABSENT)
    return (*(each for name, each in sizes.items() if name not in parameters), *parameters.values())


def _size_name(rank: int, axis: int, place: int) -> str:
    """What to call a size of an input."""
    word = "in_channels" if axis == 1 and rank > 3 else "in_features" if axis == rank - 1 else f"in_size{axis}"
    return word if place == 0 else f"{word}{place + 1}"


def twins(plan: Use, use: Use) -> Mapping[Value, Value] | None:
    """For the values of a use with all layers, those of another use that lacks some of them; `None` if they differ."""
    if plan.form is not use.form:
        return None
    lacking = [name for name in plan.modules if name not in use.modules]
    if [name for name in plan.modules if name in use.modules] != list(use.modules):
        return None
    if lacking and plan.form is not Form.CLASS:
        return None
    kept = {path: form for path, form in plan.forms.items() if path[0] not in lacking}
    if kept != use.forms or plan.statements != use.statements:
        return None
    if plan.scope is None or use.scope is None:
        return {} if plan.scope is use.scope and not lacking else None
    left, right = _Flow(plan.scope, frozenset(lacking)), _Flow(use.scope, frozenset())
    if left.rows is None or right.rows is None or left.rows != right.rows or left.results != right.results:
        return None
    return dict(zip(left.values, right.values, strict=True))


@final
class _Flow:
    """What a scope does, without the paths and names of what flows in it, and without some of its layers."""

    def __init__(self, scope: Scope, lacking: frozenset[str]) -> None:
        self.depth = len(scope.path)
        self.values: list[Value] = [*scope.inputs]
        self.places: dict[Value, int] = {value: place for place, value in enumerate(self.values)}
        self.rows: list[tuple[Any, ...]] | None = []
        for step in scope.steps:
            if step.path[self.depth] in lacking:
                if not self.is_passed_over(step):
                    self.rows = None
                    break
                self.places[step.outputs[0]] = self.places[step.inputs[0]]
                continue
            self.rows.append(tuple(self.row(step)))
            for value in step.outputs:
                self.places[value] = len(self.values)
                self.values.append(value)
        self.results = [] if self.rows is None else [self.places[value] for value in scope.outputs], scope.sizes

    def is_passed_over(self, step: Step) -> bool:
        """Whether a layer could be left out for its input to take the place of its output."""
        is_alone = len(step.path) == self.depth + 1 and step.module == step.path
        is_plain = len(step.inputs) == len(step.outputs) == 1 and not (step.gives_tuple or step.sizes)
        return is_alone and is_plain and not isinstance(step.lowered, Inline)

    def row(self, step: Step) -> Iterator[Any]:
        yield step.path[self.depth :]
        yield step.module[self.depth :]
        yield step.lowered if isinstance(step.lowered, Inline) else None
        yield step.lowered.passing if isinstance(step.lowered, Call) else None
        yield [self.places[value] for value in step.inputs]
        yield len(step.outputs), step.gives_tuple, step.in_training_only
        yield [(name, place and (self.places.get(place[0]), place[1])) for name, place in step.sizes.items()]
