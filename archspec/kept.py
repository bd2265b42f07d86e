"""What an op keeps of a forward pass, so that gradients can flow back through it.

A value that several layers keep is kept once: what an op keeps is therefore said as which of its inputs and outputs it
is, and not as a number of bytes. What is left to say in numbers is what nobody else sees. The rules are those of torch
run eagerly, one kernel an op; a test compares them with what autograd saves, for every example of every op.
"""

from __future__ import annotations

from typing import final

from msgspec import Struct

from archspec.shape import Shape


@final
class Kept(Struct, frozen=True):
    """What an op keeps for the backward pass, where a gradient flows through it.

    Its trained weights, and what else is there all the time, are no part of it.
    """

    inputs: tuple[int, ...] = ()
    """The inputs that are kept, by number."""

    outputs: tuple[int, ...] = ()
    """The outputs that are kept, by number."""

    factors: tuple[tuple[int, ...], ...] = ()
    """Inputs that are multiplied with each other. Each is kept where another of them has a gradient."""

    further: tuple[Shape, ...] = ()
    """Values of its own that no other layer sees, such as the statistics of a normalisation."""

    masks: tuple[Shape, ...] = ()
    """Where dropout let values through: a byte for each on a GPU, and a number for each on a CPU."""

    lies_in: int | None = None
    """The input in whose memory the outputs lie, where they are views of it, such as a part or another shape."""


NOTHING = Kept()
"""What an op keeps whose gradient does not depend on any value, such as a sum."""


def view(input: int = 0) -> Kept:
    """What an op keeps that shows an input in another way, and copies nothing."""
    return Kept(lies_in=input)
