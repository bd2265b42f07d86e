"""Which blocks and cells a file can use: its own, and those of the files that it uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property
from typing import final

from msgspec import Struct

from archspec.build.loop import expressions_in, sizes_of, words_in
from archspec.expression import Expression
from archspec.op import Op
from archspec.ops import OPS
from archspec.source import Span
from archspec.spec import Block, Cell
from archspec.syntax.tree import Scalar


@final
class Use(Struct, frozen=True):
    """A file that another one uses."""

    line: Scalar
    """What the file that uses it calls it."""

    environment: Environment


@final
class Environment(Struct, frozen=True, eq=False, dict=True):
    """What the words of one file stand for, beside the ops."""

    own: Sequence[Block | Cell]
    uses: Sequence[Use] = ()
    is_partial: bool = False
    """Whether there are files whose blocks nobody knows."""

    further: Mapping[str, type[Op]] = {}
    """Ops that are not shipped, by name. What a file defines itself goes before them."""

    settings: Sequence[Expression] = ()
    """What the parameters of a model may be: their defaults, and what variants set them to."""

    @cached_property
    def _known(self) -> Mapping[str, tuple[Block | Cell, Environment]]:
        known: dict[str, tuple[Block | Cell, Environment]] = {}
        for environment in (self, *(use.environment for use in self.uses)):
            for each in environment.own:
                # What has the name of another is told of by whoever reads the files; the nearest is meant.
                known.setdefault(each.name.text, (each, environment))
        return known

    @cached_property
    def definitions(self) -> Mapping[str, Block | Cell]:
        """The blocks and cells that there are, by name."""
        return {name: each for name, (each, _) in self._known.items()}

    @cached_property
    def home(self) -> Mapping[str, Environment]:
        """The file that each block and cell comes from, by name."""
        return {name: environment for name, (_, environment) in self._known.items()}

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

    @cached_property
    def usable(self) -> frozenset[Span]:
        """The blocks and cells that some setting of a model speaks of, be it what the model is built with or not."""
        return frozenset(self.used_by(words_in(self.settings)))

    @cached_property
    def idle(self) -> Sequence[Block | Cell]:
        """Its own blocks and cells of which no setting speaks: it takes a layer to use them."""
        return [each for key, each in self.by_key.items() if key not in self.usable]

    @cached_property
    def by_key(self) -> Mapping[Span, Block | Cell]:
        """Its own blocks and cells by what tells them from all others."""
        return {key_of(each): each for each in self.own}

    def used_by(self, words: Iterable[str], known: Set[Span] = frozenset()) -> set[Span]:
        """The blocks and cells that words stand for, and what these use themselves, beside those that are known."""
        found: set[Span] = set()
        left = [(word, self) for word in words]
        while left:
            word, environment = left.pop()
            definition = environment.definitions.get(word)
            if definition is None or (key := key_of(definition)) in found or key in known:
                continue
            found.add(key)
            defaults = (each.default for each in definition.params if each.default is not None)
            home = environment.home[word]
            left += [(each, home) for each in words_in((*expressions_in(definition.layers), *defaults))]
        return found

    @property
    def cells(self) -> tuple[str, ...]:
        """The names of the cells."""
        return tuple(name for name, each in self.definitions.items() if isinstance(each, Cell))


def key_of(definition: Block | Cell) -> Span:
    """What tells a block or cell from all others, also from those of the same name in other files."""
    return definition.name.span
