"""Findings about keys, names and parameters: A1xx, but for those on ops and their settings."""

from __future__ import annotations

import re
from typing import final

from archspec.diagnostics import Absence, Diagnostic, Related, Suggesting
from archspec.source import Span
from archspec.spelling import did_you_mean, listed


def all_of(things: str, known: tuple[str, ...]) -> str:
    """What there is to choose from."""
    return f"its only {things} is `{known[0]}`" if len(known) == 1 else f"its {things}s are {listed(known, 'and')}"


@final
class UnknownField(Diagnostic, Suggesting):
    """A key that the language does not have at this place.

    Wrong:

    ```yaml
    model: Classifier
    input: {x: [B, 8]}
    layers: [linear: 2]
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers: [linear: 2]
    ```
    """

    code = "A101"
    name = "unknown-key"
    key: str
    owner: str
    known: tuple[str, ...]
    suggestion: str | None
    cure: str = ""

    def message(self) -> str:
        return f"{self.owner} has no key `{self.key}`"

    def help(self) -> str:
        return self.cure or did_you_mean(self.suggestion) or f"it may have {listed(self.known, 'and')}"


@final
class MissingField(Diagnostic):
    """A key that must be there is not.

    Wrong:

    ```yaml
    model: Classifier
    layers: [linear: 2]
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers: [linear: 2]
    ```
    """

    code = "A102"
    name = "missing-key"
    follows_from = Absence.ANYTHING
    key: str
    owner: str
    cure: str

    def message(self) -> str:
        return f"{self.owner} needs `{self.key}`"

    def help(self) -> str:
        return self.cure


@final
class WrongKind(Diagnostic, Suggesting):
    """A value, list or mapping stands where something else belongs.

    Wrong:

    ```yaml
    model: Classifier
    inputs: [B, 8]
    layers: [linear: 2]
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers: [linear: 2]
    ```
    """

    code = "A103"
    name = "wrong-kind"
    subject: str
    expected: str
    found: str
    suggestion: str | None = None
    cure: str = ""

    def message(self) -> str:
        found = "and nothing is given" if self.found == "nothing" else f"not {self.found}"
        return f"{self.subject} is {self.expected}, {found}"

    def help(self) -> str:
        return self.cure or did_you_mean(self.suggestion)


@final
class UnknownName(Diagnostic, Suggesting):
    """A name in an expression is neither a parameter nor a size.

    Wrong:

    ```arch
    model Classifier(classes = 2) {
        input x: [B, 8]
        linear(clases)
        expect output == [B, classes]
    }
    ```

    Right:

    ```arch
    model Classifier(classes = 2) {
        input x: [B, 8]
        linear(classes)
        expect output == [B, classes]
    }
    ```
    """

    code = "A110"
    name = "unknown-name"
    follows_from = Absence.ANYTHING
    word: str
    suggestion: str | None
    cure: str = ""

    def message(self) -> str:
        return f"nothing is called `{self.word}` here"

    def help(self) -> str:
        return did_you_mean(self.suggestion) or self.cure or "names of parameters and of sizes can stand here"


@final
class InvalidExpression(Diagnostic):
    """An expression has no value.

    Wrong:

    ```arch
    model Classifier(classes = 2) {
        input x: [B, 8]
        linear(classes // 0)
    }
    ```

    Right:

    ```arch
    model Classifier(classes = 2) {
        input x: [B, 8]
        linear(classes // 2)
    }
    ```
    """

    code = "A111"
    name = "invalid-expression"
    follows_from = Absence.ANYTHING
    problem: str
    cure: str = ""

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return self.cure


@final
class DuplicateName(Diagnostic):
    """Two things in one place have the same name.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        fc = linear(4)
        fc = linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        fc1 = linear(4)
        fc2 = linear(2)
    }
    ```
    """

    code = "A114"
    name = "duplicate-name"
    word: str
    first: Span

    def message(self) -> str:
        return f"`{self.word}` is already the name of something else"

    def label(self) -> str:
        return "again here"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.first, "first here"),)

    def help(self) -> str:
        other = "give one of the two another name"
        is_layer = re.match(rf"\s*{re.escape(self.word)}\s*=", self.span.line().text) is not None
        return f"{other}, or none to this: each line goes on from the one before it" if is_layer else other


@final
class InvalidName(Diagnostic):
    """A name is a letter or underscore, followed by letters, digits and underscores.

    Wrong:

    ```yaml
    model: my-model
    inputs: {x: [B, 8]}
    layers: [linear: 2]
    ```

    Right:

    ```yaml
    model: MyModel
    inputs: {x: [B, 8]}
    layers: [linear: 2]
    ```
    """

    code = "A115"
    name = "invalid-name"
    word: str
    subject: str
    suggestion: str | None

    def message(self) -> str:
        return f"`{self.word}` cannot be {self.subject}" if self.word else f"{self.subject} is empty"

    def help(self) -> str:
        shape = "a name has letters, digits and underscores, and starts with no digit"
        return f"{shape}, such as `{self.suggestion}`" if self.suggestion else shape


@final
class UnknownElement(Diagnostic):
    """The elements of an input are `float` (which need not be said), `int` or `bool`.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8] float32
        linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8] float
        linear(2)
    }
    ```
    """

    code = "A116"
    name = "unknown-element"
    word: str
    suggestion: str | None = None

    def message(self) -> str:
        return f"`{self.word}` is no type of elements"

    def help(self) -> str:
        if self.suggestion:
            return f"write `{self.suggestion}`; how many bits an element has is chosen when the model runs"
        return "elements are `float`, `int` or `bool`; how many bits they have is chosen when the model runs"


@final
class UnsupportedVersion(Diagnostic):
    """The key `archspec` says for which version of the language a file was written; there is one so far.

    Wrong:

    ```yaml
    archspec: 2
    model: Classifier
    inputs: {x: [B, 8]}
    layers: [linear: 2]
    ```

    Right:

    ```yaml
    archspec: 1
    model: Classifier
    inputs: {x: [B, 8]}
    layers: [linear: 2]
    ```
    """

    code = "A118"
    name = "unsupported-version"
    version: str

    def message(self) -> str:
        return f"this archspec reads version 1 of the language, not `{self.version}`"

    def help(self) -> str:
        return "write `archspec: 1`, or leave the line out"


@final
class UnclearLayer(Diagnostic):
    """A layer of a YAML file is a mapping with one op, and beside it perhaps its `name` and what it is fed `from`.

    Wrong:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers:
      - linear: 2
        relu:
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers:
      - linear: 2
      - relu
    ```
    """

    code = "A119"
    name = "unclear-layer"
    ops: tuple[str, ...]
    cure: str = ""
    word: str = ""
    """The op, where what is beside it are its settings; or the key that says what the op is."""

    is_beside: bool = False

    def message(self) -> str:
        if not self.ops:
            return "this layer has no op"
        if self.is_beside:
            one = len(self.ops) == 1
            stands, its = ("is a setting", "stands") if one else ("are settings", "stand")
            return f"{listed(self.ops, 'and')} {stands} of `{self.word}`, and {its} beside it"
        if self.word:
            return f"the op of a layer is its key, and no value of a key such as `{self.word}`"
        return f"a layer has one op, and this has {len(self.ops)}: {listed(self.ops, 'and')}"

    def help(self) -> str:
        if self.cure:
            return self.cure
        if not self.ops or (self.word and not self.is_beside):
            return "write the op as a key, such as `linear: 10`"
        if self.is_beside:
            return "indent what belongs to an op further than its name"
        return "start a new layer with `-` for each op, or indent what belongs to an op further than its name"


@final
class UnclearName(Diagnostic):
    """A layer of a YAML file gives its value a `name`, makes it an `output` with a name, or the `next` of a state.

    Wrong:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers:
      - linear: 2
        name: fc
        output: logits
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers:
      - linear: 2
        output: logits
    ```
    """

    code = "A121"
    name = "unclear-name"
    keys: tuple[str, ...]

    def message(self) -> str:
        return f"a layer has one of {listed(self.keys, 'and')}, and this has {len(self.keys)}"

    def help(self) -> str:
        return f"leave out {listed(self.keys)}; an output goes by its name in the whole of the model"
