"""The lines of a file that is written anew, and how the comments and blank lines of its source come between them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import Final, final

from msgspec import Struct

from archspec.rewrite.comments import Comment, Notes
from archspec.source import Span
from archspec.syntax.tree import Fields, Items, Scalar, Tree

WIDTH: Final = 120
"""A line is no longer than this where it can be broken."""


class Blank(Enum):
    """Whether a blank line stands before a line."""

    AS_WRITTEN = auto()
    ALWAYS = auto()
    NEVER = auto()


@final
class Joint(Struct, frozen=True):
    """The place in a line that lines in a row have at the same column, where theirs are of the same kind."""

    kind: str
    column: int


@final
class Line(Struct, frozen=True):
    """A line, or several where a text goes over several; without a text, the end of a body that no line of it shows."""

    text: str
    indent: int
    starts: tuple[int, ...] = ()
    """Where in the source that starts which the line says."""

    begins: tuple[int, ...] = ()
    """Where that starts which begins with this line, although other lines may say what is first in the source."""

    closes: tuple[Span, ...] = ()
    """The bodies that end before this line."""

    inner: int = 0
    """The indent of comments at the end of those bodies."""

    blank: Blank = Blank.AS_WRITTEN
    is_first: bool = False
    """Whether it is the first of its body, which starts without a blank line."""

    takes_comment: bool = True
    """Whether a comment can stand behind it."""

    joint: Joint | None = None

    @property
    def is_written(self) -> bool:
        return bool(self.text)

    @property
    def start(self) -> int | None:
        return min((*self.starts, *self.begins), default=None)


def starts(*trees: Tree) -> Iterator[int]:
    """Where all that is written of trees starts in their source."""
    for tree in trees:
        yield tree.span.start
        if isinstance(tree, Items):
            yield from starts(*tree.items)
        elif isinstance(tree, Fields):
            for entry in tree.entries:
                if is_written(entry.key):
                    yield entry.key.span.start
                yield from starts(entry.value)


def is_written(key: Scalar) -> bool:
    """Whether a key stands in its source, and is not implied by what does."""
    place = key.span
    return place.end - place.start <= len(key.text) + len("''") and key.text in place.text


def first(*trees: Tree) -> tuple[int, ...]:
    """Where the first of all starts that is written of trees, if anything is."""
    found = min(starts(*trees), default=None)
    return () if found is None else (found,)


def woven(lines: Sequence[Line], notes: Notes) -> str:
    """The text of a file with its comments and blank lines."""
    weaver = _Weaver(lines, notes)
    weaver.place_all()
    return "".join(f"{row}\n" for row in _aligned(weaver.rows()))


@final
class _Around(Struct):
    """The comments around a line."""

    above: list[Comment] = []
    """Those that stood above it."""

    out_of: list[Comment] = []
    """Those that stood inside what it says."""

    behind: Comment | None = None


@final
class _Row(Struct, frozen=True):
    """A line of the result."""

    text: str
    line: Line | None = None
    behind: str = ""


class _Weaver:
    """Finds the line that each comment goes to: the place of both in the source tells."""

    def __init__(self, lines: Sequence[Line], notes: Notes) -> None:
        self.lines = lines
        self.notes = notes
        self.head: list[Comment] = []
        self.around = [_Around() for _ in range(len(lines) + 1)]
        self.saying = sorted((start, index) for index, line in enumerate(lines) for start in line.starts)
        self.starting = sorted(
            (start, index) for index, line in enumerate(lines) for start in (*line.starts, *line.begins)
        )
        self.closing: list[tuple[int, int]] = []
        self.owned: dict[int, int] = {}
        for index, line in enumerate(lines):
            for body in line.closes:
                self.owned.setdefault(body.start, index)
                if notes.has_braces and body.text.endswith("}"):
                    self.closing.append((body.end - 1, index))
        self.closing.sort()

    def place_all(self) -> None:
        comments = list(self.notes.comments)
        self.head = comments[: self.length_of_head(comments)]
        for comment in comments[len(self.head) :]:
            if comment.is_behind:
                self.place_behind(comment)
            else:
                self.place_above(comment)

    def length_of_head(self, comments: Sequence[Comment]) -> int:
        """How many comments belong to the file, and not to what comes first: they are set off by a blank line."""
        begin = self.starting[0][0] if self.starting else 0
        before = [each for each in comments if each.place < begin and not each.is_inside]
        length = 1 if before and before[0].text.startswith(_MODELINE) else 0
        for index, comment in enumerate(before[1:], start=1):
            if comment.has_blank:
                length = index
        return len(before) if before and self.notes.is_behind_blank(begin) else length

    def place_behind(self, comment: Comment) -> None:
        index = self.before(comment.place)
        if index is None:
            self.place_above(comment)
            return
        line, around = self.lines[index], self.around[index]
        is_last = all(start < comment.place for start in line.starts)
        if line.is_written and line.takes_comment and is_last and around.behind is None:
            around.behind = comment
        else:
            around.out_of.append(comment)

    def place_above(self, comment: Comment) -> None:
        index = next((self.owned[each] for each in comment.owners if each in self.owned), None)
        if index is None:
            index = self.after(comment.place)
        start = self.lines[index].start if index < len(self.lines) else None
        is_out = comment.is_inside or (start is not None and start < comment.place and not self.lines[index].closes)
        (self.around[index].out_of if is_out else self.around[index].above).append(comment)

    def before(self, place: int) -> int | None:
        """The line that says what stands before a place."""
        said = bisect_left(self.saying, (place, 0))
        closed = bisect_left(self.closing, (place, 0))
        if closed and (not said or self.saying[said - 1][0] < self.closing[closed - 1][0]):
            return self.closing[closed - 1][1]
        if not said:
            return None
        # What an alias of YAML stands for is said again; the comment behind it is not.
        return self.saying[bisect_left(self.saying, (self.saying[said - 1][0], 0))][1]

    def after(self, place: int) -> int:
        """The line that says what stands after a place; if nothing does, the end of the file."""
        started = bisect_left(self.starting, (place, 0))
        ending = bisect_left(self.closing, (place, 0))
        start = self.starting[started] if started < len(self.starting) else None
        end = self.closing[ending] if ending < len(self.closing) else None
        if end is not None and (start is None or end < start):
            # A body may end at several lines: where its keys do, and where what holds them does.
            ends = [end[1]]
            while ending + len(ends) < len(self.closing) and self.closing[ending + len(ends)][0] == end[0]:
                ends.append(self.closing[ending + len(ends)][1])
            previous = self.before(place)
            return next((index for index in ends if previous is None or index > previous), ends[-1])
        return len(self.lines) if start is None else start[1]

    def rows(self) -> Iterator[_Row]:
        for comment in self.head:
            if comment.has_blank and comment is not self.head[0]:
                yield _Row("")
            yield _Row(comment.text)
        may_be_blank = bool(self.head)
        is_headed = bool(self.head) and not self.head[-1].text.startswith(_MODELINE)
        for index, line in enumerate(self.lines):
            around = self.around[index]
            # What the first line of a body has above it does not start with a blank line either.
            may_be_blank = may_be_blank and not line.is_first
            start = line.start
            is_apart = is_headed or line.blank is Blank.ALWAYS
            is_headed = False
            indent = line.inner if line.closes else line.indent
            for comment in around.above:
                if may_be_blank and (comment.has_blank or is_apart):
                    yield _Row("")
                yield _Row(" " * indent + comment.text)
                may_be_blank, is_apart = True, False
            if line.blank is not Blank.NEVER and start is not None:
                is_apart = is_apart or self.notes.is_behind_blank(start)
            if may_be_blank and is_apart and line.is_written:
                yield _Row("")
            for comment in around.out_of:
                yield _Row(" " * indent + comment.text)
            if line.is_written:
                yield _Row(" " * line.indent + line.text, line, f"  {around.behind.text}" if around.behind else "")
                may_be_blank = True
        last = self.around[-1]
        for comment in (*last.above, *last.out_of):
            if comment.has_blank and (self.lines or comment is not last.above[0]):
                yield _Row("")
            yield _Row(comment.text)


_MODELINE: Final = "# yaml-language-server:"
"""What an editor reads in the first line of a file."""

_MOST_UNLIKE: Final = 16
"""Joints are brought to the same column where they are no further apart than this."""


def _aligned(rows: Iterable[_Row]) -> Iterator[str]:
    """The rows as text, with the joints of rows of one kind below each other."""
    run = _Run()
    for row in rows:
        if not run.takes(row):
            yield from run.padded()
            run = _Run()
        run.add(row)
    yield from run.padded()


@final
class _Run:
    """Rows whose joints are at the same column."""

    def __init__(self) -> None:
        self.rows: list[_Row] = []
        self.first: Line | None = None
        self.least = self.most = self.longest_rest = 0

    def takes(self, row: _Row) -> bool:
        """Whether a row goes on with these."""
        if not self.rows:
            return True
        line = row.line
        if line is None or line.joint is None or self.first is None or self.first.joint is None:
            return False
        column = line.indent + line.joint.column
        least, most = min(column, self.least), max(column, self.most)
        longest = most + max(self.longest_rest, len(row.text) - column)
        is_alike = (line.indent, line.joint.kind) == (self.first.indent, self.first.joint.kind)
        return is_alike and most - least <= _MOST_UNLIKE and longest <= WIDTH

    def add(self, row: _Row) -> None:
        column = row.line.indent + row.line.joint.column if row.line and row.line.joint else 0
        if not self.rows:
            self.first, self.least, self.most = row.line, column, column
        self.least, self.most = min(column, self.least), max(column, self.most)
        self.longest_rest = max(self.longest_rest, len(row.text) - column)
        self.rows.append(row)

    def padded(self) -> Iterator[str]:
        for row in self.rows:
            column = row.line.indent + row.line.joint.column if row.line and row.line.joint else self.most
            yield row.text[:column] + " " * (self.most - column) + row.text[column:] + row.behind
