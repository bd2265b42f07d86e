"""Multi-head attention: it gives what that of torch and that of independent implementations give."""

from __future__ import annotations

import json
from math import prod, sqrt

import pytest
import torch
from torch import nn

import archspec
from archspec.ops.attention import Attention
from archspec.size import evaluate
from tests.golden_rule import DIRECTORY, FIRST_INPUT, described, spread
from tests.multi_head import BATCH, FEATURES, KEYS, QUERIES, applied, compiled, flags, module_for, random

pytestmark = pytest.mark.usefixtures("steady")


@pytest.mark.parametrize("is_self", [True, False])
@pytest.mark.parametrize("mask_kind", ["padding", "pairs", "heads", "both"])
def test_masks_are_those_of_torch_the_other_way_round(mask_kind: str, is_self: bool) -> None:
    heads = 3
    x, key, value = random(BATCH, QUERIES, FEATURES), random(BATCH, KEYS, 8), random(BATCH, KEYS, 10)
    inputs = (x,) if is_self else (x, key, value)
    key, value = (x, x) if is_self else (key, value)
    theirs = nn.MultiheadAttention(
        FEATURES, heads, kdim=key.shape[2], vdim=value.shape[2], batch_first=True, dtype=torch.float64
    )
    padding, pairs = flags(BATCH, key.shape[1]), flags(BATCH, heads, QUERIES, key.shape[1])
    # Torch gives no numbers where nothing is seen.
    padding[:, 0] = pairs[..., 0] = True
    if mask_kind == "pairs":
        pairs = pairs[:, :1].expand_as(pairs)
    options = {
        "padding": {"key_padding_mask": ~padding},
        "pairs": {"attn_mask": ~pairs.flatten(0, 1)},
        "heads": {"attn_mask": ~pairs.flatten(0, 1)},
        "both": {"attn_mask": ~pairs.flatten(0, 1), "key_padding_mask": ~padding},
    }[mask_kind]
    mask = {
        "padding": padding,
        "pairs": pairs[:, 0],
        "heads": pairs,
        "both": pairs & padding[:, None, None],
    }[mask_kind]
    ours = module_for(Attention(heads=heads), *inputs, mask)
    theirs.load_state_dict(ours.state_dict())
    expected, _ = theirs(x, key, value, need_weights=False, **options)
    torch.testing.assert_close(applied(ours, inputs, mask), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["mha_self", "mha_cross_kvdim"])
def test_outputs_are_those_of_an_independent_implementation(name: str) -> None:
    golden = json.loads((DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    sizes = golden["input"]
    lines = [f"input {each}: [B, {time}, {size[2]}]" for each, time, size in zip("qkv", "TSS", sizes, strict=True)]
    model = archspec.loads(f"model M {{\n{chr(10).join(lines)}\n layer = (q, k, v) -> attention(8) }}")
    assert not list(model.check(ignore=["A4"]))
    assert model.graph.parameters == golden["parameters"]
    numbers = {"B": sizes[0][0], "T": sizes[0][1], "S": sizes[1][1]}
    assert evaluate(model.graph.macs, numbers) == golden["multiply_adds"]
    module = compiled(model)
    state = module.state_dict()
    assert [[key.removeprefix("layer."), list(each.shape)] for key, each in state.items()] == golden["state_dict"]
    for counter, (key, shape) in enumerate(golden["state_dict"], start=1):
        scale = sqrt(12 / prod(shape[1:])) if len(shape) > 1 else 0.2
        state[f"layer.{key}"].copy_(torch.from_numpy(spread(prod(shape), counter)).reshape(shape) * scale)
    values = [
        torch.from_numpy(spread(prod(size), FIRST_INPUT + place)).reshape(size) * 2 for place, size in enumerate(sizes)
    ]
    output = described(module(*values))
    for key, recorded in golden["output"][0].items():
        assert output[key] == pytest.approx(recorded, rel=1e-9, abs=1e-12)
