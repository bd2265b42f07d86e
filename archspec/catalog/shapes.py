"""Findings about shapes, and about what a spec expects of itself: A3xx."""

from __future__ import annotations

from typing import final

from archspec.diagnostics import Diagnostic, Related
from archspec.source import Span
from archspec.spelling import listed


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
    op: str
    problem: str
    cure: str
    inputs: tuple[str, ...]
    producers: tuple[Span, ...]

    def message(self) -> str:
        return f"`{self.op}` {self.problem}"

    def label(self) -> str:
        return f"its input is {' and '.join(self.inputs)}"

    def help(self) -> str:
        return self.cure

    def related(self) -> tuple[Related, ...]:
        return tuple(
            Related(producer, f"this gives {shape}")
            for producer, shape in zip(self.producers, self.inputs, strict=True)
        )


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
    op: str
    accepted: tuple[str, ...]
    given: str

    def message(self) -> str:
        return f"`{self.op}` takes elements of type {listed(self.accepted)}, not `{self.given}`"


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
    expectation: str
    actual: str
    words: str = ""
    """What the author of the spec says of it."""

    use: Span | None = None
    """The use of a block that it does not hold for."""

    def message(self) -> str:
        return self.words or f"`{self.expectation}` does not hold"

    def label(self) -> str:
        if not self.words:
            return self.actual
        return f"`{self.expectation}` does not hold: {self.actual}" if self.actual else "this does not hold"

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
    expectation: str
    actual: str

    def message(self) -> str:
        return f"`{self.expectation}` holds for some inputs only"

    def label(self) -> str:
        return self.actual


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
    size: str

    def message(self) -> str:
        return f"`{self.size}` is no size of an axis"

    def help(self) -> str:
        return "a size is a name, or a whole number from 1 to 2**63 - 1"
