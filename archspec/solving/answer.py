"""The setting that meets a budget best, with its neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, final

from msgspec import Struct

from archspec.expression import written
from archspec.graph import Graph
from archspec.passes.budget import in_words
from archspec.passes.figures import Subject
from archspec.solving.budget import Budget
from archspec.solving.varied import Number


@final
@dataclass(frozen=True)
class Setting:
    """A setting that was tried, with the figure that the model has then, and what that was to be."""

    values: Mapping[str, Number]
    figure: Number
    target: Number
    graph: Graph = field(repr=False, compare=False)

    @property
    def miss(self) -> float:
        """By how much the figure is off, relative to what it was to be: 0.01 is one percent too much."""
        return (self.figure - self.target) / self.target if self.target else float(self.figure)

    @property
    def arguments(self) -> str:
        """What the command line takes: `--set width=768`."""
        return " ".join(f"--set {name}={written(value)}" for name, value in self.values.items())


@final
class Solution(Struct, frozen=True):
    """The setting that meets a budget best, with its neighbours."""

    budget: Budget
    chosen: Setting
    smaller: Setting | None
    """The next setting before it along the row, with which the spec is right; `None` where there is none."""

    larger: Setting | None
    tried: int
    """With how many settings the model was built."""

    skipped: int
    """With how many of them the spec has errors."""

    why_skipped: str = ""
    is_steady: bool = True
    """Whether the figure only grew, or only shrank, along the row."""

    @property
    def values(self) -> Mapping[str, Number]:
        """The values of the parameters."""
        return self.chosen.values

    def told(self, setting: Setting) -> str:
        """A figure in words, in the unit of the budget."""
        is_memory = any(each.memory for each, _ in Subject(setting.graph, {}).figures(self.budget.figure))
        return in_words(int(setting.figure), int(setting.target), self.budget.unit, is_memory=is_memory)


def percent(miss: float) -> str:
    """A relative miss in words."""
    if miss == 0:
        return "exact"
    if miss >= 1:
        return f"{miss + 1:,.1f} times as much"
    share = 100 * abs(miss)
    return f"{share:.1f} % {_MORE[miss > 0]}" if share >= 10 else f"{share:.2g} % {_MORE[miss > 0]}"


_MORE: Final = {True: "more", False: "less"}
