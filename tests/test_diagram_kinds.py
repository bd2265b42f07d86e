"""Diagrams of graphs with names of outputs, shared and tied weights, and cells: nothing of these is left out."""

from __future__ import annotations

from functools import cache

import pytest

from archspec_diagram import BACKEND
from tests.kinds import KINDS, widths


@cache
def written(name: str, form: str) -> str:
    target = next(each for each in BACKEND.targets if each.name == form)
    return BACKEND.write(KINDS[name](), target).decode()


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("form", ["svg", "mermaid", "dot"])
def test_each_can_be_drawn(name: str, form: str) -> None:
    target = next(each for each in BACKEND.targets if each.name == form)
    text = written(name, form)
    assert text == BACKEND.write(KINDS[name](), target).decode()
    assert " object at 0x" not in text
    assert "Graph(" not in text


@pytest.mark.parametrize("form", ["svg", "mermaid", "dot"])
def test_weights_in_common_are_told(form: str) -> None:
    assert "weights of encoder.embed" in written("embedded", form)
    assert "weight of transformer.wte" in written("language", form)
    # A layer without weights has none in common.
    assert "weights of tower.1" not in written("siamese", form)


@pytest.mark.parametrize("form", ["svg", "mermaid", "dot"])
def test_outputs_have_their_names(form: str) -> None:
    text = written("auxiliary", form)
    assert "logits" in text
    assert "aux1, in training" in text
    assert "cell Lstm" in written("tagger", form)


def test_long_names_fit() -> None:
    assert all(BACKEND.write(widths(60), target) for target in BACKEND.targets if target.name not in ("png", "pdf"))
