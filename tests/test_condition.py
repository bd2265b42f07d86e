"""Where shapes agree for some sizes only, the sizes are told for which they do, and the smallest for which not."""

from __future__ import annotations

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import archspec
from archspec.passes.condition import conditions
from archspec.size import Size
from tests.lowered import random_uses


def texts(body: str) -> list[str]:
    text = f"model M {{ input x: [B, 4, H, 12]\n {body} }}"
    return [each.text for each in conditions(archspec.loads(text).graph)]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("residual { maxpool(2) -> upsample(2) }", ["H is a multiple of 2"]),
        ("residual { maxpool(2) -> maxpool(2) -> upsample(4) }", ["H is a multiple of 4"]),
        ("residual { conv(4, kernel=3, stride=2, padding=1) -> upsample(2) }", ["H is a multiple of 2"]),
        ("pixel_unshuffle(3)", ["H is a multiple of 3"]),
        ("residual { conv(4, kernel=3, padding=1) }", []),
        ("(_, _ -> conv(4, kernel=[3, 1])) -> concat(2)", []),
        ("flatten -> reshape([B, 480])", ["H is 10"]),
        (
            "residual { maxpool([2, 1]) -> conv_transpose(4, kernel=[3, 1], stride=[2, 1]) }",
            ["H divided by 2 leaves 1"],
        ),
    ],
)
def test_the_sizes_that_are_right_are_told(body: str, expected: list[str]) -> None:
    assert texts(body) == expected


@settings(random_uses, max_examples=30)
@given(factors=st.lists(st.integers(2, 3), min_size=1, max_size=3), size=st.integers(1, 40))
def test_a_model_runs_where_its_conditions_hold_and_nowhere_else(factors: list[int], size: int) -> None:
    down = " -> ".join(f"maxpool({each}, padding={each // 2})" for each in factors)
    up = " -> ".join(f"upsample({each})" for each in reversed(factors))
    model = archspec.loads(f"model M {{ input x: [B, 4, H]\n residual {{ {down} -> {up} }} }}")
    found = conditions(model.graph) if not model.check().has_errors else ()
    if not found:
        return
    network = model.compile()

    def runs(positions: int) -> bool:
        try:
            network(torch.zeros(1, 4, positions))
        except RuntimeError:
            return False
        return True

    assert runs(size) == all(each.holds({"H": size}) for each in found) or size == 1  # Torch repeats a size of 1.
    for each in found:
        assert not each.holds(each.counter_example)
        smaller: list[dict[str, Size]] = [{"H": other} for other in range(1, each.counter_example["H"])]
        assert all(each.holds(other) for other in smaller)  # type: ignore[arg-type]


def test_the_summary_lists_what_must_hold() -> None:
    text = "model M { input x: [B, 4, H, 12]\n residual { maxpool(2) -> upsample(2) } }"
    last = str(archspec.loads(text).summary()).splitlines()[-1]
    assert last == "right where H is a multiple of 2: with H = 3, add1 would be given 2 and 3"


def test_conditions_that_exclude_each_other_are_an_error() -> None:
    text = """model M {
        input x: [B, 4, H, 12]
        residual { maxpool(2) -> upsample(2) }
        residual { conv(4, kernel=1, stride=2) -> upsample(2) -> pad([[0, 1], 0]) }
    }"""
    assert [each.code for each in archspec.loads(text).check()] == ["A306"]


@pytest.mark.parametrize(
    "body",
    [
        "residual { maxpool(2) -> upsample(2) }",
        "a = maxpool(2) \n b = a -> maxpool(2) \n (b -> upsample(2), a) -> concat \n (_ -> upsample(2), x) -> concat",
        "residual { maxpool(2) -> upsample(2) } \n residual { maxpool(3) -> upsample(3) }",
    ],
)
def test_an_input_that_is_declared_as_is_told_has_no_other_sizes(body: str) -> None:
    def spec(shape: str) -> archspec.Model:
        return archspec.loads(f"model M {{ input x: {shape}\n {body} }}")

    told = {finding.help() for finding in spec("[B, 4, H, W]").check()}
    assert len(told) == 1
    (declared,) = re.findall(r"`(\[.*?\])`", told.pop())
    assert len(spec(declared).check()) == 0
