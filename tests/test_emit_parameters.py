"""Parameters of a model are arguments of its class: given a value, it is the model that the spec is with that value."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import archspec
from archspec.size import evaluate, names
from archspec_torch import BACKEND
from tests.read_once import read_once

ROOT: Final = Path(__file__).parents[1]
SPECS: Final = sorted(each for each in (ROOT / "specs").rglob("*") if each.suffix in (".arch", ".yaml"))
MOST_WEIGHTS: Final = 3_000_000
MOST_MACS: Final = 300_000_000
"""What has more, or multiplies and adds more, is compared by the names and shapes of its weights alone."""


KINDS: Final = {archspec.Element.INT: torch.long, archspec.Element.BOOL: torch.bool}


def source(text: str) -> str:
    model = archspec.loads(text)
    assert not list(model.check(ignore=["A4"]))
    return model.source()


def arguments_of(module: nn.Module) -> dict[str, Any]:
    """The parameters of the spec that the class of a module takes, with their defaults."""
    found = inspect.signature(type(module)).parameters
    return {name: found[name].default for name in arguments_of_class(type(module))}


def arguments_of_class(kind: type[nn.Module]) -> list[str]:
    return [name for name in inspect.signature(kind).parameters if name != "checkpointing"]


def others(value: Any) -> tuple[Any, ...]:
    """Values that a parameter may have as well: some that are tried when the source is written, and others."""
    if isinstance(value, bool):
        return (not value,)
    return (0.0, value / 3, 1.0) if isinstance(value, float) else (value + 1, 2 * value, 7)


def inputs_of(graph: archspec.Graph) -> list[torch.Tensor]:
    """Inputs of a model, whose open sizes are small numbers."""
    open_names = sorted({name for value in graph.inputs for size in value.shape for name in names(size)})
    open_sizes = {name: number for number, name in enumerate(open_names, 2)}
    found = []
    for value in graph.inputs:
        sizes = [int(evaluate(size, open_sizes)) for size in value.shape]  # type: ignore[arg-type]  # All sizes are there.
        if value.shape.element is archspec.Element.FLOAT:
            found.append(torch.randn(sizes))
        else:
            found.append(torch.randint(0, 2, sizes).to(KINDS[value.shape.element]))
    return found


def is_small(graph: archspec.Graph) -> bool:
    macs = evaluate(graph.macs, dict.fromkeys(names(graph.macs), 4))
    return graph.parameters <= MOST_WEIGHTS and macs <= MOST_MACS  # type: ignore[operator]  # All sizes are there.


def closed(graph: archspec.Graph) -> nn.Module:
    """The module of a graph with all numbers written out."""
    module = BACKEND.module(replace(graph, rebuilt=None))
    assert isinstance(module, nn.Module)
    return module


def check_same(kind: type[nn.Module], graph: archspec.Graph, **arguments: Any) -> None:
    """The class of a model, given arguments, has the weights of a graph and its layers, and gives what it says."""
    with torch.device("cpu" if is_small(graph) else "meta"):
        module, expected = kind(**arguments), closed(graph)
    shapes = [{name: each.shape for name, each in one.state_dict().items()} for one in (module, expected)]
    assert shapes[0] == shapes[1]
    assert [str(each) for each in leaves(module)] == [str(each) for each in leaves(expected)]
    if is_small(graph):
        expected.load_state_dict(module.state_dict())
        inputs = inputs_of(graph)
        with torch.no_grad():
            assert_same(module.eval()(*inputs), expected.eval()(*inputs))


def leaves(module: nn.Module) -> list[nn.Module]:
    return [each for each in module.modules() if not list(each.children())]


def assert_same(left: Any, right: Any) -> None:
    if isinstance(left, torch.Tensor) or left is None:
        torch.testing.assert_close(left, right, rtol=0, atol=0, equal_nan=True)
    else:
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem + path.suffix)
def test_a_class_given_a_value_is_the_model_with_that_value(spec: Path) -> None:
    graph = read_once(spec).graph
    with torch.device("meta"):
        module = read_once(spec).compile()
    arguments = arguments_of(module)
    assert set(arguments) <= set(graph.settings)
    assert graph.rebuilt is not None
    check_same(type(module), graph)
    for name, default in arguments.items():
        found = {value: graph.rebuilt({name: value}) for value in others(default) if value != default}
        assert any(found.values()), name
        for value, other in found.items():
            if other is not None:
                check_same(type(module), other, **{name: value})


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem + path.suffix)
def test_what_is_no_argument_is_in_the_docstring(spec: Path) -> None:
    model = read_once(spec)
    with torch.device("meta"):
        module = model.compile()
    told = re.search(r"Built with (.*)\.", inspect.getdoc(type(module)) or "")
    fixed = re.findall(r"(\w+)=", told[1]) if told else []
    assert {*arguments_of(module), *fixed} >= set(model.graph.settings)
    assert not {*arguments_of(module)} & {*fixed}


# ------------------------------------------------------------------------------------------------------- how it reads


def constructor(text: str, name: str) -> str:
    """The constructor of a class on one line."""
    (found,) = re.findall(rf"^class {name}\(.*?def __init__\((.*?)\n\n    def ", text, re.MULTILINE | re.DOTALL)
    return " ".join(str(found).split())


def test_a_number_that_follows_from_parameters_is_an_expression_over_them() -> None:
    text = source(
        "model M(width = 12, heads = 3, extra = 5, rate = 0.1) { input x: [B, T, width]\n linear(4 * width) -> relu ->"
        " dropout(rate) -> linear(width // heads) -> relu -> linear(width + extra) -> tanh -> linear(2 * width - 1) }"
    )
    found = constructor(text, "M")
    assert found.startswith("self, width: int = 12, heads: int = 3, extra: int = 5, rate: float = 0.1 ")
    for call in (
        "nn.Linear(width, 4 * width)",
        "nn.Dropout(rate)",
        "nn.Linear(4 * width, width // heads)",
        "nn.Linear(width // heads, width + extra)",
        "nn.Linear(width + extra, 2 * width - 1)",
    ):
        assert call in found or call.replace("width + extra", "extra + width") in found, call
    assert "# [B, T, 4 * width]" in text
    assert "Shapes: x [B, T, width] -> [B, T, 2 * width - 1]." in text


def test_a_parameter_that_decides_of_layers_is_none_of_the_class() -> None:
    text = source(
        "model M(depth = 2, gated: flag = false, cut = 8, width = 8) { input x: [B, 8]\n"
        "repeat depth { linear(width) -> relu }\n if gated { sigmoid }\n if cut > 8 { tanh }\n linear(cut) }"
    )
    assert constructor(text, "M").startswith("self, width: int = 8)")
    assert "Built with depth=2, gated=false, cut=8." in text


@pytest.mark.parametrize("line", ["if width > 512 { tanh }", "if width % 100 == 7 { tanh }", "linear(min(width, 900))"])
def test_a_parameter_that_decides_of_layers_far_from_its_value_is_none_of_the_class(line: str) -> None:
    text = source(f"model M(width = 64) {{ input x: [B, 8]\n linear(width)\n {line}\n}}")
    assert "Built with width=64." in text


def test_a_class_keeps_what_its_methods_speak_of() -> None:
    text = source(
        "model M(width = 4) { input x: [B, 8]\n init normal(std=width ** -0.5)\n"
        "a, b = linear(2 * width) -> split([width, width])\n a * width ** 0.5 + b }"
    )
    assert "self.width = width" in constructor(text, "M")
    assert "std=self.width**-0.5" in text
    assert "* self.width**0.5" in text


def test_blocks_are_given_what_they_need() -> None:
    text = source(
        "block Unit(width, rate) { residual { linear(4 * width) -> gelu -> dropout(rate) -> linear(width) } }\n"
        "model M(width = 16, rate = 0.1) { input x: [B, width]\n Unit(width, rate) -> Unit(width, 0.5) }"
    )
    assert "nn.Linear(in_features, 4 * in_features)" in constructor(text, "Unit")
    assert "self.unit1 = Unit(width, rate)" in text
    assert "self.unit2 = Unit(width, 0.5)" in text


def test_a_flag_that_flows_into_a_setting_is_an_argument() -> None:
    text = source("model M(bias: flag = true) { input x: [B, 8]\n linear(4, bias=bias) }")
    assert constructor(text, "M").endswith(
        "self, bias: bool = True) -> None: super().__init__() self.linear1 = nn.Linear(8, 4, bias=bias)"
    )


def test_what_no_expression_tells_stays_a_number() -> None:
    text = source("model M(width = 6) { input x: [B, 8]\n linear(max(width, 7)) -> relu -> linear(width % 4 + 1) }")
    assert "nn.Linear(8, 7)" in constructor(text, "M")
    assert "Built with width=6." in text


def test_a_parameter_with_a_name_that_python_has_is_none_of_the_class() -> None:
    text = source("model M(lambda = 6, nn = 5) { input x: [B, 8]\n linear(lambda) -> relu -> linear(nn) }")
    assert "Built with lambda=6, nn=5." in text


# ----------------------------------------------------------------------------------------------------- how many passes

UNIT: Final = """
block Unit(width, rate = 0.5) {
    residual { linear(4 * width) -> relu -> linear(width) }
    dropout(rate)
}
"""
LOOK: Final = "block Look { input x: [B, W]\n input other: [B, W]\n (x, other) -> add -> linear(W) -> tanh }\n"
DEEP: Final[dict[str, str]] = {
    "blocks": f"{UNIT}model M(depth = 3, width = 8) {{ input x: [B, width]\n h = repeat depth {{ Unit(width) }} }}",
    "behind others": f"{UNIT}model M(depth = 3) {{ input x: [B, 8]\n"
    " linear(6) -> relu\n h = {\n first = repeat 2 { Unit(6) }\n rest = repeat depth { Unit(6, 0.1) }\n } }",
    "in a row with others": f"{UNIT}model M(depth = 3) {{ input x: [B, 8]\n"
    " h = Unit(8, 0.1) -> repeat depth { Unit(8) } -> Unit(8, 0.2)\n linear(2) }",
    "in a row with alike ones": f"{UNIT}model M(depth = 3) {{ input x: [B, 8]\n"
    " h = Unit(8) -> repeat depth - 1 { Unit(8) }\n linear(2) }",
    "a first one that differs": "block Unit(width) { linear(width) -> relu }\n"
    "model M(depth = 3, width = 6) { input x: [B, 8]\n h = repeat depth { Unit(width) } }",
    "an expression": f"{UNIT}model M(depth = 3) {{ input x: [B, 8]\n h = repeat 2 * depth + 1 {{ Unit(8) }} }}",
    "a half": f"{UNIT}model M(depth = 6) {{ input x: [B, 8]\n h = repeat depth // 2 {{ Unit(8) }} }}",
    "two parameters": f"{UNIT}model M(depth = 3, deeper = 4) {{ input x: [B, 8]\n"
    " h = repeat depth { Unit(8) }\n k = repeat deeper { Unit(8) } }",
    "a size as well": f"{UNIT}model M(depth = 3) {{ input x: [B, 8]\n"
    " linear(4 * depth)\n h = repeat depth { Unit(4 * depth) } }",
    "blocks of repeats": f"{UNIT}block Stage(width, depth) {{ h = repeat depth {{ Unit(width) }} }}\n"
    "model M(depth = 3) { input x: [B, 8]\n linear(4) -> Stage(4, depth) -> linear(6) -> Stage(6, depth) }",
    "one": f"{UNIT}model M(depth = 1, width = 8) {{ input x: [B, width]\n h = repeat depth {{ Unit(width) }} }}",
    "layers": "model M(depth = 3) { input x: [B, 8]\n h = repeat depth { linear(8) } }",
    "the value outside": f"{LOOK}model M(depth = 3) {{ input x: [B, 8]\n"
    " kept = linear(4)\n linear(4)\n h = repeat depth { (_, kept) -> Look } }",
    "how weights start": "block Unit(depth) { residual { linear(8, init=normal(std=0.02 / (2 * depth) ** 0.5)) } }\n"
    "model M(depth = 3) { input x: [B, 8]\n h = repeat depth { Unit(depth) } }",
}
"""Models whose `depth` says how often a repeat is gone through, and is an argument."""

FIXED: Final[dict[str, str]] = {
    "names that are counted": f"{UNIT}model M(depth = 3) {{ input x: [B, 8]\n repeat depth {{ Unit(8) }} }}",
    "passes that differ": f"{UNIT}model M(depth = 3) {{ input x: [B, 8]\n"
    " h = for i in range(depth) { Unit(8, 0.1 * i) } }",
    "passes of several layers": "model M(depth = 3) { input x: [B, 8]\n"
    " linear(4 * depth)\n h = repeat depth { linear(8) -> relu } }",
    "weights that start by their numbers": "model M(depth = 3) { input x: [B, 8]\n"
    " init normal(std=0.02)\n h = repeat depth { linear(8) } }",
    "other layers": f"{UNIT}model M(depth = 3) {{ input x: [B, 8]\n"
    " h = repeat depth { Unit(8) }\n if depth > 3 { tanh } }",
    "other layers in models that are much deeper": f"{UNIT}model M(depth = 3) {{ input x: [B, 8]\n"
    " h = repeat depth { Unit(8) }\n if depth > 40 { tanh } }",
    "a least number": f"{UNIT}model M(depth = 3) {{ input x: [B, 8]\n h = repeat max(depth, 2) {{ Unit(8) }} }}",
    "a choice in a block": f"{UNIT}block Stage(n) {{ h = repeat n {{ Unit(8) }}\n if n > 20 {{ tanh }} }}\n"
    "model M(depth = 3) { input x: [B, 8]\n Stage(depth) }",
}
"""Models in which it says more than an argument could, and is none."""


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_a_class_given_a_number_of_passes_is_the_model_with_so_many(text: str) -> None:
    graph = archspec.loads(text).graph
    kind = type(archspec.loads(text).compile())
    assert graph.rebuilt is not None
    names = [name for name in arguments_of_class(kind) if name.startswith("deep") or name == "depth"]
    assert set(names) == {name for name in graph.settings if name.startswith("dee") or name == "depth"}
    for name in names:
        for depth in (2, 3, 4, 7, 30):
            changed = graph.rebuilt({name: depth})
            assert changed is not None
            check_same(kind, changed, **{name: depth})


@pytest.mark.parametrize("text", FIXED.values(), ids=FIXED)
def test_a_number_of_passes_that_decides_of_more_is_none_of_the_class(text: str) -> None:
    assert not arguments_of_class(type(archspec.loads(text).compile()))
    assert "Built with depth=3." in source(text)


def test_passes_are_made_in_a_loop() -> None:
    text = source(DEEP["blocks"])
    assert "self.h = nn.Sequential(*(Unit(width) for _ in range(depth)))" in text
    assert "Each member of `h` of the model.\n" in text
    text = source(DEEP["in a row with alike ones"])
    assert "self.h = nn.Sequential(*(Unit() for _ in range(depth)))" in text
    text = source(DEEP["a first one that differs"])
    assert "            Unit(8, width),\n            *(Unit(width, width) for _ in range(depth - 1)),\n" in text


def test_passes_that_look_outside_are_called_in_a_loop() -> None:
    text = source(DEEP["the value outside"])
    assert "self.h = nn.ModuleList(Look(4) for _ in range(depth))" in text or "Look() for _ in range(depth)" in text
    assert "        for layer in self.h:\n            x = layer(x, kept)  # [B, 4]\n        return x" in text


def test_what_starts_the_smaller_the_deeper_a_model_is_says_so() -> None:
    text = source(DEEP["how weights start"])
    assert "self.depth = depth" in constructor(text, "Unit")
    assert "std=0.02 / (2 * self.depth) ** 0.5" in text


# ------------------------------------------------------------------------------------------------- a law: any formulas

SIZES: Final = (
    "a",
    "b",
    "2 * a",
    "a + b",
    "3 * b + 1",
    "a * b",
    "a // 2 + 1",
    "(a + 1) // 2",
    "a * b // 2",
    "max(a, b)",
)
lines = st.lists(
    st.tuples(st.sampled_from(SIZES), st.sampled_from(["plain", "block", "group"])), min_size=1, max_size=5
)


@given(lines, st.integers(2, 9), st.integers(2, 9), st.integers(2, 20), st.integers(2, 20))
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
def test_a_class_given_any_values_is_the_model_with_these(
    found: list[tuple[str, str]], a: int, b: int, one: int, other: int
) -> None:
    body = []
    for number, (size, kind) in enumerate(found):
        match kind:
            case "plain":
                body.append(f"linear({size}) -> tanh")
            case "block":
                body.append(f"Unit({size}, rate)")
            case "group":
                body.append(f"group{number} = {{ residual {{ linear({size}) }} shortcut {{ linear({size}) }} }}")
    newline = "\n"
    spec = (
        "block Unit(width, rate) { linear(2 * width) -> relu -> dropout(rate) -> linear(width) }\n"
        f"model M(a = {a}, b = {b}, rate = 0.25) {{ input x: [B, a]\n {newline.join(body)}\n Unit(b, rate) }}"
    )
    graph = archspec.loads(spec).graph
    module_class = type(archspec.loads(spec).compile())
    values = {
        name: value
        for name, value in {"a": one, "b": other}.items()
        if name in inspect.signature(module_class).parameters
    }
    assert graph.rebuilt is not None
    changed = graph.rebuilt(values)
    assert changed is not None
    check_same(module_class, changed, **values)


# ------------------------------------------------------------------------------------------ a law: any repeats and sums

UNITS: Final = {
    "Unit": UNIT,
    "Look": LOOK,
    "Gated": "block Gated { input x: [B, W]\n gate = linear(W) -> sigmoid\n x * gate + x }\n",
    "Stage": "block Stage(n) { input x: [B, W]\n h = repeat n { Unit(W) }\n residual { linear(W) -> tanh } }\n",
}
BODIES: Final = (
    "repeat N { Unit(8) }",
    "repeat N { Gated }",
    "repeat N { linear(8) }",
    "linear(8) -> repeat N { residual { linear(8) -> relu } }",
    "repeat N { Stage(2) }",
    "repeat N { Stage(a) }",
    "Stage(N)",
    "repeat N { { inner = repeat b { Unit(8) } } }",
    "repeat N { (_, kept) -> Look }",
    "residual { linear(8) -> repeat N { Unit(8) } }",
    "residual { repeat N { Gated } } shortcut { linear(8) }",
    "linear(4 * N) -> linear(8)",
)
"""Lines of models, in which `N` says how often something is gone through."""


@given(
    st.lists(st.tuples(st.sampled_from(BODIES), st.sampled_from(["a", "b", "a + 1", "2 * b", "2"])), max_size=3),
    st.integers(1, 4),
    st.integers(2, 4),
    st.integers(1, 9),
    st.integers(1, 9),
)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
def test_a_class_given_any_number_of_passes_is_the_model_with_so_many(
    found: list[tuple[str, str]], a: int, b: int, one: int, other: int
) -> None:
    body = [f"h{number} = {line.replace('N', times)}" for number, (line, times) in enumerate(found)]
    newline = "\n"
    # What no line uses may not be there.
    spoken_of = newline.join(body) + "Unit" * ("Stage" in str(body))
    units = "".join(text for name, text in UNITS.items() if name in spoken_of)
    spec = (
        f"{units}model M(a = {a}, b = {b}) {{ input x: [B, 8]\n kept = linear(8)\n linear(8) -> tanh\n"
        f" {newline.join(body)}\n last = linear(8)\n (last, kept) -> add -> relu\n linear(a) -> linear(b) }}"
    )
    graph = archspec.loads(spec).graph
    kind = type(archspec.loads(spec).compile())
    values = {name: value for name, value in {"a": one, "b": other}.items() if name in arguments_of_class(kind)}
    assert graph.rebuilt is not None
    changed = graph.rebuilt(values)
    assert changed is not None
    check_same(kind, changed, **values)
