"""Graphs of any kind: layers that take any values before them, in groups within groups, some of which take turns.

Layers and whole groups are used again, weights are tied, and start in ways of their own; some outputs are there in
training only, and cells run over what comes to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, final

from hypothesis import strategies as st

from archspec.configured import Initialiser
from archspec.graph import Graph
from archspec.initialiser import Constant, Kaiming, Normal, Ones, TruncatedNormal, Uniform, Xavier, Zeros
from archspec.op import Op
from archspec.ops.addition import Add
from archspec.ops.arithmetic import Arithmetic
from archspec.ops.attention import Attention
from archspec.ops.cutting import Split
from archspec.ops.joining import Concat
from archspec.ops.layer_norm import LayerNorm
from archspec.ops.linear import Linear
from archspec.ops.multiplication import Mul
from archspec.ops.rectifier import Relu
from archspec.ops.repeating import Broadcast
from archspec.ops.reshaping import Reshape
from archspec.scan import Scan
from archspec.shape import Shape
from tests.graphs import B, Line, T, graph_of
from tests.kinds import elman_cell, lstm_cell

WORDS: Final = (
    "0",
    "1",
    "2",
    "7",
    "x",
    "y",
    "z",
    "conv",
    "l",
    "I",
    "torch",
    "F",
    "Tensor",
    "sum",
    "split_0",
    "block",
    "none",
)

KINDS: Final = (
    "linear", "linear", "linear", "relu", "norm", "add", "mul", "concat", "arithmetic", "rows", "attend", "broadcast",
    "again", "scan",
)  # fmt: skip

STARTS: Final[tuple[Initialiser, ...]] = (
    Zeros(),
    Ones(),
    Constant(value=0.5),
    Normal(std=0.02),
    Uniform(low=-1.0),
    TruncatedNormal(std=0.02),
)
STARTS_OF_MATRICES: Final[tuple[Initialiser, ...]] = (*STARTS, Xavier(), Kaiming(mode="fan_out"))


@final
@dataclass
class Growing:
    """A graph so far."""

    values: dict[str, int]
    """The last size of each value, which has the shape `[B, T, size]`."""

    lines: list[Line] = field(default_factory=list)
    unused: dict[str, None] = field(default_factory=dict)
    shares: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, op: Op, sources: list[str], *made: int) -> None:
        self.lines.append((name, op, sources))
        for port, size in enumerate(made):
            value = f"{name}:{port}" if port else name
            self.values[value] = size
            self.unused[value] = None

    def sizes_given(self, line: Line) -> list[int]:
        return [self.values[source] for source in line[2]]

    def sizes_made(self, line: Line) -> list[int]:
        made = [value for value in self.values if value.partition(":")[0] == line[0]]
        return [self.values[value] for value in made]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    growing = Growing({"x": 4})
    if draw(st.booleans()):
        growing.values["other"] = 4
    inputs = {name: Shape.of(B, T, size) for name, size in growing.values.items()}
    growing.unused = dict.fromkeys(growing.values)
    paths = sorted(draw(st.sets(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(tuple), max_size=12)))
    paths = [path for path in paths if not any(each[: len(path)] == path != each for each in paths)]
    paths = [path for path in paths if path[0].isidentifier() and path[0] not in inputs]
    if draw(st.booleans()):
        paths = draw(st.permutations(paths))
    for path in paths:
        _grow(draw, growing, "/".join(path))
    for number in range(draw(st.integers(0, 2))):
        _repeat(draw, growing, f"copy{number}")
    outputs = [*growing.unused] or ["x"]
    kept = draw(st.integers(1, len(outputs)))
    always = outputs[:kept] + draw(st.lists(st.sampled_from([*growing.values]), max_size=2))
    return graph_of(
        "Any",
        inputs,
        growing.lines,
        always,
        in_training={f"t{number}": value for number, value in enumerate(outputs[kept:])},
        shares=growing.shares,
        ties=_ties(draw, growing),
        init=_starts(draw, growing),
    )


def _taken(draw: st.DrawFn, growing: Growing, size: int | None = None) -> str:
    """A value, of some last size if one is given, and often the newest."""
    fitting = [name for name, found in growing.values.items() if size in (None, found)]
    name = draw(st.sampled_from([*fitting, fitting[-1], fitting[-1]]))
    growing.unused.pop(name, None)
    return name


def _grow(draw: st.DrawFn, growing: Growing, name: str) -> None:
    first = _taken(draw, growing)
    size = growing.values[first]
    match draw(st.sampled_from([*KINDS, *["split"] * (size % 2 == 0)])):
        case "linear":
            features = draw(st.sampled_from([2, 4]))
            growing.add(name, Linear(features=features), [first], features)
        case "relu":
            growing.add(name, Relu(), [first], size)
        case "norm":
            growing.add(name, LayerNorm(), [first], size)
        case "add":
            growing.add(name, Add(), [first, _taken(draw, growing, size)], size)
        case "mul":
            growing.add(name, Mul(), [first, _taken(draw, growing, size)], size)
        case "concat":
            second = _taken(draw, growing)
            growing.add(name, Concat(axis=-1), [first, second], size + growing.values[second])
        case "arithmetic":
            formulas = ["a * (b - 1) / 2", "-a**2 + b", "1 - a * b", "(a + b) * (a - b) / (3 - a)"]
            op = Arithmetic(formula=draw(st.sampled_from(formulas)))
            growing.add(name, op, [first, _taken(draw, growing, size)], size)
        case "rows":
            growing.add(name, Reshape(sizes=(B, T, size)), [first], size)
        case "broadcast":
            growing.add(name, Broadcast(sizes=(B, T, size)), [first], size)
        case "attend":
            others = [_taken(draw, growing) for _ in range(draw(st.integers(0, 2)))]
            growing.add(name, Attention(heads=1), [first, *others], size)
        case "split":
            growing.add(name, Split(parts=2, axis=-1), [first], size // 2, size // 2)
        case "scan":
            cell = draw(st.sampled_from([elman_cell, lstm_cell]))(size, 2)
            direction: Any = draw(st.sampled_from(["forward", "backward", "both"]))
            growing.add(name, Scan(cell=cell, direction=direction), [first], 4 if direction == "both" else 2)
        case _:
            fitting = [line for line in growing.lines if growing.sizes_given(line)[0] == size]
            if fitting:
                _use_again(draw, growing, name, draw(st.sampled_from(fitting)), first)
            else:
                growing.add(name, Relu(), [first], size)


def _use_again(draw: st.DrawFn, growing: Growing, name: str, line: Line, first: str) -> None:
    sources = [first, *(_taken(draw, growing, size) for size in growing.sizes_given(line)[1:])]
    growing.add(name, line[1], sources, *growing.sizes_made(line))
    growing.shares[name] = line[0]


def _repeat(draw: st.DrawFn, growing: Growing, name: str) -> None:
    """Use all layers of a group again, often with the same wiring."""
    groups = sorted({line[0].rpartition("/")[0] for line in growing.lines if "/" in line[0]})
    if not groups:
        return
    group = draw(st.sampled_from(groups)) + "/"
    moved: dict[str, str] = {}
    is_same = draw(st.booleans()) or draw(st.booleans())
    for line in [line for line in growing.lines if line[0].startswith(group)]:
        target = f"{name}/{line[0].removeprefix(group)}"
        sources = []
        for source, size in zip(line[2], growing.sizes_given(line), strict=True):
            inner, colon, port = source.partition(":")
            if inner.startswith(group) and is_same:
                sources.append(f"{name}/{inner.removeprefix(group)}{colon}{port}")
                growing.unused.pop(sources[-1], None)
            else:
                if source not in moved or not is_same:
                    moved[source] = _taken(draw, growing, size)
                sources.append(moved[source])
        growing.add(target, line[1], sources, *growing.sizes_made(line))
        growing.shares[target] = line[0]


def _ties(draw: st.DrawFn, growing: Growing) -> dict[str, dict[str, str]]:
    """Weights of some layers that are those of earlier ones."""
    ties: dict[str, dict[str, str]] = {}
    owners: dict[tuple[str, int, int], list[str]] = {}
    for line in growing.lines:
        if isinstance(line[1], Linear) and line[0] not in growing.shares:
            key = ("weight", growing.sizes_given(line)[0], growing.sizes_made(line)[0])
            if owners.get(key) and not draw(st.booleans()):
                ties[line[0]] = {"weight": f"{draw(st.sampled_from(owners[key]))}.weight"}
            owners.setdefault(key, []).append(line[0])
    return ties


def _starts(draw: st.DrawFn, growing: Growing) -> dict[str, dict[str, Initialiser]]:
    """How the weights of some layers start."""
    starts: dict[str, dict[str, Initialiser]] = {}
    for name, op, _ in growing.lines:
        if name in growing.shares or not draw(st.booleans()):
            continue
        vectors = {Linear: ["bias"], LayerNorm: ["weight", "bias"], Attention: ["out_proj.bias", "in_proj_bias"]}
        matrices = {Linear: ["weight"], Attention: ["out_proj.weight"]}
        starts[name] = {each: draw(st.sampled_from(STARTS)) for each in vectors.get(type(op), ())}
        starts[name] |= {each: draw(st.sampled_from(STARTS_OF_MATRICES)) for each in matrices.get(type(op), ())}
    return starts
