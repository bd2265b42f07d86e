"""archspec: a declarative architecture-spec compiler for neural networks.

`load` reads a spec; what it gives has `check()`, `graph`, `source()`, `compile()`, `load_weights(path)`,
`draw(path)` and `summary()`. `diff` tells what differs between two specs, or two versions of one.

A name is imported when it is first used, so that the command line decides for itself what it waits for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archspec.comparing import diff
    from archspec.compiler import load, loads
    from archspec.diagnostics import Diagnostic, Related, Report, Severity
    from archspec.difference import Difference
    from archspec.graph import Graph, Group, Node, Value
    from archspec.model import Model, SpecError, WeightsError
    from archspec.op import Example, Family, Op, ShapeError, Trait
    from archspec.revision import RevisionError
    from archspec.shape import Element, Shape
    from archspec.size import Formula, Size
    from archspec.solving import Solution, SolveError
    from archspec.source import Source, Span
    from archspec.summary import Row, Summary
    from archspec.targets import UnknownTargetError
    from archspec.version import VERSION as __version__  # noqa: N811  # The name that a package's version has.

_HOMES = {
    "comparing": ("diff",),
    "compiler": ("load", "loads"),
    "diagnostics": ("Diagnostic", "Related", "Report", "Severity"),
    "difference": ("Difference",),
    "graph": ("Graph", "Group", "Node", "Value"),
    "model": ("Model", "SpecError", "WeightsError"),
    "op": ("Example", "Family", "Op", "ShapeError", "Trait"),
    "revision": ("RevisionError",),
    "shape": ("Element", "Shape"),
    "size": ("Formula", "Size"),
    "solving": ("Solution", "SolveError"),
    "source": ("Source", "Span"),
    "summary": ("Row", "Summary"),
    "targets": ("UnknownTargetError",),
}

__all__ = [
    "Diagnostic",
    "Difference",
    "Element",
    "Example",
    "Family",
    "Formula",
    "Graph",
    "Group",
    "Model",
    "Node",
    "Op",
    "Related",
    "Report",
    "RevisionError",
    "Row",
    "Severity",
    "Shape",
    "ShapeError",
    "Size",
    "Solution",
    "SolveError",
    "Source",
    "Span",
    "SpecError",
    "Summary",
    "Trait",
    "UnknownTargetError",
    "Value",
    "WeightsError",
    "__version__",
    "diff",
    "load",
    "loads",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("archspec.version").VERSION
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"archspec.{module}"), name)
    raise AttributeError(f"module 'archspec' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
