"""The tools of PyTorch take a compiled model as they take one written by hand, and the numbers stay the same."""

from __future__ import annotations

import copy
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim

import archspec
from archspec.size import Size, evaluate, names

ROOT: Final = Path(__file__).parent.parent

Inputs: TypeAlias = tuple[Tensor, ...]

WORDS: Final = 10
"""How many words there are in the vocabularies of the models."""


@dataclass(frozen=True)
class Case:
    """A model, and two sets of numbers for its open sizes. They differ in each, and no two in a set are equal."""

    spec: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    first: Mapping[str, int] = field(default_factory=lambda: {"B": 3})
    second: Mapping[str, int] = field(default_factory=lambda: {"B": 5})

    least: Mapping[str, int] = field(default_factory=dict)
    """The least numbers for which no size in the model is 1, which torch takes for a case of its own."""

    def model(self) -> archspec.Model:
        path = ROOT / "specs" / self.spec
        if "\n" not in self.spec:
            return archspec.load(path, **self.settings)
        return archspec.loads(self.spec, name="model.arch")


CASES: Final = {
    "lenet": Case("lenet.arch"),
    "transformer": Case(
        "attention/transformer.arch",
        {"vocabulary": WORDS, "width": 8, "heads": 2, "inner": 12, "depth": 2},
        {"B": 3, "S": 5, "T": 7},
        {"B": 2, "S": 8, "T": 4},
    ),
    "peephole": Case(
        "sequence/peephole.arch", {"characters": WORDS, "width": 4, "hidden": 3}, {"B": 3, "T": 5}, {"B": 2, "T": 7}
    ),
    "residual": Case(
        """
        use std.residual
        model Residual {
            input image: [B, 3, 16, 16]
            conv(4, kernel=3, padding=1, bias=false) -> batchnorm -> relu
            repeat 2 { BasicBlock(4) }
            BasicBlock(8, stride=2)
            global_avgpool -> flatten
            fc = linear(5)
        }
        """
    ),
    "normalised": Case(
        """
        model Normalised {
            input picture: [B, 3, H, W]
            stem = { conv(4, kernel=3, padding="same") -> batchnorm -> relu -> dropout(0.25) -> maxpool(2) }
            conv(6, kernel=3, padding=[[0, 1], 1], bias=false) -> batchnorm -> silu
            global_avgpool -> flatten -> dropout(0.5) -> linear(5)
        }
        """,
        first={"B": 3, "H": 9, "W": 12},
        second={"B": 4, "H": 14, "W": 8},
        least={"H": 6, "W": 4},
    ),
    "open": Case(
        """
        model Open {
            input words: [B, T, 6]
            input picture: [B, 3, 2 * H, 8]
            seen = picture -> conv(4, kernel=3, padding=1) -> relu -> global_avgpool -> flatten
            said = words -> linear(8) -> gelu -> attention(heads=2) -> mean(axes=1)
            (seen, said) -> concat -> linear(5)
        }
        """,
        first={"B": 3, "T": 5, "H": 4},
        second={"B": 2, "T": 9, "H": 7},
    ),
    "masked": Case(
        """
        model Masked {
            input words: [B, T, 8]
            input seen: [B, T] bool
            input query: [B, 6]
            coded = (words, seen) -> attention(heads=2, causal=true)
            found, weights = (query, coded, seen) -> soft_attention(score=additive, hidden=5)
            output logits = found -> linear(3)
            output places = weights
        }
        """,
        first={"B": 3, "T": 5},
        second={"B": 2, "T": 9},
    ),
    "pooled": Case(
        """
        model Pooled {
            input picture: [B, 2, H, W]
            conv(4, kernel=1) -> maxpool(2, stride=1, padding="same")
            conv(6, kernel=1) -> avgpool([4, 2], stride=1, padding="same")
            global_avgpool -> flatten -> linear(5)
        }
        """,
        first={"B": 3, "H": 20, "W": 26},
        second={"B": 4, "H": 31, "W": 22},
        least={"H": 2, "W": 2},
    ),
    "outputs": Case(
        """
        model Outputs {
            input x: [B, 8]
            body = { linear(12) -> batchnorm -> relu }
            output logits = linear(5)
            output odds   = logits -> softmax
            output aux    = body -> linear(5) when training
        }
        """
    ),
    "lstm": Case(
        """
        model Reader {
            input words: [B, T] int
            embedding(10, 4) -> lstm(6, direction=both) -> linear(3)
        }
        """,
        first={"B": 3, "T": 5},
        second={"B": 2, "T": 7},
    ),
}

every_case = pytest.mark.parametrize("name", CASES)


@cache
def read(name: str) -> archspec.Model:
    return CASES[name].model()


def fresh(name: str) -> nn.Module:
    """A module with the same weights each time, which computes what it is given and learns nothing."""
    torch.manual_seed(7)
    module = read(name).compile()
    assert isinstance(module, nn.Module)
    for each in module.modules():
        if isinstance(each, nn.modules.batchnorm._BatchNorm):
            # As after some training, so that a normalisation in evaluation is not the identity.
            assert each.running_mean is not None
            assert each.running_var is not None
            nn.init.normal_(each.running_mean)
            nn.init.uniform_(each.running_var, 0.5, 2.0)
    return module.eval()


def given(name: str, numbers: Mapping[str, int] | None = None) -> Inputs:
    """Inputs with the first numbers for the open sizes, or with others."""
    chooser = torch.Generator().manual_seed(11)
    numbers = CASES[name].first if numbers is None else numbers
    inputs = []
    for value in read(name).graph.inputs:
        sizes = [evaluate(size, numbers) for size in value.shape]
        assert all(isinstance(size, int) for size in sizes)
        whole: list[int] = [size for size in sizes if isinstance(size, int)]
        if value.shape.element is archspec.Element.INT:
            inputs.append(torch.randint(WORDS, whole, generator=chooser))
        elif value.shape.element is archspec.Element.BOOL:
            inputs.append(torch.rand(whole, generator=chooser) < 0.6)
        else:
            inputs.append(torch.randn(whole, generator=chooser))
    return tuple(inputs)


def results(output: Any) -> list[Tensor]:
    """What a model gives, without what there is in training alone."""
    return [output] if isinstance(output, Tensor) else [each for each in output if each is not None]


def loss(output: Any) -> Tensor:
    total = torch.zeros(())
    for each in results(output):
        total = total + (each.float() * torch.linspace(-1, 2, each.shape[-1])).square().mean()
    return total


def gradients(module: nn.Module, inputs: Inputs) -> dict[str, Tensor]:
    torch.manual_seed(3)  # What is dropped out is the same each time.
    module.zero_grad()
    loss(module(*inputs)).backward()  # type: ignore[no-untyped-call]
    return {name: each.grad.clone() for name, each in module.named_parameters() if each.grad is not None}


def agree(output: Any, expected: Any) -> None:
    torch.testing.assert_close(results(output), results(expected))


# --------------------------------------------------------------------------------------------------------- compiling


def without_prefix(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("_orig_mod."): each for name, each in tensors.items()}


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


# --------------------------------------------------------------------------------------------- capturing what it does

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


def written(name: str, folder: Path) -> ModuleType:
    """The module that a user imports, who has nothing but the source."""
    path = folder / f"written_{name}.py"
    path.write_text(read(name).source(), encoding="utf-8")
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


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


# ---------------------------------------------------------------------------------------------------- as a function


@every_case
def test_a_model_is_a_function_of_its_weights(name: str) -> None:
    module, inputs = fresh(name), given(name)
    slopes = gradients(module, inputs)
    weights = {key: each.detach() for key, each in module.named_parameters()}
    buffers = dict(module.named_buffers())

    def found(weights: dict[str, Tensor]) -> Tensor:
        return loss(torch.func.functional_call(module, (weights, buffers), inputs))

    functional = torch.func.grad(found)(weights)
    torch.testing.assert_close({key: functional[key] for key in slopes}, slopes)
    assert not any(each.any() for key, each in functional.items() if key not in slopes)


@every_case
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_vmap_gives_the_gradients_of_each_example(name: str) -> None:
    module, inputs = fresh(name), given(name)
    weights = {key: each.detach() for key, each in module.named_parameters()}
    buffers = dict(module.named_buffers())

    def found(weights: dict[str, Tensor], *example: Tensor) -> Tensor:
        batch = tuple(each.unsqueeze(0) for each in example)
        return loss(torch.func.functional_call(module, (weights, buffers), batch))

    several = torch.func.vmap(torch.func.grad(found), in_dims=(None, *(0 for _ in inputs)))(weights, *inputs)
    for number in range(len(inputs[0])):
        slopes = gradients(module, tuple(each[number : number + 1] for each in inputs))
        torch.testing.assert_close({key: several[key][number] for key in slopes}, slopes)


# ----------------------------------------------------------------------------------------- processes and precisions

PROCESS: Final = """
import os, sys
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from tests.test_torch_tools import CASES, fresh, given, gradients

torch.set_num_threads(1)
rank, store = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
for name, case in CASES.items():
    own = tuple(each[2 * rank : 2 * rank + 2] for each in given(name, {**case.first, "B": 4}))
    alone = gradients(fresh(name).train(), own)
    shared = DistributedDataParallel(fresh(name).train())
    found = {key.removeprefix("module."): each for key, each in gradients(shared, own).items()}
    assert found.keys() == alone.keys(), name
    for key, each in found.items():
        both = [torch.empty_like(each) for _ in range(2)]
        dist.all_gather(both, each)
        assert torch.equal(both[0], both[1]), (name, key)
        dist.all_gather(both, alone[key])
        torch.testing.assert_close(each, (both[0] + both[1]) / 2)
    print(name)
dist.destroy_process_group()
"""


def test_two_processes_train_one_model(tmp_path: Path) -> None:
    (tmp_path / "process.py").write_text(PROCESS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GLOO_SOCKET_IFNAME": "lo"}
    command = [sys.executable, str(tmp_path / "process.py")]
    with ExitStack() as stack:
        processes = []
        for rank in range(2):
            process = subprocess.Popen(
                [*command, str(rank), str(tmp_path / "store")],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            output, errors = process.communicate(timeout=120)
            assert output.split() == list(CASES), errors


@every_case
def test_autocast_computes_nearly_the_same_with_fewer_bits(name: str) -> None:
    module, inputs = fresh(name), given(name)
    expected = results(module(*inputs))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = results(module(*inputs))
        total = loss(found)
    assert torch.bfloat16 in {each.dtype for each in found} or name == "open"
    for each, exact in zip(found, expected, strict=True):
        assert (each.float() - exact).norm() < 0.05 * exact.norm()
    total.backward()  # type: ignore[no-untyped-call]
    slopes = [each.grad for each in module.parameters() if each.grad is not None]
    assert slopes
    assert all(each.dtype is torch.float32 and each.isfinite().all() for each in slopes)


@every_case
def test_double_precision_agrees_with_single(name: str) -> None:
    module, inputs = fresh(name), given(name)
    expected = results(module(*inputs))
    wide = tuple(each.double() if each.is_floating_point() else each for each in inputs)
    for each, exact in zip(results(module.double()(*wide)), expected, strict=True):
        assert each.dtype is torch.float64
        torch.testing.assert_close(each.float(), exact)


# ------------------------------------------------------------------------------------------------ copied and kept


@every_case
def test_a_copy_computes_the_same_and_has_weights_of_its_own(name: str) -> None:
    module, inputs = fresh(name), given(name)
    expected = module(*inputs)
    twin = copy.deepcopy(module)
    agree(twin(*inputs), expected)
    with torch.no_grad():
        for each in twin.parameters():
            each.zero_()
    agree(module(*inputs), expected)
    # What is one weight in the model is one in the copy.
    assert len(list(twin.parameters())) == len(list(module.parameters()))


@every_case
def test_weights_and_models_are_kept(name: str) -> None:
    module, inputs = fresh(name), given(name)
    expected = module(*inputs)
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    twin = read(name).compile().eval()
    twin.load_state_dict(torch.load(file, weights_only=True))
    agree(twin(*inputs), expected)
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    agree(torch.load(file, weights_only=False)(*inputs), expected)


def test_a_model_that_was_kept_needs_its_source_and_nothing_else(tmp_path: Path) -> None:
    name = "transformer"
    module = getattr(written(name, tmp_path), "Transformer")().eval()  # noqa: B009  # It is in no stub.
    module.load_state_dict(fresh(name).state_dict())
    inputs = given(name)
    torch.save((module, inputs, module(*inputs)), tmp_path / "model.pt")
    code = """
import sys, torch
module, inputs, expected = torch.load("model.pt", weights_only=False)
torch.testing.assert_close(module(*inputs), expected)
assert not [each for each in sys.modules if each.startswith("archspec")]
"""
    script = tmp_path / "run.py"
    script.write_text(code)
    run = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@every_case
@pytest.mark.parametrize("assign", [False, True])
def test_a_model_is_made_without_memory_and_gets_its_weights_later(name: str, assign: bool) -> None:
    module, inputs = fresh(name), given(name)
    with torch.device("meta"):
        twin = read(name).compile().eval()
    assert all(each.is_meta for each in twin.state_dict().values())
    if not assign:
        twin.to_empty(device="cpu")
    twin.load_state_dict(module.state_dict(), assign=assign)
    agree(twin(*inputs), module(*inputs))
