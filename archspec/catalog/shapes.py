"""Findings about shapes, and about what a spec expects of itself: A3xx."""

from __future__ import annotations

from typing import Final, final

from archspec.change import Trial
from archspec.diagnostics import Absence, Diagnostic, Edit, Fix, Related
from archspec.source import Span
from archspec.spelling import listed


def _value(expectation: str, actual: str) -> str | None:
    """What an expectation of equality would have to name: of `params == 16`, where `params` is 18, the 18."""
    left, equals, _ = expectation.partition(" == ")
    name, _, value = actual.partition("` is ")
    if not equals or name != f"`{left}" or not value:
        return None
    return value.replace(",", "") if value.replace(",", "").isdecimal() else value


def in_words(op: str, place: Span) -> str:
    """An op as its author knows it: arithmetic is what stands there, and has no name."""
    if op != FORMULA:
        return f"`{op}`"
    return f"`{place.text}`" if len(place.text) <= _SHORT and "\n" not in place.text else "this formula"


FORMULA: Final = "arithmetic"
_SHORT: Final = 40


def aligned(shapes: tuple[str, ...], axes: tuple[int, ...]) -> str:
    """Shapes below each other, axis by axis from the last, with a mark below those of some numbers."""
    rows = [shape.rstrip("]").lstrip("[").split(", ") for shape in shapes]
    rank = max(map(len, rows))
    columns = [max(len(row[place - rank]) if rank - place <= len(row) else 0 for row in rows) for place in range(rank)]
    marked = {axis % rank for axis in axes}
    lines = []
    for row in rows:
        padded = [cell.rjust(width) for cell, width in zip(row, columns[rank - len(row) :], strict=True)]
        gap = sum(columns[: rank - len(row)]) + 2 * (rank - len(row))
        lines.append(f"{' ' * gap}[{', '.join(padded)}]")
    marks = "  ".join(("^" if place in marked else " ") * width for place, width in enumerate(columns))
    return "\n".join((*lines, f" {marks}".rstrip()))


@final
class ShapeFault(Diagnostic):
    """An op cannot take an input of this shape with these settings.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=11)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=11, padding=2)
    }
    ```
    """

    code = "A301"
    name = "shape"
    depends_on_use = True
    op: str
    problem: str
    cure: str
    inputs: tuple[str, ...]
    producers: tuple[Span, ...]
    axes: tuple[int, ...] = ()
    origins: tuple[Related, ...] = ()
    trials: tuple[Trial, ...] = ()
    tried: tuple[str, ...] = ()
    setting: str = ""
    """What the setting at fault is, where the text does not show it: "`context` is 1024 here"."""

    def message(self) -> str:
        return f"{in_words(self.op, self.span)} {self.problem}"

    def notes(self) -> tuple[str, ...]:
        shapes = aligned(self.inputs, self.axes) if len(self.inputs) > 1 and self.axes else ""
        return tuple(filter(None, (shapes, self.setting)))

    def label(self) -> str:
        return f"its input is {' and '.join(self.inputs)}"

    def help(self) -> str:
        if not self.tried:
            return self.cure
        *others, last = self.tried
        tried = f"{', '.join(others)} or {last}" if others else last
        return f"{self.cure}\nwith {tried} it fits"

    def related(self) -> tuple[Related, ...]:
        made = {each.span: each.label for each in self.origins}
        given = tuple(
            Related(producer, f"this gives {shape}" + (f": {made[producer]}" if producer in made else ""))
            for producer, shape in zip(self.producers, self.inputs, strict=True)
        )
        return (*given, *(each for each in self.origins if each.span not in self.producers))


@final
class WrongElement(Diagnostic):
    """An op cannot take elements of this type: a convolution takes no whole numbers.

    Wrong:

    ```arch
    model Classifier {
        input tokens: [B, 8] int
        linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input features: [B, 8]
        linear(2)
    }
    ```
    """

    code = "A302"
    name = "wrong-element"
    depends_on_use = True
    op: str
    accepted: tuple[str, ...]
    given: str

    def message(self) -> str:
        op = in_words(self.op, self.span)
        return f"{op} takes elements of type {listed(self.accepted)}, not `{self.given}`"

    def help(self) -> str:
        cast = f"`cast({self.accepted[0]})` makes them of this type"
        if self.given == "int" and "float" in self.accepted:
            return f"`embedding(...)` makes a vector of each number, and {cast.replace(self.accepted[0], 'float')}"
        return cast


@final
class FailedExpectation(Diagnostic):
    """What a spec expects of itself does not hold.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2)
        expect params == 16
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2)
        expect params == 18
    }
    ```
    """

    code = "A303"
    name = "failed-expectation"
    follows_from = Absence.ANYTHING
    expectation: str
    actual: str
    words: str = ""
    """What the author of the spec says of it."""

    use: Span | None = None
    """The use of a block that it does not hold for."""

    is_budget: bool = False
    """Whether it says how much there may be of something, or must be."""

    most: tuple[str, ...] = ()
    """The layers that have most of what there is too much of, a line for each."""

    def message(self) -> str:
        return self.words or f"`{self.expectation}` does not hold"

    def label(self) -> str:
        if not self.words:
            return self.actual
        return f"`{self.expectation}` does not hold: {self.actual}" if self.actual else "this does not hold"

    def notes(self) -> tuple[str, ...]:
        return ("\n".join(("most of it is in", *(f"  {line}" for line in self.most))),) if self.most else ()

    def help(self) -> str:
        if self.use is not None:
            return "use the block with other settings or other sizes"
        if self.most:
            return "make these smaller, or allow more"
        value = None if self.is_budget else _value(self.expectation, self.actual)
        if value is None:
            return "mend the layers, or expect something else"
        return f"mend the layers, or expect `{self.expectation.partition(' == ')[0]} == {value}`"

    def fixes(self) -> tuple[Fix, ...]:
        value = None if self.is_budget else _value(self.expectation, self.actual)
        if value is None or self.use is not None or not self.expectation.endswith(f"== {self.span.text}"):
            return ()
        return (Fix(f"expect `{value}`", (Edit(self.span, value),), is_safe=False),)

    def related(self) -> tuple[Related, ...]:
        return () if self.use is None else (Related(self.use, "in this use"),)


@final
class OpenExpectation(Diagnostic):
    """Whether an expectation holds depends on sizes that are open.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, D]
        linear(2)
        expect params == 18
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, D]
        linear(2)
        expect params == 2 * D + 2
    }
    ```
    """

    code = "A304"
    name = "open-expectation"
    follows_from = Absence.ANYTHING
    expectation: str
    actual: str
    cure: str = ""

    def message(self) -> str:
        return f"`{self.expectation}` holds for some inputs only"

    def label(self) -> str:
        return self.actual

    def help(self) -> str:
        if self.cure:
            return self.cure
        value = _value(self.expectation, self.actual)
        expected = "" if value is None else f": `{self.expectation.partition(' == ')[0]} == {value}`"
        return f"expect what holds for all{expected}; or give numbers to open sizes by `--size NAME=NUMBER`"


@final
class NoSize(Diagnostic):
    """Layers need of an open size what no size fulfils.

    Wrong:

    ```arch
    model Halves {
        input image: [B, 3, H, 64]
        residual { maxpool(2) -> upsample(2) }
        residual { conv(3, kernel=[2, 1], stride=[2, 1]) -> conv_transpose(3, kernel=[3, 1], stride=[2, 1]) }
    }
    ```

    Right:

    ```arch
    model Halves {
        input image: [B, 3, 2*H, 64]
        residual { maxpool(2) -> upsample(2) }
        residual { conv(3, kernel=[2, 1], stride=[2, 1]) -> conv_transpose(3, kernel=[2, 1], stride=[2, 1]) }
    }
    ```
    """

    code = "A306"
    name = "no-size"
    op: str
    size: str
    first: str
    second: str
    other: Span

    def message(self) -> str:
        return f"no `{self.size}` fits both layers: one needs that {self.first}, and `{self.op}` that {self.second}"

    def label(self) -> str:
        return f"this fits where {self.second}"

    def help(self) -> str:
        return (
            f"a number for `{self.size}` in the declaration of the input shows the shapes; `pad` and `crop` change them"
        )

    def related(self) -> tuple[Related, ...]:
        return (Related(self.other, f"this fits where {self.first}"),)


@final
class InvalidSize(Diagnostic):
    """The size of an axis is a name or a whole number from 1 to 2**63 - 1.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 0]
        linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 1]
        linear(2)
    }
    ```
    """

    code = "A305"
    name = "invalid-size"
    depends_on_use = True
    size: str

    def message(self) -> str:
        return f"`{self.size}` is no size of an axis"

    def help(self) -> str:
        return "a size is a name, or a whole number from 1 to 2**63 - 1"
