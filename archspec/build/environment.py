"""Which blocks and cells a file can use: its own, and those of the files that it uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import final

from archspec.build.loop import sizes_of
from archspec.op import Op
from archspec.ops import OPS
from archspec.source import Span
from archspec.spec import Block, Cell
from archspec.syntax.tree import Scalar


@final
@dataclass(frozen=True)
class Use:
    """A file that another one uses."""

    line: Scalar
    """What the file that uses it calls it."""

    environment: Environment


@final
@dataclass(frozen=True, eq=False)
class Environment:
    """What the words of one file stand for, beside the ops."""

    own: Sequence[Block | Cell]
    uses: Sequence[Use] = ()
    is_partial: bool = False
    """Whether there are files whose blocks nobody knows."""

    further: Mapping[str, type[Op]] = field(default_factory=dict)
    """Ops that are not shipped, by name. What a file defines itself goes before them."""

    home: Mapping[str, Environment] = field(init=False)
    """The file that each block and cell comes from, by name."""

    definitions: Mapping[str, Block | Cell] = field(init=False)

    def __post_init__(self) -> None:
        definitions: dict[str, Block | Cell] = {}
        home: dict[str, Environment] = {}
        for environment, found in ((self, self.own), *((use.environment, use.environment.own) for use in self.uses)):
            for each in found:
                # What has the name of another is told of by whoever reads the files; the nearest is meant.
                if definitions.setdefault(each.name.text, each) is each:
                    home[each.name.text] = environment
        object.__setattr__(self, "definitions", definitions)
        object.__setattr__(self, "home", home)

    def op(self, word: str) -> type[Op] | None:
        """The op of a name, if it is one."""
        if word in OPS:
            return OPS[word]
        return None if word in self.definitions else self.further.get(word)

    @property
    def words(self) -> tuple[str, ...]:
        """The names of all ops, blocks and cells."""
        return (*OPS, *self.definitions, *self.further)

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """At least how many layers each block and cell comes to."""
        used = {name: home.sizes[name] for name, home in self.home.items() if home is not self}
        return sizes_of({each.name.text: each.layers for each in self.own}, used)

    @property
    def cells(self) -> tuple[str, ...]:
        """The names of the cells."""
        return tuple(name for name, each in self.definitions.items() if isinstance(each, Cell))


def key_of(definition: Block | Cell) -> Span:
    """What tells a block or cell from all others, also from those of the same name in other files."""
    return definition.name.span
