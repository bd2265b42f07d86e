"""Findings about outputs, and about cells and what runs them: A215 to A218."""

from __future__ import annotations

from typing import final

from archspec.diagnostics import Diagnostic, Related, Suggesting
from archspec.source import Span
from archspec.spelling import did_you_mean, listed


@final
class MisplacedResult(Diagnostic):
    """An `output` or `next` line stands where nothing can be given to the outside.

    Outputs are lines of a model or block, not of a group, loop or branch in it; `when training` is for those of the
    model. `next` lines are lines of a cell.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        head = { output logits = linear(2) }
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        head = { linear(2) }
        output logits = head
    }
    ```
    """

    code = "A215"
    name = "misplaced-result"
    problem: str
    cure: str

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return self.cure


@final
class WrongState(Diagnostic, Suggesting):
    """A `next` line is for a state that the cell does not have, has twice, or whose shape it does not give.

    Wrong:

    ```arch
    cell Counter(size) {
        input x: [B, D]
        state h: [B, size]
        next h = x -> linear(D)
    }

    model Sequence {
        input x: [B, T, 3]
        scan(Counter(8))
    }
    ```

    Right:

    ```arch
    cell Counter(size) {
        input x: [B, D]
        state h: [B, size]
        next h = (x, h) -> concat -> linear(size)
    }

    model Sequence {
        input x: [B, T, 3]
        scan(Counter(8))
    }
    ```
    """

    code = "A216"
    name = "wrong-state"
    problem: str
    suggestion: str | None = None
    declared: Span | None = None
    cure: str = ""

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return did_you_mean(self.suggestion) or self.cure

    def related(self) -> tuple[Related, ...]:
        return () if self.declared is None else (Related(self.declared, "the state is declared here"),)


@final
class MissingNext(Diagnostic):
    """A cell does not say what one of its states becomes.

    Wrong:

    ```arch
    cell Elman(size) {
        input x: [B, D]
        state h: [B, size]
        (x, h) -> concat -> linear(size) -> tanh
    }

    model Sequence {
        input x: [B, T, 3]
        scan(Elman(8))
    }
    ```

    Right:

    ```arch
    cell Elman(size) {
        input x: [B, D]
        state h: [B, size]
        next h = (x, h) -> concat -> linear(size) -> tanh
    }

    model Sequence {
        input x: [B, T, 3]
        scan(Elman(8))
    }
    ```
    """

    code = "A217"
    name = "missing-next"
    state: str

    def message(self) -> str:
        return f"nothing says what the state `{self.state}` is at the next position"

    def help(self) -> str:
        return f"add a line `next {self.state} = ...` to the cell"


@final
class WrongScan(Diagnostic, Suggesting):
    """`scan` is given what it cannot run, or a cell is used without it.

    Wrong:

    ```arch
    cell Elman(size) {
        input x: [B, D]
        state h: [B, size]
        next h = (x, h) -> concat -> linear(size) -> tanh
    }

    model Sequence {
        input x: [B, T, 3]
        Elman(8)
    }
    ```

    Right:

    ```arch
    cell Elman(size) {
        input x: [B, D]
        state h: [B, size]
        next h = (x, h) -> concat -> linear(size) -> tanh
    }

    model Sequence {
        input x: [B, T, 3]
        scan(Elman(8))
    }
    ```
    """

    code = "A218"
    name = "wrong-scan"
    problem: str
    cure: str
    cells: tuple[str, ...] = ()
    suggestion: str | None = None

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        if self.suggestion is not None:
            return did_you_mean(self.suggestion)
        if self.cure:
            return self.cure
        if not self.cells:
            return "a cell is declared by `cell NAME { ... }`, or under `cells` in YAML"
        return f"the only cell here is `{self.cells[0]}`" if len(self.cells) == 1 else f"cells are {listed(self.cells)}"
