"""What is told to be kept for the backward pass is what autograd saves: for each example of each op, and for models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.kept import Kept
from archspec.op import Example, Op
from archspec.ops import OPS
from archspec.ops.recurrent import Lstm
from archspec.passes.cost import costs
from archspec.shape import Element, Shape
from archspec.size import evaluate
from archspec.storage import Amount, Widths
from tests.lowered import as_tuple, quiet, runnable, zeros
from tests.read_once import read_once
from tests.saved import Saved, memory, saved_by, size

SPECS: Final = Path(__file__).parents[1] / "specs"

ON_CPU: Final = Widths(masks=4)
"""On a CPU, the masks of dropout are numbers."""

EXCEPTIONS: Final[Mapping[str, str]] = {
    'einsum("bi,oij,bj->bo")': "of three inputs, torch copies those whose axes it moves",
    "attention(2, causal=true, bias=false, dropout=0.1)": "on a CPU, no kernel of torch does attention with dropout",
    "attention(2, dropout=0.1, window=2)": "on a CPU, no kernel of torch does attention with dropout",
}

EXAMPLES: Final = [
    pytest.param(example, id=f"{example.op} of {', '.join(map(str, example.inputs))}")
    for kind in OPS.values()
    for example in kind.examples()
    if str(example.op) not in EXCEPTIONS
]

PAGE: Final = 4096
"""The workspace of an LSTM has seven parts, each of which begins on a page of memory."""


def given(shapes: tuple[Shape, ...]) -> list[Tensor]:
    torch.manual_seed(0)
    return [
        torch.rand(zeros(each, "cpu").shape, requires_grad=True)
        if each.element is Element.FLOAT
        else zeros(each, "cpu")
        for each in shapes
    ]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_op_keeps_what_autograd_saves(example: Example) -> None:
    op, shapes = example.op, example.inputs
    run, values, saved = runnable(op, *shapes), given(shapes), Saved()
    own = [*run.parameters(), *run.buffers()] if isinstance(run, nn.Module) else []
    with quiet(), saved.noted():
        outputs = as_tuple(run(*values))
    kept = saved.beside(own)
    places = {memory(value): ("input", number) for number, value in reversed(list(enumerate(values)))}
    for number, value in enumerate(outputs):
        places.setdefault(memory(value), ("output", number))
    further = size(tensor for place, tensor in kept.items() if place not in places)
    assert {places[place] for place in kept if place in places} == _values(op, shapes)
    expected = _further(op, shapes)
    assert expected <= further <= expected + _slack(op), (expected, further)


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_lies_in_the_memory_of_an_input_is_told(example: Example) -> None:
    run, values = runnable(example.op, *example.inputs), given(example.inputs)
    with quiet():
        outputs = as_tuple(run(*values))
    where = example.op.kept(*example.inputs).lies_in
    assert where is None or {memory(values[where])} == set(map(memory, outputs))
    assert where is not None or not {memory(value) for value in outputs} & set(map(memory, values))


def _flows(op: Op, shapes: tuple[Shape, ...]) -> bool:
    """Whether there is a gradient that flows through it."""
    takes = any(each.element is Element.FLOAT for each in shapes) or bool(op.weights(*shapes))
    return takes and any(each.element is Element.FLOAT for each in op.outputs(*shapes))


def _values(op: Op, shapes: tuple[Shape, ...]) -> set[tuple[str, int]]:
    kept = op.kept(*shapes) if _flows(op, shapes) else Kept()
    found = {("input", number) for number in kept.inputs} | {("output", number) for number in kept.outputs}
    for each in kept.factors:
        for place, number in enumerate(each):
            others = (shapes[other] for where, other in enumerate(each) if where != place)
            found |= {("input", number)} if any(other.element is Element.FLOAT for other in others) else set()
    return found


def _further(op: Op, shapes: tuple[Shape, ...]) -> Any:
    kept = op.kept(*shapes) if _flows(op, shapes) else Kept()
    masks = (Amount(masks=each.elements) for each in kept.masks)
    return sum((each.bytes(ON_CPU) for each in (*map(Amount.of, kept.further), *masks)), 0)


def _slack(op: Op) -> int:
    """By how much torch may keep more, since it begins on pages of memory."""
    return 7 * PAGE * op.layers * len(op.ways) if isinstance(op, Lstm) and op.projection is None else 0


MODELS: Final = [
    ("alexnet.arch", {"B": 2}, {}),
    ("vision/resnet.arch:resnet50", {"B": 1}, {}),
    ("vision/googlenet.arch", {"B": 1}, {}),
    ("vision/mobilenet.arch", {"B": 1}, {}),
    ("vision/unet.arch", {"B": 1, "H": 2, "W": 3}, {}),
    ("attention/gpt2.arch", {"B": 2, "T": 32}, {"dropout": 0.0, "depth": 3, "width": 192, "vocabulary": 500}),
    ("attention/bert.arch", {"B": 2, "T": 32}, {"dropout": 0.0, "depth": 2, "width": 192, "vocabulary": 500}),
    ("attention/transformer.arch", {"B": 2, "S": 16, "T": 9}, {"dropout": 0.0, "depth": 2, "vocabulary": 500}),
    ("sequence/lstm_classifier.arch", {"B": 8, "T": 64}, {}),
    ("sequence/stacked_bilstm.arch", {"B": 8, "T": 64}, {}),
    ("sequence/jordan.yaml", {"B": 2, "T": 5}, {}),
    ("sequence/fully_connected_lstm.arch", {"B": 4, "T": 16}, {}),
    ("memory/neural_turing_machine.arch", {"B": 2, "T": 5}, {}),
]


@pytest.mark.parametrize(("spec", "sizes", "settings"), MODELS, ids=[spec for spec, _, _ in MODELS])
def test_a_model_keeps_what_autograd_saves(spec: str, sizes: dict[str, int], settings: dict[str, Any]) -> None:
    model = read_once(SPECS / spec, **settings)
    expected = evaluate(costs(model.graph).kept.bytes(ON_CPU), sizes)
    shapes = [each.shape.with_sizes(evaluate(size, sizes) for size in each.shape) for each in model.graph.inputs]
    module = model.compile()
    assert isinstance(module, nn.Module)
    assert saved_by(module.train(), *(zeros(each, "cpu") for each in shapes)) == pytest.approx(expected, rel=0.02)


def test_what_two_layers_keep_is_counted_once() -> None:
    once = "model M { input x: [4, 8]\n linear(16) -> relu -> linear(3) }"
    twice = "model M { input x: [4, 8]\n y = linear(16) -> relu\n (y -> linear(3), y -> linear(3)) -> add }"
    assert [costs(archspec.loads(text).graph).kept for text in (once, twice)] == [Amount(floats=64)] * 2


def test_nothing_is_kept_before_the_first_weight() -> None:
    text = "model M { input x: [4, 8]\n tanh -> sigmoid -> linear(3) }"
    assert costs(archspec.loads(text).graph).kept == Amount(floats=32), "the input of the linear layer alone"


def test_a_formula_gives_what_its_numbers_give() -> None:
    text = "model M { input x: [B, T, 16]\n attention(4) -> layernorm -> lstm(8) }"
    open_ = costs(archspec.loads(text).graph).kept.bytes(ON_CPU)
    closed = costs(archspec.loads(text, sizes={"B": 3, "T": 7}).graph).kept.bytes(ON_CPU)
    assert evaluate(open_, {"B": 3, "T": 7}) == closed
