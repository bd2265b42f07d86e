"""All that the manual says of an op, and what follows from that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from inspect import Parameter, cleandoc, signature
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace
from pydantic.fields import FieldInfo

from archspec.expression import Value, written
from archspec.manual.docstring import Displayed, Paragraph, Part, parts_of
from archspec.op import Example, Op, ShapeError, count
from archspec.setting import accepted, accepted_words
from archspec.shape import Element, Shape
from archspec.size import Size
from archspec.spelling import listed

MASK: Final = "mask"
"""What the last input of an op is called that may also come sooner, in the place of inputs that are left out."""


@final
class Setting(Struct, frozen=True):
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
class Input(Struct, frozen=True):
    name: str
    elements: tuple[Element, ...]
    is_optional: bool = False
    repeats: bool = False
    """Whether it stands for any number of inputs."""


@final
class Use(Struct, frozen=True, dict=True):
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
class Page(Struct, frozen=True, dict=True):
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
    for part in parts_of(cleandoc(op.__doc__ or "")):
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


def described_input(one: Input, least: int) -> str:
    """What an input may be, in words."""
    *others, last = one.elements
    elements = f"{', '.join(others)} or {last}" if others else str(last)
    if one.repeats:
        return f"{elements} (any number of inputs{f', at least {least}' if least else ''})"
    return f"{elements} (may be left out)" if one.is_optional else elements


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
