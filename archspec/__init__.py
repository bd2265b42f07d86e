"""archspec: a declarative architecture-spec compiler for neural networks.

`load` reads a spec; what it gives has `check()`, `graph`, `source()`, `compile()`, `draw(path)` and `summary()`.
"""

from archspec.compiler import Model, SpecError, UnknownTargetError, load, loads
from archspec.diagnostics import Diagnostic, Related, Report, Severity
from archspec.graph import Graph, Group, Node, Value
from archspec.op import Example, Family, Op, ShapeError
from archspec.shape import Element, Shape
from archspec.size import Formula, Size
from archspec.source import Source, Span
from archspec.summary import Row, Summary
from archspec.version import VERSION

__version__ = VERSION

__all__ = [
    "Diagnostic",
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
    "Row",
    "Severity",
    "Shape",
    "ShapeError",
    "Size",
    "Source",
    "Span",
    "SpecError",
    "Summary",
    "UnknownTargetError",
    "Value",
    "__version__",
    "load",
    "loads",
]
