"""What PyTorch does not allow and the language does: names that it reserves, and sizes that are open."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import Final, final

from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph, Path
from archspec.size import names
from archspec.source import Span
from archspec.spelling import did_you_mean, listed
from archspec_torch.call import Call
from archspec_torch.inline import Inline
from archspec_torch.lower import NoLoweringError, OpenSizeError, lower
from archspec_torch.scope import scope_of
from archspec_torch.solve import UntoldSizeError, solved

_OF_MODULES: Final = """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
    extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules
    mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory
    state_dict to to_empty train training type xpu zero_grad
"""

RESERVED: Final = frozenset(_OF_MODULES.split())
"""What every `nn.Module` has. A layer of such a name would hide it, or be hidden by it."""

RESERVED_IN_GROUP: Final = RESERVED | {"append", "extend", "insert", "pop"}
"""What every `nn.Sequential` has, which a group becomes."""

_OF_SOURCE: Final = """
    Attention F LearnedPositions OrderedDict PaddedConv1d PaddedConv2d PaddedConv3d SinusoidalPositions Tensor bool
    float int nn str super torch tuple zip
"""

TAKEN_BY_SOURCE: Final = frozenset(_OF_SOURCE.split())
"""What the source itself uses. A class of such a name would come in its way."""

TAKEN_BY_METHOD: Final = frozenset({"F", "Tensor", "_", "self", "torch"})
"""What `forward` itself uses beside its inputs."""


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


CATALOG: Final = (ReservedName, OpenSize, NoLowering)


def check(graph: Graph, report: Report) -> None:
    """Add a finding for each name and size that keeps a graph from being PyTorch source."""
    _check_name(graph.name, graph.span, report, TAKEN_BY_SOURCE, "the source itself uses it")
    for value in graph.inputs:
        _check_name(value.name, value.span, report, TAKEN_BY_METHOD, "the source itself uses it")
    for group in graph.groups.values():
        _check_layer(group.path, group.span, report)
    lowered: dict[Path, Call | Inline] = {}
    for node in graph.nodes:
        if node.is_named:
            _check_layer(node.path, node.name_span or node.span, report)
        try:
            lowered[node.path] = lower(node.op, *(value.shape for value in node.inputs))
        except OpenSizeError as error:
            report.add(OpenSize(node.span, str(error), tuple(dict.fromkeys(names(error.size)))))
        except NoLoweringError:
            report.add(NoLowering(node.span, node.op.name))
    if len(lowered) == len(graph.nodes):
        _check_sizes(graph, lowered, report)


def _check_sizes(graph: Graph, lowered: Mapping[Path, Call | Inline], report: Report) -> None:
    for name in scope_of(graph, lowered).sizes:
        try:
            solved(name, {value: value.name for value in graph.inputs})
        except UntoldSizeError as error:
            users = (node for node in graph.nodes if name in getattr(lowered[node.path], "open_names", ()))
            report.add(OpenSize(next(users).span, str(error), (name,)))


def _check_layer(path: Path, span: Span, report: Report) -> None:
    word = path[-1]
    if word.startswith("_") and not word.startswith("__"):
        report.add(ReservedName(span, word, "names that start with `_` are for what a module keeps to itself"))
    elif len(path) > 1:
        _check_name(word, span, report, RESERVED_IN_GROUP, "every `nn.Sequential` has something of that name")
    else:
        _check_name(word, span, report, RESERVED, "every `nn.Module` has something of that name")


def _check_name(word: str, span: Span, report: Report, taken: frozenset[str], reason: str) -> None:
    if keyword.iskeyword(word):
        report.add(ReservedName(span, word, "it is a keyword of Python"))
    elif word.startswith("__"):
        # Python gives such a name another form inside a class, or a meaning of its own.
        report.add(ReservedName(span, word, "names that start with `__` are special in Python"))
    elif word in taken:
        report.add(ReservedName(span, word, reason))
