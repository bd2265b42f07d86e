"""What installed packages add: backends, ops and libraries of blocks, each by its entry point, and what a file adds.

Our own backends come in by the same door. A spec cannot name a package or a file of Python: what runs is what was
installed, or named on the command line, by whoever runs us.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar, final

from archspec.backend import Backend, Purpose, Target
from archspec.op import Op
from archspec.ops import OPS

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from importlib.resources.abc import Traversable

BACKENDS: Final = "archspec.backends"
"""The entry point group that a package offers a backend in."""

OPS_GROUP: Final = "archspec.ops"
"""The group for ops: each entry has the name of the op, and leads to its class."""

LIBRARIES: Final = "archspec.libraries"
"""The group for blocks: each entry has the first word of what `use` says, and leads to a package with `.arch` files."""

_Found = TypeVar("_Found")


class PluginError(Exception):
    """What a package or file adds is not as it must be. Its text says who adds what, and what is wrong with it."""


def _entries(group: str) -> tuple[EntryPoint, ...]:
    from importlib.metadata import entry_points  # It takes long to import, and most checks need none.

    return tuple(sorted(entry_points(group=group), key=lambda each: (each.name, each.value)))


@final
class _Installed(Mapping[str, _Found]):
    """What packages offer in a group, by name; nothing is looked for until it is asked for."""

    def __init__(self, group: str, loaded: Callable[[EntryPoint], _Found]) -> None:
        self._group = group
        self._loaded = loaded
        self._found: dict[str, _Found] = {}

    @cached_property
    def _offers(self) -> Mapping[str, list[EntryPoint]]:
        offers: dict[str, list[EntryPoint]] = {}
        for each in _entries(self._group):
            offers.setdefault(each.name, []).append(each)
        return offers

    def __getitem__(self, name: str) -> _Found:
        if name not in self._found:
            entry, *others = self._offers[name]
            if others:
                packages = " and ".join(f"`{_package(each)}`" for each in (entry, *others))
                raise PluginError(f"{packages} offer a `{name}` each in `{self._group}`; uninstall one of them")
            self._found[name] = self._loaded(entry)
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._offers)

    def __len__(self) -> int:
        return len(self._offers)


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value


def _load(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        raise PluginError(f"`{_package(entry)}` offers `{entry.value}`, which cannot be loaded: {problem}") from error


# ------------------------------------------------------------------------------------------------------------ backends


@cache
def backends() -> tuple[Backend, ...]:
    """The installed backends, in the order of their names.

    Raises:
        PluginError: a package offers something else as one.
    """
    entries = _entries(BACKENDS)
    loaded = [_load(each) for each in entries]
    for entry, backend in zip(entries, loaded, strict=True):
        if not isinstance(backend, Backend):
            raise PluginError(f"`{_package(entry)}` offers `{entry.value}` in `{BACKENDS}`, which is no backend")
    return tuple(loaded)


def targets(purpose: Purpose) -> dict[str, tuple[Backend, Target]]:
    """What can be written for a purpose, by the name of the target."""
    return {
        target.name: (backend, target)
        for backend in backends()
        for target in backend.targets
        if target.purpose is purpose
    }


# ----------------------------------------------------------------------------------------------------------------- ops


def _op(entry: EntryPoint) -> type[Op]:
    op = _load(entry)
    problem = _problem(op)
    if not problem and op.name != entry.name:
        problem = f"calls itself `{op.name}`, and not `{entry.name}` as its entry point does"
    if problem:
        raise PluginError(f"`{_package(entry)}` offers `{entry.value}` in `{OPS_GROUP}`, which {problem}")
    found: type[Op] = op
    return found


def _problem(op: Any) -> str:
    """What keeps something from being an op that a spec can use."""
    if not (isinstance(op, type) and issubclass(op, Op)):
        return "is no subclass of `archspec.Op`"
    for attribute in ("name", "family"):
        if not hasattr(op, attribute):
            return f"has no `{attribute}`"
    if missing := sorted(op.__abstractmethods__):
        return f"lacks {' and '.join(f'`{each}`' for each in missing)}"
    if not op.name.isidentifier():
        return f"calls itself `{op.name}`, which no spec can write"
    if op.name in OPS and OPS[op.name] is not op:
        return f"calls itself `{op.name}`, as an op does that is shipped"
    return ""


INSTALLED_OPS: Final[Mapping[str, type[Op]]] = _Installed(OPS_GROUP, _op)
"""The ops that installed packages add, by name."""


def ops_of(*kinds: type[Op]) -> Mapping[str, type[Op]]:
    """Ops by name.

    Raises:
        PluginError: one of them is no op that a spec can use.
    """
    for kind in kinds:
        if problem := _problem(kind):
            raise PluginError(f"`{getattr(kind, '__name__', kind)}` {problem}")
    return {kind.name: kind for kind in kinds}


def ops_in(path: Path) -> Mapping[str, type[Op]]:
    """The ops that a file of Python has, by name. The file is executed, so it must be one that is trusted.

    Raises:
        PluginError: the file cannot be read or executed, or has no op.
    """
    module = _executed(path)
    own = [each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__]
    kinds = [each for each in own if issubclass(each, Op) and not inspect.isabstract(each)]
    if not kinds:
        raise PluginError(f"`{path}` has no op: a class that inherits from `archspec.Op`")
    try:
        return ops_of(*kinds)
    except PluginError as error:
        raise PluginError(f"in `{path}`, {error}") from None


def _executed(path: Path) -> ModuleType:
    """The module that a file is, executed once in a process."""
    import sys

    place = path.resolve()
    # Files of the same name are told apart; pydantic and `inspect` look a module up by its name.
    name = f"{place.stem}_{sha256(str(place).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = spec_from_file_location(name, place)
    if not place.is_file() or spec is None or spec.loader is None:
        problem = "is no file of Python" if place.exists() else "does not exist"
        raise PluginError(f"`{path}` {problem}")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        line = next((each.lineno for each in _frames(error) if each.filename == str(place)), None)
        where = f"`{path}`" if line is None else f"`{path}`, line {line}"
        raise PluginError(f"{where}: {type(error).__name__}: {error}") from error
    return module


def _frames(error: Exception) -> Iterator[Any]:
    """Where an error comes from, the innermost place first; a mistake in the syntax has its own."""
    import traceback

    if isinstance(error, SyntaxError):
        yield error
    yield from reversed(traceback.extract_tb(error.__traceback__))


# ----------------------------------------------------------------------------------------------------------- libraries


def _library(entry: EntryPoint) -> Traversable:
    from importlib.resources import files

    try:
        return files(entry.value)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        raise PluginError(f"`{_package(entry)}` offers the library `{entry.value}`, and {problem}") from error


INSTALLED_LIBRARIES: Final[Mapping[str, Traversable]] = _Installed(LIBRARIES, _library)
"""The libraries of blocks that installed packages add, by the word that `use` has for them."""
