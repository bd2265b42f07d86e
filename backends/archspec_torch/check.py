"""What PyTorch does not allow and the language does: names that it reserves, and sizes that are open."""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from typing import Final, final

from archspec.catalog.fields import did_you_mean
from archspec.diagnostics import Diagnostic, Report
from archspec.graph import Graph
from archspec.source import Span
from archspec_torch.lower import NoLoweringError, OpenSizeError, lower

RESERVED: Final = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval
    extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict modules mtia
    named_buffers named_children named_modules named_parameters parameters register_backward_hook register_buffer
    register_forward_hook register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module register_parameter
    register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory
    state_dict to to_empty train training type xpu zero_grad
    """.split()
)
"""What an `nn.Module` has already. A layer of such a name would hide it, or be hidden by it."""

TAKEN: Final = frozenset({"F", "Tensor", "nn", "self", "super", "torch", "OrderedDict"})
"""Names that the source itself uses."""


@final
@dataclass(frozen=True)
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
    owner: str

    def message(self) -> str:
        return f"`{self.word}` cannot be a name in PyTorch source: {self.owner} has it"

    def help(self) -> str:
        return did_you_mean(f"{self.word.strip('_')}_") if self.word.strip("_") else "choose another name"


@final
@dataclass(frozen=True)
class OpenSize(Diagnostic):
    """A layer has weights whose size is open. A module must know the sizes of its weights.

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

    def message(self) -> str:
        return self.problem

    def help(self) -> str:
        return "write a number for the open size in the `input` line"


@final
@dataclass(frozen=True)
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


def check(graph: Graph, report: Report) -> None:
    """Add a finding for each name and size that keeps a graph from being PyTorch source."""
    _check_name(graph.name, graph.source.whole(), report, is_layer=False)
    for value in graph.inputs:
        _check_name(value.name, value.span, report, is_layer=False)
    for group in graph.groups.values():
        _check_name(group.path[-1], group.span, report, is_layer=True)
    for node in graph.nodes:
        if node.is_named:
            _check_name(node.path[-1], node.span, report, is_layer=True)
        try:
            lower(node.op, *(value.shape for value in node.inputs))
        except OpenSizeError as error:
            report.add(OpenSize(node.span, str(error)))
        except NoLoweringError:
            report.add(NoLowering(node.span, node.op.name))


def _check_name(word: str, span: Span, report: Report, *, is_layer: bool) -> None:
    if keyword.iskeyword(word):
        report.add(ReservedName(span, word, "Python"))
    elif word.startswith("_") or (is_layer and word in RESERVED):
        report.add(ReservedName(span, word, "every module"))
    elif not is_layer and word in TAKEN:
        report.add(ReservedName(span, word, "the source itself"))
