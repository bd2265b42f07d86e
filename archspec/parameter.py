"""What a parameter of a model or block may be, where its author declares it: `width: number(min=0) = 1.0`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, final

from msgspec import Struct

from archspec.expression import Expression, Value, is_unknown, written
from archspec.size import Formula, below
from archspec.spelling import listed
from archspec.syntax.tree import Scalar


class Kind(StrEnum):
    """The types of parameters."""

    INT = "int"
    NUMBER = "number"
    FLAG = "flag"
    WORD = "word"
    LIST = "list"
    LAYER = "layer"


_MEANINGS: Final = {
    Kind.INT: "a whole number",
    Kind.NUMBER: "a number",
    Kind.FLAG: "`true` or `false`",
    Kind.WORD: "a word",
    Kind.LIST: "a list",
    Kind.LAYER: "an op or a block, with or without settings",
}


@final
class ParameterType(Struct, frozen=True):
    """The values that a parameter may have. Limits and choices are of numbers, or of each number in a list."""

    kind: Kind
    least: int | float | None = None
    most: int | float | None = None
    choices: tuple[Value, ...] = ()

    def accepts(self, value: Value) -> bool:
        """Whether a value is one of them; of a size that is open, whether it may be."""
        if is_unknown(value):
            return True
        match self.kind:
            case Kind.INT:
                fits = isinstance(value, int | Formula) and not isinstance(value, bool)
            case Kind.NUMBER:
                fits = isinstance(value, int | float | Formula) and not isinstance(value, bool)
            case Kind.FLAG:
                fits = isinstance(value, bool)
            case Kind.WORD:
                fits = isinstance(value, str)
            case Kind.LIST:
                return isinstance(value, tuple) and all(map(self._is_in_limits, value))
            case Kind.LAYER:
                fits = False
        return fits and self._is_in_limits(value)

    def _is_in_limits(self, value: Value) -> bool:
        if self.choices and value not in self.choices:
            return False
        if self.least is None and self.most is None:
            return True
        if isinstance(value, Formula):
            least = self.least
            return not (isinstance(least, int) and below(value, least))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        """In words that complete "it needs …"."""
        limits = ""
        if self.least is not None and self.most is not None:
            limits = f" from {written(self.least)} to {written(self.most)}"
        elif self.least is not None:
            limits = f" of at least {written(self.least)}"
        elif self.most is not None:
            limits = f" of at most {written(self.most)}"
        if self.kind is Kind.LIST and (limits or self.choices):
            return f"a list of {listed(map(written, self.choices))}" if self.choices else f"a list of numbers{limits}"
        if self.choices:
            return listed(tuple(map(written, self.choices)))
        return _MEANINGS[self.kind] + limits


@final
class Parameter(Struct, frozen=True):
    """A parameter of a model, block or cell, with its default and its type if it has them."""

    name: Scalar
    default: Expression | None
    type: ParameterType | None = None

    @property
    def is_layer(self) -> bool:
        """Whether it stands for layers, and not for a value."""
        return self.type is not None and self.type.kind is Kind.LAYER

    @property
    def words(self) -> tuple[str, ...]:
        """The words that its type speaks of, which expressions may be compared with."""
        choices = () if self.type is None else self.type.choices
        return tuple(each for each in choices if isinstance(each, str))
