"""Models with multi-head attention: what is written of them, and that the tools of PyTorch take it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from tests.multi_head import flags
from tests.test_emit import STRICTLY, said

pytestmark = pytest.mark.usefixtures("steady")

PAIRS: Final = {
    "masked": """self = (words, pairs) -> attention(4, causal=true)
        (self, memory, seen) -> attention(4)""",
    "grouped": """self = (words, pairs) -> attention(4, kv_heads=2, positions=rotary, causal=true, dropout=0.1)
        (self, memory, seen) -> attention(4, kv_heads=1, window=4, features=8)""",
    "distances": """self = (words, pairs) -> attention(4, positions=alibi, causal=true)
        (self, memory, memory, seen) -> attention(3, positions=relative, max_distance=4, head_value_features=5)""",
}
"""A sequence that attends to itself and to a memory."""


def reader(name: str) -> archspec.Model:
    inputs = (
        "input words: [B, T, 24]\n input memory: [B, S, 16]\n input seen: [B, S] bool\n input pairs: [B, T, T] bool"
    )
    return archspec.loads(f"model Reader {{ {inputs}\n {PAIRS[name]} }}", name=f"{name}.arch")


def inputs_of(batch: int, time: int, memory: int) -> tuple[Tensor, ...]:
    return torch.randn(batch, time, 24), torch.randn(batch, memory, 16), flags(batch, memory), flags(batch, time, time)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("is_training", [True, False])
def test_such_a_model_can_be_exported_with_any_batch_and_any_lengths(name: str, is_training: bool) -> None:
    model = reader(name)
    assert not list(model.check(ignore=["A4"]))
    module = model.compile()
    assert isinstance(module, nn.Module)
    module.train(is_training)
    batch, time, memory = (torch.export.Dim(each, min=2, max=64) for each in ("batch", "time", "memory"))
    exported = torch.export.export(
        module,
        inputs_of(3, 4, 5),
        dynamic_shapes=(
            {0: batch, 1: time},
            {0: batch, 1: memory},
            {0: batch, 1: memory},
            {0: batch, 1: time, 2: time},
        ),
    ).module()
    for sizes in ((2, 6, 3), (5, 2, 9)):
        given = inputs_of(*sizes)
        torch.manual_seed(0)
        expected = module(*given)
        torch.manual_seed(0)
        torch.testing.assert_close(exported(*given), expected)


@pytest.mark.parametrize("name", PAIRS)
def test_such_a_model_is_compiled_in_one_piece_and_runs_on_the_meta_device(name: str) -> None:
    module = reader(name).compile()
    assert isinstance(module, nn.Module)
    module.eval()
    given = inputs_of(2, 3, 4)
    expected = module(*given)
    whole: Any = torch.compile(module, backend="eager", fullgraph=True)
    torch.testing.assert_close(whole(*given), expected)
    with torch.device("meta"):
        empty: Any = reader(name).compile()
    assert empty(*(each.to("meta") for each in given)).shape == expected.shape


def test_formatters_linters_and_type_checkers_find_nothing_in_the_source(tmp_path: Path) -> None:
    for name in PAIRS:
        (tmp_path / f"{name}.py").write_text(reader(name).source())
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=tmp_path)
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=tmp_path)
    assert not said("mypy", *STRICTLY, ".", folder=tmp_path)


def test_a_model_carries_the_classes_that_it_uses() -> None:
    def classes(layer: str) -> set[str]:
        lines = archspec.loads(f"model M {{ input x: [B, T, 8]\n {layer} }}").source().splitlines()
        return {line.split()[1].split("(")[0] for line in lines if line.startswith("class ")} - {"M"}

    assert classes("attention(2)") == {"Attention"}
    assert classes("attention(2, kv_heads=1)") == {"GeneralAttention"}
    assert classes("attention(2, positions=rotary)") == {"GeneralAttention", "RotaryPositions"}
    assert classes("attention(2, positions=alibi)") == {"GeneralAttention", "AlibiPositions"}
    assert classes("attention(2, positions=relative)") == {"GeneralAttention", "RelativePositions"}


@pytest.mark.parametrize(
    ("layer", "finding"),
    [
        ("(x, x, x, mask, mask) -> attention(2)", "`attention` takes 1 to 4 values, and is given 5"),
        ("(x, words) -> attention(2)", "`attention` takes elements of type `bool` or `float`, not `int`"),
        ("(mask, x) -> attention(2)", "`attention` has flags as input 1 of 2, but a mask is the last input"),
    ],
)
def test_wrong_inputs_are_found(layer: str, finding: str) -> None:
    inputs = "input x: [B, T, 8]\n input mask: [B, T] bool\n input words: [B, T] int"
    report = archspec.loads(f"model M {{ {inputs}\n {layer} }}").check()
    assert any(each.message().startswith(finding) for each in report), list(report)
