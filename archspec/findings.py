"""Every kind of finding of archspec itself, in the order of the codes. A number is never used twice.

The docstring of each is what `archspec explain` prints, and its examples are run by the tests. A check does not wait
for this list: it imports the kinds that it may find.
"""

from __future__ import annotations

from typing import Final

from archspec.catalog.index import ERRORS
from archspec.diagnostics import Diagnostic
from archspec.passes.advice import kinds

CATALOG: Final[tuple[type[Diagnostic], ...]] = tuple(sorted((*ERRORS, *kinds()), key=lambda kind: kind.code))
