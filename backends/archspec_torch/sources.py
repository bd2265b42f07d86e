"""The source of the classes and functions that are written out with the models that use them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from archspec.plugins import PluginError

_OFFERED: list[Path] = []


def offer(path: Path) -> None:
    """Offer the classes and functions of a Python file, under their names, for calls in lowerings to name.

    They may speak of `torch`, `F`, `nn`, `Tensor`, `math`, and of one another. The file is read, and not imported.
    """
    if path not in _OFFERED:
        _OFFERED.append(path)
        supports.cache_clear()


@cache
def supports() -> Mapping[str, str]:
    """The source of each class and function that torch does not have, by name.

    Raises:
        PluginError: two files have something of the same name.
    """
    folder = files("archspec_torch").joinpath("support")
    own = sorted((each for each in folder.iterdir() if each.name.endswith(".py")), key=lambda each: each.name)
    found: dict[str, str] = {}
    for file in (*own, *_OFFERED):
        text = file.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                start = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                lines = text.splitlines()[start - 1 : node.end_lineno]
                if node.name in found:
                    raise PluginError(f"`{file}` has a `{node.name}`, as another file has that is written out")
                found[node.name] = "\n".join(lines)
    return found


def names_in(text: str) -> set[str]:
    """The names that a source speaks of."""
    return {each.id for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Name)}


def foreign_names(text: str) -> set[str]:
    """The names that a source speaks of and does not make."""
    tree = ast.parse(text)
    own = {each.id for each in ast.walk(tree) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    own |= {each.arg for each in ast.walk(tree) if isinstance(each, ast.arg)}
    own |= {each.name for each in ast.walk(tree) if isinstance(each, ast.ClassDef | ast.FunctionDef)}
    return names_in(text) - own
