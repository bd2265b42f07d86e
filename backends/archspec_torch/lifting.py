"""What several uses of a block have in common, and the arguments for that in which they differ.

The calls that build the layers of each use are laid over each other. Where all have the same, that stays as it is;
where they differ, a `Lifted` value stands for all of theirs. Each is then looked for among what the uses are known by:
the parameters of the block, and the sizes of what flows in, or a product or sum of these. What is found becomes an
expression over arguments of the class, and what is not becomes an argument of its own. So a class, given the arguments
of one use, is what that use was, whatever the expressions are called.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.size import Formula, Size, divide_exactly
from archspec_torch.call import Call, Item, Operation, Repeated, Setting, Unsaid, Variable
from archspec_torch.inline import bound, open_names
from archspec_torch.naming import Names

_SIZE_FROM: Final = 4
"""Numbers below this are settings such as a stride, with which sizes are equal by chance."""

_NO_SIZES: Final = ("stride", "padding", "dilation", "kernel_size", "groups", "heads", "dim", "depth", "_layers")
"""What arguments end in that have nothing to do with sizes, though they may be a part of one by chance."""

_LARGEST_FACTOR: Final = 16


class DifferError(Exception):
    """Uses cannot be laid over each other."""


@final
class _Absent:
    """Stands for what a use does not have."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()


@final
class Lifted(Struct, frozen=True):
    """A value in which uses differ, with that of each use."""

    values: tuple[Any, ...]

    place: str
    """What it is an argument of, in a word."""


def united(values: Sequence[Any], place: str, words: Mapping[str, Sequence[str]] = MappingProxyType({})) -> Any:
    """The values of all uses in one; those that are absent fit with anything.

    `words` has what the first arguments of classes are called, by the names of these.

    Raises:
        DifferError: they are not built by the same calls.
    """
    first = next(each for each in values if each is not ABSENT)
    if all(each is ABSENT or _is_same(each, first) for each in values):
        return first
    if all(each is ABSENT or isinstance(each, Unsaid) for each in values):
        return first  # It is left out in all uses, as what it is by default follows from what is said.
    kind = type(first)
    if kind is Call and all(each is ABSENT or isinstance(each, Call) for each in values):
        return _united_calls(values, first, place, words)
    if kind is Repeated and all(each is ABSENT or isinstance(each, Repeated) for each in values):
        each_value = united(_parts(values, lambda each: each.value), place, words)
        times = united(_parts(values, lambda each: each.times), f"{place}_depth")
        return replace(first, value=each_value, times=times)
    if isinstance(first, Mapping):
        _must(all(each is ABSENT or (isinstance(each, Mapping) and list(each) == list(first)) for each in values))
        return {key: united(_parts(values, lambda each, key=key: each[key]), f"{place}_{key}", words) for key in first}
    if isinstance(first, tuple) and any(isinstance(each, Call | Repeated) for each in first):
        _must(all(each is ABSENT or (isinstance(each, tuple) and len(each) == len(first)) for each in values))
        parts = (_parts(values, lambda each, number=number: each[number]) for number, _ in enumerate(first))
        return tuple(united(part, f"{place}{number}", words) for number, part in enumerate(parts))
    plain = tuple(each.value if isinstance(each, Unsaid) else each for each in values)
    _must(all(each is ABSENT or _is_plain(each) for each in plain))
    return Lifted(plain, place)


def _united_calls(values: Sequence[Any], first: Call, place: str, known: Mapping[str, Sequence[str]]) -> Call:
    for each in values:
        if each is not ABSENT:
            _must(each.function == first.function and len(each.positional) == len(first.positional))
            _must(list(each.named) == list(first.named) and each.is_spread == first.is_spread)
            _must(each.passing == first.passing)
    words = known.get(first.function) or _POSITIONS.get(_kind(first.function), ())
    positional = []
    for number, _ in enumerate(first.positional):
        word = words[number] if number < len(words) else f"{number}" if len(first.positional) > 1 else ""
        part = _parts(values, lambda each, number=number: each.positional[number])
        positional.append(united(part, f"{place}_{word}".strip("_"), known))
    named = {
        name: united(_parts(values, lambda each, name=name: each.named[name]), f"{place}_{name}", known)
        for name in first.named
    }
    return dataclasses.replace(first, positional=tuple(positional), named=named)


_POSITIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "Conv": ("in_channels", "out_channels"),
    "ConvTranspose": ("in_channels", "out_channels"),
    "Linear": ("in_features", "out_features"),
    "BatchNorm": ("channels",),
    "InstanceNorm": ("channels",),
    "GroupNorm": ("groups", "channels"),
    "LayerNorm": ("features",),
    "RMSNorm": ("features",),
    "Embedding": ("entries", "features"),
    "Dropout": ("rate",),
    "LSTM": ("in_features", "hidden"),
    "GRU": ("in_features", "hidden"),
    "RNN": ("in_features", "hidden"),
    "Attention": ("features", "heads"),
}
"""What the first arguments of some modules are."""


def _kind(function: str) -> str:
    return function.removeprefix("nn.").rstrip("d").rstrip("123")


def _parts(values: Sequence[Any], part: Callable[..., Any]) -> list[Any]:
    return [ABSENT if each is ABSENT else part(each) for each in values]


def _must(holds: bool) -> None:
    if not holds:
        raise DifferError


def _is_same(left: Any, right: Any) -> bool:
    """Whether two values are printed alike, which `1` and `True` are not."""
    return type(left) is type(right) and left == right and repr(left) == repr(right)


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str | Formula | Setting | Operation)


# ------------------------------------------------------------------------------------------------------------ arguments


@final
class Argument(Struct, frozen=True):
    """An argument of a class, with what each use has for it."""

    name: str
    values: tuple[Any, ...]
    default: Any = ABSENT

    @property
    def type(self) -> str:
        """What it is declared as."""
        kinds = dict.fromkeys(_type(each) for each in (*self.values, self.default) if each is not ABSENT)
        words = [each for each in kinds if each != "None"]
        return " | ".join((*words, "None") if "None" in kinds else words)

    @property
    def declared(self) -> str:
        from archspec_torch.call import printed

        default = "" if self.default is ABSENT else f" = {printed(self.default)}"
        return f"{self.name}: {self.type}{default}"


def _type(value: Any) -> str:
    match value:
        case None:
            return "None"
        case tuple():
            return f"tuple[{', '.join(map(_type, value)) or '()'}]"
        case Formula():
            return "int"
        case Setting(_, kind):
            return kind
        case Operation():
            return "float"
        case _:
            return type(value).__name__


@final
class Arguments(Struct):
    """The arguments of a class so far, and what else could be one."""

    known: Sequence[Argument]
    """By what the uses are known, of which nothing is an argument before it is needed."""

    names: Names
    used: dict[str, Argument] = {}
    own: list[Argument] = []
    """Those that are none of the known ones."""

    uses: int = 1
    parameters: Mapping[str, Any] = {}
    """Those of the model, by name, as values."""

    def put(self, value: Any) -> Any:
        """A value that is united, with expressions over arguments where uses differ."""
        match value:
            case Lifted(values, place):
                is_size = not place.endswith(_NO_SIZES)
                found = self.expression(values) if is_size else self.exact(values) or self.margin(place, values)
                return found or self.new(place, values)
            case Formula() | Setting() | Operation():
                return self.of_model(value)
            case Call():
                return dataclasses.replace(
                    value,
                    positional=tuple(map(self.put, value.positional)),
                    named={name: self.put(each) for name, each in value.named.items()},
                )
            case Repeated(each, times):
                return replace(value, value=self.put(each), times=self.put(times))
            case tuple():
                return tuple(map(self.put, value))
            case Mapping():
                return {key: self.put(each) for key, each in value.items()}
            case _:
                return value

    def of_model(self, value: Any) -> Any:
        """What follows from parameters of the model, and is the same in all uses."""
        found = self.expression((value,) * self.uses)
        return bound(value, {name: self.parameter(name) for name in open_names(value)}) if found is None else found

    def parameter(self, name: str) -> Any:
        """A parameter of the model."""
        value = self.parameters[name]
        values = (value,) * self.uses
        return self.exact(values) or self.new(name, values)

    def new(self, place: str, values: tuple[Any, ...]) -> Variable:
        """An argument of its own. A use that lacks what it is for is given what the others mostly have."""
        present = [each for each in values if each is not ABSENT]
        filled = tuple(present[0] if each is ABSENT else each for each in values)
        argument = Argument(self.names.fresh(place), filled)
        self.own.append(argument)
        return Variable(argument.name)

    def flag(self, word: str, values: tuple[bool, ...]) -> Variable:
        """An argument that says whether a part is there."""
        for each in self.known:
            if all(value is wanted for value, wanted in zip(each.values, values, strict=True)):
                return self._said(each)
        argument = Argument(self.names.fresh(word), values, default=False)
        self.own.append(argument)
        return Variable(argument.name)

    def candidates(self, *, is_said: bool) -> list[Argument]:
        """What expressions can speak of; with `is_said`, only what are arguments anyway."""
        return [*self.own, *(each for each in self.known if not is_said or each.name in self.used)]

    def exact(self, values: Sequence[Any], *, is_said: bool = False) -> Any:
        """An argument that has these values, or an item of one, or `None`."""
        candidates = self.candidates(is_said=is_said)
        for each in candidates:
            if _fit(each.values, values):
                return self._said(each)
        for each in candidates:
            if len({len(value) if isinstance(value, tuple) else -1 for value in each.values}) == 1:
                for place, _ in enumerate(each.values[0] if isinstance(each.values[0], tuple) else ()):
                    if _fit([value[place] for value in each.values], values):
                        return Item(self._said(each), (place,))
        return None

    def expression(self, values: Sequence[Any], *, is_said: bool = False) -> Any:
        """An expression over arguments that comes to these values, or `None`."""
        if (found := self.exact(values, is_said=is_said)) is not None:
            return found
        candidates = self.candidates(is_said=is_said)
        wanted = [each for each in values if each is not ABSENT]
        if not all(isinstance(each, Formula) or (type(each) is int and each > 0) for each in wanted):
            return None
        sizes = [each for each in candidates if all(map(_is_size, each.values))]
        for each in sizes:
            for symbol, factor in _factors(each.values, values):
                return Operation(symbol, (factor, self._said(each)) if symbol == "*" else (self._said(each), factor))
        for left in sizes:
            for right in sizes:
                if left is not right and _fit([a + b for a, b in zip(left.values, right.values, strict=True)], values):
                    return Operation("+", (self._said(left), self._said(right)))
        return None

    def margin(self, place: str, values: Sequence[Any]) -> Operation | None:
        """Half of a kernel, which is the padding that keeps a size, or `None`."""
        for each in self.known if place.endswith("padding") else ():
            if all(type(size) is int for size in each.values) and _fit([size // 2 for size in each.values], values):
                return Operation("//", (self._said(each), 2))
        return None

    def _said(self, argument: Argument) -> Variable:
        """What an argument is called, which not all names can be that parameters have."""
        if argument in self.own:
            return Variable(argument.name)
        if argument.name not in self.used:
            self.used[argument.name] = replace(argument, name=self.names.fresh(argument.name))
        return Variable(self.used[argument.name].name)

    def all(self) -> tuple[Argument, ...]:
        """The arguments, those with defaults behind the others."""
        found = [*(self.used[each.name] for each in self.known if each.name in self.used), *self.own]
        return tuple(sorted(found, key=lambda each: each.default is not ABSENT))


def _fit(found: Sequence[Any], wanted: Sequence[Any]) -> bool:
    return all(each is ABSENT or _is_same(value, each) for value, each in zip(found, wanted, strict=True))


def _is_size(value: Any) -> bool:
    return isinstance(value, Formula) or (type(value) is int and value >= _SIZE_FROM)


def _factors(base: Sequence[Size], wanted: Sequence[Any]) -> Iterator[tuple[str, int]]:
    """The number that all of a base are to be multiplied with, or divided by, to be what is wanted."""
    pairs = [(size, each) for size, each in zip(base, wanted, strict=True) if each is not ABSENT]
    size, each = pairs[0]
    if (factor := _factor(each, size)) is not None:
        if all(each == factor * size for size, each in pairs):
            yield "*", factor
    elif (factor := _factor(size, each)) is not None and all(size == factor * each for size, each in pairs):
        yield "//", factor


def _factor(size: Size, part: Size) -> int | None:
    """What a size is when it is divided by a part of it, if that is a number worth to be written."""
    factor = divide_exactly(size, part)
    return factor if isinstance(factor, int) and 1 < factor <= _LARGEST_FACTOR else None


def given(arguments: Sequence[Argument], use: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a class is called with for one use: without names where there are no defaults."""
    positional = tuple(each.values[use] for each in arguments if each.default is ABSENT)
    named = {
        each.name: Unsaid(each.values[use]) if _is_same(each.values[use], each.default) else each.values[use]
        for each in arguments
        if each.default is not ABSENT
    }
    return positional, named
