"""From the Tree to the Spec: the form of a file is checked, its meaning not yet.

Pydantic says which keys a file has and which it must have. The readers below turn what stands under each key into
frozen data in which every name and expression knows its place. They write what is wrong to the report, which travels
as the context of the validation, and tell pydantic only that a value could not be read.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, final

from msgspec import Struct
from pydantic import Field, ValidationInfo

from archspec.catalog.fields import MissingField, UnsupportedVersion, WrongKind
from archspec.definition import (
    Block,
    Cell,
    Expectation,
    Input,
    Rest,
    read_blocks,
    read_cells,
    read_expectations,
    read_init,
    read_inputs,
    read_parameters,
    read_text,
)
from archspec.diagnostics import Report
from archspec.expression import Expression
from archspec.parameter import Parameter
from archspec.part import Part, Reads, validated
from archspec.reading import each_of, entries_of, read_expression, read_name, refuse, report_of, unless_wrong, wrong
from archspec.rename import Rename, read_renames
from archspec.setting import Instance
from archspec.source import Hole, Span
from archspec.steps import Argument, Step, read_steps
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree, is_blank

__all__ = [
    "VERSION",
    "Block",
    "Cell",
    "Expectation",
    "Input",
    "Library",
    "Override",
    "Rename",
    "Rest",
    "Spec",
    "Variant",
    "read_spec",
]

VERSION: Final = "1"
"""The version of the language."""


@final
class Override(Struct, frozen=True):
    """A value for a parameter from outside the spec."""

    name: Scalar
    value: Expression


# ---------------------------------------------------------------------------------------------------------- readers


def _model_name(tree: Tree, info: ValidationInfo) -> Scalar:
    # Nothing else depends on the name, so that a wrong one need not keep us from reading on.
    return unless_wrong(read_name, tree, info, "the name of a model") or Scalar("model", tree.span)


def _version(tree: Tree, info: ValidationInfo) -> str:
    if not isinstance(tree, Scalar) or tree.text != VERSION:
        text = tree.text if isinstance(tree, Scalar) else "..."
        refuse(info, UnsupportedVersion(tree.span, text))
    return tree.text


def _layers(tree: Tree, info: ValidationInfo) -> tuple[Step, ...]:
    return read_steps(tree, info, "the model")


def _variants(tree: Tree, info: ValidationInfo) -> tuple[Variant, ...]:
    return tuple(each_of(_variant, entries_of(tree, info, "`variants`", "{small: {set: {width: 16}}}"), info))


def _variant(entry: Entry, info: ValidationInfo) -> Variant:
    name = read_name(entry.key, info, "the name of a variant")
    tree = Fields((), entry.value.span) if is_blank(entry.value) else entry.value
    if not isinstance(tree, Fields):
        wrong(info, tree, f"the variant `{name.text}`", "a mapping such as `{set: {width: 16}}`")
    read = validated(Variant, tree, report_of(info), {"name": name})
    return read or Variant.model_construct(span=tree.span, name=name, doc="", set=(), expect=())


def _set(tree: Tree, info: ValidationInfo) -> tuple[Override, ...]:
    return tuple(
        Override(each.key, read_expression(each.value, info, f"`{each.key.text}`"))
        for each in entries_of(tree, info, "`set`", "{width: 16}")
    )


def _use(tree: Tree, info: ValidationInfo) -> tuple[Scalar | Hole, ...]:
    items = tree.items if isinstance(tree, Items) else (tree,)
    return tuple(unless_wrong(_used, each, info) or Hole(each.span) for each in items)


def _used(tree: Tree, info: ValidationInfo) -> Scalar:
    if not isinstance(tree, Scalar) or is_blank(tree):
        wrong(info, tree, "`use`", "the path of a file, or a part of the standard library such as `std.se`")
    return tree


# ------------------------------------------------------------------------------------------------------- the keys


@final
class Variant(Part):
    """The model with other settings, under a name of its own."""

    owner = "a variant"

    name: Annotated[Scalar, Instance]
    doc: Annotated[str, Reads(read_text, "text")] = Field("", description="what the variant is")
    set: Annotated[tuple[Override, ...], Reads(_set, "settings")] = Field(
        (), description="values for parameters of the model"
    )
    expect: Annotated[tuple[Expectation, ...], Reads(read_expectations, "expectations")] = Field(
        (), description="what must hold of the variant"
    )


@final
class Spec(Part):
    """A model as its author wrote it."""

    owner = "a model"
    cures: ClassVar[dict[str, str]] = {
        "model": "start with the name of the model: `model: LeNet` in YAML, or `model LeNet { ... }`",
        "inputs": "say what the model is given: `inputs: {x: [B, 3, 32, 32]}` in YAML, or `input x: [B, 3, 32, 32]`",
        "layers": "say what the model does, such as `layers: [linear: 10]`",
    }

    archspec: Annotated[str, Reads(_version, "version")] = Field(VERSION, description="version of the language")
    model: Annotated[Scalar, Reads(_model_name, "name")] = Field(description="name of the model")
    doc: Annotated[str, Reads(read_text, "text")] = Field("", description="what the model is, and where it comes from")
    params: Annotated[tuple[Parameter, ...], Reads(read_parameters, "parameters")] = Field(
        (), description="what can be set from outside, with defaults"
    )
    inputs: Annotated[tuple[Input, ...], Reads(read_inputs, "inputs")] = Field(description="what the model is given")
    use: Annotated[tuple[Scalar | Hole, ...], Reads(_use, "use")] = Field(
        (), description="files whose blocks the layers use"
    )
    blocks: Annotated[tuple[Block, ...], Reads(read_blocks, "blocks")] = Field(
        (), description="blocks that the layers use"
    )
    cells: Annotated[tuple[Cell, ...], Reads(read_cells, "cells")] = Field(
        (), description="recurrences that `scan` runs over time"
    )
    layers: Annotated[tuple[Step, ...], Reads(_layers, "layers")] = Field(description="what the model does, in order")
    expect: Annotated[tuple[Expectation, ...], Reads(read_expectations, "expectations")] = Field(
        (), description="what must hold of the model"
    )
    init: Annotated[tuple[Argument, ...], Reads(read_init, "init")] = Field((), description="how weights start")
    rename: Annotated[tuple[Rename, ...], Reads(read_renames, "renames")] = Field(
        (), description="what files call its weights, layers and groups, by the names that they have here"
    )
    variants: Annotated[tuple[Variant, ...], Reads(_variants, "variants")] = Field(
        (), description="the model with other settings, each under a name"
    )


@final
class Library(Part):
    """A file of blocks and cells for others to use."""

    owner = "a file of blocks"

    archspec: Annotated[str, Reads(_version, "version")] = Field(VERSION, description="version of the language")
    use: Annotated[tuple[Scalar | Hole, ...], Reads(_use, "use")] = Field(
        (), description="files whose blocks these use"
    )
    blocks: Annotated[tuple[Block, ...], Reads(read_blocks, "blocks")] = Field((), description="the blocks")
    cells: Annotated[tuple[Cell, ...], Reads(read_cells, "cells")] = Field((), description="the recurrences")


def read_spec(tree: Fields, report: Report) -> Spec | Library | None:
    """The model or the blocks that a tree holds, or `None` where it holds none; what is wrong goes to the report."""
    keys = {entry.key.text for entry in tree.entries}
    is_library = keys & {"blocks", "cells"} and not keys & {"model", "inputs", "layers", "variants", "params"}
    nested = tree.get("model")
    if isinstance(nested, Fields):
        cure = "its name stands behind `model:`, and its other keys at the top, beside it"
        report.add(WrongKind(nested.span, "the name of a model", "a word", "a mapping", cure=cure))
        return None
    if keys <= Spec.model_fields.keys() and not is_library and not keys & {"model", "inputs", "layers"}:
        # That all of a model is missing is one mistake.
        first_line = tree.span.text.partition("\n")[0]
        place = Span(tree.span.source, tree.span.start, tree.span.start + len(first_line))
        report.add(MissingField(place, "model", "a spec", Spec.cures["model"]))
        return None
    if is_library:
        return validated(Library, tree, report, {})
    return validated(Spec, tree, report, {})
