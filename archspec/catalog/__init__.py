"""The kinds of findings; `archspec.catalog.index` has them all, in the order of their codes.

That list is imported when it is first used: a check waits only for the findings that it may have.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.catalog.index import CATALOG

__all__ = ["CATALOG"]


def __getattr__(name: str) -> Any:
    if name == "CATALOG":
        from archspec.catalog.index import CATALOG

        return CATALOG
    raise AttributeError(f"module 'archspec.catalog' has no attribute '{name}'")
