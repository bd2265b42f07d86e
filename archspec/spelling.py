"""What a person may have meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like the given one, if one is like it at all."""
    # Only a spec with a mistake pays for the import.
    from difflib import get_close_matches

    by_folded = {each.casefold(): each for each in sorted(known)}
    folded = word.casefold()
    if folded in by_folded:
        return by_folded[folded]
    matches = get_close_matches(folded, by_folded, n=5, cutoff=0.6)
    if not matches:
        return None
    # Of several, the one with the fewest slips, and of those the one that has as many letters.
    slips = {each: _slips(folded, each) for each in matches}
    # Three letters are soon found in any word.
    likely = [each for each in matches if len(each) > _TINY or slips[each] == 1]
    if not likely:
        return None
    found = by_folded[min(likely, key=lambda each: (slips[each], abs(len(each) - len(folded))))]
    # A short word in capitals is no misspelt word in small letters: blocks are called in another way than ops.
    is_other = word[:1].isupper() != found[:1].isupper() and len(word) < _SHORT
    return None if is_other else found


_SHORT: Final = 6
_TINY: Final = 3


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


def did_you_mean(suggestion: str | None) -> str:
    """The cure for a word that is not known, if one is like it."""
    return f"did you mean `{suggestion}`?" if suggestion else ""
