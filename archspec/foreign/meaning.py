"""What a word of another framework means here, looked up in the tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from archspec.foreign.arrays import ARRAYS
from archspec.foreign.functions import CALLED_THE_SAME, FUNCTIONS
from archspec.foreign.layers import LAYERS
from archspec.foreign.programs import LOSS, PROGRAMS
from archspec.foreign.sequences import SEQUENCES
from archspec.foreign.settings import ABSENT, SETTINGS
from archspec.foreign.word import Word

_TABLE: Final = (*LAYERS, *ARRAYS, *SEQUENCES, *PROGRAMS)


def foreign_op(word: str) -> Word | None:
    """What a word is that is none of ours: `Conv2d`, `nn.Conv2d`, `tf.keras.layers.Conv2D`, `conv2d`."""
    if word in OUR_OPS:
        return None
    owner, _, last = word.rpartition(".")
    number_of_axes = _AXES.sub("#", last)
    if owner and (function := foreign_functions().get(number_of_axes)) is not None:
        return function
    found = foreign_ops().get(last) or foreign_ops().get(number_of_axes) or _folded().get(_fold(last))
    if found is None and _LOSS.search(last) and len(last) > len("loss"):
        return LOSS
    return found


def foreign_setting(word: str, op: str, known: tuple[str, ...]) -> str | None:
    """The setting that a word of theirs stands for, of those that an op of ours has."""
    for each in words_of(op):
        if (found := each.own.get(word)) is not None and found in known:
            return found
    return next((each for each in SETTINGS.get(word, ()) if each in known), None)


def why_absent(setting: str) -> str:
    """Why a setting of theirs is not written here; empty where it is none that we know."""
    return ABSENT.get(setting, "")


@cache
def words_of(op: str) -> tuple[Word, ...]:
    """What stands for an op of ours first of all."""
    return tuple(word for _, word in _TABLE if op in word.ops[:1])


@cache
def foreign_functions() -> Mapping[str, Word]:
    """All functions and methods of theirs; `#` in a name stands for 1, 2 and 3."""
    same = {name: Word.of(name, order) for names, order in CALLED_THE_SAME for name in names.split()}
    return {**same, **{name: word for names, word in FUNCTIONS for name in names.split()}}


@cache
def foreign_ops() -> Mapping[str, Word]:
    """All words of layers and what is like them; `#` in one stands for 1, 2 and 3."""
    return {name: word for names, word in _TABLE for name in names.split()}


OUR_OPS: Final = frozenset(op for _, word in _TABLE for op in word.ops)
"""The ops of ours that words of theirs stand for."""

FRAMEWORKS: Final = frozenset(
    {"nn", "torch", "torchvision", "F", "tf", "keras", "layers", "jnp", "jax", "np", "numpy", "nnx", "linen", "hk"}
)
"""What stands before the dot in the words of frameworks."""

_AXES: Final = re.compile(r"(?<=[a-z])[123](?=[dD](?![a-z]))")
"""Where a name says of how many axes it is."""

_LOSS: Final = re.compile(r"(Loss(\dd)?|_loss|[cC]rossentropy|cross_entropy)$")


def _fold(word: str) -> str:
    return re.sub(r"[123][dD]$|#[dD]$", "", word).casefold().replace("_", "")


@cache
def _folded() -> Mapping[str, Word]:
    """The words in small letters. Where frameworks differ in what is behind a word, only the op is known."""
    found: dict[str, Word] = {}
    for name, word in foreign_ops().items():
        first = found.setdefault(_fold(name), word)
        if first is not word and first.order != word.order:
            found[_fold(name)] = Word(first.ops, cure=first.cure)
    return found
