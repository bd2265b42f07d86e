"""Findings about parameters, variants and sizes that are set from outside: A112, A113, A117, A120 and from A122 on."""

from __future__ import annotations

from typing import final

from archspec.catalog.fields import all_of
from archspec.diagnostics import Diagnostic, Related, Suggesting
from archspec.source import Span
from archspec.spelling import did_you_mean, listed


@final
class UnknownParameter(Diagnostic, Suggesting):
    """A setting from outside, by `--set` or in Python, names a parameter that the model does not have.

    Wrong: `archspec check specs/alexnet.yaml --set clases=10`.

    Right: `archspec check specs/alexnet.yaml --set classes=10`.
    """

    code = "A112"
    name = "unknown-parameter"
    model: str
    parameter: str
    known: tuple[str, ...]
    suggestion: str | None

    def message(self) -> str:
        return f"`{self.model}` has no parameter `{self.parameter}`"

    def help(self) -> str:
        if self.suggestion:
            return did_you_mean(self.suggestion)
        return all_of("parameter", self.known) if self.known else "it has no parameters"


@final
class MissingParameter(Diagnostic):
    """A parameter has no default, and no value from outside.

    Wrong:

    ```arch
    model Classifier(classes) {
        input x: [B, 8]
        linear(classes)
    }
    ```

    Right:

    ```arch
    model Classifier(classes = 2) {
        input x: [B, 8]
        linear(classes)
    }
    ```
    """

    code = "A113"
    name = "missing-parameter"
    parameter: str

    def message(self) -> str:
        return f"`{self.parameter}` has no value"

    def help(self) -> str:
        return f"give it a default, or a value with `--set {self.parameter}=VALUE`"


@final
class UnusedParameter(Diagnostic):
    """A parameter that nothing uses. Whoever sets it would wonder why nothing changes.

    Wrong:

    ```arch
    model Classifier(classes = 2) {
        input x: [B, 8]
        linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier(classes = 2) {
        input x: [B, 8]
        linear(classes)
    }
    ```
    """

    code = "A117"
    name = "unused-parameter"
    parameter: str

    def message(self) -> str:
        return f"nothing uses the parameter `{self.parameter}`"

    def help(self) -> str:
        return f"use `{self.parameter}` in a layer, or remove it"


@final
class UnknownVariant(Diagnostic, Suggesting):
    """A variant is asked for that the spec does not have.

    Wrong: `archspec check specs/vgg.arch:vgg15`.

    Right: `archspec check specs/vgg.arch:vgg16`.
    """

    code = "A120"
    name = "unknown-variant"
    model: str
    variant: str
    known: tuple[str, ...]
    suggestion: str | None

    def message(self) -> str:
        return f"`{self.model}` has no variant `{self.variant}`"

    def help(self) -> str:
        if self.suggestion:
            return did_you_mean(self.suggestion)
        return f"its variants are {listed(self.known, 'and')}" if self.known else "it has no variants"


@final
class WrongParameter(Diagnostic, Suggesting):
    """A parameter is given a value that its type does not allow.

    Wrong:

    ```arch
    model Classifier(classes: int(min=2) = 1) {
        input x: [B, 8]
        linear(classes)
    }
    ```

    Right:

    ```arch
    model Classifier(classes: int(min=2) = 2) {
        input x: [B, 8]
        linear(classes)
    }
    ```
    """

    code = "A122"
    name = "wrong-parameter"
    parameter: str
    given: str
    accepts: str
    suggestion: str | None
    declared: Span | None

    def message(self) -> str:
        return f"`{self.parameter}` cannot be {self.given}"

    def label(self) -> str:
        return f"it needs {self.accepts}"

    def help(self) -> str:
        if self.suggestion is not None or self.declared is None:
            return did_you_mean(self.suggestion)
        return f"give it {self.accepts}, or declare `{self.parameter}` in another way"

    def related(self) -> tuple[Related, ...]:
        return () if self.declared is None else (Related(self.declared, f"`{self.parameter}` is declared here"),)


@final
class WrongLayers(Diagnostic):
    """Layers are expected, and something else is given; or the other way round.

    A parameter of the type `layer` is given an op or a block by its name, with settings if it needs some, or what
    stands in the braces behind the use of its block. It stands for these layers, and not for a value.

    Wrong:

    ```arch
    block Unit(activation: layer) {
        linear(8) -> activation
    }

    model Classifier {
        input x: [B, 8]
        Unit(3)
    }
    ```

    Right:

    ```arch
    block Unit(activation: layer) {
        linear(8) -> activation
    }

    model Classifier {
        input x: [B, 8]
        Unit(relu)
    }
    ```
    """

    code = "A123"
    name = "wrong-layers"
    problem: str
    cure: str = ""

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return self.cure


@final
class UnknownSize(Diagnostic, Suggesting):
    """A size that is fixed from outside, by `--size` or in Python, is none that an input of the model names.

    Wrong: `archspec check specs/alexnet.yaml --size Batch=8`.

    Right: `archspec check specs/alexnet.yaml --size B=8`.
    """

    code = "A126"
    name = "unknown-size"
    model: str
    size: str
    known: tuple[str, ...]
    suggestion: str | None
    is_parameter: bool = False

    def message(self) -> str:
        return f"no input of `{self.model}` has a size `{self.size}`"

    def help(self) -> str:
        if self.is_parameter:
            return f"`{self.size}` is a parameter, and is set with `--set`"
        if self.suggestion:
            return did_you_mean(self.suggestion)
        return f"the sizes that are open are {listed(self.known, 'and')}" if self.known else "no size is open"
