"""What is not needed is not imported: a check should be over before torch would have been found on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import archspec
from archspec.ops import MODULES

ROOT: Final = Path(__file__).parent.parent

BACKENDS: Final = {path.name for path in (ROOT / "backends").iterdir() if path.is_dir()}


def imported(code: str) -> set[str]:
    """The top packages that are imported in a fresh process once some code has run in it."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


def command(*arguments: str) -> str:
    """What `python -m archspec` does, without leaving the process at its end."""
    return "\n".join(
        (
            "import os, runpy, sys",
            f"sys.argv = ['archspec', *{arguments!r}]",
            "os._exit = sys.exit",
            "try:",
            "    runpy.run_module('archspec', run_name='__main__', alter_sys=True)",
            "except SystemExit as end:",
            "    assert not end.code, end.code",
        )
    )


LOAD: Final = "import archspec\nmodel = archspec.load('specs/alexnet.yaml')\n"


@pytest.mark.parametrize(
    "code",
    [
        "import archspec",
        LOAD + "assert not list(model.check())",
        LOAD + "assert '61,100,840' in str(model.summary())",
        command("check", "specs/alexnet.yaml"),
        command("check", "specs/lenet.arch"),
    ],
    ids=["import", "check", "summary", "command check, YAML", "command check, text"],
)
def test_checking_needs_neither_torch_nor_a_backend(code: str) -> None:
    packages = imported(code)
    assert "archspec" in packages
    assert not packages & {"torch", "numpy", *BACKENDS}


def test_a_spec_waits_for_no_library_that_only_others_need() -> None:
    others = {"networkx", "yaml"}
    for code in (
        command("check", "specs/lenet.arch"),
        command("summary", "specs/vision/resnet.arch:resnet18"),
        LOAD.replace("alexnet.yaml", "lenet.arch") + "model.summary().table()",
    ):
        assert not imported(code) & others
    # That could not fail if these did not pass.
    assert "yaml" in imported(command("check", "specs/alexnet.yaml"))
    assert "networkx" in imported(LOAD + "model.graph.network")


def test_a_spec_waits_for_no_op_but_those_that_stand_beside_its_own() -> None:
    used = {node.op.name for node in archspec.load(ROOT / "specs" / "lenet.arch").graph.nodes}
    needed = {module for module, names in MODULES.items() if used & set(names)}
    loaded = "{each for each in MODULES if f'archspec.ops.{each}' in sys.modules}"
    end = f"\nfrom archspec.ops import MODULES\nassert {loaded} == {needed}, {loaded}"
    imported(command("check", "specs/lenet.arch") + end)


def test_a_command_waits_for_no_other() -> None:
    names = "sorted(each for each in NAMES if f'archspec.commands.{each}' in sys.modules)"
    end = f"\nfrom archspec.commands import NAMES\nassert {names} == ['summary'], {names}"
    imported(command("summary", "specs/lenet.arch") + end)


def test_a_check_waits_for_no_form_that_was_not_asked_for() -> None:
    others = {
        f"archspec.{each}" for each in ("render.json", "render.sarif", "render.github", "watching", "explanation")
    }
    end = f"\nassert not {others} & sys.modules.keys(), {others} & sys.modules.keys()"
    imported(command("check", "specs/lenet.arch") + end)
    # That could not fail if this one did not pass.
    form = command("check", "specs/lenet.arch", "--format", "json")
    imported(f"{form}\nassert 'archspec.render.json' in sys.modules")


@pytest.mark.parametrize(
    "code",
    [LOAD + "assert 'class AlexNet' in model.source()", command("compile", "specs/alexnet.yaml")],
    ids=["source", "command compile"],
)
def test_writing_source_does_not_need_torch(code: str) -> None:
    packages = imported(code)
    assert "archspec_torch" in packages
    assert not packages & {"torch", "numpy"}


def test_running_a_model_does_need_torch() -> None:
    # The tests above could not fail if this one did not pass.
    assert "torch" in imported(LOAD.replace("alexnet", "lenet") + "model.compile()")


def test_without_torch_source_is_written_and_running_says_what_to_install() -> None:
    hidden = "import sys\nsys.modules['torch'] = None\n"
    ending = (
        "assert 'class AlexNet' in model.source()\n"
        "from archspec.backend import MissingLibraryError\n"
        "try:\n    model.compile()\n"
        "except MissingLibraryError as error:\n    assert \"pip install 'archspec-nn[torch]'\" in str(error)\n"
        "else:\n    raise AssertionError('it ran')\n"
    )
    imported(hidden + LOAD + ending)
