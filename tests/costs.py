"""Multiply-adds by formulas of their own, for ops of which torch counts nothing, or too much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

COSTS: Final[Mapping[str, Callable[..., Any]]] = {}
"""By the name of the op: what an op costs on inputs of some shapes."""
