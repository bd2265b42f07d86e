"""What all tests run in: a place whose output has no width, as a file has none.

A process that runs tests beside others is told that it has a terminal of 80 columns, which it has not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.chromium import PROGRAM, Browser


@pytest.fixture(autouse=True, scope="session")
def _no_terminal() -> None:
    os.environ.pop("COLUMNS", None)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for all tests that look at pages; where there is none, these are left out."""
    if PROGRAM is None:
        pytest.skip("there is no Chromium here to look at pages with")
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.end()
