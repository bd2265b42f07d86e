"""A417: a layer that fits for some of the sizes that the inputs leave open, and not for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import lcm
from typing import ClassVar, Final, final

from archspec.diagnostics import Diagnostic, Severity
from archspec.graph import Graph, Path
from archspec.passes.advice.view import View
from archspec.passes.condition import Condition, conditions


@final
class ConditionalSizes(Diagnostic):
    """Shapes that agree for some sizes of the input only.

    Where an axis is divided by a stride and grows again, what was cut off does not come back. So a shortcut around such
    layers, or a skip connection, fits where the size is a multiple of the strides, and a network that takes images of
    any size fails for some of them when it runs. The smallest of these is told.

    Source: Ronneberger, Fischer and Brox, "U-Net", 2015 (arXiv:1505.04597), section 2, which asks for tiles of such
    sizes that each pooling is given an even one.

    Wrong:

    ```arch
    model Around {
        input image: [B, 3, H, 64]
        residual { maxpool(2) -> upsample(2) }
    }
    ```

    Right:

    ```arch
    model Around {
        input image: [B, 3, 2*H, 64]
        residual { maxpool(2) -> upsample(2) }
    }
    ```
    """

    code = "A417"
    name = "conditional-sizes"
    severity: ClassVar[Severity] = Severity.ADVICE
    op: str
    needs: str
    example: str
    left: str
    right: str
    declared: str | None
    """How an input is declared that has such sizes only, if that can be said."""

    def message(self) -> str:
        return f"this fits only where {self.needs}"

    def label(self) -> str:
        return f"with {self.example}, `{self.op}` would be given {self.left} and {self.right}"

    def help(self) -> str:
        if self.declared is None:
            return "say so where the input is declared, or let `pad` and `crop` make the sizes agree"
        return f"declare the input as {self.declared}, or let `pad` and `crop` make the sizes agree"


def find(view: View) -> Iterator[Diagnostic]:
    found: dict[Path, list[Condition]] = {}
    everywhere = conditions(view.graph)
    for each in everywhere:
        found.setdefault(each.node.path, []).append(each)
    declared = _declared(view.graph, everywhere)
    for of_one in found.values():
        first = min(of_one, key=lambda each: each.text)
        example = ", ".join(f"{name} = {size}" for name, size in first.counter_example.items())
        left, right = map(str, first.sizes)
        needs = " and ".join(sorted(each.text for each in of_one))
        yield ConditionalSizes(first.node.span, first.node.op.name, needs, example, left, right, declared)


def _declared(graph: Graph, everywhere: Sequence[Condition]) -> str | None:
    """The declarations of inputs whose sizes fulfil all conditions, where each is about multiples of one size."""
    multiples: dict[str, int] = {}
    for each in everywhere:
        for name in each.counter_example:
            multiples[name] = lcm(multiples.get(name, 1), each.multiple or 1)
    tried = [{name: number * times for name, number in multiples.items()} for times in range(1, TRIED)]
    if not all(each.holds(sizes) for each in everywhere for sizes in tried):
        return None
    changed = {}
    for one in graph.inputs:
        sizes = [f"{multiples[str(size)]}*{size}" if str(size) in multiples else str(size) for size in one.shape.sizes]
        if sizes != [str(size) for size in one.shape.sizes]:
            changed[one.name] = f"`[{', '.join(sizes)}]`"
    return " and ".join(changed.values()) or None


TRIED: Final = 20
"""With so many multiples, conditions are tried that were found apart from each other."""
