"""From the arguments of a layer to its op: each argument finds its setting, and each setting its value."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, cast, final

from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationError

from archspec.build.alike import Alike
from archspec.build.meaning import NOTHING, Meanings, as_given, flag_meant
from archspec.build.possible import Options, options_of
from archspec.catalog.parameters import WrongLayers
from archspec.catalog.settings import InvalidSetting, MissingSetting, SettingTwice, TooManyValues, UnknownSetting
from archspec.configured import Configured
from archspec.diagnostics import Related
from archspec.expression import Apply, Expression, ListOf, Literal, Name, Value, is_unknown
from archspec.parameter import Parameter
from archspec.setting import accepted, accepted_words
from archspec.source import Hole
from archspec.spec import Block, Cell
from archspec.spelling import closest, is_slip, nearest
from archspec.steps import Argument, Layer
from archspec.syntax.tree import Scalar

_C = TypeVar("_C", bound=Configured)

_ONE: Final = re.compile(r"(\w+)[ \t]*[=:][ \t]*(.+)")
"""A setting with its value, in one word."""


@final
class Settled(Struct, Generic[_C], frozen=True):
    """An op with its settings, what was written for them, and what those may be that an error hides."""

    op: _C
    given: Mapping[str, Expression]
    options: Options


def settle(layer: Layer, kind: type[_C], meanings: Meanings, alike: Alike) -> Settled[_C]:
    """The op with its settings. Where it cannot be told which setting is meant, any of the others may be."""
    declared = kind.settings()
    values: dict[str, Any] = {}
    given: dict[str, Expression] = {}
    wrong: set[str] = set()
    is_nameless = False
    if any(each.key.text.isdecimal() for each in layer.arguments):
        layer = _listed_otherwise(layer, kind, meanings)
    taken = _taken(layer, kind.positional())
    for argument in layer.arguments:
        setting, is_readable = _setting(argument, kind, layer, taken, meanings)
        if not is_readable:
            meanings.pass_over(argument.value)
            wrong |= set() if setting is None else {setting}
            continue
        if setting is None:
            meanings.pass_over(argument.value)
            is_nameless = True
            continue
        value = _value(argument.value, setting, accepted_words(declared[setting]), meanings)
        if setting in given:
            meanings.report.add(SettingTwice(argument.key.span, kind.name, setting, given[setting].span))
            wrong.add(setting)
        else:
            given[setting] = argument.value
            values[setting] = value
            if value is None or is_unknown(value):
                wrong.add(setting)
    if is_nameless:
        wrong |= declared.keys() - values.keys()
    known = {name: value for name, value in values.items() if name not in wrong}
    op: _C
    try:
        op = alike.op(kind, known | {name: meanings.unknown() for name in wrong})
    except ValidationError as error:
        for setting in dict.fromkeys(str(each["loc"][0]) for each in error.errors()):
            if setting not in wrong:
                _tell_invalid(layer, kind, setting, values.get(setting), given.get(setting), meanings)
                wrong.add(setting)
        right = {name: value for name, value in known.items() if name not in wrong}
        op = cast(_C, kind.model_construct(None, **right))
    return Settled(op, given, options_of(kind, sorted(wrong), meanings) if wrong else {})


def _listed_otherwise(layer: Layer, kind: type[Configured], meanings: Meanings) -> Layer:
    """A layer with its values as the op takes them, where one is told to have a list too few or too many around them.

    That is `permute(0, 2, 1)` as in PyTorch, where one setting is a list, and `conv: [8, 3]` as in YOLO.
    """
    nameless = [each for each in layer.arguments if each.key.text.isdecimal()]
    positional = kind.positional()
    listed = [each.value for each in nameless if isinstance(each.value, ListOf)]
    is_apart = len(positional) == 1 < len(nameless) and not listed
    is_joined = len(nameless) == len(listed) == 1 < len(positional) and 1 < len(listed[0].items) <= len(positional)
    if not (is_apart or is_joined) or any(isinstance(each.value, Hole) for each in nameless):
        return layer
    accepts = accepted(kind.settings()[positional[0]])
    place = nameless[0].value.span.until(nameless[-1].value.span)
    if is_apart and accepts.startswith("a list"):
        changed = [Argument(nameless[0].key, ListOf(tuple(each.value for each in nameless), place))]
        suggestion = f"[{place.text}]"
    elif is_joined and "list" not in accepts:
        changed = [Argument(Scalar(str(at), each.span), each) for at, each in enumerate(listed[0].items, start=1)]
        texts = [each.value.span.text for each in changed]
        suggestion = ", ".join(texts)
        if place.source.text[layer.op.span.end : place.start].lstrip().startswith(":"):
            pairs = (f"{name}: {text}" for name, text in zip(positional, texts, strict=False))
            suggestion = f"{{{', '.join(pairs)}}}"
    else:
        return layer
    meanings.report.add(InvalidSetting(place, kind.name, positional[0], place.text, accepts, suggestion, None))
    return replace(layer, arguments=(*changed, *(each for each in layer.arguments if each not in nameless)))


@final
class SettledBlock(Struct, frozen=True):
    """What a use of a block gives its parameters: values, and layers."""

    values: dict[str, Value]
    """Unknown where an error hides one."""

    layers: dict[str, Expression]


def settle_block(layer: Layer, block: Block | Cell, meanings: Meanings) -> SettledBlock:
    """The parameters of a block in one of its uses."""
    parameters = {parameter.name.text: parameter for parameter in block.params}
    known = tuple(parameters)
    taken = _taken(layer, known)
    given: dict[str, Expression] = {}
    values: dict[str, Value] = {}
    layers: dict[str, Expression] = {}
    for argument in layer.arguments:
        name = _parameter(argument.key, layer, known, taken, meanings)
        if name is None:
            meanings.pass_over(argument.value)
            continue
        if layer.branches and _is_behind(argument, parameters[name]):
            # It is what stands in the braces that is for this one.
            meant = next((each for each in known if not parameters[each].is_layer and each not in given), None)
            problem = f"`{name}` needs layers, and `{argument.value.span.text}` is a value"
            cure = "what stands in braces is for layers" + ("" if meant is None else f"; write `{meant}=` before this")
            meanings.report.add(WrongLayers(argument.value.span, problem, cure))
            if meant is None:
                continue
            name = meant
        if name in given:
            meanings.report.add(SettingTwice(argument.key.span, layer.op.text, name, given[name].span))
        given[name] = argument.value
        if parameters[name].is_layer:
            layers[name] = argument.value
            continue
        word = argument.value.text if isinstance(argument.value, Name) else None
        is_word = word is not None and word not in meanings.scope and word not in meanings.layers
        value = word if is_word else meanings.value(argument.value)
        if value is None or not meanings.is_allowed(parameters[name], value, argument.value):
            value = meanings.unknown()
        values[name] = value
    for parameter in block.params:
        # What stands in braces is for the layers that a block needs; whoever reads them says what is missing.
        if parameter.default is None and parameter.name.text not in given and not parameter.is_layer:
            name = parameter.name.text
            meanings.report.add(MissingSetting(layer.op.span, layer.op.text, name, "", "a parameter without a default"))
            values[name] = meanings.unknown()
    return SettledBlock(values, layers)


def _is_behind(argument: Argument, parameter: Parameter) -> bool:
    """Whether a value without a name stands where the layers of a block would, which come in braces."""
    is_value = not isinstance(argument.value, Name | Apply | Hole)
    return parameter.is_layer and argument.key.text.isdecimal() and is_value


def _parameter(
    key: Scalar, layer: Layer, known: tuple[str, ...], taken: frozenset[str], meanings: Meanings
) -> str | None:
    """The parameter of a block that an argument is for, or `None` where a finding says that there is none."""
    if key.text.isdecimal():
        if (name := _at(key.text, known)) is None:
            meanings.report.add(TooManyValues(key.span, layer.op.text, known))
        return name
    if key.text in known:
        return key.text
    from archspec.foreign.meaning import foreign_setting

    ours = foreign_setting(key.text, layer.op.text, known)
    near = nearest(key.text, known)
    near = near if ours is None or any(is_slip(key.text, each) for each in near) else (ours,)
    meanings.report.add(UnknownSetting(key.span, layer.op.text, key.text, known, near))
    return near[0] if len(near) == 1 and near[0] not in taken else None


def pass_over(layer: Layer, meanings: Meanings) -> None:
    """Take notice of the arguments of a layer whose op nobody knows."""
    for argument in layer.arguments:
        meanings.pass_over(argument.value)


def fits(layer: Layer, kind: type[Configured]) -> bool:
    """Whether a layer whose op is misspelt may well be meant for this one: that each setting has a place in it."""
    declared, positional = kind.settings(), kind.positional()
    meant = [_at(each.key.text, positional) or closest(each.key.text, declared) for each in layer.arguments]
    required = {name for name, field_info in declared.items() if field_info.is_required()}
    return None not in meant and required <= set(meant)


def _taken(layer: Layer, positional: Sequence[str]) -> frozenset[str]:
    """What the arguments of a layer are for, by their names and places: a misspelt one is meant for none of these."""
    return frozenset(_at(each.key.text, positional) or each.key.text for each in layer.arguments)


def _setting(
    argument: Argument, kind: type[Configured], layer: Layer, taken: frozenset[str], meanings: Meanings
) -> tuple[str | None, bool]:
    """The setting that an argument is for, or `None` where a finding says that there is none.

    Beside it, whether the value can be read as one of that setting; else the finding says all of it.
    """
    key, declared = argument.key, kind.settings()
    if key.text in declared:
        return key.text, True
    if key.text.isdecimal():
        positional = kind.positional()
        name = _at(key.text, positional)
        if name is None:
            _tell_too_many(argument, kind, layer, meanings)
        return name, True
    known = tuple(declared)
    from archspec.foreign.meaning import foreign_setting, why_absent
    from archspec.translation import setting_meant

    if (one := _ONE.match(key.text)) is not None and (meant := nearest(one[1], known)):
        # YAML takes `kernel=3` and `kernel:3` for a key.
        cure = f"in YAML, a setting is written `{meant[0]}: {one[2]}`"
        meanings.report.add(UnknownSetting(key.span, kind.name, key.text, known, None, cure))
        return (meant[0] if meant[0] not in taken else None), False
    near = nearest(key.text, known)
    ours = foreign_setting(key.text, kind.name, known)
    if ours is None and not why_absent(key.text):
        ours = next((each for each in near if is_slip(key.text, each)), None)
    cure = setting_meant(layer.op.text, key.text, ours, argument.value.span.text)
    if cure:
        meanings.report.add(UnknownSetting(key.span, kind.name, key.text, known, None, cure))
        hidden = "direction" if key.text == "bidirectional" else ours
        return (hidden if hidden in known and hidden not in taken else None), False
    near = near if ours is None or ours in near else (ours,)
    meanings.report.add(UnknownSetting(key.span, kind.name, key.text, known, near))
    return (near[0] if len(near) == 1 and near[0] not in taken else None), True


def _tell_too_many(argument: Argument, kind: type[Configured], layer: Layer, meanings: Meanings) -> None:
    """Report the first value without a name that is one too many; what it says is true of the others as well."""
    positional = kind.positional()
    nameless = (each for each in layer.arguments if each.key.text.isdecimal())
    if argument is next(each for each in nameless if _at(each.key.text, positional) is None):
        from archspec.translation import without_what_flows_in

        cure = without_what_flows_in(kind.name, [each.value.span.text for each in layer.arguments])
        are_more = next(nameless, None) is not None
        meanings.report.add(TooManyValues(argument.key.span, kind.name, positional, cure, are_more))


def _at(position: str, positional: Sequence[str]) -> str | None:
    """The setting at a position, counted from 1, if there is one."""
    place = int(position) if _POSITION.fullmatch(position) else 0
    return positional[place - 1] if 1 <= place <= len(positional) else None


_POSITION: Final = re.compile("[1-9][0-9]{0,8}")


def _value(expression: Expression, setting: str, words: Sequence[str], meanings: Meanings) -> Value | None:
    """The value of a setting. A name that stands for nothing is a word, where the setting takes words."""
    if isinstance(expression, Name) and expression.text not in meanings.scope:
        if expression.text in NOTHING and expression.text not in words:
            cure = f"leave `{setting}` out, and it has its default"
            meanings.tell_unknown(expression.span, expression.text, None, cure)
            return None
        if words:
            return expression.text
        suggestion = closest(expression.text, meanings.scope) or flag_meant(expression.text)
        meanings.tell_unknown(expression.span, expression.text, suggestion)
        return None
    return meanings.value(expression)


def _tell_invalid(
    layer: Layer,
    kind: type[Configured],
    setting: str,
    value: Value | None,
    given: Expression | None,
    meanings: Meanings,
) -> None:
    declared = kind.settings()[setting]
    accepts = accepted(declared)
    if value is None or given is None:
        description = declared.description or ""
        meanings.report.add(MissingSetting(layer.op.span, kind.name, setting, description, accepts))
        return
    from archspec.build.meant import meant_value, usual_value

    suggestion = meant_value(value, declared) if not isinstance(given, Name) or isinstance(value, str) else None
    if suggestion is None and isinstance(value, str) and isinstance(given, Literal):
        # What stands in quotes is a text, and no name, whatever braces of a template are around it.
        word = value.strip("{}$ \t")
        suggestion = word if word in meanings.scope else None
    text = as_given(given, value)
    origin = None
    if isinstance(given, Name) and given.text in meanings.origins:
        origin = Related(meanings.origins[given.text], f"`{given.text}` is given here")
    meanings.report.add(
        InvalidSetting(
            given.span, kind.name, setting, text, accepts, suggestion, origin, usual_value(kind, setting, value)
        )
    )
    meanings.doubt(given)
