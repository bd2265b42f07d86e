"""`archspec solve` finds what trying everything would find: the setting that meets a budget, and none is nearer."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import product
from math import ceil
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import archspec
from archspec.main import main
from archspec.solving import Budget, Setting, SolveError, UnmetError
from archspec.solving.varied import Range

ROOT: Final = Path(__file__).parent.parent

NET: Final = """model Net(
    width = 24, heads = 4, depth: int(min=1, max=12) = 2, stride = 1, scale: number(min=0) = 1.0,
    norm: flag = true, kinds = [1],
) {
    input x: [B, 16, 40]
    linear(width) -> attention(heads=heads)
    for kind in kinds { repeat depth { linear(round(scale * 2 * width)) -> linear(width) } }
    conv(width, kernel=1, stride=stride)
    if norm { batchnorm }
}
"""
MODEL: Final = archspec.loads(NET, syntax="arch")
COUNTS: Final = ("params", "macs")
OPERATORS: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "==": lambda figure, target: True,
    "<=": lambda figure, target: figure <= target,
    ">=": lambda figure, target: figure >= target,
    "<": lambda figure, target: figure < target,
    ">": lambda figure, target: figure > target,
}


def figures(word: str, settings: Iterable[dict[str, Any]]) -> Mapping[tuple[int | float, ...], int]:
    """The figure of the model with each of some settings with which it is right."""
    found = {}
    for each in settings:
        model = archspec.loads(NET, syntax="arch", **each)
        if not model.check().has_errors:
            size = model.summary().of_one(getattr(model.summary(), {"params": "parameters"}.get(word, word)))
            assert isinstance(size, int)
            found[tuple(each.values())] = size
    return found


@cache
def all_figures(word: str) -> Mapping[tuple[int | float, ...], int]:
    """The figures for all widths up to 96, of which the heads divide some."""
    return figures(word, ({"width": each} for each in range(1, 97)))


def best(found: Mapping[tuple[int | float, ...], int], symbol: str, target: int) -> int | None:
    """How far the best of some settings is from a target; `None` where none meets the budget."""
    fits = OPERATORS[symbol]
    return min((abs(figure - target) for figure in found.values() if fits(figure, target)), default=None)


def figure(setting: Setting) -> int:
    assert isinstance(setting.figure, int)
    return setting.figure


# ------------------------------------------------------------------------------------------------------------- the laws


@given(
    word=st.sampled_from(COUNTS),
    symbol=st.sampled_from(sorted(OPERATORS)),
    near=st.tuples(st.sampled_from(range(4, 97, 4))),
    shift=st.integers(-400, 400),
)
@example(word="params", symbol="<", near=(8,), shift=0)
@example(word="params", symbol=">", near=(40,), shift=0)
@settings(max_examples=12, deadline=None)
def test_it_finds_what_trying_all_widths_finds(word: str, symbol: str, near: tuple[int, ...], shift: int) -> None:
    found = {place: each for place, each in all_figures(word).items() if place[0] <= 88}
    target = max(all_figures(word)[near] + shift, 1)
    expected = best(all_figures(word), symbol, target)
    try:
        solution = MODEL.solve(f"{word} {symbol} {target}", "width")
    except UnmetError:
        # The nearest is a neighbour of the end, and the target lies beyond it.
        assert expected is None or not min(all_figures(word).values()) <= target <= max(found.values())
        return
    if near[0] <= 88:
        assert abs(figure(solution.chosen) - target) == expected
    (width,) = solution.values.values()
    if width <= 96:
        assert all_figures(word)[(width,)] == solution.chosen.figure


@given(target=st.integers(3000, 60_000))
@settings(max_examples=8, deadline=None)
def test_no_neighbour_is_nearer_and_none_stands_between(target: int) -> None:
    solution = MODEL.solve(f"params == {target}", "width")
    (width,) = solution.values.values()
    assert solution.smaller is not None
    assert solution.larger is not None
    (before,), (behind,) = solution.smaller.values.values(), solution.larger.values.values()
    assert abs(solution.chosen.miss) <= min(abs(solution.smaller.miss), abs(solution.larger.miss))
    # The heads divide these widths, and no others.
    assert (before, behind) == (width - 4, width + 4)
    assert solution.is_steady


def test_what_it_finds_has_the_figures_of_a_summary() -> None:
    solution = MODEL.solve("memory(training, adam, B=4) <= 1 MiB", "width")
    width = solution.values["width"]
    used = [
        archspec.loads(NET, syntax="arch", sizes={"B": 4}, width=each.values["width"]).summary().training("adam")
        for each in (solution.chosen, solution.larger)
        if each is not None
    ]
    chosen, larger = used
    assert chosen == solution.chosen.figure
    assert isinstance(chosen, int)
    assert isinstance(larger, int)
    assert chosen <= 2**20 < larger
    assert width % 4 == 0


@pytest.mark.parametrize("symbol", ["==", "<=", ">="])
def test_a_grid_finds_what_trying_all_of_it_finds(symbol: str) -> None:
    grid = [{"depth": depth, "width": width} for depth, width in product(range(2, 5), range(20, 41, 4))]
    found = figures("params", grid)
    for target in (sorted(found.values())[place] + 99 for place in (1, 7, 12)):
        solution = MODEL.solve(f"params {symbol} {target}", "depth=2..4", "width=20..40:4")
        assert abs(figure(solution.chosen) - target) == best(found, symbol, target)
        assert tuple(solution.values) == ("depth", "width")


def test_a_parameter_without_a_range_is_searched_for_each_value_of_another() -> None:
    grid = [{"depth": depth, "width": width} for depth, width in product(range(1, 4), range(4, 81, 4))]
    found = figures("params", grid)
    for target in (9_000, 20_011):
        solution = MODEL.solve(f"params == {target}", "width", "depth=1..3")
        assert abs(figure(solution.chosen) - target) == best(found, "==", target)


def test_several_parameters_keep_their_ratio() -> None:
    solution = MODEL.solve("params <= 30K", "width", "heads")
    assert solution.values["width"] == 6 * solution.values["heads"]
    assert solution.larger is not None
    assert solution.larger.values["heads"] == solution.values["heads"] + 1
    assert figure(solution.chosen) <= 30_000 < figure(solution.larger)
    assert solution.skipped == 0


def test_a_figure_may_shrink_along_the_way() -> None:
    solution = MODEL.solve("macs <= 200K", "stride=1..40")
    found = figures("macs", ({"stride": each} for each in range(1, 41)))
    assert abs(figure(solution.chosen) - 200_000) == best(found, "<=", 200_000)
    longer = MODEL.solve("macs <= 200K", "stride=1..400")
    assert longer.chosen.figure == solution.chosen.figure


def test_a_fraction_goes_by_hundredths_or_by_the_steps_of_its_range() -> None:
    solution = MODEL.solve("params == 12K", "scale=0.5..3:0.25")
    found = figures("params", ({"scale": each / 4} for each in range(2, 13)))
    assert abs(figure(solution.chosen) - 12_000) == best(found, "==", 12_000)
    fine = MODEL.solve("params == 12K", "scale")
    assert abs(fine.chosen.miss) <= abs(solution.chosen.miss)
    assert isinstance(fine.values["scale"], float)


@pytest.mark.parametrize("symbol", sorted(OPERATORS))
def test_the_figure_may_stand_on_either_side(symbol: str) -> None:
    turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(symbol, symbol)
    one, other = MODEL.solve(f"params {symbol} 20K", "width"), MODEL.solve(f"20K {turned} params", "width")
    assert one.values == other.values
    assert one.chosen.miss == other.chosen.miss


def test_what_the_spec_expects_is_kept_too() -> None:
    text = NET.replace("if norm", "expect width <= 40\n    expect width % 8 == 0\n    if norm")
    solution = archspec.loads(text, syntax="arch").solve("params <= 1M", "width")
    assert solution.values == {"width": 40}
    assert solution.larger is None
    assert solution.why_skipped


def test_a_spec_that_breaks_its_own_budget_can_be_solved() -> None:
    text = NET.replace("if norm", "expect params <= 5K\n    if norm")
    model = archspec.loads(text, syntax="arch")
    assert model.check().has_errors
    solution = model.solve("params <= 5K", "width")
    assert not archspec.loads(text, syntax="arch", width=solution.values["width"]).check().has_errors


def test_a_parameter_without_a_default_can_be_found() -> None:
    text = "model Net(width) {\n input x: [B, 8]\n linear(width)\n}\n"
    assert archspec.loads(text, syntax="arch").solve("params == 900", "width").values == {"width": 100}


# ------------------------------------------------------------------------------------------------- what is not solved


@pytest.mark.parametrize(
    ("budget", "vary", "told"),
    [
        ("params == 20K", "wdth", "no parameter `wdth`; did you mean `width`?"),
        ("params == 20K", "norm", "`norm` is `true`, and no number"),
        ("params == 20K", "kinds", "`kinds` is `[1]`, and no number"),
        ("parms == 20K", "width", "speaks of no figure; did you mean `params`?"),
        ("params", "width", "is no budget"),
        ("params != 20K", "width", "nearly every setting meets"),
        ("params == 20K", "width=4..", "`4..` is no range"),
        ("params == 20K", "width=8..4", "has no values"),
        ("params == 20K", "width=4", "is not like `width`"),
        ("params == 20K", "width=1..9:0", "has no values"),
    ],
)
def test_what_makes_no_sense_is_told(budget: str, vary: str, told: str) -> None:
    with pytest.raises(SolveError) as error:
        MODEL.solve(budget, vary)
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ("memory(training, adm) < 1 GiB", "did you mean `adam`?"),
        ("memory(inference) < 16", "did you mean `16 GiB`?"),
        ("params < 5 MB", "did you mean `5M`?"),
        ("params < 5m", "did you mean `5M`?"),
    ],
)
def test_a_budget_is_read_as_an_expectation_is(budget: str, told: str) -> None:
    with pytest.raises(archspec.SpecError) as error:
        MODEL.solve(budget, "width")
    assert told in str(error.value)


def test_open_sizes_are_asked_for() -> None:
    model = archspec.loads("model M(w = 4) { input x: [B, T, 8]\n linear(w) }", syntax="arch")
    with pytest.raises(archspec.SpecError, match="macs\\(T=128\\)"):
        model.solve("macs <= 1M", "w")
    assert model.solve("macs(T=10) <= 1M", "w").chosen.figure == 1_000_000


def test_what_cannot_be_met_says_how_near_it_comes() -> None:
    with pytest.raises(UnmetError) as error:
        MODEL.solve("params == 1M", "depth=2..4")
    assert "the nearest is depth=4, where `params` is" in str(error.value)
    assert "% less" in str(error.value)
    with pytest.raises(UnmetError):
        MODEL.solve("params < 10", "width")
    with pytest.raises(UnmetError, match="no value of `depth` was found"):
        MODEL.solve("params < 10", "depth=13..20")


def test_a_range_is_as_it_is_written() -> None:
    assert list(Range.of("2..5")) == [2, 3, 4, 5]
    assert list(Range.of("0.5..1.1:0.25")) == [0.5, 0.75, 1]
    assert list(Range.of("0.1..0.3:0.1")) == [0.1, 0.2, 0.3]
    assert list(Range.of("0.5..0.5")) == [0.5]
    assert Budget.of("params == 5M").operator == "=="


@pytest.mark.parametrize("text", ["3..1", "1..2:0", "1..2:", "nan..2", "1..inf", "1..", "a..b"])
def test_what_has_no_values_is_no_range(text: str) -> None:
    with pytest.raises(SolveError, match="range"):
        Range.of(text)


@given(first=st.integers(1, 900), target=st.integers(37, 50_000))
@settings(max_examples=10, deadline=None)
def test_a_long_range_is_searched_wherever_it_begins(first: int, target: int) -> None:
    model = archspec.loads(
        "model Net(width = 24) {\n    input x: [B, 16]\n    linear(width) -> linear(10)\n}\n", syntax="arch"
    )
    found = model.solve(f"params >= {target}", f"width={first}..2000")
    assert found.values["width"] == max(first, ceil((target - 10) / 27))


# ----------------------------------------------------------------------------------------------------- the command line


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "net.arch"
    path.write_text(f"# A comment.\n{NET}\nvariant wide = Net(width=48)\n")
    return path


def test_the_command_that_is_printed_shows_the_figures(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "net.arch", "params <= 20K", "--vary", "width", "--set", "heads=2", "--size", "B=2"]) == 0
    *_, exact, tried, command = capsys.readouterr().out.splitlines()
    assert "passed over" in tried
    program, *arguments = shlex.split(command)
    assert program == "archspec"
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert exact.split(": ")[1].split(" ")[0] in shown


def test_json_has_the_same(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "net.arch", "params == 20K", "--vary", "width", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    solution = MODEL.solve("params == 20K", "width")
    assert found["chosen"]["settings"] == dict(solution.values)
    assert found["chosen"]["figure"] == solution.chosen.figure == found["chosen"]["params"]
    assert found["smaller"]["figure"] < found["larger"]["figure"]


def test_the_document_shows_what_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    ((command, printed),) = re.findall(r"^```console\n\$ archspec (solve [^\n]*)\n(.*?)^```$", text, re.M | re.S)
    assert main(shlex.split(command)) == 0
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("name", ["found.arch", "found.yaml"])
@pytest.mark.parametrize("asked", ["net.arch", "net.arch:wide"])
def test_a_spec_is_written_whose_defaults_are_what_was_found(
    name: str, asked: str, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["solve", asked, "params <= 20K", "--vary", "width", "--set", "depth=3", "-o", name]) == 0
    found = archspec.load(name)
    assert not found.check().has_errors
    assert found.variants == ()
    assert found.graph.name == "Net"
    assert found.graph.settings["depth"] == 3
    parameters = found.graph.parameters
    assert isinstance(parameters, int)
    assert parameters <= 20_000
    assert "# A comment." in Path(name).read_text()
    assert f"archspec summary {name}" in capsys.readouterr().out


def test_the_spec_itself_is_kept(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = spec.read_text()
    assert main(["solve", "net.arch", "params <= 20K", "--vary", "width", "-o", "net.arch"]) == 2
    assert spec.read_text() == before


def test_what_is_not_met_ends_with_1_and_wrong_use_with_2(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "net.arch", "params == 1G", "--vary", "depth=2..4"]) == 1
    assert main(["solve", "net.arch", "params < 5m", "--vary", "width"]) == 1
    assert main(["solve", "net.arch", "params == 20K", "--vary", "wdth"]) == 2
    assert "did you mean `width`?" in capsys.readouterr().err
