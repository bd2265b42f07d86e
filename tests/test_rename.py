"""`rename`: which rule speaks of a weight, what it makes of its name, and that a table is undone by its application."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import archspec
from archspec.rename import Rename, most_precise, stored_name
from archspec.source import Source
from archspec.syntax.tree import Scalar
from tests import stored
from tests.stored import tensors_of

quickly: Final = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def rule(own: str, name: str) -> Rename:
    place = Source("rules", "").whole()
    return Rename(Scalar(own, place), Scalar(name, place))


def rules(table: dict[str, str]) -> list[Rename]:
    return [rule(own, name) for own, name in table.items()]


@pytest.mark.parametrize(
    ("table", "name", "expected"),
    [
        ({}, "head.weight", "head.weight"),
        ({"head": "fc"}, "head.weight", "fc.weight"),
        ({"head": "fc"}, "header.weight", "header.weight"),
        ({"head": "fc"}, "body.head.weight", "body.head.weight"),
        ({"head.weight": "w"}, "head.weight", "w"),
        ({"*": "model.*"}, "head.weight", "model.head.weight"),
        ({"body.*": "*"}, "body.head.weight", "head.weight"),
        ({"layers.*": "h.*"}, "layers.11.attn.weight", "h.11.attn.weight"),
        ({"layers.*.attn": "h.*.a"}, "layers.11.attn.weight", "h.11.a.weight"),
        ({"stages.*.*": "stage*.block*"}, "stages.1.2.weight", "stage1.block2.weight"),
        ({"layers": "h", "layers.*.attn": "x.*.a"}, "layers.1.attn.bias", "x.1.a.bias"),
        ({"layers.*": "h.*", "layers.0": "first"}, "layers.0.bias", "first.bias"),
        ({"layers.*": "h.*", "layers.0": "first"}, "layers.1.bias", "h.1.bias"),
        ({"*.bias": "*.b", "*": "m.*"}, "fc.bias", "fc.b"),
        ({"a": "b", "b": "a"}, "a.weight", "b.weight"),
    ],
)
def test_the_most_precise_rule_says_what_files_call_a_weight(table: dict[str, str], name: str, expected: str) -> None:
    assert stored_name(rules(table), name) == expected


parts: Final = st.sampled_from(("a", "b", "0", "1"))
patterns: Final = st.lists(st.one_of(parts, st.just("*")), min_size=1, max_size=3).map(".".join)


@quickly
@given(st.dictionaries(patterns, st.just("x"), max_size=6), st.lists(parts, min_size=1, max_size=4))
def test_the_order_of_rules_does_not_matter_and_one_that_is_more_precise_comes_first(
    table: dict[str, str], name: list[str]
) -> None:
    found = rules(table)
    best = most_precise(found, name)
    assert set(best) == set(most_precise(found[::-1], name))
    for each in found:
        assert each in best or not each.speaks_of(name) or each.precision < best[0].precision


MODEL: Final = """\
block Layer(width) {{
    input x: [B, width]
    norm = layernorm
    mlp = {{ up = linear(2 * width) -> gelu -> linear(width) }}
}}

model Tower {{
    input x: [B, 4]
    {renames}

    stem = linear(4)
    layers = repeat 3 {{ Layer(4) }}
    head = linear(2, bias=false)
}}
"""
OWN: Final = tensors_of(archspec.loads(MODEL.format(renames="")))


def starts() -> list[str]:
    """What a rule may speak of: each start of a name, with and without `*` for the number of a repeat."""
    found = {".".join(name.split(".")[:length]) for name in OWN for length in range(1, name.count(".") + 2)}
    return sorted({*found, *(each.replace(".0", ".*").replace(".1", ".*").replace(".2", ".*") for each in found)})


others: Final = st.lists(st.sampled_from(("model", "h", "fc", "w", "größe", "x-y", "0")), min_size=1, max_size=3)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, str]:
    """Rules for some parts of the model. Their names differ, so that no two weights get one."""
    chosen = draw(st.lists(st.sampled_from(starts()), min_size=1, max_size=4, unique=True))
    found = {}
    for number, own in enumerate(chosen):
        name = [*draw(others), f"r{number}", *["*"] * own.split(".").count("*")]
        found[own] = ".".join(draw(st.permutations(name)) if draw(st.booleans()) else name)
    return found


@quickly
@given(table=tables(), syntax=st.sampled_from(("arch", "yaml")))
def test_a_file_whose_names_are_changed_as_a_table_says_is_read_by_that_table(
    table: dict[str, str], syntax: str, tmp_path: Path
) -> None:
    lines = "\n".join(f'    rename {own} = "{name}"' for own, name in table.items())
    path = tmp_path / "tower.arch"
    path.write_text(MODEL.format(renames=lines))
    if syntax == "yaml":
        assert archspec_main("convert", path, "-o", tmp_path / "tower.yaml") == 0
        path = tmp_path / "tower.yaml"
    model = archspec.load(path)
    # A rule that others leave nothing to, or that speaks of a layer without weights, is an error of the table.
    assume(model.check().is_clean)
    renamed = {stored_name(rules(table), name): tensor for name, tensor in OWN.items()}
    assert len(renamed) == len(OWN)
    file = stored.write(tmp_path / "tower.safetensors", renamed)
    found = model.find_weights(file)
    assert {name: renamed[found.parts[file][name]] for name in OWN} == OWN
    assert len(set(found.parts[file].values())) == len(OWN)
    if renamed.keys() != OWN.keys():
        plain = archspec.loads(MODEL.format(renames=""))
        assert not plain.check_weights(file).is_clean


def archspec_main(*arguments: object) -> int:
    from archspec.main import main

    return main(list(map(str, arguments)))


def test_rules_hold_for_each_variant_and_one_that_only_a_variant_uses_is_used(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(
        "model Net(deep = false) {\n input x: [B, 4]\n rename extra = more\n rename head = fc\n"
        " if deep { extra = linear(4) }\n head = linear(2)\n}\nvariant deep = Net(deep=true)\n"
    )
    assert archspec.load(path).check().is_clean
    assert archspec.load(path, deep=False).check().is_clean, "with settings from outside, nobody knows of others"
    for model, names in (
        (archspec.load(path), {"fc.weight", "fc.bias"}),
        (archspec.load(f"{path}:deep"), {"more.weight", "more.bias", "fc.weight", "fc.bias"}),
    ):
        file = stored.write(
            tmp_path / "net.safetensors",
            {
                stored_name(rules({"extra": "more", "head": "fc"}), name): each
                for name, each in tensors_of(model).items()
            },
        )
        assert set(model.find_weights(file).parts[file].values()) == names


def test_tied_weights_may_have_one_name(tmp_path: Path) -> None:
    text = (
        "model Net {\n input words: [B, T] int\n rename head = embed\n embed = embedding(9, 4)\n"
        " head = linear(9, bias=false, weight=embed.weight)\n}\n"
    )
    model = archspec.loads(text)
    assert model.check().is_clean
    file = stored.write(tmp_path / "net.safetensors", {"embed.weight": ("F32", (9, 4))})
    assert set(model.find_weights(file).parts[file]) == {"embed.weight", "head.weight"}
