"""`reset_parameters` starts a model anew: what was made without memory is then what was made with it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import nn

import archspec
from tests.interpreted import compiled
from tests.kinds import KINDS
from tests.read_once import read_once

SPECS: Final = sorted((Path(__file__).parents[1] / "specs").rglob("*.arch"))
SMALL: Final = {
    "vocabulary": 30,
    "characters": 30,
    "context": 16,
    "width": 16,
    "heads": 2,
    "inner": 24,
    "hidden": 8,
    "classes": 3,
    "answers": 5,
}
"""Values with which large models are small."""

LAYERS: Final = """
    model M {
        input x: [B, T, 8]
        scale -> shift -> tokens(3) -> learned_positions(64)
        init orthogonal, bias=zeros
        attention(heads=2) -> lstm(6) -> linear(8)
        attention(heads=4, kv_heads=2, positions=relative, max_distance=4)
        linear(8) -> layernorm
    }
"""


def small(path: Path) -> type[nn.Module]:
    with torch.device("meta"):
        return type(read_once(path).compile())


def is_same(module: nn.Module, other: nn.Module) -> bool:
    """Whether two modules have the same weights and running statistics, and the same ties."""
    one, two = module.state_dict(), other.state_dict()
    return (
        list(one) == list(two)
        and all(torch.equal(each, two[name]) for name, each in one.items())
        and [name for name, _ in module.named_parameters()] == [name for name, _ in other.named_parameters()]
    )


def check_reset(kind: type[nn.Module], **arguments: Any) -> None:
    torch.manual_seed(5)
    expected = kind(**arguments)
    with torch.device("meta"):
        module = kind(**arguments)
    # There is no telling what is in memory that is not written to.
    module = module.to_empty(device="cpu")
    for again in range(2):
        for tensor in module.state_dict().values():
            tensor.fill_(7 + again)
        weights = list(module.parameters()) if again else []
        torch.manual_seed(5)
        module.reset_parameters()  # type: ignore[operator]
        assert is_same(module, expected)
        assert all(one is other for one, other in zip(weights, module.parameters(), strict=False))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_model_of_no_memory_starts_as_any_other(path: Path) -> None:
    kind = small(path)
    found = inspect.signature(kind).parameters
    check_reset(kind, **{name: value for name, value in SMALL.items() if name in found})


@pytest.mark.parametrize("name", [name for name in KINDS if name not in ("counter",)])
def test_any_graph_starts_as_at_first(name: str) -> None:
    kind = type(compiled(KINDS[name]()))
    if hasattr(kind, "reset_parameters"):
        check_reset(kind)


def test_layers_that_torch_does_not_have_start_anew() -> None:
    check_reset(type(archspec.loads(LAYERS).compile()))


PARAMETRISED: Final = """
    model M {
        input x: [B, 3, 8, 8]
        a = conv(4, kernel=3, parametrisation=weight_norm) -> batchnorm
        body = repeat 2 { conv_transpose(4, kernel=3, parametrisation=spectral_norm) -> relu }
        global_avgpool -> flatten
        b = linear(5, parametrisation=weight_norm, init=orthogonal)
        c = linear(4, parametrisation=spectral_norm, init=xavier(gain=3))
        c -> linear(3, parametrisation=weight_norm)
        INIT
    }
"""


@pytest.mark.parametrize("init", ["", "init kaiming, bias=zeros"])
def test_what_torch_makes_of_other_weights_starts_anew(init: str) -> None:
    check_reset(type(archspec.loads(PARAMETRISED.replace("INIT", init)).compile()))


def test_a_parametrised_weight_is_drawn_anew_as_its_layer_draws_it() -> None:
    text = "model M { input x: [B, 400]\n a = linear(300, parametrisation=weight_norm) }"
    module = archspec.loads(text).compile()
    seen = []
    for _ in range(2):
        module.reset_parameters()
        seen.append(module.a.weight.detach().clone())
        # A linear layer draws from a range that its inputs decide: 400 ** -0.5 to either side.
        assert 0.99 / 20 < seen[-1].abs().max() <= 1.000_001 / 20
        assert abs(seen[-1].std() - 1 / 20 / 3**0.5) < 1e-3
    assert not torch.isclose(*seen).all(dim=1).any()


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_what_starts_anew_keeps_its_type(dtype: str) -> None:
    # Torch finds orthogonal matrices in single and double precision only.
    text = PARAMETRISED.replace("INIT", "").replace("orthogonal", "kaiming")
    module = archspec.loads(text).compile(dtype=dtype)
    module.reset_parameters()
    assert {each.dtype for each in module.parameters()} == {getattr(torch, dtype)}


def test_a_model_without_weights_has_nothing_to_start() -> None:
    assert "reset" not in archspec.loads("model M { input x: [B, 8]\n relu }").source()


@pytest.mark.parametrize("word", ["checkpointing", "init_weights", "reset_parameters"])
def test_no_layer_has_the_name_of_what_a_class_is_given(word: str) -> None:
    model = archspec.loads(f"model M {{ input x: [B, 8]\n {word} = linear(4) }}")
    with pytest.raises(archspec.SpecError, match=f"`{word}` cannot be a name in PyTorch source"):
        model.source()
