"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from archspec.opening import is_no_file


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file beside its place and move it there, so that no reader and no crash ever sees half of it.

    A link stays one, and what it names is written. A device or a pipe, such as `/dev/stdout`, takes what it is given.

    Raises:
        OSError: the file cannot be written; what was there before is left as it was.
    """
    if is_no_file(path):
        path.write_bytes(data)
        return
    path = path.resolve()
    mode = _mode(path)
    import tempfile  # Most commands write no file, and need not wait.

    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(mode)
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _mode(path: Path) -> int:
    """The permissions of the file that is replaced, or those that a new file gets."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask
