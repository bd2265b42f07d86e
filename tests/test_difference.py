"""What `archspec diff` tells: laws over all specs, over mutants of them and over chains, and what it says in words."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archspec
from archspec import Difference, Model, RevisionError, SpecError
from archspec.backend import Purpose
from archspec.comparing import compared
from archspec.compiler import find_target
from archspec.difference import Kind, matching
from archspec.difference.merged import merged
from archspec.main import main
from tests.mutants import Mutant, bases, mutants

ROOT: Final = Path(__file__).parent.parent
SPECS: Final = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "specs").rglob("*.*"))
DONE: Final = (Kind.ADDED, Kind.REMOVED, Kind.CHANGED, Kind.MOVED, Kind.RENAMED, Kind.REPEATED)
"""What is done to layers, and does not only follow."""


def read(text: str) -> Model:
    return archspec.loads(text, syntax="arch")


def told(difference: Difference) -> dict[Kind, list[str]]:
    """What was done, each kind with the places that it names."""
    return {kind: [each.place for each in difference.of(kind)] for kind in DONE if difference.of(kind)}


def uses(difference: Difference, kind: Kind) -> list[str]:
    return sorted(use.name for change in difference.of(kind) for use in change.uses)


# ------------------------------------------------------------------------------------------------- laws of all specs


@cache
def small() -> dict[str, Model]:
    """Every spec and variant, with an eighth of its width and few repeats."""
    models = {base.name: read(base.text) for base in bases()[::3] if "/" in base.name}
    # Not every one is right with other widths.
    return {name: model for name, model in models.items() if not model.check().has_errors}


@cache
def neighbours() -> list[tuple[Model, Model, Difference]]:
    """Specs beside each other, many of which are variants of one, and what differs between them."""
    return [(old, new, archspec.diff(old, new)) for old, new in pairwise(small().values())]


@pytest.mark.parametrize("path", SPECS)
def test_a_spec_does_not_differ_from_itself(path: str) -> None:
    difference = archspec.diff(ROOT / path, ROOT / path)
    assert not difference
    assert str(difference).startswith("no difference: ")


def test_what_is_added_one_way_is_removed_the_other_way() -> None:
    for old, new, there in neighbours():
        back = archspec.diff(new, old)
        assert uses(there, Kind.ADDED) == uses(back, Kind.REMOVED)
        assert uses(there, Kind.REMOVED) == uses(back, Kind.ADDED)
        assert {each.place for each in there.of(Kind.REPEATED)} == {each.place for each in back.of(Kind.REPEATED)}
        assert there.matching == back.matching.inverse


def test_what_the_layers_cost_more_is_what_the_model_costs_more() -> None:
    for old, new, difference in neighbours():
        parameters = sum((each.after.parameters - each.before.parameters for each in difference.changes), 0)
        macs = sum((each.after.macs - each.before.macs for each in difference.changes), 0)
        assert parameters == new.graph.parameters - old.graph.parameters
        every = [sum((node.macs for node in model.graph.nodes), 0) for model in (old, new)]
        assert macs == every[1] - every[0]
        totals = {each.name: each for each in difference.totals}
        assert totals["parameters"].change == parameters


def test_each_layer_is_matched_once_and_told_of_where_it_is_not() -> None:
    for old, new, difference in neighbours():
        layers = difference.matching.layers
        assert len(set(layers.values())) == len(layers)
        for graph, known, kind in (
            (old.graph, set(layers), Kind.REMOVED),
            (new.graph, set(layers.values()), Kind.ADDED),
        ):
            alone = [node.path for node in graph.nodes if node.path not in known]
            inside = [use.path for each in difference.of(kind) for use in each.uses]
            repeated = sum(use.layers for each in difference.of(Kind.REPEATED) for use in each.uses)
            untold = [path for path in alone if not any(path[: len(each)] == each for each in inside)]
            assert len(untold) <= repeated


# ------------------------------------------------------------------------------------------------------------ mutants


def listing(model: Model) -> object:
    """All that a graph has, as plain data, by another way than `diff` goes."""
    graph = model.graph
    cells = [listing_of_cell(value) for node in graph.nodes for value in vars(node.op).values()]
    return (
        graph.name,
        {name: str(value) for name, value in graph.settings.items()},
        [(value.name, str(value.shape)) for value in graph.inputs],
        [(each.name, each.value.producer, each.value.port, each.in_training_only) for each in graph.outputs],
        [(path, group.block) for path, group in graph.groups.items()],
        [
            (
                node.path,
                node.op.name,
                {name: str(value) for name, value in vars(node.op).items() if not isinstance(value, archspec.Graph)},
                [(value.producer, value.port) for value in node.inputs],
                [str(value.shape) for value in node.outputs],
                node.shares,
                {name: (tie.path, tie.weight) for name, tie in node.ties.items()},
                {name: str(start) for name, start in node.init.items()},
            )
            for node in sorted(graph.nodes, key=lambda node: node.path)
        ],
        cells,
    )


def listing_of_cell(value: object) -> object:
    if not isinstance(value, archspec.Graph):
        return None
    places = {each.producer: number for number, each in enumerate((*value.inputs, *(n.output for n in value.nodes)))}
    return (
        value.name,
        [
            (node.path, str(node.op), [(places[each.producer], each.port) for each in node.inputs])
            for node in value.nodes
        ],
        [(each.name, places[each.value.producer]) for each in value.outputs],
    )


@cache
def right_mutants() -> tuple[tuple[Mutant, Model, Model], ...]:
    """Mutants that are right again, with what they were made of."""
    known = {base.name: base.text for base in bases()}
    found = []
    for mutant in mutants(0, 70):
        model = read(mutant.text)
        if not model.check().has_errors:
            found.append((mutant, read(known[mutant.base]), model))
    return tuple(found)


def test_a_mutant_differs_where_its_graph_does() -> None:
    seen = set()
    for mutant, base, model in right_mutants():
        is_other = listing(base) != listing(model)
        difference = archspec.diff(base, model)
        assert bool(difference) == is_other, mutant
        seen.add(is_other)
    assert seen == {True, False}


def test_the_difference_of_a_mutant_names_the_op_whose_setting_it_changed() -> None:
    number = 0
    for mutant, base, model in right_mutants():
        if len(mutant.changes) != 1 or listing(base) == listing(model):
            continue
        found = re.fullmatch(r"(nudge_a_setting|add_a_setting) \((\w+): .*\)", mutant.changes[0])
        if found is None:
            continue
        number += 1
        difference = archspec.diff(base, model)
        done = [use for kind in DONE for change in difference.of(kind) for use in change.uses]
        words = " ".join(
            [text for use in done for text in (use.old_what, use.new_what)]
            + [fact.name + str(fact.old) for use in done for fact in use.facts]
        )
        # In a block that has other layers the op may be among those of the block, or in a cell.
        assert found[2] in words or any(use.layers > 1 or use.facts for use in done), mutant
        assert done, mutant
    assert number > 3


# ------------------------------------------------------------------------------------------------------------- chains


OPS: Final = ("conv(4, kernel=3, padding=1)", "conv(4, kernel=1)", "relu", "batchnorm", "dropout(0.2)", "tanh")
"""Each gives the shape that it takes."""

INSERTED: Final = ("gelu", "maxpool(3, stride=1, padding=1)", "conv(4, kernel=5, padding=2)")


def chain(layers: Sequence[str]) -> Model:
    body = "\n".join(f"    {layer}" for layer in layers)
    return read(f"model Chain {{\n    input x: [B, 4, 16, 16]\n{body}\n}}\n")


def chains(least: int = 1) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(OPS), min_size=least, max_size=12)


@given(chains(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_layer_that_is_put_into_a_chain_is_one_addition(layers: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(layers)))
    new = data.draw(st.sampled_from((*OPS, *INSERTED)))
    longer = [*layers[:place], new, *layers[place:]]
    difference = archspec.diff(chain(layers), chain(longer))
    assert [(change.kind, len(change.uses)) for change in difference.changes] == [(Kind.ADDED, 1)]
    assert difference.changes[0].uses[0].new_what.partition("(")[0] == new.partition("(")[0]
    assert {fact.name for fact in difference.facts} <= {"receptive field"}
    (back,) = archspec.diff(chain(longer), chain(layers)).changes
    assert back.kind is Kind.REMOVED


@given(chains(least=2), st.data())
@settings(max_examples=60, deadline=None)
def test_a_rename_is_one_rename(layers: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(layers) - 1))
    named = [f"layer_{number} = {layer}" for number, layer in enumerate(layers)]
    other = [*named[:place], f"fresh = {layers[place]}", *named[place + 1 :]]
    (change,) = archspec.diff(chain(named), chain(other)).changes
    assert change.kind is Kind.RENAMED
    assert [(use.old, use.new) for use in change.uses] == [((f"layer_{place}",), ("fresh",))]


@given(chains(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_setting_that_differs_is_told_with_both_values(layers: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(layers)))
    old, new = (
        chain([*layers[:place], f"maxpool(3, stride=1, padding=1, ceil_mode={each})", *layers[place:]])
        for each in ("false", "true")
    )
    (change,) = archspec.diff(old, new).changes
    assert change.kind is Kind.CHANGED
    assert [(fact.name, fact.old, fact.new) for fact in change.uses[0].facts] == [("ceil_mode", "false", "true")]


@given(chains(), st.data())
@settings(max_examples=40, deadline=None)
def test_another_op_in_the_same_place_is_a_change(layers: list[str], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(layers)))
    old, new = (chain([*layers[:place], op, *layers[place:]]) for op in ("gelu", "sigmoid"))
    (change,) = archspec.diff(old, new).changes
    assert change.kind is Kind.CHANGED
    assert [(fact.name, fact.old, fact.new) for fact in change.uses[0].facts] == [("op", "gelu", "sigmoid")]


def test_of_several_layers_of_an_op_that_of_the_same_settings_is_the_same() -> None:
    first, second, other = "conv(4, kernel=1)", "conv(4, kernel=3, padding=1)", "conv(4, kernel=5, padding=2)"
    found = archspec.diff(chain([first, second]), chain(["tanh", other, first, second, "gelu"]))
    assert told(found) == {Kind.ADDED: ["tanh1", "conv1", "gelu1"]}


def test_where_there_is_too_much_to_compare_all_laws_hold_nevertheless(monkeypatch: pytest.MonkeyPatch) -> None:
    fine = [difference.matching for _, _, difference in neighbours()]
    monkeypatch.setattr(matching, "MOST_COMPARED", 10)
    rough = [(old, new, archspec.diff(old, new)) for old, new, _ in neighbours()]
    assert any(one.layers != difference.matching.layers for one, (_, _, difference) in zip(fine, rough, strict=True))
    for old, new, there in rough:
        assert there.matching == archspec.diff(new, old).matching.inverse
        parameters = sum((each.after.parameters - each.before.parameters for each in there.changes), 0)
        assert parameters == new.graph.parameters - old.graph.parameters


# ------------------------------------------------------------------------------------------------------ what is told


BLOCKS: Final = """
block Unit(width) {{
    input x: [B, C, H, W]
    conv(width, kernel={kernel}, padding={padding}) -> batchnorm -> {act}
}}
model Net {{
    input x: [B, 3, 32, 32]
    stem = conv(8, kernel=3, padding=1)
    body = repeat {times} {{ Unit(8) }}
    tail = Unit(16)
    global_avgpool -> flatten
    {head} = linear({classes})
}}
"""
NET: Final = {"kernel": 3, "padding": 1, "act": "relu", "times": 4, "head": "fc", "classes": 10}


def net(**given: object) -> Model:
    return read(BLOCKS.format(**{**NET, **given}))


def difference(**given: object) -> Difference:
    return archspec.diff(net(), net(**given))


def test_a_change_in_a_block_is_told_once_with_its_uses() -> None:
    found = difference(act="gelu")
    assert [(change.kind, change.place, len(change.uses)) for change in found.changes] == [
        (Kind.CHANGED, "Unit.gelu1", 5)
    ]
    assert "in 5 uses: body.0-3, tail" in str(found)


def test_a_repeat_of_another_length_is_told_as_that() -> None:
    found = difference(times=7)
    (change,) = found.changes
    assert (change.kind, change.place) == (Kind.REPEATED, "body")
    assert [(fact.old, fact.new) for fact in change.facts["passes"]] == [("4", "7")]
    assert "* body  Unit: 4 → 7 passes" in str(found)


def test_a_layer_that_only_follows_is_not_changed() -> None:
    found = archspec.diff(net(), read(BLOCKS.format(**NET).replace("tail = Unit(16)", "tail = Unit(24)")))
    assert told(found) == {Kind.CHANGED: ["tail.conv1"]}
    assert uses(found, Kind.AFFECTED) == ["fc", "flatten1", "global_avgpool1", "tail.batchnorm1", "tail.relu1"]


def test_other_inputs_of_a_layer_are_told() -> None:
    text = "model M {{ input x: [B, 4]\na = linear(4)\nb = linear(4)\nc = relu\n({}, c) -> add }}"
    (change,) = archspec.diff(read(text.format("a")), read(text.format("b"))).changes
    assert [(fact.name, fact.old, fact.new) for fact in change.uses[0].facts] == [("inputs", "a, c", "b, c")]


def test_weights_that_are_shared_otherwise_are_told() -> None:
    text = "model M {{ input x: [B, 4]\na = linear(4)\nb = linear(4)\n_ -> {} }}"
    found = archspec.diff(read(text.format("a")), read(text.format("b")))
    (use,) = (use for change in found.changes for use in change.uses)
    assert ("weights of", "a", "b") in [(fact.name, fact.old, fact.new) for fact in use.facts]


def test_a_layer_that_others_have_overtaken_is_moved() -> None:
    names = [f"l{number} = {op}" for number, op in enumerate(OPS)]
    found = archspec.diff(chain(names), chain([*names[1:3], names[0], *names[3:]]))
    assert told(found) == {Kind.MOVED: ["l0"]}
    assert "l0  conv: behind l2, was first" in str(found)


def test_layers_that_are_put_into_a_group_are_the_same_layers() -> None:
    flat = read("model M { input x: [B, 4]\na = linear(8)\nb = linear(4) }")
    grouped = read("model M { input x: [B, 4]\nbody = { a = linear(8)\nb = linear(4) } }")
    found, back = archspec.diff(flat, grouped), archspec.diff(grouped, flat)
    assert told(found) == {Kind.RENAMED: ["body"]}
    assert "= body  a to b → body, 2 layers" in str(found)
    assert "= a  body → a to b, 2 layers" in str(back)
    assert found.renamed_weights == (("a", "body.a"), ("b", "body.b"))
    assert "2 layers with weights have another name than in files of the old model: a → body.a" in str(found)


def test_a_change_in_a_cell_is_told_of_the_layer_that_runs_it() -> None:
    text = """
    cell Step(width) {{
        input x: [B, D]
        state h: [B, width]
        next h = (x, h) -> concat -> linear(width) -> {}
    }}
    model M {{ input x: [B, T, 4]
    run = scan(Step(5)) }}
    """
    found = archspec.diff(read(text.format("tanh")), read(text.format("sigmoid")))
    assert told(found) == {Kind.CHANGED: ["run"]}
    assert "tanh → sigmoid" in str(found)


def test_what_differs_of_the_whole_model_is_told() -> None:
    text = "model M(n = {n}) {{ input x: [B, {size}]\nlinear(n)\nexpect output == [B, {n}] }}"
    found = archspec.diff(read(text.format(n=4, size=3)), read(text.format(n=5, size=6)))
    assert [(each.name, each.old, each.new) for each in found.facts] == [
        ("parameter n", "4", "5"),
        ("input x", "[B, 3]", "[B, 6]"),
        ("output", "[B, 4]", "[B, 5]"),
        ("expects", "output == [B, 4]", None),
        ("expects", None, "output == [B, 5]"),
    ]


def test_comments_and_order_of_words_are_no_difference() -> None:
    text = BLOCKS.format(**NET)
    assert not archspec.diff(
        read(text), read(f"# Nothing new.\n{text}".replace("kernel=3, padding=1", "padding=1, kernel=3"))
    )


def test_both_syntaxes_of_a_model_are_no_difference() -> None:
    for name in ("lenet", "alexnet"):
        assert not archspec.diff(ROOT / f"specs/{name}.arch", ROOT / f"specs/{name}.yaml")


# -------------------------------------------------------------------------------------------------------------- forms


def test_no_line_is_wider_than_was_asked_for() -> None:
    for _, _, found in neighbours()[::5]:
        lines = str(found).split("\n")
        # A formula is not broken, nor is a name.
        assert [
            line for line in lines if len(line) > 100 and "*" not in line and max(map(len, line.split())) < 40
        ] == []


def test_json_tells_the_same_as_the_difference() -> None:
    found = difference(act="gelu", times=6, classes=12)
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


# ---------------------------------------------------------------------------------------------------------- revisions


def git(folder: Path, *arguments: str) -> None:
    options = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *options, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec that uses a file beside it; the two revisions of both differ, and so do the files as they are."""
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "nets" / "parts").mkdir(parents=True)
    unit, spec = tmp_path / "nets" / "parts" / "unit.arch", tmp_path / "nets" / "net.arch"
    for number in (1, 2, 3):
        unit.write_text(f"block Unit {{ input x: [B, D]\nlinear({10 * number}) }}\n")
        spec.write_text(
            f'use "parts/unit.arch"\nmodel Net {{ input x: [B, 4]\nbody = Unit\nhead = linear({number}) }}\n'
        )
        if number < 3:
            git(tmp_path, "add", ".")
            git(tmp_path, "commit", "-q", "-m", str(number))
            git(tmp_path, "tag", f"some/v{number}")
    return tmp_path


def settings_of(found: Difference) -> list[tuple[str, str | None, str | None]]:
    return [(use.name, use.facts[0].old, use.facts[0].new) for each in found.of(Kind.CHANGED) for use in each.uses]


@pytest.mark.parametrize("first", ["HEAD~1", "some/v1", "trunk^"])
def test_what_a_spec_uses_is_of_the_same_revision(repository: Path, first: str) -> None:
    old = f"git:{first}:nets/net.arch"
    assert settings_of(archspec.diff(old, "git:HEAD:nets/net.arch")) == [
        ("body.linear1", "10", "20"),
        ("head", "1", "2"),
    ]
    assert settings_of(archspec.diff(old, "nets/net.arch")) == [("body.linear1", "10", "30"), ("head", "1", "3")]
    assert not archspec.diff(old, old)


def test_a_path_at_a_revision_is_relative_to_the_folder_in_which_we_run(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "nets")
    assert settings_of(archspec.diff("git:HEAD:net.arch", "net.arch"))[1] == ("head", "2", "3")


def test_a_file_that_is_gone_is_read_as_it_was(repository: Path) -> None:
    (repository / "nets" / "parts" / "unit.arch").unlink()
    assert settings_of(archspec.diff("git:HEAD~1:nets/net.arch", "git:HEAD:nets/net.arch"))[0][0] == "body.linear1"


def test_a_spec_at_a_revision_uses_no_file_outside(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "nets" / "out.arch").write_text('use "../other.arch"\nmodel M { input x: [B, 4]\nUnit }\n')
    (repository / "other.arch").write_text("block Unit { input x: [B, D]\nlinear(3) }\n")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "out")
    assert not archspec.diff("git:HEAD:nets/out.arch", "nets/out.arch")
    monkeypatch.chdir(repository / "nets")
    with pytest.raises(SpecError, match="outside of the root folder"):
        archspec.diff("git:HEAD:out.arch", "git:HEAD:out.arch")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("git:HAED:nets/net.arch", "the repository has no revision `HAED`; did you mean `HEAD`?"),
        ("git:trank:nets/net.arch", "the repository has no revision `trank`; did you mean `trunk`?"),
        ("git:--help:nets/net.arch", "`--help` is no revision"),
        ("git:HEAD", "is not of the form `git:REVISION:FILE`"),
        ("git::nets/net.arch", "is not of the form `git:REVISION:FILE`"),
        ("git:HEAD:/net.arch", "`/net.arch` is an absolute path"),
    ],
)
def test_a_revision_that_cannot_be_read_is_wrong_use(
    repository: Path, name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RevisionError, match=re.escape(says)):
        archspec.diff(name, "nets/net.arch")
    assert main(["diff", name, "nets/net.arch"]) == 2
    assert says in capsys.readouterr().err


def test_a_file_that_a_revision_lacks_is_a_finding(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "git:HEAD:nets/nat.arch", "nets/net.arch"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "the revision `HEAD` has no such file; did you mean `git:HEAD:nets/net.arch`?" in output.err


def test_outside_of_a_repository_there_are_no_revisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(RevisionError, match="speaks of a Git repository, and"):
        archspec.diff("git:HEAD:a.arch", "git:HEAD:a.arch")


def test_without_git_it_is_said_that_it_is_missing(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(RevisionError, match="there is no `git` here"):
        archspec.diff("git:HEAD:nets/net.arch", "nets/net.arch")


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
    content = json.loads(difference(act="gelu").written("json"))
    named = set(re.findall(r"`(?:layers\[\]\.)?([\w]+)`", page))
    assert {*content, *content["layers"][0], *content["layers"][0]["uses"][0], *content["totals"]} <= named


def test_the_example_in_python_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    exec(compile(code, str(PAGE), "exec"), {})  # noqa: S102  # The page is ours.
    assert "repeated layer1" in capsys.readouterr().out
