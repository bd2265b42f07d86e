"""A memory with slots."""

from __future__ import annotations

from archspec.ops.memory import Address, Read, Write
from archspec.shape import Shape
from archspec_torch.call import Call, Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed


@lower.register
def _(op: Address, memory: Shape, key: Shape, strength: Shape | None = None) -> Call:
    return Call("MemoryAddress", (), changed(cosine=(op.score == "cosine", True)))


@lower.register
def _(op: Read, memory: Shape, weights: Shape) -> Inline:
    if weights.rank == 3:
        return Inline(Call.of("torch.bmm", Given(1), Given(0)))
    # One head is a matrix of one row.
    found = Call.of("torch.bmm", Method(Given(1), "unsqueeze", (1,)), Given(0))
    return Inline(Method(found, "squeeze", (1,)))


@lower.register
def _(op: Write, memory: Shape, weights: Shape, erase: Shape, add: Shape) -> Call:
    return Call("MemoryWrite")
