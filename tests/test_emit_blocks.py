"""Uses of a block share a class, with arguments for that in which they differ; these make it each of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import archspec
from archspec_torch.call import Call, Repeated, Unsaid, printed
from archspec_torch.layout import fits
from archspec_torch.lifting import ABSENT, Argument, Arguments, DifferError, Lifted, united
from archspec_torch.naming import Names
from archspec_torch.sources import supports
from tests.interpreted import interpreted

SPECS: Final = Path(__file__).parents[1] / "specs"


def source(text: str) -> str:
    model = archspec.loads(text)
    assert not list(model.check(ignore=["A4"]))
    return model.source()


def classes(text: str) -> list[str]:
    """The classes of a source, without the one that all blocks are."""
    return [name for name in re.findall(r"^class (\w+)\(", text, re.MULTILINE) if name != "Checkpointed"]


def block(text: str, name: str) -> str:
    """The text of a class."""
    (found,) = re.findall(rf"^(class {name}\(.*?)(?=^class |\Z)", text, re.MULTILINE | re.DOTALL)
    return str(found)


UNIT: Final = """
block Unit(width, stride = 1) {
    input x: [B, C, H, W]

    residual {
        conv(width, kernel=3, stride=stride, padding=1) -> relu
        conv(2 * width, kernel=1)
    } shortcut {
        if stride != 1 or C != 2 * width { projection = conv(2 * width, kernel=1, stride=stride) }
    }
}
"""


def test_arguments_are_called_after_parameters_and_sizes() -> None:
    text = source(f"{UNIT} model M {{ input x: [B, 3, 8, 8]\n Unit(4) -> Unit(8, stride=2) -> Unit(6) }}")
    assert classes(text) == ["Unit", "M"]
    unit = block(text, "Unit")
    assert "in_channels: int, width: int, stride: int = 1" in unit
    assert "nn.Conv2d(\n            in_channels, width, kernel_size=3, stride=stride, padding=1\n        )" in unit
    assert "nn.Conv2d(width, 2 * width, kernel_size=1)" in unit
    assert "Shapes: x [B, in_channels, ...] -> [B, 2 * width, ...]." in unit
    model = block(text, "M")
    assert "Unit(3, 4)" in model
    assert "Unit(8, 8, stride=2)" in model
    assert "Unit(16, 6)" in model


def test_a_part_that_some_uses_lack_is_the_identity_there() -> None:
    text = source(f"{UNIT} model M {{ input x: [B, 3, 8, 8]\n Unit(4) -> Unit(4) }}")
    unit = block(text, "Unit")
    assert "projection: bool = False" in unit
    assert "self.projection: nn.Module = nn.Identity()\n        if projection:\n" in unit
    assert unit.count("self.projection(") == 1
    assert "Unit(3, projection=True)" in text
    assert "Unit(8)" in text


def test_what_is_the_same_in_all_uses_is_no_argument() -> None:
    text = source(f"{UNIT} model M {{ input x: [B, 8, 8, 8]\n Unit(4) -> Unit(4) }}")
    assert "def __init__(self) -> None:" in block(text, "Unit")
    assert text.count("Unit()") == 2


def test_repeats_are_loops() -> None:
    text = source(f"{UNIT} model M {{ input x: [B, 3, 8, 8]\n body = Unit(4) -> repeat 5 {{ Unit(4) }} }}")
    assert "*(Unit(8) for _ in range(5))," in block(text, "M")
    text = source(f"{UNIT} model M {{ input x: [B, 3, 8, 8]\n body = Unit(4) -> repeat 2 {{ Unit(4) }} }}")
    assert text.count("Unit(8),") == 2


def test_a_number_that_nothing_explains_is_an_argument_of_its_own() -> None:
    text = source(
        "block Odd(narrow) { residual { conv(3 + 7 * narrow, kernel=1) -> conv(8, kernel=1) } }\n"
        "model M { input x: [B, 8, 4, 4]\n Odd(1) -> Odd(2) -> Odd(5) }"
    )
    odd = block(text, "Odd")
    assert "def __init__(self, conv1_out_channels: int) -> None:" in odd
    assert "nn.Conv2d(conv1_out_channels, 8, kernel_size=1)" in odd
    assert [f"Odd({width})" in text for width in (10, 17, 38)] == [True] * 3


def test_blocks_in_blocks_are_given_what_they_need() -> None:
    text = source(
        "block Inner(reduction = 4) {\n    input x: [B, C, ...]\n"
        "    mul { x, global_avgpool -> conv(C // reduction, kernel=1) -> relu -> conv(C, kernel=1) -> sigmoid } }\n"
        "block Outer(width) { conv(width, kernel=1) -> Inner }\n"
        "model M { input x: [B, 8, 4, 4]\n Outer(16) -> Outer(32) -> Outer(64) }".replace("{ x, ", "{\n x\n ")
    )
    assert classes(text) == ["Inner", "Outer", "M"]
    assert "Inner(width)" in block(text, "Outer")
    assert "nn.Conv2d(in_channels, in_channels // 4, kernel_size=1)" in block(text, "Inner")


def test_of_uses_inside_one_another_each_has_a_class_that_is_used() -> None:
    text = source(
        "block Level(width, below: layer) { a = linear(width)\n residual { below }\n b = linear(2 * width) }\n"
        "model M { input x: [B, 8]\n Level(4) { Level(6) { Level(4) { linear(4) } -> linear(6) } -> linear(4) }\n"
        "Level(5) { linear(5) } }"
    )
    assert all(len(re.findall(rf"\b{name}\b", text)) > 1 for name in classes(text) if name != "M")
    assert all(f"class {name}(Checkpointed" in text for name in classes(text) if name != "M")


def test_layers_in_a_row_that_are_used_again_and_again_are_a_class_of_their_own() -> None:
    text = source(
        "block Step(width) { c = conv(width, kernel=1, bias=false)\n n = batchnorm }\n"
        "model M { input x: [B, 8, 4, 4]\n Step(4) -> Step(8) -> Step(9) }"
    )
    assert "class Step(Checkpointed, nn.Sequential):" in text
    assert '"c": nn.Conv2d(in_channels, width, kernel_size=1, bias=False),' in text
    text = source(
        "block Step(width) { c = conv(width, kernel=1, bias=false)\n n = batchnorm }\n"
        "model M { input x: [B, 8, 4, 4]\n Step(4) }"
    )
    assert "class Step" not in text


def test_uses_that_are_wired_in_another_way_have_classes_of_their_own() -> None:
    text = source(
        "block Way(first) { if first { (tanh, relu) -> concat } else { (tanh, relu) -> add }\nlinear(8) }\n"
        "model M { input x: [B, 8]\n Way(true) -> Way(false) -> Way(true) }".replace(
            "(tanh, relu)", "(_ -> tanh, _ -> relu)"
        )
    )
    assert classes(text) == ["Way", "Way2", "M"]


def test_an_activation_that_some_uses_lack_is_the_identity_there() -> None:
    text = source(
        "block Way(first) { residual { linear(8)\n if first { relu } } }\n"
        "model M { input x: [B, 8]\n Way(true) -> Way(false) -> Way(true) }"
    )
    assert classes(text) == ["Way", "M"]
    assert "def __init__(self, first: bool) -> None:" in block(text, "Way")
    assert "if first:\n            self.relu1 = nn.ReLU()" in block(text, "Way")


def test_an_argument_has_a_name_that_nothing_else_has() -> None:
    text = source(
        "block Unit(lambda, nn) { residual { linear(lambda) -> relu -> linear(nn) -> linear(8) } }\n"
        "model M { input x: [B, 5, 8]\n Unit(4, 5) -> Unit(6, 7) }"
    )
    assert compile(text, "<source>", "exec").co_names


@pytest.mark.parametrize(
    ("spec", "most"),
    [("vision/resnet.arch:resnet50", 155), ("vision/resnet.arch:resnet18", 155), ("vision/vgg.arch:vgg16", 90)],
)
def test_the_source_of_a_large_model_is_short(spec: str, most: int) -> None:
    assert archspec.load(f"{SPECS / spec}").source().count("\n") < most


# ------------------------------------------------------------------------------------------------------------ the law

uses = st.lists(
    st.tuples(st.sampled_from([2, 4, 6, 8, 12]), st.sampled_from([1, 1, 2]), st.sampled_from([1, 2]), st.booleans()),
    min_size=1,
    max_size=6,
)


@given(uses, st.sampled_from([2, 4, 8]), st.booleans())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
def test_a_class_given_the_arguments_of_a_use_is_that_use(
    found: list[tuple[int, int, int, bool]], channels: int, is_inside: bool
) -> None:
    text = """
    block Gate(reduction) {
        input x: [B, C, ...]
        mul {
            x
            global_avgpool -> conv(C // reduction, kernel=1) -> relu -> conv(C, kernel=1) -> sigmoid
        }
    }
    block Unit(width, stride, reduction, normalised = false, activation = 0.1) {
        input x: [B, C, H, W]
        residual {
            conv(width, kernel=3, stride=stride, padding=1, bias=not normalised)
            if normalised { bn = batchnorm }
            leaky_relu(slope=activation)
            Gate(reduction)
            conv(width + C, kernel=1)
        } shortcut {
            conv(width + C, kernel=1, stride=stride)
        }
        if stride == 1 { last = conv(width, kernel=1) }
    }
    """
    lines = [
        f"Unit({width}, {stride}, {reduction}, normalised={'true' if is_normalised else 'false'})"
        for width, stride, reduction, is_normalised in found
    ]
    body = "\n".join(lines)
    body = f"body = {{\n{body}\n}}" if is_inside else body
    model = archspec.loads(f"{text}\nmodel M {{ input x: [B, {channels}, 9, 9]\n{body} }}")
    assert not list(model.check(ignore=["A4"]))
    torch.manual_seed(0)
    module = model.compile().double()
    for mode in (module.eval(), module.train()):
        with torch.no_grad():
            x = torch.randn(2, channels, 9, 9, dtype=torch.double)
            (expected,) = interpreted(model.graph, mode, [x])
            torch.testing.assert_close(mode(x), expected)
    keys = {f"{node.name}.{name}": tuple(each) for node in model.graph.nodes for name, each in node.weights.items()}
    assert {name: tuple(each.shape) for name, each in module.named_parameters()} == keys


# ------------------------------------------------------------------------------------------------------- laying over


def test_values_are_one_where_they_are_the_same_and_lifted_where_they_differ() -> None:
    first, other = Call.of("nn.Linear", 8, 4, bias=True), Call.of("nn.Linear", 8, 6, bias=True)
    assert united([first, first], "a") is first
    assert united([first, other], "a") == Call.of("nn.Linear", 8, Lifted((4, 6), "a_out_features"), bias=True)
    assert united([first, ABSENT], "a") is first
    assert united([Unsaid(1), 2], "a") == Lifted((1, 2), "a")
    assert united([Repeated(first, 2), Repeated(first, 3)], "a") == Repeated(first, Lifted((2, 3), "a_depth"))
    assert isinstance(united([1, True], "a"), Lifted)


@pytest.mark.parametrize(
    "values",
    [
        [Call.of("nn.ReLU"), Call.of("nn.Tanh")],
        [Call.of("nn.Linear", 8), Call.of("nn.Linear", 8, 4)],
        [Call.of("nn.Linear", bias=True), Call.of("nn.Linear", weight=True)],
        [Call.of("nn.ReLU"), 3],
        [{"a": 1}, {"b": 1}],
    ],
)
def test_what_is_built_in_another_way_cannot_be_laid_over(values: list[Any]) -> None:
    with pytest.raises(DifferError):
        united(values, "a")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((64, 128, 256), "width"),
        ((256, 512, 1024), "4 * width"),
        ((16, 32, 64), "width // 4"),
        ((69, 136, 265), "channels + width"),
        ((5, 8, 9), "channels"),
        ((ABSENT, 512, 1024), "4 * width"),
        ((1, 2, 1), "stride"),
        ((8, 16, 24), "widths[1]"),
        ((2, 4, 2), None),
        ((64, 128, 250), None),
        ((True, 2, True), None),
    ],
)
def test_an_expression_is_found_for_values(values: tuple[Any, ...], text: str | None) -> None:
    known = (
        Argument("channels", (5, 8, 9)),
        Argument("width", (64, 128, 256)),
        Argument("stride", (1, 2, 1)),
        Argument("widths", ((2, 8), (4, 16), (6, 24))),
    )
    found = Arguments(known, Names(())).expression(values)
    assert (None if found is None else printed(found)) == text


def test_half_of_a_kernel_is_its_padding() -> None:
    text = source(
        "block Unit(size) { residual { conv(8, kernel=size, padding=size // 2) } }\n"
        "model M { input x: [B, 8, 9, 9]\n Unit(1) -> Unit(3) -> Unit(5) }"
    )
    assert "nn.Conv2d(8, 8, kernel_size=size, padding=size // 2)" in text


def test_long_sentences_of_a_spec_are_broken_into_lines() -> None:
    words = " ".join(f"word{number}" for number in range(60))
    text = source(f'"{words}"\nmodel M {{ input x: [B, 8]\n relu }}')
    assert " ".join(text.split()).count(words) == 1
    assert max(map(len, text.splitlines())) <= 88


def test_only_lists_and_the_like_keep_their_lines() -> None:
    sentence = " ".join(["word"] * 22)
    assert source(f'"""\n{sentence},\n3x3 kernels\n"""\nmodel M {{ input x: [B, 8]\n relu }}').count("word, 3x3") == 1
    for item in ("1. one", "- one", "| one |"):
        assert f"\n    {item}\n" in source(f'"""\n{sentence}:\n{item}\n"""\nmodel M {{ input x: [B, 8]\n relu }}')


def test_what_torch_does_not_have_is_as_narrow_as_the_rest() -> None:
    assert all(fits(line) for text in supports().values() for line in text.splitlines())


def test_modules_stay_modules() -> None:
    module = archspec.loads(f"{UNIT} model M {{ input x: [B, 3, 8, 8]\n Unit(4) -> Unit(4) }}").compile()
    assert isinstance(module.get_submodule("unit2.projection"), nn.Identity)
    assert isinstance(module.get_submodule("unit1.projection"), nn.Conv2d)


def test_each_weight_is_filled_once_by_the_class_that_makes_it() -> None:
    text = source(
        "block Step(width) { init normal(std=0.02), bias=zeros\n"
        "c = conv(width, kernel=1, bias=false)\n n = batchnorm }\n"
        "block Unit(width) { residual { Step(8) -> relu }\n Step(width) -> conv(8, kernel=1) }\n"
        "model M { input x: [B, 8, 4, 4]\n Unit(4) -> Unit(9) -> Step(3) }"
    )
    assert classes(text) == ["Step", "Unit", "M"]
    assert text.count("nn.init.normal_(") == 1
    assert text.count("nn.init.zeros_(") == 1
    for name, weight in (
        archspec.loads(
            "block Step(width) { init constant(2), bias=zeros\n c = linear(width)\n r = relu }\n"
            "model M { input x: [B, 8]\n Step(4) -> Step(9) -> Step(3) }"
        )
        .compile()
        .named_parameters()
    ):
        assert weight.eq(0 if "bias" in name else 2).all(), name


def test_blocks_of_whose_results_only_the_size_counts_are_run_all_the_same() -> None:
    text = source(
        "block Unit(width) { linear(width) -> relu }\n"
        "block Like {\n input x: [B, 8]\n input y: [B, D]\n x -> linear(D) -> linear(8)\n }\n"
        "model M { input x: [B, 8]\n (x, Unit(4)) -> Like\n (_, x -> Unit(3)) -> Like\n"
        " (_, x -> Unit(3)) -> Like -> linear(2) }"
    )
    assert [f"        self.unit{number}(x)\n" in text for number in (1, 2, 3)] == [True] * 3
