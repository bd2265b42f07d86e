"""Findings about `rename`, which says what files call the weights of a model: A127 to A131."""

from __future__ import annotations

from typing import final

from archspec.diagnostics import Diagnostic, Related, Suggesting
from archspec.source import Span
from archspec.spelling import did_you_mean


@final
class WrongRename(Diagnostic):
    """A side of a `rename` is no name, or its two sides do not have the same number of `*`.

    On the left stands the name of a layer, group or weight of the model, in which `*` is any one part: what stands
    between two dots. On the right stands what files call it; there each `*` is what the one on the left is, in order.

    Wrong:

    ```arch
    model Tower {
        input x: [B, 8]
        rename layers.* = encoder.layer

        layers = repeat 3 { linear(8) }
    }
    ```

    Right:

    ```arch
    model Tower {
        input x: [B, 8]
        rename layers.* = encoder.layer.*

        layers = repeat 3 { linear(8) }
    }
    ```
    """

    code = "A127"
    name = "wrong-rename"
    problem: str
    cure: str = ""

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return self.cure


@final
class UnknownRenamed(Diagnostic, Suggesting):
    """A `rename` speaks of something that neither the model nor one of its variants has.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        rename haed = classifier

        head = linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        rename head = classifier

        head = linear(2)
    }
    ```
    """

    code = "A128"
    name = "unknown-renamed"
    own: str
    model: str
    suggestion: str | None
    is_layer: bool = False
    """Whether it is a layer or group, but one without weights."""

    def message(self) -> str:
        if self.is_layer:
            return f"`{self.own}` has no weights that could be renamed"
        return f"`{self.model}` has no layer, group or weight called `{self.own}`"

    def help(self) -> str:
        if self.is_layer:
            return "remove the line"
        return did_you_mean(self.suggestion) or "the names of all groups around it belong to its name"


@final
class UnusedRename(Diagnostic):
    """A `rename` is never used, because others speak of all its weights more precisely.

    For each weight, the `rename` counts whose left side has the most parts, and of those with as many parts the one
    with the fewest `*`.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        rename head = classifier
        rename head.weight = out.w
        rename head.bias = out.b

        head = linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        rename head.weight = out.w
        rename head.bias = out.b

        head = linear(2)
    }
    ```
    """

    code = "A129"
    name = "unused-rename"
    own: str
    others: tuple[Span, ...]

    def message(self) -> str:
        return f"this `rename` of `{self.own}` is never used"

    def related(self) -> tuple[Related, ...]:
        return tuple(Related(span, "this is more precise") for span in self.others)

    def help(self) -> str:
        return "remove the line: others speak of all its weights more precisely"


@final
class UnclearRename(Diagnostic):
    """Two `rename` lines speak of one weight, and neither is more precise.

    Wrong:

    ```arch
    model Tower {
        input x: [B, 8]
        rename layers.* = h.*
        rename *.0 = *.first

        layers = repeat 3 { linear(8) }
    }
    ```

    Right:

    ```arch
    model Tower {
        input x: [B, 8]
        rename layers.* = h.*
        rename layers.0 = h.first

        layers = repeat 3 { linear(8) }
    }
    ```
    """

    code = "A130"
    name = "unclear-rename"
    own: str
    other: str
    place: Span
    weight: str

    def message(self) -> str:
        return f"`{self.own}` and `{self.other}` both rename `{self.weight}`, and neither is more precise"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.place, "this is as precise"),)

    def help(self) -> str:
        return f"add a `rename` of `{self.weight}`, or of a group around it, without `*`"


@final
class RenamedAlike(Diagnostic):
    """Two weights would have one name in a file, which holds but one of them under it.

    Weights that are tied may have one name.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        rename hidden = fc
        rename head = fc

        hidden = linear(2)
        head = linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        rename hidden = fc1
        rename head = fc2

        hidden = linear(2)
        head = linear(2)
    }
    ```
    """

    code = "A131"
    name = "renamed-alike"
    weight: str
    other: str
    stored: str

    def message(self) -> str:
        return f"`{self.weight}` and `{self.other}` would both be `{self.stored}` in a file"

    def help(self) -> str:
        return "give each a name of its own"
