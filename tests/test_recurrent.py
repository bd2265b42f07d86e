"""Recurrent layers: they give what those of torch give, in training and on every device."""

from __future__ import annotations

import pytest
import torch

import archspec
from archspec.size import evaluate
from tests.lowered import as_tuple
from tests.recurrent_layers import (
    BATCH,
    FEATURES,
    LENGTH,
    OPS_OVER_TIME,
    Layer,
    compiled,
    each_layer,
    random,
    squares,
    torch_gives,
)

pytestmark = pytest.mark.usefixtures("steady")


@each_layer
@pytest.mark.parametrize("is_told", [False, True], ids=["from zeros", "from states"])
def test_a_recurrent_layer_is_that_of_torch(layer: Layer, is_told: bool) -> None:
    torch.manual_seed(0)
    reference = layer.reference()
    module = compiled(layer.spec(is_told=is_told), reference.state_dict())
    x, states = random(BATCH, LENGTH, FEATURES), layer.states() if is_told else []
    theirs = [each.clone().requires_grad_() for each in (x, *states)]
    mine = [each.clone().requires_grad_() for each in (x, *states)]
    expected = torch_gives(reference, theirs[0], theirs[1:])
    found = as_tuple(module(*mine))
    torch.testing.assert_close(found, tuple(expected), rtol=0, atol=0)
    torch.autograd.backward(squares(expected))
    torch.autograd.backward(squares(found))
    torch.testing.assert_close([each.grad for each in mine], [each.grad for each in theirs])
    torch.testing.assert_close(
        [each.grad for each in module.parameters()], [each.grad for each in reference.parameters()]
    )


@each_layer
def test_shapes_and_counts_are_those_of_torch(layer: Layer) -> None:
    reference, graph = layer.reference(), archspec.loads(layer.spec(is_told=True)).graph
    assert graph.parameters == sum(each.numel() for each in reference.parameters())
    (node,) = graph.nodes
    assert [(name, tuple(shape.sizes)) for name, shape in node.weights.items()] == [
        (name, tuple(each.shape)) for name, each in reference.named_parameters()
    ]
    x, states = random(BATCH, LENGTH, FEATURES), layer.states()
    found = [[evaluate(size, {"B": BATCH, "T": LENGTH}) for size in each.shape] for each in graph.outputs]
    assert found == [list(each.shape) for each in torch_gives(reference, x, states)]


@pytest.mark.parametrize("kind", OPS_OVER_TIME)
def test_dropout_between_layers_acts_in_training_only(kind: str) -> None:
    layer = Layer(kind, layers=2, dropout=0.5)
    reference = layer.reference()
    module = compiled(layer.spec(is_told=False), reference.state_dict())
    x = random(BATCH, LENGTH, FEATURES)
    torch.testing.assert_close(module(x), module(x), rtol=0, atol=0)
    module.train()
    torch.manual_seed(3)
    found = as_tuple(module(x))
    assert not found[0].equal(as_tuple(module(x))[0])
    # What the lower layer ends with is as it was before anything was set to zero.
    assert found[1][0].equal(as_tuple(module.eval()(x))[1][0])
    torch.manual_seed(3)
    torch.testing.assert_close(found, tuple(torch_gives(reference, x, ())), rtol=0, atol=0)


@each_layer
def test_a_recurrent_layer_is_on_the_meta_device_what_it_is_elsewhere(layer: Layer) -> None:
    model = archspec.loads(layer.spec(is_told=True))
    with torch.device("meta"):
        module = model.compile()
        states = [torch.empty(layer.layers * layer.directions, 7, size) for size in layer.sizes.values()]
        found = as_tuple(module(torch.empty(7, 11, FEATURES), *states))
    for each, output in zip(found, model.graph.outputs, strict=True):
        assert each.is_meta
        assert tuple(each.shape) == tuple(evaluate(size, {"B": 7, "T": 11}) for size in output.shape)
