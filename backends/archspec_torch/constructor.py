"""What makes the layers of a class: its `__init__`, or the call of an `nn.Sequential` in its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from archspec_torch.call import Call, Repeated, printed
from archspec_torch.layout import INDENT, assignment, expression, header
from archspec_torch.method import BODY
from archspec_torch.reach import Form

SEQUENTIAL: Final = (Form.ROW, Form.NAMED)
"""Classes that are an `nn.Sequential`, which has a method already."""

_FEWEST_REPEATED: Final = 3
"""Fewer blocks than this are written one below the other."""


def constructor(
    modules: Mapping[str, Any],
    arguments: Sequence[str],
    form: Form,
    flags: Mapping[str, Any],
    kept: Mapping[str, Any],
) -> Iterator[str]:
    """The lines of `__init__` that make the modules, some of which are there only if a flag says so."""
    yield from header("def __init__", ["self", *arguments], " -> None:", INDENT)
    if form in SEQUENTIAL:
        positional, named = in_a_row(form, modules)
        call = Call("super().__init__", positional, named, is_spread_row(form, positional))
        yield from expression(call, BODY, BODY, "")
        modules = {}
    elif form is Form.NUMBERED:
        yield from expression(Call("super().__init__", (modules,)), BODY, BODY, "")
        modules = {}
    else:
        yield f"{BODY}super().__init__()"
    for name, value in kept.items():
        yield from assignment(f"self.{name}", value, BODY)
    for name, call in modules.items():
        if name in flags:
            yield f"{BODY}self.{name}: nn.Module = nn.Identity()"
            yield f"{BODY}if {printed(flags[name])}:"
            yield from assignment(f"self.{name}", call, BODY + INDENT)
        elif name.isidentifier():
            yield from assignment(f"self.{name}", call, BODY)
        else:  # A number cannot be an attribute.
            yield from expression(Call("self.add_module", (name, call)), BODY, BODY, "")


def in_a_row(form: Form, modules: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of an `nn.Sequential`."""
    if form is Form.ROW:
        return tuple(counted(modules.values())), {}
    # A dictionary gives the layers their names; torch takes it in the order in which it is written.
    return (Call("OrderedDict", (modules,)),), {}


def is_row(modules: Mapping[str, Any]) -> bool:
    """Whether modules have the names that torch gives to those in a row."""
    return all(name == str(number) for number, name in enumerate(modules))


def is_spread_row(form: Form, modules: Sequence[Any]) -> bool:
    """Whether an `nn.Sequential` has a line for each of its modules."""
    return form is Form.ROW and not (len(modules) == 1 and isinstance(modules[0], Repeated))


def counted(calls: Iterable[Any], fewest: int = _FEWEST_REPEATED) -> Iterator[Any]:
    """Calls, of which several alike in a row are one that is repeated."""
    for call, alike in groupby(calls):
        times = len(list(alike))
        if times < fewest or not isinstance(call, Call) or "." in call.function:
            yield from [call] * times
        else:
            yield Repeated(call, times)


def form_of(modules: Mapping[str, Call]) -> Form:
    """The form of a class that is no `nn.Sequential`."""
    return Form.NUMBERED if modules and all(each.isdecimal() for each in modules) else Form.CLASS
