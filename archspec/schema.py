"""The form of YAML specs as a JSON Schema, by which an editor completes and checks a spec while it is written.

It is made of what reads specs: the keys of the classes in `archspec.spec` and `archspec.definition`, and the settings
of the classes of ops. It knows the form of a spec and not its meaning: an expression is any text, and a layer whose op
is not known may be the use of a block. `archspec check` says what is wrong beyond that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from itertools import combinations
from typing import Any, Final, TypeAlias, final

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticOmit, core_schema

from archspec.configured import Configured
from archspec.definition import Block, Cell, Declared, Demand, Input
from archspec.initialiser import INITIALISERS
from archspec.op import Op
from archspec.ops import OPS
from archspec.parameter import Kind
from archspec.part import Part, Reads
from archspec.scan import Scan, Scanning
from archspec.shape import Element
from archspec.spec import VERSION, Library, Spec, Variant
from archspec.steps import CONSTRUCTS, GIVING
from archspec.syntax.tree import BESIDE_OP

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_PUNCTUATION: Final = r"!-/:-@\[-\^`{-~"
"""The signs of ASCII but for `_`, as a class of a pattern; that of letters knows those of ASCII alone in JavaScript."""

NAME: Final = rf"^[^\s\d{_PUNCTUATION}][^\s{_PUNCTUATION}]*$"
NAME_OR_POSITION: Final = rf"^([1-9][0-9]*|[^\s\d{_PUNCTUATION}][^\s{_PUNCTUATION}]*)$"
WEIGHT: Final = r"^[^\s.]+(\.[^\s.]+)+$"
RENAMED: Final = rf"^(\*|[^\s{_PUNCTUATION}]+)(\.(\*|[^\s{_PUNCTUATION}]+))*$"

BESIDE_GROUP: Final = tuple(key for key in BESIDE_OP if key != "from")
"""The keys that may stand beside everything that is a layer, and not only beside ops."""


def text() -> str:
    """The schema as a file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> Schema:
    """The JSON Schema of a file: of one with a model, and of one with blocks and cells alone."""
    of_model = [{"required": [key]} for key in ("model", "inputs", "layers", "variants", "params")]
    of_library = [{"required": [key]} for key in ("blocks", "cells")]
    return {
        "$schema": DIALECT,
        "title": "archspec",
        "description": "The architecture of a neural network, or blocks that others are made of.",
        "type": "object",
        "if": {"anyOf": of_library, "not": {"anyOf": of_model}},
        "then": {"$ref": "#/$defs/library"},
        "else": {"$ref": "#/$defs/model"},
        "$defs": {
            "model": _mapping(Spec),
            "library": _mapping(Library),
            "input": _mapping(Input),
            "parameter": _mapping(Declared),
            "demand": _mapping(Demand),
            "block": _block(),
            "cell": _mapping(Cell),
            "variant": _mapping(Variant),
            **_forms(),
            "layer": _layer(),
            "use_of_block": _use_of_block(),
            "mapping": _layer_mapping(),
            "computed": {"type": "string", "description": "an expression with names of parameters and sizes"},
            **_settings(),
        },
    }


# ----------------------------------------------------------------------------------------------------- keys of a spec


def _mapping(kind: type[Part]) -> Schema:
    """A mapping with the keys of a class; which reader a key has says what may stand under it."""
    keys = {
        name: (field, reads)
        for name, field in kind.model_fields.items()
        for reads in field.metadata
        if isinstance(reads, Reads)
    }
    return {
        "type": "object",
        "description": _summary(kind),
        "properties": {
            name: _ref(reads.form) | {"description": field.description} for name, (field, reads) in keys.items()
        },
        "required": [name for name, (field, _) in keys.items() if field.is_required()],
        "additionalProperties": False,
    }


def _block() -> Schema:
    """A block has lines, or is a chain."""
    found = _mapping(Block)
    # A reader of blocks takes the one key for the other, before pydantic sees them.
    found["properties"]["chain"] = _ref("layers") | {"description": "what it does, where it is a single chain"}
    found["required"].remove("layers")
    return found | {"oneOf": [{"required": ["layers"]}, {"required": ["chain"]}]}


def _forms() -> Mapping[str, Schema]:
    """What the readers of keys understand, by the names that `Reads` has for it."""
    ops = (*OPS, Scan.name)
    return {
        "version": {"enum": [int(VERSION), VERSION]},
        "name": {"type": "string", "pattern": NAME},
        "text": {"type": ["string", "number"]},
        "expression": {
            "description": "a number, `true` or `false`, a list, or a text with names and arithmetic",
            "anyOf": [
                {"type": ["string", "number", "boolean"]},
                {"type": "array", "items": _ref("expression")},
            ],
        },
        "condition": {"type": ["string", "boolean"]},
        "limit": {"type": ["number", "string"]},
        "type": {"enum": [str(kind) for kind in Kind]},
        "values": _one_or_several({"type": ["string", "number", "boolean"]}),
        "element": {"enum": [str(element) for element in Element]},
        "shape": {
            "type": "array",
            "items": {
                "description": "a number, a name, or arithmetic on them; in a block, `...` is any number of axes",
                "anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}],
            },
        },
        "inputs": _by_name({"anyOf": [_ref("shape"), _ref("input")]}),
        "parameters": _by_name({"anyOf": [_ref("expression"), {"type": "null"}, _ref("parameter")]}),
        "settings": _by_name(_ref("expression"), NAME_OR_POSITION),
        "use": _one_or_several({"type": "string"}),
        "blocks": _by_name(_ref("block"), besides=ops),
        "cells": _by_name(_ref("cell"), besides=ops),
        "variants": _by_name({"anyOf": [_ref("variant"), {"type": "null"}]}),
        "expectations": {
            "anyOf": [
                _by_name(_ref("expression")),
                {"type": "array", "items": {"anyOf": [_ref("condition"), _ref("demand")]}},
            ]
        },
        "initialiser": {
            "description": "how weights start, such as `normal(std=0.02)`",
            "type": "string",
            "pattern": rf"^\s*({'|'.join(INITIALISERS)})\s*(\(.*\))?\s*$",
        },
        "init": {"anyOf": [_ref("initialiser"), _by_name(_ref("initialiser"), NAME_OR_POSITION)]},
        "renames": _by_name({"type": ["string", "number"]}, RENAMED),
        "layers": {"anyOf": [{"type": "array", "items": _ref("layer"), "minItems": 1}, _ref("layer")]},
    }


def _by_name(value: Schema, pattern: str = NAME, besides: Iterable[str] = ()) -> Schema:
    """A mapping whose keys the author chooses, or nothing."""
    taken = list(besides)
    names: Schema = {"pattern": pattern, "not": {"enum": taken}} if taken else {"pattern": pattern}
    return {"type": ["object", "null"], "propertyNames": names, "additionalProperties": value}


# -------------------------------------------------------------------------------------------------------------- layers


def _layer() -> Schema:
    return {
        "description": "a layer, or several",
        "anyOf": [
            {"type": "string", "description": "a line of the text form, such as `conv(8, kernel=3) -> relu`"},
            {"type": "array", "items": _ref("layer"), "minItems": 1, "description": "steps joined by arrows"},
            _ref("mapping"),
        ],
    }


def _layer_mapping() -> Schema:
    """A layer with its name and where it comes from; or a group, a formula, a repeat or a choice."""
    ops = {name: _op(op) for name, op in OPS.items()}
    ops[Scan.name] = _configured(Scan, ("cell", *Scanning.settings()), ("cell",), {})
    return {
        "type": "object",
        "description": "a layer: one op or block with its settings, and beside it what its value is called",
        "properties": {**ops, **_keys_beside(), **_constructs()},
        "additionalProperties": _ref("use_of_block"),
        "propertyNames": {"pattern": NAME},
        "not": {"anyOf": [_only(*BESIDE_OP), *({"required": list(pair)} for pair in combinations(GIVING, 2))]},
        **_combinations(ops),
    }


def _keys_beside() -> Mapping[str, Schema]:
    """The keys that may stand beside an op."""
    names = _one_or_several(_ref("name"))
    sources = _one_or_several({"anyOf": [_ref("name"), _ref("layer")]})
    return {
        "name": names | {"description": "the name of the layer, and of the value that it gives"},
        "output": _ref("name") | {"description": "makes the value an output of the model or block, under this name"},
        "when": {"const": "training", "description": "the output is there in training mode only"},
        "next": _ref("name") | {"description": "the state of the cell that the value is at the next position"},
        "from": sources | {"description": "what flows in, where that is not what the step before gives"},
    }


def _constructs() -> Mapping[str, Schema]:
    """The keys of what holds layers, or of what is no op."""
    lines, names = _ref("layers"), _one_or_several(_ref("name"))
    perhaps = {"anyOf": [lines, {"type": "array", "maxItems": 0}, {"type": "null"}]}
    return {
        "branches": lines | {"description": "steps that each start from what flows in, and whose values the op joins"},
        "chain": lines | {"description": "steps joined by arrows"},
        "layers": lines | {"description": "lines of layers: a group, or what is repeated"},
        "value": {"type": "string", "description": "arithmetic between values, such as `gate * x + 1`"},
        "residual": lines | {"description": "the body whose value is added to that of the shortcut"},
        "shortcut": perhaps | {"description": "what leads around the body; without it, what flows in"},
        "repeat": _ref("expression") | {"description": "how often the layers are gone through"},
        "for": names | {"description": "what stands for each value in turn"},
        "in": _ref("expression") | {"description": "the values that are gone through"},
        "if": _ref("condition") | {"description": "the condition, on parameters and sizes"},
        "then": perhaps | {"description": "the layers where the condition holds"},
        "else": perhaps | {"description": "the layers where it does not hold"},
    }


def _combinations(ops: Iterable[str]) -> Schema:
    """Which keys need others, and which may stand beside which."""
    needs = {"when": ["output"], "for": ["in", "layers"], "in": ["for"], "repeat": ["layers"]}
    alone = {op: _only(op, "branches", *BESIDE_OP) for op in ops}
    alone |= {key: _only(key, *BESIDE_GROUP) for key in ("chain", "value")}
    alone["layers"] = _only("layers", "repeat", "for", "in", *BESIDE_GROUP)
    for kind, others in CONSTRUCTS.items():
        alone[kind] = _only(kind, *others, *BESIDE_GROUP)
        needs |= {key: [kind] for key in others if key not in ("layers", "in")}
    alone["if"] |= {"anyOf": [{"required": [key]} for key in CONSTRUCTS["if"]]}
    return {"dependentRequired": needs, "dependentSchemas": alone}


def _only(*keys: str) -> Schema:
    return {"propertyNames": {"enum": list(keys)}}


def _use_of_block() -> Schema:
    return {
        "description": "the use of a block, with its parameters",
        "anyOf": [_by_name(_ref("expression"), NAME_OR_POSITION), _ref("expression")],
    }


def _op(op: type[Op]) -> Schema:
    """The settings of an op, by their names and positions; and beside them how its weights start, or whose they are."""
    weights = dict.fromkeys(weight for each in op.examples() for weight in each.op.weights(*each.inputs))
    tie = {"type": "string", "pattern": WEIGHT, "description": "the weight of another layer, which this one shares"}
    beside = {weight: tie for weight in weights if weight not in op.settings()}
    if weights:
        beside["init"] = _ref("initialiser")
    return _configured(op, tuple(op.settings()), op.positional(), beside)


def _configured(
    kind: type[Configured], known: Sequence[str], positional: Sequence[str], beside: Mapping[str, Schema]
) -> Schema:
    """Something with settings: a mapping of them, or one of them alone, or nothing where none is required."""
    settings = {name: _ref(f"{kind.name}.{name}") for name in known}
    places = {str(at): settings[name] for at, name in enumerate(positional, start=1)}
    required = [name for name in positional if name not in kind.settings() or kind.settings()[name].is_required()]
    either = [
        {"oneOf": [{"required": [name]}, {"required": [at]}]} if name in required else {"not": {"required": [name, at]}}
        for at, name in zip(places, positional, strict=True)
    ]
    forms: list[Schema] = [
        {"type": "object", "properties": {**settings, **places, **beside}, "additionalProperties": False}
        | ({"allOf": either} if either else {})
    ]
    if positional and len(required) <= 1:
        forms.append(settings[positional[0]])
    if not required:
        forms.append({"type": "null"})
    return {"description": _summary(kind), "anyOf": forms}


def _settings() -> Mapping[str, Schema]:
    """Each setting of each op, by the names of both."""
    cell = {"type": "string", "description": Scan.settings()["cell"].description}
    found: dict[str, Schema] = {f"{Scan.name}.cell": cell}
    kinds: tuple[type[Configured], ...] = (*OPS.values(), Scanning)
    for kind in kinds:
        schema = kind.model_json_schema(schema_generator=SettingsSchema)
        if "$defs" in schema:
            raise TypeError(f"the settings of `{kind.name}` refer to definitions, which the schema has no place for")
        for name, own in schema.get("properties", {}).items():
            default = {} if own.get("default") is None else {"default": own["default"]}
            found[f"{kind.name}.{name}"] = {"description": own["description"], **_computed(own), **default}
    return found


@final
class SettingsSchema(GenerateJsonSchema):
    """Leaves out what no file can hold: sizes that are open are written as texts."""

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> Schema:
        raise PydanticOmit


def _computed(own: Schema) -> Schema:
    """What a setting accepts, of which each number, flag or list may be an expression instead."""
    # A setting that follows another one where it is left out is `None` then, which no spec can say.
    choices = [each for each in own.get("anyOf", [own]) if each.get("type") != "null"]
    return {"anyOf": [*map(_opened, choices), _ref("computed")]}


def _opened(own: Schema) -> Schema:
    """A list whose items may be computed; anything else as it is."""
    found = {key: value for key, value in own.items() if key not in ("title", "description", "default")}
    if "items" in found:
        found["items"] = _computed(found["items"])
    if "prefixItems" in found:
        found["prefixItems"] = [_computed(each) for each in found["prefixItems"]]
    return found


def _one_or_several(one: Schema) -> Schema:
    return {"anyOf": [one, {"type": "array", "items": one, "minItems": 1}]}


def _ref(definition: str) -> Schema:
    return {"$ref": f"#/$defs/{definition}"}


def _summary(kind: type[Any]) -> str:
    """The first paragraph of a docstring."""
    return " ".join(cleandoc(kind.__doc__ or "").partition("\n\n")[0].split())
