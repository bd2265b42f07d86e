"""What all tests run in: a place whose output has no width, as a file has none.

A process that runs tests beside others is told that it has a terminal of 80 columns, which it has not.
"""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _no_terminal() -> None:
    os.environ.pop("COLUMNS", None)
