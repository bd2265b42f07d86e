"""The manual that `archspec explain` and `archspec ops` print: of each finding and of each op.

What it says of an op stands in one place: the docstring of its class, the fields, and the examples. `Page` is all of
that with what follows from it, such as the shapes and the weights of an example. The page on the terminal, the list for
programs and the Markdown in `docs/ops` are written from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property
from inspect import Parameter, cleandoc, signature
from textwrap import wrap
from typing import Any, Final, TypeAlias, final

from pydantic.fields import FieldInfo

from archspec.diagnostics import Diagnostic
from archspec.explanation import CODE, explanation
from archspec.expression import Value, written
from archspec.findings import CATALOG
from archspec.op import Example, Family, Op, ShapeError, count
from archspec.ops import OPS
from archspec.plugins import backends
from archspec.scan import Scan
from archspec.setting import accepted, accepted_words
from archspec.shape import Element, Shape
from archspec.size import Size
from archspec.spelling import closest, listed

WIDTH: Final = 80
"""How wide lines are where nobody says how wide they may be."""

WIDEST: Final = 100
"""Longer lines are hard to read, however wide the window is."""


MASK: Final = "mask"
"""What the last input of an op is called that may also come sooner, in the place of inputs that are left out."""


class UnknownTopicError(Exception):
    """There is no page on what was asked for; its text says so."""


# ------------------------------------------------------------------------------------------------- what there is to say


@final
@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@final
@dataclass(frozen=True, slots=True)
class Displayed:
    """Equations or the like, each in a line of its own."""

    lines: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Points:
    """A list."""

    items: tuple[str, ...]


Part: TypeAlias = Paragraph | Displayed | Points


@final
@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    accepts: str
    words: tuple[str, ...]
    """The words among what it accepts, such as `same`."""

    is_required: bool
    default: Value | None
    """What it is where it is left out; `None` where something else decides, or where it may not be left out."""

    description: str

    @property
    def use(self) -> str:
        """As it stands in the head of the page."""
        return (
            self.name if self.is_required else f"{self.name}={'...' if self.default is None else _read(self.default)}"
        )

    @property
    def unless_given(self) -> str:
        """What holds where it is left out, in words."""
        if self.is_required:
            return "required"
        return "may be left out" if self.default is None else f"default `{_read(self.default)}`"


@final
@dataclass(frozen=True, slots=True)
class Input:
    name: str
    elements: tuple[Element, ...]
    is_optional: bool = False
    repeats: bool = False
    """Whether it stands for any number of inputs."""


@final
@dataclass(frozen=True)
class Use:
    """An example of an op, with all that follows from its inputs."""

    example: Example

    @property
    def op(self) -> Op:
        return self.example.op

    @property
    def names(self) -> tuple[str, ...]:
        """What its inputs are called."""
        declared = type(self.op).input_names()
        if type(self.op).arity()[1] is None:
            return tuple(f"{declared[0].removesuffix('s')}{place}" for place in range(1, len(self.inputs) + 1))
        names = declared[: len(self.inputs)]
        is_masked = declared[-1] == MASK and self.inputs and self.inputs[-1].element is Element.BOOL
        return (*names[:-1], MASK) if is_masked else names

    @property
    def results(self) -> tuple[str, ...]:
        """What its outputs are called, where there are several."""
        several = len(self.outputs) > 1
        return tuple(f"y{place}" for place in range(1, len(self.outputs) + 1)) if several else ()

    @property
    def line(self) -> str:
        """As a spec in the text form writes it."""
        results = f"{', '.join(self.results)} = " if self.results else ""
        sources = f"({', '.join(self.names)}) -> " if len(self.inputs) > 1 else ""
        return f"{results}{sources}{self.op}"

    @property
    def inputs(self) -> tuple[Shape, ...]:
        return self.example.inputs

    @cached_property
    def outputs(self) -> tuple[Shape, ...]:
        return self.op.outputs(*self.inputs)

    @property
    def shapes(self) -> str:
        return f"{', '.join(map(str, self.inputs))} -> {', '.join(map(str, self.outputs))}"

    @cached_property
    def weights(self) -> Mapping[str, Shape]:
        return self.op.weights(*self.inputs)

    @cached_property
    def buffers(self) -> Mapping[str, Shape]:
        return self.op.buffers(*self.inputs)

    @property
    def parameters(self) -> Size:
        return count(self.weights)

    @cached_property
    def macs(self) -> Size:
        return self.op.macs(*self.inputs)

    @property
    def cost(self) -> str:
        """How many parameters and multiply-adds there are, in words; nothing where there are none."""
        amounts = ((self.parameters, "parameter"), (self.macs, "multiply-add"))
        return " and ".join(_counted(amount, what) for amount, what in amounts if amount != 0)


@final
@dataclass(frozen=True)
class Page:
    """What the manual says of an op."""

    op: type[Op]
    summary: str
    """What it is, in a sentence."""

    equation: str
    """What it calculates, where the sentence ends in that; else nothing."""

    parts: tuple[Part, ...]
    shapes: tuple[str, ...]
    source: str

    @property
    def name(self) -> str:
        return self.op.name

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        sentence = re.split(r"\. |\.$", self.summary)[0]
        return re.split(r":(?: |$)|, `", sentence)[0] or sentence

    @property
    def text(self) -> Iterator[Part]:
        """What it is and all that follows, to be set out one below the other."""
        if self.summary:
            yield Paragraph(self.summary)
        if self.equation:
            yield Displayed((self.equation,))
        yield from self.parts

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Those that must be given come first."""
        found = [
            Setting(
                name,
                _accepted(field),
                accepted_words(field),
                field.is_required(),
                None if field.is_required() else field.default,
                field.description or "",
            )
            for name, field in self.op.settings().items()
        ]
        return tuple(sorted(found, key=lambda each: not each.is_required))

    @property
    def use(self) -> str:
        """The op with all its settings, as a spec would write it."""
        settings = ", ".join(each.use for each in self.settings)
        return f"{self.name}({settings})" if settings else self.name

    @property
    def without_names(self) -> str:
        """Which settings may be given by their place alone, in words."""
        names = self.op.positional()
        if not names:
            return ""
        order = ", in this order" if len(names) > 1 else ""
        return f"{listed(names, 'and')} may be given without {'their names' if order else 'its name'}{order}."

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        examples = self.op.examples()
        names = self.op.input_names()
        found = []
        for place, each in enumerate(signature(self.op.infer).parameters.values(), start=-1):
            if place >= 0:
                elements = {e for e in self.op.accepts if _takes(examples, place, e)}
                is_optional = each.default is None
                if is_optional and MASK in names[place + 1 :]:
                    elements.discard(Element.BOOL)  # Flags in its place are the mask.
                repeats = each.kind is Parameter.VAR_POSITIONAL
                found.append(Input(each.name, tuple(e for e in Element if e in elements), is_optional, repeats))
        return tuple(each for each in found if each.elements)

    @cached_property
    def examples(self) -> tuple[Use, ...]:
        """Those that read alike once."""
        uses = [Use(each) for each in self.op.examples()]
        return tuple({(use.line, use.shapes): use for use in uses}.values())

    @cached_property
    def weighty(self) -> Use | None:
        """The first example with weights or, where none has any, with buffers or a cost."""
        by_weight = next((use for use in self.examples if use.weights), None)
        return by_weight or next((use for use in self.examples if use.buffers or use.macs != 0), None)


def page(op: type[Op]) -> Page:
    """What there is to say of an op."""
    parts: list[Part] = []
    fields: dict[str, list[str]] = {"Shapes": [], "Source": []}
    for part in _parts(cleandoc(op.__doc__ or "")):
        label, _, rest = part.text.partition(": ") if isinstance(part, Paragraph) else ("", "", "")
        if label in fields:
            fields[label].append(rest[:1].upper() + rest[1:])
        else:
            parts.append(part)
    summary, equation = "", ""
    if parts and isinstance(first := parts[0], Paragraph):
        del parts[0]
        summary = first.text
        if found := re.fullmatch(r"(?P<words>[^`].*?): `(?P<equation>[^`]+)`\.", summary):
            summary, equation = f"{found['words']}:", found["equation"]
    return Page(op, summary, equation, tuple(parts), tuple(fields["Shapes"]), " ".join(fields["Source"]))


class _Kind(Enum):
    """What a line of a docstring belongs to."""

    TEXT = auto()
    DISPLAYED = auto()
    POINT = auto()


def _parts(text: str) -> Iterator[Part]:
    """The parts of a docstring, in which an empty line ends what is before it."""
    points: list[str] = []
    for kind, lines in _gathered(text):
        if kind is _Kind.POINT:
            points.append(" ".join(map(str.strip, lines)).removeprefix("- "))
            continue
        if points:
            yield Points(tuple(points))
            points = []
        if kind is _Kind.DISPLAYED:
            yield Displayed(tuple(line.removeprefix("    ") for line in lines))
        else:
            yield Paragraph(" ".join(lines))
    if points:
        yield Points(tuple(points))


def _gathered(text: str) -> Iterator[tuple[_Kind, list[str]]]:
    """The lines that belong together, with what they are."""
    kind, lines = _Kind.TEXT, list[str]()
    for line in text.split("\n"):
        goes_on = bool(lines)
        if line.startswith("- "):
            new, goes_on = _Kind.POINT, False
        elif kind is _Kind.POINT and goes_on and line.startswith("  "):
            new = _Kind.POINT
        elif line.startswith("    "):
            new = _Kind.DISPLAYED
        else:
            new = _Kind.TEXT
        if lines and (not line or not goes_on or new is not kind or line.startswith(("Shapes: ", "Source: "))):
            yield kind, lines
            lines = []
        if line:
            kind, lines = new, [*lines, line]
    if lines:
        yield kind, lines


def _takes(examples: Iterable[Example], place: int, element: Element) -> bool:
    """Whether an input may have elements of a type: whether some example may."""
    for example in examples:
        if place < len(example.inputs):
            inputs = list(example.inputs)
            inputs[place] = replace(inputs[place], element=element)
            try:
                example.op.outputs(*inputs)
            except ShapeError:
                continue
            return True
    return False


def _accepted(field: FieldInfo) -> str:
    """What a setting accepts, in words; nothing where the type that a package declares it with has none."""
    try:
        return accepted(field)
    except TypeError:
        return ""


def _read(value: Value) -> str:
    """A value as people write it: `1e-5`."""
    return re.sub(r"e([-+])0(?=\d)", r"e\1", written(value))


def _counted(amount: Size, what: str) -> str:
    number = f"{amount:,}" if isinstance(amount, int) else str(amount)
    return f"{number} {what}{'' if amount == 1 else 's'}"


# -------------------------------------------------------------------------------------------------- which ops there are


def shipped() -> Mapping[str, type[Op]]:
    """The ops that specs can use without any other package: those of `OPS`, and what runs a cell."""
    return {**OPS, Scan.name: Scan}


def by_family(ops: Mapping[str, type[Op]]) -> Mapping[Family, tuple[Page, ...]]:
    """The pages of ops, those of a family together, in the order of the families."""
    pages = [page(op) for op in ops.values()]
    found = {family: tuple(each for each in pages if each.op.family is family) for family in Family}
    return {family: members for family, members in found.items() if members}


def listing(ops: Mapping[str, type[Op]], family: str | None = None, width: int = WIDTH) -> str:
    """The ops of all families or of one, each with what it is in a few words.

    Raises:
        UnknownTopicError: there is no such family.
    """
    families = _chosen(by_family(ops), family)
    room = max(len(each.name) for members in families.values() for each in members)
    lines: list[str] = []
    for each, members in families.items():
        lines += [str(each), *(_entry(member.name, member.title, room, width) for member in members), ""]
    return "\n".join((*lines, "`archspec explain OP` prints the page of one."))


def listing_for_programs(ops: Mapping[str, type[Op]], family: str | None = None) -> str:
    """The ops as JSON: a list of objects, with all that the manual says.

    Raises:
        UnknownTopicError: there is no such family.
    """
    members = [each for pages in _chosen(by_family(ops), family).values() for each in pages]
    return json.dumps([_as_data(each) for each in members], indent=2, ensure_ascii=False)


def _chosen(families: Mapping[Family, tuple[Page, ...]], family: str | None) -> Mapping[Family, tuple[Page, ...]]:
    if family is None:
        return families
    found = next((each for each in families if each.value == family.casefold()), None)
    if found is None:
        begun = (each.value for each in families if each.value.startswith(family.casefold()))
        suggestion = next(begun, None) or closest(family, [each.value for each in families])
        cure = f"did you mean `{suggestion}`?" if suggestion else f"there are {listed(families, 'and')}"
        raise UnknownTopicError(f"there is no family of ops called `{family}`; {cure}")
    return {found: families[found]}


def _entry(name: str, text: str, room: int, width: int) -> str:
    """A name, and beside it a text that goes on below where it began."""
    return "\n".join(_wrapped(text, width, f"  {name:<{room}}  ", " " * (room + 4))) or f"  {name}"


def _as_data(each: Page) -> dict[str, Any]:
    least, most = each.op.arity()
    return {
        "name": each.name,
        "family": str(each.op.family),
        "title": each.title,
        "doc": cleandoc(each.op.__doc__ or ""),
        "use": each.use,
        "equation": each.equation or None,
        "shapes": list(each.shapes),
        "inputs": [
            {
                "name": one.name,
                "elements": list(map(str, one.elements)),
                "optional": one.is_optional,
                "repeats": one.repeats,
            }
            for one in each.inputs
        ],
        "least_inputs": least,
        "most_inputs": most,
        "settings": [
            {
                "name": one.name,
                "accepts": one.accepts,
                "words": list(one.words),
                "required": one.is_required,
                "default": one.default,
                "description": one.description,
            }
            for one in each.settings
        ],
        "without_names": list(each.op.positional()),
        "examples": [
            {
                "spec": use.line,
                "inputs": list(map(str, use.inputs)),
                "outputs": list(map(str, use.outputs)),
                "weights": {name: str(shape) for name, shape in use.weights.items()},
                "buffers": {name: str(shape) for name, shape in use.buffers.items()},
                "macs": use.macs if isinstance(use.macs, int) else str(use.macs),
            }
            for use in each.examples
        ],
        "source": each.source,
    }


# ------------------------------------------------------------------------------------------------ pages on the terminal


def findings() -> tuple[type[Diagnostic], ...]:
    """Every kind of finding, those of the installed backends included, in the order of their codes."""
    return CATALOG + tuple(kind for backend in backends() for kind in backend.catalog())


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


def manual(topic: str, ops: Mapping[str, type[Op]] | None = None, width: int = WIDTH) -> str:
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
    for part in _parts(text):
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


def described_input(one: Input, least: int) -> str:
    """What an input may be, in words."""
    *others, last = one.elements
    elements = f"{', '.join(others)} or {last}" if others else str(last)
    if one.repeats:
        return f"{elements} (any number of inputs{f', at least {least}' if least else ''})"
    return f"{elements} (may be left out)" if one.is_optional else elements


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
