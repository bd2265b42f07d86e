"""What a spec may read of other files, and where blocks are looked up; nothing outside the root folder is opened."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import archspec

BLOCKS = "block SE { relu }\n"


def model(*used: str) -> str:
    lines = "\n".join(f'use "{each}"' for each in used)
    return f"{lines}\nmodel M {{\n    input x: [B, 8]\n    SE\n}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with specs in it, and something outside of it; we run elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "secret.arch").write_text(BLOCKS)
    (tmp_path / "root" / "blocks").mkdir(parents=True)
    (tmp_path / "root" / "blocks" / "se.arch").write_text(BLOCKS)
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "root"


def codes(path: Path, root: Path | None = None) -> list[str]:
    return [each.code for each in archspec.load(path, root=root).check(ignore=["A4"])]


def test_a_file_below_the_spec_can_be_used(folder: Path) -> None:
    (folder / "m.arch").write_text(model("blocks/se.arch"))
    assert codes(folder / "m.arch") == []


@pytest.mark.parametrize("used", ["../secret.arch", "blocks/../../secret.arch", "link.arch", "linked/secret.arch"])
def test_nothing_outside_of_the_root_folder_is_read(folder: Path, used: str) -> None:
    (folder / "link.arch").symlink_to(folder.parent / "secret.arch")
    (folder / "linked").symlink_to(folder.parent)
    (folder / "m.arch").write_text(model(used))
    assert codes(folder / "m.arch") == ["A030"]


def test_an_absolute_path_is_refused_even_inside_of_the_root_folder(folder: Path) -> None:
    (folder / "m.arch").write_text(model(str(folder / "blocks" / "se.arch")))
    assert codes(folder / "m.arch") == ["A030"]


def test_the_root_folder_can_be_named_and_is_where_we_run_if_the_spec_is_in_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "nets").mkdir()
    (folder / "nets" / "m.arch").write_text(model("../blocks/se.arch"))
    assert codes(folder / "nets" / "m.arch") == ["A030"]
    assert codes(folder / "nets" / "m.arch", root=folder) == []
    monkeypatch.chdir(folder)
    assert codes(Path("nets/m.arch")) == []


def test_a_text_that_is_no_file_can_use_the_library_alone() -> None:
    assert [each.code for each in archspec.loads(model("blocks/se.arch"), syntax="arch").check()] == ["A030"]
    right = "use std.se\nmodel M {\n    input x: [B, 32, 4, 4]\n    SE\n}\n"
    assert not list(archspec.loads(right, syntax="arch").check())


@pytest.mark.parametrize("files", [["m.arch"], ["a.arch", "m.arch"], ["a.arch", "b.arch", "a.arch"]])
def test_files_in_a_circle_are_refused(folder: Path, files: list[str]) -> None:
    (folder / "m.arch").write_text(model(files[0]))
    for file, used in itertools.pairwise(files):
        (folder / file).write_text(f'use "{used}"\n{BLOCKS}')
    assert "A031" in codes(folder / "m.arch")


def test_a_file_that_two_others_use_is_read_once(folder: Path) -> None:
    (folder / "a.arch").write_text('use "blocks/se.arch"\nblock A { SE }\n')
    (folder / "b.arch").write_text('use "blocks/se.arch"\nblock B { SE }\n')
    (folder / "m.arch").write_text('use "a.arch"\nuse "b.arch"\nmodel M {\n    input x: [B, 8]\n    A -> B\n}\n')
    assert codes(folder / "m.arch") == []


def test_blocks_of_files_that_a_used_file_uses_are_not_known(folder: Path) -> None:
    (folder / "a.arch").write_text('use "blocks/se.arch"\nblock A { SE }\n')
    (folder / "m.arch").write_text('use "a.arch"\nmodel M {\n    input x: [B, 8]\n    A -> SE\n}\n')
    assert codes(folder / "m.arch") == ["A104"]


def test_more_files_than_anyone_needs_are_refused(folder: Path) -> None:
    for number in range(120):
        (folder / f"f{number}.arch").write_text(f'use "f{number + 1}.arch"\nblock F{number} {{ F{number + 1} }}\n')
    (folder / "m.arch").write_text(model("f0.arch"))
    assert "A034" in codes(folder / "m.arch")


def test_a_mistake_in_a_used_file_is_told_there_and_once(folder: Path) -> None:
    (folder / "blocks" / "se.arch").write_text("block SE { reluu }\n")
    (folder / "m.arch").write_text(model("blocks/se.arch").replace("SE\n}", "SE -> SE\n}"))
    (finding,) = archspec.load(folder / "m.arch").check()
    assert finding.code == "A104"
    assert Path(finding.span.source.name) == folder / "blocks" / "se.arch"


def test_a_file_in_the_other_syntax_can_be_used(folder: Path) -> None:
    (folder / "se.yaml").write_text("blocks:\n  SE: {layers: [relu]}\n")
    (folder / "m.arch").write_text(model("se.yaml"))
    assert codes(folder / "m.arch") == []
