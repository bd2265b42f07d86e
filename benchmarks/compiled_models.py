"""How fast compiled models are beside the same networks written by hand: building them, running them, training them.

    python -m benchmarks.compiled_models [ROUNDS] [MODEL ...]

Both have the same weights, and it is made sure that they give the same. They take turns in one process with one thread,
so that a busy moment of the machine meets both, and what is counted is the time of the processor, without that of other
programs. The ratio is that of the medians; its interval holds 95% of the ratios of rounds that are drawn from the
measured ones. The target is an interval that does not lie above 1.00.
"""

from __future__ import annotations

import gc
import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, Final, final

import torch
from torch import Tensor, nn

import archspec
from benchmarks import by_hand

SPECS: Final = Path(__file__).parent.parent / "specs"
ROUNDS: Final = 20
DRAWS: Final = 2000
TARGET: Final = 1.0


@final
@dataclass(frozen=True)
class Pair:
    """A spec, and the same network written by hand."""

    spec: str
    by_hand: Callable[[], nn.Module]
    example: Callable[[], Tensor]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def compiled(self) -> nn.Module:
        module = archspec.load(SPECS / self.spec, **self.settings).compile()
        if not isinstance(module, nn.Module):
            raise TypeError(f"{self.spec} was not compiled to a module")
        return module


SHORT: Final = {"depth": 4}
"""GPT-2 has 12 layers; four of full width take as long for each, and the rest would tell nothing new."""

PAIRS: Final[Mapping[str, Pair]] = {
    "ResNet-50": Pair("vision/resnet.arch", by_hand.ResNet50, lambda: torch.randn(2, 3, 224, 224)),
    "GoogLeNet": Pair("vision/googlenet.arch", by_hand.GoogLeNet, lambda: torch.randn(2, 3, 224, 224)),
    "GPT-2": Pair(
        "attention/gpt2.arch",
        lambda: by_hand.GPT2(**SHORT),
        lambda: torch.randint(50_257, (1, 128)),
        SHORT,
    ),
}


@final
@dataclass(frozen=True)
class Times:
    """The seconds of each round."""

    compiled: Sequence[float]
    by_hand: Sequence[float]

    @property
    def ratio(self) -> float:
        return median(self.compiled) / median(self.by_hand)

    def interval(self) -> tuple[float, float]:
        """Between what 95% of the ratios lie that other rounds might have given."""
        chooser, rounds = random.Random(0), range(len(self.compiled))  # noqa: S311
        ratios = []
        for _ in range(DRAWS):
            drawn = chooser.choices(rounds, k=len(rounds))
            ratios.append(median(self.compiled[each] for each in drawn) / median(self.by_hand[each] for each in drawn))
        ratios.sort()
        return ratios[round(0.025 * DRAWS)], ratios[round(0.975 * DRAWS) - 1]


def in_turns(compiled: Callable[[], object], other: Callable[[], object], rounds: int) -> Times:
    """The times of two, of which the first to go changes with each round. The first two rounds are not counted."""
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 2):
        sides = [(compiled, found[0]), (other, found[1])]
        for run, times in sides if number % 2 else reversed(sides):
            gc.collect()
            start = process_time()
            run()
            times.append(process_time() - start)
    return Times(found[0][2:], found[1][2:])


def tensors(output: Any) -> list[Tensor]:
    """What a model gives, without what it gives in training alone."""
    return [output] if isinstance(output, Tensor) else [each for each in output if each is not None]


def forward(module: nn.Module, given: Tensor) -> Callable[[], object]:
    def run() -> object:
        with torch.no_grad():
            return module(given)

    return run


def training(module: nn.Module, given: Tensor) -> Callable[[], object]:
    """A pass forwards and one backwards, which add to the gradients that are there."""

    def run() -> None:
        loss = sum((each.square().mean() for each in tensors(module(given))), torch.zeros(()))
        loss.backward()  # type: ignore[no-untyped-call]

    return run


def give_same_weights(compiled: nn.Module, other: nn.Module) -> None:
    """The weights of one for the other, by their names, or by their order where the names differ."""
    own = other.state_dict()
    given = compiled.state_dict()
    if own.keys() != given.keys():
        given = dict(zip(own, given.values(), strict=True))
    other.load_state_dict(given)


def assert_alike(compiled: nn.Module, other: nn.Module, given: Tensor) -> None:
    """In evaluation, and in training where nothing is drawn at random."""
    for is_training in (False, True):
        found = []
        for module in (compiled, other):
            module.train(is_training)
            for each in module.modules():
                if isinstance(each, nn.Dropout):
                    each.eval()
            torch.manual_seed(0)  # What is dropped inside of attention is the same for both.
            with torch.no_grad():
                found.append(tensors(module(given)))
        torch.testing.assert_close(*found, rtol=1e-4, atol=1e-4)


def measured(pair: Pair, rounds: int) -> dict[str, Times]:
    torch.manual_seed(0)
    given = pair.example()
    compiled, other = pair.compiled(), pair.by_hand()
    give_same_weights(compiled, other)
    assert_alike(compiled, other, given)
    compiled.eval(), other.eval()
    times = {"forward": in_turns(forward(compiled, given), forward(other, given), rounds)}
    compiled.train(), other.train()
    times["and backward"] = in_turns(training(compiled, given), training(other, given), rounds)
    kind = type(compiled)
    del compiled, other
    times["building"] = in_turns(kind, pair.by_hand, max(rounds // 3, 5))
    return times


def main(rounds: int, *names: str) -> None:
    torch.set_num_threads(1)
    print(f"compiled models beside those written by hand, ratio of medians of {rounds}")
    is_met = True
    for name in names or PAIRS:
        for what, times in measured(PAIRS[name], rounds).items():
            low, high = times.interval()
            is_met &= low <= TARGET
            milliseconds = f"{median(times.compiled) * 1000:8.1f} ms to {median(times.by_hand) * 1000:8.1f} ms"
            print(f"  {name:<10} {what:<13} {milliseconds}  {times.ratio:5.3f}x  [{low:5.3f}, {high:5.3f}]", flush=True)
    print(f"target: no interval above {TARGET:.2f}: {'met' if is_met else 'missed'}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS, *sys.argv[2:])
