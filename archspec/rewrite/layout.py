"""Statements of the text form as lines: what goes on one line, and where a line is broken that would be too long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.rewrite.lines import WIDTH, Blank, Joint, Line
from archspec.source import Span

INDENT: Final = 4


@final
class Listed(Struct, frozen=True):
    """Parts with commas between them, in brackets; a line may be broken before each."""

    opening: str
    parts: tuple[Piece, ...]
    closing: str
    mark: str = ","
    """What stands behind each but the last: nothing, where the parts have operators behind them."""


Piece: TypeAlias = "str | Listed | tuple[Piece, ...]"


def flat(piece: Piece) -> str:
    """A piece on one line."""
    match piece:
        case str():
            return piece
        case Listed(opening, parts, closing):
            return f"{opening}{f'{piece.mark} '.join(map(flat, parts))}{closing}"
    return "".join(map(flat, piece))


def filled(piece: Piece, column: int) -> str:
    """A piece that starts at a column, on as many lines as it needs: they start below what the bracket opens."""
    if isinstance(piece, tuple):
        written = ""
        for each in piece:
            written += filled(each, _end(written, column))
        return written
    # What comes behind a piece, such as a brace, has some room left.
    if isinstance(piece, str) or not piece.parts or column + len(flat(piece)) <= WIDTH - len(" {"):
        return flat(piece)
    inner = column + len(piece.opening)
    written = piece.opening
    for index, part in enumerate(piece.parts):
        mark = piece.mark if index < len(piece.parts) - 1 else piece.closing
        if index:
            fits = _end(written, column) + len(flat(part)) + len(mark) < WIDTH - len(" {")
            written += " " if fits else "\n" + " " * inner
        written += filled(part, _end(written, column)) + mark
    return written


def _end(written: str, column: int) -> int:
    """The column at which a text ends that starts at one."""
    _, is_broken, last = written.rpartition("\n")
    return len(last) if is_broken else column + len(written)


@final
class Text(Struct, frozen=True):
    """A part of a statement that goes on one line if it can."""

    piece: Piece
    starts: tuple[int, ...] = ()


@final
class Arrow(Struct, frozen=True):
    """An arrow between two steps; a line may be broken before it."""


@final
class Body(Struct, frozen=True):
    """Statements in braces."""

    statements: tuple[Statement, ...]
    closes: tuple[Span, ...] = ()
    may_be_inline: bool = True

    @property
    def starts(self) -> tuple[int, ...]:
        """Where its opening brace stands, if the source has one."""
        return tuple(span.start for span in self.closes[:1] if span.text.startswith("{"))


Segment: TypeAlias = Text | Arrow | Body


@final
class Statement(Struct, frozen=True):
    """A statement: what stands before its `=`, if anything does, and a chain."""

    segments: tuple[Segment, ...]
    head: str = ""
    starts: tuple[int, ...] = ()
    """Where that starts in the source."""

    kind: str = ""
    """Lines of one kind in a row have their `=` or, without a name, their first arrow below each other."""

    blank: Blank = Blank.AS_WRITTEN
    before: tuple[Line, ...] = ()
    """The lines that stand above it and belong to it."""

    marks: tuple[Span, ...] = ()
    """A body that ends here, although its brace does not."""


@final
class _Style(Struct, frozen=True):
    """How a statement is broken."""

    breaks_arrows: bool = False
    breaks_bodies: bool = False
    fills: bool = False


_STYLES: Final = (
    _Style(),
    _Style(breaks_arrows=True),
    _Style(breaks_bodies=True),
    _Style(breaks_arrows=True, breaks_bodies=True),
    _Style(breaks_arrows=True, breaks_bodies=True, fills=True),
)
"""What is tried in turn, until all lines are short enough. A line that one of them broke is broken by the same one when
the result is laid out again, since those before it fail again."""


def laid_out(statement: Statement, indent: int, *, is_first: bool) -> Iterator[Line]:
    """The lines of a statement."""
    if statement.marks:
        yield Line("", indent, closes=statement.marks, inner=indent, is_first=is_first)
        return
    for number, line in enumerate(statement.before):
        blank = statement.blank if number == 0 else Blank.NEVER
        yield replace(line, indent=indent, blank=blank, is_first=is_first and number == 0)
    for style in _STYLES:
        attempt = _Attempt(statement, indent, style)
        attempt.run()
        if style.fills or all(len(row.text) + row.indent <= WIDTH for row in attempt.rows if isinstance(row, Line)):
            break
    is_inner = False
    for row in attempt.rows:
        if isinstance(row, Line):
            yield attempt.finished(row, is_first=is_first and not statement.before) if not is_inner else row
            is_inner = True
        else:
            body, inner = row
            is_start = True
            for each in body.statements:
                yield from laid_out(each, inner, is_first=is_start)
                is_start = is_start and bool(each.marks)


@final
class _Attempt:
    """The lines of a statement in one style; a body that is broken stands between them."""

    def __init__(self, statement: Statement, indent: int, style: _Style) -> None:
        self.statement = statement
        self.style = style
        # Of several bodies, all are broken or none: `if a { x } else { y }` reads well on one line or on five.
        bodies = [each for each in statement.segments if isinstance(each, Body) and each.statements]
        self.breaks_bodies = style.breaks_bodies or any(inlined(each) is None for each in bodies)
        self.indent = indent
        self.rows: list[Line | tuple[Body, int]] = []
        self.text = statement.head
        self.starts = list(statement.starts)
        self.closes: tuple[Span, ...] = ()
        self.is_empty_body = False
        self.joint: Joint | None = None

    def run(self) -> None:
        statement, style = self.statement, self.style
        if statement.head:
            self.joint = Joint(statement.kind, len(statement.head) - len("= "))
        base, indent = self.indent, self.indent
        for segment in statement.segments:
            match segment:
                case Text(piece, starts):
                    self.text += filled(piece, _end(self.text, indent)) if style.fills else flat(piece)
                    self.starts += starts
                case Arrow() if style.breaks_arrows:
                    self.end_line(indent)
                    below = len(statement.head)
                    indent = base + (below if 0 < below <= _DEEPEST_HEAD else INDENT)
                    self.text = "-> "
                case Arrow():
                    if statement.kind and self.joint is None:
                        self.joint = Joint(statement.kind, len(self.text) + 1)
                    self.text += " -> "
                case Body():
                    self.body(segment, indent)
        self.end_line(indent)

    def body(self, body: Body, indent: int) -> None:
        inline = None if self.breaks_bodies and body.statements else inlined(body)
        self.starts += body.starts
        if inline is not None:
            self.text += inline[0]
            self.starts += inline[1]
            return
        self.text += "{"
        self.end_line(indent)
        self.rows.append((body, indent + INDENT))
        self.closes, self.text = body.closes, "}"
        self.is_empty_body = not body.statements

    def end_line(self, indent: int) -> None:
        self.rows.append(
            Line(
                self.text,
                indent,
                tuple(self.starts),
                closes=self.closes,
                inner=indent + INDENT,
                blank=Blank.NEVER,
                is_first=self.is_empty_body,
            )
        )
        self.starts, self.closes, self.is_empty_body = [], (), False

    def finished(self, line: Line, *, is_first: bool) -> Line:
        """The first line, with what is true of the whole statement."""
        blank = Blank.NEVER if self.statement.before else self.statement.blank
        is_alone = len(self.rows) == 1 and "\n" not in line.text
        return replace(line, blank=blank, is_first=is_first, joint=self.joint if is_alone else None)


_DEEPEST_HEAD: Final = 16
"""Steps stand below the first one of a chain whose name is no longer than this; else they are one indent deeper."""


def inlined(body: Body) -> tuple[str, tuple[int, ...]] | None:
    """A body on the line that its brace opens on, if it may stand there: nothing, or one statement."""
    if not body.may_be_inline or len(body.statements) > 1:
        return None
    if not body.statements:
        return "{}", ()
    (statement,) = body.statements
    text, starts = statement.head, list(statement.starts)
    for segment in statement.segments:
        match segment:
            case Text(piece, where):
                text += flat(piece)
                starts += where
            case Arrow():
                text += " -> "
            case Body():
                inner = inlined(segment)
                if inner is None:
                    return None
                text += inner[0]
                starts += (*segment.starts, *inner[1])
    return f"{{ {text} }}", tuple(starts)
