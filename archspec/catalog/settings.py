"""Findings about ops and their settings: A104 to A109."""

from __future__ import annotations

from typing import final

from archspec.diagnostics import Absence, Diagnostic, Edit, Fix, Related, Suggesting
from archspec.source import Span
from archspec.spelling import did_you_mean, listed


def all_of(things: str, known: tuple[str, ...]) -> str:
    """What there is to choose from."""
    return f"its only {things} is `{known[0]}`" if len(known) == 1 else f"its {things}s are {listed(known, 'and')}"


@final
class UnknownOp(Diagnostic, Suggesting):
    """No op has this name.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        liner(2)
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

    code = "A104"
    name = "unknown-op"
    follows_from = Absence.NAME
    op: str
    suggestion: str | tuple[str, ...] | None
    cure: str = ""

    def message(self) -> str:
        return f"no op is called `{self.op}`"

    def help(self) -> str:
        said = " ".join(filter(None, (did_you_mean(self.suggestion), self.cure)))
        return said or "`archspec explain` lists all ops"


@final
class UnknownSetting(Diagnostic, Suggesting):
    """An op has no setting of this name.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2, biass=false)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2, bias=false)
    }
    ```
    """

    code = "A105"
    name = "unknown-setting"
    op: str
    setting: str
    known: tuple[str, ...]
    suggestion: str | tuple[str, ...] | None
    cure: str = ""

    def message(self) -> str:
        return f"`{self.op}` has no setting `{self.setting}`"

    def help(self) -> str:
        if self.cure:
            return self.cure
        if self.suggestion:
            return did_you_mean(self.suggestion)
        if self.setting in ("name", "from"):
            return f"`{self.setting}` stands beside the op, not among its settings"
        if self.setting == "init":
            return "how the weights of a block or cell start, an `init` line in it says"
        return all_of("setting", self.known) if self.known else f"`{self.op}` takes no settings"


@final
class MissingSetting(Diagnostic):
    """A setting without a default is not given.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3)
    }
    ```
    """

    code = "A106"
    name = "missing-setting"
    op: str
    setting: str
    description: str
    accepted: str

    def message(self) -> str:
        return f"`{self.op}` needs `{self.setting}`"

    def label(self) -> str:
        return self.description

    def help(self) -> str:
        return f"`{self.setting}` is {self.accepted}"


@final
class InvalidSetting(Diagnostic):
    """A setting has a value that it cannot have.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=0)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=1)
    }
    ```
    """

    code = "A107"
    name = "invalid-setting"
    op: str
    setting: str
    value: str
    accepted: str
    suggestion: str | None
    origin: Related | None
    """Where the value was given, when it was given elsewhere."""

    usual: str = ""
    """What may be written, in words."""

    def message(self) -> str:
        return f"`{self.setting}` of `{self.op}` cannot be `{self.value}`"

    def fixes(self) -> tuple[Fix, ...]:
        if self.suggestion is None:
            return ()
        # A number in quotes, or a word in capitals, says the same as without.
        says_the_same = self.span.text.strip("\"'").casefold() == self.suggestion.casefold()
        return (Fix(f"write `{self.suggestion}`", (Edit(self.span, self.suggestion),), says_the_same),)

    def related(self) -> tuple[Related, ...]:
        return () if self.origin is None else (self.origin,)

    def label(self) -> str:
        return f"it needs {self.accepted}"

    def help(self) -> str:
        return did_you_mean(self.suggestion) or self.usual


@final
class TooManyValues(Diagnostic):
    """More values stand without a name than the op has settings that may.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, 3, 2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, 3, stride=2, padding=1)
    }
    ```
    """

    code = "A108"
    name = "too-many-values"
    op: str
    positional: tuple[str, ...]
    cure: str = ""
    are_more: bool = False
    """Whether others follow that are too many as well."""

    def message(self) -> str:
        if not self.positional:
            return f"`{self.op}` takes no value without a name"
        values = "one value" if len(self.positional) == 1 else f"{len(self.positional)} values"
        return f"`{self.op}` takes {values} without a name: {listed(self.positional, 'and')}"

    def label(self) -> str:
        return "which setting is this, and which are those behind it?" if self.are_more else "which setting is this?"

    def help(self) -> str:
        name = "write the name of the setting before it: `name=value`"
        if not self.positional:
            return f"leave it out, or {name}"
        return f"{name}; {self.cure}" if self.cure else name


@final
class SettingTwice(Diagnostic):
    """A setting is given by its position and by its name.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2, features=2)
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

    code = "A109"
    name = "setting-twice"
    op: str
    setting: str
    first: Span

    def message(self) -> str:
        return f"`{self.setting}` of `{self.op}` is given twice"

    def label(self) -> str:
        return "again here"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.first, "first here"),)

    def help(self) -> str:
        return "remove one of the two"
