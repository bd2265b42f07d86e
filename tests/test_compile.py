"""How a module is made: on which device, of which type of elements, with which arguments."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import archspec

TEXT = "model Net(classes = 2) { input x: [B, 4]\n linear(8) -> batchnorm -> relu\n head = linear(classes) }"


def net() -> archspec.Model:
    return archspec.loads(TEXT)


def test_a_model_of_a_hundred_billion_weights_is_made_at_once_where_weights_take_no_memory() -> None:
    layers = "repeat 170 { linear(49152) -> gelu -> linear(12288, bias=false) }"
    text = f"model Large {{ input x: [B, T, 12288]\n layers = {layers}\n expect params > 200_000_000_000 }}"
    module = archspec.loads(text).compile(device="meta", dtype="bfloat16")
    assert sum(each.numel() for each in module.parameters()) == 170 * (2 * 12288 * 49152 + 49152)
    assert {each.dtype for each in module.parameters()} == {torch.bfloat16}
    assert module(torch.empty(2, 3, 12288, device="meta", dtype=torch.bfloat16)).shape == (2, 3, 12288)


@pytest.mark.parametrize("dtype", ["bfloat16", torch.bfloat16, "float64", torch.float16])
def test_a_module_has_the_elements_that_are_asked_for(dtype: Any) -> None:
    module = net().compile(dtype=dtype)
    wanted = getattr(torch, dtype) if isinstance(dtype, str) else dtype
    kinds = {name: each.dtype for name, each in module.state_dict().items()}
    assert kinds.pop("batchnorm1.num_batches_tracked") == torch.int64
    assert set(kinds.values()) == {wanted}
    assert module(torch.zeros(3, 4, dtype=wanted)).dtype == wanted


@pytest.mark.parametrize("dtype", ["int8", "bf16", "nn", torch.int64, 16])
def test_what_is_no_type_of_weights_is_refused(dtype: Any) -> None:
    with pytest.raises(ValueError, match=r"`(torch\.)?\w+`; it can be `float32`, `bfloat16`"):
        net().compile(dtype=dtype)


@pytest.mark.parametrize("device", ["gpu", "cpu:x", 2.5, "cuda:1000"])
def test_a_device_that_is_not_there_is_refused(device: Any) -> None:
    with pytest.raises(ValueError, match=rf"weights cannot be made on the device `{device}`: .+"):
        net().compile(device=device)


def test_what_a_module_is_made_with_holds_for_it_alone() -> None:
    for arguments in ({"dtype": "float64", "device": "meta"}, {"dtype": "float64", "nonsense": 1}):
        try:
            net().compile(**arguments)
        except TypeError:
            assert "nonsense" in arguments
        assert torch.get_default_dtype() == torch.float32
        assert torch.get_default_device().type == "cpu"
    assert net().compile().head.weight.dtype == torch.float32


def test_the_device_around_a_call_holds_where_none_is_given() -> None:
    with torch.device("meta"):
        assert net().compile().head.weight.is_meta
        assert not net().compile(device="cpu").head.weight.is_meta


def test_arguments_go_to_the_class_and_those_that_it_has_not_are_told() -> None:
    assert net().compile(classes=5).head.out_features == 5
    with pytest.raises(TypeError, match=r"`Net` has no argument `clases`; did you mean `classes`\?"):
        net().compile(clases=5)
    with pytest.raises(TypeError, match=r"`Net` has no argument `zoom`; it has .*`classes`"):
        net().compile(zoom=5)
