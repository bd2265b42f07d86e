"""What a person may have meant by a word that is not known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like the given one, if one is like it at all."""
    return next(iter(nearest(word, known)), None)


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known words that are most like the given one: several where they are equally near, none where none is.

    A word is like another if it is the same but for capitals and underscores, if it has few slips for its length, or
    if all words that the one is made of are in the other, as in `kernel_size` and `kernel`.
    """
    if len(word) > _LONGEST:
        return ()
    plain, found = _plain(word), {}
    for each in sorted(known):
        distance = _distance(word, plain, each)
        if distance is not None:
            found[each] = distance
    least = min(found.values(), default=None)
    near = tuple(each for each, distance in found.items() if distance == least)
    return near if len(near) <= _MOST else ()


_LONGEST: Final = 200
"""Nobody misspells a word of more letters."""

_MOST: Final = 4
"""What is like more words than these is like none."""

_SHORT: Final = 6
_TINY: Final = 3


def _distance(word: str, plain: str, other: str) -> tuple[int, ...] | None:
    """How far a word is from a known one, or `None` where it is not like it; `plain` is the word in plain letters."""
    wanted = _plain(other)
    if plain == wanted:
        return (0, _slips(word, other))
    # A short word in capitals is no misspelt word in small letters: blocks are called in another way than ops.
    if word[:1].isupper() != other[:1].isupper() and len(word) < _SHORT:
        return None
    mine, theirs = _parts(word), _parts(other)
    letters = sum(map(len, mine & theirs))
    if (mine < theirs or theirs < mine) and letters >= _TINY:
        return (_APART, len(mine ^ theirs), -letters)
    most = (max(len(plain), len(wanted)) + 1) // 4
    # Each slip brings at most one letter that the other word does not have, which is found out sooner.
    if abs(len(plain) - len(wanted)) <= most and len(_letters(plain) - _letters(wanted)) <= most:
        slips = _slips(plain, wanted)
        # In one of two letters hardly anything is left of the word.
        if slips <= most and min(len(plain), len(wanted)) > 1:
            return (slips, abs(len(plain) - len(wanted)))
    less, more = sorted((plain, wanted), key=len)
    is_start = len(less) >= _TINY + 1 and 2 * len(less) >= len(more) and more.startswith(less)
    return (_APART, len(more) - len(less)) if is_start else None


def is_slip(word: str, other: str) -> bool:
    """Whether a word is another one with a slip or two, and not just made of it."""
    distance = _distance(word, _plain(word), other)
    return distance is not None and distance[0] < _APART


_APART: Final = 100
"""What has a word more or less is further away than what is misspelt."""


@lru_cache(maxsize=4096)
def _plain(word: str) -> str:
    return word.casefold().replace("_", "")


@lru_cache(maxsize=4096)
def _letters(word: str) -> frozenset[str]:
    return frozenset(word)


@lru_cache(maxsize=4096)
def _parts(word: str) -> frozenset[str]:
    """The words that a word is made of: of `kernel_size` and of `kernelSize`, `kernel` and `size`."""
    return frozenset(part.casefold() for part in _PART.findall(word))


_PART: Final = re.compile(r"[^\W\d_][^\W\d_A-Z]*|\d+")


def _slips(word: str, other: str) -> int:
    """How many letters are to be put in, left out, changed or exchanged with their neighbours, to get from one to the
    other: the distance of Damerau, "A technique for computer detection and correction of spelling errors", 1964."""
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for place, letter in enumerate(word, start=1):
        last, before, row = before, row, [place]
        for column, wanted in enumerate(other, start=1):
            slips = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != wanted))
            if place > 1 and column > 1 and letter == other[column - 2] and word[place - 2] == wanted:
                slips = min(slips, last[column - 2] + 1)
            row.append(slips)
    return row[-1]


def listed(words: Iterable[str], joint: str = "or") -> str:
    """Words in backticks: "`a`, `b` or `c`"."""
    marked = [f"`{word}`" for word in words]
    return f"{', '.join(marked[:-1])} {joint} {marked[-1]}" if len(marked) > 1 else "".join(marked)


def did_you_mean(suggestion: str | tuple[str, ...] | None) -> str:
    """The cure for a word that is not known, if one is like it, or several are."""
    words = (suggestion,) if isinstance(suggestion, str) else suggestion or ()
    return f"did you mean {listed(words)}?" if any(words) else ""
