"""Embeddings: rows of a table, one by one and in bags, and the row that stands for no word."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.op import Op, ShapeError
from archspec.ops.embedding import Embedding, EmbeddingBag
from archspec.shape import Element, Shape
from archspec.size import Size, named
from archspec_torch.lower import OpenSizeError, lower
from tests.lowered import built, call_of, shape_of
from tests.test_emit import STRICTLY, said

B, N, T = map(named, "BNT")

Mode = Literal["mean", "sum", "max"]
MODES: Final[tuple[Mode, ...]] = ("mean", "sum", "max")

WORDS: Final = torch.tensor([[3, 0, 3, 1], [1, 2, 4, 4], [0, 0, 2, 0], [0, 0, 0, 0]])


@pytest.fixture(autouse=True)
def _same_numbers() -> None:
    torch.manual_seed(11)


def module_for(op: Op, *inputs: Tensor) -> nn.Module:
    return built(call_of(op, *map(shape_of, inputs)))


def words(*sizes: Size) -> Shape:
    return Shape.of(*sizes, element=Element.INT)


# ---------------------------------------------------------------------------------------------------------- one by one


@pytest.mark.parametrize(("padding", "row"), [(0, 0), (3, 3), (-1, 4), (-5, 0)])
def test_the_padding_starts_at_zero_and_is_not_trained(padding: int, row: int) -> None:
    module = module_for(Embedding(entries=5, features=4, padding_index=padding), WORDS)
    table = module.get_parameter("weight")
    assert not table[row].any()
    assert all(table[other].any() for other in range(5) if other != row)
    found = module(WORDS)
    for example, line in enumerate(WORDS.tolist()):
        for place, word in enumerate(line):
            assert found[example, place].equal(table[word])
    (found * torch.randn_like(found)).sum().backward()
    assert table.grad is not None
    assert not table.grad[row].any()
    assert all(table.grad[other].any() for other in range(5) if other != row)


def test_without_padding_every_row_is_trained() -> None:
    module = module_for(Embedding(entries=5, features=4), WORDS)
    table = module.get_parameter("weight")
    module(WORDS).square().sum().backward()
    assert table.grad is not None
    assert table.grad.any(dim=1).all()


# ------------------------------------------------------------------------------------------------------------- in bags


def bag(table: Tensor, line: list[int], mode: str, padding: int | None, shares: list[float]) -> Tensor:
    """What is given of the words of an example, one after the other."""
    rows = [table[word] * share for word, share in zip(line, shares, strict=True) if word != padding]
    if not rows:
        return torch.zeros(table.shape[1], dtype=table.dtype)
    total = rows[0].clone()
    for row in rows[1:]:
        total = torch.maximum(total, row) if mode == "max" else total + row
    return total / len(rows) if mode == "mean" else total


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("padding", [None, 0, 4])
@pytest.mark.parametrize("is_training", [True, False])
def test_a_bag_is_its_formula(mode: Mode, padding: int | None, is_training: bool) -> None:
    module = module_for(EmbeddingBag(entries=5, features=3, mode=mode, padding_index=padding), WORDS).double()
    module.train(is_training)
    table, found = module.get_parameter("weight"), module(WORDS)
    for example, line in enumerate(WORDS.tolist()):
        torch.testing.assert_close(found[example], bag(table, line, mode, padding, [1.0] * 4))
    if padding is not None:
        assert not table[padding].any()


@pytest.mark.parametrize("mode", MODES)
def test_the_padding_of_a_bag_does_not_count_and_is_not_trained(mode: Mode) -> None:
    module = module_for(EmbeddingBag(entries=5, features=3, mode=mode, padding_index=0), WORDS)
    table = module.get_parameter("weight")
    with torch.no_grad():
        # It does not count even where its row is not zero.
        table[0] = 9
    found = module(WORDS)
    assert not found[3].any()
    torch.testing.assert_close(found[2], table[2])
    found.square().sum().backward()
    assert table.grad is not None
    assert not table.grad[0].any()
    assert table.grad[2].any()


@pytest.mark.parametrize("padding", [None, 4])
def test_words_may_have_weights(padding: int | None) -> None:
    shares = torch.rand(4, 4)
    op = EmbeddingBag(entries=5, features=3, mode="sum", padding_index=padding)
    module = module_for(op, WORDS, shares)
    table, found = module.get_parameter("weight"), module(WORDS, per_sample_weights=shares)
    for example, line in enumerate(WORDS.tolist()):
        torch.testing.assert_close(found[example], bag(table, line, "sum", padding, shares[example].tolist()))


@pytest.mark.parametrize("mode", MODES)
def test_a_bag_is_an_embedding_and_a_reduction(mode: Mode) -> None:
    module = module_for(EmbeddingBag(entries=5, features=3, mode=mode), WORDS)
    single = module_for(Embedding(entries=5, features=3), WORDS)
    single.load_state_dict(module.state_dict())
    vectors = single(WORDS)
    expected = vectors.amax(dim=1) if mode == "max" else getattr(vectors, mode)(dim=1)
    torch.testing.assert_close(module(WORDS), expected)


# ----------------------------------------------------------------------------------------------------------- the rules


@pytest.mark.parametrize(
    ("op", "inputs", "source"),
    [
        (Embedding(entries=9, features=4), (words(B, T),), "nn.Embedding(9, 4)"),
        (Embedding(entries=9, features=4, padding_index=0), (words(B, T),), "nn.Embedding(9, 4, padding_idx=0)"),
        (EmbeddingBag(entries=9, features=4), (words(B, T),), "nn.EmbeddingBag(9, 4)"),
        (
            EmbeddingBag(entries=9, features=4, mode="max", padding_index=-1),
            (words(B, T),),
            'nn.EmbeddingBag(9, 4, mode="max", padding_idx=-1)',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_lowering_reads_as_an_engineer_would_write_it(op: Op, inputs: tuple[Shape, ...], source: str) -> None:
    assert str(lower(op, *inputs)) == source


def test_shapes_are_those_of_the_manual() -> None:
    assert Embedding(entries=9, features=4).infer(words(B, T, 3)) == Shape.of(B, T, 3, 4)
    assert EmbeddingBag(entries=9, features=4).infer(words(B, T)) == Shape.of(B, 4)
    summed = EmbeddingBag(entries=9, features=4, mode="sum")
    assert summed.infer(words(B, T), Shape.of(B, T)) == Shape.of(B, 4)
    assert summed.infer(words(B, T), Shape.of(7, T)) == Shape.of(7, 4)
    assert summed.macs(words(B, T)) == 0
    assert EmbeddingBag.arity() == (1, 2)


def test_a_padding_may_be_the_last_of_rows_whose_number_is_open() -> None:
    assert Embedding(entries=N, features=4, padding_index=N - 1).infer(words(B)) == Shape.of(B, 4)
    assert Embedding(entries=N, features=4, padding_index=5).infer(words(B)) == Shape.of(B, 4)
    with pytest.raises(ShapeError, match="has row N as its padding, but only N of them"):
        Embedding(entries=N, features=4, padding_index=N).infer(words(B))
    with pytest.raises(OpenSizeError, match="needs its padding_index as a number"):
        lower(Embedding(entries=N, features=4, padding_index=N - 1), words(B))


@pytest.mark.parametrize(
    ("op", "inputs", "message", "setting"),
    [
        (
            Embedding(entries=5, features=4, padding_index=5),
            (words(B),),
            "has row 5 as its padding, but only 5 of them",
            "padding_index",
        ),
        (
            Embedding(entries=5, features=4, padding_index=-6),
            (words(B),),
            "has row -6 as its padding, but only 5 of them",
            "padding_index",
        ),
        (
            EmbeddingBag(entries=5, features=4, padding_index=5),
            (words(B, T),),
            "has row 5 as its padding, but only 5 of them",
            "padding_index",
        ),
        (
            EmbeddingBag(entries=5, features=4),
            (Shape.of(B, T),),
            "needs whole numbers as its first input, but it has fractions",
            None,
        ),
        (EmbeddingBag(entries=5, features=4), (words(B),), "needs 2 axes, but the input has 1", None),
        (EmbeddingBag(entries=5, features=4), (words(B, T, 3),), "needs 2 axes, but the input has 3", None),
        (
            EmbeddingBag(entries=5, features=4),
            (words(B, T), Shape.of(B, T)),
            "has a weight for each word, which it cannot have with `mode` `mean`",
            "mode",
        ),
        (
            EmbeddingBag(entries=5, features=4, mode="sum"),
            (words(B, T), words(B, T)),
            "needs fractions as its second input, but it has whole numbers",
            None,
        ),
        (
            EmbeddingBag(entries=5, features=4, mode="sum"),
            (words(B, T), Shape.of(B)),
            "needs a weight for each word, but the words have 2 axes and the weights 1 axis",
            None,
        ),
        (
            EmbeddingBag(entries=5, features=4, mode="sum"),
            (words(B, 4), Shape.of(B, 1)),
            "needs a weight for each word, but axis 1 differs: 4 and 1",
            None,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refusals_say_what_is_wrong(op: Op, inputs: tuple[Shape, ...], message: str, setting: str | None) -> None:
    with pytest.raises(ShapeError) as refusal:
        op.infer(*inputs)
    assert refusal.value.message == message
    assert refusal.value.setting == setting
    assert refusal.value.help


# ------------------------------------------------------------------------------------------------------ written models

SPEC: Final = """
model Topics(entries = 50) {
    input words: [B, T] int
    input shares: [B, T]

    mean = words -> embedding_bag(entries, 6, padding_index=0)
    most = words -> embedding_bag(entries, 6, mode=max)
    shared = (words, shares) -> embedding_bag(entries, 6, mode=sum, padding_index=entries - 1)
    each = words -> embedding(entries, 6, padding_index=0) -> permute([0, 2, 1]) -> global_avgpool -> flatten
    (mean, most, shared, each) -> concat -> linear(3)
}
"""


def test_such_a_model_can_be_exported_with_any_batch_and_any_lengths() -> None:
    model = archspec.loads(SPEC)
    assert not list(model.check(ignore=["A4"]))
    assert 'nn.EmbeddingBag(entries, 6, mode="sum", padding_idx=entries - 1)' in model.source()
    module = model.compile()
    assert isinstance(module, nn.Module)
    batch, time = (torch.export.Dim(each, min=2, max=64) for each in ("batch", "time"))
    exported = torch.export.export(
        module, (torch.randint(50, (3, 4)), torch.rand(3, 4)), dynamic_shapes=({0: batch, 1: time}, {0: batch, 1: time})
    ).module()
    whole: Any = torch.compile(module, backend="eager", fullgraph=True)
    for sizes in ((2, 7), (5, 2)):
        given = torch.randint(50, sizes), torch.rand(sizes)
        torch.testing.assert_close(exported(*given), module(*given))
        torch.testing.assert_close(whole(*given), module(*given))
        with torch.device("meta"):
            empty: Any = model.compile()
        assert empty(*(each.to("meta") for each in given)).shape == (sizes[0], 3)


def test_formatters_linters_and_type_checkers_find_nothing_in_the_source(tmp_path: Path) -> None:
    (tmp_path / "topics.py").write_text(archspec.loads(SPEC).source())
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=tmp_path)
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=tmp_path)
    assert not said("mypy", *STRICTLY, ".", folder=tmp_path)


def test_a_bag_of_fractions_is_found() -> None:
    (finding,) = archspec.loads("model M { input x: [B, T]\n embedding_bag(9, 4) }").check()
    assert finding.message() == "`embedding_bag` needs whole numbers as its first input, but it has fractions"
