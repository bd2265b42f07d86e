"""What can be used like an op: blocks and cells, with their parameters, inputs and what they expect.

A model has the same parts, and more: see `archspec.spec`.
"""

from __future__ import annotations

from inspect import cleandoc
from typing import Annotated, Any, ClassVar, Final, TypeVar, cast, final

from msgspec import Struct
from pydantic import Field, ValidationInfo

from archspec.catalog.fields import InvalidExpression, MissingField, UnknownElement, WrongKind
from archspec.catalog.parameters import WrongParameter
from archspec.diagnostics import Report
from archspec.expression import Binary, EvaluationError, Expression, Name, Value, evaluate, written
from archspec.parameter import Kind, Parameter, ParameterType
from archspec.part import Part, Reads, validated
from archspec.reading import (
    as_use,
    each_of,
    entries_of,
    read_expression,
    read_name,
    refuse,
    report_of,
    unless_wrong,
    wrong,
)
from archspec.setting import Instance
from archspec.shape import Element
from archspec.source import Hole, Span
from archspec.spelling import closest, listed
from archspec.steps import Argument, Step, read_steps
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree, is_blank, kind_of


@final
class Expectation(Struct, frozen=True):
    """A comparison that must hold, and what to say where it does not, if the author has words for it."""

    condition: Expression
    span: Span
    message: Scalar | None = None


@final
class Rest(Struct, frozen=True):
    """`...` in the pattern of a shape: any number of axes, also none."""

    span: Span


# ---------------------------------------------------------------------------------------------------------- readers


def read_text(tree: Tree, info: ValidationInfo) -> str:
    if isinstance(tree, Scalar):
        return cleandoc(tree.text)
    if not isinstance(tree, Hole):
        report_of(info).add(WrongKind(tree.span, "`doc`", "a text", kind_of(tree)))
    return ""


def read_parameters(tree: Tree, info: ValidationInfo) -> tuple[Parameter, ...]:
    return tuple(each_of(_parameter, entries_of(tree, info, "`params`", "{classes: 10}"), info))


def _parameter(entry: Entry, info: ValidationInfo) -> Parameter:
    name = read_name(entry.key, info, "the name of a parameter")
    if not isinstance(entry.value, Fields):
        return Parameter(name, None if is_blank(entry.value) else read_expression(entry.value, info))
    declared = validated(Declared, entry.value, report_of(info), {"name": name})
    if declared is None:
        # Nobody knows whether it has a default, and so nobody is told that it has none.
        return Parameter(name, Hole(entry.value.span))
    if _is_nonsense(entry.value, declared, report_of(info)):
        return Parameter(name, declared.default, ParameterType(declared.type))
    _check_default(declared, report_of(info))
    return Parameter(name, declared.default, declared.parameter_type())


def _is_nonsense(tree: Fields, declared: Declared, report: Report) -> bool:
    """Whether what limits the values of a type does not fit the type; a finding says why."""
    kind, found = declared.type, len(report)
    limits = [each.key for each in tree.entries if each.key.text in ("min", "max")]
    values = tree.entry("values")
    if limits and kind not in (Kind.INT, Kind.NUMBER, Kind.LIST):
        report.add(WrongKind(limits[0].span, "what has a limit", "a number or a list", f"a `{kind}`"))
    if values is not None and kind in (Kind.FLAG, Kind.LAYER):
        others = "an `int`, `number`, `word` or `list`"
        report.add(WrongKind(values.value.span, "a parameter that is one of some values", others, f"a `{kind}`"))
    elif values is not None and kind is not Kind.LIST:
        plain = ParameterType(kind)
        items = values.value.items if isinstance(values.value, Items) else (values.value,)
        for item, value in zip(items, declared.values, strict=True):
            if not plain.accepts(value):
                report.add(WrongKind(item.span, f"a value of the type `{kind}`", str(plain), f"`{written(value)}`"))
    if declared.min is not None and declared.max is not None and declared.min > declared.max:
        greatest, least = tree.entry("max"), written(declared.min)
        place = tree.span if greatest is None else greatest.value.span
        given = f"`{written(declared.max)}`"
        report.add(WrongKind(place, "the greatest value", f"at least the least, `{least}`", given))
    return len(report) > found


def _check_default(declared: Declared, report: Report) -> None:
    """Report a default that its type does not allow, which would come up only where a use does without the setting."""
    default, kind = declared.default, declared.parameter_type()
    if default is None or kind.kind is Kind.LAYER:
        return
    try:
        value = evaluate(default, {})
    except EvaluationError:
        return  # It depends on other parameters.
    if not kind.accepts(value):
        given = f"`{default.span.text}`"
        report.add(WrongParameter(default.span, declared.name.text, given, str(kind), None, None))


def _kind(tree: Tree, info: ValidationInfo) -> Kind:
    if not isinstance(tree, Scalar):
        wrong(info, tree, "the type of a parameter", "a word")
    if tree.text not in tuple(Kind):
        given, suggestion = f"`{tree.text}`", _ELSEWHERE.get(tree.text.casefold()) or closest(tree.text, Kind)
        refuse(info, WrongKind(tree.span, "the type of a parameter", listed(Kind), given, suggestion))
    return Kind(tree.text)


_ELSEWHERE: Final = {
    **dict.fromkeys(("integer", "size", "count"), Kind.INT),
    **dict.fromkeys(("float", "real", "double"), Kind.NUMBER),
    **dict.fromkeys(("bool", "boolean"), Kind.FLAG),
    **dict.fromkeys(("str", "string", "text", "enum", "literal"), Kind.WORD),
    **dict.fromkeys(("tuple", "array", "sequence"), Kind.LIST),
    **dict.fromkeys(("block", "op", "module"), Kind.LAYER),
}
"""What types are called in other languages."""


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
        refuse(info, InvalidExpression(error.span, error.message, error.cure))


def _default(tree: Tree, info: ValidationInfo) -> Expression:
    return read_expression(tree, info, "`default`")


def read_inputs(tree: Tree, info: ValidationInfo) -> tuple[Input, ...]:
    return tuple(each_of(_input, entries_of(tree, info, "`inputs`", "{image: [B, 3, 224, 224]}"), info))


def _input(entry: Entry, info: ValidationInfo) -> Input:
    name = read_name(entry.key, info, "the name of an input")
    tree = entry.value
    if not isinstance(tree, Fields):
        tree = Fields((Entry(Scalar("shape", tree.span), tree),), tree.span)
    read = validated(Input, tree, report_of(info), {"name": name})
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
        from archspec.foreign.elements import foreign_element

        suggestion = foreign_element(tree.text) or closest(tree.text, Element)
        refuse(info, UnknownElement(tree.span, tree.text, suggestion))
    return Element(tree.text)


def _block_layers(tree: Tree, info: ValidationInfo) -> tuple[Step, ...]:
    return read_steps(tree, info, "this block")


def read_init(tree: Tree, info: ValidationInfo) -> tuple[Argument, ...]:
    from archspec.initialiser import INITIALISERS  # Only specs with `init` wait for it.

    if isinstance(tree, Fields):
        only = tree.entries[0] if len(tree.entries) == 1 else None
        if only is not None and only.key.text in INITIALISERS and not isinstance(only.value, Hole):
            report_of(info).add(WrongKind(tree.span, "`init`", WAY_TO_FILL, kind_of(tree), as_use(tree)))
            return (Argument(Scalar("1", tree.span), Hole(tree.span)),)
        return tuple(Argument(each.key, _initialiser(each.value, info, f"`{each.key.text}`")) for each in tree.entries)
    return (Argument(Scalar("1", tree.span), _initialiser(tree, info, "`init`")),)


WAY_TO_FILL: Final = "a way to fill weights, such as `normal(std=0.02)`"


def _initialiser(tree: Tree, info: ValidationInfo, subject: str) -> Expression:
    if isinstance(tree, Scalar) and not is_blank(tree):
        return read_expression(tree, info)
    if not isinstance(tree, Hole):
        report_of(info).add(WrongKind(tree.span, subject, WAY_TO_FILL, kind_of(tree), as_use(tree)))
    return Hole(tree.span)


def read_expectations(tree: Tree, info: ValidationInfo) -> tuple[Expectation, ...]:
    if isinstance(tree, Items):
        return tuple(_condition(each, info) for each in tree.items)
    entries = unless_wrong(entries_of, tree, info, "`expect`", "{params: 61706}") or ()
    equations = [unless_wrong(_equation, each, info) for each in entries]
    return tuple(each for each in equations if each is not None)


def _condition(tree: Tree, info: ValidationInfo) -> Expectation:
    if not isinstance(tree, Fields):
        return Expectation(_that(tree, info), tree.span)
    only = tree.entries[0] if len(tree.entries) == 1 else None
    if only is not None and closest(only.key.text, ("that", "message")) is None:
        comparison = f"{only.key.text} == {' '.join(only.value.span.text.split())}"
        report_of(info).add(WrongKind(tree.span, "an expectation in a list", "a comparison", kind_of(tree), comparison))
        return unless_wrong(_equation, only, info) or Expectation(Hole(tree.span), tree.span)
    read = validated(Demand, tree, report_of(info), {})
    if read is None:
        return Expectation(Hole(tree.span), tree.span)
    return Expectation(read.that, read.that.span, read.message)


def _that(tree: Tree, info: ValidationInfo) -> Expression:
    if isinstance(tree, Scalar) and tree.is_quoted:
        expected, found = "a comparison such as `C % groups == 0`", "a text in quotes"
        report_of(info).add(WrongKind(tree.span, "an expectation", expected, found, tree.text))
        return Hole(tree.span)
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


# ------------------------------------------------------------------------------------------------------- the keys


@final
class Input(Part):
    """An input of a model, block or cell: its shape, in numbers and names, and the type of its elements."""

    owner = "an input"
    cures: ClassVar[dict[str, str]] = {"shape": "such as `shape: [B, 3, 224, 224]`"}

    name: Annotated[Scalar, Instance]
    shape: Annotated[tuple[Expression | Rest, ...] | Hole, Reads(_sizes, "shape")] = Field(
        description="the sizes of its axes: numbers, names, arithmetic on them; in a block, `...` is any number of axes"
    )
    element: Annotated[Element, Reads(_element, "element")] = Field(
        Element.FLOAT, description="the type of its elements"
    )


@final
class Declared(Part):
    """A parameter with a type."""

    owner = "a parameter"
    cures: ClassVar[dict[str, str]] = {"type": "such as `type: int`"}

    name: Annotated[Scalar, Instance]
    type: Annotated[Kind, Reads(_kind, "type")] = Field(description="what its values are")
    values: Annotated[tuple[Any, ...], Reads(_choices, "values")] = Field(
        (), description="the only values that it may have"
    )
    min: Annotated[int | float | None, Reads(_limit, "limit")] = Field(None, description="the least value")
    max: Annotated[int | float | None, Reads(_limit, "limit")] = Field(None, description="the greatest value")
    default: Annotated[Expression | None, Reads(_default, "expression")] = Field(
        None, description="its value where none is given"
    )

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

    that: Annotated[Expression, Reads(_that, "condition")] = Field(description="the comparison that must hold")
    message: Annotated[Scalar, Reads(_message, "text")] = Field(
        description="what to say where it does not; names of parameters and sizes in braces stand for their values"
    )


class Definition(Part):
    """Layers with parameters of their own."""

    @property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(parameter.name.text for parameter in self.params)

    name: Annotated[Scalar, Instance]
    doc: Annotated[str, Reads(read_text, "text")] = Field("", description="what it is, and where it comes from")
    params: Annotated[tuple[Parameter, ...], Reads(read_parameters, "parameters")] = Field(
        (), description="what each use may set"
    )
    inputs: Annotated[tuple[Input, ...], Reads(read_inputs, "inputs")] = Field(
        (), description="what it is given, with names for the sizes; without it, one value of any shape"
    )
    layers: Annotated[tuple[Step, ...], Reads(_block_layers, "layers")] = Field(description="what it does, in order")
    init: Annotated[tuple[Argument, ...], Reads(read_init, "init")] = Field((), description="how its weights start")
    expect: Annotated[tuple[Expectation, ...], Reads(read_expectations, "expectations")] = Field(
        (), description="what must hold of each use"
    )


@final
class Block(Definition):
    """Layers with parameters of their own, to be used like an op."""

    owner = "a block"
    cures: ClassVar[dict[str, str]] = {"layers": "say what the block does, such as `layers: [linear: 10]`"}

    is_chain: bool = False
    """Whether its layers stand under the key `chain`, and not `layers`: then they are called by their positions."""


@final
class Cell(Definition):
    """A recurrence: what is given and kept at one position of a sequence, and what is kept for the next."""

    owner = "a cell"
    cures: ClassVar[dict[str, str]] = {
        "layers": "say what the states become, such as `layers: [{next: h, linear: 8}]`",
        "state": "say what is kept from one position to the next: `state h: [B, 8]`, or `state: {h: [B, 8]}` in YAML",
    }

    state: Annotated[tuple[Input, ...], Reads(read_inputs, "inputs")] = Field(
        description="what is kept from one position to the next"
    )


_D = TypeVar("_D", bound="Definition")


def read_blocks(tree: Tree, info: ValidationInfo) -> tuple[Block, ...]:
    entries = entries_of(tree, info, "`blocks`", "{Unit: {layers: [relu]}}")
    return tuple(each_of(_block, entries, info))


def _block(entry: Entry, info: ValidationInfo) -> Block:
    tree = entry.value
    chain = tree.entry("chain") if isinstance(tree, Fields) else None
    if chain is None or not isinstance(tree, Fields) or tree.entry("layers") is not None:
        return _definition(Block, entry, info)
    steps = chain.value if isinstance(chain.value, Items) else Items((chain.value,), chain.value.span)
    layers = Entry(Scalar("layers", chain.key.span), Items((steps,), steps.span))
    others = tuple(each for each in tree.entries if each is not chain)
    return _definition(Block, Entry(entry.key, Fields((*others, layers), tree.span)), info, is_chain=True)


def read_cells(tree: Tree, info: ValidationInfo) -> tuple[Cell, ...]:
    example = "{Cell: {inputs: {x: [B, D]}, state: {h: [B, 8]}, layers: [...]}}"
    entries = entries_of(tree, info, "`cells`", example)
    return tuple(each_of(lambda entry, info: _definition(Cell, entry, info), entries, info))


def _definition(kind: type[_D], entry: Entry, info: ValidationInfo, **given: bool) -> _D:
    name = read_name(entry.key, info, f"the name of {kind.owner.removeprefix('this ')}")
    if not isinstance(entry.value, Fields):
        wrong(info, entry.value, f"{kind.owner} `{name.text}`", "a mapping with `layers`")
    read = validated(kind, entry.value, report_of(info), {"name": name, **given})
    if isinstance(read, Cell) and not read.state:
        report_of(info).add(MissingField(name.span, "state", kind.owner, kind.cures["state"]))
    hole = Hole(entry.value.span)
    state: dict[str, Any] = {"state": ()} if "state" in kind.model_fields else {}
    made = kind.model_construct(span=hole.span, name=name, layers=(hole,), **state)
    return read or cast(_D, made)
