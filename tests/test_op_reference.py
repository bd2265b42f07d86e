"""The manual of the ops in `docs/ops`: it is up to date, its examples are right, and its pictures tell the truth."""

from __future__ import annotations

import re
from itertools import product
from typing import Final

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import archspec
from archspec.compiler import rewritten
from archspec.diagnostics import Report
from archspec.manual import by_family, shipped
from archspec.manual.docstring import Paragraph, Points
from archspec.manual.page import Use, page
from archspec.op import Family, Op
from archspec.render.text import render
from archspec.source import Source
from archspec_diagram import font
from docs import figures, manual

FAMILIES: Final = tuple(by_family(shipped()))
each_family = pytest.mark.parametrize("family", FAMILIES)
each_op = pytest.mark.parametrize("op", shipped().values(), ids=lambda op: op.name)
each_cover = pytest.mark.parametrize("cover", figures.COVERS, ids=lambda cover: cover.op)


def test_it_is_up_to_date() -> None:
    assert manual.PAGES.outdated() == [], f"run `{manual.PAGES.command}`"


@each_op
@pytest.mark.parametrize("syntax", ["arch", "yaml"])
def test_every_example_is_a_right_spec(op: type[Op], syntax: str) -> None:
    for use in page(op).examples:
        text = {"arch": manual.arch_spec, "yaml": manual.yaml_spec}[syntax](use)
        model = archspec.loads(text, syntax=syntax)
        assert render(model.check(ignore=["A4"])) == "", text
        (node,) = model.graph.nodes
        assert node.op == use.op
        assert tuple(value.shape for value in node.inputs) == use.inputs
        assert tuple(value.shape for value in node.outputs) == use.outputs
        assert dict(node.weights) == dict(use.weights)


@each_op
def test_examples_stand_in_the_page_of_the_family(op: type[Op]) -> None:
    text = (manual.FOLDER / f"{op.family}.md").read_text(encoding="utf-8")
    _, _, section = text.partition(f"\n## {op.name}\n")
    section, _, _ = section.partition("\n## ")
    assert [use.line for use in page(op).examples if use.line not in section] == [], f"run `{manual.PAGES.command}`"


@each_family
def test_the_spec_of_a_picture_is_right_and_has_ops_of_the_family(family: Family) -> None:
    model = manual.spec_of(family)
    assert render(model.check()) == ""
    assert family in {node.op.family for node in model.graph.nodes}
    assert model.graph.name == family.value.capitalize()
    assert model.graph.doc.endswith(".")


@each_family
def test_the_spec_of_a_picture_is_in_canonical_form(family: Family) -> None:
    path = manual.FOLDER / f"{family}.arch"
    text = path.read_text(encoding="utf-8")
    assert rewritten(Source(path.name, text), "arch", None, Report()) == text


def test_every_family_is_introduced() -> None:
    assert set(manual.ABOUT) == set(Family)


def test_every_link_leads_somewhere() -> None:
    for path in manual.FOLDER.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        links = re.findall(r'\]\((?!http)([^)\s]+)\)|(?:href|src)="([^"]+)"', text)
        assert links
        for target in (one or other for one, other in links):
            file, _, anchor = target.partition("#")
            there = path.with_name(file) if file else path
            assert there.exists(), target
            headings = re.findall(r"^## (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            assert not anchor or anchor in {heading.lower() for heading in headings}, target


@each_op
def test_nothing_outside_of_code_means_something_else_in_markdown(op: type[Op]) -> None:
    found = page(op)
    texts = [found.summary, *found.shapes, found.source]
    texts += [part.text for part in found.parts if isinstance(part, Paragraph)]
    texts += [item for part in found.parts if isinstance(part, Points) for item in part.items]
    texts += [text for setting in found.settings for text in (setting.description, setting.accepts)]
    for text in texts:
        assert text.count("`") % 2 == 0, text
        prose = re.sub(r"`[^`]*`", "", text)
        assert not re.search(r"[*<>|_#]|\]\(", prose), text


# --------------------------------------------------------------------------------------- what normalisation covers


@each_cover
def test_normalisation_covers_what_the_picture_shows(cover: figures.Cover) -> None:
    """What a value of the result depends on is what shares its statistics."""
    if cover.is_sequence:
        sizes = (figures.BATCH, figures.DOWN, figures.ACROSS)
    else:
        sizes = (figures.BATCH, figures.ACROSS, figures.DOWN)
    model = archspec.loads(f"model M {{\n    input x: {list(sizes)}\n    {cover.op}\n}}\n", syntax="arch")
    x = torch.randn(*sizes, generator=torch.Generator().manual_seed(0), requires_grad=True)
    held = {
        (batch, down, across) if cover.is_sequence else (batch, across, down)
        for batch, across, down in product(range(figures.BATCH), range(figures.ACROSS), range(figures.DOWN))
        if cover.holds(batch, across, down)
    }
    middle = sorted(held)[len(held) // 2]
    model.compile()(x)[middle].backward()
    assert x.grad is not None
    assert {tuple(place) for place in x.grad.nonzero().tolist()} == held


@each_cover
def test_a_panel_has_room_for_its_text(cover: figures.Cover) -> None:
    assert font.width(cover.op, 11, bold=True) < figures.PANEL[0] - 8
    assert all(font.width(words, 9) < figures.PANEL[0] - 8 for words in cover.says)


def test_the_picture_has_a_panel_for_each_normalisation_that_takes_statistics() -> None:
    shown = {cover.op.partition("(")[0] for cover in figures.COVERS}
    assert shown | {"scale", "shift"} == {op.name for op in shipped().values() if op.family is Family.NORMALISATION}


# --------------------------------------------------------------------------------------------- curves of activations


@pytest.mark.parametrize("curve", figures.CURVES, ids=lambda curve: curve.op)
def test_a_curve_is_what_the_op_calculates(curve: figures.Curve) -> None:
    model = archspec.loads(f"model M {{\n    input x: [1, 1, 161]\n    {curve.op}\n}}\n", syntax="arch")
    places = torch.linspace(-curve.reach, curve.reach, 161)
    drawn = torch.tensor([curve.function(x) for x in places.tolist()])
    torch.testing.assert_close(model.compile().eval()(places.reshape(1, 1, -1)).flatten(), drawn, atol=1e-5, rtol=1e-5)


def test_every_activation_that_takes_each_value_on_its_own_has_a_curve() -> None:
    shown = {curve.op.partition("(")[0] for curve in figures.CURVES}
    ops = [op for op in shipped().values() if op.family is Family.ACTIVATION]
    assert shown == {op.name for op in ops if "axis" not in op.settings()}


# ------------------------------------------------------------------------------------------------- examples as YAML


@settings(deadline=None)
@given(st.sampled_from([use for op in shipped().values() for use in page(op).examples]))
def test_both_forms_of_an_example_are_one_model(use: Use) -> None:
    one, other = (
        archspec.loads(text, syntax=syntax).source().partition("import")[2]
        for text, syntax in ((manual.arch_spec(use), "arch"), (manual.yaml_spec(use), "yaml"))
    )
    assert one == other
