"""Comments that allow advice: `# archspec: allow A403`, with a reason behind a colon, if there is one.

At the end of a line it allows what is told of that line; on a line of its own, what is told of the next line that is no
comment; and before the first line of a file, what is told of the whole file. A finding is told of the line on which the
place that it names begins. What a comment allows belongs to its file: advice on a block that stands in another file is
allowed there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final, final

from msgspec import Struct

from archspec.diagnostics import Diagnostic, Edit, Fix, Severity, Suggesting
from archspec.passes.advice.choice import ABOUT_COMMENTS, USUAL, Choice, UnknownAdviceError, codes_of
from archspec.source import Source, Span
from archspec.spelling import did_you_mean
from archspec.syntax.read import SUFFIXES
from archspec.syntax.tree import Fields, Items, Scalar, Tree


@final
class UnclearAllow(Diagnostic, Suggesting):
    """A comment allows what is no advice. Errors cannot be allowed: a spec that has one has no meaning.

    Advice is called by its code or its name; several stand with commas between them, and a reason may follow behind a
    colon: `# archspec: allow A403, A406: as in the paper`.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(4, bias=false) -> batchnorm  # archspec: allow bias-before-nrom
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(4) -> batchnorm  # archspec: allow bias-before-norm
    }
    ```
    """

    code = "A402"
    name = "unclear-allow"
    severity: ClassVar[Severity] = Severity.ADVICE
    word: str
    suggestion: str | None
    is_error: bool = False
    """Whether it is the code or the name of an error."""

    def message(self) -> str:
        if not self.word:
            return "this comment does not say which advice it allows"
        if self.is_error:
            return f"`{self.word}` is an error, and no comment allows one"
        return f"there is no advice called `{self.word}`"

    def help(self) -> str:
        if self.is_error:
            return "mend what it tells of, and remove the comment"
        return did_you_mean(self.suggestion) or "name it by its code or name: `# archspec: allow A403`"


@final
class UnusedAllow(Diagnostic):
    """A comment allows advice that is not given. It may hide a later mistake.

    `# archspec: allow A403` allows what stands on its line; on a line of its own, what stands on the next one; and
    before the first line of the spec, what stands in the whole file. It is not told of a file that other files use, nor
    where only a variant, or a spec with settings from outside, is looked at: there the advice may come of the rest.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3, bias=false) -> batchnorm -> relu  # archspec: allow bias-before-norm
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3) -> batchnorm -> relu  # archspec: allow bias-before-norm: its weights are of another model
    }
    ```
    """

    code = "A401"
    name = "unused-allow"
    severity: ClassVar[Severity] = Severity.ADVICE
    word: str
    where: str

    def message(self) -> str:
        return f"there is no advice `{self.word}` to allow {self.where}"

    def help(self) -> str:
        return f"take `{self.word}` out of the comment, or put the comment at the end of the line that the advice is on"

    def fixes(self) -> tuple[Fix, ...]:
        # The reason of a comment that allows several things may be that of the others.
        line = self.span.line()
        start = line.text.find("#")
        comment = re.fullmatch(rf"# *archspec: *allow +{re.escape(self.word)} *(:.*)?\n?", line.text[max(start, 0) :])
        if comment is None:
            return ()
        before = line.text[:start].rstrip()
        kept = before + ("\n" if before and line.text.endswith("\n") else "")
        return (Fix("remove the comment", (Edit(line, kept),), is_safe=True),)


_COMMENT: Final = re.compile(r"#+\s*archspec:\s*allow\b[ \t]*[:=]?(?P<words>[^:\n]*)", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\s,]+")
_VERSION: Final = re.compile(r"---|archspec:\s*\d")


@final
class _Allow(Struct):
    """A word of a comment, with what it allows."""

    span: Span
    codes: frozenset[str]
    line: int | None
    """The line that it is about; `None` is the whole file."""

    is_used: bool = False


@final
class Allowed(Struct):
    """What the comments of a file allow."""

    source: Source
    allows: list[_Allow] = []
    unclear: list[Diagnostic] = []
    """What is said of words that name no advice."""

    def covers(self, finding: Diagnostic) -> bool:
        """Whether a finding is allowed, which is then remembered."""
        found = [each for each in self.allows if finding.code in each.codes and each.line in (None, _line(finding))]
        for each in found:
            each.is_used = True
        return bool(found)

    def unused(self, choice: Choice) -> Iterator[Diagnostic]:
        """What is said of words that allowed nothing, though it was looked for what they allow."""
        for each in self.allows:
            looked_for = (each.codes & USUAL) or each.codes
            if not each.is_used and looked_for <= choice.codes and not each.codes & ABOUT_COMMENTS.keys():
                where = "in this file" if each.line is None else f"on line {each.line}"
                yield UnusedAllow(each.span, each.span.text, where)


def _line(finding: Diagnostic) -> int:
    return finding.span.first().line


def allowed_in(source: Source, syntax: str | None) -> Allowed:
    """What the comments of a file allow; its syntax is told by its name where it is not given."""
    allowed = Allowed(source)
    syntax = syntax or SUFFIXES.get(Path(source.name).suffix.lower())
    lines = range(1, source.line_count + 1)
    first = next((line for line in lines if not _is_heading(source.line(line))), 1)
    for start, end in (_in_yaml if syntax == "yaml" else _in_text)(source):
        match = _COMMENT.match(source.text, start, end)
        if match is not None:
            line = source.position(start).line
            about: int | None = line
            if _is_comment(source.line(line)):
                about = None if line < first else _next_line(source, line)
            _read(allowed, source.span(start, match.end()), source.span(*match.span("words")), about)
    return allowed


def _read(allowed: Allowed, comment: Span, words: Span, about: int | None) -> None:
    """Add what one comment allows, and what is said of its words."""
    found = list(_WORD.finditer(comment.source.text, words.start, words.end))
    if not found:
        allowed.unclear.append(UnclearAllow(comment, "", None))
    for word in found:
        span = comment.source.span(*word.span())
        try:
            allowed.allows.append(_Allow(span, codes_of(span.text), about))
        except UnknownAdviceError as error:
            allowed.unclear.append(UnclearAllow(span, span.text, error.suggestion, is_error=error.is_error))


def _is_heading(line: str) -> bool:
    """Whether a line comes before what a file says: it is blank, a comment, or the version of the language."""
    return _is_comment(line, "") or _VERSION.match(line) is not None


def _is_comment(line: str, otherwise: str = "#") -> bool:
    """Whether a line is nothing but a comment; an empty one counts as one where `otherwise` says so."""
    return line.strip().startswith("#") or not (line.strip() or otherwise)


def _next_line(source: Source, line: int) -> int:
    while line < source.line_count and _is_comment(source.line(line)):
        line += 1
    return line


# ------------------------------------------------------------------------------------------------ where comments are

_TEXT: Final = re.compile(r'#[^\n]*|"""(?:\\.|[^\\])*?"""|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_YAML: Final = re.compile(r"(?:^|(?<=[ \t]))#[^\n]*", re.MULTILINE)


def _in_text(source: Source) -> Iterator[tuple[int, int]]:
    """Where the comments of a `.arch` file start and end."""
    return (match.span() for match in _TEXT.finditer(source.text) if match.group().startswith("#"))


def _in_yaml(source: Source) -> Iterator[tuple[int, int]]:
    """Where the comments of a YAML file start and end, which can be read."""
    from archspec.syntax.yaml import composed

    start = 0
    for text in (*sorted(_texts(composed(source)), key=lambda span: span.start), source.span(len(source.text), 0)):
        yield from (match.span() for match in _YAML.finditer(source.text, start, max(start, text.start)))
        start = max(start, text.end)


def _texts(tree: Tree) -> Iterator[Span]:
    """The places of texts in which a `#` is none of a comment: in quotes, or in a block of lines."""
    if isinstance(tree, Scalar):
        if tree.span.text[:1] in ("'", '"', "|", ">"):
            yield tree.span
    elif isinstance(tree, Items):
        for item in tree.items:
            yield from _texts(item)
    elif isinstance(tree, Fields):
        for entry in tree.entries:
            yield from _texts(entry.key)
            yield from _texts(entry.value)
