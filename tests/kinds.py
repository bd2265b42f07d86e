"""Graphs by hand with all that is more than layers and values: names of outputs, shared and tied weights, and cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from archspec.configured import Initialiser
from archspec.graph import Graph
from archspec.initialiser import (
    Constant,
    Kaiming,
    Normal,
    Ones,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    Xavier,
    Zeros,
)
from archspec.op import Op
from archspec.ops.adaptive_pool import AdaptiveAvgPool
from archspec.ops.addition import Add
from archspec.ops.arithmetic import Arithmetic
from archspec.ops.attention import Attention
from archspec.ops.batch_norm import BatchNorm
from archspec.ops.conv import Conv
from archspec.ops.cutting import Split
from archspec.ops.embedding import Embedding
from archspec.ops.global_pool import GlobalAvgPool
from archspec.ops.joining import Concat
from archspec.ops.layer_norm import LayerNorm
from archspec.ops.linear import Linear
from archspec.ops.multiplication import Mul
from archspec.ops.positions import LearnedPositions
from archspec.ops.rectifier import Relu
from archspec.ops.reshaping import Flatten, Reshape
from archspec.ops.sigmoid import Sigmoid, Tanh
from archspec.scan import Scan
from archspec.shape import Element, Shape
from tests.graphs import B, Line, T, graph_of

TOKENS: Final = Shape.of(B, T, element=Element.INT)


def lines_of(path: str, layers: Sequence[tuple[str, Op]], source: str) -> list[Line]:
    """Layers in a row, below a path."""
    lines: list[Line] = []
    for name, op in layers:
        lines.append((f"{path}/{name}", op, [source]))
        source = f"{path}/{name}"
    return lines


# ------------------------------------------------------------------------------------------- outputs, and training


def auxiliary() -> Graph:
    """Two heads for training alone in between of what always runs, as in GoogLeNet."""
    layers: list[tuple[str, Op]] = [
        ("pool", AdaptiveAvgPool(size=2)),
        ("flatten", Flatten()),
        ("fc", Linear(features=6)),
    ]
    lines: list[Line] = [("stem", Conv(channels=4, kernel=3, padding=1), ["image"])]
    for name, source in (("aux1", "stem"), ("aux2", "body/1")):
        if name == "aux2":
            lines += lines_of("body", [("0", Conv(channels=8, kernel=3, padding=1)), ("1", Relu())], "stem")
        lines += lines_of(name, layers, source)
        lines += [
            (f"{name}/relu", Relu(), [f"{name}/fc"]),
            (f"{name}/add", Add(), [f"{name}/relu", f"{name}/fc"]),
            (f"{name}/scores", Linear(features=5), [f"{name}/add"]),
        ]
    lines += lines_of("head", [("pool", GlobalAvgPool()), ("flatten", Flatten()), ("fc", Linear(features=5))], "body/1")
    return graph_of(
        "Auxiliary",
        {"image": [B, 3, 8, 8]},
        lines,
        {"logits": "head/fc"},
        in_training={"aux2": "aux2/scores", "aux1": "aux1/scores"},
    )


def mixed() -> Graph:
    """Layers for training alone inside a group that always runs, and values that are there anyway."""
    lines: list[Line] = [
        ("body/a", Linear(features=4), ["x"]),
        ("body/side/0", Linear(features=4), ["body/a"]),
        ("body/side/1", Relu(), ["body/side/0"]),
        ("body/extra", Split(parts=2), ["body/side/1"]),
        ("body/b", Linear(features=4), ["body/a"]),
        ("late", Mul(), ["body/side/1", "body/b"]),
        ("last", Linear(features=3), ["body/b"]),
        ("parts", Split(parts=4), ["late"]),
    ]
    training = {"late": "late", "side": "body/side/1", "same": "body/b", "again": "x", "extra": "body/extra:1"}
    training |= {f"a_name_that_is_rather_long_{port}": f"parts:{port}" if port else "parts" for port in range(4)}
    return graph_of("Mixed", {"x": [B, 3]}, lines, {"y": "last", "tap": "body/b"}, in_training=training)


def tapped() -> Graph:
    """An input with the name of the class of the outputs, and outputs with names that are hard to keep."""
    lines: list[Line] = [
        ("first", Linear(features=4), ["TappedOutput"]),
        ("x", Linear(features=4), ["first"]),
        ("TappedOutput2", Linear(features=4), ["x"]),
    ]
    outputs = {"x": "TappedOutput2", "y": "first", "twice": "first", "TappedOutput": "TappedOutput", "o" * 70: "x"}
    return graph_of("Tapped", {"TappedOutput": [B, 4]}, lines, outputs)


# --------------------------------------------------------------------------------------------------- weights in common


def language() -> Graph:
    """The embedding is the last layer too, as in GPT-2; and how weights start."""
    lines = lines_of(
        "transformer", [("wte", Embedding(entries=11, features=4)), ("wpe", LearnedPositions(length=8))], "tokens"
    )
    x = "transformer/wpe"
    init: dict[str, dict[str, Initialiser]] = {
        "transformer/wte": {"weight": Normal(std=0.02)},
        "transformer/wpe": {"weight": Normal(std=0.01)},
        "lm_head": {"weight": Ones()},
    }
    for number in range(2):
        path = f"transformer/h/{number}"
        lines += lines_of(path, [("norm", LayerNorm()), ("attend", Attention(heads=2, causal=True))], x)
        lines.append((f"{path}/add", Add(), [x, f"{path}/attend"]))
        x = f"{path}/add"
        init[f"{path}/norm"] = {"weight": Ones(), "bias": Zeros()}
        init[f"{path}/attend"] = {
            "in_proj_weight": Normal(std=0.02),
            "out_proj.weight": Normal(std=0.01),
            "in_proj_bias": Zeros(),
            "out_proj.bias": Zeros(),
        }
    lines.append(("lm_head", Linear(features=11, bias=False), [x]))
    ties = {"lm_head": {"weight": "transformer/wte.weight"}}
    return graph_of("Language", {"tokens": TOKENS}, lines, ["lm_head"], ties=ties, init=init)


def tied() -> Graph:
    """Ties of all kinds: within a group, out of a row, from one attention to another, and in a chain."""
    lines: list[Line] = [
        *lines_of("row", [("0", Linear(features=4)), ("1", Linear(features=4)), ("2", BatchNorm())], "x"),
        *lines_of("named", [("a", Linear(features=4)), ("b", Linear(features=4)), ("norm", BatchNorm())], "row/2"),
        ("wide", Reshape(sizes=(B, 1, 4)), ["named/norm"]),
        *lines_of("deep/inner", [("one", Attention(heads=2)), ("two", Attention(heads=2))], "wide"),
        ("deep/add", Add(), ["deep/inner/two", "wide"]),
        ("last", Linear(features=4), ["deep/add"]),
    ]
    ties = {
        "row/1": {"weight": "row/0.weight", "bias": "row/0.bias"},
        "row/2": {"bias": "row/1.bias"},
        "named/b": {"weight": "row/1.weight"},
        "named/norm": {"weight": "named/a.bias"},
        "deep/inner/two": {
            "in_proj_weight": "deep/inner/one.in_proj_weight",
            "out_proj.bias": "deep/inner/one.out_proj.bias",
        },
        "last": {"weight": "deep/inner/two.out_proj.weight"},
    }
    init: dict[str, dict[str, Initialiser]] = {
        "named/a": {"weight": Xavier()},
        "row/1": {"weight": Zeros()},
        "row/0": {"weight": Constant(value=0.5)},
    }
    return graph_of("Tied", {"x": [B, 4]}, lines, ["last"], ties=ties, init=init)


def embedded() -> Graph:
    """Layers of a group that are used again outside it, and inside another."""
    lines: list[Line] = [
        *lines_of("encoder", [("embed", Embedding(entries=7, features=4)), ("project", Linear(features=4))], "a"),
        ("embed2", Embedding(entries=7, features=4), ["b"]),
        *lines_of(
            "decoder", [("project", Linear(features=4)), ("relu", Relu()), ("own", Linear(features=4))], "embed2"
        ),
        ("add", Add(), ["encoder/project", "decoder/own"]),
        *lines_of("row", [("0", Linear(features=4)), ("1", Relu())], "add"),
        ("again", Linear(features=4), ["row/1"]),
        *lines_of("deep/0", [("a", Linear(features=4)), ("b", Relu())], "again"),
        *lines_of("deep/1", [("a", Linear(features=4)), ("b", Relu())], "deep/0/b"),
        ("inner", Linear(features=4), ["deep/1/b"]),
    ]
    shares = {"embed2": "encoder/embed", "decoder/project": "encoder/project", "again": "row/0", "inner": "deep/1/a"}
    return graph_of("Embedded", {"a": TOKENS, "b": TOKENS}, lines, ["inner"], shares=shares)


def siamese() -> Graph:
    """Groups that are used again as wholes: a row, a block, a block in one, and one of which more is needed then."""

    def unit(path: str, source: str) -> list[Line]:
        return [
            (f"{path}/a", Linear(features=4), [source]),
            (f"{path}/b", Relu(), [f"{path}/a"]),
            (f"{path}/rows", Reshape(sizes=(B * T, 4)), [f"{path}/b"]),
            (f"{path}/back", Reshape(sizes=(B, T, 4)), [f"{path}/rows"]),
            (f"{path}/c", Add(), [f"{path}/back", source]),
        ]

    row: list[tuple[str, Op]] = [("0", Linear(features=4)), ("1", Relu()), ("2", Linear(features=4))]
    lines = lines_of("tower", row, "left") + lines_of("twin", row, "right")
    lines.append(("difference", Arithmetic(formula="a - b"), ["tower/2", "twin/2"]))
    lines += unit("first", "difference") + unit("second", "first/c")
    lines += [("add", Add(), ["second/c", "second/a"])]
    lines += [*unit("outer/inner", "add"), ("outer/relu", Relu(), ["outer/inner/c"])]
    lines += [*unit("outer2/inner", "outer/relu"), ("outer2/relu", Relu(), ["outer2/inner/c"])]
    lines += unit("third", "outer2/relu") + unit("other", "third/c")
    shares = {f"twin/{name}": f"tower/{name}" for name, _ in row}
    for name in ("a", "b", "rows", "back", "c"):
        shares |= {f"second/{name}": f"first/{name}", f"outer2/inner/{name}": f"outer/inner/{name}"}
        shares |= {f"third/{name}": f"second/{name}", f"other/{name}": f"outer2/inner/{name}"}
    shares["outer2/relu"] = "outer/relu"
    return graph_of("Siamese", {"left": [B, T, 4], "right": [B, T, 4]}, lines, ["other/c"], shares=shares)


def rewired() -> Graph:
    """Groups that have the layers of another one, but are wired in another way, or for another shape."""

    def unit(path: str, source: str, other: str) -> list[Line]:
        return [
            (f"{path}/a", Linear(features=4), [source]),
            (f"{path}/b", Linear(features=4), [other]),
            (f"{path}/flat", Reshape(sizes=(B, T * 4)), [f"{path}/b"]),
            (f"{path}/back", Reshape(sizes=(B, T, 4)), [f"{path}/flat"]),
            (f"{path}/add", Add(), [f"{path}/a", f"{path}/back"]),
        ]

    lines = unit("one", "x", "y") + unit("two", "one/add", "one/add") + unit("three", "y", "three/a")
    # The sizes that are read of the second input of `one` stand at other axes of that of `four`.
    lines += [("turn", Reshape(sizes=(T, B, 4)), ["two/add"]), *unit("four", "three/add", "turn")]
    lines += [("five/a", Linear(features=4), ["four/add"]), ("five/relu", Relu(), ["four/b"])]
    lines += unit("six", "five/a", "four/add")
    names = ("a", "b", "flat", "back", "add")
    shares = {f"{path}/{name}": f"one/{name}" for path in ("two", "three", "four") for name in names}
    shares |= {"five/a": "one/a", "six/a": "one/a", "six/add": "one/add"}
    inputs = {"x": Shape.of(B, T, 4), "y": Shape.of(B, T, 4)}
    return graph_of("Rewired", inputs, lines, {"y0": "six/add", "y1": "five/relu"}, shares=shares)


# ---------------------------------------------------------------------------------------------------- how weights start


def started() -> Graph:
    """How weights start, in rows, classes, and groups that others run in between of."""
    lines: list[Line] = [
        ("stem", Conv(channels=4, kernel=3, padding=1), ["image"]),
        *lines_of(
            "features",
            [(str(number), Conv(channels=4, kernel=3, padding=1)) for number in range(12)],
            "stem",
        ),
    ]
    x = "features/11"
    init: dict[str, dict[str, Initialiser]] = {
        "stem": {"weight": Kaiming(mode="fan_out"), "bias": Zeros()},
        "fc": {"weight": Normal(std=0.01), "bias": Uniform(low=-0.1, high=0.1)},
    }
    init |= {f"features/{number}": {"weight": Kaiming(mode="fan_out"), "bias": Zeros()} for number in range(12)}
    for number in range(3):
        path = f"blocks/{number}"
        layers: list[tuple[str, Op]] = [
            ("conv1", Conv(channels=4, kernel=3, padding=1, bias=False)),
            ("norm1", BatchNorm()),
            ("conv2", Conv(channels=4, kernel=3, padding=1, bias=False)),
            ("norm2", BatchNorm()),
        ]
        lines += [*lines_of(path, layers, x), (f"{path}/add", Add(), [f"{path}/norm2", x])]
        x = f"{path}/add"
        for name in ("conv1", "conv2"):
            init[f"{path}/{name}"] = {"weight": Kaiming(mode="fan_out")}
        init[f"{path}/norm1"] = {"bias": Constant(value=0.25)}
        init[f"{path}/norm2"] = {"weight": Zeros() if number else Ones()}
    lines += [("pool", GlobalAvgPool(), [x]), ("flatten", Flatten(), ["pool"]), ("fc", Linear(features=2), ["flatten"])]
    return graph_of("Started", {"image": [B, 3, 6, 6]}, lines, ["fc"], init=init)


# ---------------------------------------------------------------------------------------------------------------- cells


def lstm_cell(features: int, hidden: int) -> Graph:
    lines: list[Line] = [
        ("ih", Linear(features=4 * hidden), ["x"]),
        ("hh", Linear(features=4 * hidden), ["h"]),
        ("sum", Add(), ["ih", "hh"]),
        ("split", Split(parts=4, axis=-1), ["sum"]),
        ("i", Sigmoid(), ["split"]),
        ("f", Sigmoid(), ["split:1"]),
        ("g", Tanh(), ["split:2"]),
        ("o", Sigmoid(), ["split:3"]),
        ("state", Arithmetic(formula="a * b + c * d"), ["f", "c", "i", "g"]),
        ("squashed", Tanh(), ["state"]),
        ("output", Mul(), ["o", "squashed"]),
    ]
    inputs = {"x": Shape.of(B, features), "h": Shape.of(B, hidden), "c": Shape.of(B, hidden)}
    init: dict[str, dict[str, Initialiser]] = {"ih": {"weight": Orthogonal()}, "hh": {"weight": Orthogonal()}}
    return graph_of("Lstm", inputs, lines, {"h": "output", "c": "state"}, init=init)


def elman_cell(features: int, hidden: int) -> Graph:
    lines: list[Line] = [
        ("ih", Linear(features=hidden), ["x"]),
        ("hh", Linear(features=hidden), ["h"]),
        ("add", Add(), ["ih", "hh"]),
        ("next", Tanh(), ["add"]),
    ]
    return graph_of("Elman", {"x": [B, features], "h": [B, hidden]}, lines, {"h": "next"})


def tagger() -> Graph:
    """Both ways, one way after the other, and on from where another one ended."""
    lines: list[Line] = [
        ("both", Scan(cell=lstm_cell(3, 4), direction="both"), ["x"]),
        ("down", Linear(features=4), ["both"]),
        ("back", Scan(cell=lstm_cell(4, 4), direction="backward"), ["down"]),
        ("on", Scan(cell=lstm_cell(4, 4)), ["back", "back:1", "back:2"]),
        ("partly", Scan(cell=lstm_cell(4, 4)), ["on", "on:1"]),
        ("elman", Scan(cell=elman_cell(4, 5)), ["partly"]),
        ("scores", Linear(features=2), ["elman"]),
    ]
    return graph_of("Tagger", {"x": [B, T, 3]}, lines, {"scores": "scores", "last": "elman:1", "c": "partly:2"})


def memory_cell() -> Graph:
    """A cell with a constant, groups, a layer that is used twice, weights in common, a state that stays, and a cell."""
    lines: list[Line] = [
        ("embed", Embedding(entries=7, features=4), ["token"]),
        *lines_of("deep", [("0", Linear(features=4)), ("1", Relu()), ("2", Linear(features=4))], "embed"),
        ("mix/one", Linear(features=4), ["deep/2"]),
        ("mix/two", Linear(features=4), ["h"]),
        ("mix/sum", Add(), ["mix/one", "mix/two"]),
        ("again", Linear(features=4), ["mix/sum"]),
        ("flat", Reshape(sizes=(B * T, 4)), ["memory"]),
        ("grid", Reshape(sizes=(B, T, 4)), ["flat"]),
        ("read", Scan(cell=elman_cell(4, 4)), ["grid", "again"]),
        ("scores", Linear(features=7, bias=False), ["read:1"]),
        ("norm", LayerNorm(), ["scores"]),
    ]
    inputs = {
        "token": Shape.of(B, element=Element.INT),
        "memory": Shape.of(B, T, 4),
        "sequence": Shape.of(B, 7),
        "h": Shape.of(B, 4),
        "stays": Shape.of(B, T),
    }
    return graph_of(
        "Reader",
        inputs,
        lines,
        {"sequence": "norm", "h": "read:1", "stays": "stays"},
        shares={"mix/two": "mix/one", "again": "deep/0"},
        ties={"scores": {"weight": "embed.weight"}},
        init={"embed": {"weight": Normal(std=0.5)}, "deep/0": {"bias": Zeros()}, "deep/2": {"bias": Zeros()}},
    )


def reader() -> Graph:
    """A cell over tokens, which looks into a memory, in a group of its own, and once more with other weights."""
    lines: list[Line] = [
        ("signal", Linear(features=4), ["memory"]),
        ("reading/scan", Scan(cell=memory_cell()), ["tokens", "signal"]),
        ("reading/scores", Linear(features=3), ["reading/scan"]),
        ("second", Scan(cell=memory_cell(), direction="both"), ["tokens", "signal"]),
        ("third", Scan(cell=memory_cell()), ["tokens", "signal"]),
        ("join", Concat(axis=-1), ["reading/scores", "second", "third"]),
    ]
    inputs = {"tokens": TOKENS, "memory": Shape.of(B, T, 5)}
    init: dict[str, dict[str, Initialiser]] = {
        "second": {"forwards.read.hh.weight": Zeros(), "backwards.norm.bias": Ones()}
    }
    return graph_of("Reading", inputs, lines, ["join"], shares={"third": "reading/scan"}, init=init)


def counter() -> Graph:
    """A cell over tokens, whose states have to begin as numbers with a point."""
    lines: list[Line] = [("embed", Embedding(entries=7, features=4), ["token"]), ("add", Add(), ["embed", "h"])]
    inputs = {"token": Shape.of(B, element=Element.INT), "h": Shape.of(B, 4)}
    cell = graph_of("Counting", inputs, lines, {"h": "add"})
    return graph_of("Counter", {"tokens": TOKENS}, [("scan", Scan(cell=cell), ["tokens"])], ["scan"])


KINDS: Final[dict[str, Callable[[], Graph]]] = {
    made.__name__: made
    for made in (
        auxiliary, mixed, tapped, language, tied, embedded, siamese, rewired, started, tagger, reader, counter
    )
}  # fmt: skip


def widths(length: int) -> Graph:
    """Names of some length wherever a name can stand, so that lines end at each column around the limit."""
    a, b, c, side, x = (letter * length for letter in "abcsx")
    state, other = "h" * length, "k" * length
    cell = graph_of(
        "C" * length,
        {x: Shape.of(B, 4), state: Shape.of(B, 4), other: Shape.of(B, 4)},
        [(a, Linear(features=4), [x]), (b, Add(), [a, state]), (c, Mul(), [b, other])],
        {state: b, other: c},
        init={a: {"weight": Orthogonal(gain=0.5), "bias": Constant(value=0.125)}},
    )
    lines: list[Line] = [
        (a, Linear(features=4), ["input"]),
        (b, Linear(features=4), [a]),
        (c, Linear(features=4), [b]),
        *lines_of(f"group/{a}", [("one", Linear(features=4)), ("two", Linear(features=4))], c),
        (side, Linear(features=4), [b]),
        (f"again{a}", Linear(features=4), [f"group/{a}/two"]),
        (f"scan{a}", Scan(cell=cell, direction="backward"), [f"again{a}"]),
        (f"last{a}", Scan(cell=cell), [f"scan{a}", f"scan{a}:1", f"scan{a}:2"]),
        *lines_of("row/0", [(a, Linear(features=4)), ("b", Linear(features=4))], f"last{a}"),
        *lines_of("row/1", [(a, Linear(features=4)), ("b", Linear(features=4))], "row/0/b"),
        ("inner", Linear(features=4), ["row/1/b"]),
        ("outer", Linear(features=4), ["inner"]),
    ]
    start = Kaiming(mode="fan_out", activation="leaky_relu", slope=0.25)
    init: dict[str, dict[str, Initialiser]] = {
        a: {"weight": start, "bias": Zeros()},
        b: {"weight": start, "bias": Uniform(low=-0.5, high=0.5)},
        c: {"bias": Zeros()},
        side: {"bias": TruncatedNormal(std=0.125)},
    }
    return graph_of(
        "M" * length,
        {"input": Shape.of(B, T, 4)},
        lines,
        {a: "outer", b: b, "o": f"last{a}:2"},
        in_training={side: side, "same": a},
        shares={f"again{a}": f"group/{a}/one", "inner": f"row/0/{a}", "outer": f"row/0/{a}"},
        ties={
            c: {"weight": f"{b}.weight"},
            f"group/{a}/two": {"weight": f"{c}.weight"},
            f"row/1/{a}": {"weight": f"row/0/{a}.weight", "bias": f"row/0/{a}.bias"},
        },
        init=init,
    )
