"""A graph as the source of a PyTorch module, laid out as an engineer would write it.

The names of the module are the names of the spec; a group of layers is an `nn.Sequential`. The same graph gives the
same text, and that text depends on torch alone.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from archspec.expression import written
from archspec.graph import Graph, Group, Node, Path
from archspec.version import VERSION
from archspec_torch.call import Call
from archspec_torch.lower import lower

WIDTH: Final = 88
"""The longest line, as Black and ruff have it where nothing else is said."""

INDENT: Final = "    "


def emit(graph: Graph) -> str:
    """The source of the model."""
    calls = {node.path: lower(node.op, *(value.shape for value in node.inputs)) for node in graph.nodes}
    supports = [_support(name) for name in sorted({call.function for call in calls.values()}) if "." not in name]
    lines = [*_docstring(_origin(graph), ""), ""]
    body = list(_body(graph, calls))
    if any("OrderedDict(" in line for line in body):
        lines += ["from collections import OrderedDict", ""]
    if any("F." in support for support in supports):
        lines += ["import torch.nn.functional as F"]
    lines += ["from torch import Tensor, nn", "", ""]
    for support in supports:
        lines += [*support.splitlines(), "", ""]
    return "\n".join((*lines, *body)) + "\n"


def _body(graph: Graph, calls: Mapping[Path, Call]) -> Iterator[str]:
    yield f"class {graph.name}(nn.Module):"
    yield from _docstring(_manual(graph), INDENT)
    yield ""
    yield f"{INDENT}def __init__(self) -> None:"
    yield f"{INDENT * 2}super().__init__()"
    for member in graph.members():
        yield from _expression(graph, member, calls, f"self.{member.path[-1]} = ", INDENT * 2, "")
    yield ""
    yield from _forward(graph)


def _origin(graph: Graph) -> str:
    """Where the source comes from. A folder would differ from one machine to the next, so the name alone is told."""
    name = graph.source.name.replace("\\", "/").rpartition("/")[2]
    digest = hashlib.sha256(graph.source.text.encode()).hexdigest()[:12]
    return (
        f"{graph.name} in PyTorch.\n\n"
        f"Written by archspec-nn {VERSION} from {name} (sha256 {digest}).\n"
        "Depends on torch alone. To change the model, change the spec and write this again."
    )


def _manual(graph: Graph) -> str:
    inputs = ", ".join(f"{value.name} {value.shape}" for value in graph.inputs)
    outputs = ", ".join(str(value.shape) for value in graph.outputs)
    parts = [graph.doc or f"{graph.name}.", f"Shapes: {inputs} -> {outputs}."]
    if graph.settings:
        parts.append(f"Built with {', '.join(f'{name}={written(value)}' for name, value in graph.settings.items())}.")
    return "\n\n".join(parts)


def _docstring(text: str, indent: str) -> Iterator[str]:
    """A text as a docstring. What the text is written with cannot end the docstring early."""
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').strip()
    if text.endswith('"'):
        text = f'{text[:-1]}\\"'
    first, *others = text.split("\n")
    quotes = '"""'
    if not others:
        yield f"{indent}{quotes}{first}{quotes}"
        return
    yield f"{indent}{quotes}{first}"
    for line in others:
        yield f"{indent}{line}".rstrip()
    yield f"{indent}{quotes}"


def _expression(
    graph: Graph, member: Node | Group, calls: Mapping[Path, Call], prefix: str, indent: str, suffix: str
) -> Iterator[str]:
    """The lines of an expression that builds a layer or a group, broken as `ruff format` would break them."""
    if isinstance(member, Node):
        yield from _broken(calls[member.path], prefix, indent, suffix)
        return
    members = graph.members(member.path)
    yield f"{indent}{prefix}nn.Sequential("
    if [each.path[-1] for each in members] == [str(number) for number in range(len(members))]:
        for each in members:
            yield from _expression(graph, each, calls, "", indent + INDENT, ",")
    else:
        # A dictionary gives the layers their names; torch takes it in the order in which it is written.
        yield f"{indent}{INDENT}OrderedDict("
        yield f"{indent}{INDENT * 2}{{"
        for each in members:
            yield from _expression(graph, each, calls, f'"{each.path[-1]}": ', indent + INDENT * 3, ",")
        yield f"{indent}{INDENT * 2}}}"
        yield f"{indent}{INDENT})"
    yield f"{indent}){suffix}"


def _broken(call: Call, prefix: str, indent: str, suffix: str) -> Iterator[str]:
    line = f"{indent}{prefix}{call}{suffix}"
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{indent}{prefix}{call.function}("
    inner = ", ".join(call.arguments)
    if len(indent) + len(INDENT) + len(inner) <= WIDTH:
        yield f"{indent}{INDENT}{inner}"
    else:
        yield from (f"{indent}{INDENT}{argument}," for argument in call.arguments)
    yield f"{indent}){suffix}"


def _forward(graph: Graph) -> Iterator[str]:
    arguments = "".join(f", {value.name}: Tensor" for value in graph.inputs)
    yield f"{INDENT}def forward(self{arguments}) -> Tensor:"
    variables = {value.producer: value.name for value in graph.inputs}
    members = graph.members()
    for number, member in enumerate(members, start=1):
        first, last = _ends(graph, member)
        call = f"self.{member.path[-1]}({', '.join(variables[value.producer] for value in first.inputs)})"
        statement = f"return {call}" if number == len(members) else f"x = {call}"
        variables[last.path] = "x"
        line = f"{INDENT * 2}{statement}  # {last.output.shape}"
        yield line if len(line) <= WIDTH else f"{INDENT * 2}{statement}"


def _ends(graph: Graph, member: Node | Group) -> tuple[Node, Node]:
    """The first and the last layer of a group; a layer is both itself."""
    first = last = member
    while isinstance(first, Group):
        first = graph.members(first.path)[0]
    while isinstance(last, Group):
        last = graph.members(last.path)[-1]
    return first, last


@cache
def _supports() -> dict[str, str]:
    """The source of each class of `support.py`, by its name."""
    text = files("archspec_torch").joinpath("support.py").read_text(encoding="utf-8")
    classes = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    return {node.name: ast.get_source_segment(text, node) or "" for node in classes}


def _support(name: str) -> str:
    return _supports()[name]

