"""Graphs computed layer by layer, with the weights of a module, and the module compared with that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor, nn

from archspec.graph import Graph, Node, Value
from archspec.scan import Scan
from archspec.shape import Element, Shape
from archspec.size import evaluate
from archspec_torch.call import Variable
from archspec_torch.emit import emit
from archspec_torch.inline import Inline
from archspec_torch.load import instantiate
from archspec_torch.lower import lower
from tests.lowered import Passed, as_tuple, built, source_of, value_of

NUMBERS: Final = {"B": 2, "T": 3}


def compiled(graph: Graph) -> nn.Module:
    module = instantiate(graph.name, emit(graph))
    assert isinstance(module, nn.Module)
    return module.double().eval()


def sizes_of(shape: Shape) -> tuple[int, ...]:
    return tuple(int(evaluate(size, NUMBERS)) for size in shape)  # type: ignore[arg-type]  # all open sizes are there


def example(shape: Shape) -> Tensor:
    if shape.element is Element.INT:
        return torch.randint(0, 5, sizes_of(shape))
    return torch.randn(sizes_of(shape), dtype=torch.float64)


def interpreted(graph: Graph, module: nn.Module, inputs: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
    """What the graph gives, computed layer by layer with the weights of the module."""
    values: dict[Value, Tensor] = dict(zip(graph.inputs, inputs, strict=True))
    for node in graph.nodes:
        if node.path not in graph.in_training_only or module.training:
            made = _made(graph, node, module, [values[value] for value in node.inputs])
            values |= zip(node.outputs, made, strict=True)
    for value, found in values.items():
        assert tuple(found.shape) == sizes_of(value.shape)
    is_there = {output.name: module.training or not output.in_training_only for output in graph.outputs}
    return tuple(values[output.value] if is_there[output.name] else None for output in graph.outputs)


def _made(graph: Graph, node: Node, module: nn.Module, taken: Sequence[Tensor]) -> tuple[Tensor, ...]:
    first = node
    while first.shares is not None:
        first = graph.node(first.shares)
    if isinstance(node.op, Scan):
        cell = module.get_submodule(first.name)
        if node.op.direction != "both":
            return _run(node.op.cell, cell, taken, node.op.direction == "backward")
        runs = (_run(node.op.cell, cell.get_submodule(way), taken, way == "backwards") for way in node.op.directions)
        return tuple(torch.cat(pair, dim=-1) for pair in zip(*runs, strict=True))
    lowered = lower(node.op, *(value.shape for value in node.inputs))
    if isinstance(lowered, Inline):
        numbers = {name: Variable(str(number)) for name, number in NUMBERS.items()}
        return as_tuple(value_of(source_of(lowered, len(taken), numbers), *taken))
    # A layer without weights may have no module of its own, or one that writes over what it is given.
    is_own = bool(node.weights or node.buffers)
    called = module.get_submodule(first.name) if is_own else built(lowered).train(module.training)
    return as_tuple((called if lowered.passing is None else Passed(called, lowered.passing))(*taken))


def _run(cell: Graph, module: nn.Module, taken: Sequence[Tensor], is_backward: bool) -> tuple[Tensor, ...]:
    """What a cell gives over a sequence, by the definition of a scan."""
    constants = len(cell.inputs) - len(cell.outputs)
    zeros = [torch.zeros(sizes_of(value.shape), dtype=torch.float64) for value in cell.inputs[constants:]]
    states = [*taken[constants:], *zeros[len(taken) - constants :]]
    found: dict[int, Tensor] = {}
    positions = range(taken[0].shape[1])
    for position in reversed(positions) if is_backward else positions:
        given = interpreted(cell, module, [taken[0][:, position], *taken[1:constants], *states])
        states = [state for state in given if state is not None]
        found[position] = states[0]
    return torch.stack([found[position] for position in positions], dim=1), *states


def tensors_of(graph: Graph) -> Iterator[tuple[str, Shape]]:
    """The weights and buffers that layers of their own have, tied ones included."""
    for node in graph.nodes:
        if node.shares is not None:
            continue
        if isinstance(node.op, Scan):
            ways = [f".{way}" for way in node.op.directions] if node.op.direction == "both" else [""]
            for way in ways:
                yield from ((f"{node.name}{way}.{name}", shape) for name, shape in tensors_of(node.op.cell))
        else:
            yield from ((f"{node.name}.{name}", shape) for name, shape in {**node.weights, **node.buffers}.items())


def shapes_of(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def agrees(graph: Graph) -> None:
    """The module computes what the graph says, with the weights that it says, when it is evaluated and trained."""
    module = compiled(graph)
    assert shapes_of(module.state_dict()) == {name: sizes_of(shape) for name, shape in tensors_of(graph)}
    assert sum(weight.numel() for weight in module.parameters()) == graph.parameters
    torch.manual_seed(0)
    inputs = [example(value.shape) for value in graph.inputs]
    learnt = [each for each in (*inputs, *module.parameters()) if each.is_floating_point()]
    for each in learnt:
        each.requires_grad_()
    for is_training in (False, True) if any(output.in_training_only for output in graph.outputs) else (False,):
        module.train(is_training)
        # What a model is given is no leaf here: that could not be written over.
        outputs: Any = module(*(each * 1 for each in inputs))
        assert isinstance(outputs, Tensor if len(graph.outputs) == 1 else tuple)
        expected = interpreted(graph, module, inputs)
        found = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
        assert [each is None for each in found] == [each is None for each in expected]
        for one, other in zip(found, expected, strict=True):
            assert one is None or (other is not None and torch.equal(one, other)), emit(graph)
        for one, other in zip(_gradients(found, learnt), _gradients(expected, learnt), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-9, equal_nan=True)


def _gradients(values: Sequence[Tensor | None], learnt: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
    """The gradients of the squares of values, by all that can be learnt; `None` for what they do not follow from."""
    known = [value.square().sum() for value in values if value is not None and value.requires_grad]
    return torch.autograd.grad(sum(known, torch.zeros(())), learnt, allow_unused=True) if known else ()
