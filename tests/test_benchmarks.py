"""What benchmarks compare is the same."""

from __future__ import annotations

import pytest

from benchmarks.compiled_models import PAIRS, assert_alike, give_same_weights


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_a_compiled_model_gives_what_the_one_written_by_hand_gives(name: str) -> None:
    pair = PAIRS[name]
    compiled, by_hand = pair.compiled(), pair.by_hand()
    give_same_weights(compiled, by_hand)
    assert_alike(compiled, by_hand, pair.example())
