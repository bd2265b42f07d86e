"""Source to module. The source that a user reads is the source that runs: there is no second way."""

from __future__ import annotations

import hashlib
import linecache
import sys
from types import ModuleType

from archspec.backend import MissingLibraryError


def instantiate(class_name: str, source: str) -> object:
    """The model that a source defines, with freshly initialised weights.

    The lines of the source are handed to `linecache`, so that a traceback shows them. The module that holds the class
    is found by its name in `sys.modules`, as `copy`, `typing` and `torch.compile` expect of any class.

    Raises:
        MissingLibraryError: torch is not installed.
    """
    try:
        import torch  # noqa: F401  # Said here in our words, rather than by the first line of the source.
    except ImportError as error:
        raise MissingLibraryError("compiling needs torch; install it with `pip install 'archspec-nn[torch]'`") from error
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    name = f"archspec_compiled_{digest}"
    module = sys.modules.get(name)
    if module is None:
        filename = f"<archspec {class_name} {digest}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        module = ModuleType(name)
        # What runs here is what `emit` wrote of a checked graph: names are identifiers, all else are numbers, flags and
        # escaped texts. Nothing that a spec says gets here as code.
        exec(compile(source, filename, "exec"), module.__dict__)  # noqa: S102
        sys.modules[name] = module
    return getattr(module, class_name)()
