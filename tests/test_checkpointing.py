"""With `checkpointing`, each use of a block computes its values anew in the backward pass, and nothing else changes."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec

MODELS: Final = {
    "row": """
        block Unit(width) { residual { linear(width) -> gelu -> dropout(0.5) -> linear(8) } }
        model M { input x: [B, T, 8]\n body = repeat 4 { Unit(32) } }
    """,
    "nested": """
        block Inner(width) { residual { linear(width) -> tanh -> dropout(0.2) -> linear(8) } }
        block Outer(width) { Inner(width) -> Inner(width)\n layernorm }
        model M { input x: [B, T, 8]\n Outer(16) -> Outer(32)\n linear(3) }
    """,
    "sequential": """
        block Step(width) { linear(width) -> gelu -> dropout(0.1) -> linear(8) }
        model M { input x: [B, T, 8]\n Step(16) -> Step(24) -> Step(32) }
    """,
    "several": """
        block Two { input x: [B, T, D]\n input y: [B, T, D]\n x * y -> linear(16) -> gelu -> linear(D) }
        model M {
            input x: [B, T, 8]
            a = tanh
            b = (x, a) -> Two
            (a, b) -> Two
        }
    """,
}


def compiled(name: str, **arguments: Any) -> nn.Module:
    torch.manual_seed(0)
    module = archspec.loads(MODELS[name]).compile(**arguments)
    assert isinstance(module, nn.Module)
    return module


@contextmanager
def counting(kept: list[int]) -> Iterator[None]:
    """Counts the numbers that are kept for the backward pass."""

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield


def gradients(module: nn.Module, kept: list[int]) -> list[Tensor | None]:
    torch.manual_seed(1)
    x = torch.randn(3, 5, 8)
    with counting(kept):
        output = module(x)
    output.square().sum().backward()
    return [output.detach(), torch.rand(1), *(each.grad for each in module.parameters())]


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_the_same_and_less_is_kept(name: str) -> None:
    kept: list[int] = []
    plain = gradients(compiled(name), kept)
    kept_less: list[int] = []
    found = gradients(compiled(name, checkpointing=True), kept_less)
    for one, other in zip(plain, found, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert sum(kept_less) < sum(kept)


@pytest.mark.parametrize("name", MODELS)
def test_nothing_else_changes(name: str) -> None:
    plain, module = compiled(name), compiled(name, checkpointing=True)
    assert list(plain.state_dict()) == list(module.state_dict())
    x = torch.randn(2, 3, 8)
    twin = copy.deepcopy(module)
    for each in (plain.eval(), module.eval(), twin.eval(), torch.compile(module, backend="eager")):
        torch.testing.assert_close(each(x), plain(x))
        with torch.no_grad():
            torch.testing.assert_close(each(x), plain(x))
    assert torch.equal(torch.fx.symbolic_trace(plain)(x), plain(x))
    assert torch.equal(torch.export.export(plain, (x,)).module()(x), plain(x))


def test_a_model_without_blocks_has_nothing_of_it() -> None:
    model = archspec.loads("model M { input x: [B, 8]\n linear(4) -> relu }")
    assert "heckpoint" not in model.source()
    assert not inspect.signature(type(model.compile())).parameters
