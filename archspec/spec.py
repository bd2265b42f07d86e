"""From the Tree to the Spec: the form of a file is checked, its meaning not yet.

Pydantic says which keys a file has and which it must have. The readers below turn what stands under each key into
frozen data in which every name and expression knows its place. They write what is wrong to the report, which travels
as the context of the validation, and tell pydantic only that a value could not be read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import Annotated, Any, ClassVar, Final, NoReturn, ParamSpec, TypeAlias, TypeVar, cast, final

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError, core_schema

from archspec.catalog.fields import (
    InvalidName,
    MissingField,
    UnclearLayer,
    UnknownElement,
    UnknownField,
    UnsupportedVersion,
    WrongKind,
)
from archspec.catalog.graph import NoLayers
from archspec.diagnostics import Diagnostic, Report
from archspec.expression import Binary, Expression, ListOf, Name
from archspec.shape import Element
from archspec.source import Hole, Span
from archspec.spelling import closest
from archspec.syntax.text import Fault, parse_expression
from archspec.syntax.tree import (
    BESIDE_OP,
    LINES,
    Entry,
    Fields,
    Items,
    Scalar,
    Tree,
    holds_layers,
    is_blank,
    kind_of,
    locate,
)

VERSION: Final = "1"
"""The version of the language."""


@final
@dataclass(frozen=True)
class Parameter:
    """A parameter of a model, with its default if it has one."""

    name: Scalar
    default: Expression | None


@final
@dataclass(frozen=True)
class Override:
    """A value for a parameter from outside the spec."""

    name: Scalar
    value: Expression


@final
@dataclass(frozen=True)
class Argument:
    """A setting of a layer: under its name, or (as `1`, `2` …) under its position."""

    key: Scalar
    value: Expression


@final
@dataclass(frozen=True)
class Layer:
    """A use of an op, or a single word that may turn out to be the name of a value."""

    op: Scalar
    arguments: tuple[Argument, ...]
    name: Scalar | None
    sources: tuple[Scalar, ...]
    span: Span
    is_word: bool = False


@final
@dataclass(frozen=True)
class Group:
    """Steps in a row: joined by arrows, or lines in braces."""

    steps: tuple[Step, ...]
    name: Scalar | None
    is_chain: bool
    span: Span


Step: TypeAlias = Layer | Group | Hole


@final
@dataclass(frozen=True)
class Expectation:
    """A comparison that must hold."""

    condition: Expression
    span: Span


# ---------------------------------------------------------------------------------------------------------- readers


def _report(info: ValidationInfo) -> Report:
    report: Any = info.context
    return cast(Report, report)


def _refuse(info: ValidationInfo, finding: Diagnostic) -> NoReturn:
    _report(info).add(finding)
    _pass_over()


def _pass_over() -> NoReturn:
    raise PydanticCustomError("reported", "a finding tells")


def _wrong(info: ValidationInfo, tree: Tree, subject: str, expected: str) -> NoReturn:
    if isinstance(tree, Hole):
        _pass_over()
    _refuse(info, WrongKind(tree.span, subject, expected, kind_of(tree)))


def _name(tree: Tree, info: ValidationInfo, subject: str) -> Scalar:
    if not isinstance(tree, Scalar):
        _wrong(info, tree, subject, "a word")
    normal = unicodedata.normalize("NFKC", tree.text)
    if not tree.text.isidentifier() or normal != tree.text:
        cleaned = "".join(part if part.isalnum() else "_" for part in normal)
        cleaned = f"_{cleaned}" if cleaned[:1].isdecimal() else cleaned
        suggestion = cleaned if cleaned.isidentifier() and cleaned.strip("_") else None
        _refuse(info, InvalidName(tree.span, tree.text, subject, suggestion))
    return tree


def _expression(tree: Tree, info: ValidationInfo, subject: str = "a value") -> Expression:
    match tree:
        case Scalar() if not is_blank(tree):
            try:
                return parse_expression(tree)
            except Fault as fault:
                _report(info).add(fault.finding)
        case Items(items, span):
            return ListOf(tuple(_expression(item, info) for item in items), span)
        case Scalar() | Fields():
            _report(info).add(WrongKind(tree.span, subject, "a number, a word or a list", kind_of(tree)))
        case Hole():
            pass
    return Hole(tree.span)


def _entries(tree: Tree, info: ValidationInfo, subject: str, example: str) -> tuple[Entry, ...]:
    if is_blank(tree):
        return ()
    if not isinstance(tree, Fields):
        _wrong(info, tree, subject, f"a mapping such as `{example}`")
    return tree.entries


def _model_name(tree: Tree, info: ValidationInfo) -> Scalar:
    # Nothing else depends on the name, so that a wrong one need not keep us from reading on.
    return _unless_wrong(_name, tree, info, "the name of a model") or Scalar("model", tree.span)


def _text(tree: Tree, info: ValidationInfo) -> str:
    if isinstance(tree, Scalar):
        return cleandoc(tree.text)
    if not isinstance(tree, Hole):
        _report(info).add(WrongKind(tree.span, "`doc`", "a text", kind_of(tree)))
    return ""


def _version(tree: Tree, info: ValidationInfo) -> str:
    if not isinstance(tree, Scalar) or tree.text != VERSION:
        text = tree.text if isinstance(tree, Scalar) else "..."
        _refuse(info, UnsupportedVersion(tree.span, text))
    return tree.text


def _parameters(tree: Tree, info: ValidationInfo) -> tuple[Parameter, ...]:
    return tuple(_each(_parameter, _entries(tree, info, "`params`", "{classes: 10}"), info))


def _parameter(entry: Entry, info: ValidationInfo) -> Parameter:
    name = _name(entry.key, info, "the name of a parameter")
    return Parameter(name, None if is_blank(entry.value) else _expression(entry.value, info))


def _inputs(tree: Tree, info: ValidationInfo) -> tuple[Input, ...]:
    return tuple(_each(_input, _entries(tree, info, "`inputs`", "{image: [B, 3, 224, 224]}"), info))


def _input(entry: Entry, info: ValidationInfo) -> Input:
    name = _name(entry.key, info, "the name of an input")
    tree = entry.value
    if not isinstance(tree, Fields):
        tree = Fields((Entry(Scalar("shape", tree.span), tree),), tree.span)
    read = _validated(Input, tree, _report(info), {"name": name})
    return read or Input.model_construct(span=tree.span, name=name, shape=Hole(tree.span), element=Element.FLOAT)


def _sizes(tree: Tree, info: ValidationInfo) -> tuple[Expression, ...]:
    if not isinstance(tree, Items):
        _wrong(info, tree, "the shape of an input", "a list such as `[B, 3, 224, 224]`")
    return tuple(_expression(item, info) for item in tree.items)


def _element(tree: Tree, info: ValidationInfo) -> Element:
    if not isinstance(tree, Scalar):
        _wrong(info, tree, "`element`", "a word")
    if tree.text not in tuple(Element):
        _refuse(info, UnknownElement(tree.span, tree.text))
    return Element(tree.text)


def _layers(tree: Tree, info: ValidationInfo) -> tuple[Step, ...]:
    return _steps(tree, info, "the model")


def _steps(tree: Tree, info: ValidationInfo, owner: str) -> tuple[Step, ...]:
    if is_blank(tree) or (isinstance(tree, Items) and not tree.items):
        _refuse(info, NoLayers(tree.span, owner))
    steps = tree.items if isinstance(tree, Items) else (tree,)
    return tuple(_unless_wrong(_step, each, info) or _around(each) for each in steps)


def _around(tree: Tree) -> Step:
    """What stands for a layer that could not be read, under the name that it has all the same."""
    hole = Hole(tree.span)
    name = tree.get("name") if isinstance(tree, Fields) else None
    named = isinstance(name, Scalar) and name.text.isidentifier()
    return Group((hole,), cast(Scalar, name), is_chain=False, span=tree.span) if named else hole


def _step(tree: Tree, info: ValidationInfo) -> Step:
    match tree:
        case Scalar() if is_blank(tree):
            _refuse(info, UnclearLayer(tree.span, ()))
        case Scalar(span=span):
            return Layer(tree, (), None, (), span, is_word=True)
        case Items(span=span):
            return Group(_steps(tree, info, "this group"), None, is_chain=True, span=span)
        case Fields():
            return _mapping(tree, info)
        case Hole():
            return tree


def _mapping(tree: Fields, info: ValidationInfo) -> Step:
    beside = {entry.key.text: entry.value for entry in tree.entries if entry.key.text in BESIDE_OP}
    others = [entry for entry in tree.entries if entry.key.text not in BESIDE_OP]
    if len(others) == 2 and (misspelt := _misspelt(others, beside, info)) is not None:
        others.remove(misspelt)
    if len(others) != 1:
        place = others[1].key.span if others else tree.span
        _refuse(info, UnclearLayer(place, tuple(entry.key.text for entry in others)))
    (only,) = others
    name = _unless_wrong(_name, beside["name"], info, "the name of a layer") if "name" in beside else None
    if holds_layers(only):
        if only.key.text not in LINES:
            suggestion = closest(only.key.text, LINES)
            owner = "a group of layers"
            _report(info).add(UnknownField(only.key.span, only.key.text, owner, ("name", *LINES), suggestion))
        if (source := tree.entry("from")) is not None:
            _refuse(info, UnknownField(source.key.span, "from", "a group of layers", ("name", *LINES), None))
        return Group(_steps(only.value, info, "this group"), name, is_chain=only.key.text == "chain", span=tree.span)
    if isinstance(only.value, Hole):
        _pass_over()
    sources = _sources(beside["from"], info) if "from" in beside else ()
    return Layer(only.key, tuple(_arguments(only, info)), name, sources, _extent(tree, only))


def _misspelt(others: list[Entry], beside: dict[str, Tree], info: ValidationInfo) -> Entry | None:
    """Of two keys, the one that has a letter wrong, which is better named than called a second op."""
    for entry in others:
        suggestion = closest(entry.key.text, BESIDE_OP)
        if suggestion is not None and suggestion not in beside:
            _report(info).add(UnknownField(entry.key.span, entry.key.text, "a layer", BESIDE_OP, suggestion))
            beside[suggestion] = entry.value
            return entry
    return None


def _extent(tree: Fields, op: Entry) -> Span:
    """The op with its settings, without the name beside it."""
    is_alone = all(entry is op or entry.key.span.start < tree.span.start for entry in tree.entries)
    return tree.span if is_alone else op.key.span.until(op.value.span)


def _sources(tree: Tree, info: ValidationInfo) -> tuple[Scalar, ...]:
    items = tree.items if isinstance(tree, Items) else (tree,)
    return tuple(_name(item, info, "the name of a value") for item in items)


def _arguments(entry: Entry, info: ValidationInfo) -> Iterator[Argument]:
    if isinstance(entry.value, Fields):
        for each in entry.value.entries:
            # In `{kernel 3}` the colon is missing: that there is no such setting says enough.
            is_colon_missing = is_blank(each.value) and not each.key.text.isidentifier()
            value = Hole(each.value.span) if is_colon_missing else _expression(each.value, info, f"`{each.key.text}`")
            yield Argument(each.key, value)
    else:
        yield Argument(Scalar("1", entry.value.span), _expression(entry.value, info))


def _expectations(tree: Tree, info: ValidationInfo) -> tuple[Expectation, ...]:
    if isinstance(tree, Items):
        return tuple(_condition(each, info) for each in tree.items)
    entries = _unless_wrong(_entries, tree, info, "`expect`", "{params: 61706}") or ()
    equations = [_unless_wrong(_equation, each, info) for each in entries]
    return tuple(each for each in equations if each is not None)


def _condition(tree: Tree, info: ValidationInfo) -> Expectation:
    return Expectation(_expression(tree, info), tree.span)


def _equation(entry: Entry, info: ValidationInfo) -> Expectation:
    subject = _name(entry.key, info, "what is expected")
    span = subject.span.until(entry.value.span)
    value = _expression(entry.value, info, f"`{subject.text}`")
    return Expectation(Binary("==", Name(subject.text, subject.span), value, span), span)


def _each(reader: Any, parts: tuple[Any, ...], info: ValidationInfo) -> Iterator[Any]:
    """Read all parts, so that each tells what is wrong with it, and only then say that one could not be read."""
    complete = True
    for part in parts:
        try:
            yield reader(part, info)
        except PydanticCustomError:
            complete = False
    if not complete:
        _pass_over()


_Given = ParamSpec("_Given")
_Read = TypeVar("_Read")


def _unless_wrong(reader: Callable[_Given, _Read], *given: _Given.args, **named: _Given.kwargs) -> _Read | None:
    """What a reader makes of a part, or `None` where a finding says why it makes nothing of it."""
    try:
        return reader(*given, **named)
    except PydanticCustomError:
        return None


# ------------------------------------------------------------------------------------------------------- the schema


@final
@dataclass(frozen=True)
class _Reads:
    """Makes the value of a key by a reader, whatever its type; pydantic looks no further into it."""

    reader: Any

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> core_schema.CoreSchema:
        return core_schema.with_info_plain_validator_function(self.reader)


class Part(BaseModel):
    """A mapping with keys that the language knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    owner: ClassVar[str]
    """What the mapping is, in a message."""

    cures: ClassVar[dict[str, str]] = {}
    """What to write where a key is missing."""

    span: InstanceOf[Span]

    is_partial: bool = False
    """Whether there are keys that nothing can be made of."""

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, values: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        tree: Fields = values.pop("tree")
        known = tuple(name for name in cls.model_fields if name not in values and name not in Part.model_fields)
        for entry in tree.entries:
            key = entry.key.text
            if key in known:
                values[key] = entry.value
            else:
                suggestion = closest(key, known)
                _report(info).add(UnknownField(entry.key.span, key, cls.owner, known, suggestion))
                if suggestion is not None and tree.entry(suggestion) is None:
                    values[suggestion] = entry.value
                else:
                    values["is_partial"] = True
        return values | {"span": tree.span}


_P = TypeVar("_P", bound=Part)


def _validated(kind: type[_P], tree: Fields, report: Report, given: dict[str, Any]) -> _P | None:
    try:
        return kind.model_validate({"tree": tree, **given}, context=report)
    except ValidationError as error:
        for each in error.errors():
            if each["type"] not in ("missing", "reported"):
                raise  # A fault of ours: the readers report all that a file can be wrong in.
            # A key that nothing can be made of may be meant for the one that is missing.
            if each["type"] == "missing" and not any(entry.key.text not in kind.model_fields for entry in tree.entries):
                key = str(each["loc"][-1])
                span = locate(tree, each["loc"][:-1])
                first_line = Span(span.source, span.start, span.start + len(span.text.partition("\n")[0]))
                report.add(MissingField(first_line, key, kind.owner, kind.cures.get(key, "")))
        return None


@final
class Input(Part):
    """An input of a model: its shape, in numbers and names, and the type of its elements."""

    owner = "an input"
    cures: ClassVar[dict[str, str]] = {"shape": "such as `shape: [B, 3, 224, 224]`"}

    name: InstanceOf[Scalar]
    shape: Annotated[tuple[Expression, ...] | Hole, _Reads(_sizes)]
    element: Annotated[Element, _Reads(_element)] = Element.FLOAT


@final
class Spec(Part):
    """A model as its author wrote it."""

    owner = "a model"
    cures: ClassVar[dict[str, str]] = {
        "model": "start with the name of the model, such as `model: LeNet`",
        "inputs": "say what the model is given: `inputs: {x: [B, 3, 32, 32]}` in YAML, or `input x: [B, 3, 32, 32]`",
        "layers": "say what the model does, such as `layers: [linear: 10]`",
    }

    archspec: Annotated[str, _Reads(_version)] = Field(VERSION, description="version of the language")
    model: Annotated[Scalar, _Reads(_model_name)] = Field(description="name of the model")
    doc: Annotated[str, _Reads(_text)] = Field("", description="what the model is, and where it comes from")
    params: Annotated[tuple[Parameter, ...], _Reads(_parameters)] = Field(
        (), description="what can be set from outside, with defaults"
    )
    inputs: Annotated[tuple[Input, ...], _Reads(_inputs)] = Field(description="what the model is given")
    layers: Annotated[tuple[Step, ...], _Reads(_layers)] = Field(description="what the model does, in order")
    expect: Annotated[tuple[Expectation, ...], _Reads(_expectations)] = Field(
        (), description="what must hold of the model"
    )


def read_spec(tree: Fields, report: Report) -> Spec | None:
    """The spec that a tree holds, or `None` where it holds none; what is wrong goes to the report."""
    return _validated(Spec, tree, report, {})
