"""What boxes say where a template is given, such as `{op} {kernel} /{stride}`.

A template has words between blanks. A word with a field that a layer does not have is left out of its box, so that one
template does for all layers: a ReLU says `relu` where a convolution says `conv 3 /2`. `|` begins a new line.
"""

from __future__ import annotations

import re
from typing import Final

from archspec.drawing import DrawingError, meant
from archspec.graph import Graph, Value
from archspec_diagram import wording
from archspec_diagram.view import Item

_FIELD: Final = re.compile(r"\{([^{}]*)\}")
_OF_ALL: Final = ("op", "name", "path", "params", "shape", "times")


def check_template(template: str, graph: Graph) -> None:
    """See that there is every field of a template in some layer of the model.

    Raises:
        DrawingError: there is none, or a brace is not closed.
    """
    if "{" in _FIELD.sub("", template) or "}" in _FIELD.sub("", template):
        raise DrawingError(f"a brace of the label `{template}` has no partner; a field is written `{{op}}`")
    known = dict.fromkeys(_OF_ALL)
    for node in graph.nodes:
        known |= dict.fromkeys(type(node.op).model_fields)
    for name in _FIELD.findall(template):
        if name not in known:
            raise DrawingError(f"no layer of the model has `{name}` for a label{meant(name, known)}")


def said_beside(item: Item, template: str | None) -> tuple[Value, ...]:
    """The values whose shapes stand beside an item: none, where the template has its box say them."""
    has_it_inside = template is not None and "{shape}" in template and bool(item.nodes)
    return () if has_it_inside else item.said


def labelled(template: str, item: Item, number: int) -> list[str]:
    """The lines of a band of an item."""
    fields = _fields(item, number)
    lines = []
    for part in template.split("|"):
        words = []
        for word in part.split():
            names = _FIELD.findall(word)
            if all(name in fields for name in names):
                words.append(_FIELD.sub(lambda field: fields[field[1]], word))
        if words:
            lines.append(wording.clean(" ".join(words)))
    # How often something runs is said even where the template does not ask for it.
    if number == 0 and item.badge is not None and "{times}" not in template:
        lines[:1] = [f"{lines[0] if lines else ''} {item.badge.text}".strip()]
    return lines


def _fields(item: Item, number: int) -> dict[str, str]:
    node = item.nodes[number]
    found: dict[str, str] = {}
    if item.group is None:
        for name in type(node.op).model_fields:
            value = getattr(node.op, name)
            if value is not None and value != "":
                found[name] = wording.value(value)
        found |= {"op": node.op.name, "path": node.name, "shape": wording.shape(node.output)}
        parameters = node.parameters
    else:
        found |= {"op": item.group.block or item.name, "path": item.group.name}
        parameters = sum((each.parameters for each in item.nodes), 0)
    if item.group is not None or number == len(item.nodes) - 1:
        found["shape"] = wording.shape(item.gives[-1])
    if parameters != 0:
        found["params"] = wording.amount(parameters)
    if item.name and number == 0:
        found["name"] = item.name
    if item.badge is not None:
        found["times"] = str(item.badge.times)
    return found


def lines_of(item: Item, template: str | None) -> list[str]:
    """What an item says where only lines can be written, one below the other."""
    if not item.nodes:
        return [item.name]
    badge = f" {item.badge.text}" if item.badge else ""
    if template is not None:
        bands = range(len(item.nodes)) if item.group is None else range(1)
        return [line for number in bands for line in labelled(template, item, number)] or [" "]
    if item.group is not None:
        block = wording.clean(item.group.block or "")
        name = f"{item.name}: {block}" if item.name and block else block or item.name
        parameters = sum((node.parameters for node in item.nodes), 0)
        said = [item.content] if item.content and item.content != block else []
        said += [wording.parameters(parameters)] if parameters != 0 else []
        return [name + badge, *([" · ".join(said)] if said else [])]
    lines = []
    for number, node in enumerate(item.nodes):
        sign = wording.sign_alone(node) if wording.joins(node) else ""
        own = "" if sign else item.name if number == 0 else wording.own_name(node)
        op = sign or wording.called(node)
        name = (f"{own}: {op}" if own else op) + (badge if number == 0 else "")
        phrases = "" if sign else " · ".join(wording.details(node))
        if phrases and (node.op.family in wording.SLIM or wording.joins(node)):
            lines.append(f"{name} {phrases}")  # As on the bars of pictures.
        else:
            lines += [name, phrases] if phrases else [name]
    return lines
