"""What the op of a layer, or the block that it uses, takes for settings, as far as that is known before it is built."""

from __future__ import annotations

from archspec.build.environment import Environment
from archspec.build.loop import SCAN
from archspec.build.start import layer_of
from archspec.parameter import Kind, Parameter
from archspec.setting import accepted_words
from archspec.spec import Block, Cell
from archspec.steps import Argument, Layer


def setting_of(argument: Argument, word: str, environment: Environment) -> str:
    """The setting of an op or block that an argument is for; nothing, where there is none at its position."""
    key = argument.key.text
    if not key.isdecimal():
        return key
    definition = environment.definitions.get(word)
    names = () if definition is None else definition.parameter_names
    op = environment.op(word)
    known = names if op is None else op.positional()
    return known[int(key) - 1] if int(key) <= len(known) else ""


def required(word: str, environment: Environment) -> list[str]:
    """The settings of an op or block that have no defaults."""
    op = environment.op(word)
    if op is not None:
        return [name for name, each in op.settings().items() if each.is_required()]
    definition = environment.definitions.get(word)
    params = () if definition is None else definition.params
    return [each.name.text for each in params if each.default is None and not each.is_layer]


def takes_words(argument: Argument, word: str, environment: Environment) -> bool:
    """Whether a word that stands for nothing may be right as a setting, as far as that can be told."""
    name, is_nameless = setting_of(argument, word, environment), argument.key.text.isdecimal()
    op = environment.op(word)
    if op is not None:
        declared = op.settings().get(name)
        return not is_nameless if declared is None else bool(accepted_words(declared))
    definition = environment.definitions.get(word)
    parameter = None if definition is None else _parameter(definition, name)
    if parameter is None:
        return definition is None or not is_nameless
    return parameter.type is None or parameter.type.kind in (Kind.WORD, Kind.LAYER)


def takes_layers(argument: Argument, word: str, environment: Environment) -> bool:
    """Whether a block has layers for a setting, as far as that can be told."""
    definition = environment.definitions.get(word)
    name = setting_of(argument, word, environment)
    parameter = None if definition is None else _parameter(definition, name)
    if parameter is None:
        # Whoever settles the use tells that there is no such setting.
        return definition is not None and not name
    return parameter.is_layer


def least_inputs(layer: Layer, environment: Environment) -> int:
    """How many values a layer takes at least."""
    word = layer.op.text
    op = environment.op(word)
    if op is not None:
        return 1 if layer.branches is not None else max(op.arity()[0], 1)
    if word == SCAN and layer.arguments:
        cell = layer_of(layer.arguments[0].value)
        word = "" if cell is None else cell.op.text
    definition = environment.definitions.get(word)
    return 1 if definition is None else max(len(definition.inputs), 1)


def _parameter(definition: Block | Cell, name: str) -> Parameter | None:
    return next((each for each in definition.params if each.name.text == name), None)
