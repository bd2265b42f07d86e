"""Findings about files that use one another: A030 to A034."""

from __future__ import annotations

from typing import final

from archspec.diagnostics import Diagnostic, Edit, Fix, Suggesting
from archspec.spelling import did_you_mean, listed


@final
class ForbiddenFile(Diagnostic):
    """A spec uses a file that it may not read: one outside its root folder, or one that is no spec.

    The root folder is that in which the command runs where the spec is inside it, else the folder of the spec; `--root`
    names another. Links are followed before it is asked where a file is.

    Wrong: `use "../../elsewhere/blocks.arch"` in a spec whose root folder that leads out of.

    Right: `use "blocks/unit.arch"`, for a file in the folder `blocks` beside the spec.
    """

    code = "A030"
    name = "forbidden-file"
    problem: str
    cure: str = ""

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return self.cure


@final
class UseCycle(Diagnostic):
    """Files use one another in a circle.

    Wrong: `use "b.arch"` in `a.arch`, and `use "a.arch"` in `b.arch`.

    Right: the blocks that both need in a third file, which both use.
    """

    code = "A031"
    name = "use-cycle"
    cycle: tuple[str, ...]

    def message(self) -> str:
        if len(self.cycle) == 2:
            return f"`{self.cycle[0]}` uses itself"
        return f"files use one another in a circle: {' -> '.join(f'`{each}`' for each in self.cycle)}"

    def help(self) -> str:
        if len(self.cycle) == 2:
            return "remove the line; a file knows its own blocks"
        return "put what they need of one another into a file of its own"


@final
class UnknownLibrary(Diagnostic, Suggesting):
    """No part of the library has this name.

    The standard library is called `std`; installed packages may add others.

    Wrong:

    ```arch
    use std.squeeze_excitation

    model Classifier {
        input image: [B, 32, 8, 8]
        SE -> flatten -> linear(2)
    }
    ```

    Right:

    ```arch
    use std.se

    model Classifier {
        input image: [B, 32, 8, 8]
        SE -> flatten -> linear(2)
    }
    ```
    """

    code = "A032"
    name = "unknown-library"
    text: str
    collection: str
    known: tuple[str, ...]
    suggestion: str | None

    def message(self) -> str:
        return f"`{self.text}` names no part of the library `{self.collection}`"

    def help(self) -> str:
        return did_you_mean(self.suggestion) or f"it has {listed(self.known, 'and')}"


@final
class UnusedUse(Diagnostic):
    """A file is used, and none of its blocks is.

    Wrong:

    ```arch
    use std.se

    model Classifier {
        input x: [B, 8]
        linear(2)
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

    code = "A033"
    name = "unused-use"
    text: str
    blocks: tuple[str, ...]

    def message(self) -> str:
        return f"nothing of `{self.text}` is used"

    def help(self) -> str:
        what = f"; it has {listed(self.blocks, 'and')}" if self.blocks else ""
        return f"remove the line{what}"

    def fixes(self) -> tuple[Fix, ...]:
        line = self.span.line()
        is_alone = " ".join(line.text.split()) in (f"use {self.span.text}", f"use: {self.span.text}")
        return (Fix("remove the line", (Edit(line, ""),), is_safe=True),) if is_alone else ()


@final
class TooManyFiles(Diagnostic):
    """A spec uses more files, by itself and by those that it uses, than are read.

    Wrong: a spec that uses a file for each of a thousand blocks.

    Right: a file that holds all blocks that belong together.
    """

    code = "A034"
    name = "too-many-files"
    most: int

    def message(self) -> str:
        return f"a spec uses no more than {self.most} files"
