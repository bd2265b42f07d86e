"""Attention."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.ops.attention import Attention, Roles
from archspec.shape import Shape
from archspec.size import Size
from archspec_torch.call import Call, Given, Passing
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import all_given, changed, number


@lower.register
def _(op: Attention, *inputs: Shape) -> Call:
    roles = Roles.of(*inputs)
    features = number(op, "the features of its query", roles.query[2])
    key_features = number(op, "the features of its key", roles.key[2])
    value_features = number(op, "the features of its value", roles.value[2])
    sizes = changed(
        key_features=(key_features, features),
        value_features=(value_features, key_features),
        head_features=(_optional(op, "its head_features", op.head_features), None),
    )
    more = changed(
        head_value_features=(_optional(op, "its head_value_features", op.head_value_features), None),
        output_features=(number(op, "its features", op.output(roles.query)), features),
        kv_heads=(op.kv_heads or op.heads, op.heads),
        window=(op.window, None),
        rotation=(_rotation(op), None),
        distances=(_distances(op), None),
    )
    options = changed(causal=(op.causal, False), bias=(op.bias, True), dropout=(op.dropout, 0.0))
    # Each model has the class that does what it needs, and not much more.
    if _is_general(op, roles.query):
        return Call("GeneralAttention", (features, op.heads), sizes | more | options, passing=_passing(roles, inputs))
    function = "Attention" if roles.mask is None else "MaskedAttention"
    return Call(function, (features, op.heads), sizes | options, passing=_passing(roles, inputs))


def _is_general(op: Attention, query: Shape) -> bool:
    """Whether there is more to it than heads, a mask and causality."""
    has_other_sizes = op.head_value_features is not None or op.output(query) != query[2]
    has_other_heads = op.kv_heads not in (None, op.heads)
    return has_other_sizes or has_other_heads or op.window is not None or op.positions != "none"


def _optional(op: Attention, what: str, size: Size | None) -> int | None:
    return None if size is None else number(op, what, size)


def _rotation(op: Attention) -> Call | None:
    """What turns queries and keys by their positions."""
    if op.positions != "rotary":
        return None
    return Call("RotaryPositions", (), changed(base=(op.rotary_base, 10_000.0)))


def _distances(op: Attention) -> Call | None:
    """What tells the scores of positions."""
    if op.positions == "alibi":
        return Call.of("AlibiPositions", op.heads)
    if op.positions == "relative":
        return Call("RelativePositions", (op.heads, op.max_distance), changed(causal=(op.causal, False)))
    return None


def _passing(roles: Roles, inputs: Sequence[Shape]) -> Passing | None:
    """How the inputs are passed where the last is a mask, which is not the next of query, key and value."""
    last = len(inputs) - 1
    return None if roles.mask is None else Passing(all_given(last), {"mask": Given(last)})
