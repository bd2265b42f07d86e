"""Advice: who gets it, how it is chosen, and that it is silent where all is well.

What each rule says, and of what it says nothing, is in `checks/advice.md` and in the manual of each finding.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, final

import pytest

import archspec
from archspec import Example, Family, Op, Shape, Trait
from archspec.diagnostics import Severity
from archspec.findings import CATALOG
from archspec.main import main
from archspec.passes.advice import RULES, Choice, UnknownAdviceError, rule
from archspec.passes.advice.choice import NAMES, NEEDS, SETS, codes_of
from archspec.passes.advice.reading import Reader, dropped, skipped
from archspec.passes.advice.view import views
from archspec.render.text import render
from tests.test_checks import CHECKS, manual

ROOT: Final = Path(__file__).parent.parent
SPECS: Final = sorted(path for path in (ROOT / "specs").rglob("*") if path.suffix in (".arch", ".yaml"))
EXAMPLES: Final = sorted((ROOT / "docs" / "ops").glob("*.arch"))

COMMENT: Final = "# archspec: allow"

ADVICE: Final = [kind for kind in CATALOG if kind.severity is Severity.ADVICE]

WITH_TWO: Final = """
model Classifier {
    input x: [B, 8]
    linear(16) -> batchnorm -> relu -> relu
    linear(4)
}
"""


def codes(text: str, **choice: list[str]) -> list[str]:
    return [finding.code for finding in archspec.loads(text, syntax="arch").check(**choice)]


# ---------------------------------------- who gets any at all


@pytest.mark.parametrize("path", [*SPECS, *EXAMPLES], ids=lambda path: path.stem)
def test_our_own_specs_get_none_or_say_why(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert render(archspec.load(path).check()) == ""


def test_the_library_gives_cause_for_none() -> None:
    uses = """
use std.conv
use std.inception
use std.residual
use std.se
use std.squeeze

model Everything {
    input image: [B, 3, 64, 64]
    ConvNormAct(16) -> DepthwiseSeparable(32, stride=2)
    BasicBlock(32) -> BasicBlock(64, stride=2, skip=ZeroPadding) -> Bottleneck(64, stride=2, reduction=16)
    NaiveInception(8, 8, 8) -> Inception(8, (8, 8), (8, 8), 8) -> FactorisedInception(8, (8, 8), (8, 8), 8) -> Fire(8)
    StandardSE(16) { conv(64, kernel=3, padding=1) }
    PreSE(16) { conv(64, kernel=3, padding=1) } -> PostSE(16) { conv(64, kernel=3, padding=1) }
    IdentitySE(16) { conv(64, kernel=3, padding=1) }
    global_avgpool -> flatten -> linear(10)
}
"""
    layers = """
use std.transformer

model Layers {
    input x: [B, T, 512]
    repeat 2 { EncoderLayer }
    repeat 2 { PreNormEncoderLayer }
    (_, x) -> DecoderLayer -> linear(512)
    (_, x) -> PreNormDecoderLayer
}
"""
    assert codes(uses) == []
    assert codes(layers) == []


@pytest.mark.parametrize("path", [path for path in SPECS if COMMENT in path.read_text()], ids=lambda path: path.stem)
def test_each_comment_in_a_spec_is_needed(path: Path) -> None:
    text = path.read_text()
    for comment in re.finditer(rf"{COMMENT}[^\n]*", text):
        without = text[: comment.start()] + text[comment.end() :]
        assert len(archspec.loads(without, syntax=path.suffix[1:]).check()) > 0


def test_a_rule_is_no_more_than_advice() -> None:
    report = archspec.loads(WITH_TWO, syntax="arch").check()
    assert [finding.severity for finding in report] == [Severity.ADVICE] * 2
    assert report.is_clean
    assert not report.has_errors


def test_a_spec_with_errors_gets_none() -> None:
    assert codes(WITH_TWO.replace("linear(4)", "linaer(4)")) == ["A104"]


def test_a_layer_is_told_of_once_however_often_it_is_used() -> None:
    text = """
block Unit(width) { linear(width) -> batchnorm -> relu }
model Classifier(depth = 2) {
    input x: [B, 8]
    repeat depth { Unit(16) -> Unit(32) }
}
variant deep = Classifier(8)
"""
    assert codes(text) == ["A403"]


def test_a_variant_is_looked_at_too() -> None:
    text = """
model Classifier(normalise = false) {
    input x: [B, 8]
    linear(16)
    if normalise { batchnorm }
    relu
}
"""
    assert codes(text) == []
    assert codes(text + "variant normal = Classifier(normalise=true)") == ["A403"]


def test_an_op_of_a_plugin_is_known_by_its_traits() -> None:
    text = "model M { input x: [B, 8] \n linear(16) -> whitened -> whitened -> linear(2) }"
    model = archspec.loads(text, syntax="arch", ops=[Whitened])
    assert [finding.code for finding in model.check()] == ["A403", "A406"]


@final
class Whitened(Op):
    """Takes away the mean of each feature, and divides by what is left.

    Shapes: `[batch, features] -> [batch, features]`.
    Source: made up.
    """

    name = "whitened"
    family = Family.NORMALISATION
    traits = frozenset({Trait.CENTRED, Trait.STANDARDISED})

    def infer(self, x: Shape) -> Shape:
        return x

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example.of(cls(), [2, 8]),)


# ---------------------------------------- how it is chosen


def test_names_and_codes_are_those_of_the_findings() -> None:
    assert {kind.code: kind.name for kind in ADVICE} == dict(NAMES)
    assert all(kind.code.startswith("A4") for kind in ADVICE)


@pytest.mark.parametrize("kind", ADVICE, ids=lambda kind: kind.code)
def test_each_is_chosen_by_its_code_its_name_and_what_codes_begin_with(kind: type[archspec.Diagnostic]) -> None:
    assert codes_of(kind.code) == codes_of(kind.code.lower()) == codes_of(kind.name) == {kind.code}
    assert kind.code in codes_of(kind.code[:3]) <= codes_of("A4") == NAMES.keys()


@pytest.mark.parametrize("kind", [kind for kind in ADVICE if kind.code in RULES], ids=lambda kind: kind.code)
def test_each_says_nothing_when_it_is_not_chosen(kind: type[archspec.Diagnostic]) -> None:
    for _, body in _specs_in(manual(kind)[0]):
        assert kind.code in codes(body, select=[kind.code])
        assert kind.code not in codes(body, select=["A4"], ignore=[kind.code])


@pytest.mark.parametrize("kind", [kind for kind in ADVICE if kind.code in RULES], ids=lambda kind: kind.code)
def test_each_can_be_allowed_in_the_file_and_at_its_line(kind: type[archspec.Diagnostic]) -> None:
    for _, body in _specs_in(manual(kind)[0]):
        assert codes(f"# archspec: allow {kind.name}\n{body}", select=["A4"], ignore=_others(kind)) == []
        lines = body.splitlines()
        (finding,) = archspec.loads(body, syntax="arch").check(select=[kind.code])
        place = finding.span.first().line - 1
        behind = [*lines[:place], f"{lines[place]}  # archspec: allow {kind.code}", *lines[place + 1 :]]
        above = [*lines[:place], f"  # archspec: allow {kind.code}: it is so", *lines[place:]]
        below = [*lines[: place + 1], f"  # archspec: allow {kind.code}", *lines[place + 1 :]]
        chosen = {"select": ["A4"], "ignore": _others(kind)}
        assert codes("\n".join(behind), **chosen) == []
        assert codes("\n".join(above), **chosen) == []
        assert kind.code in codes("\n".join(below), **chosen)


def _others(kind: type[archspec.Diagnostic]) -> list[str]:
    return [each.code for each in ADVICE if each is not kind and each.code in RULES]


def _specs_in(text: str) -> Iterator[tuple[str, str]]:
    found: list[tuple[str, str]] = re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return iter(found)


def test_sets_are_given_only_when_asked_for() -> None:
    text = WITH_TWO.replace("16", "15")
    assert codes(text) == ["A403", "A405"]
    assert codes(text, select=["performance"]) == ["A416"]
    assert set(codes(text, select=["A4"])) == {"A403", "A405", "A416"}
    assert set(codes(text, select=["A4"], ignore=["performance"])) == {"A403", "A405"}
    assert Choice.of() == Choice.of(["A4"], SETS)


@pytest.mark.parametrize("word", ["A301", "A3", "A", "shape", "a30"])
def test_an_error_can_be_neither_selected_nor_ignored(word: str) -> None:
    model = archspec.loads("model M { input x: [B, 8] \n relu -> conv(8, 3) }", syntax="arch")
    assert [finding.code for finding in model.check(select=["A4"], ignore=["A4"])] == ["A301"]
    for choice in ({"select": [word]}, {"ignore": [word]}):
        with pytest.raises(UnknownAdviceError, match="errors are always told"):
            model.check(**choice)


def test_a_word_that_names_no_advice_is_refused_with_a_suggestion() -> None:
    model = archspec.loads(WITH_TWO, syntax="arch")
    with pytest.raises(ValueError, match="did you mean `narrow-view`"):
        model.check(ignore=["narow-view"])
    with pytest.raises(ValueError, match="archspec explain"):
        model.check(select=["everything"])


# ---------------------------------------- on the command line


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "spec.arch"
    path.write_text(WITH_TWO)
    return str(path)


def test_the_command_succeeds_and_tells_it(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", spec]) == 0
    out = capsys.readouterr().out
    assert "Classifier is correct" in out
    assert "advice[A403]" in out
    assert "advice[A405]" in out


def test_the_command_takes_words_with_commas_and_several_times(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--select", "A403, repeated-activation", "--select", "A416", "--ignore", "A405", spec]) == 0
    out = capsys.readouterr().out
    assert re.findall(r"advice\[(\w+)\]", out) == ["A403"]


def test_the_command_refuses_other_words(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["check", "--ignore", "A403,A301", spec])
    assert stopped.value.code == 2
    assert "`A301` is no advice: errors are always told" in capsys.readouterr().err


def test_what_compiles_a_model_looks_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("archspec.passes.advice")]:
        monkeypatch.delitem(sys.modules, name)
    model = archspec.loads(WITH_TWO, syntax="arch")
    model.source()
    assert "archspec.passes.advice" not in sys.modules


@pytest.mark.parametrize("code", NEEDS)
def test_without_the_ops_that_a_rule_needs_it_has_nothing_to_say(code: str) -> None:
    texts = [check.body for check in CHECKS if check.path.stem == "advice" and check.info == "arch"]
    models = [archspec.loads(text, syntax="arch") for text in texts if "use " not in text]
    without = [
        view
        for model in models
        if not model.check().has_errors and model.collection is None
        for view in views(model.graph)
        if not view.kinds & NEEDS[code]
    ]
    assert without
    assert [finding for view in without for finding in rule(code)(view)] == []


# ---------------------------------------- which positions are read


@pytest.mark.parametrize("size", range(1, 24))
def test_positions_that_are_skipped_and_dropped_are_those_that_no_window_has(size: int) -> None:
    for padding in range(3):
        for kernel in range(1, 5):
            for stride in range(1, 6):
                windows = (size + 2 * padding - kernel) // stride + 1
                if windows < 1 or padding * 2 > kernel:
                    continue
                reader = Reader(-padding, kernel - 1 - padding, stride, windows)
                starts = [window * stride - padding for window in range(windows)]
                read = {place for start in starts for place in range(start, start + kernel)} & set(range(size))
                last = max(read, default=-1)
                assert dropped((reader,), size) == size - 1 - last
                between = set(range(min(read, default=0), last)) - read
                share = skipped((reader,), size)
                assert bool(between) <= (share is not None)
                if share is not None:
                    assert share == (kernel, stride)
                    assert stride > kernel


def test_two_layers_read_together_what_each_leaves_out() -> None:
    even, odd = Reader(0, 0, 2, 8), Reader(1, 1, 2, 8)
    assert skipped((even,), 16) == (1, 2)
    assert skipped((even, odd), 16) is None
    assert skipped((even, Reader(0, 0, 3, 6)), 16) == (4, 6)
    assert dropped((even, odd), 16) == 0
    assert dropped((even,), 16) == 1
