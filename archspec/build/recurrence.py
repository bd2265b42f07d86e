"""Cells, and `scan`, which runs one over a sequence: a cell is built as a graph of its own, and becomes one op."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from archspec.build.assembly import Assembly, Given
from archspec.build.placing import Account
from archspec.build.possible import OPEN
from archspec.build.scope import Draft, Frame, Scope, names_in
from archspec.build.settle import settle
from archspec.build.start import layer_of
from archspec.build.uses import SCAN, Uses
from archspec.catalog.graph import WrongInputs
from archspec.catalog.shapes import ShapeFault
from archspec.graph import Graph, Path
from archspec.op import ShapeError
from archspec.shape import Shape
from archspec.size import SizeError
from archspec.source import Hole, Span
from archspec.spec import Cell, Rest
from archspec.spelling import closest, did_you_mean
from archspec.steps import Layer
from archspec.syntax.tree import Scalar

if TYPE_CHECKING:
    from archspec.scan import Scan  # Only specs with a recurrence wait for it.

TIME = 1
"""The axis of a sequence that counts its positions: it stands behind that of the batch."""


class Recurrences(Uses):
    """Builds cells, and what runs them."""

    def states(self, cell: Cell, scope: Scope) -> dict[str, Draft]:
        found: dict[str, Draft] = {}
        for line in cell.state:
            parts = () if isinstance(line.shape, Hole) else line.shape
            sizes = [self.meanings.known_size(each) for each in parts if not isinstance(each, Rest)]
            is_known = bool(sizes) and len(sizes) == len(parts)
            shapes = (Shape(tuple(sizes), line.element),) if is_known else self.anything()
            draft = Draft((line.name.text,), shapes, line.name.span)
            self.declare(line.name, draft, scope)
            self.assembly.add_input(draft)
            # What a state was need not be looked at.
            self.assembly.used.add(draft.producer)
            self.account.shapes[line.name.text] = shapes
            found[line.name.text] = draft
        return found

    def scan(self, layer: Layer, fed: tuple[Draft, ...], path: Path, scope: Scope) -> list[Draft]:
        from archspec.scan import Scan, Scanning, over_time

        use, rest = self.apart(layer)
        direction = settle(rest, Scanning, self.meanings).op.direction
        cell = None if use is None else self.cell_of(use)
        frame = None if use is None or cell is None else self.entered(use, cell, scope)
        if use is None or cell is None or frame is None:
            self.account.cost += OPEN
            return [self.nothing_known(layer.span)]
        fed = self.sequence(layer, cell, fed)
        before = self.account.cost
        graph, account = self.cell(use, cell, frame, fed)
        self.account.cost = before
        states = account.states or {}
        positions = fed[0].shapes[0].sizes[TIME] if len(fed[0].shapes) == 1 else self.meanings.unknown()
        shapes = self.anything()
        if all(len(each.shapes) == 1 for each in states.values()):
            found = over_time([each.shapes[0] for each in states.values()], positions, 2 if direction == "both" else 1)
        else:
            found = ()
        drafts = [Draft(path, (each,), layer.span, port) for port, each in enumerate(found)]
        drafts = drafts or [Draft(path, shapes, layer.span, port) for port in range(1 + len(states))]
        for draft in drafts:
            self.assembly.add(draft, is_input=False)
        if graph is not None:
            self.add_scan(layer, Scan(cell=graph, direction=direction), drafts, fed)
        elif account.cost.is_open or account.cost.macs != 0:
            self.account.cost += OPEN
        return drafts

    def add_scan(self, layer: Layer, op: Scan, drafts: Sequence[Draft], fed: Sequence[Draft]) -> None:
        try:
            fitted = self.fitted(op, [each.shapes[0] for each in fed])
        except (ShapeError, SizeError) as error:
            self.fault(layer, op, error, {each.key.text: each.value for each in layer.arguments}, fed)
        else:
            self.add(layer, fitted, drafts, fed, (), {})

    def apart(self, layer: Layer) -> tuple[Layer | None, Layer]:
        """The use of a cell that a `scan` is given, and the `scan` without it."""
        given = [each for each in layer.arguments if each.key.text in ("1", "cell")]
        rest = replace(layer, arguments=tuple(each for each in layer.arguments if each not in given))
        use = layer_of(given[0].value) if given else None
        if use is None and not (given and isinstance(given[0].value, Hole)):
            self.tell_scan(given[0].value.span if given else layer.span, "`scan` needs a cell to run")
        return use, rest

    def cell_of(self, use: Layer) -> Cell | None:
        """The cell that is meant, or `None` where a finding says that there is none."""
        word = use.op.text
        found = self.frame.environment.definitions.get(word)
        if isinstance(found, Cell):
            return found
        self.meant(word)
        if found is not None:
            self.tell_scan(use.op.span, f"`{word}` is a block, and `scan` runs a cell")
            return None
        suggestion = closest(word, self.frame.environment.cells)
        if suggestion is not None:
            self.meant(suggestion)
        self.tell_scan(use.op.span, f"no cell is called `{word}`", suggestion)
        return None

    def tell_scan(self, span: Span, problem: str, suggestion: str | None = None) -> None:
        from archspec.catalog.recurrence import WrongScan

        cells = self.frame.environment.cells
        self.report.add(WrongScan(span, problem, did_you_mean(suggestion), cells))

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
            self.report.add(ShapeFault(layer.span, SCAN, problem, "", (str(first),), (fed[0].span,)))
            return (self.nothing_known(layer.span), *fed[1:])
        return fed

    def cell(self, use: Layer, cell: Cell, frame: Frame, fed: Sequence[Draft]) -> tuple[Graph | None, Account]:
        """A cell as a graph, if nothing is wrong with it, and what is known of it."""
        account = Account(Scope((), is_counted=False, taken=frozenset(names_in(cell.layers))))
        outer, self.assembly = self.assembly, Assembly()
        shared, self.shared = self.shared, None
        starts = _at_one_position(cell, fed)
        for each in starts:
            self.assembly.add_input(each)
        self.inside(use, cell, frame, account, starts)
        self.find_unused_values()
        inner, self.assembly, self.shared = self.assembly, outer, shared
        states = account.states or {}
        for name in states.keys() - account.next.keys():
            if not frame.meanings.is_partial:
                from archspec.catalog.recurrence import MissingNext

                self.report.add(MissingNext(states[name].span, name))
        if self.report.has_errors or states.keys() != account.next.keys():
            return None, account
        results = [Given(name, account.next[name], in_training_only=False) for name in states]
        names = {"name": cell.name.text, "doc": cell.doc, "source": cell.name.span.source, "span": cell.name.span}
        return inner.graph([*starts, *states.values()], results, settings={}, **names), account


def _at_one_position(cell: Cell, fed: Sequence[Draft]) -> tuple[Draft, ...]:
    """The inputs of a cell: of a sequence what stands at one position, of all else the whole."""
    names = [each.name for each in cell.inputs] or [Scalar("x", cell.name.span)]
    first = tuple(each.with_sizes((*each.sizes[:TIME], *each.sizes[TIME + 1 :])) for each in fed[0].shapes)
    shapes = [first, *(each.shapes for each in fed[1:])]
    return tuple(Draft((name.text,), each, name.span) for name, each in zip(names, shapes, strict=False))
