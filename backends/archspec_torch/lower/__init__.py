"""What each op is in PyTorch: a call that builds its module, or, if it needs none, an expression over its inputs.

The parameters and buffers of that module have the names that the op gives them. Nothing here needs torch.

What the ops of a module of `archspec.ops` are stands in the module here that has its name, and is read when one of them
is first lowered. Other packages offer modules of their own, by the entry point group `archspec_torch.lower`.
"""

from __future__ import annotations

from functools import cache, singledispatch
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from archspec.op import Op
from archspec.shape import Shape
from archspec.size import Size
from archspec_torch.call import Call
from archspec_torch.inline import Inline

GROUP: Final = "archspec_torch.lower"
"""The entry point group that a package offers the lowerings of its ops in: each entry is a module that has some."""


class NoLoweringError(LookupError):
    """No one has said what an op is in PyTorch."""

    def __init__(self, op: Op) -> None:
        super().__init__(f"`{op.name}` cannot be written in PyTorch: no lowering is registered for it")
        self.op = op


class OpenSizeError(ValueError):
    """A module must be built with a size that is still open."""

    def __init__(self, op: Op, what: str, size: Size) -> None:
        super().__init__(f"`{op.name}` needs {what} as a number, but it is `{size}`")
        self.op = op
        self.size = size


@singledispatch
def lower(op: Op, *inputs: Shape) -> Call | Inline:
    """The call that builds the module of an op for inputs of these shapes. Arguments at torch's defaults are left out.

    An op that needs no module, as it has no weights and is shorter to write out, is an `Inline` instead: an expression
    over its inputs. A module is called with all inputs of the op, in order, and gives its outputs, in order, unless the
    call says otherwise.

    Another package adds the lowering of its own op with `lower.register`.
    """
    _read(type(op).__module__)
    if lower.dispatch(type(op)) is lower.dispatch(object):
        _read_installed()
    if lower.dispatch(type(op)) is lower.dispatch(object):
        raise NoLoweringError(op)
    return lower(op, *inputs)


@cache
def _read(module: str) -> None:
    """Read what the ops of one of our own modules are."""
    package, _, name = module.rpartition(".")
    if package == "archspec.ops" and find_spec(f"{__name__}.{name}") is not None:
        import_module(f"{__name__}.{name}")


@cache
def _read_installed() -> None:
    """Read what the ops of other packages are."""
    from importlib.metadata import entry_points  # Only ops of other packages wait for it.

    for entry in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        entry.load()
