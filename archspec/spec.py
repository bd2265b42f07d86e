"""From the Tree to the Spec: the form of a file is checked, its meaning not yet.

Pydantic says which keys a file has and which it must have. The readers below turn what stands under each key into
frozen data in which every name and expression knows its place. They write what is wrong to the report, which travels
as the context of the validation, and tell pydantic only that a value could not be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc
from typing import Annotated, Any, ClassVar, Final, TypeVar, cast, final

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationError, ValidationInfo, model_validator
from pydantic_core import core_schema

from archspec.catalog.fields import (
    InvalidExpression,
    MissingField,
    UnknownElement,
    UnknownField,
    UnsupportedVersion,
    WrongKind,
)
from archspec.diagnostics import Report
from archspec.expression import Binary, EvaluationError, Expression, Name, Value, evaluate
from archspec.parameter import Kind, Parameter, ParameterType
from archspec.reading import each_of, entries_of, read_expression, read_name, refuse, report_of, unless_wrong, wrong
from archspec.shape import Element
from archspec.source import Hole, Span
from archspec.spelling import closest
from archspec.steps import Argument, Step, read_steps
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree, is_blank, kind_of, locate

VERSION: Final = "1"
"""The version of the language."""


@final
@dataclass(frozen=True)
class Override:
    """A value for a parameter from outside the spec."""

    name: Scalar
    value: Expression


@final
@dataclass(frozen=True)
class Expectation:
    """A comparison that must hold, and what to say where it does not, if the author has words for it."""

    condition: Expression
    span: Span
    message: Scalar | None = None


@final
@dataclass(frozen=True)
class Rest:
    """`...` in the pattern of a shape: any number of axes, also none."""

    span: Span


# ---------------------------------------------------------------------------------------------------------- readers


def _model_name(tree: Tree, info: ValidationInfo) -> Scalar:
    # Nothing else depends on the name, so that a wrong one need not keep us from reading on.
    return unless_wrong(read_name, tree, info, "the name of a model") or Scalar("model", tree.span)


def _text(tree: Tree, info: ValidationInfo) -> str:
    if isinstance(tree, Scalar):
        return cleandoc(tree.text)
    if not isinstance(tree, Hole):
        report_of(info).add(WrongKind(tree.span, "`doc`", "a text", kind_of(tree)))
    return ""


def _version(tree: Tree, info: ValidationInfo) -> str:
    if not isinstance(tree, Scalar) or tree.text != VERSION:
        text = tree.text if isinstance(tree, Scalar) else "..."
        refuse(info, UnsupportedVersion(tree.span, text))
    return tree.text


def _parameters(tree: Tree, info: ValidationInfo) -> tuple[Parameter, ...]:
    return tuple(each_of(_parameter, entries_of(tree, info, "`params`", "{classes: 10}"), info))


def _parameter(entry: Entry, info: ValidationInfo) -> Parameter:
    name = read_name(entry.key, info, "the name of a parameter")
    if not isinstance(entry.value, Fields):
        return Parameter(name, None if is_blank(entry.value) else read_expression(entry.value, info))
    declared = _validated(Declared, entry.value, report_of(info), {"name": name})
    if declared is None:
        # Nobody knows whether it has a default, and so nobody is told that it has none.
        return Parameter(name, Hole(entry.value.span))
    return Parameter(name, declared.default, declared.parameter_type())


def _kind(tree: Tree, info: ValidationInfo) -> Kind:
    if not isinstance(tree, Scalar):
        wrong(info, tree, "the type of a parameter", "a word")
    if tree.text not in tuple(Kind):
        known = tuple(Kind)
        refuse(info, UnknownField(tree.span, tree.text, "the types of parameters", known, closest(tree.text, known)))
    return Kind(tree.text)


def _limit(tree: Tree, info: ValidationInfo) -> int | float:
    expression = read_expression(tree, info, "a limit")
    try:
        value = evaluate(expression, {})
    except EvaluationError:
        value = ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        wrong(info, tree, "a limit", "a number")
    return value


def _choices(tree: Tree, info: ValidationInfo) -> tuple[Value, ...]:
    items = tree.items if isinstance(tree, Items) else (tree,)
    return tuple(each_of(_choice, items, info))


def _choice(tree: Tree, info: ValidationInfo) -> Value:
    expression = read_expression(tree, info, "a value")
    if isinstance(expression, Name):
        return expression.text
    try:
        return evaluate(expression, {})
    except EvaluationError as error:
        refuse(info, InvalidExpression(error.span, error.message))


def _default(tree: Tree, info: ValidationInfo) -> Expression:
    return read_expression(tree, info, "`default`")


def _inputs(tree: Tree, info: ValidationInfo) -> tuple[Input, ...]:
    return tuple(each_of(_input, entries_of(tree, info, "`inputs`", "{image: [B, 3, 224, 224]}"), info))


def _input(entry: Entry, info: ValidationInfo) -> Input:
    name = read_name(entry.key, info, "the name of an input")
    tree = entry.value
    if not isinstance(tree, Fields):
        tree = Fields((Entry(Scalar("shape", tree.span), tree),), tree.span)
    read = _validated(Input, tree, report_of(info), {"name": name})
    return read or Input.model_construct(span=tree.span, name=name, shape=Hole(tree.span), element=Element.FLOAT)


def _sizes(tree: Tree, info: ValidationInfo) -> tuple[Expression | Rest, ...]:
    if not isinstance(tree, Items):
        wrong(info, tree, "the shape of an input", "a list such as `[B, 3, 224, 224]`")
    return tuple(_axis(item, info) for item in tree.items)


def _axis(tree: Tree, info: ValidationInfo) -> Expression | Rest:
    if isinstance(tree, Scalar) and tree.text == "...":
        return Rest(tree.span)
    return read_expression(tree, info)


def _element(tree: Tree, info: ValidationInfo) -> Element:
    if not isinstance(tree, Scalar):
        wrong(info, tree, "`element`", "a word")
    if tree.text not in tuple(Element):
        refuse(info, UnknownElement(tree.span, tree.text))
    return Element(tree.text)


_D = TypeVar("_D", bound="Definition")


def _layers(tree: Tree, info: ValidationInfo) -> tuple[Step, ...]:
    return read_steps(tree, info, "the model")


def _block_layers(tree: Tree, info: ValidationInfo) -> tuple[Step, ...]:
    return read_steps(tree, info, "this block")


def _variants(tree: Tree, info: ValidationInfo) -> tuple[Variant, ...]:
    return tuple(each_of(_variant, entries_of(tree, info, "`variants`", "{small: {set: {width: 16}}}"), info))


def _variant(entry: Entry, info: ValidationInfo) -> Variant:
    name = read_name(entry.key, info, "the name of a variant")
    tree = Fields((), entry.value.span) if is_blank(entry.value) else entry.value
    if not isinstance(tree, Fields):
        wrong(info, tree, f"the variant `{name.text}`", "a mapping such as `{set: {width: 16}}`")
    read = _validated(Variant, tree, report_of(info), {"name": name})
    return read or Variant.model_construct(span=tree.span, name=name, doc="", set=(), expect=())


def _set(tree: Tree, info: ValidationInfo) -> tuple[Override, ...]:
    return tuple(
        Override(each.key, read_expression(each.value, info, f"`{each.key.text}`"))
        for each in entries_of(tree, info, "`set`", "{width: 16}")
    )


def _blocks(tree: Tree, info: ValidationInfo) -> tuple[Block, ...]:
    entries = entries_of(tree, info, "`blocks`", "{Unit: {layers: [relu]}}")
    return tuple(each_of(lambda entry, info: _definition(Block, entry, info), entries, info))


def _cells(tree: Tree, info: ValidationInfo) -> tuple[Cell, ...]:
    example = "{Cell: {inputs: {x: [B, D]}, state: {h: [B, 8]}, layers: [...]}}"
    entries = entries_of(tree, info, "`cells`", example)
    return tuple(each_of(lambda entry, info: _definition(Cell, entry, info), entries, info))


def _definition(kind: type[_D], entry: Entry, info: ValidationInfo) -> _D:
    name = read_name(entry.key, info, f"the name of {kind.owner.removeprefix('this ')}")
    if not isinstance(entry.value, Fields):
        wrong(info, entry.value, f"{kind.owner} `{name.text}`", "a mapping with `layers`")
    read = _validated(kind, entry.value, report_of(info), {"name": name})
    hole = Hole(entry.value.span)
    state: dict[str, Any] = {"state": ()} if "state" in kind.model_fields else {}
    made = kind.model_construct(span=hole.span, name=name, layers=(hole,), **state)
    return read or cast(_D, made)


def _init(tree: Tree, info: ValidationInfo) -> tuple[Argument, ...]:
    if isinstance(tree, Fields):
        return tuple(Argument(each.key, read_expression(each.value, info)) for each in tree.entries)
    return (Argument(Scalar("1", tree.span), read_expression(tree, info, "`init`")),)


def _use(tree: Tree, info: ValidationInfo) -> tuple[Scalar, ...]:
    items = tree.items if isinstance(tree, Items) else (tree,)
    return tuple(each_of(_used, items, info))


def _used(tree: Tree, info: ValidationInfo) -> Scalar:
    if not isinstance(tree, Scalar) or is_blank(tree):
        wrong(info, tree, "`use`", "the path of a file, or a part of the standard library such as `std.se`")
    return tree


def _expectations(tree: Tree, info: ValidationInfo) -> tuple[Expectation, ...]:
    if isinstance(tree, Items):
        return tuple(_condition(each, info) for each in tree.items)
    entries = unless_wrong(entries_of, tree, info, "`expect`", "{params: 61706}") or ()
    equations = [unless_wrong(_equation, each, info) for each in entries]
    return tuple(each for each in equations if each is not None)


def _condition(tree: Tree, info: ValidationInfo) -> Expectation:
    if not isinstance(tree, Fields):
        return Expectation(read_expression(tree, info), tree.span)
    read = _validated(Demand, tree, report_of(info), {})
    if read is None:
        return Expectation(Hole(tree.span), tree.span)
    return Expectation(read.that, read.that.span, read.message)


def _that(tree: Tree, info: ValidationInfo) -> Expression:
    return read_expression(tree, info, "`that`")


def _message(tree: Tree, info: ValidationInfo) -> Scalar:
    if not isinstance(tree, Scalar) or is_blank(tree):
        wrong(info, tree, "`message`", "a text")
    return tree


def _equation(entry: Entry, info: ValidationInfo) -> Expectation:
    subject = read_name(entry.key, info, "what is expected")
    span = subject.span.until(entry.value.span)
    value = read_expression(entry.value, info, f"`{subject.text}`")
    return Expectation(Binary("==", Name(subject.text, subject.span), value, span), span)


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
                report_of(info).add(UnknownField(entry.key.span, key, cls.owner, known, suggestion))
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
    """An input of a model, block or cell: its shape, in numbers and names, and the type of its elements."""

    owner = "an input"
    cures: ClassVar[dict[str, str]] = {"shape": "such as `shape: [B, 3, 224, 224]`"}

    name: InstanceOf[Scalar]
    shape: Annotated[tuple[Expression | Rest, ...] | Hole, _Reads(_sizes)] = Field(
        description="the sizes of its axes: numbers, names, arithmetic on them; in a block, `...` is any number of axes"
    )
    element: Annotated[Element, _Reads(_element)] = Field(Element.FLOAT, description="the type of its elements")


@final
class Declared(Part):
    """A parameter with a type."""

    owner = "a parameter"
    cures: ClassVar[dict[str, str]] = {"type": "such as `type: int`"}

    name: InstanceOf[Scalar]
    type: Annotated[Kind, _Reads(_kind)] = Field(description="what its values are")
    values: Annotated[tuple[Any, ...], _Reads(_choices)] = Field((), description="the only values that it may have")
    min: Annotated[int | float | None, _Reads(_limit)] = Field(None, description="the least value")
    max: Annotated[int | float | None, _Reads(_limit)] = Field(None, description="the greatest value")
    default: Annotated[Expression | None, _Reads(_default)] = Field(None, description="its value where none is given")

    def parameter_type(self) -> ParameterType:
        return ParameterType(self.type, self.min, self.max, self.values)


@final
class Demand(Part):
    """An expectation with words of its own."""

    owner = "an expectation"
    cures: ClassVar[dict[str, str]] = {
        "that": "such as `that: C % groups == 0`",
        "message": 'such as `message: "{C} channels do not divide into {groups} groups"`',
    }

    that: Annotated[Expression, _Reads(_that)] = Field(description="the comparison that must hold")
    message: Annotated[Scalar, _Reads(_message)] = Field(
        description="what to say where it does not; names of parameters and sizes in braces stand for their values"
    )


class Definition(Part):
    """Layers with parameters of their own."""

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(parameter.name.text for parameter in self.params)

    name: InstanceOf[Scalar]
    doc: Annotated[str, _Reads(_text)] = Field("", description="what it is, and where it comes from")
    params: Annotated[tuple[Parameter, ...], _Reads(_parameters)] = Field((), description="what each use may set")
    inputs: Annotated[tuple[Input, ...], _Reads(_inputs)] = Field(
        (), description="what it is given, with names for the sizes; without it, one value of any shape"
    )
    layers: Annotated[tuple[Step, ...], _Reads(_block_layers)] = Field(description="what it does, in order")
    init: Annotated[tuple[Argument, ...], _Reads(_init)] = Field((), description="how its weights start")
    expect: Annotated[tuple[Expectation, ...], _Reads(_expectations)] = Field(
        (), description="what must hold of each use"
    )


@final
class Block(Definition):
    """Layers with parameters of their own, to be used like an op."""

    owner = "a block"
    cures: ClassVar[dict[str, str]] = {"layers": "say what the block does, such as `layers: [linear: 10]`"}


@final
class Cell(Definition):
    """A recurrence: what is given and kept at one position of a sequence, and what is kept for the next."""

    owner = "a cell"
    cures: ClassVar[dict[str, str]] = {
        "layers": "say what the states become, such as `layers: [{next: h, linear: 8}]`",
        "state": "say what is kept from one position to the next, such as `state: {h: [B, 8]}`",
    }

    state: Annotated[tuple[Input, ...], _Reads(_inputs)] = Field(
        description="what is kept from one position to the next"
    )


@final
class Variant(Part):
    """The model with other settings, under a name of its own."""

    owner = "a variant"

    name: InstanceOf[Scalar]
    doc: Annotated[str, _Reads(_text)] = Field("", description="what the variant is")
    set: Annotated[tuple[Override, ...], _Reads(_set)] = Field((), description="values for parameters of the model")
    expect: Annotated[tuple[Expectation, ...], _Reads(_expectations)] = Field(
        (), description="what must hold of the variant"
    )


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
    use: Annotated[tuple[Scalar, ...], _Reads(_use)] = Field((), description="files whose blocks the layers use")
    blocks: Annotated[tuple[Block, ...], _Reads(_blocks)] = Field((), description="blocks that the layers use")
    cells: Annotated[tuple[Cell, ...], _Reads(_cells)] = Field((), description="recurrences that `scan` runs over time")
    layers: Annotated[tuple[Step, ...], _Reads(_layers)] = Field(description="what the model does, in order")
    expect: Annotated[tuple[Expectation, ...], _Reads(_expectations)] = Field(
        (), description="what must hold of the model"
    )
    init: Annotated[tuple[Argument, ...], _Reads(_init)] = Field((), description="how weights start")
    variants: Annotated[tuple[Variant, ...], _Reads(_variants)] = Field(
        (), description="the model with other settings, each under a name"
    )


@final
class Library(Part):
    """A file of blocks and cells for others to use."""

    owner = "a file of blocks"

    archspec: Annotated[str, _Reads(_version)] = Field(VERSION, description="version of the language")
    use: Annotated[tuple[Scalar, ...], _Reads(_use)] = Field((), description="files whose blocks these use")
    blocks: Annotated[tuple[Block, ...], _Reads(_blocks)] = Field((), description="the blocks")
    cells: Annotated[tuple[Cell, ...], _Reads(_cells)] = Field((), description="the recurrences")


def read_spec(tree: Fields, report: Report) -> Spec | Library | None:
    """The model or the blocks that a tree holds, or `None` where it holds none; what is wrong goes to the report."""
    keys = {entry.key.text for entry in tree.entries}
    if keys & {"blocks", "cells"} and not keys & {"model", "inputs", "layers", "variants", "params"}:
        return _validated(Library, tree, report, {})
    return _validated(Spec, tree, report, {})
