"""The largest and the smallest values, and where they stand."""

from __future__ import annotations

from archspec.ops.extremum import AllTrue, AnyTrue, Argmax, Argmin, Max, Min
from archspec.shape import Shape
from archspec_torch.call import Given
from archspec_torch.inline import Inline, Method
from archspec_torch.lower import lower
from archspec_torch.lower.arguments import changed
from archspec_torch.lower.reduction import options_of


@lower.register
def _(op: Max | Min | AnyTrue | AllTrue, x: Shape) -> Inline:
    options = options_of(op, x)
    # Of all values together, torch has a `max` that gives nothing else, which more exporters know than `amax`.
    method = {"max": "amax", "min": "amin"}.get(op.name, op.name) if options else op.name
    return Inline(Method(Given(0), method, (), options))


@lower.register
def _(op: Argmax | Argmin, x: Shape) -> Inline:
    return Inline(Method(Given(0), op.name, (), changed(dim=(op.axis, None), keepdim=(op.keep, False))))
