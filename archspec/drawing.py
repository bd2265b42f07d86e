"""How a diagram is to look: what `archspec draw` and `Model.draw` ask of whoever draws.

It names nothing of a backend: which styles there are, and what each makes of the rest, is for the backend to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from msgspec import Struct

if TYPE_CHECKING:
    from archspec.graph import Graph


class DrawingError(ValueError):
    """A diagram was asked for that cannot be drawn; the text says why, and what can be."""


class Direction(StrEnum):
    """Where a diagram runs to from its inputs."""

    DOWN = "down"
    RIGHT = "right"


class Engine(StrEnum):
    """What says where everything stands."""

    OWN = "own"
    DOT = "dot"
    """The program of Graphviz."""


class Mark(StrEnum):
    """What became of a layer or group, where a diagram shows what differs between two models."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@final
class Marked(Struct, frozen=True):
    """A layer or group that stands out because something became of it."""

    path: tuple[str, ...]
    mark: Mark

    notes: tuple[str, ...] = ()
    """What is said of it, such as `kernel 7 → 3`."""


TABLE: Final = "table"
"""No picture but the table of a paper: what each stage of a model consists of."""

GRAPH: Final = "graph"
"""The style that is drawn where none is asked for: layers, and arrows for what flows between them."""


@final
class Drawing(Struct, frozen=True):
    """What was asked for. A layer, group or block is named by its path with dots, as in findings and summaries."""

    style: str = GRAPH
    """The view of the model, such as `graph`."""

    depth: int | None = None
    """How many groups deep layers are shown; deeper ones are folded. `None` leaves the choice to the view."""

    expand: tuple[str, ...] = ()
    """Groups that are shown whole, with all that is in them."""

    fold: tuple[str, ...] = ()
    """Groups that are shown as one box."""

    direction: Direction = Direction.DOWN

    layout: Engine = Engine.OWN

    label: str | None = None
    """What a box says, such as `{op} {kernel} /{stride}`; `None` leaves it to the view."""

    theme: Path | None = None
    """A file with colours, a font and spacing."""

    highlight: tuple[str, ...] = ()
    """Layers and groups that stand out."""

    marks: tuple[Marked, ...] = ()
    """What became of layers and groups: a graph that has some is drawn in colours for that, and for nothing else."""

    scale: float | None = None
    """How many pixels of a PNG, or points of a PDF, there are for each of the SVG; each form has a scale of its own."""

    variant: str = ""
    """Which variant of its spec the model is, which is said beside its name."""

    columns: tuple[tuple[str, Graph], ...] = ()
    """The models that a table has side by side, by their names; none where it has the one alone."""

    @classmethod
    def of(cls, **options: Any) -> Drawing:
        """The same with plain values: a text or path for several, the word of a direction, the name of a file.

        Raises:
            DrawingError: there is no such option, or it cannot have that value.
        """
        known = cls.__struct_fields__
        for name in options:
            if name not in known:
                raise DrawingError(f"a diagram has no option `{name}`{meant(name, known)}")
        chosen = dict(options)
        chosen["columns"] = tuple(chosen.get("columns", ()))
        for name in ("expand", "fold", "highlight"):
            given = chosen.get(name, ())
            chosen[name] = (given,) if isinstance(given, str) else tuple(given)
        if chosen.get("theme") is not None:
            chosen["theme"] = Path(chosen["theme"])
        direction = chosen.get("direction", Direction.DOWN)
        if direction not in list(Direction):
            raise DrawingError(f"a diagram runs `{Direction.DOWN}` or `{Direction.RIGHT}`, not `{direction}`")
        chosen["direction"] = Direction(direction)
        engine = chosen.get("layout", Engine.OWN)
        if engine not in list(Engine):
            raise DrawingError(f"the layout of a diagram is `{Engine.OWN}` or by `{Engine.DOT}`, not `{engine}`")
        chosen["layout"] = Engine(engine)
        depth, scale = chosen.get("depth"), chosen.get("scale")
        if depth is not None and (not isinstance(depth, int) or depth < 0):
            raise DrawingError(f"the depth of a diagram is a number of groups, 0 or more, not `{depth}`")
        if scale is not None and not (isinstance(scale, int | float) and 0 < scale <= LARGEST):
            raise DrawingError(f"the scale of a diagram is a number above 0 and not above {LARGEST}, not `{scale}`")
        return cls(**chosen)


LARGEST: Final = 20
"""What is drawn larger than this takes more memory than it is worth."""


def meant(word: str, known: Iterable[str]) -> str:
    """The end of a sentence on a word that is not known, with what may have been meant."""
    from archspec.spelling import did_you_mean, nearest  # Only those who misspell wait for it.

    cure = did_you_mean(nearest(word, known))
    return f"; {cure}" if cure else ""
