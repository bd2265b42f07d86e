"""What differs between two models: laws over all specs, over mutants of them and over chains, and what is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archspec
from archspec import Difference, Model
from archspec.difference import Kind, matching
from tests.mutants import Mutant, mutants
from tests.pairs import BLOCKS, NET, SPECS, changed, neighbours, net, read
from tests.right_specs import bases

ROOT: Final = Path(__file__).parent.parent
DONE: Final = (Kind.ADDED, Kind.REMOVED, Kind.CHANGED, Kind.MOVED, Kind.RENAMED, Kind.REPEATED)
"""What is done to layers, and does not only follow."""


def told(difference: Difference) -> dict[Kind, list[str]]:
    """What was done, each kind with the places that it names."""
    return {kind: [each.place for each in difference.of(kind)] for kind in DONE if difference.of(kind)}


def uses(difference: Difference, kind: Kind) -> list[str]:
    return sorted(use.name for change in difference.of(kind) for use in change.uses)


# ------------------------------------------------------------------------------------------------- laws of all specs


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


def test_a_change_in_a_block_is_told_once_with_its_uses() -> None:
    found = changed(act="gelu")
    assert [(change.kind, change.place, len(change.uses)) for change in found.changes] == [
        (Kind.CHANGED, "Unit.gelu1", 5)
    ]
    assert "in 5 uses: body.0-3, tail" in str(found)


def test_a_repeat_of_another_length_is_told_as_that() -> None:
    found = changed(times=7)
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
