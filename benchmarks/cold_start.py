"""How long `archspec check` takes from a cold start, beside the imports of the libraries that read YAML and check it.

python benchmarks/cold_start.py [RUNS]
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

ROOT: Final = Path(__file__).parent.parent
RUNS: Final = 11
TARGET: Final = 2.0

CHECK: Final = "archspec check specs/alexnet.yaml"
BASE: Final = "import yaml; from pydantic import BaseModel, Field"
"""The two libraries; of pydantic, which imports itself piece by piece, what each of our modules needs that uses it."""

COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    CHECK: ("-m", "archspec", "check", "specs/alexnet.yaml"),
    "import torch": ("-c", "import torch"),
    BASE: ("-c", BASE),
    "pass": ("-c", "pass"),
}


def measured(arguments: Sequence[str]) -> float:
    """The milliseconds of one process, from its start to its end."""
    # What pip installs is compiled to bytecode once, and so is what is here, whatever is set around us.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    start = perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    elapsed = (perf_counter() - start) * 1000
    if done.returncode != 0:
        sys.exit(f"python {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return elapsed


def medians(runs: int) -> dict[str, float]:
    """The median for each command. They take turns, so that a busy moment of the machine meets all of them."""
    for arguments in COMMANDS.values():
        measured(arguments)  # The first run reads files from the disk, and may write bytecode: it is not counted.
    rounds = [{name: measured(arguments) for name, arguments in COMMANDS.items()} for _ in range(runs)]
    return {name: median(each[name] for each in rounds) for name in COMMANDS}


def main(runs: int = RUNS) -> None:
    found = medians(runs)
    print(f"cold starts, median of {runs}")
    for name, milliseconds in found.items():
        print(f"  {name:<50} {milliseconds:8.1f} ms {milliseconds / found[BASE]:7.2f}x")
    ratio = found[CHECK] / found[BASE]
    verdict = "met" if ratio < TARGET else "missed"
    print(f"target: check in under {TARGET:.1f} times the bare imports: {verdict}, at {ratio:.2f} times")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
