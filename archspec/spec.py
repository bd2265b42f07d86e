"""From the Tree to the Spec: the form of a file is checked, its meaning not yet.

Pydantic says which keys a file has and which it must have. The readers below turn what stands under each key into
frozen data in which every name and expression knows its place. They write what is wrong to the report, which travels
as the context of the validation, and tell pydantic only that a value could not be read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import cleandoc
from typing import Annotated, Any, ClassVar, Final, NoReturn, TypeAlias, TypeVar, cast, final

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
from archspec.source import Span
from archspec.spelling import closest
from archspec.syntax.text import Fault, parse_expression
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree, locate

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
class Argument:
    """A setting of a layer: under its name, or (as `1`, `2` …) under its position."""

    key: Scalar
    value: Expression

    @property
    def position(self) -> int | None:
        return int(self.key.text) if self.key.text.isdecimal() else None


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


Step: TypeAlias = Layer | Group


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
    raise PydanticCustomError("reported", "a finding tells")


def _wrong(info: ValidationInfo, tree: Tree, subject: str, expected: str) -> NoReturn:
    found = "a mapping" if isinstance(tree, Fields) else "a list" if isinstance(tree, Items) else f"`{tree.text}`"
    found = "nothing" if isinstance(tree, Scalar) and not tree.text else found
    _refuse(info, WrongKind(tree.span, subject, expected, found))


def _name(tree: Tree, info: ValidationInfo, subject: str) -> Scalar:
    if not isinstance(tree, Scalar):
        _wrong(info, tree, subject, "a name")
    normal = unicodedata.normalize("NFKC", tree.text)
    if not tree.text.isidentifier() or normal != tree.text:
        cleaned = "".join(part if part.isalnum() else "_" for part in normal).lstrip("0123456789")
        suggestion = cleaned if cleaned.isidentifier() else None
        _refuse(info, InvalidName(tree.span, tree.text, subject, suggestion))
    return tree


def _expression(tree: Tree, info: ValidationInfo) -> Expression:
    match tree:
        case Scalar(text="", is_quoted=False):
            _wrong(info, tree, "this", "a value")
        case Scalar():
            try:
                return parse_expression(tree)
            except Fault as fault:
                _refuse(info, fault.finding)
        case Items(items, span):
            return ListOf(tuple(_expression(item, info) for item in items), span)
        case Fields():
            _wrong(info, tree, "this", "a value")


def _entries(tree: Tree, info: ValidationInfo, subject: str, example: str) -> tuple[Entry, ...]:
    if isinstance(tree, Scalar) and not tree.text:
        return ()
    if not isinstance(tree, Fields):
        _wrong(info, tree, subject, f"a mapping such as `{example}`")
    return tree.entries


def _model_name(tree: Tree, info: ValidationInfo) -> Scalar:
    return _name(tree, info, "the name of a model")


def _text(tree: Tree, info: ValidationInfo) -> str:
    if not isinstance(tree, Scalar):
        _wrong(info, tree, "`doc`", "a text")
    return cleandoc(tree.text)


def _version(tree: Tree, info: ValidationInfo) -> str:
    if not isinstance(tree, Scalar) or tree.text != VERSION:
        text = tree.text if isinstance(tree, Scalar) else "..."
        _refuse(info, UnsupportedVersion(tree.span, text))
    return tree.text


def _parameters(tree: Tree, info: ValidationInfo) -> tuple[Parameter, ...]:
    return tuple(_each(_parameter, _entries(tree, info, "`params`", "{classes: 10}"), info))


def _parameter(entry: Entry, info: ValidationInfo) -> Parameter:
    name = _name(entry.key, info, "the name of a parameter")
    has_default = not isinstance(entry.value, Scalar) or entry.value.text or entry.value.is_quoted
    return Parameter(name, _expression(entry.value, info) if has_default else None)


def _inputs(tree: Tree, info: ValidationInfo) -> tuple[Input, ...]:
    return tuple(_each(_input, _entries(tree, info, "`inputs`", "{image: [B, 3, 224, 224]}"), info))


def _input(entry: Entry, info: ValidationInfo) -> Input:
    name = _name(entry.key, info, "the name of an input")
    tree = entry.value
    if isinstance(tree, Items):
        tree = Fields((Entry(Scalar("shape", tree.span), tree),), tree.span)
    if not isinstance(tree, Fields):
        _wrong(info, tree, f"the shape of `{name.text}`", "a list such as `[B, 3, 224, 224]`")
    part = _validated(Input, tree, _report(info), {"name": name})
    if part is None:
        raise PydanticCustomError("reported", "a finding tells")
    return part


def _sizes(tree: Tree, info: ValidationInfo) -> tuple[Expression, ...]:
    if not isinstance(tree, Items):
        _wrong(info, tree, "a shape", "a list such as `[B, 3, 224, 224]`")
    return tuple(_expression(item, info) for item in tree.items)


def _element(tree: Tree, info: ValidationInfo) -> Element:
    word = tree.text if isinstance(tree, Scalar) else "..."
    if word not in tuple(Element):
        _refuse(info, UnknownElement(tree.span, word))
    return Element(word)


def _steps(tree: Tree, info: ValidationInfo) -> tuple[Step, ...]:
    if not isinstance(tree, Items):
        if isinstance(tree, Scalar) and not tree.text:
            _refuse(info, NoLayers(tree.span, "the model"))
        return (_step(tree, info),)
    return tuple(_each(_step, tree.items, info))


def _step(tree: Tree, info: ValidationInfo) -> Step:
    match tree:
        case Scalar(text="", is_quoted=False):
            _refuse(info, UnclearLayer(tree.span, ()))
        case Scalar(span=span):
            return Layer(tree, (), None, (), span, is_word=True)
        case Items(span=span):
            return Group(_steps(tree, info), None, is_chain=True, span=span)
        case Fields():
            return _mapping(tree, info)


BESIDE_OP: Final = ("name", "from")
"""The keys that a layer may have beside its op."""

_LINES: Final = ("layers", "chain")


def _mapping(tree: Fields, info: ValidationInfo) -> Step:
    name_tree = tree.get("name")
    name = None if name_tree is None else _name(name_tree, info, "the name of a layer")
    others = tuple(entry for entry in tree.entries if entry.key.text not in BESIDE_OP)
    if len(others) != 1:
        # A key with a letter wrong is better named than called a second op.
        for entry in others:
            suggestion = closest(entry.key.text, (*BESIDE_OP, *_LINES))
            if len(others) == 2 and suggestion in BESIDE_OP and suggestion not in (other.key.text for other in others):
                _refuse(info, UnknownField(entry.key.span, entry.key.text, "a layer", BESIDE_OP, suggestion))
        _refuse(info, UnclearLayer(tree.span, tuple(entry.key.text for entry in others)))
    (only,) = others
    if only.key.text in _LINES:
        if (source := tree.entry("from")) is not None:
            _refuse(info, UnknownField(source.key.span, "from", "a group of layers", ("name", *_LINES), None))
        if isinstance(only.value, Items) and not only.value.items:
            _refuse(info, NoLayers(only.value.span, "this group"))
        return Group(_steps(only.value, info), name, is_chain=only.key.text == "chain", span=tree.span)
    source_tree = tree.get("from")
    sources = () if source_tree is None else _sources(source_tree, info)
    return Layer(only.key, tuple(_arguments(only, info)), name, sources, _extent(tree, only))


def _extent(tree: Fields, op: Entry) -> Span:
    """The op with its settings, without the name beside it."""
    return op.key.span.until(op.value.span) if tree.span.start <= op.key.span.start else tree.span


def _sources(tree: Tree, info: ValidationInfo) -> tuple[Scalar, ...]:
    items = tree.items if isinstance(tree, Items) else (tree,)
    return tuple(_name(item, info, "the name of a value") for item in items)


def _arguments(entry: Entry, info: ValidationInfo) -> Iterator[Argument]:
    if isinstance(entry.value, Fields):
        yield from _each(_argument, entry.value.entries, info)
    else:
        yield Argument(Scalar("1", entry.value.span), _expression(entry.value, info))


def _argument(entry: Entry, info: ValidationInfo) -> Argument:
    if not entry.key.text.isdecimal():
        _name(entry.key, info, "the name of a setting")
    return Argument(entry.key, _expression(entry.value, info))


def _expectations(tree: Tree, info: ValidationInfo) -> tuple[Expectation, ...]:
    if isinstance(tree, Items):
        return tuple(_each(_condition, tree.items, info))
    return tuple(_each(_equation, _entries(tree, info, "`expect`", "{params: 61706}"), info))


def _condition(tree: Tree, info: ValidationInfo) -> Expectation:
    return Expectation(_expression(tree, info), tree.span)


def _equation(entry: Entry, info: ValidationInfo) -> Expectation:
    subject = _name(entry.key, info, "what is expected")
    span = subject.span.until(entry.value.span)
    value = _expression(entry.value, info)
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
        raise PydanticCustomError("reported", "a finding tells")


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

    @model_validator(mode="before")
    @classmethod
    def _keys_are_known(cls, values: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        tree: Fields = values.pop("tree")
        known = tuple(name for name in cls.model_fields if name not in values and name != "span")
        for entry in tree.entries:
            key = entry.key.text
            if key in known:
                values[key] = entry.value
            else:
                suggestion = closest(key, known)
                _report(info).add(UnknownField(entry.key.span, key, cls.owner, known, suggestion))
                if suggestion is not None and tree.entry(suggestion) is None:
                    values[suggestion] = entry.value
        return values | {"span": tree.span}


_P = TypeVar("_P", bound=Part)


def _validated(kind: type[_P], tree: Fields, report: Report, given: dict[str, Any]) -> _P | None:
    try:
        return kind.model_validate({"tree": tree, **given}, context=report)
    except ValidationError as error:
        for each in error.errors():
            if each["type"] not in ("missing", "reported"):
                raise  # A fault of ours: the readers report all that a file can be wrong in.
            if each["type"] == "missing":
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
    shape: Annotated[tuple[Expression, ...], _Reads(_sizes)]
    element: Annotated[Element, _Reads(_element)] = Element.FLOAT


@final
class Spec(Part):
    """A model as its author wrote it."""

    owner = "a spec"
    cures: ClassVar[dict[str, str]] = {
        "model": "start with the name of the model, such as `model: LeNet`",
        "inputs": "say what the model is given, such as `inputs: {image: [B, 3, 224, 224]}`",
        "layers": "say what the model does, such as `layers: [linear: 10]`",
    }

    archspec: Annotated[str, _Reads(_version)] = Field(VERSION, description="version of the language")
    model: Annotated[Scalar, _Reads(_model_name)] = Field(description="name of the model")
    doc: Annotated[str, _Reads(_text)] = Field("", description="what the model is, and where it comes from")
    params: Annotated[tuple[Parameter, ...], _Reads(_parameters)] = Field(
        (), description="what can be set from outside, with defaults"
    )
    inputs: Annotated[tuple[Input, ...], _Reads(_inputs)] = Field(description="what the model is given")
    layers: Annotated[tuple[Step, ...], _Reads(_steps)] = Field(description="what the model does, in order")
    expect: Annotated[tuple[Expectation, ...], _Reads(_expectations)] = Field(
        (), description="what must hold of the model"
    )


def read_spec(tree: Fields, report: Report) -> Spec | None:
    """The spec that a tree holds, or `None` where it holds none; what is wrong goes to the report."""
    return _validated(Spec, tree, report, {})
