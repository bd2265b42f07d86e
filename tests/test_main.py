"""The command line: what each command prints, where it prints it, and the status it ends with."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archspec.main import main
from archspec.version import VERSION

ROOT = Path(__file__).parents[1]
ALEXNET = ROOT / "specs" / "alexnet.yaml"
LENET = ROOT / "specs" / "lenet.arch"

FOUR_MISTAKES = """\
model: Broken
inputs: {image: [B, 3, 32, 32]}
layers:
  - conv: {channels: 8, kernel: 40}
  - maxpol: 2
  - flatten
  - linear: {features: 10, biass: false}
expect:
  output: [B, 100]
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.yaml"
    path.write_text(FOUR_MISTAKES)
    return path


def feed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_check_of_a_correct_spec_says_one_line_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(ALEXNET)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{ALEXNET}: AlexNet is correct: 22 layers, 61,100,840 parameters\n"
    assert printed.err == ""


def test_check_tells_four_mistakes_at_their_lines_in_one_run(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(broken), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(each["code"], each["line"]) for each in found] == [("A301", 4), ("A104", 5), ("A105", 7), ("A303", 9)]
    assert all(each["file"] == str(broken) for each in found)


def test_json_of_a_correct_spec_is_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(LENET), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", "error[A301]: "),
        ("concise", "{path}:4:33: error[A301]: "),
        ("json", '[\n  {{\n    "code": "A301"'),
        ("sarif", '{{\n  "$schema": '),
        ("github", "::error file="),
    ],
)
def test_findings_come_in_several_forms(
    form: str, start: str, broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(broken), "--format", form]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(start.format(path=broken))
    assert printed.err == ""


def test_check_of_several_specs_tells_of_each(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(LENET), str(broken)]) == 1
    printed = capsys.readouterr().out
    assert f"{LENET}: LeNet is correct" in printed
    assert f"--> {broken}:5:5" in printed
    assert "4 errors" in printed


def test_check_of_one_file_given_twice_tells_each_finding_once(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(broken), str(broken), "--format", "json"]) == 1
    assert len(json.loads(capsys.readouterr().out)) == 4


@pytest.mark.parametrize("syntax", [[], ["--syntax", "arch"]])
def test_a_dash_reads_standard_input(
    syntax: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, LENET.read_text())
    assert main(["check", "-", *syntax]) == 0
    assert capsys.readouterr().out.startswith("<stdin>: LeNet is correct")


@pytest.mark.parametrize(
    ("names", "said"), [("a", "so is its variant a"), ("ab", "so are its variants a, b")], ids=["one", "two"]
)
def test_the_variants_of_a_spec_are_checked_with_it(
    names: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    variants = "".join(f"variant {name} = Net(width=3)\n" for name in names)
    feed(monkeypatch, f"model Net(width = 2) {{\n    input x: [B, 8]\n    linear(width)\n}}\n{variants}")
    assert main(["check", "-"]) == 0
    assert capsys.readouterr().out.endswith(f"; {said}\n")


def test_standard_input_may_be_yaml(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    feed(monkeypatch, FOUR_MISTAKES)
    assert main(["check", "-"]) == 1
    assert "--> <stdin>:4:" in capsys.readouterr().out


def test_a_missing_file_is_a_finding_that_names_the_file_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(ALEXNET.with_name("alexnett.yaml"))]) == 1
    printed = capsys.readouterr().out
    assert "there is no such file" in printed
    assert f"did you mean `{ALEXNET}`?" in printed


def test_set_changes_a_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["summary", str(ALEXNET), "--set", "classes=10"]) == 0
    assert "[B, 10]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("setting", "code"),
    [("clases=10", "A112"), ("classes=1:30", "A020"), ("classes=0", "A107"), ("classes=many", "A107")],
)
def test_a_wrong_setting_is_a_finding(setting: str, code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(LENET), "--set", setting, "--format", "json"]) == 1
    assert [each["code"] for each in json.loads(capsys.readouterr().out)] == [code]


@pytest.mark.parametrize("setting", ["classes", "=10", "classes=", "a b=1"])
def test_a_setting_of_another_form_is_wrong_use(setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(LENET), "--set", setting]) == 2
    assert "is not of the form NAME=VALUE" in capsys.readouterr().err


def test_compile_writes_the_same_source_to_a_file_and_to_standard_output(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "lenet.py"
    assert main(["compile", str(LENET), "-o", str(path)]) == 0
    assert main(["compile", str(LENET)]) == 0
    assert b"class LeNet(nn.Module):" in path.read_bytes()
    assert capsysbinary.readouterr().out == path.read_bytes()


@pytest.mark.parametrize("command", ["compile", "draw", "summary"])
def test_what_needs_a_right_spec_tells_findings_on_standard_error_and_writes_nothing(
    command: str, broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "output.svg"
    output.write_text("what was there before")
    arguments = [] if command == "summary" else ["-o", str(output)]
    assert main([command, str(broken), *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "4 errors" in printed.err
    assert output.read_text() == "what was there before"
    assert sorted(tmp_path.iterdir()) == sorted([broken, output])


@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", b"<"), ("mmd", b"flowchart"), ("dot", b"digraph"), ("png", b"\x89PNG")]
)
def test_draw_chooses_the_form_by_the_ending(suffix: str, start: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"lenet.{suffix}"
    assert main(["draw", str(LENET), "-o", str(path)]) == 0
    assert start in path.read_bytes()[:200]


def test_draw_to_an_unknown_ending_names_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", str(LENET), "-o", str(tmp_path / "lenet.gif")]) == 2
    assert "svg (*.svg)" in capsys.readouterr().err


def test_the_spec_itself_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "lenet.arch"
    spec.write_text(LENET.read_text())
    assert main(["compile", str(spec), "-o", str(spec)]) == 2
    assert spec.read_text() == LENET.read_text()
    assert "is the spec itself" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(LENET), "-o", str(tmp_path / "missing" / "lenet.py")]) == 2
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("topic", ["A104", "a104", "unknown-op", "conv", "T001"])
def test_explain_prints_the_page_of_a_finding_or_an_op(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", topic]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 5


def test_explain_without_a_topic_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    printed = capsys.readouterr().out
    assert "maxpool" in printed
    assert "A104" in printed
    assert "T001" in printed


def test_explain_of_an_unknown_topic_suggests_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "maxpol"]) == 2
    assert "did you mean `maxpool`?" in capsys.readouterr().err


def test_the_version_names_the_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"archspec-nn {VERSION}\n"


@pytest.mark.parametrize("command", ["check", "compile", "draw", "summary"])
def test_the_help_of_a_command_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"archspec {command} specs/" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["check"], ["chek", "x.yaml"], ["draw", "x.yaml"]])
def test_wrong_use_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_colours_are_used_when_asked_for_and_never_in_a_pipe(
    broken: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["check", str(broken)])
    assert "\x1b" not in capsys.readouterr().out
    main(["check", str(broken), "--color", "always"])
    assert "\x1b[1;31merror[" in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    main(["check", str(broken)])
    assert "\x1b" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    main(["check", str(broken)])
    assert "\x1b" not in capsys.readouterr().out


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    # `head` closes the pipe; the table of AlexNet repeated is longer than any pipe holds.
    script = f"'{sys.executable}' -m archspec summary '{ALEXNET}' | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "AlexNet\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="nothing here is always full")
def test_output_that_has_no_room_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "archspec", "summary", str(ALEXNET)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    told = "archspec: the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_an_ascii_terminal_shows_what_it_cannot_write_by_number(tmp_path: Path) -> None:
    spec = tmp_path / "größe.arch"
    spec.write_text("model Größe {\n    input x: [B, 8]\n    linear(ß)\n}\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "archspec", "check", str(spec)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 1
    assert "3 |     linear(\\xdf)\n  |            ^^^^\n" in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("form", ["text", "concise", "json", "sarif", "github"])
def test_ascii_alone_is_written_on_request(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = tmp_path / "größe.arch"
    spec.write_text("model Größe {\n    input x: [B, 8]\n    linear(ß)\n}\n", encoding="utf-8")
    assert main(["check", str(spec), "--format", form, "--ascii"]) == 1
    # Commands for GitHub are always read as UTF-8.
    assert capsys.readouterr().out.isascii() or form == "github"


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_what_programs_read_is_right_where_streams_are_ascii(form: str, tmp_path: Path) -> None:
    spec = tmp_path / "größe.arch"
    spec.write_text("model Größe {\n    input x: [B, 8]\n    linear(ß)\n}\n", encoding="utf-8")
    command = [sys.executable, "-m", "archspec", "check", str(spec), "--format", form]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert "ß" in str(json.loads(done.stdout))
