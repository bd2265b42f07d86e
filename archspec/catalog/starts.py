"""Findings about how weights start, and where they come from: A124, A125, A213, A214."""

from __future__ import annotations

from typing import final

from archspec.diagnostics import Absence, Diagnostic, Related, Suggesting
from archspec.source import Span
from archspec.spelling import did_you_mean, listed


@final
class WrongInit(Diagnostic, Suggesting):
    """What `init` says is no way to fill the weights it is for.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        init gaussian(std=0.02)
        linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        init normal(std=0.02)
        linear(2)
    }
    ```
    """

    code = "A124"
    name = "wrong-init"
    problem: str
    known: tuple[str, ...] = ()
    suggestion: str | None = None
    cure: str = ""

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return did_you_mean(self.suggestion) or self.cure or (f"it may be {listed(self.known)}" if self.known else "")


@final
class UnusedInit(Diagnostic, Suggesting):
    """An `init` fills nothing: nothing that it stands for has such a weight.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        init gain=ones
        linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        init bias=ones
        linear(2)
    }
    ```
    """

    code = "A125"
    name = "unused-init"
    weight: str
    suggestion: str | None = None
    op: str = ""
    """The op of the layer that it stands in, if it stands in one."""

    def message(self) -> str:
        if self.op:
            return f"`{self.op}` has no weights of its own to fill here"
        return f"no layer here has {f'a weight called `{self.weight}`' if self.weight else 'weights to fill'}"

    def help(self) -> str:
        if self.suggestion:
            return did_you_mean(self.suggestion)
        if not self.weight:
            cure = "leave it out; it" if self.op else "what has no name"
            return f"{cure} is for weights of two axes and more{'' if self.op else '; name others: `bias=zeros`'}"
        return "leave it out, or name a weight that a layer has, such as `bias=zeros`"


@final
class UnknownWeight(Diagnostic, Suggesting):
    """A weight is tied to one that does not exist before it.

    Wrong:

    ```arch
    model Language {
        input tokens: [B, T] int
        embed = embedding(100, 8)
        linear(100, weight=embed.weights)
    }
    ```

    Right:

    ```arch
    model Language {
        input tokens: [B, T] int
        embed = embedding(100, 8)
        linear(100, weight=embed.weight)
    }
    ```
    """

    code = "A213"
    name = "unknown-weight"
    follows_from = Absence.ANYTHING
    text: str
    problem: str
    suggestion: str | None

    def message(self) -> str:
        return f"there is no weight `{self.text}` here: {self.problem}"

    def help(self) -> str:
        return did_you_mean(self.suggestion) or "name a weight of a layer above this one, as in `embed.weight`"


@final
class UnlikeWeights(Diagnostic):
    """Two layers cannot have the same weights, since these have different shapes.

    Wrong:

    ```arch
    model Language {
        input tokens: [B, T] int
        embed = embedding(100, 8)
        linear(50, weight=embed.weight)
    }
    ```

    Right:

    ```arch
    model Language {
        input tokens: [B, T] int
        embed = embedding(100, 8)
        linear(100, weight=embed.weight)
    }
    ```
    """

    code = "A214"
    name = "unlike-weights"
    follows_from = Absence.ANYTHING
    first: str
    problem: str
    first_span: Span
    cure: str = ""

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return self.cure or "give both layers the same sizes, or each a weight of its own"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.first_span, f"this is `{self.first}`"),)
