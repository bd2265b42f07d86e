"""Why a budget has no solution."""

from __future__ import annotations


class SolveError(ValueError):
    """What was asked for cannot be solved, or nothing solves it. Its text says why."""


class UnmetError(SolveError):
    """No setting meets the budget. Its text says how near the nearest comes."""
