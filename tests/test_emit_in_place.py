"""What writes over its input gives the same, and the same gradients, as what does not."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec_torch import opened

MODELS: Final[dict[str, str]] = {
    "a residual block": "use std.residual\n"
    "model M { input x: [B, 3, 8, 8]\n conv(4, kernel=3, padding=1) -> batchnorm -> relu\n"
    " h = repeat 2 { BasicBlock(4) }\n Bottleneck(2, stride=2) -> BasicBlock(8) }",
    "sums of sums": "model M { input x: [B, 3, 8, 8]\n a = conv(4, kernel=3, padding=1)\n"
    " b = x -> conv(4, kernel=1) -> batchnorm\n c = (b, a) -> add\n d = c -> conv(4, kernel=1)\n"
    " e = (d, c) -> add\n f = x -> conv(4, kernel=1)\n (f, e) -> add -> relu }",
    "of what is read again": "model M { input x: [B, 3, 8, 8]\n a = conv(4, kernel=3, padding=1)\n"
    " b = a -> sigmoid\n c = (a, b) -> add -> relu\n (c, a) -> add -> relu }",
    "of what is given": "model M { input x: [B, 3, 8, 8]\n output a = conv(3, kernel=3, padding=1)\n"
    " output b = (a, x) -> add }",
    "of what is repeated to a size": "model M { input x: [B, 3, 8, 8]\n a = global_avgpool -> conv(3, kernel=1)\n"
    " (a, x) -> add -> relu }",
    "of what its layer needs": "model M { input x: [B, 3, 8, 8]\n a = conv(3, kernel=3, padding=1) -> sigmoid\n"
    " (a, x) -> add -> tanh }",
    "a long shortcut": "model M { input x: [B, 3, 8, 8]\n residual { conv(4, kernel=3, padding=1) -> batchnorm }"
    " shortcut { conv(4, kernel=1) -> batchnorm -> sigmoid }\n relu }",
    "open sizes": "model M { input x: [B, 3, H, W]\n"
    " residual { conv(3, kernel=3, padding=1) -> groupnorm(3) }\n relu }",
    "in training": "model M { input x: [B, 3, 8, 8]\n a = conv(3, kernel=3, padding=1)\n output y = a -> relu\n"
    " output aux = ((a -> conv(3, kernel=1)), x) -> add when training }",
    "a layer that is used again": "model M { input x: [B, 3, 8, 8]\n f = conv(3, kernel=3, padding=1)\n"
    " (f -> f, x) -> add -> relu -> f }",
    "twice the same": "model M { input x: [B, 3, 8, 8]\n a = conv(3, kernel=3, padding=1)\n (a, a) -> add -> relu }",
}


def compiled(text: str, **arguments: Any) -> nn.Module:
    torch.manual_seed(0)
    module = archspec.loads(text).compile(**arguments)
    assert isinstance(module, nn.Module)
    return module


def found_by(module: nn.Module, x: Tensor) -> list[Tensor]:
    """What a model gives, and the gradients of all that it was given and has."""
    x = x.clone().requires_grad_()
    module.train().zero_grad()
    given = module(x * 1)
    values = [given] if isinstance(given, Tensor) else [each for each in given if each is not None]
    sum((each * each).sum() for each in values).backward()  # type: ignore[union-attr]  # There is one.
    return [*values, *(each.grad for each in (x, *module.parameters()) if each.grad is not None)]


@pytest.mark.parametrize("text", MODELS.values(), ids=MODELS)
def test_nobody_sees_that_something_was_written_over(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    kept = x.clone()
    found = [found_by(compiled(text), x)]
    if "use std" in text:
        found.append(found_by(compiled(text, checkpointing=True), x))
    assert torch.equal(x, kept)
    monkeypatch.setattr(opened, "in_place", lambda graph, node, lowered, *_: lowered)
    plain = compiled(text)
    assert "+=" not in archspec.loads(text).source()
    for each in found:
        for value, expected in zip(each, found_by(plain, x), strict=True):
            torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-5)


def sums(text: str) -> list[str]:
    """What is written over."""
    return re.findall(r"(\w+ \+= \w+)", archspec.loads(text).source())


def test_a_sum_is_written_over_its_first_term() -> None:
    assert sums(MODELS["a residual block"]) == ["y += x", "y += downsample"]
    assert sums(MODELS["sums of sums"]) == ["c += a", "e += c", "x += e"]


@pytest.mark.parametrize("name", [name for name in MODELS if name.startswith(("of ", "in ", "twice "))])
def test_what_is_needed_is_not_written_over(name: str) -> None:
    assert sums(MODELS[name]) == []


TWO_INPUTS: Final = """
    model M {
        input x: [B, 3, 8, 8]
        input other: [B, 3, 8, 8]
        a = x -> conv(3, kernel=1)
        b = (x, other) -> mul -> conv(3, kernel=1)
        FIRST -> add -> relu
    }
"""


def test_a_sum_of_what_is_one_for_many_values_has_a_place_for_all() -> None:
    module = compiled(TWO_INPUTS.replace("FIRST", "(a, b)")).eval()
    x, others = torch.randn(2, 3, 8, 8), torch.randn(5, 2, 3, 8, 8)
    found = torch.func.vmap(module, in_dims=(None, 0))(x, others)
    torch.testing.assert_close(found, torch.stack([module(x, other) for other in others]))
    assert sums(TWO_INPUTS.replace("FIRST", "(b, a)")) == ["x += a"]


def test_what_passes_through_no_layer_is_not_written_over() -> None:
    text = (
        "block Unit { input x: [B, C, H, W]\n residual { conv(C, kernel=1) } }\n"
        "model M(depth = 2) { input x: [B, 3, 8, 8]\n h = repeat depth { Unit }\n REST }"
    )
    for rest in ("relu", "k = x -> conv(3, kernel=1)\n (h, k) -> add"):
        kind = type(compiled(text.replace("REST", rest)))
        x = torch.randn(2, 3, 8, 8)
        kept = x.clone()
        kind(depth=0)(x)
        assert torch.equal(x, kept)
