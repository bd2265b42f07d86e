"""A difference for programs; `docs/diff.md` tells what each key holds.

A quantity is a number, or the text of a formula where a size that it depends on is open. The size of the batch, where
that is open, counts as 1, which `assumed` says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from archspec.difference import Change, Difference, Fact, Total, Use
from archspec.passes.cost import Cost
from archspec.size import Size
from archspec.summary.wording import factored


def written(difference: Difference) -> str:
    return json.dumps(content(difference), indent=2, ensure_ascii=False) + "\n"


def content(difference: Difference) -> dict[str, Any]:
    """The difference as numbers, texts, lists and objects."""
    old, new = difference.old, difference.new
    return {
        "old": {"name": difference.names[0], "model": old.model},
        "new": {"name": difference.names[1], "model": new.model},
        "differs": bool(difference),
        "assumed": dict.fromkeys(difference.batches, 1),
        "model": _facts(difference.facts),
        "layers": [_change(difference, each) for each in difference.changes],
        "totals": {each.key: _total(each) for each in difference.totals},
        "renamed_weights": [{"old": one, "new": other} for one, other in difference.renamed_weights],
    }


def _facts(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    return [{"what": each.name, "old": each.old, "new": each.new} for each in facts]


def _change(difference: Difference, change: Change) -> dict[str, Any]:
    return {
        "change": change.kind.value,
        "place": change.place,
        **_costs(difference, change.before, change.after),
        "uses": [_use(difference, each) for each in change.uses],
    }


def _use(difference: Difference, use: Use) -> dict[str, Any]:
    return {
        "old": None if use.old is None else ".".join(use.old),
        "new": None if use.new is None else ".".join(use.new),
        "old_op": use.old_what or None,
        "new_op": use.new_what or None,
        "layers": use.layers,
        "facts": _facts(use.facts),
        "shapes": _facts(use.shapes),
        **_costs(difference, use.before, use.after),
    }


def _costs(difference: Difference, before: Cost, after: Cost) -> dict[str, Any]:
    old, new = difference.old.of_one, difference.new.of_one
    return {
        name: {"old": _value(old(getattr(before, name))), "new": _value(new(getattr(after, name)))}
        for name in ("parameters", "macs")
    }


def _total(total: Total) -> dict[str, Any]:
    if total.numbers is not None:
        old, new = total.numbers
        return {"old": old, "new": new, "change": new - old}
    change = total.change
    return {"old": _values(total.old), "new": _values(total.new), "change": None if change is None else _value(change)}


def _values(sizes: tuple[Size, ...]) -> int | str | list[int | str]:
    """One, or several the largest of which counts."""
    return _value(sizes[0]) if len(sizes) == 1 else [_value(each) for each in sizes]


def _value(size: Size) -> int | str:
    return size if isinstance(size, int) else factored(size)
