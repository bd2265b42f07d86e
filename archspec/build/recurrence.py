"""Cells, and `scan`, which runs one over a sequence: a cell is built as a graph of its own, and becomes one op."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.build.assembly import Assembly, Given
from archspec.build.environment import key_of
from archspec.build.loop import SCAN
from archspec.build.meaning import Meanings
from archspec.build.placing import Account
from archspec.build.possible import OPEN, Shapes
from archspec.build.scope import Draft, Frame, Scope, names_in
from archspec.build.settle import pass_over, settle
from archspec.build.start import Starts, layer_of
from archspec.build.uses import Part, Uses
from archspec.catalog.fields import InvalidExpression
from archspec.catalog.graph import WrongInputs
from archspec.catalog.recurrence import MissingNext, WrongScan, WrongState
from archspec.catalog.settings import SettingTwice, TooManyValues
from archspec.catalog.shapes import ShapeFault
from archspec.diagnostics import Report
from archspec.expression import exactly, free_names
from archspec.graph import Graph, Path
from archspec.op import ShapeError
from archspec.shape import Shape
from archspec.size import SizeError
from archspec.source import Hole, Span
from archspec.spec import Cell, Input, Rest
from archspec.spelling import closest
from archspec.steps import Layer
from archspec.syntax.tree import Scalar

if TYPE_CHECKING:
    from archspec.scan import Scan  # Only specs with a recurrence wait for it.

CELL: Final = "cell"
"""The setting of `scan` that is the cell."""

TIME: Final = 1
"""The axis of a sequence that counts its positions: it stands behind that of the batch."""


@final
class _Cell(Struct, frozen=True):
    """What came of a cell in which nothing is wrong."""

    graph: Graph
    account: Account
    parts: Sequence[Part]
    layers: int
    """As how many layers it counts."""

    starts: Sequence[Starts]
    """How weights start around it."""


class Recurrences(Uses):
    """Builds cells, and what runs them."""

    def __init__(self, report: Report, unknowns: Iterator[int], frame: Frame, account: Account) -> None:
        super().__init__(report, unknowns, frame, account)
        self.cells: dict[Hashable, _Cell] = {}
        """The cells that were built, by all that what they become depends on."""

        self.scans: dict[tuple[int, str], Scan] = {}
        """What runs them, by the graph of each and the direction."""

    def states(self, cell: Cell, scope: Scope) -> dict[str, Draft]:
        """The states of a cell as they are at first."""
        found: dict[str, Draft] = {}
        for line in cell.state:
            shapes = self.state_shapes(line)
            draft = Draft((line.name.text,), shapes, line.name.span)
            is_taken = line.name.text in scope.values
            self.declare(line.name, draft, scope)
            self.assembly.add_input(draft)
            # What a state was need not be looked at.
            self.assembly.used.add(draft.producer)
            self.account.shapes[line.name.text] = shapes
            if not is_taken:
                found[line.name.text] = draft
        return found

    def state_shapes(self, line: Input) -> Shapes:
        """What shape a state has; any, where a finding says that it has none."""
        parts = () if isinstance(line.shape, Hole) else line.shape
        rest = next((each for each in parts if isinstance(each, Rest)), None)
        if rest is not None:
            problem = "a state has as many axes as are written down; `...` is for the inputs of blocks and cells"
            self.report.add(InvalidExpression(rest.span, problem))
        elif not parts and not isinstance(line.shape, Hole):
            cure = "its first axis is that of the batch, such as in `[B, 8]`"
            self.report.add(WrongState(line.span, f"the state `{line.name.text}` has no axes", cure=cure))
        axes = [each for each in parts if not isinstance(each, Rest)]
        for name in (name for each in axes for name in free_names(each)):
            if name.text not in self.meanings.scope:
                cure = "a size has its name where it flows in, such as in `input x: [B, D]`"
                self.meanings.tell_unknown(name.span, name.text, closest(name.text, self.meanings.scope), cure)
        sizes = [self.meanings.known_size(each) for each in axes]
        return (Shape(tuple(sizes), line.element),) if parts and rest is None else self.anything()

    def next_states(self, cell: Cell, account: Account, start: Draft | None) -> list[Given]:
        account.states = self.states(cell, account.scope)
        end = self.steps(cell.layers, account.scope, start)
        if end is not None and account.states.keys() - account.next.keys():
            # What the last line gives is perhaps meant for the state that lacks it.
            self.assembly.used.add(end.producer)
        return [Given(name, account.next.get(name, state), False) for name, state in account.states.items()]

    def scan(self, layer: Layer, fed: tuple[Draft, ...], path: Path, scope: Scope) -> list[Draft]:
        from archspec.scan import Scan, Scanning, over_time

        use, rest = self.apart(layer)
        direction = settle(rest, Scanning, self.meanings, self.alike).op.direction
        cell = None if use is None else self.cell_of(use)
        frame = None if use is None or cell is None else self.entered(use, cell, scope)
        if use is None or cell is None or frame is None:
            self.account.costs.append(OPEN)
            return [self.nothing_known(layer.span) for _ in layer.names or (None,)]
        fed = self.sequence(layer, cell, fed)
        before = len(self.account.costs)
        graph, account = self.known_cell(use, cell, frame, fed)
        del self.account.costs[before:]  # A cell is run for each position, and `Scan` says what that costs.
        states = account.states or {}
        positions = fed[0].shapes[0].sizes[TIME] if len(fed[0].shapes) == 1 else self.meanings.unknown()
        found: Sequence[Shape] = ()
        if states and all(len(each.shapes) == 1 for each in states.values()):
            found = over_time([each.shapes[0] for each in states.values()], positions, 2 if direction == "both" else 1)
        drafts = [Draft(path, (each,), layer.span, port) for port, each in enumerate(found)]
        drafts = drafts or [Draft(path, self.anything(), layer.span, port) for port in range(1 + len(states))]
        for draft in drafts:
            self.assembly.add(draft, is_input=False)
        if graph is not None:
            op = self.scans.setdefault((id(graph), direction), Scan(cell=graph, direction=direction))
            self.add_scan(layer, op, drafts, fed)
        elif account.cost.is_open or account.cost.macs != 0:
            self.account.costs.append(OPEN)
        return drafts

    def add_scan(self, layer: Layer, op: Scan, drafts: Sequence[Draft], fed: Sequence[Draft]) -> None:
        try:
            fitted = self.alike.fitted(op, [each.shapes[0] for each in fed])
        except (ShapeError, SizeError) as error:
            self.fault(layer, op, error, {each.key.text: each.value for each in layer.arguments}, fed)
        else:
            self.add(layer, fitted, drafts, fed, (), {})

    def apart(self, layer: Layer) -> tuple[Layer | None, Layer]:
        """The use of a cell that a `scan` is given, and the `scan` without it."""
        given = [each for each in layer.arguments if each.key.text in ("1", CELL)]
        others = [each for each in layer.arguments if each not in given]
        for each in others:
            if each.key.text.isdecimal():
                self.report.add(TooManyValues(each.key.span, SCAN, (CELL,)))
        for again in given[1:]:
            self.report.add(SettingTwice(again.key.span, SCAN, CELL, given[0].value.span))
        rest = replace(layer, arguments=tuple(each for each in others if not each.key.text.isdecimal()))
        use = layer_of(given[0].value) if given else None
        if use is None and not (given and isinstance(given[0].value, Hole)):
            self.tell_scan(given[0].value.span if given else layer.span, "`scan` needs a cell to run")
        return use, rest

    def cell_of(self, use: Layer) -> Cell | None:
        """The cell that is meant, or `None` where a finding says that there is none."""
        word = use.op.text
        found = self.frame.environment.definitions.get(word)
        if isinstance(found, Cell) and word not in self.frame.layers:
            return found
        if word in self.frame.layers:
            self.meanings.used.add(word)
            cure = f"let it stand for the whole scan: `{word}` is then given `scan(...)`"
            self.report.add(WrongScan(use.op.span, f"`{word}` is a parameter, and `scan` runs a cell", cure))
            return None
        self.meant(word)
        if found is not None or self.frame.environment.op(word) is not None:
            kind = "a block" if found is not None else "an op"
            self.tell_scan(use.op.span, f"`{word}` is {kind}, and `scan` runs a cell")
            return None
        suggestion = closest(word, self.frame.environment.cells)
        if suggestion is not None:
            self.meant(suggestion)
        if suggestion is None and self.frame.environment.is_partial:
            self.meanings.is_partial = True
        else:
            self.tell_scan(use.op.span, f"no cell is called `{word}`", suggestion)
        pass_over(use, self.meanings)
        return None

    def tell_scan(self, span: Span, problem: str, suggestion: str | None = None) -> None:
        self.report.add(WrongScan(span, problem, "", self.frame.environment.cells, suggestion))

    def sequence(self, layer: Layer, cell: Cell, fed: tuple[Draft, ...]) -> tuple[Draft, ...]:
        """What flows into a scan: a sequence, what is the same throughout, and perhaps the states at first."""
        least = max(len(cell.inputs), 1)
        most = least + len(cell.state)
        if len(fed) not in (least, most):
            self.report.add(WrongInputs(layer.span, f"scan({cell.name.text})", least, most, len(fed)))
            return tuple(self.nothing_known(layer.span) for _ in range(least))
        first = fed[0].shapes[0]
        if len(fed[0].shapes) == 1 and first.rank <= TIME:
            problem = "needs a sequence: an axis for the batch, and one for the positions"
            cure = "let something of the form `[B, T, D]` flow in"
            self.report.add(ShapeFault(layer.span, SCAN, problem, cure, (str(first),), (fed[0].span,)))
            return (self.nothing_known(layer.span), *fed[1:])
        return fed

    def known_cell(self, use: Layer, cell: Cell, frame: Frame, fed: Sequence[Draft]) -> tuple[Graph | None, Account]:
        """A cell as a graph, which is built once for all uses that are alike, where nothing is found in it."""
        around = [each for each in self.starts if each.by_weight]
        values = tuple((name, exactly(value)) for name, value in frame.meanings.scope.items())
        # What it is in decides whether it goes round in a circle, or too deep.
        within = frame.uses, self.depth, self.nesting, self.weight
        key = key_of(cell), values, tuple(each.shapes for each in fed), within, tuple(map(id, around))
        known = None if frame.layers else self.cells.get(key)
        if known is not None:
            self.count(use.span, known.layers)
            *inner, own = known.parts
            self.parts += (*inner, replace(own, use=use.span))
            return known.graph, known.account
        findings, layers, parts = len(self.report), self.layers, len(self.parts)
        graph, account = self.cell(use, cell, frame, fed)
        if graph is not None and len(self.report) == findings and not frame.layers:
            self.cells[key] = _Cell(graph, account, self.parts[parts:], self.layers - layers, around)
        return graph, account

    def cell(self, use: Layer, cell: Cell, frame: Frame, fed: Sequence[Draft]) -> tuple[Graph | None, Account]:
        """A cell as a graph, if nothing is wrong with it, and what is known of it."""
        scope = Scope((), is_counted=False, taken=frozenset(names_in(cell.layers)))
        account = Account(scope, owner=f"the cell `{cell.name.text}`")
        if len(fed[0].shapes) == 1:
            account.cure = f"of the sequence {fed[0].shapes[0]} it is given what stands at one position"
        outer, self.assembly = self.assembly, Assembly()
        shared, self.shared = self.shared, None
        is_in_cell, self.is_in_cell = self.is_in_cell, True
        starts = _at_one_position(cell, fed)
        for each in starts:
            self.assembly.add_input(each)
        self.inside(use, cell, frame, account, starts)
        self.find_unused_values()
        inner, self.assembly, self.shared, self.is_in_cell = self.assembly, outer, shared, is_in_cell
        self.find_missing(account, frame.meanings)
        states = account.states or {}
        is_whole = bool(states) and states.keys() == account.next.keys()
        is_whole = is_whole and all(len(each.shapes) == 1 and each.producer for each in account.next.values())
        if not is_whole or account.cost.is_open or frame.meanings.is_partial or not inner.is_known:
            return None, account
        results = [Given(name, account.next[name], in_training_only=False) for name in states]
        names = {"name": cell.name.text, "doc": cell.doc, "source": cell.name.span.source, "span": cell.name.span}
        return inner.graph([*starts, *states.values()], results, settings={}, **names), account

    def find_missing(self, account: Account, meanings: Meanings) -> None:
        """Report states of which nothing says what they become."""
        for name, state in (account.states or {}).items():
            if name not in account.next and not (account.is_next_hidden or meanings.is_partial):
                self.report.add(MissingNext(state.span, name))


def _at_one_position(cell: Cell, fed: Sequence[Draft]) -> tuple[Draft, ...]:
    """The inputs of a cell: of a sequence what stands at one position, of all else the whole."""
    names = [each.name for each in cell.inputs] or [Scalar("x", cell.name.span)]
    first = tuple(each.with_sizes((*each.sizes[:TIME], *each.sizes[TIME + 1 :])) for each in fed[0].shapes)
    shapes = [first, *(each.shapes for each in fed[1:])]
    return tuple(Draft((name.text,), each, name.span) for name, each in zip(names, shapes, strict=False))
