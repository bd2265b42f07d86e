"""What other repositories use of this one: the hooks for pre-commit, and the action that annotates pull requests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[1]

MANIFEST: Final = ROOT / ".pre-commit-hooks.yaml"
HOOKS: Final[dict[str, dict[str, Any]]] = {each["id"]: each for each in yaml.safe_load(MANIFEST.read_text())}
ACTION: Final[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text())
STEPS: Final[list[dict[str, Any]]] = ACTION["runs"]["steps"]

README: Final = [
    yaml.safe_load(body) for body in re.findall(r"^```yml\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
]

RIGHT: Final = "model Small {\n    input x: [B, 8]\n\n    linear(2)\n}\n"
WRONG: Final = RIGHT.replace("linear", "liner")
FOREIGN: Final = "on: push\njobs: {}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One that has specs, and other files too."""
    (tmp_path / "some specs").mkdir()
    (tmp_path / "some specs" / "small.arch").write_text(RIGHT)
    (tmp_path / "settings.yaml").write_text(FOREIGN)
    # Nothing of these is to be imported.
    (tmp_path / "archspec.py").write_text("raise SystemExit('taken for archspec')\n")
    (tmp_path / "yaml.py").write_text("raise SystemExit('taken for yaml')\n")
    return tmp_path


# ----------------------------------------------------------------------------------------------------------- pre-commit


def run_hook(hook: str, repository: Path) -> subprocess.CompletedProcess[str]:
    command, *arguments = HOOKS[hook]["entry"].split()
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts[command] == "archspec.__main__:run"
    return subprocess.run(
        [sys.executable, "-P", "-m", "archspec", *arguments, *HOOKS[hook]["args"]],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )


def test_pre_commit_takes_the_hooks() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", str(MANIFEST)], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert set(HOOKS) == {"archspec-check", "archspec-fmt"}


@pytest.mark.parametrize("name", ["a.arch", "sub/b.yaml", "sub/c.yml"])
def test_hooks_run_when_something_changes_that_may_be_a_spec(name: str) -> None:
    assert all(re.search(hook["files"], name) for hook in HOOKS.values())
    assert not any(re.search(hook["files"], name + ".txt") for hook in HOOKS.values())


def test_the_check_goes_through_all_specs_of_a_repository(repository: Path) -> None:
    assert run_hook("archspec-check", repository).returncode == 0
    (repository / "some specs" / "small.arch").write_text(WRONG)
    done = run_hook("archspec-check", repository)
    assert done.returncode == 1
    assert "some specs/small.arch:4:5" in done.stdout


def test_the_formatter_changes_specs_and_nothing_else(repository: Path) -> None:
    path = repository / "some specs" / "small.arch"
    path.write_text(RIGHT.replace("linear(2)", "linear( 2 )"))
    assert run_hook("archspec-fmt", repository).returncode == 0
    assert path.read_text() == RIGHT
    assert (repository / "settings.yaml").read_text() == FOREIGN


# -------------------------------------------------------------------------------------------------------------- action


def test_the_action_says_what_it_is_and_what_it_takes() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert ACTION["name"]
    assert ACTION["description"]
    assert all({"description", "default"} <= each.keys() for each in ACTION["inputs"].values())
    assert all("shell" in step for step in STEPS if "run" in step)


def test_nothing_that_a_workflow_gives_becomes_part_of_a_script() -> None:
    used = set()
    for step in STEPS:
        assert "${{" not in step.get("run", "")
        used |= {name for value in step.get("env", {}).values() for name in re.findall(r"\binputs\.(\w+)", value)}
    assert used == ACTION["inputs"].keys()


def test_the_action_installs_what_stands_beside_it() -> None:
    (install,) = (step["run"] for step in STEPS if "pip install" in step.get("run", ""))
    assert install.rstrip().endswith('"$GITHUB_ACTION_PATH"')
    assert (ROOT / "constraints.txt").is_file()


def run_action(repository: Path, paths: str, options: str = "") -> subprocess.CompletedProcess[str]:
    """The last step of the action, as a runner runs it."""
    given = {"steps.python.outputs.python-path": sys.executable, "inputs.paths": paths, "inputs.options": options}
    env = {
        name: re.sub(r"\$\{\{ (.*?) \}\}", lambda each: given[each[1]], text) for name, text in STEPS[-1]["env"].items()
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[-1]["run"]],
        cwd=repository,
        env={**os.environ, **env, "RUNNER_TEMP": str(repository / "nothing"), "GITHUB_WORKSPACE": str(repository)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("paths", [".", "some specs\n", "some specs/small.arch\n", "\n**/*.arch\nsome specs\n"])
def test_the_action_annotates_what_it_finds(repository: Path, paths: str) -> None:
    assert run_action(repository, paths).returncode == 0
    (repository / "some specs" / "small.arch").write_text(WRONG)
    done = run_action(repository, paths)
    assert done.returncode == 1
    assert done.stderr == ""
    (command,) = done.stdout.splitlines()
    assert command.startswith("::error file=some specs/small.arch,line=4,col=5,endLine=4,endColumn=10,title=")


def test_options_reach_the_command_and_paths_are_no_options(repository: Path) -> None:
    (repository / "--help").mkdir()
    done = run_action(repository, "--help", "--set\nclasses=3")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no spec in `--help`" in done.stderr
    done = run_action(repository, ".", "--set\nclasses=$(touch made)")
    assert done.returncode == 1
    assert not (repository / "made").exists()


# ---------------------------------------------------------------------------------------------------------- the README


def test_the_readme_uses_what_there_is() -> None:
    (hooks,) = (each["repos"][0]["hooks"] for each in README if "repos" in each)
    assert {each["id"] for each in hooks} == HOOKS.keys()
    (steps,) = (each["steps"] for each in README if "steps" in each)
    assert steps[-1]["with"].keys() <= ACTION["inputs"].keys()
