"""Which specs a folder or a pattern means, and what is said where there are none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from threading import Timer
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archspec.main import main
from archspec.paths import Meant, NoSpecsError, files_to_look_at, specs_meant

ROOT: Final = Path(__file__).parents[1]

SPEC: Final = "model Small {\n    input x: [B, 8]\n    linear(2)\n}\n"
YAML: Final = "model: Small\ninputs: {x: [B, 8]}\nlayers: [linear: 2]\n"
BLOCKS: Final = "blocks:\n  Unit: {layers: [relu]}\n"
TRAINING: Final = "model: resnet50\nlr: 0.1\n"

FILES: Final = {
    "b.arch": SPEC,
    "a.yaml": YAML,
    "sub/c.yml": YAML,
    "sub/deep/blocks.yaml": BLOCKS,
    "sub/d.arch": "not a spec at all\n",
    "sub/slip.yaml": YAML.replace("model", "modle"),
    "sub/train.yaml": TRAINING,
    "sub/broken.yaml": "{",
    "sub/none.yaml": "",
    "notes.md": "# notes\n",
    ".hidden/x.arch": SPEC,
    ".x.arch": SPEC,
    "env/pyvenv.cfg": "",
    "env/lib/x.arch": SPEC,
    "conda/conda-meta/history": "",
    "conda/x.arch": SPEC,
    "node_modules/x.arch": SPEC,
}

SPECS: Final = ("a.yaml", "b.arch", "sub/c.yml", "sub/d.arch", "sub/deep/blocks.yaml", "sub/slip.yaml")
"""Those of the files that a folder with all of them means."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with chdir(tmp_path):
        yield tmp_path


@pytest.mark.parametrize(
    ("name", "specs", "others"),
    [
        (".", SPECS, 3),
        ("./", SPECS, 3),
        ("sub", SPECS[2:], 3),
        ("**/*", SPECS, 3),
        ("**", SPECS, 3),
        ("*.arch", ("b.arch",), 0),
        ("**/*.y*ml", ("a.yaml", "sub/c.yml", "sub/deep/blocks.yaml", "sub/slip.yaml"), 3),
        ("s*b", SPECS[2:], 3),
        ("sub/[cd].*", ("sub/c.yml", "sub/d.arch"), 0),
        (".hidden", (".hidden/x.arch",), 0),
        ("env", ("env/lib/x.arch",), 0),
    ],
)
def test_folders_and_patterns_mean_the_specs_in_them_in_order(
    folder: Path, name: str, specs: tuple[str, ...], others: int
) -> None:
    assert specs_meant([name]) == Meant(specs, others)


@pytest.mark.parametrize(
    "name", ["sub/train.yaml", "notes.md", "gone.arch", "-", "b.arch:small", ".x.arch", "env/lib/x.arch"]
)
def test_what_is_named_is_meant_whatever_it_is(folder: Path, name: str) -> None:
    assert specs_meant([name]) == Meant((name,))


def test_a_file_with_the_signs_of_a_pattern_in_its_name_is_that_file(folder: Path) -> None:
    Path("[b].arch").write_text(SPEC)
    assert specs_meant(["[b].arch"]) == specs_meant(["[[]b].arch"]) == Meant(("[b].arch",))
    assert specs_meant(["[b].arch:small"]) == Meant(("[b].arch:small",))


def test_what_is_no_file_is_passed_over_in_folders_and_refused_where_it_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is waited for: of a pipe into which nobody writes, there would be no end."""
    os.mkfifo("pipe.arch")
    os.mkfifo("pipe.yaml")
    os.mkfifo("w.safetensors")
    Path("device.arch").symlink_to(os.devnull)
    Path("uses.arch").write_text(f'use "pipe.arch"\n{SPEC}')
    assert specs_meant(["."]) == specs_meant(["**"]) == Meant((*SPECS, "uses.arch"), 3)
    for name in ("pipe.arch", "pipe.yaml", "device.arch", "uses.arch"):
        assert main(["check", name]) == 1
    assert main(["check", "b.arch", "--weights", "w.safetensors"]) == 1
    told = capsys.readouterr().out
    assert told.count("it is a pipe, into which nothing is written") == 3
    assert told.count("it is a device or a socket, and no file") == 1
    assert "`w.safetensors` cannot be read: it is no file" in told


def test_what_is_written_into_a_pipe_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe.arch")
    end = os.open("pipe.arch", os.O_RDWR)

    def write() -> None:
        os.write(end, SPEC.encode())
        os.close(end)

    writer = Timer(0.1, write)
    writer.start()
    assert main(["check", "pipe.arch", "--fix"]) == 0
    writer.join()
    assert "pipe.arch: Small is correct" in capsys.readouterr().out


def test_each_is_meant_once() -> None:
    with chdir(ROOT):
        named = ["specs", "specs/lenet.arch", "specs/*.arch", "specs/vision/vgg.arch:vgg16", "specs"]
        found = specs_meant(named)
        assert found.specs == (*specs_meant(["specs"]).specs, "specs/vision/vgg.arch:vgg16")
        assert found.others == 0


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("empty", "no file there ends in `.arch`, `.yaml` or `.yml`"),
        ("other", "the YAML file there has not the keys of one"),
        ("*.txt", "`*.txt` matches no spec"),
        ("sub/t*.yaml", "the YAML file there has not the keys of one"),
    ],
)
def test_where_there_is_no_spec_it_is_told(
    folder: Path, name: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    Path("other").mkdir()
    Path("other/train.yaml").write_text(TRAINING)
    with pytest.raises(NoSpecsError, match="spec") as raised:
        specs_meant(["b.arch", name])
    assert told in str(raised.value)
    for command in ("check", "fmt"):
        assert main([command, name]) == 2
        assert capsys.readouterr().err == f"archspec: {raised.value}\n"


@given(st.permutations(SPECS))
def test_names_stay_in_the_order_in_which_they_are_given(names: list[str]) -> None:
    assert specs_meant(names).specs == tuple(names)


def test_every_file_that_may_become_a_spec_is_looked_at(folder: Path) -> None:
    assert {"sub/train.yaml", "sub/none.yaml", *SPECS} == set(files_to_look_at(["."])) - {"sub/broken.yaml"}
    assert set(files_to_look_at(["gone.arch", "gone/*.arch", "b.arch:small"])) == {"gone.arch", "b.arch"}


# ------------------------------------------------------------------------------------------------ what `check` says


def test_several_files_are_summed_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "."]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "a.yaml: Small is correct: 1 layer, 18 parameters",
        "b.arch: Small is correct: 1 layer, 18 parameters",
        "sub/c.yml: Small is correct: 1 layer, 18 parameters",
    ]
    assert lines[-2].startswith("6 files checked, 2 errors in 2 files; `archspec explain A")
    assert lines[-1] == "left out: 3 YAML files that have not the keys of a spec"


def test_that_nothing_is_wrong_is_summed_up_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "a.yaml", "b.arch"]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == ["2 files checked, nothing is wrong"]
    assert main(["check", "a.yaml", "--format", "concise"]) == 0
    assert capsys.readouterr().out == ""


def test_a_mistake_in_what_two_specs_use_is_told_once_under_the_name_that_was_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "parts").mkdir()
    Path("parts/unit.arch").write_text("block Unit {\n    rellu\n}\n")
    Path("one").mkdir()
    for name in ("one/a.arch", "one/b.arch"):
        text = 'use "../parts/unit.arch"\nmodel M {\n    input x: [B, 8]\n    Unit\n}\n'
        Path(name).write_text(text)
    assert main(["check", "one", "parts", "--format", "concise"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "parts/unit.arch:2:5: error[A104]: no op is called `rellu`; did you mean `relu`?",
        "3 files checked, 1 error in 1 file",
    ]
