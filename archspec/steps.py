"""What a model does, step by step, as its author wrote it: layers, groups, branches, loops and choices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias, cast, final

from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationInfo

from archspec.catalog.fields import MissingField, UnclearLayer, UnclearName, UnknownField, WrongKind
from archspec.catalog.graph import NoLayers
from archspec.expression import Expression
from archspec.reading import pass_over, read_expression, read_name, refuse, report_of, unless_wrong, wrong
from archspec.source import Hole, Span
from archspec.spelling import closest, is_slip
from archspec.syntax.tree import BESIDE_OP, LINES, Entry, Fields, Items, Scalar, Tree, holds_layers, is_blank, kind_of


@final
class Argument(Struct, frozen=True):
    """A setting of a layer: under its name, or (as `1`, `2` …) under its position."""

    key: Scalar
    value: Expression


@final
class Layer(Struct, frozen=True):
    """A use of an op or a block, or a single word that may turn out to be the name of a value."""

    op: Scalar
    arguments: tuple[Argument, ...]
    names: tuple[Scalar, ...]
    """The names of the values that it gives; a single one is the name of the layer as well."""

    sources: tuple[Step, ...]
    """What flows into it, where that is not what the step before gives."""

    span: Span
    is_word: bool = False
    branches: tuple[Step, ...] | None = None
    """Steps that each start from what flows in, and whose values the op is fed with."""

    @property
    def name(self) -> Scalar | None:
        return self.names[0] if len(self.names) == 1 else None


@final
class Group(Struct, frozen=True):
    """Steps in a row: joined by arrows, or lines in braces."""

    steps: tuple[Step, ...]
    name: Scalar | None
    is_chain: bool
    span: Span


@final
class Residual(Struct, frozen=True):
    """The sum of a body and a shortcut around it; without steps a shortcut hands on what flows in."""

    body: tuple[Step, ...]
    shortcut: tuple[Step, ...]
    name: Scalar | None
    span: Span


@final
class Repeat(Struct, frozen=True):
    """Steps that are gone through a number of times, or once for each of some values."""

    names: tuple[Scalar, ...]
    """The names that stand for each value in turn; none where the steps are merely repeated."""

    among: Expression
    """The number of times, or the values."""

    steps: tuple[Step, ...]
    name: Scalar | None
    span: Span


@final
class Choice(Struct, frozen=True):
    """Steps of which a condition on parameters and sizes decides."""

    condition: Expression
    then: tuple[Step, ...]
    otherwise: tuple[Step, ...]
    name: Scalar | None
    span: Span


@final
class Formula(Struct, frozen=True):
    """Arithmetic between values, such as `gate * x + y`."""

    expression: Expression
    names: tuple[Scalar, ...]
    span: Span


@final
class Result(Struct, frozen=True):
    """An output: what its step gives leaves the model or block under a name. The flow goes on from before it."""

    name: Scalar
    step: Step
    in_training_only: bool
    span: Span


@final
class Next(Struct, frozen=True):
    """What a state of a cell will be at the next position."""

    state: Scalar
    step: Step
    span: Span


Step: TypeAlias = Layer | Group | Residual | Repeat | Choice | Formula | Result | Next | Hole


def read_steps(tree: Tree, info: ValidationInfo, owner: str, *, may_be_empty: bool = False) -> tuple[Step, ...]:
    """The steps that a list of layers holds."""
    if is_blank(tree) or (isinstance(tree, Items) and not tree.items):
        if may_be_empty:
            return ()
        refuse(info, NoLayers(tree.span, owner))
    steps = tree.items if isinstance(tree, Items) else (tree,)
    return tuple(unless_wrong(_step, each, info) or _around(each) for each in steps)


def _around(tree: Tree) -> Step:
    """What stands for a layer that could not be read, under the name that it has all the same."""
    hole = Hole(tree.span)
    name = tree.get("name") if isinstance(tree, Fields) else None
    named = isinstance(name, Scalar) and name.text.isidentifier()
    return Group((hole,), cast(Scalar, name), is_chain=False, span=tree.span) if named else hole


def _step(tree: Tree, info: ValidationInfo) -> Step:
    match tree:
        case Scalar() if is_blank(tree):
            refuse(info, UnclearLayer(tree.span, ()))
        case Scalar(span=span):
            return Layer(tree, (), (), (), span, is_word=True)
        case Items(span=span):
            return Group(read_steps(tree, info, "this group"), None, is_chain=True, span=span)
        case Fields():
            return _mapping(tree, info)
    return tree


CONSTRUCTS: Final = {
    "residual": ("shortcut",),
    "repeat": ("layers",),
    "for": ("in", "layers"),
    "if": ("then", "else"),
}
"""The keys that make a mapping something else than a layer, each with those that go with it."""


def _mapping(tree: Fields, info: ValidationInfo) -> Step:
    given = [entry for entry in tree.entries if entry.key.text in GIVING]
    if len(given) > 1:
        refuse(info, UnclearName(given[1].key.span, tuple(entry.key.text for entry in given)))
    if given and given[0].key.text == "output":
        return _result(tree, given[0], info)
    if given and given[0].key.text == "next":
        state = read_name(given[0].value, info, "the name of a state")
        return Next(state, _plain(_without(tree, given[0]), info), tree.span)
    return _plain(tree, info)


def _result(tree: Fields, output: Entry, info: ValidationInfo) -> Result:
    name = read_name(output.value, info, "the name of an output")
    when = tree.entry("when")
    if when is not None and not (isinstance(when.value, Scalar) and when.value.text == "training"):
        if isinstance(when.value, Hole):
            pass_over()
        word = when.value.text if isinstance(when.value, Scalar) else ""
        given, suggestion = kind_of(when.value), closest(word, ("training",))
        refuse(info, WrongKind(when.value.span, "`when`", "`training`", given, suggestion))
    rest = _without(tree, output) if when is None else _without(_without(tree, output), when)
    renamed = Entry(Scalar("name", output.key.span), output.value)
    step = _plain(Fields((*rest.entries, renamed), tree.span), info)
    return Result(name, step, when is not None, tree.span)


def _without(tree: Fields, left_out: Entry) -> Fields:
    return Fields(tuple(entry for entry in tree.entries if entry is not left_out), tree.span)


def _plain(tree: Fields, info: ValidationInfo) -> Step:
    """A layer, a group or a construct; what its value is for is settled."""
    if (when := tree.entry("when")) is not None:
        others = tuple(key for key in BESIDE_OP if key != "when")
        refuse(info, UnknownField(when.key.span, "when", "a layer that is no output", others, None))
    for construct, others in CONSTRUCTS.items():
        if tree.entry(construct) is not None and any(tree.entry(key) is not None for key in (*others, "residual")):
            return _construct(construct, tree, info)
    beside = {entry.key.text: entry.value for entry in tree.entries if entry.key.text in (*BESIDE_OP, "branches")}
    entries = [entry for entry in tree.entries if entry.key.text not in beside]
    if len(entries) == 2 and (misspelt := _misspelt(entries, beside, info)) is not None:
        entries.remove(misspelt)
    if len(entries) != 1:
        from archspec.misplaced import gathered

        gathered_op, finding = gathered(entries, tree, CONSTRUCTS)
        if gathered_op is None:
            refuse(info, finding)
        report_of(info).add(finding)
        entries = [gathered_op]
    (only,) = entries
    names = _names(beside["name"], info) if "name" in beside else ()
    if isinstance(only.value, Fields) and only.key.text in AT_THE_TOP:
        from archspec.misplaced import too_deep

        refuse(info, too_deep(only.key))
    if holds_layers(only):
        return _group(tree, only, names, info)
    if isinstance(only.value, Items) and any(isinstance(each, Fields) for each in only.value.items):
        from archspec.misplaced import named_group

        refuse(info, named_group(only.key))
    if isinstance(only.value, Hole):
        pass_over()
    if only.key.text == "value":
        return _formula(tree, only.value, names, info)
    sources = _sources(beside["from"], info) if "from" in beside else ()
    branches = read_steps(beside["branches"], info, f"`{only.key.text}`") if "branches" in beside else None
    return Layer(only.key, tuple(_arguments(only, info)), names, sources, _extent(tree, only), branches=branches)


def _formula(tree: Fields, formula: Tree, names: tuple[Scalar, ...], info: ValidationInfo) -> Formula:
    if not isinstance(formula, Scalar) or is_blank(formula):
        wrong(info, formula, "`value`", "a formula such as `gate * x + y`")
    if formula.is_quoted:
        expected, found = "a formula such as `gate * x + y`", "a text in quotes"
        refuse(info, WrongKind(formula.span, "`value`", expected, found, formula.text))
    for key in ("from", "branches"):
        if (entry := tree.entry(key)) is not None:
            refuse(info, UnknownField(entry.key.span, key, "a formula", ("name", "output", "when", "next"), None))
    return Formula(read_expression(formula, info), names, formula.span)


AT_THE_TOP: Final = ("inputs", "params", "blocks", "cells", "variants", "expect", "rename", "state")
"""Keys that hold mappings, and never those of a layer."""

GIVING: Final = ("name", "output", "next")
"""The keys that say what becomes of the value of a layer; it has one of them."""


def _group(tree: Fields, only: Entry, names: tuple[Scalar, ...], info: ValidationInfo) -> Step:
    owner = "a group of layers"
    if only.key.text not in LINES:
        suggestion = closest(only.key.text, LINES)
        report_of(info).add(UnknownField(only.key.span, only.key.text, owner, ("name", *LINES), suggestion))
    for key in ("from", "branches"):
        if (entry := tree.entry(key)) is not None and entry is not only:
            refuse(info, UnknownField(entry.key.span, key, owner, ("name", *LINES), None))
    steps = read_steps(only.value, info, "this group")
    is_chain = only.key.text == "chain"
    if len(names) > 1:
        # Several names are those of what the last layer gives, and make no group.
        group = with_names(Group(steps, None, is_chain, tree.span), names)
        if isinstance(group, Group) and group.steps != steps:
            return group
    return Group(steps, names[0] if names else None, is_chain, tree.span)


def _construct(kind: str, tree: Fields, info: ValidationInfo) -> Step:
    known = (kind, *CONSTRUCTS[kind], "name")
    for entry in tree.entries:
        if entry.key.text not in known:
            from archspec.misplaced import part_meant

            suggestion = part_meant(entry.key.text, known)
            report_of(info).add(UnknownField(entry.key.span, entry.key.text, f"`{kind}`", known, suggestion))
    parts = {entry.key.text: entry.value for entry in tree.entries}
    name = unless_wrong(read_name, parts["name"], info, "the name of a group") if "name" in parts else None
    steps = {
        key: read_steps(parts[key], info, f"`{key}`", may_be_empty=key in ("shortcut", "else", "then"))
        for key in ("residual", "shortcut", "layers", "then", "else")
        if key in parts and key in known
    }
    if kind == "residual":
        return Residual(steps["residual"], steps.get("shortcut", ()), name, tree.span)
    if kind == "if":
        condition = read_expression(parts["if"], info, "a condition")
        return Choice(condition, steps.get("then", ()), steps.get("else", ()), name, tree.span)
    if "layers" not in steps or (kind == "for" and "in" not in parts):
        missing = "layers" if "layers" not in steps else "in"
        refuse(info, MissingField(tree.span, missing, f"`{kind}`", ""))
    if kind == "repeat":
        return Repeat((), read_expression(parts["repeat"], info, "a number"), steps["layers"], name, tree.span)
    words = parts["for"].items if isinstance(parts["for"], Items) else (parts["for"],)
    names = tuple(read_name(each, info, "the name of a value") for each in words)
    return Repeat(names, read_expression(parts["in"], info, "a list"), steps["layers"], name, tree.span)


def _misspelt(others: list[Entry], beside: dict[str, Tree], info: ValidationInfo) -> Entry | None:
    """Of two keys, the one that has a letter wrong, which is better named than called a second op."""
    for entry in others:
        near = closest(entry.key.text, BESIDE_OP)
        suggestion = near if near is not None and is_slip(entry.key.text, near) else _BESIDE.get(entry.key.text)
        if suggestion is not None and suggestion not in beside:
            report_of(info).add(UnknownField(entry.key.span, entry.key.text, "a layer", BESIDE_OP, suggestion))
            beside[suggestion] = entry.value
            return entry
    return None


_BESIDE: Final = {**dict.fromkeys(("input", "inputs", "inbound_nodes", "bottom"), "from"), "id": "name", "top": "name"}
"""What the keys beside an op are called elsewhere."""


def _extent(tree: Fields, op: Entry) -> Span:
    """The op with its settings, without the name beside it."""
    is_alone = all(entry is op or entry.key.span.start < tree.span.start for entry in tree.entries)
    return tree.span if is_alone else op.key.span.until(op.value.span)


def _names(tree: Tree, info: ValidationInfo) -> tuple[Scalar, ...]:
    items = tree.items if isinstance(tree, Items) else (tree,)
    names = (unless_wrong(read_name, each, info, "the name of a layer") for each in items)
    return tuple(name for name in names if name is not None)


def _sources(tree: Tree, info: ValidationInfo) -> tuple[Step, ...]:
    items = tree.items if isinstance(tree, Items) else (tree,)
    for each in items:
        if isinstance(each, Scalar):
            read_name(each, info, "the name of a value")
    return tuple(_step(each, info) for each in items)


def _arguments(entry: Entry, info: ValidationInfo) -> Iterator[Argument]:
    if isinstance(entry.value, Fields):
        for each in entry.value.entries:
            if is_blank(each.value) and each.key.text.endswith((")", "]")):
                continue  # The rest of `(3, 3)`, of which the bracket that is not closed tells.
            # In `{kernel 3}` the colon is missing: that there is no such setting says enough.
            is_colon_missing = is_blank(each.value) and not each.key.text.isidentifier()
            value = (
                Hole(each.value.span) if is_colon_missing else read_expression(each.value, info, f"`{each.key.text}`")
            )
            yield Argument(each.key, value)
    else:
        yield Argument(Scalar("1", entry.value.span), read_expression(entry.value, info))


def with_names(step: Step, names: tuple[Scalar, ...]) -> Step:
    """The same step with several names for what its last layer gives, if that can have them."""
    if len(names) < 2 or not isinstance(step, Group) or step.name is not None:
        return step
    *first, last = step.steps
    if not isinstance(last, Layer) or last.names:
        return step
    return replace(step, steps=(*first, replace(last, names=names, is_word=False)))


def named(step: Layer, name: Scalar) -> Layer:
    """The same layer under a name."""
    return replace(step, names=(name,), is_word=False)
