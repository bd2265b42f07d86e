"""Keys of a YAML file that stand one level too high or too low, and what their author has in mind.

Imported only where a layer has keys that no layer can have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from archspec.catalog.fields import UnclearLayer, UnknownField, WrongKind
from archspec.catalog.settings import UnknownOp
from archspec.configured import Configured
from archspec.diagnostics import Diagnostic
from archspec.foreign.meaning import foreign_op, foreign_setting, why_absent
from archspec.ops import OPS
from archspec.spelling import closest
from archspec.syntax.tree import Entry, Fields, Items, Scalar, Tree, is_blank
from archspec.translation import advice_on, reasons


def gathered(
    entries: Sequence[Entry], tree: Fields, constructs: dict[str, tuple[str, ...]]
) -> tuple[Entry | None, Diagnostic]:
    """A layer of whose keys it is not clear which is its op: the op with all that belongs to it, if that can be told.

    Beside it, what is said of the layer.
    """
    words = tuple(entry.key.text for entry in entries)
    if not entries:
        return None, UnclearLayer(tree.span, ())
    for entry in entries:
        if len(entries) == 2 and entry.key.text in constructs:
            other = next(each for each in entries if each is not entry)
            known = (entry.key.text, *constructs[entry.key.text], "name")
            return None, UnknownField(other.key.span, other.key.text, f"`{entry.key.text}`", known, _part(other, known))
    for entry in entries:
        if entry.key.text in _DEFINED and isinstance(entry.value, Scalar) and not is_blank(entry.value):
            return None, UnclearLayer(entry.key.span, words, _definition(entry))
    if words[0] in _SAYING_WHICH and isinstance(entries[0].value, Scalar) and not is_blank(entries[0].value):
        return None, UnclearLayer(entries[0].key.span, words, _as_key(entries[0].value.text, entries[1:]), words[0])
    for entry in entries:
        kind = OPS.get(entry.key.text)
        if kind is not None and all(_is_setting(each.key.text, kind) for each in entries if each is not entry):
            return _together(entry, [each for each in entries if each is not entry], kind, tree)
    return None, UnclearLayer(entries[1].key.span, words)


_SAYING_WHICH: Final = ("type", "op", "class_name", "class", "layer", "layer_type", "kind", "module")
"""The keys that say in other languages which op a layer is."""


def too_deep(key: Scalar) -> Diagnostic:
    """What is said of a key that stands at the top of a file, and was written as a layer."""
    found = foreign_op(key.text)
    return UnknownOp(key.span, key.text, None, "" if found is None else found.cure)


def named_group(key: Scalar) -> Diagnostic:
    """What is said of a key below which there is a list of layers: it is meant as their name, perhaps."""
    cure = f"a group has its name beside its layers: `name: {key.text}`, and in the next line `layers:`"
    word, _, rest = key.text.strip().partition(" ")
    if rest and word in _BESIDE:
        cure = f"write `{word}: {rest}`, and in the next line `{_BESIDE[word]}:`, with the layers below"
    return WrongKind(key.span, f"what stands below `{key.text}`", "its settings", "a list of layers", cure=cure)


_BESIDE: Final = {"if": "then", "repeat": "layers"}
"""The keys beside which the layers stand under another one."""

_DEFINED: Final = ("block", "cell", "variant")
"""What is defined at the top of a file."""


def _definition(entry: Entry) -> str:
    kind, name = entry.key.text, entry.value.span.text
    inside = "set: {width: 64}" if kind == "variant" else "layers: [relu]"
    return f"a {kind} is defined at the top, beside `layers`: `{kind}s: {{{name}: {{{inside}}}}}`"


def _part(entry: Entry, known: Sequence[str]) -> str | None:
    """The key of a construct that another one is meant for: what holds layers, if it holds any."""
    if (near := part_meant(entry.key.text, known)) is not None:
        return near
    return next((each for each in known[1:] if each != "in"), None) if isinstance(entry.value, Items) else None


_PARTS: Final = {
    **dict.fromkeys(("skip", "identity", "downsample", "projection"), "shortcut"),
    **dict.fromkeys(("body", "do", "block", "steps", "modules"), "layers"),
    "otherwise": "else",
}
"""What the parts of constructs are called elsewhere."""


def part_meant(key: str, known: Sequence[str]) -> str | None:
    """The part of a construct that another word stands for."""
    found = closest(key, known) or _PARTS.get(key)
    return found if found in known else None


def _is_setting(key: str, kind: type[Configured]) -> bool:
    known = tuple(kind.settings())
    return key in known or key == "init" or bool(foreign_setting(key, kind.name, known) or why_absent(key))


def _together(
    op: Entry, others: Sequence[Entry], kind: type[Configured], tree: Fields
) -> tuple[Entry | None, Diagnostic]:
    """An op with the settings that stand beside it."""
    inner = _inner(op.value, kind)
    entries, left_out = _in_our_words((*(inner or ()), *others), kind)
    only = None if inner is None else Entry(op.key, Fields(entries, tree.span))
    is_shown = inner is not None and _is_short(entries)
    cure = f"write `{op.key.text}: {{{_listed(entries)}}}`{reasons(left_out)}" if is_shown else ""
    words = tuple(each.key.text for each in others)
    return only, UnclearLayer(others[0].key.span, words, cure, op.key.text, is_beside=True)


def _in_our_words(entries: Sequence[Entry], kind: type[Configured]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """Settings under the names that they have here, and the names of those that are not written here."""
    known = tuple(kind.settings())
    found: dict[str, Entry] = {}
    left_out = []
    for entry in entries:
        key = entry.key.text
        ours = key if key in known else foreign_setting(key, kind.name, known)
        if ours is None and why_absent(key):
            left_out.append(key)
        else:
            name = key if ours is None or ours in found else ours
            found[name] = Entry(Scalar(name, entry.key.span), entry.value)
    return tuple(found.values()), tuple(left_out)


def _inner(value: Tree, kind: type[Configured]) -> tuple[Entry, ...] | None:
    """What stands under an op, by the names of its settings."""
    if isinstance(value, Fields):
        return value.entries
    if is_blank(value):
        return ()
    first = next(iter(kind.positional()), None)
    return None if first is None else (Entry(Scalar(first, value.span), value),)


def _is_short(entries: Sequence[Entry]) -> bool:
    return all("\n" not in entry.value.span.text for entry in entries) and len(_listed(entries)) <= _LINE


_LINE: Final = 80


def _listed(entries: Sequence[Entry]) -> str:
    return ", ".join(f"{entry.key.text}: {entry.value.span.text}" for entry in entries)


def _as_key(op: str, others: Sequence[Entry]) -> str:
    """How a layer is written whose op is the value of a key."""
    inner = others[0].value if len(others) == 1 else None
    settings = inner.entries if isinstance(inner, Fields) else tuple(others)
    if any(not isinstance(each.value, Scalar | Items) for each in settings) or not _is_short(settings):
        return ""
    advice = advice_on(op, [(each.key.text, each.value.span.text) for each in settings])
    if advice is not None and advice.cure:
        return advice.cure
    word = advice.words[0] if advice is not None and advice.words else op
    settings, left_out = _in_our_words(settings, OPS[word]) if word in OPS else (settings, ())
    return (f"write `{word}: {{{_listed(settings)}}}`" if settings else f"write `{word}`") + reasons(left_out)
