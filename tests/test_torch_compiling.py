"""Compilers and tracers of PyTorch take a compiled model as they take one written by hand."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch.export import Dim

from archspec.size import Size, evaluate, names
from tests.tool_cases import CASES, agree, every_case, fresh, given, gradients, read, without_prefix, written


@every_case
def test_torch_compile_takes_the_whole_model(name: str) -> None:
    module, inputs = fresh(name), given(name)
    expected, slopes = module(*inputs), gradients(module, inputs)
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=True):  # Without it, torch refuses every `nn.LSTM`.
        compiled: Any = torch.compile(module, fullgraph=True, backend="aot_eager")
        agree(compiled(*inputs), expected)
        torch.testing.assert_close(without_prefix(gradients(compiled, inputs)), slopes)


@pytest.mark.parametrize("name", ["normalised", "outputs"])
def test_torch_compile_trains(name: str) -> None:
    module, inputs = fresh(name).train(), given(name)
    twin = copy.deepcopy(module)
    torch._dynamo.reset()
    compiled: Any = torch.compile(twin, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(without_prefix(gradients(compiled, inputs)), gradients(module, inputs))
    torch.testing.assert_close(dict(twin.named_buffers()), dict(module.named_buffers()))


# ----------------------------------------------------------------------------------------------- capturing what it does

LOOPS: Final = {"peephole": ("T",), "lstm": ("T",)}
"""The sizes that a recurrence counts, those of torch as well: what is captured has as many steps as the example."""


def dimension(size: Size, least: Mapping[str, int]) -> Any:
    """An open size as `torch.export` has it: a name, or one times a number and plus another."""
    (name,) = set(names(size))
    start, next_one = evaluate(size, {name: 0}), evaluate(size, {name: 1})
    assert isinstance(start, int)
    assert isinstance(next_one, int)
    open_size = Dim(name, min=least[name]) if name in least else Dim(name)
    return open_size if (start, next_one) == (0, 1) else (next_one - start) * open_size + start


@every_case
@pytest.mark.filterwarnings("ignore:The tensor attributes self.lstm1._flat_weights")
def test_torch_export_leaves_the_open_sizes_open(name: str) -> None:
    case, module, inputs = CASES[name], fresh(name), given(name)
    fixed = {each: case.first[each] for each in LOOPS.get(name, ())}
    dynamic = tuple(
        {
            axis: dimension(size, case.least)
            for axis, size in enumerate(value.shape)
            if not isinstance(size, int) and not fixed.keys() & set(names(size))
        }
        for value in read(name).graph.inputs
    )
    program = torch.export.export(module, inputs, dynamic_shapes=dynamic)
    captured = program.module()
    agree(captured(*inputs), module(*inputs))
    other = given(name, {**case.second, **fixed})
    agree(captured(*other), module(*other))
    assert program.state_dict.keys() == module.state_dict().keys()


UNTRACED: Final = {"peephole": "a loop over the positions"}
"""What `torch.fx` does not trace: it runs a model on symbols, which no loop of Python can go through."""


@every_case
def test_fx_traces_what_has_no_loop(name: str) -> None:
    module = fresh(name)
    if name in UNTRACED:
        with pytest.raises(torch.fx.proxy.TraceError, match="cannot be iterated"):
            torch.fx.symbolic_trace(module)
        return
    traced = torch.fx.symbolic_trace(module)
    for numbers in (CASES[name].first, CASES[name].second):
        inputs = given(name, numbers)
        agree(traced(*inputs), module(*inputs))
    # What there is in training only is not in the trace of a model in evaluation.
    assert module.state_dict().keys() - traced.state_dict().keys() == {
        each for each in module.state_dict() if each.startswith("aux.")
    }


@pytest.mark.parametrize("name", [name for name in CASES if name != "outputs"])
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_torch_jit_traces_what_always_gives_tensors(name: str) -> None:
    # A trace cannot hold an output that is there in training only, as this one then is `None`.
    module, inputs = fresh(name), given(name)
    traced = torch.jit.trace(module, inputs)  # type: ignore[no-untyped-call]
    agree(traced(*inputs), module(*inputs))


UNSCRIPTED: Final = {"peephole": "variable number of arguments"}
"""What TorchScript, which PyTorch has given up, does not take, and what it says."""


@every_case
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torch_script_takes_what_it_can(name: str, tmp_path: Path) -> None:
    module = fresh(name)
    twin = getattr(written(name, tmp_path), read(name).graph.name)().eval()
    twin.load_state_dict(module.state_dict())
    if name in UNSCRIPTED:
        with pytest.raises((RuntimeError, torch.jit.frontend.NotSupportedError), match=UNSCRIPTED[name]):
            torch.jit.script(twin)
        return
    scripted = torch.jit.script(twin)
    for numbers in (CASES[name].first, CASES[name].second):
        inputs = given(name, numbers)
        agree(scripted(*inputs), module(*inputs))
