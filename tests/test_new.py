"""`archspec new` starts a spec of the user's own, which is right from the first line on."""

from __future__ import annotations

from pathlib import Path

import pytest

import archspec
from archspec.main import main
from archspec.shipped import Shipped, found, shipped
from tests.read_once import read_once

SPECS = tuple(shipped())

each_model = pytest.mark.parametrize(
    ("first", "variant"),
    [(each, variant) for each in SPECS for variant in (None, *each.variants)],
    ids=lambda value: f"{value.family}/{value.name}" if isinstance(value, Shipped) else value,
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@each_model
def test_a_copy_is_the_same_model_under_its_own_name(first: Shipped, variant: str | None, here: Path) -> None:
    begin = str(first.path) if variant is None else f"{first.path}:{variant}"
    # The other syntax is as good, and says the same.
    suffix = first.path.suffix if variant is not None else ".yaml" if first.path.suffix == ".arch" else ".arch"
    assert main(["new", f"my_copy{suffix}", "--from", begin]) == 0
    copy, model = archspec.load(here / f"my_copy{suffix}"), read_once(begin)
    assert not list(copy.check())
    assert copy.graph.name == "MyCopy"
    assert copy.graph.parameters == model.graph.parameters
    assert copy.graph.macs == model.graph.macs
    assert [each.shape for each in copy.graph.outputs] == [each.shape for each in model.graph.outputs]
    assert [node.name for node in copy.graph.nodes] == [node.name for node in model.graph.nodes]
    assert copy.variants == (model.variants if variant is None else ())


def test_a_copy_of_a_variant_has_its_settings_as_defaults_and_keeps_comments(here: Path) -> None:
    assert main(["new", "tiny.arch", "--from", "resnet18"]) == 0
    text = Path("tiny.arch").read_text()
    assert "model Tiny(unit: layer = BasicBlock, depths: list = [2, 2, 2, 2], classes: int(min=1) = 1000) {" in text
    assert text.startswith("# Layers are named as in torchvision, whose weights fit.")
    assert "    expect params == 11_176_512 + 513 * classes\n}" in text
    assert "variant" not in text


def test_comments_on_variants_do_not_go_with_a_copy_of_one(here: Path) -> None:
    Path("first.arch").write_text(
        "model First(width = 8) {\n    input x: [B, 4]\n    linear(width)\n    # The last one.\n}\n\n"
        "# Sizes.\nvariant small = First(width=2)  # It is small.\nvariant large = First(width=80)\n# The end.\n"
    )
    assert main(["new", "second.arch", "--from", "first.arch:large"]) == 0
    assert Path("second.arch").read_text() == (
        "model Second(width = 80) {\n    input x: [B, 4]\n    linear(width)\n    # The last one.\n}\n# The end.\n"
    )


@pytest.mark.parametrize("suffix", [".arch", ".yaml"])
def test_the_template_is_right_and_explains_itself(suffix: str, here: Path) -> None:
    assert main(["new", f"first_net{suffix}"]) == 0
    text = Path(f"first_net{suffix}").read_text()
    assert text.count("#") >= 6
    model = archspec.loads(text, syntax=suffix.removeprefix("."))
    assert not list(model.check())
    assert model.graph.name == "FirstNet"


def test_both_templates_are_the_same_model(here: Path) -> None:
    for suffix in (".arch", ".yaml"):
        assert main(["new", f"net{suffix}"]) == 0
    text, yaml = archspec.load("net.arch").graph, archspec.load("net.yaml").graph
    assert [(node.name, node.op) for node in text.nodes] == [(node.name, node.op) for node in yaml.nodes]


def test_files_that_a_spec_uses_go_with_it(here: Path) -> None:
    Path("parts").mkdir()
    Path("mine/parts").mkdir(parents=True)
    Path("parts/unit.arch").write_text("block Unit(width) { linear(width) -> relu }\n")
    Path("first.arch").write_text('use "parts/unit.arch"\n\nmodel First {\n    input x: [B, 4]\n    Unit(8)\n}\n')
    assert main(["new", "mine/second.arch", "--from", "first.arch"]) == 0
    assert Path("mine/parts/unit.arch").read_bytes() == Path("parts/unit.arch").read_bytes()
    assert not list(archspec.load("mine/second.arch").check())

    Path("mine/parts/unit.arch").write_text("block Unit(width) { linear(width) -> gelu }\n")
    assert main(["new", "mine/third.arch", "--from", "first.arch"]) == 2
    assert not Path("mine/third.arch").exists()
    assert "gelu" in Path("mine/parts/unit.arch").read_text()


def test_nothing_that_is_there_is_written_over(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("net.arch").write_text("mine")
    assert main(["new", "net.arch", "--from", "resnet50"]) == 2
    assert Path("net.arch").read_text() == "mine"
    assert "`net.arch` is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new"], "name the new spec"),
        (["new", "net.arch", "--from", "resnet5"], "did you mean `resnet50`"),
        (["new", "net.arch", "--from", "nothing_like_it"], "`archspec new --list` lists them"),
        (["new", "net.txt"], "ends neither in `.arch` nor in `.yaml`"),
        (["new", "7.arch"], "gives no name for a model"),
        (["new", "net.arch", "--from", "blocks.arch"], "has no model, only blocks"),
        (["new", "net.arch", "--from", "first.arch:large"], "has no variant `large`; it has no variants"),
    ],
)
def test_what_cannot_be_begun_is_told_and_writes_nothing(
    arguments: list[str], said: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("blocks.arch").write_text("block Unit { relu }\n")
    Path("first.arch").write_text("model First {\n    input x: [B, 4]\n    relu\n}\n")
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
    assert sorted(each.name for each in here.iterdir()) == ["blocks.arch", "first.arch"]


def test_a_spec_with_mistakes_begins_no_other(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("first.arch").write_text("model First {\n    input x: [B, 4]\n    linear(\n}\n")
    assert main(["new", "net.arch", "--from", "first.arch"]) == 1
    assert "first.arch" in capsys.readouterr().err
    assert not Path("net.arch").exists()


def test_all_that_is_shipped_is_listed_and_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--list"]) == 0
    words = capsys.readouterr().out.replace(",", " ").split()
    for each in SPECS:
        assert each.name in words
        assert found(each.name) == (each.path, None)
        for variant in each.variants:
            assert variant in words
            assert found(variant)[0].exists()
