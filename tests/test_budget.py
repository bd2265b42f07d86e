"""Budgets: an `expect` line about a figure holds exactly when the figure that `archspec summary` shows says so."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archspec
from archspec import Model, Size, Summary
from archspec.catalog.figures import WrongFigure
from archspec.catalog.shapes import FailedExpectation
from archspec.expression import Bytes, Literal
from archspec.passes.cost import Cost
from archspec.passes.words import COUNTS
from archspec.quantity import SUFFIXES, UNITS, in_unit, of_bytes
from archspec.size import evaluate
from archspec.source import Source
from archspec.syntax.text import parse_expression
from archspec.syntax.tree import Scalar

SPECS: Final = {
    "chain": """model Chain {{
        input image: [B, 3, 32, 32]
        features = {{
            conv(16, kernel=3, padding=1, bias=false) -> batchnorm -> relu -> maxpool(2)
            conv(24, kernel=[3, 5], padding=[1, 2]) -> relu
        }}
        flatten
        fc = linear(10)
        {}
    }}""",
    "attention": """block Layer(width) {{
        input x: [B, T, C]
        residual {{ layernorm -> attention(heads=2) }}
        residual {{ layernorm -> linear(4 * width) -> gelu -> linear(width) }}
    }}
    model Small {{
        input tokens: [B, 12] int
        embed = embedding(50, 16)
        features = repeat 2 {{ Layer(16) }}
        fc = linear(50)
        {}
    }}""",
    "training only": """model Two {{
        input x: [N, 8, 6]
        features = conv(4, kernel=3) -> batchnorm
        output aux = flatten -> linear(5) when training
        fc = features -> flatten -> linear(3)
        {}
    }}""",
    "no batch": """model Fixed {{
        input image: [2, 1, 9, 9]
        features = conv(3, kernel=3, stride=2)
        fc = {{ flatten -> linear(2) -> batchnorm }}
        {}
    }}""",
}
COMPARISONS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
each_spec = pytest.mark.parametrize("name", SPECS)


def model(name: str, *lines: str) -> Model:
    return archspec.loads(SPECS[name].format("\n".join(f"expect {line}" for line in lines)), syntax="arch")


def of_summary(summary: Summary) -> Mapping[str, int]:
    """Every figure of a model that a budget can speak of, as the summary has it."""
    of_groups = {
        group: Cost.total(row.cost for row in summary.rows if row.layer.split(".")[0] == group)
        for group in ("features", "fc")
    }
    found = {"params": summary.parameters, "buffers": summary.buffers, "macs": summary.macs, "flops": summary.flops}
    for group, cost in of_groups.items():
        counted = (cost.parameters, cost.buffers, cost.macs, cost.flops)
        found |= {f"{group}.{word}": each for word, each in zip(COUNTS, counted, strict=True)}
    found |= {f"memory(training, {each})": summary.training(each) for each in ("sgd", "momentum", "adam")}
    ones = {word: number(summary.of_one(size)) for word, size in found.items()}
    return {**ones, "memory(inference)": max(number(summary.of_one(each)) for each in summary.inference)}


def number(size: Size) -> int:
    assert isinstance(size, int)
    return size


def broken(found: Model) -> list[str]:
    """The expectations that do not hold."""
    report = found.check(ignore=["A4"])
    assert all(isinstance(each, FailedExpectation) for each in report), list(map(str, report))
    return [each.expectation for each in report if isinstance(each, FailedExpectation)]


# ------------------------------------------------------------------------------------------------------------ the laws


@each_spec
def test_a_budget_holds_exactly_when_the_figure_of_the_summary_says_so(name: str) -> None:
    figures = of_summary(model(name).summary())
    lines, wrong = [], []
    for word, figure in figures.items():
        for symbol, compare in COMPARISONS.items():
            for limit in {max(figure + step, 0) for step in (-1, 0, 1)}:
                line = f"{word} {symbol} {_limit(word, limit)}"
                lines.append(line)
                if not compare(figure, limit):
                    wrong.append(line)
    assert broken(model(name, *lines)) == wrong
    assert len(wrong) > len(figures)


def _limit(word: str, limit: int) -> str:
    return f"{limit // 1000}.{limit % 1000:03} KB" if word.startswith("memory") else str(limit)


@given(name=st.sampled_from(sorted(SPECS)), size=st.integers(1, 500), shift=st.integers(-2, 2))
@settings(max_examples=25, deadline=None)
def test_a_figure_may_be_asked_for_a_size_that_is_open(name: str, size: int, shift: int) -> None:
    summary = model(name).summary()
    if not summary.open_sizes:
        return
    (batch,) = summary.open_sizes
    for word, formula in (("macs", summary.macs), ("memory(training, adam", summary.training("adam"))):
        figure = evaluate(formula, {batch: size})
        assert isinstance(figure, int)
        call = f"{word}, {batch}={size})" if "(" in word else f"{word}({batch}={size})"
        line = f"{call} <= {_limit(word, figure + shift)}"
        assert broken(model(name, line)) == ([line] if shift < 0 else [])


@each_spec
def test_a_comparison_that_has_the_batch_in_it_is_about_all_of_it(name: str) -> None:
    summary = model(name).summary()
    for batch in summary.open_sizes:
        figure = summary.of_one(summary.macs)
        assert isinstance(figure, int)
        assert (
            broken(model(name, f"macs <= {figure} * {batch}", f"macs == {figure} * {batch}", f"macs <= {figure}")) == []
        )
        assert broken(model(name, f"macs < {figure} * {batch}")) == [f"macs < {figure} * {batch}"]


def test_the_type_of_elements_decides_about_memory() -> None:
    from dataclasses import replace

    summary = model("chain").summary()
    for floats in ("float64", "float32", "float16", "bfloat16"):
        figure = summary.of_one(replace(summary, floats=floats).training("momentum"))
        assert isinstance(figure, int)
        call = f"memory(training, momentum, element={floats})"
        assert broken(model("chain", f"{call} <= {_limit('memory', figure)}")) == []
        assert broken(model("chain", f"{call} < {_limit('memory', figure)}")) == [
            f"{call} < {_limit('memory', figure)}"
        ]


@pytest.mark.parametrize("name", ["chain", "no batch", "training only"])
def test_a_receptive_field_is_compared_along_each_axis(name: str) -> None:
    found = model(name)
    summary = found.summary()
    last = [path for path in summary.fields if path[0] == "features"][-1]
    sizes = [each.size for each in summary.fields[last]]
    assert sizes
    for limit in range(1, 12):
        for symbol, compare in COMPARISONS.items():
            line = f"features.receptive_field {symbol} {limit}"
            holds = all(isinstance(each, int) and compare(each, limit) for each in sizes)
            assert broken(model(name, line)) == ([] if holds else [line])
    # The output sees all of the input, which is more than any number.
    assert broken(model(name, "receptive_field >= 1T", "receptive_field < 1T")) == ["receptive_field < 1T"]


def test_a_budget_of_a_block_is_one_of_each_use() -> None:
    text = """block Unit(width) {{
        input x: [N, C]
        expect params <= {}
        expect inner.params <= {}
        inner = linear(width)
        relu
    }}
    model Net {{
        input x: [B, 4]
        Unit(8) -> Unit(16)
    }}"""
    small, large = 4 * 8 + 8, 8 * 16 + 16
    for limit in (small - 1, small, large - 1, large):
        found = archspec.loads(text.format(limit, limit), syntax="arch").check()
        assert len(list(found)) == 2 * any(each > limit for each in (small, large))
        assert {each.label().split("` is ")[1].split(",")[0] for each in found} <= {str(max(small, large))} | (
            {str(small)} if limit < small else set()
        )


def test_a_size_from_outside_goes_before_the_one_in_a_budget() -> None:
    text = SPECS["chain"].format("expect macs(B=1) <= 3M")
    assert not list(archspec.loads(text, syntax="arch").check())
    (finding,) = archspec.loads(text, syntax="arch", sizes={"B": 8}).check()
    assert finding.label().endswith("for B = 8, which is set from outside")


def test_most_of_what_is_too_much_is_where_the_finding_says() -> None:
    summary = model("chain").summary()
    (finding,) = model("chain", "params < 1").check()
    assert isinstance(finding, FailedExpectation)
    whole = of_summary(summary)
    shown = {line.split()[0]: line.split()[-3] for line in finding.most if not line.startswith(" ")}
    assert shown == {each: f"{whole[f'{each}.params']:,}" for each in ("fc", "features")}
    assert list(shown) == ["fc", "features"]


@pytest.mark.parametrize("name", SPECS)
def test_words_that_are_wrong_are_found_where_an_error_hides_the_model(name: str) -> None:
    report = model(name, "memory(training, adamw) < 1 GiB", "buffers < 0", "conv(0, kernel=3) < 3").check()
    assert [each.help() for each in report if isinstance(each, WrongFigure)][:1] == ["did you mean `adam`?"]


# ------------------------------------------------------------------------------------------------------ the quantities


def parsed(text: str) -> object:
    return parse_expression(Scalar(text, Source("text", text).whole()))


decimals = st.tuples(st.integers(0, 9999), st.integers(0, 999)).map(lambda each: f"{each[0]}.{each[1]:03}")


@pytest.mark.parametrize(("suffix", "power"), [("K", 1), ("M", 2), ("G", 3), ("T", 4)])
@given(number=st.one_of(st.integers(0, 9999).map(str), decimals))
def test_a_suffix_counts_in_thousands(suffix: str, power: int, number: str) -> None:
    found = parsed(f"{number}{suffix}")
    assert isinstance(found, Literal)
    assert isinstance(found.value, int | float)
    assert Fraction(found.value) == Fraction(number) * 1000**power
    assert isinstance(found.value, int)


@pytest.mark.parametrize("unit", UNITS)
@given(number=st.integers(0, 9999), blank=st.sampled_from(("", " ", "  ")))
def test_a_unit_of_memory_counts_in_thousands_or_in_1024s(unit: str, number: int, blank: str) -> None:
    found = parsed(f"{number}{blank}{unit}")
    assert isinstance(found, Bytes)
    assert found.value == number * (1024 if "i" in unit else 1000) ** ("KMGT".index(unit[0]) + 1)


@given(st.integers(0, 2**62), st.sampled_from(["", *SUFFIXES, *UNITS]), st.integers(0, 2**62))
def test_a_number_in_a_unit_is_near_and_tells_itself_from_another(value: int, unit: str, other: int) -> None:
    written = in_unit(value, unit, other)
    if not written.endswith("bytes"):
        read = parsed(written.replace(",", ""))
        assert isinstance(read, Literal | Bytes)
        assert isinstance(read.value, int | float)
        assert abs(Fraction(read.value) - value) <= Fraction(value, 100)
    assert value == other or written != in_unit(other, unit, value)


@given(st.integers(0, 2**60))
def test_bytes_are_told_in_1024s(value: int) -> None:
    number, _, unit = of_bytes(value).replace(",", "").partition(" ")
    assert abs(Fraction(number) * UNITS.get(unit, 1) - value) <= Fraction(value, 100)
