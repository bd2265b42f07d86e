"""A warning about the other distribution called `archspec`.

Ours is `archspec-nn`. An unrelated one, which describes processors, is called `archspec`, and both bring a package and
a command of that name. pip does not refuse to install the two side by side: the files of one silently replace those of
the other. The command line looks for it at each start, and so by the names of folders: that takes a fraction of a
millisecond, where merely importing `importlib.metadata` would take many.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

_OURS: Final = "archspec_nn-"
_OTHER: Final = "archspec-"
_SUFFIXES: Final = (".dist-info", ".egg-info")


def other_distribution(folders: Sequence[str] | None = None) -> str | None:
    """The text of the warning, when one of the folders, which are those of `sys.path`, holds both distributions."""
    for folder in sys.path if folders is None else folders:
        installed = _installed(folder)
        other = next((name for name in installed if name.startswith(_OTHER)), None)
        if other is not None and any(name.startswith(_OURS) for name in installed):
            return _warning(folder, other.removeprefix(_OTHER).rsplit(".", 1)[0])
    return None


def _installed(folder: str) -> list[str]:
    # Not all that stands in `sys.path` is a folder: there are archives, and what is gone, or not for us to see.
    try:
        with os.scandir(folder) as entries:
            return [
                entry.name
                for entry in entries
                if entry.name.startswith((_OURS, _OTHER)) and entry.name.endswith(_SUFFIXES)
            ]
    except (OSError, TypeError, ValueError):
        return []


def _warning(folder: str, version: str) -> str:
    return (
        f"the distribution `archspec` {version} is installed beside ours, which is `archspec-nn`, in {folder}. It is "
        "an unrelated project that describes processors. Both bring the import name and the command `archspec`, and "
        "whichever was installed last owns the files, so that either may be broken. Install `archspec-nn` in an "
        "environment of its own; the command `archspec-nn` is ours in any case."
    )
