"""Ops that need no module: what they give is written as an expression over their inputs, such as `gate * x`.

An `Inline` is that expression as data. It speaks of the inputs by number, and of sizes that are open as `Formula`s;
`Inline.over` puts in what the source at hand has for both, and gives what `call.printed` prints:

    inline = lower(op, *shapes)                         # Inline(Method(Given(0), "reshape", (T, 64)))
    value = inline.over([Variable("x")], {"T": Variable("x.shape[0]")})
    printed(value)                                      # x.reshape(x.shape[0], 64)

What `over` gives may itself be an input of another `Inline`: the parentheses that are needed are printed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.shape import Shape
from archspec.size import Formula, Quotient, Size, names
from archspec_torch.call import Call, Given, Item, Operation, Range, Repeated, Setting, Tight, Unsaid, Variable, grouped


@final
class Method(Struct, frozen=True):
    """A call of a method, such as `x.reshape(2, 8)`."""

    receiver: Any
    name: str
    positional: tuple[Any, ...] = ()
    named: Mapping[str, Any] = {}


@final
class Inline(Struct, frozen=True):
    """What an op gives, as an expression over its inputs.

    Where an op has several outputs, the expression gives a tuple or list of as many tensors, to be taken apart.
    """

    value: Any
    """Made of the types here and in `call`, of sizes, and of tuples."""

    def over(self, inputs: Sequence[Any], sizes: Mapping[str, Any]) -> Any:
        """The expression over these inputs, for `printed`.

        `inputs` are variables, or what `over` gave for others. `sizes` has what each open name is in the source, such
        as `Variable("x.shape[0]")`; raises `KeyError` where it lacks one of `open_names`.
        """
        return _put_in(self.value, inputs, sizes)

    @property
    def open_names(self) -> tuple[str, ...]:
        """The open sizes that `over` has to be told, each once."""
        return open_names(self.value)


def bound(value: Any, names: Mapping[str, Any]) -> Any:
    """An expression with what `names` has for each size that is open, and for each parameter of the model."""
    return _put_in(value, (), names)


def open_names(value: Any) -> tuple[str, ...]:
    """The open sizes and the parameters of the model that an expression speaks of, each once."""
    return tuple(dict.fromkeys(_open_names(value)))


def sizes_of(shapes: Sequence[Shape], values: Sequence[str]) -> dict[str, Any]:
    """What open sizes are in source in which values of these shapes go by these names, such as `x.shape[0]`.

    A name is found where it is the whole size of an axis; an axis of `2*T` does not tell `T`.
    """
    found: dict[str, Any] = {}
    for shape, value in zip(shapes, values, strict=True):
        for axis, size in enumerate(shape):
            if isinstance(size, Formula) and list(names(size)) == [str(size)]:
                found.setdefault(str(size), Variable(f"{value}.shape[{axis}]"))
    return found


def size_expression(size: Size, sizes: Mapping[str, Any]) -> Any:
    """A size as an expression, its open names replaced by what `sizes` has for them."""
    if isinstance(size, int):
        return size
    total: Any = None
    # A sum begins with a term that is added, if there is one.
    for monomial, coefficient in sorted(size.terms, key=lambda term: term[1] < 0):
        product: Any = abs(coefficient) if abs(coefficient) != 1 or not monomial else None
        for atom, power in monomial:
            factor = sizes[atom] if isinstance(atom, str) else _quotient(atom, sizes)
            factor = factor if power == 1 else Operation("**", (factor, power))
            product = factor if product is None else Operation("*", (product, factor))
        if total is None:
            total = product if coefficient > 0 else Operation("-", (product,))
        else:
            total = Operation("+" if coefficient > 0 else "-", (total, product))
    return total


def _quotient(quotient: Quotient, sizes: Mapping[str, Any]) -> Operation:
    return Operation("//", (size_expression(quotient.dividend, sizes), size_expression(quotient.divisor, sizes)))


def _put_in(value: Any, inputs: Sequence[Any], sizes: Mapping[str, Any]) -> Any:
    def within(part: Any) -> Any:
        return _put_in(part, inputs, sizes)

    match value:
        case Given(position):
            return inputs[position]
        case Formula():
            return size_expression(value, sizes)
        case Setting(name):
            return sizes[name]
        case Repeated(each, times):
            return replace(value, value=within(each), times=within(times))
        case Unsaid():
            return value
        case Method(receiver, name, positional, named):
            function = f"{grouped(within(receiver), Tight.ATOM)}.{name}"
            return Call(function, within(positional), {key: within(each) for key, each in named.items()})
        case Call(_, positional, named):
            return dataclasses.replace(
                value, positional=within(positional), named={key: within(each) for key, each in named.items()}
            )
        case Operation(symbol, operands):
            return Operation(symbol, within(operands))
        case Item(base, places):
            return Item(within(base), within(places))
        case Range(start, end, step):
            return Range(within(start), within(end), step)
        case tuple():
            return tuple(map(within, value))
        case Mapping():
            return {key: within(each) for key, each in value.items()}
        case _:
            return value


def _open_names(value: Any) -> Iterator[str]:
    for leaf in leaves(value):
        yield from names(leaf) if isinstance(leaf, Formula) else (leaf.name,)


def leaves(value: Any) -> Iterator[Formula | Setting]:
    """The open sizes, and parameters of the model, that an expression is made of."""
    parts: Iterable[Any] = ()
    match value:
        case Formula() | Setting():
            yield value
        case Method(receiver, _, positional, named):
            parts = (receiver, *positional, *named.values())
        case Call(_, positional, named):
            parts = (*positional, *named.values())
        case Operation(_, operands):
            parts = operands
        case Item(base, places):
            parts = (base, *places)
        case Range(start, end, _):
            parts = (start, end)
        case Repeated(each, times):
            parts = (each, times)
        case tuple():
            parts = value
        case Mapping():
            parts = value.values()
    for part in parts:
        yield from leaves(part)
