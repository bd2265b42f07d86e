"""A small model whose weights are looked for in files."""

from __future__ import annotations

from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import archspec
from archspec.diagnostics import Report
from tests.stored import tensors_of

NET: Final = """\
model Net(width = 8) {
    input x: [B, 4]
    RENAMES
    stem = linear(width)
    layers = repeat 3 { linear(width, bias=false) }
    norm = batchnorm
    head = linear(2)
}
"""


def net(renames: str = "", width: int = 8) -> archspec.Model:
    return archspec.loads(NET.replace("RENAMES", renames), width=width)


def codes(report: Report) -> list[str]:
    return [each.code for each in report]


some_weight: Final = st.sampled_from(sorted(tensors_of(net())))

quickly: Final = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
