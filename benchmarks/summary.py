"""`archspec summary` beside the counters of others: how long it takes, and whether what they count is right.

python -m benchmarks.summary [RUNS]

The others are asked where pip has installed them: torchinfo, fvcore and ultralytics-thop.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import torch

import archspec
from tests.probes import PROBES, Probe

ROOT: Final = Path(__file__).parent.parent
RUNS: Final = 7
SPEC: Final = "specs/vision/resnet.arch:resnet152"
TARGET: Final = 10.0

COMMAND: Final = "from archspec.__main__ import run; run()"
"""What the command `archspec` does that pip installs."""

TORCHINFO: Final = """
import torch, torchinfo
from model import ResNet
with torch.device("meta"):
    torchinfo.summary(ResNet(), (1, 3, 224, 224), device="meta", verbose=1)
"""


def processor_time(arguments: Sequence[str], folder: Path) -> float:
    """The milliseconds that a process takes of the processor, so that it does not matter who else is busy."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    # What pip installs is compiled to bytecode once, and so is everything here, whatever is set around us.
    environment |= {"OMP_NUM_THREADS": "1", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    before = _used()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"python {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return 1000 * (_used() - before)


def _used() -> float:
    """The seconds of the processor that all processes took that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def speed(runs: int) -> None:
    """Cold processes that print the summary of ResNet-152, taking turns."""
    if find_spec("torchinfo") is None:
        print("torchinfo is not installed: nothing to compare with")
        return
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.py").write_text(archspec.load(ROOT / SPEC).source())
        (folder / "print_summary.py").write_text(TORCHINFO)
        commands = {
            "archspec summary": ("-c", COMMAND, "summary", str(ROOT / SPEC)),
            "torchinfo, on the meta device": ("print_summary.py",),
        }
        for arguments in commands.values():
            processor_time(arguments, folder)  # The first run writes bytecode: it is not counted.
        rounds = [{title: processor_time(each, folder) for title, each in commands.items()} for _ in range(runs)]
    ours, theirs = (median(each[title] for each in rounds) for title in commands)
    print(f"the summary of ResNet-152, cold, time of the processor, median of {runs}")
    for title, time in zip(commands, (ours, theirs), strict=True):
        print(f"  {title:<34} {time:8.0f} ms")
    ratio = theirs / ours
    print(f"target: {TARGET:.0f} times as fast: {'met' if ratio >= TARGET else 'missed'}, at {ratio:.1f} times")


def _archspec(probe: Probe) -> float:
    return float(str(archspec.loads(f"model M {{ {probe.spec} }}").summary().macs))


def _torchinfo(probe: Probe) -> float:
    import torchinfo

    return float(torchinfo.summary(probe.module().eval(), probe.input, verbose=0).total_mult_adds)


def _fvcore(probe: Probe) -> float:
    from fvcore.nn import FlopCountAnalysis

    # What it calls flops are multiply-adds.
    counted = FlopCountAnalysis(probe.module().eval(), torch.zeros(probe.input))
    return float(counted.unsupported_ops_warnings(False).uncalled_modules_warnings(False).total())


def _thop(probe: Probe) -> float:
    from thop import profile

    return float(profile(probe.module().eval(), (torch.zeros(probe.input),), verbose=False)[0])


COUNTERS: Final[Mapping[str, tuple[str, Callable[[Probe], float]]]] = {
    "archspec": ("archspec", _archspec),
    "torchinfo": ("torchinfo", _torchinfo),
    "fvcore": ("fvcore", _fvcore),
    "ultralytics-thop": ("thop", _thop),
}


def counts() -> Iterator[str]:
    """Multiply-adds, as parts of those of the formula by hand."""
    installed = {title: count for title, (package, count) in COUNTERS.items() if find_spec(package) is not None}
    yield f"{'multiply-adds / formula by hand':<32}" + "".join(f"{title:>18}" for title in installed)
    for name, probe in PROBES.items():
        yield f"{name:<32}" + "".join(f"{_ratio(count, probe):>18}" for count in installed.values())


def _ratio(count: Callable[[Probe], Any], probe: Probe) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return f"{count(probe) / probe.macs:.3f}"
        except Exception as error:  # What others cannot do is a result, too.
            return type(error).__name__


def main(runs: int = RUNS) -> None:
    speed(runs)
    print()
    for line in counts():
        print(line)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
