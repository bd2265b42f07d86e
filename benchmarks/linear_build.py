"""Whether building a graph is linear: the time per layer of 100,000 layers against that of 1,000.

    python benchmarks/linear_build.py [RUNS]

The two take turns in one process, and the medians are compared. The target is a ratio of at most 1.5.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time

import archspec

SMALL, LARGE = 1_000, 100_000
TARGET = 1.5


def seconds_per_layer(layers: int) -> float:
    text = f"model Stack {{\n    input x: [B, 8]\n    repeat {layers} {{ linear(8) }}\n}}\n"
    gc.collect()
    start = time.perf_counter()
    model = archspec.loads(text, syntax="arch")
    passed = time.perf_counter() - start
    if len(model.graph.nodes) != layers:
        raise AssertionError("the model was not built")
    return passed / layers


def main(runs: int) -> None:
    seconds_per_layer(SMALL)  # The first build also makes the tables of the parser.
    times: dict[int, list[float]] = {SMALL: [], LARGE: []}
    for _ in range(runs):
        for layers, measured in times.items():
            measured.append(seconds_per_layer(layers))
    small, large = (statistics.median(times[layers]) for layers in (SMALL, LARGE))
    print(f"building a graph, median of {runs}")
    for layers, median in ((SMALL, small), (LARGE, large)):
        print(f"  {layers:>7,} layers  {median * 1e6:6.1f} microseconds per layer  {median / small:5.2f}x")
    verdict = "met" if large / small <= TARGET else "missed"
    print(f"target: {LARGE:,} layers at most {TARGET} times as long for each: {verdict}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
