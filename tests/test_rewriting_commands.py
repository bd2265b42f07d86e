"""`archspec fmt`, `convert` and `schema`: what they write, what they refuse, and that nothing is ever half-written."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Final

import pytest

import archspec
from archspec.main import main

ROOT: Final = Path(__file__).parents[1]

MESSY: Final = "model M(a=1){\n# the input\ninput x:[B,8]\nlinear( a )->relu   # two layers\n}\n"
TIDY: Final = """\
model M(a = 1) {
    # the input
    input x: [B, 8]
    linear(a) -> relu  # two layers
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fmt_writes_specs_in_their_canonical_form(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "net.arch").write_text(MESSY)
    assert main(["fmt", "net.arch"]) == 0
    assert (folder / "net.arch").read_text() == TIDY
    assert capsys.readouterr().out == "net.arch: written anew\n"
    assert main(["fmt", "net.arch"]) == 0
    assert capsys.readouterr().out == ""


def test_fmt_goes_through_folders_and_leaves_other_yaml_alone(folder: Path) -> None:
    (folder / "nets" / "inner").mkdir(parents=True)
    (folder / "nets" / "inner" / "net.arch").write_text(MESSY)
    (folder / "nets" / "compose.yaml").write_text("services:   {a: 1}\n")
    (folder / "nets" / "net.yaml").write_text("model:   M\ninputs:\n    x: [B, 8]\nlayers: [relu]\n")
    assert main(["fmt", "nets"]) == 0
    assert (folder / "nets" / "inner" / "net.arch").read_text() == TIDY
    assert (folder / "nets" / "compose.yaml").read_text() == "services:   {a: 1}\n"
    assert (folder / "nets" / "net.yaml").read_text().startswith("model: M\n")


def test_fmt_can_merely_look(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "net.arch").write_text(MESSY)
    assert main(["fmt", "--check", "net.arch"]) == 1
    assert capsys.readouterr().out == "net.arch: would be written anew\n"
    assert main(["fmt", "--diff", "net.arch"]) == 1
    shown = capsys.readouterr().out
    assert "-linear( a )->relu   # two layers\n" in shown
    assert "+    linear(a) -> relu  # two layers\n" in shown
    assert (folder / "net.arch").read_text() == MESSY
    (folder / "net.arch").write_text(TIDY)
    assert main(["fmt", "--check", "net.arch"]) == 0
    assert main(["fmt", "--diff", "net.arch"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("net.arch", "model M { input x: [B, 8]\n linear( }", "A021"),
        ("net.yaml", "model: M\nlayer: [relu]\ninputs: {x: [B, 8]}\n", "A101"),
        ("net.yaml", "services: {a: 1}\n", "A101"),
        ("net.txt", "model M { }", "A004"),
    ],
)
def test_what_is_no_right_spec_stays_as_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, code: str
) -> None:
    (folder / name).write_text(text)
    assert main(["fmt", name]) == 1
    assert f"error[{code}]" in capsys.readouterr().err
    assert (folder / name).read_text() == text


def test_a_missing_file_is_a_finding(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "nothing.arch"]) == 1
    assert "error[A001]" in capsys.readouterr().err


@pytest.mark.parametrize("spec", ["alexnet.yaml", "sequence/jordan.yaml", "vision/unet.arch", "vision/googlenet.arch"])
def test_convert_gives_the_same_model_and_back(folder: Path, spec: str) -> None:
    given = ROOT / "specs" / spec
    other, back = ("net.yaml", "net.arch") if given.suffix == ".arch" else ("net.arch", "net.yaml")
    assert main(["convert", str(given), "-o", other]) == 0
    assert main(["convert", other, "-o", back]) == 0
    sources = [archspec.load(each).source().partition("import ")[2] for each in (given, other, back)]
    assert sources[0] == sources[1] == sources[2]
    comments = [line.strip() for line in given.read_text().splitlines() if line.strip().startswith("#")]
    assert all(comment in (folder / other).read_text() for comment in comments)


def test_convert_reads_and_writes_streams(
    folder: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TIDY.encode())))
    assert main(["convert", "-", "--to", "yaml"]) == 0
    written = capsysbinary.readouterr().out.decode()
    assert "# the input" in written
    assert not list(archspec.loads(written, syntax="yaml").check())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["convert", "net.arch", "-o", "net.txt"], "ends neither in `.arch` nor in `.yaml`"),
        (["convert", "net.arch"], "say which with `--to`"),
        (["convert", "net.arch", "-o", "net.arch"], "would be lost"),
    ],
)
def test_convert_says_what_it_needs(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (folder / "net.arch").write_text(TIDY)
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
    assert (folder / "net.arch").read_text() == TIDY


def test_convert_of_a_wrong_spec_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "net.arch").write_text("model M { input x: [B, 8]\n linear( }")
    assert main(["convert", "net.arch", "-o", "net.yaml"]) == 1
    assert "error[A021]" in capsys.readouterr().err
    assert not (folder / "net.yaml").exists()


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_all_specs_are_in_their_canonical_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--diff", str(ROOT / "specs"), str(ROOT / "archspec" / "std")]) == 0, capsys.readouterr().out
