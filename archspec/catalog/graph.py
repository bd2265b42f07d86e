"""Findings about how layers are joined: A2xx."""

from __future__ import annotations

from typing import final

from archspec.catalog.shapes import FORMULA
from archspec.diagnostics import Absence, Diagnostic, Suggesting
from archspec.spelling import did_you_mean, listed


@final
class UnclearStart(Diagnostic):
    """The first layer of a model with several inputs must say which of them it takes.

    Wrong:

    ```arch
    model Classifier {
        input left: [B, 8]
        input right: [B, 8]
        linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input left: [B, 8]
        left -> linear(2)
    }
    ```
    """

    code = "A201"
    name = "unclear-start"
    inputs: tuple[str, ...]
    owner: str = "the model"
    takes: int = 1
    """How many values the layer takes at least."""

    def message(self) -> str:
        if not self.inputs:
            return "this layer has nothing to start from"
        which = "which one does" if self.takes == 1 else "which of them does"
        return f"{self.owner} has {len(self.inputs)} inputs; {which} this layer take?"

    def help(self) -> str:
        if not self.inputs:
            return "give the model an input, such as `input x: [B, 8]`, or `inputs: {x: [B, 8]}` in YAML"
        if self.takes > 1:
            names = ", ".join(self.inputs[: self.takes])
            return f"it takes {self.takes}: start the line with `({names}) ->`; in YAML, say `from: [{names}]`"
        arrows = listed(f"{name} ->" for name in self.inputs)
        return f"start the line with {arrows}; in YAML, a mapping may say `from: {self.inputs[0]}`"


@final
class UnknownValue(Diagnostic, Suggesting):
    """A layer takes a value that no input or layer before it has given.

    Wrong:

    ```yaml
    model: Classifier
    inputs: {image: [B, 8]}
    layers:
      - linear: 2
        from: imag
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {image: [B, 8]}
    layers:
      - linear: 2
        from: image
    ```
    """

    code = "A202"
    name = "unknown-value"
    follows_from = Absence.ANYTHING
    value: str
    suggestion: str | None
    cure: str = ""

    def message(self) -> str:
        return f"no input or layer before this is called `{self.value}`"

    def help(self) -> str:
        return did_you_mean(self.suggestion) or self.cure or "give a layer above this one that name"


@final
class UnusedValue(Diagnostic):
    """What an input, a layer or a use of a block gives goes nowhere.

    The last line of a model is its output, and all else must lead there. Of several layers in a row that lead nowhere
    the last one is told of.

    Wrong:

    ```arch
    model Classifier {
        input left: [B, 8]
        input right: [B, 8]
        left -> linear(4)
        right -> linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input right: [B, 8]
        right -> linear(2)
    }
    ```
    """

    code = "A203"
    name = "unused-value"
    names: tuple[str, ...]
    """What the spec calls what it gives."""

    op: str
    """The word for what it is; empty where an error hides it, or where it is an input."""

    is_input: bool
    is_again: bool = False
    """Whether a layer of it is used again."""

    def message(self) -> str:
        if self.names and not self.is_again:
            return f"nothing uses {'the input ' if self.is_input else ''}{listed(self.names, 'and')}"
        text = self.span.text
        op = text if text.isidentifier() else "residual" if text.startswith("residual") else self.op
        what = {"": "layer", FORMULA: "formula"}.get(op, f"`{op}`")
        return f"nothing uses what this {what} gives"

    def help(self) -> str:
        if self.is_again:
            return "lead it to the output; or write it where it is used, and not here"
        return "remove it, or lead it to the output"


@final
class WrongInputs(Diagnostic):
    """An op is fed more or fewer values than it takes.

    Wrong:

    ```yaml
    model: Classifier
    inputs: {left: [B, 8], right: [B, 8]}
    layers:
      - linear: 2
        from: [left, right]
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {left: [B, 8]}
    layers:
      - linear: 2
        from: left
    ```
    """

    code = "A204"
    name = "wrong-inputs"
    op: str
    least: int
    most: int | None
    given: int

    def message(self) -> str:
        given = "one" if self.given == 1 else str(self.given)
        return f"`{self.op}` takes {self.takes}, and is given {given}"

    @property
    def _spare(self) -> str:
        spare = self.given - (self.most or 0)
        return "one" if spare == 1 else str(spare)

    @property
    def takes(self) -> str:
        if self.most is None:
            return f"{self.least} values or more"
        if self.least < self.given < self.most:
            return f"either {self.least} or {self.most} values"
        if self.least != self.most:
            return f"{self.least} {'or' if self.most == self.least + 1 else 'to'} {self.most} values"
        return "one value" if self.least == 1 else f"{self.least} values"

    def help(self) -> str:
        if self.most is not None and self.least < self.given < self.most:
            return f"give it all of the last {self.most - self.least}, or none of them"
        if self.given > self.least:
            return f"make one value of several, as in `(a, b) -> concat -> {self.op}`, or leave {self._spare} out"
        if self.least == 1:
            return f"feed it by the name of a value: `a -> {self.op}`, or `from: a` in YAML"
        return f"feed it by the names of values: `(a, b) -> {self.op}`, or `from: [a, b]` in YAML"


@final
class SeveralValues(Diagnostic):
    """An op gives several values where one is needed. It cannot be told which of them goes on.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        split(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        slice(1, end=4)
    }
    ```
    """

    code = "A207"
    name = "several-values"
    op: str
    gives: int

    def message(self) -> str:
        return f"`{self.op}` gives {self.gives} values, and one is needed here"

    def help(self) -> str:
        return f"give them names, and go on with one: `{_names(self.gives)} = ... -> {self.op}`, and then `a -> ...`"


@final
class WrongNames(Diagnostic):
    """More or fewer names stand before a layer than it gives values.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        left, middle, right = split(2)
        (left, right) -> add
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        left, right = split(2)
        (left, right) -> add
    }
    ```
    """

    code = "A208"
    name = "wrong-names"
    op: str
    gives: int
    names: int

    def message(self) -> str:
        gives = "one value" if self.gives == 1 else f"{self.gives} values"
        return f"`{self.op}` gives {gives}, and {self.names} names stand here"

    def help(self) -> str:
        names = "one name stands" if self.gives == 1 else f"{self.gives} names stand"
        return f"{names} before it: `{_names(self.gives)} = ...`"


@final
class RecursiveBlock(Diagnostic):
    """A block that uses itself, perhaps by way of others, would never end.

    Wrong:

    ```arch
    block Unit { Unit }
    model Classifier {
        input x: [B, 8]
        Unit
    }
    ```

    Right:

    ```arch
    block Unit { relu }
    model Classifier {
        input x: [B, 8]
        Unit
    }
    ```
    """

    code = "A209"
    name = "recursive-block"
    cycle: tuple[str, ...]

    def message(self) -> str:
        return f"`{self.cycle[0]}` uses itself"

    def label(self) -> str:
        return " uses ".join(f"`{name}`" for name in self.cycle)

    def help(self) -> str:
        return "layers come several times by `repeat 3 { ... }`"


@final
class UnusedBlock(Diagnostic):
    """A block that nothing uses, or a cell that no `scan` runs.

    Wrong:

    ```arch
    block Unit { relu }
    model Classifier {
        input x: [B, 8]
        linear(2)
    }
    ```

    Right:

    ```arch
    block Unit { relu }
    model Classifier {
        input x: [B, 8]
        linear(2) -> Unit
    }
    ```
    """

    code = "A210"
    name = "unused-block"
    block: str
    is_cell: bool = False

    def message(self) -> str:
        return f"nothing {'runs the cell' if self.is_cell else 'uses the block'} `{self.block}`"

    def help(self) -> str:
        return f"remove it, or use it: `scan({self.block}(...))`" if self.is_cell else "remove it, or use it like an op"


@final
class TooManyLayers(Diagnostic):
    """Repeats in repeats make more layers than any model has. It is refused before they are built.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        repeat 1000 { repeat 1000 { relu } }
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        repeat 10 { repeat 10 { linear(8) } }
    }
    ```
    """

    code = "A211"
    name = "too-many-layers"
    limit: int

    def message(self) -> str:
        return f"this makes more than {self.limit:,} layers"

    def help(self) -> str:
        return "let the repeats be fewer: those of an outer one multiply those of the inner ones"


@final
class BlockLikeOp(Diagnostic):
    """A block has the name of an op. Whoever reads the spec could not tell which of the two is meant.

    Wrong:

    ```arch
    block relu { tanh }
    model Classifier {
        input x: [B, 8]
        relu
    }
    ```

    Right:

    ```arch
    block Squash { tanh }
    model Classifier {
        input x: [B, 8]
        Squash
    }
    ```
    """

    code = "A212"
    name = "block-like-op"
    block: str
    kind: str = "a block"

    def message(self) -> str:
        return f"`{self.block}` is the name of an op, and cannot be that of {self.kind}"

    def help(self) -> str:
        return f"call it something else, such as `{''.join(word.capitalize() for word in self.block.split('_'))}`"


@final
class NoLayers(Diagnostic):
    """A model or a group of layers without a layer.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2)
    }
    ```
    """

    code = "A205"
    name = "no-layers"
    owner: str

    def message(self) -> str:
        return f"{self.owner} has no layers"

    def help(self) -> str:
        return "write layers into it, such as `linear(10) -> relu`"


@final
class MisplacedValue(Diagnostic):
    """The name of a value stands where a layer or a setting belongs. A value can start a chain, and flows along arrows.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2) -> x
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        x -> linear(2)
    }
    ```
    """

    code = "A206"
    name = "misplaced-value"
    follows_from = Absence.NAME
    value: str
    op: str = ""
    """What has it for a setting, if it stands there."""

    sources: str = ""
    """All values that stand there, as they are written before an arrow."""

    is_layer: bool = False
    """Whether it is the name of a layer as well, which can be used again."""

    def message(self) -> str:
        return f"`{self.value}` is a value, {f'and no setting of `{self.op}`' if self.op else 'not a layer'}"

    def help(self) -> str:
        if self.op:
            return f"values flow along arrows: `{self.sources} -> {self.op}`"
        again = f"; behind an arrow it is the layer: `_ -> {self.value}`" if self.is_layer else ""
        return f"a value starts a chain: `{self.value} -> ...`{again}"


def _names(number: int) -> str:
    """Names for so many values: `a, b`."""
    letters = [chr(ord("a") + place) for place in range(min(number, _MOST_NAMED))]
    return ", ".join(letters if number <= _MOST_NAMED else [*letters[:-1], "..."])


_MOST_NAMED = 4
