"""The README tells the truth: its specs are right, its wrong spec gives what it shows, its picture is up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import archspec
from archspec.render.text import render

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
TEXT_SPECS = [body for info, body in BLOCKS if not info and "model " in body]
YAML_SPECS = [body for info, body in BLOCKS if info == "yaml"]


def test_the_specs_are_right() -> None:
    right = [archspec.loads(body, syntax="arch") for body in TEXT_SPECS]
    right += [archspec.loads(body, syntax="yaml") for body in YAML_SPECS if "Broken" not in body]
    assert [render(model.check()) for model in right] == [""] * 7


def test_whole_architectures_are_those_of_the_specs() -> None:
    _, _, gallery = README.partition("## Architectures, whole")
    shown = re.findall(r"\((specs/[\w/]+\.arch)\)[^\n]*:\n\n```\n(.*?)^```$", gallery, re.MULTILINE | re.DOTALL)
    assert len(shown) == 3
    for path, body in shown:
        assert body == (ROOT / path).read_text(), path


def test_both_syntaxes_say_the_same() -> None:
    text = archspec.loads(TEXT_SPECS[1], syntax="arch").source()
    yaml = archspec.loads(next(body for body in YAML_SPECS if "LeNet" in body), syntax="yaml").source()
    assert text.partition("import")[2] == yaml.partition("import")[2]


def test_the_wrong_spec_gives_the_findings_that_are_shown() -> None:
    wrong = next(body for body in YAML_SPECS if "Broken" in body)
    shown = next(body for info, body in BLOCKS if info == "console" and "broken.yaml" in body)
    report = archspec.loads(wrong, syntax="yaml", name="broken.yaml").check()
    assert shown == f"$ archspec check broken.yaml\n{render(report)}"


def test_the_class_of_a_block_is_the_one_that_is_written() -> None:
    text = next(body for body in TEXT_SPECS if "model SmallSENet" in body)
    (shown,) = (body for info, body in BLOCKS if not info and body.startswith("class Unit("))
    assert shown in archspec.loads(text, syntax="arch").source()


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = next(body for info, body in BLOCKS if info == "python" and "archspec.load(" in body)
    names: dict[str, object] = {}
    monkeypatch.chdir(tmp_path)
    example = code.replace('"specs/', f'"{ROOT.as_posix()}/specs/')
    exec(compile(example, "README.md", "exec"), names)  # noqa: S102  # The README is ours.
    assert type(names["module"]).__name__ == "AlexNet"
    assert (tmp_path / "alexnet.svg").stat().st_size > 1000


def test_the_picture_is_what_draw_gives(tmp_path: Path) -> None:
    path = tmp_path / "lenet.svg"
    archspec.load(ROOT / "specs" / "lenet.arch").draw(path)
    assert path.read_text() == (ROOT / "docs" / "lenet.svg").read_text(), (
        "archspec draw specs/lenet.arch -o docs/lenet.svg"
    )
