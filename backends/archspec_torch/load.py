"""Source to module. The source that a user reads is the source that runs: there is no second way."""

from __future__ import annotations

import hashlib
import inspect
import linecache
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import TYPE_CHECKING, Any

from archspec.backend import MissingLibraryError
from archspec.spelling import closest, did_you_mean, listed

if TYPE_CHECKING:
    import torch

    from archspec.weights import WeightFile


def instantiate(class_name: str, source: str, /, *, device: Any = None, dtype: Any = None, **arguments: Any) -> object:
    """The model that a source defines, with freshly initialised weights.

    Raises:
        MissingLibraryError: torch is not installed.
        TypeError: the class of the model has no such argument.
        ValueError: there is no such device, or no such type of elements.
    """
    try:
        import torch  # noqa: F401  # Said here in our words, rather than by the first line of the source.
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise  # Torch is there, and lacks something that it needs itself.
        raise MissingLibraryError(
            "compiling needs torch; install it with `pip install 'archspec-nn[torch]'`"
        ) from error
    kind = getattr(_module(class_name, source), class_name)
    _check_arguments(kind, arguments)
    with _made_with(device, dtype):
        made: object = kind(**arguments)
        return made


def load_weights(module: torch.nn.Module, weights: WeightFile) -> None:
    """Give a module the weights of a file, or of several.

    Raises:
        MissingLibraryError: safetensors is not installed.
        ValueError: the module has no memory for weights, or is not that of the spec.
    """
    try:
        from safetensors import safe_open
    except ModuleNotFoundError as error:
        if error.name != "safetensors":
            raise
        raise MissingLibraryError(
            "reading weights needs safetensors; install it with `pip install 'archspec-nn[torch]'`"
        ) from error
    # What the file does not have, and need not have, stays as it is.
    state = module.state_dict()
    if any(tensor.is_meta for tensor in state.values()):
        raise ValueError("the module is on the device `meta`, where weights have no values; compile it on another")
    for path, names in weights.parts.items():
        with safe_open(path, framework="pt") as file:
            for name, stored in names.items():
                found = file.get_tensor(stored)
                _check_place(name, list(found.shape), state)
                state[name] = found
    module.load_state_dict(state)


def _check_place(name: str, shape: list[int], state: Mapping[str, torch.Tensor]) -> None:
    """Make sure that a module has the weight of a file that is one of its spec."""
    if name not in state:
        raise ValueError(f"the module is not that of the spec: it has no weight `{name}`")
    if shape != list(state[name].shape):
        raise ValueError(
            f"the module is not that of the spec: its weight `{name}` has the shape {list(state[name].shape)}, and not "
            f"{shape}; parameters that shapes follow from are set where the spec is loaded"
        )


def _check_arguments(kind: type, arguments: Mapping[str, Any]) -> None:
    known = [name for name in inspect.signature(kind).parameters if name != "self"]
    for name in arguments:
        if name not in known:
            has = f"it has {listed(known, 'and')}" if known else "it has none"
            raise TypeError(f"`{kind.__name__}` has no argument `{name}`; {did_you_mean(closest(name, known)) or has}")


@contextmanager
def _made_with(device: Any, dtype: Any) -> Iterator[None]:
    """Tensors without a device or type of their own are made with these."""
    import torch

    wanted = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if dtype is not None and not (isinstance(wanted, torch.dtype) and wanted.is_floating_point):
        types = listed(("float32", "bfloat16", "float16", "float64"))
        raise ValueError(f"weights cannot be of the type `{dtype}`; it can be {types}")
    if device is not None:
        try:
            torch.empty(0, device=device)
        except (AssertionError, RuntimeError, TypeError) as error:
            reason = str(error).partition("\n")[0]
            raise ValueError(f"weights cannot be made on the device `{device}`: {reason}") from error
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(wanted or before)
        with nullcontext() if device is None else torch.device(device):
            yield
    finally:
        torch.set_default_dtype(before)


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
        # What runs is the source that users read, so that the two cannot differ. `emit` wrote it of a checked graph:
        # names are identifiers, all else are numbers, flags and escaped texts. Nothing that a spec says gets here as
        # code.
        exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
        sys.modules[name] = module
    return sys.modules[name]
