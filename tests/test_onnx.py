"""ONNX, by the door that PyTorch comes in by: the file computes what the module does, under the names of the spec."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from torch import nn
from torch.onnx._internal.exporter._registration import ONNXRegistry

import archspec
from archspec.backend import Purpose
from archspec.diagnostics import Report
from archspec.main import main
from archspec.targets import find_target
from archspec_onnx.check import MOST_BYTES, check
from archspec_onnx.examples import even_numbers, odd_numbers
from archspec_onnx.export import Exporter
from tests.tool_cases import CASES, given, read, results

ROOT: Final = Path(__file__).parent.parent

STEPS: Final = 4
"""A loop of Python has a number of steps, which is that of the spec."""


@pytest.fixture(autouse=True, scope="module")
def _one_table() -> Iterator[None]:
    """For each model that it writes, torch makes its table of all ops anew, which takes longer than a small model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib)))
        yield


@cache
def model_of(name: str) -> archspec.Model:
    case = CASES[name]
    match name:
        case "peephole":
            return archspec.load(ROOT / "specs" / case.spec, sizes={"T": STEPS}, **case.settings)
        case "transformer":
            # A second layer of each kind, which takes as long as the first, is written as a second residual block is.
            return archspec.load(ROOT / "specs" / case.spec, **{**case.settings, "depth": 1})
    return read(name)


def data_of(model: archspec.Model) -> bytes:
    return model.written(*find_target(Purpose.COMPILE, "onnx"))


@cache
def written(name: str) -> bytes:
    return data_of(model_of(name))


@cache
def file(name: str) -> onnx.ModelProto:
    return onnx.load_from_string(written(name))


def weights(model: onnx.ModelProto) -> dict[str, torch.Tensor]:
    named = (each for each in model.graph.initializer if "/" not in each.name)
    return {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in named}


def ran(data: bytes, inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    found = session.run(names, {name: each.numpy() for name, each in inputs.items()})
    return {name: torch.from_numpy(np.asarray(each)) for name, each in zip(names, found, strict=True)}


def refused(text: str, **settings: Any) -> list[tuple[str, str, str, str]]:
    """The findings about a spec that is right in itself: code, place, message and help."""
    model = archspec.loads(text, **settings)
    assert not list(model.check(ignore=["A4"]))
    with pytest.raises(archspec.SpecError) as refusal:
        data_of(model)
    return [(each.code, each.span.text, each.message(), each.help()) for each in refusal.value.report]


every_case = pytest.mark.parametrize("name", CASES)


# ------------------------------------------------------------------------------------------------- what is in the file


@every_case
def test_the_file_computes_what_the_module_does(name: str) -> None:
    case, model = CASES[name], model_of(name)
    module: nn.Module = model.compile().eval()
    # The file has the weights under the names that they have in the module.
    known = weights(file(name))
    missing, unknown = module.load_state_dict(known, strict=False)
    assert not unknown
    assert all(
        key.endswith("num_batches_tracked") or key in ("aux.weight", "aux.bias", "logits.weight") for key in missing
    )
    for sizes in (case.first, case.second):
        inputs = given(name, {**sizes, **({"T": STEPS} if name == "peephole" else {})})
        with torch.no_grad():
            expected = results(module(*inputs))
        names = [value.name for value in model.graph.inputs]
        found = ran(written(name), dict(zip(names, inputs, strict=True)))
        assert list(found) == [each.name for each in model.graph.outputs if not each.in_training_only]
        for each, exact in zip(found.values(), expected, strict=True):
            assert each.shape == exact.shape
            assert (each - exact).norm() < 1e-4 * exact.norm()


def axes(value: onnx.ValueInfoProto) -> list[int | str]:
    return [each.dim_param or each.dim_value for each in value.type.tensor_type.shape.dim]


@every_case
def test_axes_are_called_what_the_spec_calls_them(name: str) -> None:
    graph, proto = model_of(name).graph, file(name).graph
    assert [each.name for each in proto.input] == [value.name for value in graph.inputs]
    always = [each for each in graph.outputs if not each.in_training_only]
    assert [each.name for each in proto.output] == [each.name for each in always]
    shapes = [*(each.shape for each in graph.inputs), *(each.shape for each in always)]
    assert [axes(each) for each in (*proto.input, *proto.output)] == [
        [size if isinstance(size, int) else str(size) for size in shape] for shape in shapes
    ]


@every_case
def test_the_checker_of_onnx_finds_nothing(name: str) -> None:
    onnx.checker.check_model(file(name), full_check=True)
    # Shapes were inferred, too: most values inside have one.
    known = {each.name for each in file(name).graph.value_info if each.type.tensor_type.HasField("shape")}
    inner = {each for node in file(name).graph.node for each in node.output if each}
    assert len(known) >= len(inner) // 2


def test_nodes_say_which_layer_they_are_of() -> None:
    layers = {
        each.value
        for node in file("normalised").graph.node
        for each in node.metadata_props
        if each.key == "archspec.layer"
    }
    assert {"stem.0", "stem.1", "stem.2"} <= layers
    text = archspec.loads(CASES["normalised"].spec).graph
    assert layers <= {node.name for node in text.nodes}


@every_case
def test_nothing_of_this_machine_is_in_the_file(name: str) -> None:
    for text in (str(ROOT), "site-packages", sys.prefix, "stack_trace", "archspec_compiled"):
        assert text.encode() not in written(name)
    assert file(name).producer_name == "archspec-nn"
    assert file(name).graph.name == model_of(name).graph.name


def test_the_same_spec_gives_the_same_file() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = data_of(model_of("normalised"))
    # Whoever asks for a file keeps the random numbers that they have.
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    assert written("normalised") == first
    code = """
import sys
from tests.test_onnx import written
sys.stdout.buffer.write(written("normalised"))
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONHASHSEED": "7"}, capture_output=True, check=False
    )
    assert run.stdout == first, run.stderr.decode()


# -------------------------------------------------------------------------------------------------- names and numbers


def test_names_inside_make_way_for_those_of_the_spec() -> None:
    model = archspec.loads(
        """
        model Names {
            input relu: [B, 4]
            input val_0: [B, 4]
            sum = (relu, val_0) -> add -> linear(4)
            output add = sum -> relu
            output linear = sum -> sigmoid
        }
        """
    )
    data = data_of(model)
    inputs = {"relu": torch.randn(2, 4), "val_0": torch.randn(2, 4)}
    assert list(ran(data, inputs)) == ["add", "linear"]


def test_one_value_may_be_given_under_two_names() -> None:
    model = archspec.loads("model Twice { input x: [B, 4]\n y = linear(4)\n output a = y -> relu\n output b = y }")
    found = ran(data_of(model), {"x": torch.randn(3, 4)})
    assert torch.equal(found["a"], found["b"].relu())


def test_an_input_that_nothing_needs_in_evaluation_is_still_one() -> None:
    model = archspec.loads(
        """
        model Guided {
            input x: [B, 4]
            input hint: [B, 4]
            output y = x -> linear(3)
            output aux = (x, hint) -> add -> linear(3) when training
        }
        """
    )
    assert [each.name for each in onnx.load_from_string(data_of(model)).graph.input] == ["x", "hint"]


def test_numbers_for_open_sizes_suit_every_layer() -> None:
    def first(text: str, least: Callable[[archspec.Graph], Iterator[dict[str, int]]] = odd_numbers) -> dict[str, int]:
        return next(least(archspec.loads(text).graph))

    assert first("model M { input x: [2, 4]\n relu }") == {}
    text = "model M { input x: [B, T, 4]\n relu }"
    assert (first(text), first(text, even_numbers)) == ({"B": 3, "T": 5}, {"B": 4, "T": 6})
    deep = first("model M { input x: [B, 3, H, 8]\n conv(4, kernel=[40, 3]) }")
    assert deep["H"] >= 41
    many = "".join(f"S{number}, " for number in range(40))
    wide = first(f"model M {{ input x: [{many}4]\n relu }}")
    assert len(set(wide.values())) == 40


def test_a_file_is_right_for_odd_and_even_sizes_and_those_that_can_be_halved() -> None:
    text = "model M { input x: [B, 2, 4 * H, W]\n conv(3, kernel=3, padding=1) -> maxpool(2) -> avgpool(3, stride=2) }"
    model = archspec.loads(text)
    data, module = data_of(model), model.compile().eval()
    module.load_state_dict(weights(onnx.load_from_string(data)))
    for sizes in ((1, 2, 8, 9), (2, 2, 12, 10), (3, 2, 16, 16), (4, 2, 20, 11)):
        x = torch.randn(sizes)
        with torch.no_grad():
            torch.testing.assert_close(ran(data, {"x": x})["output"], module(x), rtol=1e-4, atol=1e-5)


def test_branches_inside_a_node_are_named_and_kept() -> None:
    model = archspec.loads("model Bags { input words: [2, 5] int\n embedding_bag(9, 4) }")
    data, module = data_of(model), model.compile().eval()
    proto = onnx.load_from_string(data)
    assert "Loop" in {node.op_type for node in proto.graph.node}
    module.load_state_dict(weights(proto))
    words = torch.randint(9, (2, 5))
    torch.testing.assert_close(ran(data, {"words": words})["output"], module(words).detach())


def test_what_the_exporter_counts_is_not_taken_for_a_difference() -> None:
    path = ROOT / "specs" / "attention" / "soft_attention.arch"
    model = archspec.load(path, vocabulary=9, width=4, answers=3)
    assert onnx.load_from_string(data_of(model)).graph.output


# ------------------------------------------------------------------------------------------------- what is not written


def test_a_loop_over_an_open_size_is_found_and_the_number_cures_it() -> None:
    text = """
    cell Elman(hidden) {
        input x: [B, D]
        state h: [B, hidden]
        next h = (x, h) -> concat -> linear(hidden) -> tanh
    }
    model Reader { input x: [B, T, 3]
        scan(Elman(4)) }
    """
    ((code, place, message, cure),) = refused(text)
    assert (code, place) == ("O002", "scan(Elman(4))")
    assert (message, cure) == ("`scan` needs `T` as a number in ONNX", "compile with `--size T=NUMBER`")
    assert data_of(archspec.loads(text, sizes={"T": 3}))


def test_all_sizes_that_must_be_numbers_are_named_and_no_other() -> None:
    ((code, _, message, cure),) = refused("model M { input x: [B, 2, H, W]\n adaptive_avgpool(2) }")
    assert (code, message) == ("O002", "`adaptive_avgpool` needs `H` and `W` as numbers in ONNX")
    assert cure == "compile with `--size H=NUMBER --size W=NUMBER`"


def test_a_number_of_the_example_that_gets_into_the_file_is_found() -> None:
    # The exporter loses sight of the length behind a recurrence of torch, and attention needs it.
    ((code, place, message, _),) = refused("model Both { input x: [2, T, 4]\n lstm(4)\n attention(2) }")
    assert (code, place, message) == ("O002", "Both", "`Both` needs `T` as a number in ONNX")


def test_layers_that_the_exporter_does_not_know_are_found_each_at_its_place() -> None:
    findings = refused("model M { input x: [B, 4, 9, 9]\n conv(4, kernel=3) -> adaptive_maxpool(2)\n cumprod(axis=1) }")
    assert [(code, place, message) for code, place, message, _ in findings] == [
        ("O001", "adaptive_maxpool(2)", "`adaptive_maxpool` cannot be written as ONNX"),
        ("O001", "cumprod(axis=1)", "`cumprod` cannot be written as ONNX"),
    ]
    assert findings[0][3] == "use other ops here, or compile with `--to torch`"


def test_what_pytorch_refuses_is_refused_here() -> None:
    ((code, place, *_),) = refused("model M { input x: [B, 2]\n train = relu }")
    assert (code, place) == ("T001", "train")


def test_a_model_that_no_file_can_hold_is_refused_before_it_is_made() -> None:
    ((code, place, message, _),) = refused("model Vast { input x: [B, 40_000]\n linear(20_000, bias=false) }")
    assert (code, place) == ("O003", "Vast")
    assert message == "a file of ONNX holds 2 GiB, and the 800,000,000 weights of `Vast` are more"
    assert 500_000_000 * 4 < MOST_BYTES < 2**31


# -------------------------------------------------------------------------------------------------------- as a command


def test_the_command_writes_a_file_and_bytes(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    spec, path = tmp_path / "small.arch", tmp_path / "small.onnx"
    spec.write_text("model Small { input x: [2, 4]\n linear(3) }")
    expected = data_of(archspec.load(spec))
    assert main(["compile", str(spec), "--to", "onnx", "-o", str(path)]) == 0
    assert path.read_bytes() == expected
    assert main(["compile", str(spec), "--to", "onnx"]) == 0
    assert capfdbinary.readouterr() == (expected, b"")


def test_a_target_that_nobody_has_is_answered_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(ROOT / "specs" / "lenet.arch"), "--to", "onx"]) == 2
    assert "nothing here writes `onx`; what can be written: onnx (*.onnx), torch (*.py)" in capsys.readouterr().err


@pytest.mark.parametrize("library", ["onnx", "onnxscript", "torch"])
def test_a_library_that_is_missing_is_named_with_what_brings_it(library: str, tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules[{library!r}] = None
from archspec.main import main
sys.exit(main(["compile", "specs/lenet.arch", "--to", "onnx", "-o", {str(tmp_path / "lenet.onnx")!r}]))
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr == f"archspec: writing ONNX needs {library}; install it with `pip install 'archspec-nn[onnx]'`\n"
    assert not list(tmp_path.iterdir())


def test_knowing_of_the_target_costs_nothing() -> None:
    code = """
import sys
from archspec.main import main
main(["explain", "O002"])
main(["compile", "specs/lenet.arch"])
assert "archspec_onnx" in sys.modules
assert not {"onnx", "onnxscript", "onnx_ir", "torch", "numpy"} & sys.modules.keys()
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("O002: fixed-size")


def test_what_was_checked_is_not_made_again_and_not_kept() -> None:
    exporter = Exporter.installed()
    graph = archspec.loads("model M { input x: [B, 2]\n linear(3) }").graph
    report = Report()
    check(graph, report)
    assert not list(report)
    assert vars(exporter)["_graph"] is graph
    data = exporter.take(graph)
    assert vars(exporter)["_graph"] is None
    assert exporter.take(replace(graph)) == data
