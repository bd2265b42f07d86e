"""Findings about how layers are joined: A2xx."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from archspec.catalog.fields import did_you_mean
from archspec.diagnostics import Diagnostic
from archspec.spelling import listed


@final
@dataclass(frozen=True)
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

    def message(self) -> str:
        if not self.inputs:
            return "this layer has nothing to start from"
        return f"the model has {len(self.inputs)} inputs; which one does this layer take?"

    def help(self) -> str:
        if not self.inputs:
            return "give the model an input, such as `input x: [B, 8]`, or `inputs: {x: [B, 8]}` in YAML"
        arrows = listed(f"{name} ->" for name in self.inputs)
        return f"start the line with {arrows}; in YAML, a mapping may say `from: {self.inputs[0]}`"


@final
@dataclass(frozen=True)
class UnknownValue(Diagnostic):
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
    value: str
    suggestion: str | None

    def message(self) -> str:
        return f"no input or layer before this is called `{self.value}`"

    def help(self) -> str:
        return did_you_mean(self.suggestion)


@final
@dataclass(frozen=True)
class UnusedValue(Diagnostic):
    """What an input or a layer gives goes nowhere. The last line of a model is its output; all else must lead there.

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
    value: str
    is_input: bool

    def message(self) -> str:
        return (
            f"nothing uses {'the input' if self.is_input else 'what'} `{self.value}`{'' if self.is_input else ' gives'}"
        )

    def help(self) -> str:
        return "remove it, or lead it to the output"


@final
@dataclass(frozen=True)
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
    takes: int
    given: int

    def message(self) -> str:
        takes = "one value" if self.takes == 1 else f"{self.takes} values"
        return f"`{self.op}` takes {takes}, and is given {self.given}"


@final
@dataclass(frozen=True)
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


@final
@dataclass(frozen=True)
class MisplacedValue(Diagnostic):
    """The name of a value stands where a layer belongs. A value can start a chain; what follows an arrow is a layer.

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
    value: str

    def message(self) -> str:
        return f"`{self.value}` is a value, not a layer"

    def help(self) -> str:
        return f"a value starts a chain: `{self.value} -> ...`"
