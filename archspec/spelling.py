"""What a person may have meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like the given one, if one is like it at all."""
    # Only a spec with a mistake pays for the import.
    from difflib import get_close_matches

    by_folded = {each.casefold(): each for each in sorted(known)}
    folded = word.casefold()
    if folded in by_folded:
        return by_folded[folded]
    matches = get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def listed(words: Iterable[str], joint: str = "or") -> str:
    """Words in backticks: "`a`, `b` or `c`"."""
    marked = [f"`{word}`" for word in words]
    return f"{', '.join(marked[:-1])} {joint} {marked[-1]}" if len(marked) > 1 else "".join(marked)


def did_you_mean(suggestion: str | None) -> str:
    """The cure for a word that is not known, if one is like it."""
    return f"did you mean `{suggestion}`?" if suggestion else ""
