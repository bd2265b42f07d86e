"""What is near a word is said, and nothing is that is not."""

from __future__ import annotations

import random
import string
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from archspec.ops import OPS
from archspec.spelling import _slips, closest, did_you_mean, nearest

SETTINGS: Final = sorted({name for kind in OPS.values() for name in kind.settings()})
LONG_OPS: Final = [name for name in OPS if len(name) > 3]


def test_a_word_is_its_own_nearest() -> None:
    assert all(nearest(word, OPS) == (word,) for word in OPS)


@pytest.mark.parametrize("change", [str.upper, str.title, lambda word: word.replace("_", "")], ids=["A", "Aa", "aa"])
def test_capitals_and_underscores_do_not_count(change: object) -> None:
    assert callable(change)
    assert all(closest(change(word), OPS) == word for word in OPS)


def slips(word: str) -> set[str]:
    """All words with one letter left out, doubled, or exchanged with its neighbour."""
    places = range(len(word))
    swapped = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-1]}
    return {word[:at] + word[at + 1 :] for at in places} | {word[:at] + word[at] + word[at:] for at in places} | swapped


def test_a_slip_is_understood() -> None:
    """Among all ops, a word of more than three letters with one slip is nearest to what it is; but for a few that come
    to be another op, such as `asin` that loses a letter."""
    others = [(word, slip) for word in LONG_OPS for slip in sorted(slips(word) - set(OPS))]
    missed = [(word, slip, nearest(slip, OPS)) for word, slip in others if word not in nearest(slip, OPS)]
    assert len(missed) < 0.02 * len(others), missed


def test_what_is_no_word_is_like_none() -> None:
    chance = random.Random(1)  # noqa: S311  # nothing is secret here
    words = ["".join(chance.choices(string.ascii_lowercase, k=chance.randint(4, 14))) for _ in range(2000)]
    assert not [(word, near) for word in words if len(word) > 6 and (near := nearest(word, OPS))]
    assert len([word for word in words if nearest(word, OPS)]) < 0.05 * len(words)


def test_words_of_english_are_not_taken_for_ops() -> None:
    """The words of our own manual, of which a few are made of the words of ops, such as `group`."""
    text = (Path(__file__).parent.parent / "README.md").read_text()
    words = {word for word in text.lower().split() if word.isalpha() and len(word) > 4} - set(OPS) - set(SETTINGS)
    near = {word: nearest(word, OPS) for word in words}
    assert len([word for word in near if near[word]]) < 0.1 * len(words), {a: b for a, b in near.items() if b}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("kernel_size", ("kernel",)),
        ("kernelSize", ("kernel",)),
        ("activation", ("activation",)),
        ("concatenate", ("concat",)),
        ("adaptive", ("adaptive_avgpool", "adaptive_maxpool")),
        ("avg_pool", ("avgpool",)),
        ("maxpool_2", ("maxpool",)),
        ("frobnicate", ()),
        ("sequential", ()),
        ("Unit", ()),
        ("", ()),
    ],
)
def test_what_is_near(word: str, meant: tuple[str, ...]) -> None:
    assert nearest(word, (*OPS, *SETTINGS)) == meant


def test_several_are_listed() -> None:
    logical = "`logical_and`, `logical_not`, `logical_or` or `logical_xor`"
    assert did_you_mean(nearest("logical", OPS)) == f"did you mean {logical}?"
    assert did_you_mean(("min", "max")) == "did you mean `min` or `max`?"
    assert did_you_mean(None) == did_you_mean(()) == ""


def test_a_long_word_costs_nothing() -> None:
    assert nearest("conv" * 100_000, ["conv" * 100_000 + "a"]) == ()


def test_slips_are_counted_as_the_table_of_distances_has_them() -> None:
    chance = random.Random(1)  # noqa: S311  # nothing is secret here
    for _ in range(5_000):
        one, other = ("".join(chance.choices("abc", k=chance.randint(0, 9))) for _ in range(2))
        assert _slips(one, other) == in_a_table(one, other), (one, other)


def in_a_table(one: str, other: str) -> int:
    """How many slips are between two words, by the textbook."""
    table = [[row + column for column in range(len(other) + 1)] for row in range(len(one) + 1)]
    for row, column in product(range(1, len(one) + 1), range(1, len(other) + 1)):
        changed = table[row - 1][column - 1] + (one[row - 1] != other[column - 1])
        table[row][column] = min(table[row - 1][column] + 1, table[row][column - 1] + 1, changed)
        if row > 1 and column > 1 and one[row - 2 : row] == other[column - 2 : column][::-1]:
            table[row][column] = min(table[row][column], table[row - 2][column - 2] + 1)
    return table[-1][-1]


def test_among_very_many_words_a_slip_is_understood() -> None:
    known = [f"layer{number}" for number in range(2_000)]
    assert nearest("lyaer1234", known) == ("layer1234",)
    assert nearest("Layer1234", known) == ("layer1234",)
    assert nearest("laier123", known) == ("layer123",)
    assert nearest("frobnicate", known) == ()
