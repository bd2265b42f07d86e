"""Models with recurrent layers: they compute what their graphs say."""

from __future__ import annotations

import pytest
import torch

import archspec
from tests.interpreted import agrees
from tests.lowered import as_tuple
from tests.recurrent_texts import TEXTS, compiled, each_text, example, flat, interpreted, model


def test_cells_of_single_steps_compute_what_their_graphs_say() -> None:
    agrees(model("cells").graph)


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "cells"])
def test_a_model_computes_what_its_graph_says(name: str) -> None:
    module, graph = compiled(model(name)).eval(), model(name).graph
    torch.manual_seed(0)
    inputs = [example(value.shape) for value in graph.inputs]
    for is_training in (False, True) if name == "training" else (False,):
        module.train(is_training)
        torch.testing.assert_close(list(flat(module(*inputs))), interpreted(graph, module, inputs), rtol=0, atol=0)
    assert sum(each.numel() for each in module.parameters()) == graph.parameters


@each_text
@pytest.mark.filterwarnings("ignore:The tensor attribute")  # The list of weights that torch's own layers keep.
def test_a_model_can_be_exported(name: str) -> None:
    module, graph = compiled(model(name)).eval(), model(name).graph
    torch.manual_seed(1)
    inputs = tuple(example(value.shape) for value in graph.inputs)
    exported = torch.export.export(module, inputs, strict=False).module()
    torch.testing.assert_close(exported(*inputs), module(*inputs))


@pytest.mark.filterwarnings("ignore:The tensor attribute")
def test_an_exported_model_may_leave_the_batch_open() -> None:
    """Torch itself takes the length of a sequence for a number, as it writes all its positions out."""
    module = compiled(model("stacked")).eval()
    axes = ({0: torch.export.Dim.DYNAMIC},)
    exported = torch.export.export(module, (torch.zeros(3, 4, dtype=torch.long),), dynamic_shapes=axes).module()
    words = torch.randint(0, 20, (5, 4))
    torch.testing.assert_close(exported(words), module(words))


def test_yaml_has_several_names_and_sources_in_lists() -> None:
    spec = archspec.loads(
        """
        archspec: 1
        model: Translator
        inputs:
          source: {shape: [B, S], element: int}
          target: {shape: [B, T], element: int}
        layers:
          - source -> embedding(20, 6)
          - lstm: {hidden: 8, layers: 2}
            name: [memory, h, c]
          - embedding: {entries: 20, features: 6}
            name: words
            from: target
          - lstm: {hidden: 8, layers: 2}
            name: decoded
            from: [words, h, c]
          - (decoded, memory) -> attention(heads=2) -> linear(20)
        """,
        syntax="yaml",
    )
    assert not list(spec.check(ignore=["A4"]))
    written, other = (each.source().partition("import torch")[2] for each in (spec, model("translator")))
    assert written == other


@each_text
def test_gradients_reach_all_weights(name: str) -> None:
    module, graph = compiled(model(name)).train(), model(name).graph
    torch.manual_seed(2)
    outputs = as_tuple(module(*(example(value.shape) for value in graph.inputs)))
    torch.autograd.backward(torch.stack([each.square().sum() for each in outputs]).sum())
    assert all(each.grad is not None for each in module.parameters())


def test_weights_are_tied_and_start_as_the_spec_says() -> None:
    module = compiled(model("tied"))
    first, second = module.get_submodule("first"), module.get_submodule("second")
    assert second.get_parameter("weight_hh_l0") is first.get_parameter("weight_hh_l0")
    # What torch calls is a list of its own, which has to know of the tie.
    x = torch.randn(2, 3, 4, dtype=torch.double)
    before = as_tuple(second(x))[0]
    with torch.no_grad():
        first.get_parameter("weight_hh_l0").zero_()
    assert not before.equal(as_tuple(second(x))[0])
    for name in ("first", "second", "gru1"):
        assert not module.get_parameter(f"{name}.bias_ih_l0").any()
    matrix = module.get_parameter("gru1.weight_hh_l0").detach()
    torch.testing.assert_close(matrix.T @ matrix, torch.eye(4, dtype=torch.double), atol=1e-6, rtol=0)
