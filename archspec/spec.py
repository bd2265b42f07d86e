"""From the Tree to the Spec: the form of a file is checked, its meaning not yet.

Pydantic says which keys a file has and which it must have. The readers below turn what stands under each key into
frozen data in which every name and expression knows its place. They write what is wrong to the report, which travels
as the context of the validation, and tell pydantic only that a value could not be read.
"""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc
from typing import Annotated, Any, ClassVar, Final, TypeVar, final

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationError, ValidationInfo, model_validator
from pydantic_core import core_schema

from archspec.catalog.fields import MissingField, UnknownElement, UnknownField, UnsupportedVersion, WrongKind
from archspec.diagnostics import Report
from archspec.expression import Binary, Expression, Name
from archspec.reading import each_of, entries_of, read_expression, read_name, refuse, report_of, unless_wrong, wrong
from archspec.shape import Element
from archspec.source import Hole, Span
from archspec.spelling import closest
from archspec.steps import Step, read_steps
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree, is_blank, kind_of, locate

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
class Expectation:
    """A comparison that must hold."""

    condition: Expression
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
    return Parameter(name, None if is_blank(entry.value) else read_expression(entry.value, info))


def _inputs(tree: Tree, info: ValidationInfo) -> tuple[Input, ...]:
    return tuple(each_of(_input, entries_of(tree, info, "`inputs`", "{image: [B, 3, 224, 224]}"), info))


def _input(entry: Entry, info: ValidationInfo) -> Input:
    name = read_name(entry.key, info, "the name of an input")
    tree = entry.value
    if not isinstance(tree, Fields):
        tree = Fields((Entry(Scalar("shape", tree.span), tree),), tree.span)
    read = _validated(Input, tree, report_of(info), {"name": name})
    return read or Input.model_construct(span=tree.span, name=name, shape=Hole(tree.span), element=Element.FLOAT)


def _sizes(tree: Tree, info: ValidationInfo) -> tuple[Expression, ...]:
    if not isinstance(tree, Items):
        wrong(info, tree, "the shape of an input", "a list such as `[B, 3, 224, 224]`")
    return tuple(read_expression(item, info) for item in tree.items)


def _element(tree: Tree, info: ValidationInfo) -> Element:
    if not isinstance(tree, Scalar):
        wrong(info, tree, "`element`", "a word")
    if tree.text not in tuple(Element):
        refuse(info, UnknownElement(tree.span, tree.text))
    return Element(tree.text)


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
    return tuple(each_of(_block, entries_of(tree, info, "`blocks`", "{Unit: {layers: [relu]}}"), info))


def _block(entry: Entry, info: ValidationInfo) -> Block:
    name = read_name(entry.key, info, "the name of a block")
    if not isinstance(entry.value, Fields):
        wrong(info, entry.value, f"the block `{name.text}`", "a mapping with `layers`")
    read = _validated(Block, entry.value, report_of(info), {"name": name})
    hole = Hole(entry.value.span)
    return read or Block.model_construct(span=hole.span, name=name, doc="", params=(), inputs=(), layers=(hole,))


def _expectations(tree: Tree, info: ValidationInfo) -> tuple[Expectation, ...]:
    if isinstance(tree, Items):
        return tuple(_condition(each, info) for each in tree.items)
    entries = unless_wrong(entries_of, tree, info, "`expect`", "{params: 61706}") or ()
    equations = [unless_wrong(_equation, each, info) for each in entries]
    return tuple(each for each in equations if each is not None)


def _condition(tree: Tree, info: ValidationInfo) -> Expectation:
    return Expectation(read_expression(tree, info), tree.span)


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
    """An input of a model: its shape, in numbers and names, and the type of its elements."""

    owner = "an input"
    cures: ClassVar[dict[str, str]] = {"shape": "such as `shape: [B, 3, 224, 224]`"}

    name: InstanceOf[Scalar]
    shape: Annotated[tuple[Expression, ...] | Hole, _Reads(_sizes)]
    element: Annotated[Element, _Reads(_element)] = Element.FLOAT


@final
class Block(Part):
    """Layers with parameters of their own, to be used like an op."""

    owner = "a block"
    cures: ClassVar[dict[str, str]] = {"layers": "say what the block does, such as `layers: [linear: 10]`"}

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(parameter.name.text for parameter in self.params)

    name: InstanceOf[Scalar]
    doc: Annotated[str, _Reads(_text)] = Field("", description="what the block is, and where it comes from")
    params: Annotated[tuple[Parameter, ...], _Reads(_parameters)] = Field((), description="what each use may set")
    inputs: Annotated[tuple[Input, ...], _Reads(_inputs)] = Field(
        (), description="what the block is given, with names for the sizes; without it, one value of any shape"
    )
    layers: Annotated[tuple[Step, ...], _Reads(_block_layers)] = Field(description="what the block does, in order")
    expect: Annotated[tuple[Expectation, ...], _Reads(_expectations)] = Field(
        (), description="what must hold of each use"
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
    blocks: Annotated[tuple[Block, ...], _Reads(_blocks)] = Field((), description="blocks that the layers use")
    layers: Annotated[tuple[Step, ...], _Reads(_layers)] = Field(description="what the model does, in order")
    expect: Annotated[tuple[Expectation, ...], _Reads(_expectations)] = Field(
        (), description="what must hold of the model"
    )
    variants: Annotated[tuple[Variant, ...], _Reads(_variants)] = Field(
        (), description="the model with other settings, each under a name"
    )


def read_spec(tree: Fields, report: Report) -> Spec | None:
    """The spec that a tree holds, or `None` where it holds none; what is wrong goes to the report."""
    return _validated(Spec, tree, report, {})
