"""The manual on a terminal: what there is, the list of ops, and the page of a finding or an op."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Final

from archspec.diagnostics import Diagnostic
from archspec.explanation import CODE, explanation
from archspec.manual import UnknownTopicError, by_family, chosen, findings, shipped
from archspec.manual.docstring import Displayed, Paragraph, Part, Points, parts_of
from archspec.manual.page import Page, Use, described_input, page
from archspec.op import Op
from archspec.spelling import closest, listed

WIDTH: Final = 80
"""How wide lines are where nobody says how wide they may be."""

WIDEST: Final = 100
"""Longer lines are hard to read, however wide the window is."""


def contents(ops: Mapping[str, type[Op]] | None = None, width: int = WIDTH) -> str:
    """What there are pages on."""
    families = by_family(shipped() if ops is None else ops)
    room = max(map(len, families), default=0)
    lines = ["Ops, by family:"]
    lines += [
        _entry(family, ", ".join(each.name for each in members), room, width) for family, members in families.items()
    ]
    lines += ["", "Findings:"]
    lines += [_entry(f"{kind.code}  {kind.name}", explanation(kind).summary, 26, width) for kind in findings()]
    closing = "`archspec explain TOPIC` prints the page of an op or a finding; `archspec ops` says what each op is."
    lines += ["", *_wrapped(closing, width)]
    return "\n".join(lines)


def explained(topic: str, ops: Mapping[str, type[Op]] | None = None, width: int = WIDTH) -> str:
    """The page on a finding, by its code or name, or on an op; of a family of ops, the list.

    Raises:
        UnknownTopicError: there is no such page.
    """
    kinds = findings()
    for kind in kinds:
        if topic.upper() == kind.code or topic.lower() == kind.name:
            return "\n".join(_finding_lines(kind, width)).rstrip()
    known = shipped() if ops is None else ops
    if topic in known:
        return "\n".join(_page_lines(page(known[topic]), width)).rstrip()
    families = by_family(known)
    if topic in families:
        return listing(known, topic, width)
    # Among all of them together, no word would be looked at that is more than a slip away.
    of_findings = (*(kind.code for kind in kinds), *(kind.name for kind in kinds))
    suggestion = closest(topic, (*known, *families)) or closest(topic, of_findings)
    cure = f"did you mean `{suggestion}`?" if suggestion else "`archspec explain` lists what there is"
    raise UnknownTopicError(f"there is no page on `{topic}`; {cure}")


def listing(ops: Mapping[str, type[Op]], family: str | None = None, width: int = WIDTH) -> str:
    """The ops of all families or of one, each with what it is in a few words.

    Raises:
        UnknownTopicError: there is no such family.
    """
    families = chosen(by_family(ops), family)
    room = max(len(each.name) for members in families.values() for each in members)
    lines: list[str] = []
    for each, members in families.items():
        lines += [str(each), *(_entry(member.name, member.title, room, width) for member in members), ""]
    return "\n".join((*lines, "`archspec explain OP` prints the page of one."))


def _finding_lines(kind: type[Diagnostic], width: int) -> Iterator[str]:
    yield f"{kind.code}: {kind.name}"
    yield ""
    end, text = 0, explanation(kind).whole
    for block in CODE.finditer(text):
        yield from _prose_lines(text[end : block.start()], width)
        yield from (f"    {line}".rstrip() for line in block["body"].splitlines())
        yield ""
        end = block.end()
    yield from _prose_lines(text[end:], width)


def _prose_lines(text: str, width: int) -> Iterator[str]:
    for part in parts_of(text):
        yield from _part_lines(part, width)
        yield ""


def _page_lines(each: Page, width: int) -> Iterator[str]:
    yield f"{each.name} ({each.op.family})"
    yield ""
    yield from _wrapped(each.use, width, "    ", " " * (len(each.name) + 5))
    yield ""
    for part in each.text:
        yield from _part_lines(part, width)
        yield ""
    for title, lines in _sections(each, width):
        if lines:
            yield from _wrapped(title, width)
            yield from lines
            yield ""


def _part_lines(part: Part, width: int) -> Iterator[str]:
    match part:
        case Paragraph(text):
            yield from _wrapped(text, width)
        case Displayed(lines):
            yield from (f"    {line}".rstrip() for line in lines)
        case Points(items):
            for item in items:
                yield from _wrapped(item, width, "- ", "  ")


def _sections(each: Page, width: int) -> Iterator[tuple[str, list[str]]]:
    yield "Shapes", [line for text in each.shapes for line in _wrapped(text, width, "  ", "  ")]
    inputs = {one.name: described_input(one, each.op.arity()[0]) for one in each.inputs}
    room = max(map(len, inputs), default=0)
    yield "Inputs", [_entry(name, text, room, width) for name, text in inputs.items()]
    yield "Settings", list(_setting_lines(each, width))
    use = each.weighty
    if use is not None:
        tensors = {**use.weights, **use.buffers}
        room = max(map(len, tensors), default=0)
        lines = [
            _entry(name, f"{shape}{'' if name in use.weights else ', not trained'}", room, width)
            for name, shape in tensors.items()
        ]
        lines += [f"  {use.cost}"] if use.cost else []
        yield f"{'Weights' if tensors else 'Cost'} of `{use.line}` for {listed(map(str, use.inputs), 'and')}", lines
    yield "Examples", [line for use in each.examples for line in _example_lines(use, width)]
    yield "Source", _wrapped(each.source, width, "  ")


def _setting_lines(each: Page, width: int) -> Iterator[str]:
    room = max((len(one.name) for one in each.settings), default=0)
    for one in each.settings:
        yield _entry(one.name, one.description, room, width)
        yield from _wrapped("; ".join(filter(None, (one.accepts, one.unless_given))), width, " " * (room + 4))
    if each.without_names:
        yield from _wrapped(each.without_names, width, "  ", "  ")


def _example_lines(use: Use, width: int) -> Iterator[str]:
    yield from _wrapped(use.line, width, "  ", "      ")
    yield from _wrapped(use.shapes, width, "      ", "      ")


def _wrapped(text: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """A text in lines that are no longer than the width, where that is possible; short code is not divided."""
    rest = first if rest is None else rest
    room = width - len(rest)
    kept = re.sub(r"`[^`]*`", lambda code: code[0] if len(code[0]) > room else code[0].replace(" ", "\0"), text)
    lines = wrap(
        kept, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\0", " ") for line in lines]


def _entry(name: str, text: str, room: int, width: int) -> str:
    """A name, and beside it a text that goes on below where it began."""
    return "\n".join(_wrapped(text, width, f"  {name:<{room}}  ", " " * (room + 4))) or f"  {name}"
