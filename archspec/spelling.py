"""What a person may have meant by a word that is not known."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like the given one, if one is like it at all."""
    return next(iter(nearest(word, known)), None)


def nearest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known words that are most like the given one: several where they are equally near, none where none is.

    A word is like another if it is the same but for capitals and underscores, if it has few slips for its length, or
    if all words that the one is made of are in the other, as in `kernel_size` and `kernel`. Among very many words it is
    like those alone that are one slip away, which are found without a look at each.
    """
    if len(word) > _LONGEST:
        return ()
    words = set(known)
    if len(words) > _MANY:
        words.intersection_update(_one_slip_away(word))
    plain, found = _plain(word), {}
    for each in sorted(words):
        distance = _distance(word, plain, each)
        if distance is not None:
            found[each] = distance
    least = min(found.values(), default=None)
    near = tuple(each for each, distance in found.items() if distance == least)
    return near if len(near) <= _MOST else ()


_LONGEST: Final = 200
"""Nobody misspells a word of more letters."""

_MANY: Final = 300
"""More words than these are not looked at one by one, for each of as many others."""

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
    if (mine < theirs or theirs < mine) and (letters := sum(map(len, mine & theirs))) >= _TINY:
        return (_APART, len(mine ^ theirs), -letters)
    most = (max(len(plain), len(wanted)) + 1) // 4
    # Each slip brings at most one letter that the other word does not have, which is found out sooner.
    if abs(len(plain) - len(wanted)) <= most and len(_letters(plain) - _letters(wanted)) <= most:
        slips = _slips(plain, wanted)
        if wanted == _DOUBLED.sub(r"\1", plain) or plain == _DOUBLED.sub(r"\1", wanted):
            return (1, -1)  # A letter too many of the same kind is the likeliest of all slips.
        # In one of two letters hardly anything is left of the word.
        if slips <= most and min(len(plain), len(wanted)) > 1:
            return (slips, abs(len(plain) - len(wanted)))
    less, more = (plain, wanted) if len(plain) <= len(wanted) else (wanted, plain)
    is_start = len(less) >= _TINY + 1 and 2 * len(less) >= len(more) and more.startswith(less)
    return (_APART, len(more) - len(less)) if is_start else None


_DOUBLED: Final = re.compile(r"(.)\1+")


def is_slip(word: str, other: str) -> bool:
    """Whether a word is another one with a slip or two, and not just made of it."""
    distance = _distance(word, _plain(word), other)
    return distance is not None and distance[0] < _APART


_APART: Final = 100
"""What has a word more or less is further away than what is misspelt."""


_LETTERS: Final = f"{string.ascii_letters}{string.digits}_"


def _one_slip_away(word: str) -> set[str]:
    """The words with one letter put in, left out, changed or exchanged with its neighbour, and with other capitals."""
    found = {word, word.lower(), word.upper(), word.capitalize(), word.replace("_", "")}
    for place in range(len(word) + 1):
        before, behind, rest = word[:place], word[place:], word[place + 1 :]
        found.update((f"{before}{rest}", f"{before}{behind[1::-1]}{behind[2:]}"))
        found.update([f"{before}{letter}{behind}" for letter in _LETTERS])
        found.update([f"{before}{letter}{rest}" for letter in _LETTERS])
    return found


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
    other: the distance of Damerau, "A technique for computer detection and correction of spelling errors", 1964.

    Each bit stands for a letter of the word: a column of the table of distances is worked out at once, by Hyyrö,
    "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", 2003.
    """
    if not word:
        return len(other)
    places, every, last = _places(word), (1 << len(word)) - 1, 1 << (len(word) - 1)
    slips, up, down, straight, before = len(word), every, 0, 0, 0
    # `up` and `down`: where the distance is one more, or one less, than in the row above; `straight`: where it is no
    # more than in the row above, one column before.
    for letter in other:
        here = places.get(letter, 0)
        exchanged = ((~straight & here) << 1) & before
        straight = (((here & up) + up) ^ up) | here | down | exchanged
        more, less = down | (every & ~(straight | up)), straight & up
        slips += bool(more & last) - bool(less & last)
        more, less = (more << 1) | 1, less << 1
        up, down, before = (less | ~(straight | more)) & every, more & straight & every, here
    return slips


@lru_cache(maxsize=64)
def _places(word: str) -> Mapping[str, int]:
    """The places of each letter of a word, as bits."""
    found: dict[str, int] = {}
    for place, letter in enumerate(word):
        found[letter] = found.get(letter, 0) | 1 << place
    return found


def listed(words: Iterable[str], joint: str = "or") -> str:
    """Words in backticks: "`a`, `b` or `c`"."""
    marked = [f"`{word}`" for word in words]
    return f"{', '.join(marked[:-1])} {joint} {marked[-1]}" if len(marked) > 1 else "".join(marked)


def did_you_mean(suggestion: str | tuple[str, ...] | None) -> str:
    """The cure for a word that is not known, if one is like it, or several are."""
    words = (suggestion,) if isinstance(suggestion, str) else suggestion or ()
    return f"did you mean {listed(words)}?" if any(words) else ""
