"""What differs between two models: layers, settings, shapes and costs.

Layers are matched as `archspec.difference.matching` says. What is told of a block is told once, with all its uses. The
forms in which a difference is written are modules of their own here, and are imported when one is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from importlib import import_module
from typing import final

from msgspec import Struct

from archspec.difference.matching import Matching
from archspec.graph import Path
from archspec.passes.cost import Cost
from archspec.size import Size
from archspec.summary import Summary


class Kind(StrEnum):
    """What became of a layer or group."""

    ADDED = "added"
    REMOVED = "removed"

    CHANGED = "changed"
    """It has other settings, another op, other inputs, or weights of another layer."""

    MOVED = "moved"
    RENAMED = "renamed"

    REPEATED = "repeated"
    """A repeat has more passes, or fewer."""

    AFFECTED = "affected"
    """Nothing was done to it: its shape or its cost follows from what was done elsewhere."""


@final
class Fact(Struct, frozen=True):
    """Something that is told of both models, and differs. Where one of them has no such thing, it is `None` there."""

    name: str
    old: str | None
    new: str | None


@final
class Use(Struct, frozen=True):
    """One place where a change is: a layer or a group."""

    old: Path | None
    new: Path | None

    old_what: str
    """The op with its settings, or the block; empty where there is none."""

    new_what: str

    facts: tuple[Fact, ...] = ()
    """What was done to it."""

    shapes: tuple[Fact, ...] = ()
    """What it gives, where that differs."""

    before: Cost = Cost()
    after: Cost = Cost()

    layers: int = 1
    """How many layers are in it."""

    home: Path = ()
    """The use of a block that it is in, if it is in one."""

    behind: str = ""
    """Of what was added or removed: what it takes from."""

    @property
    def path(self) -> Path:
        """Where it is in the new model, or was in the old one."""
        found = self.new if self.new is not None else self.old
        return found or ()

    @property
    def name(self) -> str:
        return ".".join(self.path)


@final
class Change(Struct, frozen=True):
    """A change of one layer or group, or of the same part of each use of a block, or of each pass of a repeat."""

    kind: Kind

    place: str
    """Where: the name of a layer or group, or, where there are several uses, the block and the name in it."""

    uses: tuple[Use, ...]

    @property
    def what(self) -> tuple[str, str]:
        """The op with its settings, before and after; without them where they are not the same in all uses."""
        return _same([use.old_what for use in self.uses]), _same([use.new_what for use in self.uses])

    @property
    def facts(self) -> Mapping[str, tuple[Fact, ...]]:
        """What was done, by name: each way in which it was done in some use, once."""
        return _by_name(use.facts for use in self.uses)

    @property
    def shapes(self) -> Mapping[str, tuple[Fact, ...]]:
        """What it gives, where that differs, in the same form."""
        return _by_name(use.shapes for use in self.uses)

    @property
    def before(self) -> Cost:
        """What all uses cost before."""
        return Cost.total(use.before for use in self.uses)

    @property
    def after(self) -> Cost:
        return Cost.total(use.after for use in self.uses)


def _same(texts: Sequence[str]) -> str:
    if len(set(texts)) == 1:
        return texts[0]
    names = {each.partition("(")[0] for each in texts}
    return names.pop() if len(names) == 1 else ""


def _by_name(found: Iterator[tuple[Fact, ...]]) -> Mapping[str, tuple[Fact, ...]]:
    facts: dict[str, dict[Fact, None]] = {}
    for each in found:
        for fact in each:
            facts.setdefault(fact.name, {})[fact] = None
    return {name: tuple(each) for name, each in facts.items()}


@final
class Total(Struct, frozen=True):
    """A quantity of the whole model, before and after."""

    name: str
    key: str
    """What programs call it."""

    unit: str
    """`bytes`, or nothing."""

    old: tuple[Size, ...]
    """The largest of these; most have one."""

    new: tuple[Size, ...]

    @property
    def numbers(self) -> tuple[int, int] | None:
        """Both as numbers, where they are some."""
        pair = tuple(
            max(each for each in some if isinstance(each, int)) for some in (self.old, self.new) if _known(some)
        )
        return (pair[0], pair[1]) if len(pair) == 2 else None

    @property
    def change(self) -> Size | None:
        """How much more it is, where that can be said."""
        if self.numbers is not None:
            return self.numbers[1] - self.numbers[0]
        return self.new[0] - self.old[0] if len(self.old) == len(self.new) == 1 else None


def _known(sizes: Sequence[Size]) -> bool:
    return all(isinstance(each, int) for each in sizes)


@final
@dataclass(frozen=True, eq=False)
class Difference:
    """What differs between two models. `str` tells it; it is true where there is anything to tell."""

    old: Summary = field(repr=False)
    new: Summary = field(repr=False)

    names: tuple[str, str]
    """What the two are called, such as the names of their files."""

    facts: tuple[Fact, ...]
    """What differs of the models as a whole: name, parameters, inputs, outputs and expectations."""

    changes: tuple[Change, ...]
    """What differs of their layers, in the order of the new model, with what was removed where it was."""

    matching: Matching = field(repr=False)
    """Which layer of the old model is which of the new one."""

    def __bool__(self) -> bool:
        return bool(self.facts or self.changes)

    def of(self, *kinds: Kind) -> tuple[Change, ...]:
        """The changes of some kinds."""
        return tuple(each for each in self.changes if each.kind in kinds)

    @property
    def done(self) -> tuple[Change, ...]:
        """The changes that were made; the others follow from them."""
        return tuple(each for each in self.changes if each.kind is not Kind.AFFECTED)

    @property
    def batches(self) -> tuple[str, ...]:
        """The open sizes that count as 1 in the totals."""
        return tuple(dict.fromkeys((*self.old.batches, *self.new.batches)))

    @cached_property
    def totals(self) -> tuple[Total, ...]:
        """Parameters, multiply-adds and memory; those that depend on the batch for a batch of one where it is open."""
        old, new = self.old, self.new

        def total(name: str, key: str, find: Callable[[Summary], Sequence[Size]]) -> Total:
            one, other = (tuple(each.of_one(size) for size in find(each)) for each in (old, new))
            return Total(name, key, "bytes" if key.endswith("bytes") else "", one, other)

        return (
            total("parameters", "parameters", lambda each: [each.parameters]),
            total("buffers", "buffers", lambda each: [each.buffers]),
            total("MACs", "macs", lambda each: [each.macs]),
            total("activations kept", "kept_bytes", lambda each: [each.activations]),
            total("memory, inference", "inference_bytes", lambda each: each.inference),
            total("memory, training with Adam", "training_adam_bytes", lambda each: [each.training("adam")]),
        )

    @cached_property
    def renamed_weights(self) -> tuple[tuple[str, str], ...]:
        """Layers with weights or buffers that have another name, so that files of weights call them as they were."""
        found = []
        for node in self.old.graph.nodes:
            new = self.matching.layers.get(node.path)
            if new is not None and new != node.path and node.shares is None and (node.weights or node.buffers):
                found.append((node.name, ".".join(new)))
        return tuple(found)

    def written(self, form: str) -> str:
        """The difference as `text`, `markdown` or `json`."""
        written: str = import_module(f"archspec.difference.{form}").written(self)
        return written

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        import html

        return f"<pre>{html.escape(str(self))}</pre>"

    def __str__(self) -> str:
        return self.written("text").rstrip("\n")


FORMS = ("text", "markdown", "json")
"""What a difference can be written as; the modules here write them."""
