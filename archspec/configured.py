"""What has a name and settings in a spec: ops, and initialisers of weights.

The fields of a class are the settings, each with what it accepts and what it means. That is enough to read them from a
spec, to explain a wrong one, and to write them in a manual.
"""

# Without `from __future__ import annotations`, as `archspec.op`.

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from archspec.expression import written


class Configured(BaseModel):
    """Something with settings.

    A setting may be given without its name when it has no default, or, where all settings have defaults, when it is the
    first.
    """

    # The schema of a class is built when it is first used: most specs use few of them, and `check` should be quick.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    name: ClassVar[str]
    """What a spec calls it."""

    @classmethod
    @cache
    def settings(cls) -> Mapping[str, FieldInfo]:
        """The declared settings, by name, in order."""
        return cls.model_fields

    @classmethod
    @cache
    def positional(cls) -> tuple[str, ...]:
        """The settings that may be given without their names, in order."""
        required = tuple(name for name, field in cls.model_fields.items() if field.is_required())
        return required or tuple(cls.model_fields)[:1]

    def chosen(self) -> dict[str, Any]:
        """The settings that are not at their defaults, by name, in order."""
        return {
            name: getattr(self, name)
            for name, field in type(self).model_fields.items()
            if field.is_required() or getattr(self, name) != field.default
        }

    @classmethod
    def _is_clear(cls, name: str) -> bool:
        """Whether a setting is read as what it is where its name is left out."""
        return len(cls.model_fields) == 1 or cls.model_fields[name].is_required()

    def __str__(self) -> str:
        """As a spec writes it, without what is at its default."""
        # A reader of `layernorm(1e-6)` would have to know its settings; one of `dropout(0.1)` knows its only one.
        chosen = self.chosen()
        first = [name for name in self.positional()[:1] if self._is_clear(name)]
        # What has no name comes before all else, wherever it is declared.
        arguments = [written(chosen.pop(name)) for name in first if name in chosen]
        arguments += [f"{name}={written(value)}" for name, value in chosen.items()]
        return f"{self.name}({', '.join(arguments)})" if arguments else self.name


class Initialiser(Configured):
    """A way to fill the tensor of a weight before training; `archspec.initialiser` has all of them."""

    least_axes: ClassVar[int] = 0
    """How many axes a tensor needs to be filled so."""
