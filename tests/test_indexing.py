"""Ops that look values up, put them in order or tell of their places: their numbers, shapes and refusals."""

from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor, nn

from archspec import loads
from archspec.op import Op, ShapeError
from archspec.ops.indexing import Gather, OneHot, Positions, Sort, Take, TopK, Tril, Triu
from archspec.shape import Element, Shape
from archspec.size import named
from archspec_torch.call import Variable
from archspec_torch.inline import Inline
from archspec_torch.lower import lower
from tests.laws import agrees_with_torch
from tests.left_out import is_left_out
from tests.lowered import call_of, module_of, random_uses, result, results, source_of

B, D, K, N, T = map(named, "BDKNT")

sizes = st.lists(st.integers(1, 3), max_size=3).map(tuple)
elements = st.sampled_from(list(Element))
axes = st.integers(-4, 3)


def whole(*sizes: object) -> Shape:
    return Shape(sizes, Element.INT)  # type: ignore[arg-type]  # They are sizes.


def numbers(*sizes: int) -> Tensor:
    return torch.randn(sizes, generator=torch.Generator().manual_seed(sum(sizes)))


# ------------------------------------------------------------------------------------------------- shapes and refusals


@random_uses
@given(axes, st.builds(Shape, sizes, elements), st.data())
def test_gather_is_that_of_torch(axis: int, x: Shape, data: st.DataObject) -> None:
    indices = [data.draw(st.integers(1, 3) | st.just(size)) for size in x]
    agrees_with_torch(Gather(axis=axis), x, Shape(tuple(indices), data.draw(elements)))


@random_uses
@given(axes, st.builds(Shape, sizes, elements), st.builds(Shape, sizes, elements))
def test_take_is_that_of_torch(axis: int, x: Shape, indices: Shape) -> None:
    op = Take(axis=axis)
    assume(not is_left_out(op, (x, indices)))
    agrees_with_torch(op, x, indices)


@random_uses
@given(st.integers(1, 4), axes, st.booleans(), st.builds(Shape, sizes, st.sampled_from([Element.FLOAT, Element.INT])))
def test_topk_is_that_of_torch(k: int, axis: int, largest: bool, x: Shape) -> None:
    agrees_with_torch(TopK(k=k, axis=axis, largest=largest), x)


@random_uses
@given(axes, st.booleans(), st.builds(Shape, sizes, elements))
def test_sort_is_that_of_torch(axis: int, descending: bool, x: Shape) -> None:
    agrees_with_torch(Sort(axis=axis, descending=descending), x)


@random_uses
@given(
    st.sampled_from([Tril, Triu]),
    st.integers(-4, 4),
    st.builds(Shape, st.lists(st.integers(1, 4), max_size=4).map(tuple), elements),
)
def test_triangles_are_those_of_torch(kind: type[Tril] | type[Triu], diagonal: int, x: Shape) -> None:
    agrees_with_torch(kind(diagonal=diagonal), x)


@random_uses
@given(axes, st.builds(Shape, sizes, elements), st.integers(1, 5))
def test_positions_and_one_hot_rows_are_those_of_torch(axis: int, x: Shape, classes: int) -> None:
    agrees_with_torch(Positions(axis=axis), x)
    agrees_with_torch(OneHot(classes=classes), Shape(x.sizes, Element.INT))


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        (Gather(), [Shape.of(2, 5), Shape.of(2, 3)], "takes elements of type `int` as its indices, not `float`"),
        (
            Gather(),
            [Shape.of(2, 5, 8), whole(2, 3)],
            "needs indices with as many axes as the values, but they have 2 axes and the values 3 axes",
        ),
        (Gather(), [Shape.of(B, N), whole(B + 1, 3)], "looks up B + 1 positions of axis 0, but the values have only B"),
        (Gather(axis=2), [Shape.of(2, 5), whole(2, 3)], "has no axis 2: the input has 2 axes"),
        (Take(), [Shape.of(2, 5), Shape.of(3)], "takes elements of type `int` as its indices, not `float`"),
        (Take(), [Shape.of(2, 5), whole()], "needs indices with at least 1 axis, but they have 0 axes"),
        (Take(), [Shape.of(2), whole(3)], "has no axis 1: the input has 1 axis"),
        (TopK(k=9), [Shape.of(2, 8)], "takes 9 values, but axis -1 of the input has only 8"),
        (TopK(k=N + 1), [Shape.of(2, N)], "takes N + 1 values, but axis -1 of the input has only N"),
        (TopK(k=1, axis=2), [Shape.of(2, N)], "has no axis 2: the input has 2 axes"),
        (Sort(axis=1), [Shape.of(2)], "has no axis 1: the input has 1 axis"),
        (Tril(), [Shape.of(2)], "needs at least 2 axes, but the input has 1"),
        (Positions(), [Shape.of(2)], "has no axis 1: the input has 1 axis"),
    ],
    ids=lambda value: str(value) if isinstance(value, Op) else "",
)
def test_refusals_give_the_sizes_and_a_cure(op: Op, inputs: list[Shape], message: str) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*inputs)
    assert refusal.value.message == message
    assert refusal.value.help


def test_open_sizes_are_refused_only_where_every_number_would_be() -> None:
    assert Gather().infer(Shape.of(B, N), whole(T, K)) == Shape.of(T, K)
    assert Take(axis=0).infer(Shape.of(N, D), whole(B, T)) == Shape.of(B, T, D)
    assert Take(axis=-1).infer(Shape.of(B, N), whole(T)) == Shape.of(B, T)
    assert TopK(k=K).infer(Shape.of(B, N)) == (Shape.of(B, K), whole(B, K))
    assert TopK(k=N // 2, axis=1).infer(Shape.of(B, N, 3)) == (Shape.of(B, N // 2, 3), whole(B, N // 2, 3))
    assert Positions().infer(Shape.of(B, T, D)) == whole(T)
    assert OneHot(classes=K).infer(whole(B, T)) == whole(B, T, K)


def test_there_is_something_to_take_and_to_tell_apart() -> None:
    for kind, setting in ((TopK, "k"), (OneHot, "classes")):
        with pytest.raises(ValidationError):
            kind.model_validate({setting: 0})


# ------------------------------------------------------------------------------------------------------------- numbers


def test_each_line_is_looked_up_at_positions_of_its_own() -> None:
    x, indices = numbers(2, 4, 3), torch.tensor([[[3, 0, 1]], [[2, 2, 0]]])
    found = result(Gather(axis=1), x, indices)
    assert found.shape == (2, 1, 3)
    for line in range(2):
        for place in range(3):
            assert found[line, 0, place] == x[line, indices[line, 0, place], place]
    # What the indices leave out along another axis is not looked up.
    assert result(Gather(axis=-1), x[0], torch.tensor([[1]])).tolist() == [[x[0, 0, 1].item()]]


def test_the_same_positions_of_each_line_are_taken() -> None:
    x, indices = numbers(2, 4, 3), torch.tensor([3, 0, -1, 3, 1])
    found = result(Take(), x, indices)
    assert found.shape == (2, 5, 3)
    for place, index in enumerate(indices):
        assert found[:, place].equal(x[:, index])
    assert result(Take(axis=-2), x, indices).equal(found)
    table, words = numbers(6, 3), torch.tensor([[5, 0], [2, 2]])
    rows = result(Take(axis=0), table, words)
    assert [[rows[i, j].tolist() for j in range(2)] for i in range(2)] == [
        [table[5].tolist(), table[0].tolist()],
        [table[2].tolist(), table[2].tolist()],
    ]


def test_values_are_put_in_order_with_their_positions() -> None:
    x = torch.tensor([[3.0, 9.0, 1.0, 4.0], [7.0, 2.0, 8.0, 0.0]])
    values, indices = results(TopK(k=2), x)
    assert (values.tolist(), indices.tolist()) == ([[9, 4], [8, 7]], [[1, 3], [2, 0]])
    values, indices = results(TopK(k=1, axis=0, largest=False), x)
    assert (values.tolist(), indices.tolist()) == ([[3, 2, 1, 0]], [[0, 1, 0, 1]])
    values, indices = results(Sort(), x)
    assert (values.tolist(), indices.tolist()) == ([[1, 3, 4, 9], [0, 2, 7, 8]], [[2, 0, 3, 1], [3, 1, 0, 2]])
    values, _ = results(Sort(axis=0, descending=True), x)
    assert values.tolist() == [[7, 9, 8, 4], [3, 2, 1, 0]]


def test_a_one_hot_row_times_a_table_is_an_embedding() -> None:
    words, table = torch.tensor([[2, 0], [1, 1]]), numbers(3, 4)
    rows = result(OneHot(classes=3), words)
    assert rows.tolist() == [[[0, 0, 1], [1, 0, 0]], [[0, 1, 0], [0, 1, 0]]]
    assert rows.dtype == torch.int64
    assert (rows.float() @ table).equal(table[words])


@pytest.mark.parametrize("diagonal", [-2, 0, 1])
def test_a_triangle_is_what_lies_on_one_side_of_a_diagonal(diagonal: int) -> None:
    x = numbers(2, 3, 4)
    lower_part, upper_part = result(Tril(diagonal=diagonal), x), result(Triu(diagonal=diagonal), x)
    for i in range(3):
        for j in range(4):
            assert lower_part[:, i, j].equal(x[:, i, j] * (j <= i + diagonal))
            assert upper_part[:, i, j].equal(x[:, i, j] * (j >= i + diagonal))


def test_positions_are_counted_where_the_input_is() -> None:
    x = numbers(2, 5, 3)
    assert result(Positions(), x).tolist() == [0, 1, 2, 3, 4]
    assert result(Positions(axis=-1), x).tolist() == [0, 1, 2]
    assert result(Positions(), x.to("meta")).device.type == "meta"


def test_gradients_flow_to_what_is_looked_up() -> None:
    x = numbers(2, 3).requires_grad_()
    (gradient,) = torch.autograd.grad(result(Gather(), x, torch.tensor([[1], [1]])).sum(), x)
    assert gradient.tolist() == [[0, 1, 0], [0, 1, 0]]
    (gradient,) = torch.autograd.grad(result(Take(), x, torch.tensor([2, 2])).sum(), x)
    assert gradient.tolist() == [[0, 0, 2], [0, 0, 2]]


# -------------------------------------------------------------------------------------------------------------- source


@pytest.mark.parametrize(
    ("op", "inputs", "source"),
    [
        (Gather(), [Shape.of(2, 3), whole(2, 1)], "x0.gather(1, x1)"),
        (Take(), [Shape.of(2, 3), whole(2)], "x0[:, x1]"),
        (Take(axis=0), [Shape.of(2, 3), whole(2, 2)], "x0[x1]"),
        (Take(axis=-1), [Shape.of(2, 3), whole(2)], "x0[..., x1]"),
        (Take(axis=-2), [Shape.of(2, 3, 4), whole(2)], "x0[..., x1, :]"),
        (TopK(k=3), [Shape.of(2, 3)], "x0.topk(3)"),
        (TopK(k=T // 2, axis=1, largest=False), [Shape.of(2, T)], "x0.topk(T // 2, dim=1, largest=False)"),
        (Sort(), [Shape.of(2, 3)], "x0.sort()"),
        (Sort(axis=0, descending=True), [Shape.of(2, 3)], "x0.sort(dim=0, descending=True)"),
        (OneHot(classes=5), [whole(2)], "F.one_hot(x0, 5)"),
        (Tril(), [Shape.of(2, 3)], "x0.tril()"),
        (Triu(diagonal=1), [Shape.of(2, 3)], "x0.triu(diagonal=1)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lowering_reads_as_an_engineer_would_write_it(op: Op, inputs: list[Shape], source: str) -> None:
    inline = lower(op, *inputs)
    assert isinstance(inline, Inline)
    assert source_of(inline, len(inputs), {"T": Variable("T")}) == source


def test_positions_are_a_module_as_they_know_neither_sizes_nor_devices() -> None:
    assert str(call_of(Positions(), Shape.of(B, T))) == "PositionsAlong()"
    assert str(call_of(Positions(axis=-2), Shape.of(B, T))) == "PositionsAlong(axis=-2)"


# ---------------------------------------------------------------------------------------------------- in whole models


EXPERTS = """
model Gate(experts = 4, chosen = 2) {
    input x: [B, T, 8]
    scores = linear(experts)
    top, places = topk(chosen)
    weights = top -> softmax
    row = x -> positions -> reshape([T, 1])
    output gate = weights
    output slots = row * experts + places
}
"""


def test_experts_are_chosen_by_their_scores_at_any_length() -> None:
    model = loads(EXPERTS)
    module = model.compile()
    for length in (3, 5):
        x = numbers(2, length, 8)
        gate, slots = module(x)
        scores = module.scores(x)
        values, places = scores.sort(dim=-1, descending=True)
        torch.testing.assert_close(gate, values[..., :2].softmax(dim=-1))
        assert slots.equal(torch.arange(length)[:, None] * 4 + places[..., :2])


def test_what_is_looked_up_can_be_exported_with_open_sizes() -> None:
    spec = """
model Lookup {
    input x: [B, T, 8]
    input table: [N, 8]
    nearest = (x, table) -> einsum("btd, nd -> btn") -> argmax(-1)
    found = (table, nearest) -> take(0)
    ranked = x -> sort(axis=1)
    (x - mean(x, axes=1, keep=true), found, ranked) -> average -> std(axes=[1, 2])
}
"""
    module = loads(spec).compile()
    x, table = numbers(2, 5, 8), numbers(7, 8)
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
    exported = torch.export.export(
        module, (x, table), dynamic_shapes=({0: batch, 1: length}, None), strict=True
    ).module()
    other = numbers(3, 9, 8)
    nearest = (other[:, :, None] * table).sum(dim=-1).argmax(dim=-1)
    expected = (other - other.mean(dim=1, keepdim=True) + table[nearest] + other.sort(dim=1).values) / 3
    torch.testing.assert_close(exported(other, table), expected.flatten(1).std(dim=1))
    torch.testing.assert_close(module(other, table), expected.flatten(1).std(dim=1))


def test_positions_keep_nothing() -> None:
    module = module_of(Positions(), numbers(2, 3))
    assert isinstance(module, nn.Module)
    assert not module.state_dict()
