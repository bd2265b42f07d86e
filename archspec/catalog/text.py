"""Findings about the text of a file, before it means anything: A0xx."""

from __future__ import annotations

from typing import final

from archspec.diagnostics import Diagnostic, Edit, Fix, Related, Suggesting
from archspec.source import Span
from archspec.spelling import did_you_mean


@final
class UnreadableFile(Diagnostic, Suggesting):
    """A file cannot be read: it is missing, is a folder, or may not be opened.

    Wrong: `archspec check alexnet.yml` where the file is `alexnet.yaml`.

    Right: `archspec check alexnet.yaml`.
    """

    code = "A001"
    name = "unreadable-file"
    file: str
    reason: str
    suggestion: str | None = None

    def message(self) -> str:
        return f"cannot read `{self.file}`: {self.reason}"

    def help(self) -> str:
        return did_you_mean(self.suggestion)


@final
class NotText(Diagnostic):
    """A spec is text in UTF-8 and has no control characters.

    Wrong: a file saved as UTF-16 or Latin-1.

    Right: the same file saved as UTF-8, with or without a byte order mark.
    """

    code = "A002"
    name = "not-text"
    reason: str
    cure: str

    def message(self) -> str:
        return f"this file is not text: {self.reason}"

    def help(self) -> str:
        return self.cure


@final
class FileTooLarge(Diagnostic):
    """A spec is a text that people read; a file of megabytes is something else.

    Wrong: a file of 5 MB that lists each of a hundred thousand layers.

    Right: a file that says it with a `repeat`.
    """

    code = "A003"
    name = "file-too-large"
    limit: int

    def message(self) -> str:
        return f"this file has more than {self.limit:,} bytes"


@final
class UnknownSyntax(Diagnostic):
    """The ending of a file name says which syntax it has: `.arch`, `.yaml` or `.yml`.

    Wrong: `archspec check lenet.txt`.

    Right: `archspec check lenet.arch`.
    """

    code = "A004"
    name = "unknown-syntax"

    def message(self) -> str:
        return f"`{self.span.source.name}` does not end in `.arch`, `.yaml` or `.yml`"

    def help(self) -> str:
        return "rename the file after the syntax it is written in"


@final
class EmptySpec(Diagnostic):
    """A file without a model says nothing.

    Wrong: a file of comments.

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2)
    }
    ```
    """

    code = "A005"
    name = "empty-spec"

    def message(self) -> str:
        return "this file is empty"

    def help(self) -> str:
        return "a spec starts with `model: NAME` in YAML, and with `model NAME { ... }` in the text form"


@final
class InvalidYaml(Diagnostic):
    """A file is not YAML. The text says what the YAML reader stumbled over.

    Wrong:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8}
    layers: [linear: 2]
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers: [linear: 2]
    ```
    """

    code = "A010"
    name = "invalid-yaml"
    problem: str
    cure: str = ""

    def message(self) -> str:
        return f"this is not YAML: {self.problem}"

    def help(self) -> str:
        return self.cure


@final
class DuplicateKey(Diagnostic):
    """A key, setting or parameter is given twice in one place. YAML itself would silently keep the last.

    Wrong:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers:
      - linear: {features: 2, bias: true, bias: false}
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers:
      - linear: {features: 2, bias: false}
    ```
    """

    code = "A011"
    name = "duplicate-key"
    key: str
    first: Span

    def message(self) -> str:
        return f"`{self.key}` is given twice"

    def label(self) -> str:
        return "again here"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.first, "first here"),)

    def help(self) -> str:
        return "remove one of the two"


@final
class SeveralDocuments(Diagnostic):
    """A file holds one YAML document.

    Wrong:

    ```yaml
    model: First
    inputs: {x: [B, 8]}
    layers: [linear: 2]
    ---
    model: Second
    ```

    Right: each model in a file of its own.
    """

    code = "A012"
    name = "several-documents"

    def message(self) -> str:
        return "a second document starts here"

    def help(self) -> str:
        return "put each model into a file of its own"


@final
class YamlTag(Diagnostic):
    """Tags and merge keys of YAML have no meaning in a spec; tags of other tools would run code.

    Wrong:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers:
      - linear: !!int 2
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers:
      - linear: 2
    ```
    """

    code = "A013"
    name = "yaml-tag"
    tag: str

    def message(self) -> str:
        return f"the {self.what} `{self.tag}` has no meaning in a spec"

    def help(self) -> str:
        return "remove the tag" if self.what == "tag" else "write the keys out that it stands for"

    @property
    def what(self) -> str:
        return "tag" if self.tag.startswith("!") else "merge key"


@final
class AliasExpansion(Diagnostic):
    """Aliases of YAML stand for what was marked before; a few lines of them can stand for more than any memory holds.

    Wrong:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers: &all [*all]
    ```

    Right:

    ```yaml
    model: Classifier
    inputs: {x: [B, 8]}
    layers: [linear: 2]
    ```
    """

    code = "A014"
    name = "alias-expansion"
    problem: str

    def message(self) -> str:
        return self.problem


@final
class TooDeep(Diagnostic):
    """Brackets, braces, lists and mappings stand in one another too deep for anyone to read.

    Wrong: a hundred and one brackets in a row.

    Right: the same with names for its parts.
    """

    code = "A015"
    name = "too-deep"
    limit: int

    def message(self) -> str:
        return f"this is nested more than {self.limit} deep"


@final
class SyntaxFault(Diagnostic, Suggesting):
    """A text does not follow the grammar.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2) -> -> relu
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2) -> relu
    }
    ```
    """

    code = "A020"
    name = "syntax"
    found: str
    expected: str = ""
    problem: str = ""
    cure: str = ""
    suggestion: str | None = None

    def message(self) -> str:
        if self.problem:
            return self.problem
        return f"`{self.found}` cannot stand here" if self.found else "something is missing here"

    def label(self) -> str:
        return f"expected {self.expected}" if self.expected else ""

    def help(self) -> str:
        return self.cure or did_you_mean(self.suggestion)

    def fixes(self) -> tuple[Fix, ...]:
        if self.suggestion == "->":
            return (Fix("write `->`", (Edit(self.span, "->"),), is_safe=False),)
        return super().fixes()


@final
class UnclosedBracket(Diagnostic):
    """A bracket or brace is opened and never closed.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2
        relu
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2)
        relu
    }
    ```
    """

    code = "A021"
    name = "unclosed-bracket"
    opened: Span
    found: str
    cure: str = ""

    def message(self) -> str:
        return f"`{self.opening}` is not closed"

    def help(self) -> str:
        return self.cure

    def label(self) -> str:
        closing = {"(": ")", "[": "]", "{": "}"}[self.opening]
        return f"`{closing}` should stand before this" if self.found else f"`{closing}` is missing here"

    @property
    def opening(self) -> str:
        """The bracket; where a text is written over several lines, its place is the whole text."""
        return next((each for each in reversed(self.opened.text) if each in "([{"), "(")

    def related(self) -> tuple[Related, ...]:
        return (Related(self.opened, "opened here"),)
