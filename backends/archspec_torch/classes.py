"""The classes that a graph becomes: one for the model, and one for each kind of group that is no row of layers.

Groups that read the same share a class, and so do cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from archspec.expression import written
from archspec.graph import Graph, Group, Node, Path
from archspec.scan import Scan
from archspec_torch.call import Call, Variable
from archspec_torch.cell import REVERSE, STEP, parameters_of_cell, run
from archspec_torch.inline import Inline
from archspec_torch.layout import INDENT, assignment, docstring, expression, header
from archspec_torch.lower import lower
from archspec_torch.method import BODY, method, parameters_of
from archspec_torch.naming import Names, capitalised, class_name
from archspec_torch.needs import BIDIRECTIONAL
from archspec_torch.reach import Form, Reach
from archspec_torch.results import Results
from archspec_torch.scope import Scope, scope_of
from archspec_torch.sharing import calls_of
from archspec_torch.weights import Weights


@final
@dataclass
class Entry:
    """A class that all groups share that read the same, or all cells."""

    name: str
    write: Callable[[Entry], str]
    places: list[str] = field(default_factory=list)
    """What it is the class of, in words."""

    is_reversible: bool = False
    """Whether a sequence is gone through from its end by some of the cells."""

    def manual(self) -> str:
        """What it is the class of, in a sentence."""
        first, *others = self.places
        return f"{first}{f', and {len(others)} more like it' if others else ''}."


@final
class Book:
    """The classes of a source so far, in an order in which each stands after those that it needs."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.entries: dict[str, Entry] = {}

    def entry(self, text: str, wish: str, place: str, write: Callable[[Entry], str]) -> Entry:
        """The class that reads like a text, in which it has no name, or a new one."""
        if text not in self.entries:
            self.entries[text] = Entry(self.names.fresh(wish), write)
        self.entries[text].places.append(place)
        return self.entries[text]

    def texts(self) -> list[str]:
        return [entry.write(entry) for entry in self.entries.values()]


def classes_of(graph: Graph) -> list[str]:
    """The texts of all classes of a model, each after those that it needs."""
    book = Book(Names.of_classes(graph))
    results = Results.of(graph, book.names)
    text = _Classes(graph, book, "the model").model(results)
    return [*book.texts(), *([results.text()] if results else []), text]


@final
class _Classes:
    """The classes of a graph."""

    def __init__(self, graph: Graph, book: Book, whole: str) -> None:
        self.graph = graph
        self.book = book
        self.whole = whole
        """What the graph is called where its groups are spoken of."""

        self.lowered: dict[Path, Call | Inline] = {}
        for node in graph.nodes:
            self.lowered[node.path] = self.lower(node)
        self.functions = {path: each.function for path, each in self.lowered.items() if isinstance(each, Call)}
        self.calls = calls_of(graph, self.lowered)
        self.root = scope_of(graph, self.lowered, self.calls)
        self.scopes = dict(_by_path(self.root))
        self.weights = Weights(graph, self.functions, self.calls)
        self.entered = frozenset((*_entered(self.scopes.values()), *self.weights.entered()))
        """The groups that are classes even where their layers are in a row: of the members of an `nn.Sequential` a type
        checker knows too little for what is done with them from outside."""

        self.forms: dict[Path, Form] = {}

    def lower(self, node: Node) -> Call | Inline:
        """What a layer is in PyTorch; a cell is built by a class of its own."""
        if not isinstance(node.op, Scan):
            return lower(node.op, *(value.shape for value in node.inputs))
        if node.shares is not None:
            return self.lowered[node.shares]
        entry = _Classes(node.op.cell, self.book, f"`{node.op.cell.name}`").cell(node)
        entry.is_reversible |= node.op.direction != "forward"
        forwards, backwards = Call(entry.name), Call(entry.name, (), {REVERSE: True})
        match node.op.direction:
            case "forward":
                return forwards
            case "backward":
                return backwards
            case "both":
                return Call(BIDIRECTIONAL, (forwards, backwards))

    def model(self, results: Results | None) -> str:
        """The text of the class of the model."""
        parameters = [value.name for value in self.graph.inputs]
        return self.text(self.graph.name, _manual(self.graph), self.modules(()), self.root, parameters, results)

    def cell(self, node: Node) -> Entry:
        """The class of the graph as a cell, which a layer of another graph runs."""
        modules = self.modules(())
        parameters = parameters_of_cell(self.graph)
        shapes = _shapes(parameters, self.root, "Shapes at one position")

        def text(name: str, manual: str, is_reversible: bool) -> str:
            return self.text(name, manual, modules, self.root, parameters, is_cell=True, is_reversible=is_reversible)

        def write(entry: Entry) -> str:
            parts = [self.graph.doc.strip(), entry.manual(), shapes]
            return text(entry.name, "\n\n".join(filter(None, parts)), entry.is_reversible)

        wish = capitalised(self.graph.name)
        return self.book.entry(text("", shapes, False), wish, f"The cell of `{node.name}`", write)

    def modules(self, path: Path) -> dict[str, Call]:
        """The calls that build the modules of a group, by name."""
        found = ((member.path[-1], self.module(member)) for member in self.graph.members(path))
        return {name: call for name, call in found if call is not None}

    def module(self, member: Node | Group) -> Call | None:
        """The call that builds a layer or a group of them, if it is a module of its own."""
        path = member.path
        if isinstance(member, Node):
            lowered = self.lowered[path]
            return lowered if isinstance(lowered, Call) and self.calls.modules[path] == path else None
        modules = {} if path in self.calls.again else self.modules(path)
        scope = self.scopes.get(path)
        if scope is None and not modules:
            return None
        # Torch would give the members of a row these names anyway.
        is_row = all(name == str(number) for number, name in enumerate(modules))
        if scope is None or not scope.is_chain or (path in self.entered and not is_row):
            self.forms[path] = _form(modules)
            return Call(self.share(path, modules, scope))
        if is_row:
            self.forms[path] = Form.ROW
            return Call("nn.Sequential", tuple(modules.values()), is_spread=True)
        # A dictionary gives the layers their names; torch takes it in the order in which it is written.
        self.forms[path] = Form.NAMED
        return Call("nn.Sequential", (Call("OrderedDict", (modules,)),))

    def share(self, path: Path, modules: Mapping[str, Call], scope: Scope | None) -> str:
        """The name of the class of a group, which is that of an earlier group if it reads the same."""
        # The names of inputs come from around the group, and so do not tell one class from another.
        numbered = [f"x{number}" for number, _ in enumerate(scope.inputs)] if scope else []
        around = scope or path
        text = self.text("", _shapes(numbered, scope) if scope else "", modules, around, numbered)

        def write(entry: Entry) -> str:
            # A group that cannot be called as a whole is there for its layers.
            parameters = parameters_of(self.graph, scope) if scope else []
            use = _shapes(parameters, scope) if scope else "Holds its layers."
            parts = [self.graph.groups[path].doc, entry.manual(), use]
            return self.text(entry.name, "\n\n".join(filter(None, parts)), modules, around, parameters)

        group = self.graph.groups[path]
        return self.book.entry(text, class_name(group), f"`{group.name}` of {self.whole}", write).name

    def text(
        self,
        name: str,
        manual: str,
        modules: Mapping[str, Call],
        scope: Scope | Path,
        parameters: Sequence[str],
        results: Results | None = None,
        is_cell: bool = False,
        is_reversible: bool = False,
    ) -> str:
        """The text of a class with a method for a scope, or with none, where it stands for the layers at a path."""
        path = scope.path if isinstance(scope, Scope) else scope
        form = _form(modules)
        reach = Reach(path, form, self.forms)
        lines = [*header(f"class {name}", ["nn.ModuleDict" if form is Form.NUMBERED else "nn.Module"], ":", "")]
        lines += [*docstring(manual, INDENT), ""]
        if modules or is_reversible:
            lines += _constructor(modules, is_reversible)
            statements = self.weights.prepared(reach)
            lines += ["", *statements] if statements else []
        if isinstance(scope, Scope):
            lines += [""] if modules or is_reversible else []
            lines += method(self.graph, scope, parameters, reach.module, results, STEP if is_cell else "forward")
        if is_cell:
            lines += ["", *run(self.graph, parameters, is_reversible)]
        return "\n".join(lines)


def _form(modules: Mapping[str, Call]) -> Form:
    return Form.NUMBERED if modules and all(each.isdecimal() for each in modules) else Form.CLASS


def _constructor(modules: Mapping[str, Call], is_reversible: bool) -> Iterator[str]:
    """The lines of `__init__` that make the modules."""
    arguments = ["self", f"{REVERSE}: bool = False"] if is_reversible else ["self"]
    yield from header("def __init__", arguments, " -> None:", INDENT)
    if _form(modules) is Form.NUMBERED:
        yield from expression(Call("super().__init__", (modules,)), BODY, BODY, "")
    else:
        yield f"{BODY}super().__init__()"
    if is_reversible:
        yield from assignment(f"self.{REVERSE}", Variable(REVERSE), BODY)
    for name, call in modules.items() if _form(modules) is Form.CLASS else ():
        if name.isidentifier():
            yield from assignment(f"self.{name}", call, BODY)
        else:  # A number cannot be an attribute.
            yield from expression(Call("self.add_module", (name, call)), BODY, BODY, "")


def _manual(graph: Graph) -> str:
    parts = [graph.doc.strip() or f"{graph.name}.", _shapes([value.name for value in graph.inputs], graph)]
    if graph.settings:
        parts.append(f"Built with {', '.join(f'{name}={written(value)}' for name, value in graph.settings.items())}.")
    return "\n\n".join(parts)


def _shapes(names: Sequence[str], flow: Graph | Scope, title: str = "Shapes") -> str:
    inputs = ", ".join(f"{name} {value.shape}" for name, value in zip(names, flow.inputs, strict=True))
    if isinstance(flow, Scope) or len(flow.outputs) == 1:
        return f"{title}: {inputs} -> {', '.join(str(each.shape) for each in flow.outputs)}."
    always = ", ".join(f"{each.name} {each.shape}" for each in flow.outputs if not each.in_training_only)
    further = ", ".join(f"{each.name} {each.shape}" for each in flow.outputs if each.in_training_only)
    return f"{title}: {inputs} -> {always}{further and f'; in training also {further}'}."


def _by_path(scope: Scope) -> Iterator[tuple[Path, Scope]]:
    yield scope.path, scope
    for step in scope.steps:
        if step.scope is not None:
            yield from _by_path(step.scope)


def _entered(scopes: Iterable[Scope]) -> Iterator[Path]:
    """The groups that the method of a scope around them reaches into, to call what is inside."""
    for scope in scopes:
        for step in scope.steps:
            if step.module != step.path:
                yield from (step.module[:length] for length in range(len(scope.path) + 1, len(step.module)))
