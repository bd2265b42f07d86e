"""Attention."""

from __future__ import annotations

from archspec.ops.attention import Attention
from archspec.shape import Shape
from archspec_torch.call import Call
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed, number


@lower.register
def _(op: Attention, query: Shape, key: Shape | None = None, value: Shape | None = None) -> Call:
    features = number(op, "the features of its query", query[2])
    key_features = features if key is None else number(op, "the features of its key", key[2])
    value_features = key_features if value is None else number(op, "the features of its value", value[2])
    head_features = None if op.head_features is None else number(op, "its head_features", op.head_features)
    options = changed(
        key_features=(key_features, features),
        value_features=(value_features, key_features),
        head_features=(head_features, None),
        causal=(op.causal, False),
        bias=(op.bias, True),
        dropout=(op.dropout, 0.0),
    )
    return Call("Attention", (features, op.heads), options)
