"""Mutants of the right specs: archspec refuses exactly those that torch refuses, and is right about all shapes.

There are some of them here. `make nightly` has thousands: `ARCHSPEC_MUTANTS` says how many, and
`ARCHSPEC_FIRST` which is the first.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any, Final

import pytest

from archspec.op import ShapeError
from archspec.ops import OPS
from archspec.shape import Shape
from tests.agreement import Outcome, compared
from tests.mutants import mutants
from tests.right_specs import bases

pytestmark = pytest.mark.usefixtures("steady")

FIRST: Final = int(os.environ.get("ARCHSPEC_FIRST", "0"))
MUTANTS: Final = int(os.environ.get("ARCHSPEC_MUTANTS", "160"))
TOGETHER: Final = 160
"""So many mutants are one test."""

PARTS: Final = 4
"""So many tests run the specs that mutants are made of: their names are known only once all of them are read."""


@pytest.mark.parametrize("first", range(FIRST, FIRST + MUTANTS, TOGETHER))
def test_a_mutant_is_refused_exactly_when_torch_refuses_it(first: int) -> None:
    outcomes: Counter[Outcome] = Counter()
    wrong = []
    for mutant in mutants(first, min(TOGETHER, FIRST + MUTANTS - first)):
        verdict = compared(mutant.text, mutant.number)
        outcomes[verdict.outcome] += 1
        if verdict.outcome is Outcome.DISAGREE:
            wrong.append(f"{verdict.words}\n\n{mutant}")
    print("\n" + "\n".join(f"{count:6} {outcome}" for outcome, count in outcomes.most_common()))
    assert not wrong, "\n\n".join(wrong)

    # Enough of them run, and enough are refused, that something would come out.
    total = sum(outcomes.values())
    assert total < TOGETHER or outcomes[Outcome.RUNS] > total / 4
    assert total < TOGETHER or outcomes[Outcome.REFUSED] > total / 16
    assert outcomes[Outcome.LEFT_OUT] < TOGETHER / 16
    assert outcomes[Outcome.NEVER] + outcomes[Outcome.LARGE] < TOGETHER / 20


@pytest.mark.parametrize("part", range(PARTS))
def test_what_mutants_are_made_of_runs(part: int) -> None:
    for base in bases()[:: 1 if MUTANTS > 1_000 else 8][part::PARTS]:
        verdict = compared(base.text)
        assert verdict.outcome is Outcome.RUNS, f"{base.name}: {verdict.words}"


RIGHT: Final = """
model Right {
    input image: [B, 3, 8, 8]
    conv(4, kernel=3) -> relu -> maxpool(2) -> flatten
    linear(2)
}
"""


def test_a_rule_that_refuses_too_much_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: Any, x: Shape) -> Shape:
        raise ShapeError("is refused")

    assert compared(RIGHT).outcome is Outcome.RUNS
    monkeypatch.setattr(OPS["maxpool"], "infer", refused)
    assert compared(RIGHT).outcome is Outcome.DISAGREE


def test_a_rule_that_says_another_shape_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found in the middle of a model, whatever comes out of that."""
    monkeypatch.setattr(OPS["relu"], "infer", lambda self, x: x.with_axis(-1, x[-1] + 1))
    assert compared(RIGHT).outcome is Outcome.DISAGREE


def test_a_rule_that_takes_too_much_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OPS["add"], "infer", lambda self, *inputs: inputs[0])
    wrong = RIGHT.replace("linear(2)", "add { linear(2)\n linear(3) }")
    assert compared(wrong).outcome is Outcome.DISAGREE
