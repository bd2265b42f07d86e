"""What a spec can be written as: the targets of the installed backends, by name or by the ending of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archspec import plugins
from archspec.backend import Backend, Purpose, Target
from archspec.spelling import closest, did_you_mean

if TYPE_CHECKING:
    pass


class UnknownTargetError(Exception):
    """No installed backend writes what was asked for."""


def find_target(purpose: Purpose, name: str | None, suffix: str = "") -> tuple[Backend, Target]:
    """The backend and target of a name, or of the ending of a file name.

    Raises:
        UnknownTargetError: no installed backend has it.
    """
    known = plugins.targets(purpose)
    if name is not None and name in known:
        return known[name]
    if name is None:
        for backend, target in known.values():
            if target.suffix == suffix.lower():
                return backend, target
    choices = ", ".join(f"{target.name} (*{target.suffix})" for _, target in known.values()) or "nothing is installed"
    if name == "":
        raise UnknownTargetError(f"no target is named; what can be written: {choices}; `archspec targets` tells more")
    wanted = (
        f"`{name}`" if name is not None else f"files that end in `{suffix}`" if suffix else "a file without an ending"
    )
    more = did_you_mean(closest(name or suffix.removeprefix("."), known)) or "`archspec targets` tells more"
    for other in Purpose:
        if any(target.name == name or target.suffix == suffix for _, target in plugins.targets(other).values()):
            more = f"`archspec {other}` writes it"
    raise UnknownTargetError(f"nothing here writes {wanted}; what can be written: {choices}; {more}")
