"""A cure that is told was tried: whoever follows it has one error less."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archspec
from archspec.catalog.shapes import ShapeFault
from archspec.diagnostics import Diagnostic, Severity
from tests.lowered import random_uses


def findings(text: str) -> list[Diagnostic]:
    """The errors in a spec; a cure may be what advice is against."""
    return [each for each in archspec.loads(text).check() if each.severity is Severity.ERROR]


def cures(finding: Diagnostic) -> list[dict[str, str]]:
    """For each cure that was tried, the settings for the layer of the finding."""
    assert isinstance(finding, ShapeFault)
    return [dict(re.findall(r"(\w+)=([^,`]+)", each)) for each in finding.tried]


WINDOWS = st.builds(
    "conv({}, kernel={}, stride={})".format, st.sampled_from((8, 12)), st.integers(1, 7), st.integers(1, 3)
)


@settings(random_uses, max_examples=60)
@given(one=WINDOWS, other=WINDOWS, size=st.integers(8, 40))
def test_what_is_told_for_branches_makes_them_fit(one: str, other: str, size: int) -> None:
    def spec(a: str, b: str) -> str:
        return f"model M {{\ninput x: [B, 3, {size}, {size}]\na = {a}\nb = x -> {b}\n(a, b) -> add\n}}"

    found = [each for each in findings(spec(one, other)) if isinstance(each, ShapeFault) and each.op == "add"]
    if not found:
        return
    for told in found[0].tried:
        layers = {3: one, 4: other}
        for changed, line in re.findall(r"`([^`]*)` in line (\d)", told):
            channels, *rest = re.findall(r"\w+=[^,)]+|\d+", layers[int(line)])
            known = dict([("channels", channels), *(each.split("=") for each in rest)])
            known |= dict(each.split("=") for each in changed.split(", "))
            layers[int(line)] = f"conv({', '.join(f'{name}={value}' for name, value in known.items())})"
        assert "in line" in told
        assert not findings(spec(layers[3], layers[4])), (told, layers)


@pytest.mark.parametrize("heads", [3, 7, 8, 11])
def test_heads_that_are_told_divide_the_features(heads: int) -> None:
    def spec(number: object) -> str:
        return f"model M {{ input x: [B, T, 100]\n attention(heads={number}) }}"

    (finding,) = findings(spec(heads))
    assert cures(finding)
    for cure in cures(finding):
        assert not findings(spec(cure["heads"]))


def test_the_smallest_image_is_told_that_is_large_enough() -> None:
    layers = """
        conv(64, kernel=11, stride=4, padding=2) -> maxpool(3, stride=2)
        conv(192, kernel=5, padding=2) -> maxpool(3, stride=2) -> maxpool(3, stride=2)
    """

    def spec(size: int) -> str:
        return f"model AlexNet {{ input x: [B, 3, {size}, {size}]{layers}}}"

    (finding,) = findings(spec(32))
    assert "an input of `[B, 3, 63, 63]`" in finding.help()
    assert not findings(spec(63))
    assert findings(spec(62))


def test_the_nearest_image_is_told_that_can_be_cut_into_squares() -> None:
    (finding,) = findings("model M { input x: [B, 8, 30, 60]\n pixel_unshuffle(4) }")
    assert "an input of `[B, 8, 32, 64]`" in finding.help()


def test_what_the_standard_library_says_is_not_told_to_be_changed() -> None:
    text = "use std.residual\nmodel M { input x: [B, 3, 8, 8]\n BasicBlock(16) -> conv(4, kernel=9) }"
    assert all("line 1" not in each.help() for each in findings(text))


def test_a_change_that_brings_another_error_is_no_cure() -> None:
    text = """model M {
        input x: [B, 4, 8, 8]
        a = conv(8, kernel=3)
        (a, x -> conv(8, kernel=1)) -> add
        flatten -> reshape([B, 288])
    }"""
    for each in findings(text):
        assert "kernel=1" not in each.help()


def test_the_way_to_a_finding_is_told() -> None:
    text = """
        block Unit(width) { conv(width, kernel=3, stride=2) }
        block Stage(width) { Unit(width) }
        model M {
            input x: [B, 3, 8, 8]
            for width in [4, 8, 16] { Stage(width) }
        }
    """
    (finding,) = findings(text)
    way = [each.label for each in finding.way]
    assert way == ["in pass 3 of 3, where width = 16", "in this use of `Stage`", "in this use of `Unit`"]


@settings(random_uses, max_examples=30)
@given(
    widths=st.lists(st.sampled_from((8, 12, 16)), min_size=1, max_size=3),
    stride=st.integers(1, 2),
    size=st.sampled_from(("H", "30", "31")),
)
def test_a_shortcut_that_is_told_makes_a_residual_fit(widths: list[int], stride: int, size: str) -> None:
    def spec(shortcut: str) -> str:
        body = f"conv(width, kernel=3, stride={stride}, padding=1) -> relu -> conv(width, kernel=3, padding=1)"
        return f"""
            block Unit(width) {{ residual {{ {body} }} {shortcut} }}
            model M {{ input x: [B, 4, {size}, 32] \n for width in {widths} {{ Unit(width) }} }}
        """

    (finding, *_) = findings(spec(""))
    (told,) = re.findall(r"a shortcut of `(.*?)`", finding.help())
    assert "width" in told
    assert not findings(spec(f"shortcut {{ {told} }}"))


def test_what_fits_a_single_pixel_only_is_no_cure() -> None:
    (finding,) = findings("model M { input x: [B, 4, H, W]\n residual { conv(8, kernel=3, stride=2, padding=1) } }")
    assert "channels=4" not in finding.help()
    assert "a shortcut of `conv(8, kernel=1, stride=2)`" in finding.help()


def test_a_number_takes_the_place_of_a_formula_only_where_nothing_else_helps() -> None:
    text = """
        block Unit(width) { conv(width, kernel=3, padding=1) \n conv(width, kernel=3, padding=1) }
        model M { input x: [B, 4, 8, 8]\n residual { Unit(8) } }
    """
    (finding,) = findings(text)
    assert "a shortcut of `conv(8, kernel=1)`" in finding.help()
    assert "channels=4" not in finding.help()
    (finding,) = findings(text.replace("residual { Unit(8) }", "(_ -> Unit(8), _) -> add"))
    assert "`channels=4` in line 3" in finding.help()


@pytest.mark.parametrize(
    "layer",
    [
        f"{name}({arguments})"
        for name, arguments in (
            ("conv", "8, kernel=9"),
            ("conv_transpose", "8, kernel=9, padding=30"),
            ("maxpool", "9"),
            ("avgpool", "9"),
            ("lp_pool", "9, p=2"),
            ("unfold", "9"),
            ("stochastic_pool", "9"),
            ("mixed_pool", "9"),
        )
    ],
)
def test_a_kernel_that_is_too_large_is_told_whatever_else_the_op_has(layer: str) -> None:
    spec = f"model Small {{\n    input image: [B, 3, 4, 4]\n    {layer}\n}}\n"
    report = archspec.loads(spec, syntax="arch").check()
    assert [each.code for each in report if each.severity is Severity.ERROR] == ["A301"], str(report)
