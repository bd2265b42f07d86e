"""The list of ops for programs, with all that the manual says of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from inspect import cleandoc
from typing import Any

from archspec.manual import by_family, chosen
from archspec.manual.page import Page
from archspec.op import Op


def listing(ops: Mapping[str, type[Op]], family: str | None = None) -> str:
    """The ops as JSON: a list of objects, with all that the manual says.

    Raises:
        UnknownTopicError: there is no such family.
    """
    members = [each for pages in chosen(by_family(ops), family).values() for each in pages]
    return json.dumps([_as_data(each) for each in members], indent=2, ensure_ascii=False)


def _as_data(each: Page) -> dict[str, Any]:
    least, most = each.op.arity()
    return {
        "name": each.name,
        "family": str(each.op.family),
        "title": each.title,
        "doc": cleandoc(each.op.__doc__ or ""),
        "use": each.use,
        "equation": each.equation or None,
        "shapes": list(each.shapes),
        "inputs": [
            {
                "name": one.name,
                "elements": list(map(str, one.elements)),
                "optional": one.is_optional,
                "repeats": one.repeats,
            }
            for one in each.inputs
        ],
        "least_inputs": least,
        "most_inputs": most,
        "settings": [
            {
                "name": one.name,
                "accepts": one.accepts,
                "words": list(one.words),
                "required": one.is_required,
                "default": one.default,
                "description": one.description,
            }
            for one in each.settings
        ],
        "without_names": list(each.op.positional()),
        "examples": [
            {
                "spec": use.line,
                "inputs": list(map(str, use.inputs)),
                "outputs": list(map(str, use.outputs)),
                "weights": {name: str(shape) for name, shape in use.weights.items()},
                "buffers": {name: str(shape) for name, shape in use.buffers.items()},
                "macs": use.macs if isinstance(use.macs, int) else str(use.macs),
            }
            for use in each.examples
        ],
        "source": each.source,
    }
