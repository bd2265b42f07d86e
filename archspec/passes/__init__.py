"""What is checked of a model once it is built: one pass a file, in the order of `PASSES`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from archspec.build import Built
from archspec.diagnostics import Report
from archspec.passes.condition import check_conditions
from archspec.passes.expect import check_expectations
from archspec.spec import Library, Spec

PASSES: Final[tuple[Callable[[Spec | Library, Built, Report], None], ...]] = (
    check_conditions,
    check_expectations,
)
