"""The module that a spec compiles to: it computes what the graph says, and behaves like a module written by hand."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
import subprocess
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import archspec
from archspec.size import evaluate

ROOT: Final = Path(__file__).parent.parent

SMALL: Final = """
model Small {
    input x: [B, 4]
    hidden = { linear(8) -> relu }
    dropout(0.5)
    linear(2)
}
"""

SPECS: Final = {
    "signal": """model Signal {
        input wave: [B, 2, T]
        conv(6, kernel=5, stride=2, padding=2) -> batchnorm -> leaky_relu(0.2)
        conv(8, kernel=3, padding=[[2, 0]], dilation=2, groups=2) -> prelu(8) -> maxpool(2, padding=1, ceil_mode=true)
        adaptive_maxpool(3) -> flatten -> linear(5)
    }""",
    "picture": """model Picture {
        input picture: [B, 3, H, 12]
        stem = {
            conv(4, kernel=[3, 1], padding="same")
            conv(6, kernel=3, stride=[2, 1], padding=[[0, 1], 1], bias=false)
            norm = batchnorm(eps=1e-3)
            inner = { relu -> avgpool(2, stride=1) }
        }
        local_response_norm(3)
        pooled = global_avgpool
        flatten
        head = { linear(7) -> log_softmax }
    }""",
    "volume": """model Volume {
        input scan: [B, 1, 6, 7, 8]
        conv(2, kernel=3, padding=1) -> elu -> avgpool([2, 1, 2])
        conv(3, kernel=2, padding=[[0, 1], 0, [1, 1]], padding_mode="replicate") -> silu
        global_maxpool -> flatten(2) -> flatten
    }""",
    "features": """model Features {
        input x: [B, T, 6]
        linear(8) -> gelu(approximate=tanh) -> dropout(0.1) -> linear(3, bias=false) -> softmax
    }""",
    "tokens": "model Tokens { input tokens: [B, T, 2] int\n flatten }",
}


def compiled(text: str, **values: Any) -> nn.Module:
    module = archspec.loads(text, **values).compile()
    assert isinstance(module, nn.Module)
    return module


def example(shape: archspec.Shape, numbers: Mapping[str, int]) -> Tensor:
    sizes = [evaluate(size, numbers) for size in shape]
    kind = torch.float32 if shape.element is archspec.Element.FLOAT else torch.int64
    return torch.ones(sizes, dtype=kind)  # type: ignore[arg-type]  # the numbers are those of all open sizes


def agrees(model: archspec.Model, numbers: Mapping[str, int]) -> None:
    """Every layer and group of the module gives the shape that the graph has for it, and holds the weights."""
    graph = model.graph
    module = model.compile().train(False)
    given_shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            given_shapes[name] = tuple(output.shape)

        return hook

    for name, part in module.named_modules():
        part.register_forward_hook(note(name))
    module(*(example(value.shape, numbers) for value in graph.inputs))

    expected = {node.name: node.output.shape for node in graph.nodes}
    for group in graph.groups.values():
        inside = [node for node in graph.nodes if node.path[: len(group.path)] == group.path]
        expected[group.name] = inside[-1].output.shape
    expected[""] = graph.outputs[0].shape
    assert given_shapes == {name: tuple(evaluate(size, numbers) for size in shape) for name, shape in expected.items()}
    weights = {f"{node.name}.{name}": tuple(shape) for node in graph.nodes for name, shape in node.weights.items()}
    assert {name: tuple(each.shape) for name, each in module.named_parameters()} == weights
    buffers = {f"{node.name}.{name}": tuple(shape) for node in graph.nodes for name, shape in node.buffers.items()}
    assert {name: tuple(each.shape) for name, each in module.named_buffers()} == buffers
    assert sum(each.numel() for each in module.parameters()) == graph.parameters


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("size", [9, 16])
def test_every_shape_of_the_graph_is_that_of_the_module(spec: str, size: int) -> None:
    agrees(archspec.loads(SPECS[spec]), {"B": 2, "T": size, "H": size})


@pytest.mark.parametrize("name", ["alexnet", "lenet"])
def test_every_shape_of_a_shipped_spec_is_that_of_the_module(name: str) -> None:
    agrees(archspec.load(ROOT / "specs" / f"{name}.arch"), {"B": 2})


# ------------------------------------------------------------------------------- a law: any chain of layers whatsoever

ANYWHERE: Final = (
    "relu", "tanh", "sigmoid", "dropout(0.3)", "gelu", "leaky_relu(0.1)", "prelu", "mish", "softmax(axis=1)"
)  # fmt: skip


@st.composite
def chains(draw: st.DrawFn) -> str:
    """The text of a model: layers in random order, some in groups, whose settings suit what comes to them."""
    axes = draw(st.integers(1, 3))
    channels = draw(st.integers(1, 4))
    sizes = draw(st.lists(st.integers(3, 9 if axes < 3 else 6), min_size=axes, max_size=axes))
    start = f"[B, {', '.join(map(str, (channels, *sizes)))}]"
    layers = []
    for kind in draw(st.lists(st.sampled_from(["conv", "pool", "norm", "any", "adaptive"]), min_size=1, max_size=6)):
        if kind == "conv":
            layer, channels, sizes = draw(convolutions(channels, sizes))
        elif kind == "pool":
            layer, sizes = draw(pools(sizes))
        elif kind == "norm":
            layer = draw(st.sampled_from(["batchnorm", "batchnorm(affine=false)", "local_response_norm(2)"]))
        elif kind == "adaptive":
            sizes = draw(st.lists(st.integers(1, 5), min_size=axes, max_size=axes))
            layer = f"{draw(st.sampled_from(['adaptive_avgpool', 'adaptive_maxpool']))}({sizes})"
        else:
            layer = draw(st.sampled_from(ANYWHERE))
        layers.append(layer)
    if draw(st.booleans()):
        layers += ["flatten", f"linear({draw(st.integers(1, 5))})", draw(st.sampled_from(ANYWHERE))]
    return f"model Chain {{\ninput x: {start}\n{draw(arranged(layers))}\n}}"


@st.composite
def convolutions(draw: st.DrawFn, channels: int, sizes: list[int]) -> tuple[str, int, list[int]]:
    kernels, strides, margins, result = [], [], [], []
    for size in sizes:
        before, after = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
        kernel = draw(st.integers(1, min(4, size + before + after)))
        stride = draw(st.integers(1, 3))
        kernels.append(kernel)
        strides.append(stride)
        margins.append([before, after])
        result.append((size + before + after - kernel) // stride + 1)
    groups = draw(st.sampled_from([each for each in (1, 2, 3) if channels % each == 0]))
    after = groups * draw(st.integers(1, 3))
    bias = draw(st.sampled_from(["true", "false"]))
    layer = f"conv({after}, kernel={kernels}, stride={strides}, padding={margins}, groups={groups}, bias={bias})"
    return layer, after, result


@st.composite
def pools(draw: st.DrawFn, sizes: list[int]) -> tuple[str, list[int]]:
    kernels = [draw(st.integers(1, min(3, size))) for size in sizes]
    strides = [draw(st.integers(1, 3)) for _ in sizes]
    name = draw(st.sampled_from(["maxpool", "avgpool"]))
    result = [(size - kernel) // stride + 1 for size, kernel, stride in zip(sizes, kernels, strides, strict=True)]
    return f"{name}({kernels}, stride={strides})", result


@st.composite
def arranged(draw: st.DrawFn, layers: list[str], first: int = 0) -> str:
    """The layers one after the other: in lines, along arrows, in groups and groups of groups, some with names."""
    if len(layers) == 1:
        return draw(st.sampled_from(["", f"layer{first} = "])) + layers[0]
    cut = draw(st.integers(1, len(layers) - 1))
    start, end = draw(arranged(layers[:cut], first)), draw(arranged(layers[cut:], first + cut))
    if draw(st.booleans()):
        start = f"group{first}_{cut} = {{\n{start}\n}}"
    is_nameless = "=" not in end.partition("(")[0]
    return start + (draw(st.sampled_from(["\n", " -> ", "\n-> "])) if is_nameless else "\n") + end


@given(chains())
@settings(max_examples=100, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_any_chain_runs_with_the_shapes_that_are_predicted(text: str) -> None:
    model = archspec.loads(text)
    assert not list(model.check(ignore=["A4"])), text
    agrees(model, {"B": 2})


# ------------------------------------------------------------------------------------------- a module like any other


def test_a_layer_computes_what_its_settings_say() -> None:
    module = compiled("model M { input x: [B, 1, 3]\n conv(1, kernel=3, padding=[[2, 0]], bias=false) -> relu }")
    with torch.no_grad():
        next(module.parameters()).copy_(torch.tensor([[[1.0, 10.0, 100.0]]]))
        output = module(torch.tensor([[[1.0, 2.0, -3.0]]]))
    assert output.tolist() == [[[100.0, 210.0, 0.0]]]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        ("conv(1, kernel=1, padding=[[2, 1]], bias=false)", [0, 0, 1, 2, -3, 0]),
        ('conv(1, kernel=1, padding=[[2, 1]], bias=false, padding_mode="reflect")', [-3, 2, 1, 2, -3, 2]),
        ('conv(1, kernel=1, padding=[[2, 1]], bias=false, padding_mode="replicate")', [1, 1, 1, 2, -3, -3]),
        ("conv(1, kernel=1, padding=1, bias=false)", [0, 1, 2, -3, 0]),
        ("leaky_relu(0.5)", [1, 2, -1.5]),
        ("maxpool(2, stride=1, padding=1)", [1, 2, 2, -3]),
        ("avgpool(2, stride=1, padding=1, count_include_pad=false)", [1, 1.5, -0.5, -3]),
    ],
)
def test_every_setting_reaches_the_module(layer: str, expected: list[float]) -> None:
    module = compiled(f"model M {{ input x: [B, 1, 3]\n {layer} }}")
    with torch.no_grad():
        for weight in module.parameters():
            weight.fill_(1)
        assert module(torch.tensor([[[1.0, 2.0, -3.0]]])).flatten().tolist() == expected


def test_names_in_the_spec_are_names_in_the_module() -> None:
    module = compiled(SPECS["picture"])
    names = [name for name, _ in module.named_children()]
    assert names == ["stem", "local_response_norm1", "pooled", "flatten1", "head"]
    assert list(module.state_dict())[:4] == ["stem.0.weight", "stem.0.bias", "stem.1.weight", "stem.norm.weight"]
    assert isinstance(module.get_submodule("stem.inner.1"), nn.AvgPool2d)


def test_compiling_twice_gives_independent_weights() -> None:
    model = archspec.loads(SMALL)
    first, second = model.compile(), model.compile()
    assert type(first) is type(second)
    assert not torch.equal(next(first.parameters()), next(second.parameters()))
    with torch.no_grad():
        next(first.parameters()).zero_()
    assert next(second.parameters()).any()


def test_initial_weights_follow_the_seed() -> None:
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        weights.append(compiled(SMALL).state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_two_specs_may_have_a_class_of_the_same_name() -> None:
    first, second = compiled(SMALL), compiled(SMALL.replace("linear(2)", "linear(3)"))
    x = torch.ones(1, 4)
    assert type(first).__name__ == type(second).__name__ == "Small"
    assert (first(x).shape, second(x).shape, copy.deepcopy(first)(x).shape) == ((1, 2), (1, 3), (1, 2))
    assert "nn.Linear(8, 2)" in inspect.getsource(type(first))
    assert "nn.Linear(8, 3)" in inspect.getsource(type(second))


def test_a_module_can_be_copied_and_pickled() -> None:
    module = compiled(SMALL).eval()
    x = torch.randn(3, 4)
    buffer = io.BytesIO()
    torch.save(module, buffer)
    buffer.seek(0)
    for twin in (
        copy.deepcopy(module),
        pickle.loads(pickle.dumps(module)),  # noqa: S301  # What it reads was written in this line.
        torch.load(buffer, weights_only=False),
    ):
        assert twin is not module
        assert torch.equal(twin(x), module(x))


def test_weights_can_be_saved_and_loaded() -> None:
    module, other = compiled(SMALL).eval(), compiled(SMALL).eval()
    x = torch.randn(3, 4)
    assert not torch.equal(module(x), other(x))
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)
    buffer.seek(0)
    other.load_state_dict(torch.load(buffer))
    assert torch.equal(module(x), other(x))


def test_training_and_evaluation_differ_where_they_should() -> None:
    module = compiled(SMALL)
    x = torch.randn(64, 4)
    assert not torch.equal(module(x), module(x))
    module.eval()
    assert torch.equal(module(x), module(x))


def test_gradients_reach_every_weight() -> None:
    module = compiled(SPECS["picture"])
    module(torch.randn(2, 3, 9, 12))[:, 0].sum().backward()
    assert all(each.grad is not None and each.grad.any() for each in module.parameters())


def test_a_module_can_be_traced_and_exported() -> None:
    module = compiled(SMALL).eval()
    x = torch.randn(3, 4)
    assert torch.equal(torch.fx.symbolic_trace(module)(x), module(x))
    assert torch.equal(torch.export.export(module, (x,)).module()(x), module(x))


def test_a_traceback_shows_the_line_of_the_source() -> None:
    module = compiled(SMALL)
    with pytest.raises(RuntimeError) as failure:
        module(torch.ones(1, 5))
    shown = "".join(traceback.format_exception(failure.value))
    assert 'File "<archspec Small ' in shown
    assert "    x = self.hidden(x)  # [B, 8]\n" in shown


def test_the_source_of_the_class_can_be_inspected() -> None:
    model = archspec.loads(SMALL)
    module = model.compile()
    assert inspect.getsource(type(module)) in model.source()
    assert inspect.getsource(type(module)).startswith("class Small(nn.Module):\n")
    assert inspect.getsource(type(module).forward).startswith("    def forward(self, x: Tensor) -> Tensor:\n")
    assert inspect.getsource(inspect.getmodule(type(module)) or pytest) == model.source()
    assert inspect.getdoc(type(module)) == "Small.\n\nShapes: x [B, 4] -> [B, 2]."


def test_an_open_batch_is_open() -> None:
    module = compiled(SMALL)
    assert [module(torch.ones(batch, 4)).shape for batch in (1, 3)] == [(1, 2), (3, 2)]


def test_the_source_runs_where_archspec_is_not(tmp_path: Path) -> None:
    model = archspec.loads(SPECS["picture"])
    (tmp_path / "picture.py").write_text(model.source(), encoding="utf-8")
    script = tmp_path / "run.py"
    script.write_text(
        "import sys, runpy\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith('archspec'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "names = runpy.run_path('picture.py')\n"
        "import torch\n"
        "print(list(names['Picture']()(torch.ones(2, 3, 9, 12)).shape))\n"
        "print(sorted(name for name in sys.modules if name.startswith('archspec')))\n"
    )
    result = subprocess.run([sys.executable, "-I", "run.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.stdout.splitlines() == ["[2, 7]", "[]"], result.stderr
