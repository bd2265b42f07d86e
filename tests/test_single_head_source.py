"""Models with attention of a single head: what is written of them goes through the tools of PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from tests.test_emit import STRICTLY, said

SPEC: Final = """
model Looks(hidden = 6) {
    input query: [B, Q, 8]
    input key: [B, T, 8]
    input value: [B, T, 5]
    input seen: [B, T] bool
    input allowed: [B, Q, T] bool

    first  = (query, key, value) -> soft_attention(SCORE)
    second = (query, key, seen) -> soft_attention(SCORE)
    third, weights = (query, key, value, allowed) -> hard_attention(SCORE)
    fourth = (query, key, seen) -> pointer(hidden, log=true)
    one    = query -> select(axis=1, index=0)
    fifth  = (one, key, value, seen) -> soft_attention(SCORE)
    last   = (one, key) -> pointer(hidden)

    output a = first
    output b = second
    output c = third
    output d = weights
    output e = fourth
    output f = fifth
    output g = last
}
"""

WRITTEN: Final = {
    "dot": "dot",
    "scaled": "scaled_dot",
    "additive": "additive, hidden=hidden",
    "bilinear": "bilinear",
}


def spec(score: str) -> archspec.Model:
    return archspec.loads(SPEC.replace("SCORE", WRITTEN[score]), name=f"{score}.arch")


@pytest.mark.parametrize("score", WRITTEN)
@pytest.mark.parametrize("is_training", [True, False])
def test_such_a_model_can_be_exported_with_any_batch_and_any_positions(score: str, is_training: bool) -> None:
    model = spec(score)
    assert not list(model.check(ignore=["A4"]))
    module = model.compile()
    assert isinstance(module, nn.Module)
    module.train(is_training)

    def inputs(batch: int, queries: int, positions: int) -> tuple[Tensor, ...]:
        seen, allowed = torch.rand(batch, positions) < 0.5, torch.rand(batch, queries, positions) < 0.5
        return (
            torch.randn(batch, queries, 8),
            torch.randn(batch, positions, 8),
            torch.randn(batch, positions, 5),
            seen,
            allowed,
        )

    batch, queries, positions = (torch.export.Dim(name, min=2, max=64) for name in ("batch", "queries", "positions"))
    exported = torch.export.export(
        module,
        inputs(3, 4, 5),
        dynamic_shapes=(
            {0: batch, 1: queries},
            {0: batch, 1: positions},
            {0: batch, 1: positions},
            {0: batch, 1: positions},
            {0: batch, 1: queries, 2: positions},
        ),
    ).module()
    for sizes in ((2, 6, 3), (5, 2, 9)):
        given = inputs(*sizes)
        torch.manual_seed(0)
        expected = module(*given)
        torch.manual_seed(0)
        torch.testing.assert_close(tuple(exported(*given)), tuple(expected), equal_nan=False)
        on_meta = module.to("meta")(*(each.to("meta") for each in given))
        assert [each.shape for each in on_meta] == [each.shape for each in expected]
        module = model.compile().train(is_training)
        module.load_state_dict(exported.state_dict())


@pytest.mark.parametrize("score", ["scaled", "additive"])
def test_such_a_model_is_compiled_in_one_piece(score: str) -> None:
    module = spec(score).compile().eval()
    numbers = torch.randn(2, 3, 8), torch.randn(2, 4, 8), torch.randn(2, 4, 5)
    given = (*numbers, torch.ones(2, 4).bool(), torch.ones(2, 3, 4).bool())
    whole: Any = torch.compile(module, backend="eager", fullgraph=True)
    torch.testing.assert_close(tuple(whole(*given)), tuple(module(*given)))


def test_formatters_linters_and_type_checkers_find_nothing_in_the_source(tmp_path: Path) -> None:
    for score in WRITTEN:
        (tmp_path / f"{score}.py").write_text(spec(score).source())
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=tmp_path)
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=tmp_path)
    assert not said("mypy", *STRICTLY, ".", folder=tmp_path)
