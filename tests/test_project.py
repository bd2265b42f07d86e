"""The laws of the repository that no other tool keeps."""

from __future__ import annotations

import ast
import pydoc
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

import archspec

ROOT: Final = Path(__file__).parent.parent

# Put together here, so that this file does not hold what it looks for.
REGISTRIES: Final = [f"{name}.org" for name in ("pypi", "pythonhosted", "anaconda")] + ["download." + "pytorch"]
FOLDERS: Final = [f"/{name}/" for name in ("root", "work", "tmp", "home", "Users")]
FORBIDDEN: Final = re.compile("|".join([*map(re.escape, REGISTRIES), *(rf"(?<![\w.}}]){each}" for each in FOLDERS)]))


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def modules(folder: str) -> Iterator[Path]:
    return (ROOT / folder).rglob("*.py")


def tracked() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a clone")
    return [path for path in (ROOT / name for name in listed.stdout.split("\0") if name) if path.is_file()]


def test_the_scan_finds_what_it_looks_for() -> None:
    assert all(FORBIDDEN.search(f"see {text}x") for text in [*REGISTRIES, *FOLDERS])
    assert not any(FORBIDDEN.search(f"specs{folder}a.yaml") for folder in FOLDERS)


def test_no_registry_and_no_folder_of_one_machine_is_written_down() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode(errors="replace")
        found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in FORBIDDEN.finditer(text)]
    assert not found


def test_no_module_is_called_what_another_distribution_brings() -> None:
    # The distribution `archspec`, which is not ours, would put its files over these.
    taken = {"cli", "cpu", "json", "vendor"}
    assert not taken & {path.stem for path in (ROOT / "archspec").iterdir()}


def test_no_module_is_called_after_nothing() -> None:
    empty = {"utils", "util", "helpers", "common", "manager", "misc"}
    assert not [path for folder in ("archspec", "backends", "tests") for path in modules(folder) if path.stem in empty]


def test_data_is_declared_at_no_cost() -> None:
    # The standard library writes the methods of a dataclass as source, and compiles it, each time that its module is
    # imported. That is for data of which a part is not compared, shown or given; all other is a `Struct`.
    found = []
    for path in (*modules("archspec"), *modules("backends")):
        for each in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(each, ast.ClassDef) and any(called(mark) == "dataclass" for mark in each.decorator_list):
                fields = [call for call in ast.walk(each) if isinstance(call, ast.Call) and called(call) == "field"]
                options = {option.arg for field in fields for option in field.keywords}
                found += [] if options & {"compare", "repr", "init"} else [f"{path.relative_to(ROOT)}: {each.name}"]
    assert not found


def called(expression: ast.expr) -> str:
    return ast.unparse(expression.func if isinstance(expression, ast.Call) else expression)


def test_the_core_imports_neither_torch_nor_a_backend() -> None:
    backends = {path.name for path in (ROOT / "backends").iterdir() if path.is_dir()}
    found = []
    for path in modules("archspec"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            imported: list[str] = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported = [node.module]
            packages = {name.partition(".")[0] for name in imported}
            found += [f"{path.relative_to(ROOT)}: {name}" for name in sorted(packages & {"torch", *backends})]
    assert not found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_dependency_is_pinned() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    pins = {normal(name): version for name, _, version in (line.partition("==") for line in lines)}
    assert len(pins) == len(lines)
    assert all(re.fullmatch(r"[0-9][0-9a-z.]*", version) for version in pins.values()), "exact, and of no one machine"
    declared = project()
    wanted = [*declared["build-system"]["requires"], *declared["project"]["dependencies"]]
    for each in declared["project"]["optional-dependencies"].values():
        wanted += each
    names = {normal(re.split(r"[^\w.-]", each)[0]) for each in wanted} - {declared["project"]["name"]}
    assert names <= pins.keys()


def test_every_door_leads_somewhere() -> None:
    declared = project()
    packages = {Path(each).name for each in declared["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]}
    doors = [door for group in declared["project"]["entry-points"].values() for door in group.values()]
    assert {door.partition(":")[0].partition(".")[0] for door in doors} == packages - {"archspec"}
    for door in doors:
        module, _, name = door.partition(":")
        assert getattr(import_module(module), name) is not None


def test_one_command_decides_here_and_on_the_server() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    targets = re.findall(r"^make (\w+)$", script, re.MULTILINE)
    assert targets == ["check", "test"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    makefile = (ROOT / "Makefile").read_text()
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in [*targets, "demo", "bench", "help"])
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert re.findall(r"run: (.*)", workflow) == [".ci/run"]


def test_every_public_name_can_be_imported() -> None:
    assert sorted(archspec.__all__, key=str.lower) == sorted(dir(archspec), key=str.lower)
    for name in archspec.__all__:
        assert getattr(archspec, name) is not None


@pytest.mark.parametrize("name", [name for name in archspec.__all__ if isinstance(getattr(archspec, name), type)])
def test_python_gives_help_on_every_public_class(name: str) -> None:
    # It reads the types of all fields, whose modules must have the names of these when they are imported.
    assert name in pydoc.render_doc(getattr(archspec, name))
