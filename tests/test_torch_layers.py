"""Every layer of torch has an op, or a reason why it has none."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from torch import nn

from archspec.ops import OPS
from archspec_torch.call import Call
from archspec_torch.lower import lower

WITHOUT: Final = {
    "Container": "holds layers, as groups and blocks do",
    "Sequential": "holds layers, as groups and blocks do",
    "ModuleList": "holds layers, as groups and blocks do",
    "ModuleDict": "holds layers, as groups and blocks do",
    "ParameterList": "holds weights that no layer has",
    "ParameterDict": "holds weights that no layer has",
    "DataParallel": "says where a model runs, which no spec does",
    "SyncBatchNorm": "says where a model runs, which no spec does",
    "RNNBase": "is what others inherit from",
    "RNNCellBase": "is what others inherit from",
    "MultiheadAttention": "is `attention`, by a class of our own with the same weights",
    "Transformer": "is made of blocks of `std.transformer`",
    "TransformerEncoder": "is made of blocks of `std.transformer`",
    "TransformerDecoder": "is made of blocks of `std.transformer`",
    "TransformerEncoderLayer": "is a block of `std.transformer`",
    "TransformerDecoderLayer": "is a block of `std.transformer`",
    "UpsamplingNearest2d": "is `upsample`, and deprecated",
    "UpsamplingBilinear2d": "is `upsample`, and deprecated",
    "CrossMapLRN2d": "is `local_response_norm`, in an older form",
    "Unflatten": "is `unflatten`, as a method",
    "CosineSimilarity": "is the `dot` of two values behind `unitnorm`",
    "PairwiseDistance": "is the `vector_norm` of a difference",
    "FractionalMaxPool": "draws its windows at random, and is not there",
}
"""By the name without the number of its axes."""


def layers() -> Iterator[str]:
    """The names of all layers of torch but losses, and those that find out the sizes of their inputs when they run."""
    for name, value in vars(nn).items():
        is_layer = inspect.isclass(value) and issubclass(value, nn.Module) and value is not nn.Module
        if is_layer and not name.startswith("Lazy") and "Loss" not in name:
            yield name


def functions(value: Any) -> Iterator[str]:
    if isinstance(value, Call):
        yield value.function.removeprefix("nn.")
        for each in (*value.positional, *value.named.values()):
            yield from functions(each)


def stem(name: str) -> str:
    """The name without the number of its axes."""
    return re.sub(r"[123]d$", "", name)


USED: Final = {
    stem(name)
    for kind in OPS.values()
    for example in kind.examples()
    for name in functions(lower(example.op, *example.inputs))
}


@pytest.mark.parametrize("name", sorted(layers()))
def test_a_layer_of_torch_has_an_op_or_a_reason(name: str) -> None:
    reasons = {name, stem(name)} & WITHOUT.keys()
    assert (stem(name) in USED) != bool(reasons), name


def test_reasons_are_for_layers_that_there_are() -> None:
    assert WITHOUT.keys() <= {each for name in layers() for each in (name, stem(name))}
