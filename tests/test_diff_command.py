"""`archspec diff`: its forms, what it says to the shell, the diagram of both models, and its page in the manual."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

import archspec
from archspec.backend import Purpose
from archspec.comparing import compared
from archspec.difference.merged import merged
from archspec.main import main
from archspec.targets import find_target
from tests.pairs import BLOCKS, NET, changed, neighbours, net, read

ROOT: Final = Path(__file__).parent.parent


# -------------------------------------------------------------------------------------------------------------- forms


def test_no_line_is_wider_than_was_asked_for() -> None:
    for _, _, found in neighbours()[::5]:
        lines = str(found).split("\n")
        # A formula is not broken, nor is a name.
        assert [
            line for line in lines if len(line) > 100 and "*" not in line and max(map(len, line.split())) < 40
        ] == []


def test_json_tells_the_same_as_the_difference() -> None:
    found = changed(act="gelu", times=6, classes=12)
    content = json.loads(found.written("json"))
    assert content["differs"] is True
    assert {each["change"] for each in content["layers"]} == {each.kind.value for each in found.changes}
    assert content["totals"]["parameters"] == {
        "old": net().graph.parameters,
        "new": net(times=6, classes=12).graph.parameters,
        "change": net(times=6, classes=12).graph.parameters - net().graph.parameters,
    }
    assert sum(len(each["uses"]) for each in content["layers"]) == sum(len(each.uses) for each in found.changes)


def test_markdown_has_a_row_for_each_change_and_folds_what_follows() -> None:
    found = archspec.diff(net(), net(classes=12, head="head", act="gelu"))
    text = found.written("markdown")
    for change in found.changes:
        assert f"| `{change.place}` |" in text
    tables = [line.count("|") for line in text.split("\n") if line.startswith("|")]
    assert set(tables) == {5, 6}
    wider = read(BLOCKS.format(**NET).replace("tail = Unit(16)", "tail = Unit(24)"))
    assert "<details><summary>5 layers affected by that</summary>" in archspec.diff(net(), wider).written("markdown")


def test_markdown_takes_no_name_for_markup() -> None:
    named = compared((net(), net(times=5)), ("a|`b`<i>", "*c*"))
    assert named.written("markdown").startswith("### `` a\\|`b`<i> `` → `*c*`\n")


# -------------------------------------------------------------------------------------------------------- the command


@pytest.fixture
def files(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    def write(**given: object) -> tuple[str, str]:
        paths = tmp_path / "old.arch", tmp_path / "new.arch"
        for path, settings_ in zip(paths, (NET, {**NET, **given}), strict=True):
            path.write_text(BLOCKS.format(**settings_))
        return str(paths[0]), str(paths[1])

    return write


def test_the_exit_status_says_whether_anything_differs(
    files: Callable[..., tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *files()]) == 0
    assert capsys.readouterr().out.startswith("no difference: Net")
    assert main(["diff", *files(act="gelu")]) == 1
    assert "relu → gelu" in capsys.readouterr().out
    assert main(["diff", *files(act="galu")]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "galu" in output.err
    assert main(["diff", "-", "-"]) == 2


def test_what_is_set_is_set_for_both(capsys: pytest.CaptureFixture[str]) -> None:
    resnet = str(ROOT / "specs/vision/resnet.arch")
    assert main(["diff", f"{resnet}:resnet18", f"{resnet}:resnet34", "--set", "classes=7", "--format", "json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert all(each["what"] != "parameter classes" for each in content["model"])
    assert content["totals"]["parameters"]["old"] == archspec.load(f"{resnet}:resnet18", classes=7).graph.parameters


def test_colours_are_there_when_they_are_asked_for(
    files: Callable[..., tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    names = files(act="gelu", head="head")
    main(["diff", *names])
    plain = capsys.readouterr().out
    main(["diff", *names, "--color", "always"])
    coloured = capsys.readouterr().out
    assert coloured != plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_ascii_is_ascii(files: Callable[..., tuple[str, str]], capsys: pytest.CaptureFixture[str]) -> None:
    main(["diff", *files(act="gelu", times=5), "--ascii"])
    text = capsys.readouterr().out
    assert text.isascii()
    assert "relu -> gelu" in text


# --------------------------------------------------------------------------------------------------------- the diagram


def test_the_graph_of_both_models_runs_and_has_all_that_is_marked() -> None:
    for _, new, found in neighbours():
        graph, drawing = merged(found)
        seen = {value.producer for value in graph.inputs}
        for node in graph.nodes:
            assert {value.producer for value in node.inputs} <= seen
            seen.add(node.path)
        assert all(path in seen for path in (node.path for node in new.graph.nodes))
        assert {each.path for each in drawing.marks} <= {(), *seen, *graph.groups}
        assert all(path[:depth] in graph.groups for path in seen for depth in range(1, len(path)))


def drawn(path: Path, old: str, new: str) -> str:
    for name, text in (("old", old), ("new", new)):
        (path / f"{name}.arch").write_text(text)
    assert main(["diff", str(path / "old.arch"), str(path / "new.arch"), "-o", str(path / "diff.svg")]) == 1
    return (path / "diff.svg").read_text()


def part(svg: str, identity: str) -> str:
    """What is drawn of a layer."""
    (found,) = re.findall(rf'<g id="{re.escape(identity)}".*?</g>', svg, re.DOTALL)
    return str(found)


def test_a_diagram_shows_what_was_added_removed_and_changed(tmp_path: Path) -> None:
    old = BLOCKS.format(**NET)
    new = BLOCKS.format(**{**NET, "times": 6, "classes": 12}).replace("global_avgpool", "dropout(0.3)\nglobal_avgpool")
    svg = drawn(tmp_path, old, new)
    assert "added" in part(svg, "layer.dropout1")
    assert "changed" in part(svg, "layer.fc")
    assert "features 10 -&gt; 12" in part(svg, "layer.fc")
    assert "4 -&gt; 6 passes" in svg
    back = drawn(tmp_path, new, old)
    assert "removed" in part(back, "layer.dropout1")
    assert "stroke-dasharray" in part(back, "layer.dropout1")
    unchanged = part(back, "layer.stem")
    assert not any(word in unchanged for word in ("added", "removed", "changed"))


def test_a_diagram_shows_which_repeats_have_another_length_each_at_its_passes(tmp_path: Path) -> None:
    file = Path(__file__).parent.parent / "specs" / "vision" / "resnet.arch"
    names = [f"{file}:resnet18", f"{file}:resnet34"]
    assert main(["diff", *names, "-o", str(tmp_path / "diff.svg")]) == 1
    svg = (tmp_path / "diff.svg").read_text()
    for place, note in (("layer1.0", "2 -&gt; 3"), ("layer2.1", "1 -&gt; 3"), ("layer3.1", "1 -&gt; 5")):
        assert f"{note} passes" in part(svg, f"group.{place}")
        assert "changed" in part(svg, f"group.{place}")
    assert "changed" not in part(svg, "group.layer2.0")


@pytest.mark.parametrize("step", [0, 1, 2])
def test_specs_that_have_little_in_common_are_drawn_too(step: int) -> None:
    pairs = neighbours()
    graph, drawing = merged(pairs[len(pairs) * step // 3][2])
    backend, target = find_target(Purpose.DRAW, "svg")
    assert backend.draw(graph, target, drawing).endswith(b"</svg>\n")


def test_a_diagram_takes_no_place_of_a_spec_and_no_other_form(
    files: Callable[..., tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    names = files(act="gelu")
    assert main(["diff", *names, "-o", "diff.md"]) == 2
    assert "`--format markdown` writes it to standard output" in capsys.readouterr().err
    assert main(["diff", *names, "-o", names[0]]) == 2
    link = Path(names[0]).with_suffix(".svg")
    link.symlink_to(names[0])
    assert main(["diff", *names, "-o", str(link)]) == 2
    assert "would be lost" in capsys.readouterr().err


# ----------------------------------------------------------------------------------------------------------- the page


PAGE: Final = ROOT / "docs" / "diff.md"
SHOWN: Final = re.findall(
    r"^```console\n\$ archspec (diff [^\n]*)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("line", "output"), SHOWN, ids=[line for line, _ in SHOWN])
def test_the_page_shows_what_the_command_writes(
    line: str, output: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    main(line.split())
    assert capsys.readouterr().out == output


def test_the_page_names_every_key_of_json() -> None:
    page = PAGE.read_text()
    content = json.loads(changed(act="gelu").written("json"))
    named = set(re.findall(r"`(?:layers\[\]\.)?([\w]+)`", page))
    assert {*content, *content["layers"][0], *content["layers"][0]["uses"][0], *content["totals"]} <= named


def test_the_example_in_python_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102  # The page is ours.
    assert "repeated layer1" in capsys.readouterr().out
