"""Where layers stand while they are being built: what they are called, and which values they can speak of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final, final

from msgspec import Struct, field

from archspec.build.environment import Environment
from archspec.build.meaning import Meanings
from archspec.build.possible import Shapes
from archspec.graph import Path
from archspec.source import Hole, Span
from archspec.steps import Choice, Formula, Group, Layer, Next, Repeat, Residual, Result, Step
from archspec.syntax.tree import Scalar


@final
class Draft(Struct, frozen=True):
    """A value, with the shapes that it may have."""

    producer: Path
    shapes: Shapes
    span: Span
    port: int = 0


@final
class Frame(Struct, frozen=True, eq=False):
    """What words stand for in a model, or in one use of a block."""

    meanings: Meanings
    environment: Environment
    layers: dict[str, Layers] = {}
    """What each parameter stands for that stands for layers."""

    uses: tuple[tuple[Span, str], ...] = ()
    """The blocks that this is a use inside of, the outermost first: each by what tells it from others, and its name."""


@final
class Layers(Struct, frozen=True, eq=False):
    """Layers that a block is given, with what their words stand for where they are written."""

    step: Step
    frame: Frame
    scope: Scope | None


@final
class Reusable(Struct, frozen=True, eq=False):
    """A layer or group with a name, by which it can be used again with the same weights."""

    step: Step
    frame: Frame
    scope: Scope
    path: Path
    span: Span
    members: tuple[Path, ...]
    """The layers in it, in the order in which they were added."""


@final
class Scope(Struct, eq=False):
    """The layers under one name.

    In a group an unnamed layer is called by its position. In a model or a block it is called by its op and a number, so
    that a layer that is added elsewhere renames it only when it has the same op.
    """

    path: Path
    is_counted: bool
    """Whether unnamed layers are called by their position."""

    taken: frozenset[str]
    """The names that layers are given in this scope."""

    outer: Scope | None = None
    """Where names are looked up that this scope does not have; a block sees nothing of what surrounds it."""

    naming: Scope | None = None
    """The scope whose layers these are among, where names are looked up elsewhere."""

    own: frozenset[str] = frozenset()
    """Of the names that layers have whose names are looked up elsewhere, those that the other scope gives."""

    values: dict[str, Draft] = {}
    layers: dict[str, Reusable] = {}
    position: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    lent: set[str] = set()
    """What layers are called here that have no name of this scope."""

    def find(self, name: str) -> Draft | None:
        found = self.values.get(name)
        return found if found is not None or self.outer is None else self.outer.find(name)

    def find_layer(self, name: str) -> Reusable | None:
        found = self.layers.get(name)
        return found if found is not None or self.outer is None else self.outer.find_layer(name)

    def visible(self) -> Collection[str]:
        return self.values if self.outer is None else (*self.values, *self.outer.visible())

    def gives(self, name: str) -> bool:
        """Whether a line of this scope, or of one around it, gives a name, be it further down."""
        return name in self.taken or (self.outer is not None and self.outer.gives(name))

    def path_of(self, name: Scalar | None, op: str, *, is_lent: bool = False) -> Path:
        """The path of the next layer or group; layers that a block is given may have names that it has itself."""
        if self.naming is not None:
            return self.naming.path_of(name, op, is_lent=is_lent or (name is not None and name.text not in self.own))
        position = self.position
        self.position += 1
        if name is not None:
            return (*self.path, self.free(name.text, 1) if is_lent else name.text)
        if self.is_counted:
            return (*self.path, str(position))
        op = _WORD.sub("_", op).lower()
        while True:
            self.counted[op] += 1
            numbered = f"{op}{self.counted[op]}"
            if numbered not in self.taken and numbered not in self.lent:
                self.lent.add(numbered)
                return (*self.path, numbered)

    def path_of_again(self, name: str, given: Scalar | None, *, is_lent: bool = False) -> Path:
        """The path of one more use of the layer or group of this name: it is no module of its own."""
        if self.naming is not None:
            is_lent = is_lent or (given is not None and given.text not in self.own)
            return self.naming.path_of_again(name, given, is_lent=is_lent)
        if given is None:
            return (*self.path, self.free(name, 2))
        return (*self.path, self.free(given.text, 1) if is_lent else given.text)

    def free(self, name: str, number: int) -> str:
        """A name that nothing has here, with a number from this one on; 1 is not written."""
        self.numbers[name] = max(self.numbers[name], number - 1)
        while True:
            self.numbers[name] += 1
            numbered = name if self.numbers[name] == 1 else f"{name}_{self.numbers[name]}"
            if numbered not in self.taken and numbered not in self.lent:
                self.lent.add(numbered)
                return numbered


_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where a word begins in a name such as `ConvNormAct`."""


def names_in(steps: Sequence[Step]) -> Iterator[str]:
    """The names that steps give in the scope they stand in."""
    for step in steps:
        match step:
            case Layer(names=names, sources=sources, branches=branches):
                yield from (name.text for name in names)
                yield from names_in((*sources, *(branches or ())))
            case Group(name=None, steps=inner):
                yield from names_in(inner)
            case Residual(name=name, body=body, shortcut=shortcut):
                yield from () if name is None else (name.text,)
                yield from names_in((*body, *shortcut))
            case Choice(name=None, then=then, otherwise=otherwise):
                yield from names_in((*then, *otherwise))
            case Group(name=Scalar(text)) | Repeat(name=Scalar(text)) | Choice(name=Scalar(text)):
                yield text
            case Formula(names=names):
                yield from (name.text for name in names)
            case Result(step=inner_step) | Next(step=inner_step):
                yield from names_in((inner_step,))
            case Repeat() | Hole():
                pass  # Passes whose steps have names are groups of their own.
