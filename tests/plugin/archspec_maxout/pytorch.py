"""What the op is in PyTorch. Nothing here needs torch."""

from __future__ import annotations

from pathlib import Path

from archspec import Shape
from archspec_maxout.ops import Maxout
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number
from archspec_torch.sources import offer

# The source of the classes in this file is written out with the models that use them.
offer(Path(__file__).with_name("modules.py"))


@lower.register
def _(op: Maxout, x: Shape) -> Call:
    return Call(
        "Maxout",
        (number(op, "the last size of its input", x[-1]), number(op, "its features", op.features)),
        changed(pieces=(op.pieces, 2), bias=(op.bias, True)),
    )
