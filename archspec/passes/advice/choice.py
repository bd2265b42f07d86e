"""Which advice is given: what `--select`, `--ignore` and comments call it by.

A word is a code (`A403`), the beginning of codes (`A4`), the name of one (`bias-before-norm`) or that of a set
(`performance`). Only advice can be chosen: errors are always told, because a spec with an error has no meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, final

from msgspec import Struct

from archspec.op import Family, Trait

ABOUT_COMMENTS: Final[Mapping[str, str]] = {"A401": "unused-allow", "A402": "unclear-allow"}
"""What is said of comments that allow advice."""

RULES: Final[Mapping[str, str]] = {
    "A403": "bias-before-norm",
    "A404": "unused-result",
    "A405": "repeated-activation",
    "A406": "repeated-norm",
    "A407": "repeated-softmax",
    "A408": "normalised-logits",
    "A409": "skipped-positions",
    "A410": "dropped-positions",
    "A411": "narrow-view",
    "A412": "uneven-padding",
    "A413": "dropout-before-norm",
    "A414": "dominant-layer",
    "A415": "head-size",
    "A416": "tensor-cores",
    "A417": "conditional-sizes",
}
"""What is said of models: each is a module here that has its name."""

NEEDS: Final[Mapping[str, frozenset[Family | Trait]]] = {
    "A403": frozenset({Trait.CENTRED}),
    "A405": frozenset({Family.ACTIVATION}),
    "A406": frozenset({Trait.STANDARDISED}),
    "A407": frozenset({Trait.SHARES}),
    "A408": frozenset({Trait.PROBABILITIES}),
    "A409": frozenset({Family.CONVOLUTION, Family.POOLING}),
    "A410": frozenset({Family.CONVOLUTION, Family.POOLING}),
    "A411": frozenset({Family.POOLING, Family.REDUCTION}),
    "A412": frozenset({Family.CONVOLUTION}),
    "A413": frozenset({Trait.DROPPED}),
    "A414": frozenset({Family.CONVOLUTION}),
    "A415": frozenset({Family.ATTENTION}),
}
"""Families and traits of ops. Of a model that has none of them, a rule has nothing to say, and a check does not wait
for its module."""

NAMES: Final[Mapping[str, str]] = {**ABOUT_COMMENTS, **RULES}

SETS: Final[Mapping[str, frozenset[str]]] = {"performance": frozenset({"A416"})}
"""Advice that is given only when asked for, by the name of what it is good for."""

USUAL: Final = frozenset(NAMES) - frozenset().union(*SETS.values())
"""What is told when nothing is said of it."""


class UnknownAdviceError(ValueError):
    """A word that is to choose advice names none. Its text says so, for users."""

    def __init__(self, word: str, *, is_error: bool, suggestion: str | None) -> None:
        if is_error:
            super().__init__(f"`{word}` is no advice: errors are always told, and can be neither selected nor ignored")
        else:
            cure = f"did you mean `{suggestion}`?" if suggestion else "`archspec explain` lists all, as A4xx"
            super().__init__(f"there is no advice called `{word}`; {cure}")
        self.is_error = is_error
        self.suggestion = suggestion


def codes_of(word: str) -> frozenset[str]:
    """The codes of the advice that a word means.

    Raises:
        UnknownAdviceError: it means none, or errors.
    """
    if word.lower() in SETS:
        return SETS[word.lower()]
    if _is_code(word):
        found = {code for code in NAMES if code.startswith(word.upper())}
    else:
        found = {code for code, name in NAMES.items() if name == word.lower()}
    if not found:
        raise _unknown(word)
    return frozenset(found)


def _is_code(word: str) -> bool:
    """Whether a word begins like the codes of advice; what is shorter means errors too."""
    return word.upper().startswith("A4")


def _unknown(word: str) -> UnknownAdviceError:
    from archspec.catalog.index import ERRORS
    from archspec.spelling import closest

    if any(kind.code.startswith(word.upper()) or kind.name == word.lower() for kind in ERRORS):
        return UnknownAdviceError(word, is_error=True, suggestion=None)
    known = NAMES if _is_code(word) else (*NAMES.values(), *SETS)
    return UnknownAdviceError(word, is_error=False, suggestion=closest(word, known))


@final
class Choice(Struct, frozen=True):
    """The codes of the advice that is given."""

    codes: frozenset[str] = USUAL

    @classmethod
    def of(cls, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> Choice:
        """What is selected, or the usual advice where nothing is, without what is ignored.

        Raises:
            UnknownAdviceError: a word names no advice.
        """
        chosen = frozenset().union(*map(codes_of, select)) or USUAL
        return cls(chosen.difference(*map(codes_of, ignore)))
