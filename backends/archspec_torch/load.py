"""Source to module. The source that a user reads is the source that runs: there is no second way."""

from __future__ import annotations

import hashlib
import linecache
import sys
from types import ModuleType

from archspec.backend import MissingLibraryError


def instantiate(class_name: str, source: str) -> object:
    """The model that a source defines, with freshly initialised weights.

    Raises:
        MissingLibraryError: torch is not installed.
    """
    try:
        import torch  # noqa: F401  # Said here in our words, rather than by the first line of the source.
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise  # Torch is there, and lacks something that it needs itself.
        raise MissingLibraryError(
            "compiling needs torch; install it with `pip install 'archspec-nn[torch]'`"
        ) from error
    return getattr(_module(class_name, source), class_name)()


def _module(class_name: str, source: str) -> ModuleType:
    """The module that a source is, executed once in a process.

    It stands in `sys.modules` under a name that no other source has, since `copy`, `pickle`, `typing` and
    `torch.compile` look a class up there. Its lines are handed to `linecache`, and its file is given the same name, so
    that tracebacks and `inspect.getsource` show them.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    filename = f"<archspec {class_name} {digest}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    name = f"archspec_compiled_{digest}"
    if name not in sys.modules:
        module = ModuleType(name)
        module.__file__ = filename
        # What runs here is what `emit` wrote of a checked graph: names are identifiers, all else are numbers, flags and
        # escaped texts. Nothing that a spec says gets here as code.
        exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        sys.modules[name] = module
    return sys.modules[name]
