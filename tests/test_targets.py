"""What specs can be written as is told, by its own command and wherever something else was asked for."""

from __future__ import annotations

import pytest

from archspec.backend import Purpose
from archspec.main import main
from archspec.plugins import targets
from archspec.targets import UnknownTargetError, find_target
from tests.test_main import LENET

each_purpose = pytest.mark.parametrize("purpose", Purpose)


def test_all_targets_are_listed_under_their_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets"]) == 0
    listed: dict[str, list[list[str]]] = {}
    command = ""
    for line in capsys.readouterr().out.splitlines():
        if line.startswith(" "):
            listed[command].append(line.split(maxsplit=2))
        else:
            _, command, _ = line.split()
            listed[command] = []
    assert listed == {
        purpose.value: [
            [name, f"*{target.suffix}", target.description] for name, (_, target) in sorted(targets(purpose).items())
        ]
        for purpose in Purpose
    }


@each_purpose
@pytest.mark.parametrize("name", ["nonsense", ""])
def test_one_that_there_is_not_is_told_with_those_that_there_are(purpose: Purpose, name: str) -> None:
    with pytest.raises(UnknownTargetError) as error:
        find_target(purpose, name)
    assert all(f"{each} (*" in str(error.value) for each in targets(purpose))


@each_purpose
def test_an_option_without_a_name_lists_the_names(purpose: Purpose, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([purpose, str(LENET), "-o", "net.nonsense", "--to"]) == 2
    said = capsys.readouterr().err
    assert "no target is named" in said
    assert all(each in said for each in targets(purpose))


def test_a_slip_and_the_target_of_another_command_are_recognised() -> None:
    with pytest.raises(UnknownTargetError, match="did you mean `torch`"):
        find_target(Purpose.COMPILE, "troch")
    with pytest.raises(UnknownTargetError, match="`archspec draw` writes it"):
        find_target(Purpose.COMPILE, "svg")
    with pytest.raises(UnknownTargetError, match="`archspec compile` writes it"):
        find_target(Purpose.DRAW, None, ".onnx")
