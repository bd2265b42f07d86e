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


@pytest.fixture
def steady() -> Iterator[None]:
    """One thread, and the same random numbers each time: for networks so small that threads would wait for each other
    most of the time, above all on a busy machine."""
    import torch  # Most tests that ask for nothing of this do not need it.

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)
