"""A417: a layer that fits for some of the sizes that the inputs leave open, and not for all."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.diagnostics import Diagnostic
from archspec.graph import Path
from archspec.passes.advice.view import View
from archspec.passes.condition import Condition, conditions


def find(view: View) -> Iterator[Diagnostic]:
    found: dict[Path, list[Condition]] = {}
    for each in conditions(view.graph):
        found.setdefault(each.node.path, []).append(each)
    for of_one in found.values():
        from archspec.catalog.advice import ConditionalSizes

        first = min(of_one, key=lambda each: each.text)
        example = ", ".join(f"{name} = {size}" for name, size in first.counter_example.items())
        left, right = map(str, first.sizes)
        needs = " and ".join(sorted(each.text for each in of_one))
        yield ConditionalSizes(first.node.span, first.node.op.name, needs, example, left, right)
