"""Compiled sequence models learn what they are for, and with one line of their spec made wrong they do not.

The shapes of a network fit as well where a state is not kept or a memory not read. So each problem has a bar that
nothing clears which lacks that part: the reason stands with the problem, and where a line of the spec can be cut, the
network that it leaves is trained too, and stays below.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import torch
import torch.nn.functional as F  # noqa: N812  # Its usual name.
from torch import Tensor, nn

import archspec
from tests.read_once import read_once

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("steady")]

SPECS: Final = Path(__file__).parent.parent / "specs"


def network(spec: str, **settings: Any) -> nn.Module:
    module = read_once(SPECS / spec, **settings).compile()
    assert isinstance(module, nn.Module)
    return module


def broken(spec: str, right: str, wrong: str, **settings: Any) -> nn.Module:
    """The network of a spec in which something is not as it should be, without what the spec expects of itself."""
    text = (SPECS / spec).read_text(encoding="utf-8")
    assert text.count(right) == 1, "this is no longer what the spec says"
    if spec.endswith(".yaml"):
        text, end = text[: text.index("\nexpect:")], ""
    else:
        text, end = text[: text.index("\n    expect params", text.index("\nmodel "))], "\n}"
    module = archspec.loads(text.replace(right, wrong) + end, name=spec, **settings).compile()
    assert isinstance(module, nn.Module)
    return module


def train(model: nn.Module, loss: Callable[[], Tensor], steps: int, rate: float) -> None:
    optimiser = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for _ in range(steps):
        optimiser.zero_grad()
        torch.autograd.backward(loss())
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    model.eval()


def share(found: Tensor, right: Tensor) -> float:
    return (found == right).float().mean().item()


# ------------------------------------------------------------------------------------------------------------ adding


def numbers_to_add(count: int, length: int = 12) -> tuple[Tensor, Tensor]:
    """Numbers, two of which are marked, one in each half; and the sum of those two."""
    numbers, marks = torch.rand(count, length), torch.zeros(count, length)
    examples, half = torch.arange(count), length // 2
    marks[examples, torch.randint(half, (count,))] = 1
    marks[examples, torch.randint(half, length, (count,))] = 1
    return torch.stack((numbers, marks), dim=2), (numbers * marks).sum(dim=1)


@pytest.mark.parametrize("unit", ["lstm", "gru"])
def test_gated_units_learn_to_add_what_they_saw_long_ago(unit: str) -> None:
    # Hochreiter and Schmidhuber, 1997, section 5.4. The variance of the sum is 1/6, and an error that low is that of a
    # network which remembers nothing; one that remembers the later number alone would be left with 1/12.
    model = network(f"sequence/gated_units.yaml:{unit}", keys=2)

    def error(count: int) -> Tensor:
        sequence, total = numbers_to_add(count)
        return F.mse_loss(model(sequence)[:, -1, 0], total)

    train(model, lambda: error(64), steps=600, rate=2e-2)
    with torch.no_grad():
        assert error(1000).item() < 0.01


# ----------------------------------------------------------------------------------------------------------- copying


def copied_from_both_sides(model: nn.Module) -> float:
    """The share of places where a model knows both what stood two places before and what stands two places behind."""

    def batch(count: int) -> tuple[Tensor, Tensor]:
        text = torch.randint(2, (count, 12))
        return text, (text.roll(2, 1) + 2 * text.roll(-2, 1))[:, 2:-2]

    def loss() -> Tensor:
        text, tags = batch(64)
        return F.cross_entropy(model(text)[:, 2:-2].flatten(0, 1), tags.flatten())

    train(model, loss, steps=150, rate=2e-2)
    text, tags = batch(500)
    with torch.no_grad():
        return share(model(text)[:, 2:-2].argmax(dim=2), tags)


SMALL_TAGGER: Final[dict[str, Any]] = {"characters": 2, "width": 4, "hidden": 12}


@pytest.mark.parametrize("spec", ["peephole", "fully_connected_lstm"])
def test_cells_that_look_at_their_state_learn_to_copy(spec: str) -> None:
    # What stands at a place says nothing of its tag. Who has but one of the two directions is right half the time.
    assert copied_from_both_sides(network(f"sequence/{spec}.arch", **SMALL_TAGGER)) > 0.95


def test_they_would_not_if_their_state_were_not_handed_on() -> None:
    model = broken("sequence/peephole.arch", "(x, h) -> concat", "(x, 0 * h) -> concat", **SMALL_TAGGER)
    # The cell state still goes from place to place, and tells a little.
    assert copied_from_both_sides(model) < 0.9


# ------------------------------------------------------------------------------------------------- acting in sequence


def actions_known(model: nn.Module) -> float:
    """The share of places where a model does the right one of four actions, the next one whenever it is told to go."""

    def batch(count: int, length: int = 8) -> tuple[Tensor, Tensor]:
        plan = torch.zeros(count, length, 8)
        plan[:, :, 0] = torch.rand(count, length) < 0.6
        plan[:, 0, 0] = 1
        return plan, (plan[:, :, 0].cumsum(dim=1).long() - 1) % 4

    def loss() -> Tensor:
        plan, actions = batch(64)
        return F.binary_cross_entropy(model(plan), F.one_hot(actions, 4).float())

    train(model, loss, steps=1000, rate=5e-2)
    plan, actions = batch(500)
    with torch.no_grad():
        return share(model(plan).argmax(dim=2), actions)


def test_a_jordan_network_learns_to_go_on_from_what_it_did() -> None:
    # Going and staying look the same in all four actions: what comes next depends on the last output alone.
    assert actions_known(network("sequence/jordan.yaml", hidden=24)) > 0.95


def test_it_would_not_if_it_were_not_told_what_it_did() -> None:
    assert actions_known(broken("sequence/jordan.yaml", "(x, action) ->", "(x, 0 * action) ->", hidden=24)) < 0.5


# ------------------------------------------------------------------------------------------------------ segmentation

WORDS: Final = ("a", "ab", "bb", "c", "dc", "dd")
"""Whether an `a` is a word depends on how many `b` come behind it; and for `c`, on how many `d` stand before it."""


def texts(count: int, length: int = 16) -> tuple[Tensor, Tensor]:
    """Texts without blanks, and where words begin and end: B, M, E, or S for a word of one letter."""
    letters: list[list[int]] = []
    tags: list[list[int]] = []
    while len(letters) < count:
        words = [WORDS[number] for number in torch.randint(len(WORDS), (length,)).tolist()]
        text = "".join(words)
        tagged = "".join("S" if len(word) == 1 else "BE" for word in words)
        if text[length - 1 : length + 1] not in WORDS:
            letters.append(["abcd".index(letter) for letter in text[:length]])
            tags.append(["BMES".index(tag) for tag in tagged[:length]])
    return torch.tensor(letters), torch.tensor(tags)


def words_found(model: nn.Module) -> float:
    """The share of letters of new texts that a model tags rightly."""
    seen, tags = texts(1500)

    def loss() -> Tensor:
        chosen = torch.randint(len(seen), (64,))
        return F.cross_entropy(model(seen[chosen]).flatten(0, 1), tags[chosen].flatten())

    train(model, loss, steps=250, rate=2e-2)
    held_out, right = texts(300)
    with torch.no_grad():
        return share(model(held_out).argmax(dim=2), right)


SMALL_SEGMENTER: Final[dict[str, Any]] = {"characters": 4, "width": 8, "hidden": 16}


def test_a_tagger_learns_where_words_begin() -> None:
    # How far one has to look has no bound, to the right for the one half of the words and to the left for the other.
    assert words_found(network("sequence/word_segmentation.arch", **SMALL_SEGMENTER)) > 0.97


def test_it_would_not_if_it_looked_to_one_side() -> None:
    model = broken("sequence/word_segmentation.arch", "direction=both", "direction=forward", **SMALL_SEGMENTER)
    assert words_found(model) < 0.93


# ---------------------------------------------------------------------------------------------------------- language

TEXT: Final = Path(__file__).with_name("harbour.txt").read_text(encoding="utf-8")
LETTERS: Final = sorted(set(TEXT))
SMALL_GPT: Final[dict[str, Any]] = {
    "vocabulary": len(LETTERS),
    "context": 32,
    "width": 32,
    "heads": 4,
    "depth": 2,
    "dropout": 0,
}


def surprise_at_text(model: nn.Module) -> float:
    """How much each letter of the text tells a model that was trained on it, in nats."""
    text = torch.tensor([LETTERS.index(letter) for letter in TEXT])

    def loss(count: int) -> Tensor:
        starts = torch.randint(len(text) - 32, (count, 1))
        windows = text[starts + torch.arange(33)]
        return F.cross_entropy(model(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())

    train(model, lambda: loss(32), steps=250, rate=1e-2)
    with torch.no_grad():
        return loss(200).item()


def surprise_by_last_letter() -> float:
    """The least that a letter can tell those who know nothing but the letter before it: the entropy of pairs."""
    text = torch.tensor([LETTERS.index(letter) for letter in TEXT])
    counts = torch.zeros(len(LETTERS), len(LETTERS))
    counts.index_put_((text[:-1], text[1:]), torch.ones(()), accumulate=True)
    shares = counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
    return -(torch.xlogy(counts, shares).sum() / counts.sum()).item()


def test_a_small_gpt_learns_a_text_better_than_the_last_letter_tells() -> None:
    # Without attention nothing else is known at a place than the letter there, and the entropy of pairs is the bound.
    # If it could see what comes next, it would copy it, and hardly anything would be left to tell.
    bound = surprise_by_last_letter()
    assert 1.8 < bound < 2
    assert 0.5 < surprise_at_text(network("attention/gpt2.arch", **SMALL_GPT)) < 0.75 * bound


def test_it_would_not_if_it_did_not_attend() -> None:
    text = (SPECS / "attention" / "gpt2.arch").read_text(encoding="utf-8")
    cut = text[: text.index("\nvariant ")].replace(
        "residual {\n        ln_1", "residual {\n        0 * _\n        ln_1"
    )
    module = archspec.loads(cut, name="gpt2.arch", **SMALL_GPT).compile()
    assert isinstance(module, nn.Module)
    assert surprise_at_text(module) > 0.9 * surprise_by_last_letter()


# ----------------------------------------------------------------------------------------------------------- sorting


def sorted_wholly(model: nn.Module) -> float:
    """The share of five numbers that a model puts in order without a fault."""
    allowed = torch.ones(1, 5, 5, dtype=torch.bool)

    def batch(count: int) -> tuple[Tensor, Tensor, Tensor]:
        numbers = torch.rand(count, 5)
        order = numbers.argsort(dim=1)
        chosen = torch.cat((torch.zeros(count, 1), numbers.gather(1, order)[:, :-1]), dim=1)
        return numbers[:, :, None], chosen[:, :, None], order

    def loss() -> Tensor:
        numbers, chosen, order = batch(64)
        return F.nll_loss(model(numbers, chosen, allowed.expand(64, -1, -1)).flatten(0, 1), order.flatten())

    train(model, loss, steps=800, rate=2e-2)
    numbers, chosen, order = batch(1000)
    with torch.no_grad():
        return share(
            (model(numbers, chosen, allowed.expand(1000, -1, -1)).argmax(dim=2) == order).all(dim=1),
            torch.ones(1000).bool(),
        )


SMALL_POINTER: Final[dict[str, Any]] = {"hidden": 32, "coordinates": 1}


def test_a_pointer_network_learns_to_sort_five_numbers() -> None:
    # Five places are one of 120 orders; and nothing keeps it from choosing a number twice.
    assert sorted_wholly(network("attention/pointer_network.arch", **SMALL_POINTER)) > 0.8


def test_it_would_not_if_it_pointed_at_places_unseen() -> None:
    model = broken("attention/pointer_network.arch", "(decoded, encoded,", "(decoded, 0 * encoded,", **SMALL_POINTER)
    assert sorted_wholly(model) < 0.05


# ----------------------------------------------------------------------------------------------------------- stories

PEOPLE: Final = 4
PLACES: Final = 5
SMALL_MEMORY: Final[dict[str, Any]] = {"vocabulary": PEOPLE + PLACES + 1, "sentences": 8, "hops": 2}


def stories(count: int, length: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    """Who went where, such as "anna went kitchen"; about whom one asks; and where that one is now."""
    who, where = torch.randint(PEOPLE, (count, length)), torch.randint(PLACES, (count, length)) + PEOPLE
    went = torch.full_like(who, PEOPLE + PLACES)
    asked = who.gather(1, torch.randint(length, (count, 1)))
    last = ((who == asked) * torch.arange(1, length + 1)).argmax(dim=1, keepdim=True)
    return torch.stack((who, went, where), dim=2), asked, where.gather(1, last)[:, 0]


def answered(model: nn.Module) -> float:
    def loss() -> Tensor:
        story, question, answer = stories(64)
        return F.cross_entropy(model(story, question), answer)

    train(model, loss, steps=500, rate=2e-2)
    story, question, answer = stories(1000)
    with torch.no_grad():
        return share(model(story, question).argmax(dim=1), answer)


@pytest.mark.parametrize("spec", ["end_to_end", "end_to_end_layerwise"])
def test_a_memory_network_learns_where_people_are(spec: str) -> None:
    # One has to find the sentences of one person among all, and of these the last; the question alone tells nothing.
    assert answered(network(f"memory/{spec}.arch", **SMALL_MEMORY)) > 0.95


def test_it_would_not_if_all_sentences_were_read_alike() -> None:
    model = broken(
        "memory/end_to_end.arch", "(memory, question) -> address", "(memory, 0 * question) -> address", **SMALL_MEMORY
    )
    assert answered(model) < 0.7
