"""Files that are opened without waiting: a pipe into which nobody writes would be waited for without an end."""

from __future__ import annotations

import os
from errno import ENXIO
from pathlib import Path
from stat import S_ISDIR, S_ISFIFO, S_ISREG
from typing import BinaryIO, Final

_AT_ONCE: Final = getattr(os, "O_NONBLOCK", 0)
"""Not all systems have pipes that lie in folders. For files it changes nothing."""


def opened(path: Path) -> BinaryIO:
    """What has the name of a file, open for reading, whatever it is.

    Raises:
        OSError: there is nothing of that name, or it cannot be read.
    """
    try:
        return open(path, "rb", opener=lambda name, flags: os.open(name, flags | _AT_ONCE))
    except OSError as error:
        raise OSError(0, _NO_FILE) if error.errno == ENXIO else error from None


def contents(path: Path, most: int) -> bytes:
    """What is in a file, or is written into a pipe; of what is too long, no more than shows that.

    Raises:
        OSError: there is no such file, it cannot be read, or it is none.
    """
    with opened(path) as file:
        mode = os.fstat(file.fileno()).st_mode
        if S_ISFIFO(mode):
            return _written_into(file, most)
        if not S_ISREG(mode):
            raise OSError(0, _NO_FILE)
        return file.read(most + 1)


_NO_FILE: Final = "it is a device or a socket, and no file"


def _written_into(pipe: BinaryIO, most: int) -> bytes:
    try:
        first = os.read(pipe.fileno(), 1)
    except BlockingIOError:
        first = b""  # Somebody is about to write.
    else:
        if not first:
            raise OSError(0, "it is a pipe, into which nothing is written")
    os.set_blocking(pipe.fileno(), True)
    return first + pipe.read(most + 1 - len(first))


def is_no_file(path: Path) -> bool:
    """Whether something is there that is neither a file nor a folder: a pipe, a device or a socket."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (S_ISREG(mode) or S_ISDIR(mode))
