"""What PyTorch does not allow and the language does: names that it reserves, and sizes that are open."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Final, final

from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph, Output, Path
from archspec.scan import Scan
from archspec.size import names
from archspec.source import Span
from archspec.spelling import did_you_mean, listed
from archspec_torch.call import Call
from archspec_torch.cell import parameters_of_cell, starts
from archspec_torch.inline import Inline
from archspec_torch.lower import NoLoweringError, OpenSizeError, lower
from archspec_torch.needs import taken_by_source
from archspec_torch.reserved import (
    RESERVED,
    RESERVED_BY_SOURCE,
    RESERVED_IN_CELL,
    RESERVED_IN_GROUP,
    RESERVED_IN_RESULTS,
    TAKEN_BY_METHOD,
)
from archspec_torch.scope import scope_of
from archspec_torch.sharing import calls_of, modules_of
from archspec_torch.solve import UntoldSizeError, solved


@final
class ReservedName(Diagnostic):
    """A name of the spec becomes a name in Python, and this one has a meaning there already.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        train = linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        trained = linear(2)
    }
    ```
    """

    code = "T001"
    name = "reserved-name"
    word: str
    reason: str

    def message(self) -> str:
        return f"`{self.word}` cannot be a name in PyTorch source: {self.reason}"

    def help(self) -> str:
        suggestion = f"{self.word.strip('_')}_"
        return did_you_mean(suggestion) if suggestion.isidentifier() and suggestion != "_" else "choose another name"


@final
class OpenSize(Diagnostic):
    """A layer has weights whose size is open, or needs one that no input tells.

    A module must know the sizes of its weights when it is built, and all others from the shapes of what it is given.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, D]
        linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(2)
    }
    ```
    """

    code = "T002"
    name = "open-size"
    problem: str
    open_sizes: tuple[str, ...]

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return f"write a number for {listed(self.open_sizes, 'and')} where the inputs are declared"


@final
class NoLowering(Diagnostic):
    """An op that a plugin brought, without its form in PyTorch.

    Wrong: a package that offers an op and no lowering for it.

    Right: the package registers a lowering with `archspec_torch.lower.lower.register`.
    """

    code = "T003"
    name = "no-lowering"
    op: str

    def message(self) -> str:
        return f"nothing says what `{self.op}` is in PyTorch"


@final
class OtherModule(Diagnostic):
    """A layer with weights is used again where PyTorch needs another module, which cannot have the same weights.

    Wrong: a `batchnorm` over `[B, 8, T]` that is used again over `[B, 8, H, W]`.

    Right: a `batchnorm` for each of the two.
    """

    code = "T004"
    name = "other-module"
    op: str
    first: str
    here: str

    def message(self) -> str:
        return f"this use of `{self.op}` would be `{self.here}` in PyTorch, but the layer is `{self.first}`"

    def help(self) -> str:
        return f"use a `{self.op}` of its own here"


CATALOG: Final = (ReservedName, OpenSize, NoLowering, OtherModule)


def check(graph: Graph, report: Report) -> None:
    """Add a finding for each name and size that keeps a graph from being PyTorch source."""
    _check_name(graph.name, graph.span, report, taken_by_source(graph), "the source itself uses it")
    for value in graph.inputs:
        _check_name(value.name, value.span, report, TAKEN_BY_METHOD, "the source itself uses it")
    for output in graph.outputs if len(graph.outputs) > 1 else ():
        _check_output(output, report)
    _check_layers(graph, report, RESERVED, "every `nn.Module` has something of that name")


def _check_layers(graph: Graph, report: Report, reserved: frozenset[str], reason: str) -> None:
    """Look at the layers and groups of a model or a cell; some names are reserved at its outermost level alone."""
    for group in graph.groups.values():
        _check_layer(group.path, group.span, report, reserved, reason)
    lowered: dict[Path, Call | Inline] = {}
    for node in graph.nodes:
        if node.is_named:
            _check_layer(node.path, node.name_span or node.span, report, reserved, reason)
        if isinstance(node.op, Scan):
            _check_cell(node.op.cell, report)
            lowered[node.path] = Call(node.op.cell.name, (), {"direction": node.op.direction})
            continue
        try:
            lowered[node.path] = lower(node.op, *(value.shape for value in node.inputs))
        except OpenSizeError as error:
            report.add(OpenSize(node.span, str(error), tuple(dict.fromkeys(names(error.size)))))
        except NoLoweringError:
            report.add(NoLowering(node.span, node.op.name))
    if len(lowered) == len(graph.nodes):
        _check_sizes(graph, lowered, report)
        _check_modules(graph, lowered, report)


def _check_cell(cell: Graph, report: Report) -> None:
    _check_layers(cell, report, RESERVED_IN_CELL, "every `nn.Module` that is a cell has something of that name")
    try:
        starts(cell, parameters_of_cell(cell)[: len(cell.inputs) - len(cell.outputs)])
    except UntoldSizeError as error:
        report.add(OpenSize(cell.span, str(error), (error.name,)))


def _check_sizes(graph: Graph, lowered: Mapping[Path, Call | Inline], report: Report) -> None:
    calls = calls_of(graph, lowered)
    for name in scope_of(graph, lowered, calls).sizes:
        try:
            solved(name, {value: value.name for value in graph.inputs})
        except UntoldSizeError as error:
            users = (node for node in graph.nodes if name in getattr(lowered[node.path], "open_names", ()))
            report.add(OpenSize(next(users).span, str(error), (name,)))


def _check_modules(graph: Graph, lowered: Mapping[Path, Call | Inline], report: Report) -> None:
    for path, module in modules_of(graph, lowered).items():
        if lowered[path] != lowered[module]:
            node = graph.node(path)
            report.add(OtherModule(node.span, node.op.name, str(lowered[module]), str(lowered[path])))


def _check_output(output: Output, report: Report) -> None:
    word, span = output.name, output.value.span
    if not word.isidentifier():
        report.add(ReservedName(span, word, "it is no name in Python"))
    elif word.startswith("_"):
        report.add(ReservedName(span, word, "a `NamedTuple` has no names that start with `_`"))
    elif word in RESERVED_IN_RESULTS:
        report.add(ReservedName(span, word, "every `tuple` has something of that name"))
    else:
        _check_name(word, span, report, TAKEN_BY_METHOD, "the source itself uses it")


def _check_layer(path: Path, span: Span, report: Report, reserved: frozenset[str], reason: str) -> None:
    word = path[-1]
    if word.startswith("_") and not word.startswith("__"):
        report.add(ReservedName(span, word, "names that start with `_` are for what a module keeps to itself"))
    elif word in RESERVED_BY_SOURCE:
        report.add(ReservedName(span, word, "the source itself uses it"))
    elif len(path) > 1:
        _check_name(word, span, report, RESERVED_IN_GROUP, "every `nn.Sequential` has something of that name")
    else:
        _check_name(word, span, report, reserved, reason)


def _check_name(word: str, span: Span, report: Report, taken: frozenset[str], reason: str) -> None:
    if keyword.iskeyword(word):
        report.add(ReservedName(span, word, "it is a keyword of Python"))
    elif word.startswith("__"):
        # Python gives such a name another form inside a class, or a meaning of its own.
        report.add(ReservedName(span, word, "names that start with `__` are special in Python"))
    elif word in taken:
        report.add(ReservedName(span, word, reason))
