"""The classes that a graph becomes: one for the model, and one for each kind of group that is no row of layers.

Groups that read the same share a class, and so do cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any, Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.graph import Graph, Group, Node, Path, Value
from archspec.scan import Scan
from archspec.size import Size
from archspec_torch.alike import Alike, Use, alike_in, known_by
from archspec_torch.book import Book, Entry
from archspec_torch.call import Call, Repeated, Variable, printed
from archspec_torch.cell import REVERSE, STEP, parameters_of_cell, run
from archspec_torch.constructor import SEQUENTIAL, constructor, counted, form_of, in_a_row, is_row, is_spread_row
from archspec_torch.inline import Inline, bound
from archspec_torch.layout import INDENT, docstring, header, wrapped
from archspec_torch.lifting import ABSENT, Arguments, given
from archspec_torch.method import BODY, method, parameters_of
from archspec_torch.naming import Names, capitalised, class_name
from archspec_torch.needs import (
    BIDIRECTIONAL,
    CHECKPOINTED,
    CHECKPOINTING,
    INIT,
    RESET,
    RESET_PARAMETRISED,
    UNTIE,
    has_own_starts,
    has_parametrised,
    has_ties,
    has_weights,
)
from archspec_torch.opened import TAKEN_BY_CONSTRUCTOR, Open, opened
from archspec_torch.reach import Form, Reach
from archspec_torch.results import Results
from archspec_torch.scope import Scope, scope_of
from archspec_torch.sharing import calls_of
from archspec_torch.shown import manual_of, shape_in_all, shapes_of
from archspec_torch.weights import Weights


def classes_of(graph: Graph) -> list[str]:
    """The texts of all classes of a model, each after those that it needs."""
    found = opened(graph)
    texts = _texts(found)
    closed: set[str] = set()
    # What has another source for another number of passes is written for those that it has.
    while wrong := {name for name, others in found.others.items() if any(_texts(each) != texts for each in others)}:
        closed |= wrong
        found = opened(graph, closed)
        texts = _texts(found)
    return texts


def _texts(found: Open) -> list[str]:
    book = Book(Names.of_classes(found.graph, found.parameters))
    results = Results.of(found.graph, book.names, found.shown)
    text = _Classes(found, book, "the model").model(results)
    return [*book.texts(), *([results.text()] if results else []), text]


@final
class _Classes:
    """The classes of a graph."""

    def __init__(self, found: Open, book: Book, whole: str) -> None:
        graph = found.graph
        self.open = found
        self.graph = graph
        self.book = book
        self.whole = whole
        """What the graph is called where its groups are spoken of."""

        self.lowered: dict[Path, Call | Inline] = {}
        for node in graph.nodes:
            self.lowered[node.path] = self.lower(node)
        self.functions = {path: each.function for path, each in self.lowered.items() if isinstance(each, Call)}
        self.calls = calls_of(graph, self.lowered)
        self.root = scope_of(graph, self.lowered, self.calls, found.parameters)
        self.scopes = dict(_by_path(self.root))
        self.weights = Weights(found, self.functions, self.calls)
        self.entered = frozenset((*_entered(self.scopes.values()), *self.weights.entered()))
        """The groups that are classes even where their layers are in a row: of the members of an `nn.Sequential` a type
        checker knows too little for what is done with them from outside."""

        self.called_again = {again.group for again in self.calls.again.values()}
        self.forms: dict[Path, Form] = {}
        self.built: dict[Path, dict[str, Call]] = {}
        self.shared: dict[Path, Call] = {}
        """What builds each use of a block that has a class."""

        self.looked_at: set[str] = set()
        """The blocks whose uses are being looked at."""

    def lower(self, node: Node) -> Call | Inline:
        """What a layer is in PyTorch; a cell is built by a class of its own."""
        if not isinstance(node.op, Scan):
            return self.open.lowered[node.path]
        if node.shares is not None:
            return self.lowered[node.shares]
        cell = _Classes(self.open.cells[node.path], self.book, f"`{node.op.cell.name}`")
        entry, given = cell.cell(node)
        entry.is_reversible |= node.op.direction != "forward"
        forwards, backwards = Call(entry.name, given), Call(entry.name, given, {REVERSE: True})
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
        manual = manual_of(self.open)
        return self.text(self.graph.name, manual, self.modules(()), self.root, parameters, results, is_model=True)

    def cell(self, node: Node) -> tuple[Entry, tuple[Any, ...]]:
        """The class of the graph as a cell, which a layer of another graph runs, and what it is called with."""
        modules = self.modules(())
        parameters = parameters_of_cell(self.graph)
        shapes = shapes_of(parameters, self.root, self.open.shown, "Shapes at one position")

        def text(name: str, manual: str, is_reversible: bool) -> str:
            return self.text(name, manual, modules, self.root, parameters, is_cell=True, is_reversible=is_reversible)

        def write(entry: Entry) -> str:
            return text(entry.name, _paragraphs(self.graph.doc.strip(), entry.manual(), shapes), entry.is_reversible)

        wish = capitalised(self.graph.name)
        entry = self.book.entry(text("", shapes, False), wish, [f"The cell of `{node.name}`"], write)
        return entry, self.given(entry, modules, self.root, is_cell=True)

    def given(
        self, entry: Entry, modules: Mapping[str, Any], scope: Scope | Path, is_cell: bool = False
    ) -> tuple[Any, ...]:
        """What a class is called with that takes parameters of the model as they are."""
        reach = self.reach(scope, form_of(modules))
        found = self.open.in_order(self.open.spoken_of(modules) | self.kept(scope, reach, is_cell))
        self.book.words[entry.name] = found
        return tuple(self.open.values()[name] for name in found)

    def kept(self, scope: Scope | Path, reach: Reach, is_cell: bool = False) -> frozenset[str]:
        """The parameters of the model that the methods of a class speak of."""
        found = self.weights.spoken_of(reach)
        if isinstance(scope, Scope) and reach.form not in SEQUENTIAL:
            inline = (step.lowered.value for step in scope.steps if isinstance(step.lowered, Inline))
            found |= self.open.spoken_of(tuple(inline))
        if is_cell:
            states = self.graph.inputs[len(self.graph.inputs) - len(self.graph.outputs) :]
            found |= self.open.spoken_of(tuple(size for state in states for size in self.open.shape(state)))
        return found

    def reach(self, scope: Scope | Path, form: Form) -> Reach:
        return Reach(scope.path if isinstance(scope, Scope) else scope, form, self.forms, self.shared.keys())

    def modules(self, path: Path) -> dict[str, Call]:
        """The calls that build the modules of a group, by name."""
        if path not in self.built:
            found = ((member.path[-1], self.module(member)) for member in self.graph.members(path))
            modules = {name: call for name, call in found if call is not None}
            self.built[path] = self.repeated(path, modules) if is_row(modules) else modules
        return self.built[path]

    def repeated(self, path: Path, modules: Mapping[str, Call]) -> dict[str, Any]:
        """The modules of a row, in which those that are alike are one, if their number follows from parameters."""
        found: list[Any] = []
        for call, alike in groupby(modules.items(), key=lambda each: each[1]):
            members = [(*path, name) for name, _ in alike]
            open_passes = [each for member in members if (each := self.open.passes.get(member)) is not None]
            # A repeat of which some passes come earlier has the last ones here.
            ended = {each.members: each for each in open_passes if each.members[-1] in members}
            if ended:
                times: Size = len(members)
                for each in ended.values():
                    times = times + each.times - len(each.members)
                found.append(Repeated(call, times))
            else:
                found += [call] * len(members)
        return {str(number): call for number, call in enumerate(found)}

    def place(self, path: Path) -> str:
        """Where a group stands, in words."""
        passes = self.open.repeated(path)
        if passes is None:
            return f"`{'.'.join(path)}` of {self.whole}"
        around = f"each member of `{'.'.join(passes.path)}` of {self.whole}"
        inside = path[len(passes.path) + 1 :]
        return f"`{'.'.join(inside)}` in {around}" if inside else around[:1].upper() + around[1:]

    def module(self, member: Node | Group) -> Call | None:
        """The call that builds a layer or a group of them, if it is a module of its own."""
        path = member.path
        if isinstance(member, Node):
            lowered = self.lowered[path]
            return lowered if isinstance(lowered, Call) and self.calls.modules[path] == path else None
        form = self.form(path)
        if form is None:
            return None
        self.forms[path] = form
        if member.block is not None and path not in self.shared and member.block not in self.looked_at:
            self.looked_at.add(member.block)
            self.share_uses(member.block)
            self.looked_at.remove(member.block)
        if path in self.shared:
            return self.shared[path]
        if form in SEQUENTIAL:
            positional, named = in_a_row(form, self.modules_of(path))
            return Call("nn.Sequential", positional, named, is_spread=is_spread_row(form, positional))
        if form is Form.LOOP:
            members = tuple(counted(self.modules_of(path).values(), fewest=2))
            is_one = len(members) == 1 and isinstance(members[0], Repeated)
            return Call("nn.ModuleList", (replace(members[0], is_unpacked=False) if is_one else members,))
        text, write = self.plain(path)
        group = self.graph.groups[path]
        entry = self.book.entry(text, class_name(group), [self.place(path)], write)
        return Call(entry.name, self.given(entry, self.modules_of(path), self.scopes.get(path) or path))

    def modules_of(self, path: Path) -> dict[str, Call]:
        """The modules that a group has of its own: none, where it is another use of an earlier one."""
        return {} if path in self.calls.again else self.modules(path)

    def form(self, path: Path) -> Form | None:
        """What the module of a group is, if it needs one."""
        modules, scope = self.modules_of(path), self.scopes.get(path)
        if scope is None and not modules:
            return None
        # Torch would give the members of a row these names anyway.
        is_in_row = is_row(modules)
        if scope is None or not scope.is_chain or (path in self.entered and not is_in_row):
            is_loop = is_in_row and scope is not None and scope.carried is not None
            is_lone = self.graph.groups[path].block is None and path not in self.called_again
            return Form.LOOP if is_loop and is_lone else form_of(modules)
        # Layers with names that hold rows of others read better as attributes.
        holds_rows = not is_in_row and any(each.function == "nn.Sequential" for each in modules.values())
        return Form.ROW if is_in_row else Form.CLASS if holds_rows else Form.NAMED

    def plain(self, path: Path) -> tuple[str, Callable[[Entry], str]]:
        """The text that tells the class of a group from others, and what writes it."""
        modules, scope = self.modules_of(path), self.scopes.get(path)
        # The names of inputs come from around the group, and so do not tell one class from another.
        numbered = [f"x{number}" for number, _ in enumerate(scope.inputs)] if scope else []
        shapes = shapes_of(numbered, scope, self.open.shown) if scope else ""
        text = self.text("", shapes, modules, scope or path, numbered)

        def write(entry: Entry) -> str:
            parameters = parameters_of(self.graph, scope) if scope else []
            use = _use_of(scope, parameters, self.open.shown)
            manual = _paragraphs(self.graph.groups[path].doc, entry.manual(), use)
            return self.text(entry.name, manual, modules, scope or path, parameters)

        return text, write

    # ---------------------------------------------------------------------------------------------------- blocks

    def share_uses(self, block: str) -> None:
        """Give the uses of a block classes."""
        paths = [path for path, group in self.graph.groups.items() if group.block == block]
        for together in _from_inside(path for path in paths if path not in self.calls.again):
            self.share_some(block, together)

    def share_some(self, block: str, paths: Iterable[Path]) -> None:
        """Give uses of a block, none of which is inside another, classes, each for as many of them as it can be."""
        uses: dict[str, Use] = {}
        for path in paths:
            form = self.form(path)
            if form is None:
                continue
            self.forms[path] = form
            text = f"{form}\n{self.plain(path)[0]}"
            known = uses.get(text)
            uses[text] = self.use(path, form) if known is None else replace(known, paths=(*known.paths, path))
        for alike in alike_in(tuple(uses.values()), self.book.words):
            # What stands in a row, and is used once, is read more easily where it is used.
            paths = [path for each in alike.uses for path in each.paths]
            is_repeated = len(paths) > 1 or self.open.repeated(paths[0]) is not None
            if alike.plan.form not in SEQUENTIAL or is_repeated:
                self.share(block, alike)

    def use(self, path: Path, form: Form) -> Use:
        inside = {each[len(path) :]: found for each, found in self.forms.items() if each[: len(path)] == path != each}
        statements = self.weights.prepared(Reach(path, form, self.forms, self.shared.keys()))
        return Use((path,), form, self.modules_of(path), self.scopes.get(path), inside, tuple(statements))

    def share(self, block: str, alike: Alike) -> None:
        """Give some uses of a block a class."""
        plan, uses = alike.plan, alike.uses
        known, names = known_by(self.open, uses), Names.of_method(TAKEN_BY_CONSTRUCTOR)
        arguments = Arguments(known, names, uses=len(uses), parameters=self.open.values())
        modules = {name: arguments.put(each) for name, each in alike.modules.items()}
        flags = {}
        for name in modules:
            has = tuple(name in each.modules for each in uses)
            if not all(has):
                flags[name] = arguments.flag(name, has)
        parameters = parameters_of(self.graph, plan.scope) if plan.scope else []

        def shown(value: Value) -> str:
            shapes = [self.open.shape(each[value]) if value in each else None for each in alike.twins]
            return shape_in_all(shapes, arguments, self.open)

        around = plan.scope or plan.path
        kept = {
            name: arguments.parameter(name)
            for name in self.open.in_order(self.kept(around, self.reach(around, plan.form)))
        }

        def text(name: str, manual: str) -> str:
            declared = tuple(each.declared for each in arguments.all())
            lifted = _Lifted(declared, kept, flags, shown, plan.form, is_block=True)
            return self.text(name, manual, modules, around, parameters, lifted=lifted)

        def write(entry: Entry) -> str:
            use = _use_of(plan.scope, parameters, shown)
            return text(entry.name, _paragraphs(self.graph.groups[plan.path].doc, entry.manual(), use))

        places = [self.place(path) for each in uses for path in each.paths]
        entry = self.book.entry(text("", ""), class_name(self.graph.groups[plan.path]), places, write)
        self.book.words[entry.name] = tuple(each.name for each in arguments.all() if each.default is ABSENT)
        self.book.blocks.add(entry.name)
        for number, each in enumerate(uses):
            call = Call(entry.name, *given(arguments.all(), number))
            self.shared |= dict.fromkeys(each.paths, call)

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
        is_model: bool = False,
        lifted: _Lifted | None = None,
    ) -> str:
        """The text of a class with a method for a scope, or with none, where it stands for the layers at a path."""
        lifted = lifted or self.as_it_is(modules, scope, is_cell, is_model)
        form, shown = lifted.form, lifted.shown
        reach = self.reach(scope, form)
        bases = [_BASES[form]] if not lifted.is_block else _BLOCK_BASES[form]
        lines = [*header(f"class {name}", bases, ":", ""), *docstring(wrapped(manual, INDENT), INDENT), ""]
        has_blocks = is_model and bool(self.book.blocks)
        has_constructor = bool(modules or is_reversible or lifted.kept)
        if has_constructor:
            arguments = (*lifted.declared, *([f"{REVERSE}: bool = False"] if is_reversible else []))
            kept = {self.open.attributes[each]: value for each, value in lifted.kept.items()}
            kept |= {REVERSE: Variable(REVERSE)} if is_reversible else {}
            arguments += (f"{CHECKPOINTING}: bool = False",) if has_blocks else ()
            lines += constructor(lifted.put(modules), arguments, form, lifted.flags, kept)
            lines += _CHECKPOINTING if has_blocks else []
            statements = self.weights.prepared(reach)
            if statements:
                lines += [f"{BODY}self.{INIT}()", "", f"{INDENT}def {INIT}(self) -> None:", *statements]
            lines += _reset(self.graph) if is_model and has_weights(self.graph) else []
        if isinstance(scope, Scope) and form not in SEQUENTIAL:
            lines += [""] if has_constructor else []
            word = STEP if is_cell else "forward"
            loops = {path for path, form in self.forms.items() if form is Form.LOOP}
            attributes = self.open.kept()
            lines += method(self.graph, scope, parameters, reach.module, results, word, shown, attributes, loops)
        if is_cell:
            lines += ["", *run(self.open, parameters, is_reversible)]
        return "\n".join(lines)

    def as_it_is(self, modules: Mapping[str, Any], scope: Scope | Path, is_cell: bool, is_model: bool) -> _Lifted:
        """The constructor of a class that takes parameters of the model as they are."""
        form = form_of(modules)
        kept = self.kept(scope, self.reach(scope, form), is_cell)
        types, values = self.open.types(), self.open.parameters
        found = self.open.in_order(values if is_model else self.open.spoken_of(modules) | kept)
        declared = [f"{each}: {types[each]}" + (f" = {printed(values[each])}" if is_model else "") for each in found]
        variables = {each: Variable(each) for each in found}
        return _Lifted(
            tuple(declared),
            {each: variables[each] for each in self.open.in_order(kept)},
            {},
            self.open.shown,
            form,
            variables=variables,
        )


@final
class _Lifted(Struct, frozen=True):
    """What the constructor of a class takes, and what it does with that."""

    declared: tuple[str, ...]
    kept: Mapping[str, Any]
    """What becomes an attribute, by the names of parameters of the model."""

    flags: Mapping[str, Any]
    """The layers that are there only if a flag says so."""

    shown: Callable[[Value], str]
    form: Form
    is_block: bool = False
    variables: Mapping[str, Variable] = {}
    """The parameters of the model that it takes as they are."""

    def put(self, modules: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = bound(modules, self.variables)
        return found


_BASES: Final = {
    Form.CLASS: "nn.Module",
    Form.NUMBERED: "nn.ModuleDict",
    Form.ROW: "nn.Sequential",
    Form.NAMED: "nn.Sequential",
}
_BLOCK_BASES: Final = {
    form: [CHECKPOINTED] if base == "nn.Module" else [CHECKPOINTED, base] for form, base in _BASES.items()
}
_CHECKPOINTING: Final = (
    f"{BODY}for module in self.modules():",
    f"{BODY}{INDENT}if isinstance(module, {CHECKPOINTED}):",
    f"{BODY}{INDENT * 2}module.{CHECKPOINTING} = {CHECKPOINTING}",
)


def _use_of(scope: Scope | None, parameters: Sequence[str], shown: Callable[[Value], str]) -> str:
    """What the method of a class takes and gives; a group that cannot be called as a whole is there for its layers."""
    return "Holds its layers." if scope is None else shapes_of(parameters, scope, shown)


def _paragraphs(*parts: str) -> str:
    """A docstring of these paragraphs, but for those that are empty."""
    return "\n\n".join(filter(None, parts))


def _reset(graph: Graph) -> Iterator[str]:
    """The lines of the method that starts all weights anew."""
    yield from ("", f"{INDENT}def reset_parameters(self) -> None:")
    yield f'{BODY}"""Starts all weights anew, as those of a new model start."""'
    if has_own_starts(graph) or has_parametrised(graph):
        yield from [f"{BODY}{UNTIE}(self)"] if has_ties(graph) else []
        yield f"{BODY}{RESET_PARAMETRISED if has_parametrised(graph) else RESET}(self)"
        return
    yield f"{BODY}for layer in self.modules():"
    yield f'{BODY}{INDENT}reset = getattr(layer, "reset_parameters", None)'
    yield f"{BODY}{INDENT}if reset is not None and layer is not self:"
    yield f"{BODY}{INDENT * 2}reset()"


def _by_path(scope: Scope) -> Iterator[tuple[Path, Scope]]:
    yield scope.path, scope
    for step in scope.steps:
        if step.scope is not None:
            yield from _by_path(step.scope)


def _from_inside(paths: Iterable[Path]) -> Iterator[list[Path]]:
    """Paths, those first that have no other inside them, and those behind them that have only such."""
    left = list(paths)
    while left:
        outer = {one for one, other in pairwise(sorted(left)) if other[: len(one)] == one}
        yield [path for path in left if path not in outer]
        left = [path for path in left if path in outer]


def _entered(scopes: Iterable[Scope]) -> Iterator[Path]:
    """The groups that the method of a scope around them reaches into, to call what is inside."""
    for scope in scopes:
        for step in scope.steps:
            if step.module != step.path:
                yield from (step.module[:length] for length in range(len(scope.path) + 1, len(step.module)))
