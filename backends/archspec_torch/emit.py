"""A graph as the source of a PyTorch module, laid out as an engineer would write it.

The names of the module are the names of the spec; a group of layers is an `nn.Sequential`. The same graph gives the
same text, and that text depends on torch alone.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from archspec.expression import written
from archspec.graph import Graph, Group, Node, Path
from archspec.version import VERSION
from archspec_torch.call import Call, Variable
from archspec_torch.layout import INDENT, assignment, docstring, header
from archspec_torch.lower import lower

_STATEMENT: Final = INDENT * 2
"""How far the statements of a method are indented."""


def emit(graph: Graph) -> str:
    """The source of the model."""
    calls = {node.path: lower(node.op, *(value.shape for value in node.inputs)) for node in graph.nodes}
    layers = {member.path[-1]: _layer(graph, member, calls) for member in graph.members()}
    supports = [
        supports_by_name()[name] for name in sorted({call.function for call in calls.values()}) if "." not in name
    ]
    lines = [*docstring(_origin(graph), ""), ""]
    if any(_is_named(graph, group) for group in graph.groups):
        lines += ["from collections import OrderedDict", ""]
    if any(re.search(r"\bF\.", support) for support in supports):
        lines += ["import torch.nn.functional as F"]
    lines += ["from torch import Tensor, nn", "", ""]
    for support in supports:
        lines += [*support.split("\n"), "", ""]
    lines += header(f"class {graph.name}", ["nn.Module"], ":", "")
    lines += [*docstring(_manual(graph), INDENT), ""]
    lines += [f"{INDENT}def __init__(self) -> None:", f"{_STATEMENT}super().__init__()"]
    for name, layer in layers.items():
        lines += assignment(f"self.{name}", layer, _STATEMENT)
    return "\n".join((*lines, "", *_forward(graph), ""))


def _origin(graph: Graph) -> str:
    """Where the source comes from. A folder would differ from one machine to the next, so the name alone is told."""
    name = " ".join(graph.source.name.replace("\\", "/").rpartition("/")[2].split()) or "a text"
    digest = hashlib.sha256(graph.source.text.encode()).hexdigest()[:12]
    return (
        f"{graph.name} in PyTorch.\n\n"
        f"Written by archspec-nn {VERSION} from {name} (sha256 {digest}).\n"
        "Depends on torch alone. To change the model, change the spec and write this again."
    )


def _manual(graph: Graph) -> str:
    inputs = ", ".join(f"{value.name} {value.shape}" for value in graph.inputs)
    outputs = ", ".join(str(value.shape) for value in graph.outputs)
    parts = [graph.doc.strip() or f"{graph.name}.", f"Shapes: {inputs} -> {outputs}."]
    if graph.settings:
        parts.append(f"Built with {', '.join(f'{name}={written(value)}' for name, value in graph.settings.items())}.")
    return "\n\n".join(parts)


def _layer(graph: Graph, member: Node | Group, calls: Mapping[Path, Call]) -> Call:
    """The call that builds a layer, or a group of them."""
    if isinstance(member, Node):
        return calls[member.path]
    layers = {each.path[-1]: _layer(graph, each, calls) for each in graph.members(member.path)}
    if _is_named(graph, member.path):
        # A dictionary gives the layers their names; torch takes it in the order in which it is written.
        return Call("nn.Sequential", (Call("OrderedDict", (layers,)),))
    return Call("nn.Sequential", tuple(layers.values()), is_spread=True)


def _is_named(graph: Graph, group: Path) -> bool:
    """Whether any member of a group has another name than its position, which is what torch would give it."""
    return any(each.path[-1] != str(number) for number, each in enumerate(graph.members(group)))


def _forward(graph: Graph) -> Iterator[str]:
    parameters = [f"{value.name}: Tensor" for value in graph.inputs]
    yield from header("def forward", ["self", *parameters], " -> Tensor:", INDENT)
    variables = {value.producer: value.name for value in graph.inputs}
    # What a module returns may be anything to a type checker, until a variable is said to be a tensor.
    target = "x" if "x" in variables.values() else "x: Tensor"
    for member in graph.members():
        first, last = _ends(graph, member)
        given = (Variable(variables[value.producer]) for value in first.inputs)
        shape = str(last.output.shape)
        yield from assignment(target, Call(f"self.{member.path[-1]}", tuple(given)), _STATEMENT, shape)
        variables[last.path] = target = "x"
    yield f"{_STATEMENT}return x"


def _ends(graph: Graph, member: Node | Group) -> tuple[Node, Node]:
    """The first and the last layer of a group; a layer is both itself."""
    first = last = member
    while isinstance(first, Group):
        first = graph.members(first.path)[0]
    while isinstance(last, Group):
        last = graph.members(last.path)[-1]
    return first, last


@cache
def supports_by_name() -> Mapping[str, str]:
    """The source of each class of `support.py`."""
    text = files("archspec_torch").joinpath("support.py").read_text(encoding="utf-8")
    classes = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    return {node.name: ast.get_source_segment(text, node) or "" for node in classes}
