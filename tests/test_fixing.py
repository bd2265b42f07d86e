"""`archspec check --fix` makes the changes that keep the meaning of a spec, and touches nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archspec
from archspec.diagnostics import Edit
from archspec.fixing import fixed, with_edits
from archspec.main import main
from archspec.source import Source
from tests.lowered import random_uses

SPEC = """# A comment that stays.
use std.se

model M {
    input x: [B, 3, 8, 8]   # the layout   stays
    conv(16, kernel="3", padding=SAME)
    flatten -> linear("10")
}
"""
FIXED = """# A comment that stays.

model M {
    input x: [B, 3, 8, 8]   # the layout   stays
    conv(16, kernel=3, padding=same)
    flatten -> linear(10)
}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "net.arch"
    path.write_text(SPEC)
    return path


def test_safe_changes_are_made_and_comments_and_layout_stay(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--fix", str(spec)]) == 0
    assert spec.read_text() == FIXED
    assert "4 findings fixed" in capsys.readouterr().err


def test_a_difference_is_shown_and_nothing_written(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--diff", str(spec)]) == 1
    assert spec.read_text() == SPEC
    shown = capsys.readouterr().out
    assert "-use std.se\n" in shown
    assert "+    flatten -> linear(10)\n" in shown
    assert "error" not in shown


def test_what_is_right_has_no_difference(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec.write_text(FIXED)
    assert main(["check", "--diff", str(spec)]) == 0
    assert capsys.readouterr().out == ""


def test_a_guess_is_offered_and_not_made(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "model M {\n    input x: [B, 8]\n    linear(10, bais=false)\n}\n"
    spec.write_text(text)
    assert main(["check", "--fix", str(spec)]) == 1
    assert spec.read_text() == text
    assert "did you mean `bias`?" in capsys.readouterr().out
    (finding,) = archspec.loads(text).check()
    (fix,) = finding.fixes()
    assert not fix.is_safe
    assert archspec.loads(with_edits(text, fix.edits)).check().is_clean


def test_line_breaks_stay_as_they_are(spec: Path) -> None:
    spec.write_bytes(SPEC.replace("\n", "\r\n").encode())
    assert main(["check", "--fix", str(spec)]) == 0
    assert spec.read_bytes() == FIXED.replace("\n", "\r\n").encode()


def test_yaml_is_fixed_as_well(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text('model: M\nuse: std.se\ninputs: {x: [B, 8]}\nlayers:\n  - linear: "10"  # ten\n')
    assert main(["check", "--fix", str(path)]) == 0
    assert path.read_text() == "model: M\ninputs: {x: [B, 8]}\nlayers:\n  - linear: 10  # ten\n"


def test_a_comment_that_allows_nothing_goes(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text("model M {\n    input x: [B, 8]\n    linear(4)  # archspec: allow bias-before-norm: a reason\n}\n")
    assert main(["check", "--fix", str(path)]) == 0
    assert path.read_text() == "model M {\n    input x: [B, 8]\n    linear(4)\n}\n"


def test_what_is_fixed_once_stays_as_it_is() -> None:
    text, cured = fixed(SPEC, lambda each: archspec.loads(each).check())
    assert (text, cured) == (FIXED, 4)
    assert fixed(text, lambda each: archspec.loads(each).check()) == (text, 0)


def test_a_change_that_brings_something_new_to_light_is_taken_back() -> None:
    # With its size as a number, the layer has more to be wrong with than it had.
    text = 'model M { input x: [B, 3, 8, 8]\n conv(16, kernel="11")\n conv(16, kernel="12") }'

    def found_in(each: str) -> archspec.Report:
        return archspec.loads(each).check()

    after, _ = fixed(text, found_in)
    assert len(found_in(after)) <= len(found_in(text))


@random_uses
@given(st.text(alphabet="abc\n", max_size=20), st.lists(st.tuples(st.integers(0, 20), st.text("xy", max_size=2))))
def test_edits_leave_what_is_around_them(text: str, places: list[tuple[int, str]]) -> None:
    source = Source("a", text)
    starts = {min(start, len(text)): new for start, new in places}
    edits = [Edit(source.span(start, min(start + 1, len(text))), new) for start, new in starts.items()]
    kept = [each for index, each in enumerate(text) if index not in starts]
    assert sorted(with_edits(text, edits)) == sorted([*kept, *"".join(starts.values())])
