"""A setting of a layer changed: what might cure a finding, and what a trial is made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, final

from msgspec import Struct

from archspec.source import Span


@final
class Change(Struct, frozen=True):
    """Other values for settings of the layer at a place."""

    layer: Span
    settings: Mapping[str, Any]

    positional: tuple[str, ...]
    """The settings that the layer's op may be given without their names, in order."""


Trial: TypeAlias = tuple[Change, ...]
"""Changes that are made together."""
