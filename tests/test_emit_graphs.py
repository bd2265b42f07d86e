"""Source of graphs with branches and merges: it reads well, and computes what the graph says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings

from archspec.diagnostics import Report
from archspec.graph import Graph
from archspec.ops.addition import Add
from archspec.ops.arithmetic import Arithmetic
from archspec.ops.attention import Attention
from archspec.ops.batch_norm import BatchNorm
from archspec.ops.conv import Conv
from archspec.ops.cutting import Select, Split
from archspec.ops.embedding import Embedding
from archspec.ops.global_pool import GlobalAvgPool
from archspec.ops.joining import Concat
from archspec.ops.layer_norm import LayerNorm
from archspec.ops.linear import Linear
from archspec.ops.max_pool import MaxPool
from archspec.ops.multiplication import Mul
from archspec.ops.rearranging import Permute
from archspec.ops.rectifier import Relu
from archspec.ops.repeating import Broadcast
from archspec.ops.reshaping import Flatten, Reshape
from archspec.ops.sigmoid import Sigmoid, Tanh
from archspec.shape import Element, Shape
from archspec_torch.check import check
from archspec_torch.emit import emit
from archspec_torch.solve import UntoldSizeError
from tests.any_graph import graphs
from tests.graphs import B, Line, T, graph_of
from tests.interpreted import agrees
from tests.kinds import KINDS, widths
from tests.test_emit import STRICTLY, said

ROOT: Final = Path(__file__).parent.parent


def block(path: str, source: str, channels: int, *, stride: int = 1, projects: bool = False) -> list[Line]:
    """A basic block of a ResNet."""
    lines: list[Line] = [
        (f"{path}/conv1", Conv(channels=channels, kernel=3, stride=stride, padding=1, bias=False), [source]),
        (f"{path}/norm1", BatchNorm(), [f"{path}/conv1"]),
        (f"{path}/relu1", Relu(), [f"{path}/norm1"]),
        (f"{path}/conv2", Conv(channels=channels, kernel=3, padding=1, bias=False), [f"{path}/relu1"]),
        (f"{path}/norm2", BatchNorm(), [f"{path}/conv2"]),
    ]
    shortcut = source
    if projects:
        shortcut = f"{path}/shortcut/norm"
        lines += [
            (f"{path}/shortcut/conv", Conv(channels=channels, kernel=1, stride=stride, bias=False), [source]),
            (shortcut, BatchNorm(), [f"{path}/shortcut/conv"]),
        ]
    return [*lines, (f"{path}/add", Add(), [f"{path}/norm2", shortcut]), (f"{path}/relu2", Relu(), [f"{path}/add"])]


def residual() -> Graph:
    lines: list[Line] = [("stem", Conv(channels=4, kernel=3, padding=1), ["image"])]
    lines += block("stage1/0", "stem", 4)
    lines += block("stage1/1", "stage1/0/relu2", 4)
    lines += block("stage2/0", "stage1/1/relu2", 8, stride=2, projects=True)
    lines += block("stage2/1", "stage2/0/relu2", 8)
    lines += [("pool", GlobalAvgPool(), ["stage2/1/relu2"]), ("flatten", Flatten(), ["pool"])]
    return graph_of("Residual", {"image": [B, 3, 8, 8]}, lines, ["flatten"])


def inception() -> Graph:
    lines: list[Line] = [
        ("mixed/wide/0", Conv(channels=4, kernel=1), ["x"]),
        ("mixed/wide/1", Relu(), ["mixed/wide/0"]),
        ("mixed/deep/0", Conv(channels=2, kernel=1), ["x"]),
        ("mixed/deep/1", Conv(channels=3, kernel=3, padding=1), ["mixed/deep/0"]),
        ("mixed/pool", MaxPool(kernel=3, stride=1, padding=1), ["x"]),
        ("mixed/concat", Concat(), ["mixed/wide/1", "mixed/deep/1", "mixed/pool"]),
    ]
    return graph_of("Inception", {"x": [B, 3, 6, 6]}, lines, ["mixed/concat"])


def gate() -> Graph:
    """Squeeze and excitation, its layers numbered: the last of them is written as an expression."""
    lines: list[Line] = [
        ("conv", Conv(channels=8, kernel=3, padding=1), ["x"]),
        ("gate/0", GlobalAvgPool(), ["conv"]),
        ("gate/1", Conv(channels=2, kernel=1), ["gate/0"]),
        ("gate/2", Relu(), ["gate/1"]),
        ("gate/3", Conv(channels=8, kernel=1), ["gate/2"]),
        ("gate/4", Sigmoid(), ["gate/3"]),
        ("gate/5", Mul(), ["conv", "gate/4"]),
        ("gate/6", Relu(), ["gate/5"]),
    ]
    return graph_of("Gate", {"x": [B, 3, 6, 6]}, lines, ["gate/6"])


def nested() -> Graph:
    """A skip inside groups whose parents are chains."""
    lines: list[Line] = [
        ("body/0/0", Linear(features=4), ["x"]),
        ("body/0/1/skip", Linear(features=4), ["body/0/0"]),
        ("body/0/1/2", Relu(), ["body/0/1/skip"]),
        ("body/0/1/sum", Add(), ["body/0/1/2", "body/0/0"]),
        ("body/1", Linear(features=2), ["body/0/1/sum"]),
    ]
    return graph_of("Nested", {"x": [B, 4]}, lines, ["body/1"])


def outside() -> Graph:
    """Values used outside their groups, as in a U-Net, and an input that is an output."""
    lines: list[Line] = [
        ("encoder/first", Linear(features=4), ["x"]),
        ("encoder/second", Linear(features=4), ["encoder/first"]),
        ("decoder/first", Add(), ["encoder/second", "encoder/first"]),
        ("decoder/second", Linear(features=4), ["decoder/first"]),
        ("join", Concat(), ["decoder/second", "encoder/first", "x"]),
    ]
    return graph_of("Outside", {"x": [B, 4]}, lines, {"join": "join", "second": "encoder/second", "same": "x"})


def translator() -> Graph:
    """Two inputs, a decoder of two alike layers with a memory, and sizes that are read while it runs."""
    lines: list[Line] = [
        ("embed", Embedding(entries=7, features=4), ["tokens"]),
        ("memory_in", Linear(features=4), ["signal"]),
    ]
    x = "embed"
    for number in range(2):
        path = f"decoder/{number}"
        lines += [
            (f"{path}/attend", Attention(heads=2), [x, x, x]),
            (f"{path}/first", Add(), [x, f"{path}/attend"]),
            (f"{path}/look", Attention(heads=2), [f"{path}/first", "memory_in"]),
            (f"{path}/second", Add(), [f"{path}/first", f"{path}/look"]),
            (f"{path}/norm", LayerNorm(), [f"{path}/second"]),
        ]
        x = f"{path}/norm"
    lines += [
        ("flat/rows", Reshape(sizes=(B * T, 4)), [x]),
        ("flat/scores", Linear(features=6), ["flat/rows"]),
        ("flat/back", Reshape(sizes=(B, T, 6)), ["flat/scores"]),
    ]
    inputs = {"tokens": Shape.of(B, T, element=Element.INT), "signal": Shape.of(B, 5, 3)}
    return graph_of("Translator", inputs, lines, ["flat/back"])


def cell() -> Graph:
    """The gates of an LSTM, for one step."""
    lines: list[Line] = [
        ("joined", Concat(), ["x", "hidden"]),
        ("cell/gates", Linear(features=16), ["joined"]),
        ("cell/split", Split(parts=4), ["cell/gates"]),
        ("cell/input", Sigmoid(), ["cell/split"]),
        ("cell/forget", Sigmoid(), ["cell/split:1"]),
        ("cell/new", Tanh(), ["cell/split:2"]),
        ("cell/output", Sigmoid(), ["cell/split:3"]),
        (
            "cell/state",
            Arithmetic(formula="a * b + c * d"),
            ["cell/forget", "state", "cell/input", "cell/new"],
        ),
        ("cell/tanh", Tanh(), ["cell/state"]),
        ("cell/hidden", Mul(), ["cell/output", "cell/tanh"]),
    ]
    inputs = {"x": Shape.of(B, 3), "hidden": Shape.of(B, 4), "state": Shape.of(B, 4)}
    return graph_of("Cell", inputs, lines, ["cell/hidden", "cell/state"])


def tangled() -> Graph:
    """Groups whose layers take turns, so that neither can be called as a whole."""
    lines: list[Line] = [
        ("g/a", Linear(features=4), ["x"]),
        ("h/0/b", Linear(features=4), ["g/a"]),
        ("g/inner/c", Linear(features=4), ["h/0/b"]),
        ("g/inner/d", Add(), ["g/inner/c", "x"]),
        ("h/0/e", Linear(features=4), ["g/inner/d"]),
        ("i/f", Add(), ["h/0/e", "g/a"]),
        ("h/g", Add(), ["i/f", "x"]),
        ("i/j", Relu(), ["h/g"]),
    ]
    return graph_of("Tangled", {"x": [B, 4]}, lines, ["i/j"])


def parts() -> Graph:
    """Values that are taken apart: into one, into some of which none needs, and into more than a line holds."""
    lines: list[Line] = [
        ("one", Split(parts=1), ["x"]),
        ("few/0", Split(parts=3), ["one"]),
        ("many", Split(parts=12), ["x"]),
        ("sum", Add(), [f"many:{number}" if number else "many" for number in range(12)]),
        ("join", Concat(), ["few/0:1", "few/0:2"]),
        ("last", Split(parts=(1, 3, 4)), ["join"]),
    ]
    return graph_of("Parts", {"x": [B, 12]}, lines, ["sum", "last:1", "many:3", "x", "x"])


def names() -> Graph:
    """Names that are taken in the source, or would be hard to read in it."""
    lines: list[Line] = [
        ("torch", Linear(features=4), ["input_"]),
        ("F", Linear(features=4), ["torch"]),
        ("l", Linear(features=4), ["F"]),
        ("Tensor", Linear(features=4), ["l"]),
        ("x", Linear(features=4), ["Tensor"]),
        ("y", Linear(features=4), ["x"]),
        ("tensor/b", Concat(), ["y", "torch"]),
        ("names/none/c", Concat(), ["tensor/b", "F"]),
        ("none/c", Concat(), ["names/none/c", "l"]),
        ("i/f", Concat(), ["none/c", "Tensor"]),
        ("attention/v" + "e" * 60, Concat(), ["i/f", "x"]),
        ("attention/k", Concat(), ["attention/v" + "e" * 60, "i/f", "attention/v" + "e" * 60]),
    ]
    return graph_of("Names", {"input_": [B, 4]}, lines, ["attention/k", "attention/v" + "e" * 60])


def sizes() -> Graph:
    """Open sizes that are told by none of the values at hand, and by no input as they are."""
    lines: list[Line] = [
        ("outer/inner/rows", Reshape(sizes=(B, T, 2, 4)), ["x"]),
        ("outer/inner/turn", Permute(axes=(0, 2, 1, 3)), ["outer/inner/rows"]),
        ("outer/inner/flat", Reshape(sizes=(B, 2, T * 4)), ["outer/inner/turn"]),
        ("outer/first", Select(axis=1, index=0), ["outer/inner/flat"]),
        ("outer/grid", Reshape(sizes=(B, T, 4)), ["outer/first"]),
        ("token/wide", Broadcast(sizes=(B, T, 4)), ["outer/line"]),
    ]
    lines.insert(5, ("outer/line", Linear(features=4), ["one"]))
    return graph_of(
        "Sizes",
        {"x": Shape.of(B, 2 * T, 4), "one": Shape.of(1, 1, 4)},
        lines,
        {"wide": "token/wide", "grid": "outer/grid"},
    )


def long() -> Graph:
    """Lines that are too long for what stands on them."""
    name, other = "i" * 70, "j" * 45
    lines: list[Line] = [
        ("a", Add(), [name, other]),
        ("b", Add(), ["a", name, other]),
        ("c", Arithmetic(formula="a * b + c * a - b * b / 2"), ["b", other, name]),
        ("d", Select(axis=-1, index=2), [name]),
        ("e", Permute(axes=(1, 0)), [name]),
        ("f", Arithmetic(formula="-a"), [name]),
        ("g", Concat(), [name, other]),
        ("power", Arithmetic(formula="-a**2 - (-b) ** 2 + (a * b) ** 3 / (a + b - a * (b - a / 3))"), ["a", "b"]),
        ("h", Arithmetic(formula="a * b + c * d - e * f + g"), [other, "a", "b", "c", other, "f", "a"]),
    ]
    return graph_of("Long", {name: [B, 4], other: [B, 4]}, lines, [*"cdefgh", "power"])


GRAPHS: Final[dict[str, Callable[[], Graph]]] = {
    made.__name__: made
    for made in (
        residual, inception, gate, nested, outside, translator, cell, tangled, parts, names, sizes, long
    )
} | KINDS  # fmt: skip
every_graph = pytest.mark.parametrize("name", GRAPHS)


@cache
def written(name: str) -> str:
    return emit(GRAPHS[name]())


@every_graph
def test_the_module_computes_what_the_graph_says(name: str) -> None:
    agrees(GRAPHS[name]())


@pytest.mark.parametrize("length", [2, 9, 24, 31])
def test_long_names_change_nothing(length: int) -> None:
    agrees(widths(length))


@every_graph
def test_the_same_graph_gives_the_same_source(name: str) -> None:
    assert emit(GRAPHS[name]()) == written(name)


def test_the_same_graph_gives_the_same_source_in_every_process() -> None:
    # With other hashes, sets are in another order.
    code = "from tests.test_emit_graphs import GRAPHS, written\nprint(*map(written, GRAPHS))"
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert found[0] == found[1] == " ".join(map(written, GRAPHS)) + "\n"


# ------------------------------------------------------------------------------------------------- how it reads


def class_of(source: str, name: str) -> str:
    """The source of one class."""
    (found,) = (text for text in source.split("\n\n\n") if text.startswith(f"class {name}("))
    return found.rstrip()


def test_a_residual_block_reads_as_an_engineer_would_write_it() -> None:
    lines: list[Line] = [
        ("blocks/0/conv", Conv(channels=3, kernel=3, padding=1), ["picture"]),
        ("blocks/0/norm", BatchNorm(), ["blocks/0/conv"]),
        ("blocks/0/shortcut", Conv(channels=3, kernel=1), ["picture"]),
        ("blocks/0/add", Add(), ["blocks/0/norm", "blocks/0/shortcut"]),
        ("blocks/0/relu", Relu(), ["blocks/0/add"]),
    ]
    source = emit(graph_of("Net", {"picture": [B, 3, 8, 8]}, lines, ["blocks/0/relu"]))
    assert (
        source.partition("from torch import Tensor, nn\n")[2]
        == '''

class BlocksBlock(nn.Module):
    """`blocks.0` of the model.

    Shapes: x [B, 3, 8, 8] -> [B, 3, 8, 8].
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.shortcut = nn.Conv2d(3, 3, kernel_size=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv(x)  # [B, 3, 8, 8]
        y = self.norm(y)  # [B, 3, 8, 8]
        shortcut = self.shortcut(x)  # [B, 3, 8, 8]
        y += shortcut  # [B, 3, 8, 8]
        y = self.relu(y)  # [B, 3, 8, 8]
        return y


class Net(nn.Module):
    """Net.

    Shapes: picture [B, 3, 8, 8] -> [B, 3, 8, 8].
    """

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            BlocksBlock(),
        )

    def reset_parameters(self) -> None:
        """Starts all weights anew, as those of a new model start."""
        for layer in self.modules():
            reset = getattr(layer, "reset_parameters", None)
            if reset is not None and layer is not self:
                reset()

    def forward(self, picture: Tensor) -> Tensor:
        x: Tensor = self.blocks(picture)  # [B, 3, 8, 8]
        return x
'''
    )


def test_groups_that_read_the_same_share_a_class() -> None:
    assert written("residual").count("\nclass ") == 4
    assert "        self.stage1 = nn.Sequential(\n            Stage1Block(),\n            Stage1Block(),\n" in written(
        "residual"
    )
    assert "`stage1.0` of the model, and 1 more like it." in written("residual")
    assert written("translator").count("DecoderBlock() for _ in range(2)") == 1


def test_layers_with_numbers_are_reached_by_them() -> None:
    gated = class_of(written("gate"), "Gate2")
    assert gated.startswith("class Gate2(nn.ModuleDict):\n")
    assert '                "4": nn.Sigmoid(),\n                "6": nn.ReLU(),\n' in gated
    assert '        y = x * y  # [B, 8, 6, 6]\n        y = self["6"](y)' in gated


def test_values_flow_in_and_out_of_groups_by_name() -> None:
    source = written("outside")
    assert "    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:\n" in class_of(source, "Encoder")
    assert "    def forward(self, x: Tensor, encoder: Tensor) -> Tensor:\n" in class_of(source, "Decoder")
    assert "        first, second = self.encoder(x)  # [B, 4], [B, 4]\n" in source
    assert "        return OutsideOutput(join, second, x)\n" in source


def test_gates_are_taken_apart_and_calculated_with() -> None:
    source = written("cell")
    assert "        split_0, split_1, split_2, split_3 = x.chunk(4, dim=1)\n" in source
    assert "        state2 = forget * state + input * new  # [B, 4]\n" in source


def test_open_sizes_are_read_where_they_are_told() -> None:
    source = written("sizes")
    assert "        T = x.shape[1] // 2\n" in source
    assert "        wide = self.token(line, x.shape[0], T)  # [B, T, 4]\n" in source
    assert "    def forward(self, x: Tensor, B: int, T: int) -> Tensor:\n" in source


def test_only_what_is_used_is_imported() -> None:
    assert "import torch\n" not in written("nested")
    assert "import torch\nfrom torch import Tensor, nn\n" in written("inception")
    assert "import torch\nimport torch.nn.functional as F\nfrom torch" in written("translator")


def test_a_size_that_no_input_tells_is_told() -> None:
    lines: list[Line] = [("wide", Broadcast(sizes=(B, T)), ["x"])]
    graph = graph_of("Untold", {"x": [B, 1], "y": [T // 2, 4]}, lines, ["wide", "y"])
    report = Report()
    check(graph, report)
    (finding,) = report
    assert finding.message() == "`T` must be known when the model runs, but no input tells it"
    assert finding.help() == "write a number for `T` where the inputs are declared"
    with pytest.raises(UntoldSizeError):
        emit(graph)


# ---------------------------------------------------------------------------------------------- a law: any graph


@given(graphs())
@settings(max_examples=150, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_any_graph_computes_what_it_says(graph: Graph) -> None:
    agrees(graph)


# ------------------------------------------------------------------------------------- what other tools say of it


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of them as files, and with some of any kind."""
    folder = tmp_path_factory.mktemp("graphs")
    for name in GRAPHS:
        (folder / f"{name}.py").write_text(written(name), encoding="utf-8")
    for length in range(2, 95):
        (folder / f"widths{length}.py").write_text(emit(widths(length)), encoding="utf-8")
    found: list[Graph] = []

    @given(graphs())
    @settings(max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def collect(graph: Graph) -> None:
        found.append(graph)

    collect()
    for number, graph in enumerate(found):
        (folder / f"any{number}.py").write_text(emit(graph), encoding="utf-8")
    return folder


def test_a_formatter_finds_nothing_to_change(folder: Path) -> None:
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=folder)


def test_a_linter_finds_nothing(folder: Path) -> None:
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=folder)


def test_a_type_checker_finds_nothing(folder: Path) -> None:
    assert not said("mypy", *STRICTLY, ".", folder=folder)
