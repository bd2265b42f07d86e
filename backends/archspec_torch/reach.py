"""How the methods of a class reach the layers inside it: `self.stem.conv`, `self.features[0]`.

A type checker knows what an attribute of a class is, but of the members of a container only that they are modules. What
lies further inside of those is therefore looked up by its name, as is a weight whose type is not said.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from enum import Enum
from typing import Final, final

from msgspec import Struct

from archspec.graph import Path
from archspec_torch.call import Call

LOOKED_UP: Final = "self.get_submodule("
"""What an expression for a module begins with that is looked up by its name."""


def looked_up(text: str) -> Call:
    """The expression for a module that is looked up, as a call that can be broken into lines."""
    return Call(LOOKED_UP.removesuffix("("), (text.removeprefix(LOOKED_UP).strip('"()'),))


class Form(Enum):
    """What the module of a group is, as far as it decides how its members are reached."""

    CLASS = "a class with an attribute for each member"
    NUMBERED = "an `nn.ModuleDict`, since its members have numbers for names"
    ROW = "an `nn.Sequential` whose members are called by their places"
    NAMED = "an `nn.Sequential` whose members have names"
    LOOP = "an `nn.ModuleList` whose members are called one after the other"


@final
class Reach(Struct, frozen=True):
    """How what is inside a class is reached from there."""

    path: Path
    form: Form
    forms: Mapping[Path, Form]
    """Those of the groups inside."""

    shared: Container[Path] = frozenset()
    """The groups inside that have a class as uses of a block, whatever its form is."""

    def is_class(self, path: Path) -> bool:
        """Whether a group inside has a class of its own."""
        return path in self.shared or self.forms.get(path) in (Form.CLASS, Form.NUMBERED)

    def module(self, target: Path) -> str:
        """The expression for the module at a path."""
        text, form = "self", self.form
        for depth in range(len(self.path), len(target)):
            name, is_last = target[depth], depth + 1 == len(target)
            if form is Form.CLASS and name.isidentifier():
                text += f".{name}"
            elif form is Form.NUMBERED and is_last:
                text += f'["{name}"]'
            elif form in (Form.ROW, Form.LOOP) and is_last:
                text += f"[{name}]"
            else:
                return f'{LOOKED_UP}"{self.key(target)}")'
            form = self.forms.get(target[: depth + 1], Form.CLASS)
        return text

    def key(self, target: Path) -> str:
        """The name by which torch finds what is at a path."""
        return ".".join(target[len(self.path) :])

    def weight(self, target: Path, name: str, function: str) -> str | None:
        """The expression for a weight of the layer at a path, if a type checker knows it for a tensor."""
        # Convolutions say of their bias that it may be missing, and what makes a weight of others gives any module.
        is_tensor = name == "weight" or (name == "bias" and "Conv" not in function)
        is_tensor = is_tensor and "parametrizations" not in function
        return f"{self.module(target)}.{name}" if is_tensor and self._is_plain(target) else None

    def holder(self, target: Path, name: str) -> str:
        """The expression for what has a weight of the layer at a path as its attribute."""
        *inner, _ = name.split(".")
        if not inner:
            return self.module(target)
        return f'{LOOKED_UP}"{self.key((*target, *inner))}")'

    def _is_plain(self, target: Path) -> bool:
        return self.module(target) == f"self.{self.key(target)}"
