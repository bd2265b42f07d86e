"""Runs the fuzzing that atheris guides, from all specs that there are: in `make nightly`, where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

SECONDS: Final = int(os.environ.get("ARCHSPEC_NIGHTLY", "0"))

pytestmark = pytest.mark.skipif(not SECONDS, reason="it takes its time: `make nightly` runs it")


def test_no_text_that_reaches_new_code_makes_it_fail(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    here = Path(__file__).parent
    for number, path in enumerate(sorted((here.parent.parent / "specs").rglob("*.*"))):
        syntax = b"\0" if path.suffix == ".arch" else b"\1"
        (tmp_path / f"{number}").write_bytes(syntax + path.read_bytes())
    options = [f"-max_total_time={SECONDS}", "-timeout=100", f"-artifact_prefix={tmp_path}/"]
    command = [sys.executable, str(here / "coverage_guided.py"), *options, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5_000:]
