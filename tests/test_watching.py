"""`archspec check --watch`: whenever something changes, it checks again, until the user has seen enough."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final, final

import pytest

from archspec.main import main
from archspec.watching import CLEAR, state, watch

PATIENCE: Final = 120
"""Seconds after which a process that says nothing any more is ended, so that the test fails."""

UNIT: Final = "block Unit(width) {\n    linear(width) -> relu\n}\n"
NET: Final = 'use "blocks/unit.arch"\n\nmodel Net {\n    input x: [B, 8]\n    Unit(4)\n}\n'


@final
class Watched:
    """A process that watches, and what it has said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def said(self) -> str:
        """What it says until it waits for changes."""
        lines: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if "waiting for changes" in line:
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"it has ended: {''.join(lines)}")


@contextmanager
def watching(folder: Path, *arguments: str) -> Iterator[Watched]:
    process = subprocess.Popen(
        [sys.executable, "-m", "archspec", "check", "--watch", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Where the tests run in the background, what they start would be deaf to Ctrl-C.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        yield Watched(process)
    finally:
        timer.cancel()
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "nets" / "blocks").mkdir(parents=True)
    (tmp_path / "nets" / "net.arch").write_text(NET)
    (tmp_path / "nets" / "blocks" / "unit.arch").write_text(UNIT)
    return tmp_path


def test_whatever_happens_to_the_files_it_tells_what_is_so_now(folder: Path) -> None:
    net, unit = folder / "nets" / "net.arch", folder / "nets" / "blocks" / "unit.arch"
    with watching(folder, "nets/net.arch") as watched:
        assert watched.said() == "nets/net.arch: Net is correct: 2 layers, 36 parameters\n"

        unit.write_text(UNIT.replace("relu", "rellu"))
        assert "no op is called `rellu`" in watched.said()

        unit.unlink()
        assert "there is no such file" in watched.said()

        unit.write_text(UNIT[:30])
        assert "error[A02" in watched.said()

        unit.write_text(UNIT)
        assert "Net is correct" in watched.said()

        net.unlink()
        assert "cannot read `nets/net.arch`" in watched.said()

        net.write_text(NET.replace("Unit(4)", "Unit(5)"))
        assert "45 parameters" in watched.said()

        watched.process.send_signal(signal.SIGINT)
        rest, _ = watched.process.communicate(timeout=PATIENCE)
        assert "Traceback" not in rest
        assert watched.process.returncode == 130


def test_in_a_folder_it_sees_files_come_and_go(folder: Path) -> None:
    with watching(folder, "nets", "--format", "concise") as watched:
        assert watched.said() == "2 files checked, nothing is wrong\n"

        (folder / "nets" / "more.yaml").write_text("model: M\ninputs: {x: [B, 2]}\nlayers: [linaer: 2]\n")
        assert "3 files checked, 1 error in 1 file" in watched.said()

        for path in sorted((folder / "nets").rglob("*.*")):
            path.unlink()
        while "there is no spec in `nets`" not in watched.said():
            pass  # It may have looked in between.

        (folder / "nets" / "net.arch").write_text("model M {\n    input x: [B, 2]\n    rellu\n}\n")
        assert "no op is called `rellu`" in watched.said()


@final
class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("screen", "emptied"), [(Terminal(), CLEAR), (io.StringIO(), "")])
def test_a_terminal_is_emptied_before_each_run_and_nothing_else_is(screen: io.StringIO, emptied: str) -> None:
    # Something is different at each look.
    names = map(str, count())

    def run() -> list[str]:
        if "done" in screen.getvalue():
            raise KeyboardInterrupt
        screen.write("done\n")
        return []

    with pytest.raises(KeyboardInterrupt):
        watch(run, lambda: [next(names)], screen)
    assert screen.getvalue() == f"{emptied}done\n{emptied}"


def test_a_change_while_it_runs_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("1")
    seen: list[str] = []

    def run() -> list[str]:
        seen.append(path.read_text())
        if len(seen) == 1:
            path.write_text("12")
        else:
            raise KeyboardInterrupt
        return [str(path)]

    with pytest.raises(KeyboardInterrupt):
        watch(run, lambda: [str(path)], io.StringIO())
    assert seen == ["1", "12"]


def test_the_state_of_a_file_tells_whether_it_is_there_and_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a"
    names = [str(path), "no\0name"]
    states = [state(names)]
    path.write_text("a")
    states.append(state(names))
    path.write_text("bc")
    states.append(state(names))
    assert len({each[str(path)] for each in states}) == 3
    assert {each["no\0name"] for each in states} == {None}
    assert state(names) == states[-1]


@pytest.mark.parametrize(("is_terminal", "end"), [(True, "\n"), (False, "")])
def test_on_a_terminal_the_line_is_ended_when_the_user_has_seen_enough(
    is_terminal: bool, end: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def enough(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", enough)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    assert main(["check", "--watch", str(folder / "nets")]) == 130
    printed = capsys.readouterr()
    assert printed.out.endswith("2 files checked, nothing is wrong\n")
    assert printed.err.endswith(f"; waiting for changes (Ctrl-C ends)\n{end}")


def test_standard_input_cannot_be_watched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--watch", "-"]) == 2
    assert "standard input cannot be watched" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_what_is_watched_is_not_changed(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--watch", option, "."]) == 2
    assert "what is watched is not changed" in capsys.readouterr().err
