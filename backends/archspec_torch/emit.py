"""A graph as the source of a PyTorch module, laid out as an engineer would write it.

The names of the module are the names of the spec. A group of layers in a row is an `nn.Sequential`; any other is a
class, and groups that read the same share one. The same graph gives the same text, which depends on torch alone.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, final

from archspec.expression import written
from archspec.graph import Graph, Group, Node, Path
from archspec.version import VERSION
from archspec_torch.call import Call
from archspec_torch.inline import Inline
from archspec_torch.layout import INDENT, assignment, docstring, expression, header
from archspec_torch.lower import lower
from archspec_torch.method import BODY, forward, parameters_of
from archspec_torch.naming import Names, class_name
from archspec_torch.scope import Scope, scope_of

_IMPORTS: Final = {
    "OrderedDict": ["from collections import OrderedDict", ""],
    "torch": ["import torch"],
    "F": ["import torch.nn.functional as F"],
}
"""What is imported where it is used, in the order of the source."""


def emit(graph: Graph) -> str:
    """The source of the model."""
    lowered = {node.path: lower(node.op, *(value.shape for value in node.inputs)) for node in graph.nodes}
    model = _Classes(graph, lowered).model()
    functions = {each.function for each in lowered.values() if isinstance(each, Call)}
    supports = [supports_by_name()[name] for name in sorted(functions) if "." not in name]
    body: list[str] = []
    for text in (*supports, *model):
        body += ["", "", *text.split("\n")]
    used = {each.id for each in ast.walk(ast.parse("\n".join(body))) if isinstance(each, ast.Name)}
    lines = [*docstring(_origin(graph), ""), ""]
    for name, imported in _IMPORTS.items():
        lines += imported if name in used else []
    return "\n".join((*lines, "from torch import Tensor, nn", *body, ""))


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
    parts = [graph.doc.strip() or f"{graph.name}.", _shapes([value.name for value in graph.inputs], graph)]
    if graph.settings:
        parts.append(f"Built with {', '.join(f'{name}={written(value)}' for name, value in graph.settings.items())}.")
    return "\n\n".join(parts)


def _shapes(names: Sequence[str], flow: Graph | Scope) -> str:
    inputs = ", ".join(f"{name} {value.shape}" for name, value in zip(names, flow.inputs, strict=True))
    return f"Shapes: {inputs} -> {', '.join(str(each.shape) for each in flow.outputs)}."


@final
@dataclass(frozen=True)
class _Shared:
    """A class, with the groups that it is written for."""

    name: str
    modules: Mapping[str, Call]
    paths: list[Path]


@final
class _Classes:
    """The classes of a model."""

    def __init__(self, graph: Graph, lowered: Mapping[Path, Call | Inline]) -> None:
        self.graph = graph
        self.lowered = lowered
        self.root = scope_of(graph, lowered)
        self.scopes = dict(_by_path(self.root))
        self.names = Names.of_classes(graph)
        self.shared: dict[str, _Shared] = {}

    def model(self) -> list[str]:
        """The texts of all classes, each after those that it needs."""
        parameters = [value.name for value in self.graph.inputs]
        text = self.text(self.graph.name, _manual(self.graph), self.modules(()), (), parameters)
        return [*map(self.shared_text, self.shared.values()), text]

    def modules(self, path: Path) -> dict[str, Call]:
        """The calls that build the modules of a group, by name."""
        found = ((member.path[-1], self.module(member)) for member in self.graph.members(path))
        return {name: call for name, call in found if call is not None}

    def module(self, member: Node | Group) -> Call | None:
        """The call that builds a layer or a group of them, if it is a module at all."""
        if isinstance(member, Node):
            lowered = self.lowered[member.path]
            return lowered if isinstance(lowered, Call) else None
        modules = self.modules(member.path)
        scope = self.scopes.get(member.path)
        if scope is None and not modules:
            return None
        if scope is None or not scope.is_chain:
            return Call(self.share(member.path, modules))
        if all(name == str(number) for number, name in enumerate(modules)):
            # Torch would give them these names anyway.
            return Call("nn.Sequential", tuple(modules.values()), is_spread=True)
        # A dictionary gives the layers their names; torch takes it in the order in which it is written.
        return Call("nn.Sequential", (Call("OrderedDict", (modules,)),))

    def share(self, path: Path, modules: Mapping[str, Call]) -> str:
        """The name of the class of a group, which is that of an earlier group if it reads the same."""
        scope = self.scopes.get(path)
        # The names of inputs come from around the group, and so do not tell one class from another.
        numbered = [f"x{number}" for number, _ in enumerate(scope.inputs)] if scope else []
        text = self.text("", _shapes(numbered, scope) if scope else "", modules, path, numbered)
        if text not in self.shared:
            self.shared[text] = _Shared(self.names.fresh(class_name(self.graph.groups[path])), modules, [])
        self.shared[text].paths.append(path)
        return self.shared[text].name

    def shared_text(self, shared: _Shared) -> str:
        path, *others = shared.paths
        scope = self.scopes.get(path)
        manual = f"`{'.'.join(path)}` of the model{f', and {len(others)} more like it' if others else ''}."
        if doc := self.graph.groups[path].doc:
            manual = f"{doc}\n\n{manual}"
        if scope is None:
            # Others run in between of its layers, so that it cannot be called.
            return self.text(shared.name, f"{manual}\n\nHolds its layers.", shared.modules, path, [])
        parameters = parameters_of(self.graph, scope)
        return self.text(shared.name, f"{manual}\n\n{_shapes(parameters, scope)}", shared.modules, path, parameters)

    def text(self, name: str, manual: str, modules: Mapping[str, Call], path: Path, parameters: Sequence[str]) -> str:
        is_numbered = bool(modules) and all(each.isdecimal() for each in modules)
        lines = [*header(f"class {name}", ["nn.ModuleDict" if is_numbered else "nn.Module"], ":", "")]
        lines += [*docstring(manual, INDENT), ""]
        if is_numbered:
            lines += [f"{INDENT}def __init__(self) -> None:"]
            lines += expression(Call("super().__init__", (modules,)), BODY, BODY, "")
        elif modules:
            lines += [f"{INDENT}def __init__(self) -> None:", f"{BODY}super().__init__()"]
            for each, call in modules.items():
                lines += _attribute(each, call)

        def access(target: Path) -> str:
            inner = target[len(path) :]
            if len(inner) > 1 or not (is_numbered or inner[0].isidentifier()):
                return f'self.get_submodule("{".".join(inner)}")'
            return f'self["{inner[0]}"]' if is_numbered else f"self.{inner[0]}"

        if path in self.scopes:
            lines += [""] if modules else []
            lines += forward(self.graph, self.scopes[path], parameters, access)
        return "\n".join(lines)


def _attribute(name: str, call: Call) -> Iterator[str]:
    """The statement that gives a module to the one around it. A number cannot be an attribute."""
    if name.isidentifier():
        yield from assignment(f"self.{name}", call, BODY)
    else:
        yield from expression(Call("self.add_module", (name, call)), BODY, BODY, "")


def _by_path(scope: Scope) -> Iterator[tuple[Path, Scope]]:
    yield scope.path, scope
    for step in scope.steps:
        if isinstance(step.member, Scope):
            yield from _by_path(step.member)


@cache
def supports_by_name() -> Mapping[str, str]:
    """The source of each class of `support.py`."""
    text = files("archspec_torch").joinpath("support.py").read_text(encoding="utf-8")
    classes = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    return {node.name: ast.get_source_segment(text, node) or "" for node in classes}
