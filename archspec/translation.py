"""Layers as other frameworks write them, in our words: `nn.Conv2d(3, 64, 3)` is `conv(64, kernel=3)`.

A translation is for reading: it stands in a finding, and nothing is ever built from it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypeAlias, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.foreign.meaning import FRAMEWORKS, foreign_op, why_absent, words_of
from archspec.foreign.ours import OURS
from archspec.foreign.settings import SETTINGS
from archspec.foreign.word import Reading, Word
from archspec.spelling import listed

Argument: TypeAlias = tuple[str | None, str]
"""What a setting is called, if it is, and its value as it was written."""


@final
class Translation(Struct, frozen=True):
    """A layer of theirs in our words."""

    text: str
    left_out: tuple[str, ...] = ()
    """The settings of theirs that are not written here."""


@final
class Advice(Struct, frozen=True):
    """What to write instead of a layer of another framework."""

    words: tuple[str, ...]
    """Ops of ours to choose from."""

    cure: str
    """What to write, where it is more than another word."""

    op: str | None
    """The op that the layer is here with the same settings, as it is written."""


def advice_on(word: str, arguments: Sequence[Argument], value: str = "") -> Advice | None:
    """What to write instead of a layer, if it is one of another framework that we know; `value` is what it is given."""
    found = foreign_op(word)
    if found is None:
        return None
    translation = translated(word, arguments)
    if translation is not None and (flow := _values(value)):
        translation = replace(translation, text=f"{flow} -> {translation.text}")
    op = found.ops[0] if found.ops else None
    if translation is not None:
        same = f"{op}({', '.join(text for _, text in arguments)})" if arguments else op
        is_same = op is not None and translation.text == same and all(name is None for name, _ in arguments)
        if is_same and not arguments:
            return Advice(found.ops[:1], "", op)
        return Advice((), f"write `{translation.text}`{reasons(translation.left_out)}", op if is_same else None)
    return Advice(found.ops, found.cure, None)


def translated(word: str, arguments: Sequence[Argument]) -> Translation | None:
    """A layer of another framework in our words, or `None` where it takes more than other words."""
    owner, _, last = word.rpartition(".")
    if last in _AROUND:
        return _around(last, arguments)
    if last in _JOINING and arguments and (values := _items(arguments[0][1])) and all(map(str.isidentifier, values)):
        return _joined(last, values, arguments[1:])
    found = foreign_op(word)
    # Where there are several ops, or there is more to be said of one, its word alone would say too little.
    plain = found if found is not None and len(found.ops) == 1 and not found.cure else None
    if owner and last.islower():
        return _function(owner, last, plain, arguments)
    return None if plain is None else _layer(plain, arguments)


def flow_of(text: str) -> Translation | None:
    """A value as another language writes it, in our words: `self.pool(F.relu(x))` is `x -> relu -> pool`."""
    call = call_of(text.strip())
    if call is None:
        return None
    word, arguments = call
    owner, _, name = word.rpartition(".")
    if owner in ("", "self") and "(" not in text:
        return Translation(name)
    if owner != "self":
        return translated(word, arguments)
    values = _joined_values([each for _, each in arguments])
    return Translation(f"{values} -> {name}") if values else None


def _values(text: str) -> str:
    """The value, or the list of values, that a layer is called with; empty where there is none, or more than values."""
    return _joined_values(_items(text) or [text])


def _joined_values(texts: Sequence[str]) -> str:
    flows = [flow_of(each) for each in texts]
    words = [each.text for each in flows if each is not None]
    if not words or len(words) < len(flows):
        return ""
    return words[0] if len(words) == 1 else f"({', '.join(words)})"


def setting_meant(op: str, theirs: str, ours: str | None, value: str) -> str:
    """What to write instead of a setting of theirs, where more than its name changes; empty where that is not known.

    `ours` is the setting that it is called here, if it is one of the op's.
    """
    if theirs == "bidirectional":
        return "write `direction=both`" if _value(value) == "true" else "leave it out: one direction is the default"
    if theirs == "activation" and ours is None:
        behind = _activation(value)
        return f"an activation is a layer of its own: write `{op}(...){behind}`" if behind else _LINEAR
    if ours is not None:
        text = _value(value)
        return "" if text is None or text == value.strip() else f"write `{ours}={text}`"
    reason = why_absent(theirs)
    return f"leave it out: {reason}" if reason else ""


def without_what_flows_in(op: str, values: Sequence[str]) -> str:
    """What to write where a layer of ours has a value too many, which is perhaps what flows in, as in PyTorch."""
    for word in words_of(op):
        order = word.order or ()
        if len(order) > 1 and why_absent(order[0]) and _name(word, order[0]) is None:
            found = _layer(word, [(None, each) for each in values])
            if found is not None and OURS[op][0] in _MAIN:
                return f"if `{values[0]}` is what flows in, leave it out: `{found.text}`"
    return ""


_LINEAR: Final = "leave it out: nothing follows a layer that no line says"


# ---------------------------------------------------------------------------------------------------------- layers


def _layer(word: Word, arguments: Sequence[Argument]) -> Translation | None:
    if not word.ops or (arguments and word.ops[0] not in OURS):
        return None
    if len(arguments) == 1 and arguments[0][0] is None and word.order and why_absent(word.order[0]):
        # In YAML, settings without names may stand in a list.
        items = _items(arguments[0][1])
        is_all = items is not None and len(items) > 1 and _name(word, word.order[0]) is None
        arguments = [(None, each) for each in items or ()] if is_all else arguments
    settings, left_out, behind = dict(word.adds), [], word.behind
    for place, (name, text) in enumerate(arguments, start=_skipped(word, arguments)):
        if name is None and (word.order is None or place >= len(word.order)):
            return None
        theirs = name or (word.order or ())[place]
        if theirs in _OF_THE_FRAMEWORK:
            continue
        if theirs == "bidirectional":
            settings |= {"direction": "both"} if _value(text) == "true" else {}
        elif theirs == "activation" and theirs not in OURS[word.ops[0]]:
            behind = _activation(text) + behind
        elif theirs == "keepdims" and word.behind:
            behind = "" if _value(text) == "true" else behind
        elif (ours := _name(word, theirs)) is None:
            if not why_absent(theirs) and theirs not in word.own:
                return None
            left_out += [theirs] if why_absent(theirs) else []
        else:
            value = _read(text, word.reads.get(theirs))
            if value is None:
                return None
            if value:
                settings[ours] = _FLAGS.get(value, value) if ours == "keep" else value
    op = word.ops[0]
    nameless = OURS.get(op, ())[: 2 if op in _IN_PAIRS else 1]
    written = [settings.pop(each) for each in nameless if each in settings and each not in _UNCLEAR]
    written += [f"{name}={value}" for name, value in settings.items()]
    return Translation(f"{op}({', '.join(written)}){behind}" if written else f"{op}{behind}", tuple(left_out))


def _function(owner: str, name: str, word: Word | None, arguments: Sequence[Argument]) -> Translation | None:
    """What calls a function with a value, or a method of one: `F.relu(x)`, `x.mean(dim=1)`."""
    value, settings = flow_of(owner), arguments
    if owner.partition(".")[0] in FRAMEWORKS:
        has_value = bool(arguments) and arguments[0][0] is None
        value, settings = (flow_of(arguments[0][1]), arguments[1:]) if has_value else (None, arguments)
        if has_value and value is None:
            return None
    texts = [text for _, text in settings]
    layer: Translation | None = None
    if name in ("view", "reshape"):
        layer = Translation("flatten") if len(texts) == 2 and _BATCH.fullmatch(texts[0]) and texts[1] == "-1" else None
    elif name == "permute" and texts:
        layer = Translation(f"permute([{', '.join(texts)}])") if all(map(_WHOLE.fullmatch, texts)) else None
    elif name in _OF_TWO and value is not None and len(settings) == 1:
        other = flow_of(texts[0])
        return None if other is None else Translation(f"({value.text}, {other.text}) -> {_OF_TWO[name]}")
    elif word is not None and not (texts and word.ops[0] in _WITH_WEIGHTS):
        layer = _layer(word, settings)
    return layer if layer is None or value is None else replace(layer, text=f"{value.text} -> {layer.text}")


_OF_TWO: Final = {
    **{name: name for name in ("add", "sub", "mul", "div", "maximum", "minimum", "matmul")},
    **dict.fromkeys(("bmm", "mm"), "matmul"),
    "multiply": "mul",
    "subtract": "sub",
}
"""Functions of two values, and what they are called here."""

_WITH_WEIGHTS: Final = frozenset(
    {"conv", "conv_transpose", "linear", "bilinear", "prelu", "embedding", "embedding_bag", "attention"}
    | {"batchnorm", "layernorm", "rmsnorm", "groupnorm", "instancenorm"}
)
"""Ops with weights: a function is given these too, which no spec writes down."""

_BATCH: Final = re.compile(r"\w+\.(size\(0\)|shape\[0\])|len\(\w+\)|B|N|bs|batch_size")
_WHOLE: Final = re.compile(r"-?\d+")


def _skipped(word: Word, arguments: Sequence[Argument]) -> int:
    """How many settings are not there at the start: a single number is what a layer gives, and not what it takes."""
    order = word.order or ()
    nameless = sum(name is None for name, _ in arguments)
    ours = OURS.get(word.ops[0], ())[:1]
    if nameless != 1 or len(order) < 2 or not why_absent(order[0]) or _name(word, order[0]) is not None:
        return 0
    is_given = any(name is not None and _name(word, name) in ours for name, _ in arguments)
    return 1 if _name(word, order[1]) in ours and not is_given and ours[0] in _MAIN else 0


_MAIN: Final = frozenset({"channels", "features", "hidden"})
"""What a layer is mostly told by, when it is told one thing."""


def _name(word: Word, theirs: str) -> str | None:
    """What a setting is called here, if there is one."""
    if theirs in word.own:
        return word.own[theirs] or None
    return next((each for each in (theirs, *SETTINGS.get(theirs, ())) if each in OURS[word.ops[0]]), None)


def _read(text: str, reading: Reading | None) -> str | None:
    """A value of theirs as it is written here: empty where it says what is so anyway, `None` where it cannot be."""
    value = _value(text)
    match reading:
        case Reading.NOTHING:
            return "" if value == "" else None
        case Reading.NUMBER:
            return value if value is not None and value.isalnum() else None
        case Reading.LENGTH:
            items = _items(text)
            return str(len(items)) if items is not None and len(items) > 1 else ""
        case Reading.COMPLEMENT:
            is_number = value is not None and _NUMBER.fullmatch(value)
            return f"{1 - float(value or 0):.6g}" if is_number else None
    return value


def _around(word: str, arguments: Sequence[Argument]) -> Translation | None:
    """What stands around other layers: layers in a row, and what is done to one of them."""
    inner = [text for name, text in arguments if name in (None, "layers", "layer", "activation")]
    if word == "Sequential" and len(inner) == 1 and (items := _items(inner[0])) is not None and inner[0][:1] == "[":
        inner = items
    if word == "Activation":
        behind = _activation(inner[0]) if len(inner) == 1 else ""
        return Translation(behind.removeprefix(" -> ")) if behind else None
    found = [_nested(each) for each in inner]
    if not found or None in found:
        return None
    done = [each for each in found if each is not None]
    left_out = tuple(dict.fromkeys(name for each in done for name in each.left_out))
    text = " -> ".join(each.text for each in done)
    if word == "Bidirectional":
        if not text.endswith(")") or "->" in text:
            return None
        return Translation(f"{text[:-1]}, direction=both)", left_out)
    return Translation(text, left_out)


def _joined(word: str, values: Sequence[str], arguments: Sequence[Argument]) -> Translation | None:
    """What joins values: `torch.cat([a, b], dim=1)`."""
    axis = [text for name, text in arguments if name in (None, "dim", "axis")]
    if len(axis) != len(arguments) or len(axis) > 1:
        return None
    place = axis[0] if axis else "0"
    settings = "" if place == "1" else f"(axis={place})"
    return Translation(f"({', '.join(values)}) -> {_JOINING[word]}{settings}")


_JOINING: Final = {"cat": "concat", "concat": "concat", "concatenate": "concat", "stack": "stack"}
"""What joins the values of a list along an axis, which is axis 0 there where none is given."""


def _nested(text: str) -> Translation | None:
    call = call_of(text.strip())
    if call is None:
        return None
    word, arguments = call
    if foreign_op(word) is None and word.isidentifier():
        return Translation(" ".join(text.split()))  # It is ours, or the spec's.
    return translated(word, arguments)


_UNCLEAR: Final = frozenset({"eps", "start", "low", "beta", "axis", "score"})
"""What is not read as what it is where its name is left out."""

_FLAGS: Final = {"0": "false", "1": "true"}
_IN_PAIRS: Final = frozenset({"transpose"})
"""Ops with two settings that are read as what they are."""

_AROUND: Final = frozenset({"Sequential", "Bidirectional", "TimeDistributed", "Activation"})
"""What stands around other layers."""

_OF_THE_FRAMEWORK: Final = frozenset({"name", "device", "dtype", "inplace", "training"})
"""What is left out without a word."""


def reasons(names: Sequence[str]) -> str:
    """Why settings are not there any more, in words that go on."""
    reasons: dict[str, list[str]] = {}
    for name in names:
        reasons.setdefault(why_absent(name), []).append(name)
    said = []
    for reason, those in reasons.items():
        is_one = len(those) == 1
        why = reason if is_one else reason.replace("it follows", "they follow").replace("it is", "they are")
        said.append(f"; {listed(those, 'and')} {'is' if is_one else 'are'} left out, since {why}")
    return "".join(said)


# ---------------------------------------------------------------------------------------------------------- values


def _activation(text: str) -> str:
    """What follows a layer whose activation is said in its settings; empty where it says that there is none."""
    name = text.strip().strip("'\"")
    call = call_of(name)
    if name in ("None", "null", "none", "linear", "identity", "") or call is None:
        return ""
    word, arguments = call
    found = translated(word, arguments)
    return f" -> {found.text}" if found else f" -> {word.rpartition('.')[2]}"


def _value(text: str) -> str | None:
    """A value as it is written here: empty for none, `None` where it is more than a value."""
    text = " ".join(text.split())
    if text in ("None", "null", "~"):
        return ""
    if text in ("True", "False"):
        return text.casefold()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        word = text[1:-1]
        return (word.casefold() if word.isupper() else word) if word.isidentifier() else None
    items = _items(text)
    if items is not None:
        values = [_value(each) for each in items]
        return None if None in values or "" in values else f"[{', '.join(each for each in values if each)}]"
    text = _OWNER.sub("", text)
    return text if _PLAIN.fullmatch(text) else None


def _items(text: str) -> list[str] | None:
    """What a list or tuple holds."""
    text = text.strip()
    if text[:1] + text[-1:] not in ("()", "[]"):
        return None
    items = split(text[1:-1])
    return items if items is not None and (text[0] == "[" or "," in text) else None


_OWNER: Final = re.compile(r"\b(self|args|cfg|config|hparams)\.")
_PLAIN: Final = re.compile(r"-?[\w.]+( ?(//|\*\*|[-+*/%]) ?[\w.]+)*")
_NUMBER: Final = re.compile(r"\d*\.?\d+(e-?\d+)?")


def call_of(text: str) -> tuple[str, list[Argument]] | None:
    """The word and the arguments of a call, as they are written; a word alone is called with nothing."""
    match = _CALL.fullmatch(text) if len(text) <= LONGEST_CALL else None
    if match is None:
        return None
    inside = split(match[2] or "")
    return None if inside is None else (match[1], [_argument(each) for each in inside])


LONGEST_CALL: Final = 2_000
"""Nobody could read the translation of a longer one."""

_CALL: Final = re.compile(r"([^\W\d][\w.]*)\s*(?:\((.*)\))?", re.DOTALL)
_NAMED: Final = re.compile(r"([^\W\d]\w*)\s*=(?!=)\s*(.*)", re.DOTALL)
_PIECES: Final = re.compile(r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|[()\[\]{},]|[^()\[\]{},'\"]+|.", re.DOTALL)


def _argument(text: str) -> Argument:
    match = _NAMED.fullmatch(text)
    return (None, text) if match is None else (match[1], match[2].strip())


def split(text: str) -> list[str] | None:
    """What stands between the commas that are in no brackets; `None` where brackets do not fit."""
    found, depth = [""], 0
    for piece in _PIECES.findall(text):
        depth += 1 if piece in "([{" else -1 if piece in ")]}" else 0
        if depth < 0:
            return None
        if piece == "," and depth == 0:
            found.append("")
        else:
            found[-1] += piece
    return [each.strip() for each in found if each.strip()] if depth == 0 else None
