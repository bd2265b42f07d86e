"""What installed packages add: backends, each by its entry point. Ours come in by the same door."""

from __future__ import annotations

from functools import cache

from archspec.backend import Backend, Purpose, Target

GROUP = "archspec.backends"
"""The entry point group that a package offers a backend in."""


@cache
def backends() -> tuple[Backend, ...]:
    """The installed backends, in the order of their names."""
    from importlib.metadata import entry_points  # Only what writes a graph waits for it.

    found = sorted(entry_points(group=GROUP), key=lambda each: each.name)
    loaded = [each.load() for each in found]
    for entry, backend in zip(found, loaded, strict=True):
        if not isinstance(backend, Backend):
            raise TypeError(f"the entry point {entry.value} of {GROUP} gives no Backend")
    return tuple(loaded)


def targets(purpose: Purpose) -> dict[str, tuple[Backend, Target]]:
    """What can be written for a purpose, by the name of the target."""
    return {
        target.name: (backend, target)
        for backend in backends()
        for target in backend.targets
        if target.purpose is purpose
    }
