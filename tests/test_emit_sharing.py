"""Layers and groups that are used again, and weights that are those of other layers."""

from __future__ import annotations

import copy

import torch
from torch import nn

from archspec.diagnostics import Report
from archspec.ops.adaptive_pool import AdaptiveAvgPool
from archspec.ops.batch_norm import BatchNorm
from archspec.ops.global_pool import GlobalAvgPool
from archspec.ops.linear import Linear
from archspec.ops.rectifier import Relu
from archspec.ops.reshaping import Flatten
from archspec.shape import Shape
from archspec_torch.check import check
from archspec_torch.emit import emit
from tests.graphs import B, Line, T, graph_of
from tests.interpreted import agrees, compiled
from tests.kinds import embedded, language, lines_of, rewired, siamese, tied
from tests.test_emit_graphs import class_of


def test_a_layer_is_called_again_where_its_module_is() -> None:
    source = emit(embedded())
    assert "        encoder = self.encoder(a)  # [B, T, 4]\n" in source
    assert "        x: Tensor = self.encoder.embed(b)  # [B, T, 4]\n" in source
    assert "        x = self.encoder.project(x)  # [B, T, 4]\n" in source
    # The decoder cannot reach what is outside it.
    assert "Holds its layers." in class_of(source, "Decoder")
    assert "        x = self.decoder.own(x)  # [B, T, 4]\n" in source
    assert "        x = self.row[0](x)  # [B, T, 4]\n" in source
    assert '        x = self.get_submodule("deep.1.a")(x)  # [B, T, 4]\n' in source


def test_a_layer_that_is_used_again_in_its_group_leaves_the_group_whole() -> None:
    lines: list[Line] = [
        ("group/a", Linear(features=4), ["x"]),
        ("group/b", Linear(features=4), ["group/a"]),
        ("group/c", Linear(features=4), ["group/b"]),
    ]
    graph = graph_of("Again", {"x": [B, 4]}, lines, ["group/c"], shares={"group/b": "group/a", "group/c": "group/b"})
    agrees(graph)
    assert class_of(emit(graph), "Group").endswith(
        """
        self.a = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x)  # [B, 4]
        x = self.a(x)  # [B, 4]
        x = self.a(x)  # [B, 4]
        return x"""
    )


def test_a_group_that_is_used_again_is_called_again() -> None:
    assert class_of(emit(siamese()), "Siamese").endswith(
        """
        tower = self.tower(left)  # [B, T, 4]
        x: Tensor = self.tower(right)  # [B, T, 4]
        x = tower - x  # [B, T, 4]
        _, x = self.first(x)  # [B, T, 4]
        a, c = self.first(x)  # [B, T, 4], [B, T, 4]
        x = c + a  # [B, T, 4]
        x = self.outer(x)  # [B, T, 4]
        x = self.outer(x)  # [B, T, 4]
        _, x = self.first(x)  # [B, T, 4]
        x = self.outer.inner(x)  # [B, T, 4]
        return x"""
    )


def test_layers_that_are_wired_in_another_way_are_called_one_by_one() -> None:
    written = class_of(emit(rewired()), "Rewired")
    assert "        z = self.one(x, y)  # [B, T, 4]\n        two = self.one(z, z)  # [B, T, 4]\n" in written
    assert "        a = self.one.a(y)  # [B, T, 4]\n        z = self.one.b(a)  # [B, T, 4]\n" in written
    # The method of the group would read `B` and `T` at other axes.
    assert "        b = self.one.b(turn)  # [T, B, 4]\n" in written
    assert "        z = self.six.b(" in written


def test_a_group_whose_layers_without_weights_are_its_own_is_called_again() -> None:
    row = [("0", Linear(features=4)), ("1", Relu())]
    lines = lines_of("one", row, "x") + lines_of("two", row, "one/1")
    graph = graph_of("Twice", {"x": [B, 4]}, lines, ["two/1"], shares={"two/0": "one/0"})
    agrees(graph)
    assert "        x = self.one(x)  # [B, 4]\n        x = self.one(x)  # [B, 4]\n" in emit(graph)


def test_a_group_in_training_only_may_be_used_again() -> None:
    row = [("0", Linear(features=4)), ("1", Linear(features=4))]
    lines = lines_of("side", row, "x") + lines_of("main", row, "x") + lines_of("again", row, "main/1")
    shares = {"main/0": "side/0", "main/1": "side/1", "again/0": "side/0", "again/1": "side/1"}
    graph = graph_of("Early", {"x": [B, 4]}, lines, {"y": "main/1"}, in_training={"z": "again/1"}, shares=shares)
    agrees(graph)
    assert "            z = self.side(y)  # [B, 4]\n" in emit(graph)


def test_weights_in_common_get_the_gradients_of_all_uses() -> None:
    graph = siamese()
    module = compiled(graph)
    x, y = torch.randn(2, 2, 3, 4, dtype=torch.float64).unbind()
    torch.autograd.backward(module(x, y).sum())
    assert {name for name, _ in module.named_parameters()} == {
        f"{node.name}.{name}" for node in graph.nodes if node.shares is None for name in node.weights
    }
    weight = module.get_parameter("outer.inner.a.weight")
    assert weight.grad is not None
    assert weight.grad.any()


def test_weights_are_tied_where_a_class_reaches_both() -> None:
    assert "        self.lm_head.weight = self.transformer.wte.weight\n" in class_of(emit(language()), "Language")
    source = emit(tied())
    assert '        self.row[1].weight = self.get_parameter("row.0.weight")\n' in class_of(source, "Tied")
    assert '        self.norm.weight = self.get_parameter("a.bias")\n' in class_of(source, "Named")
    assert '        self.two.in_proj_weight = self.get_parameter("one.in_proj_weight")\n' in class_of(source, "Inner")


def test_tied_weights_are_one_weight() -> None:
    module = compiled(language())
    embedding, head = module.get_submodule("transformer.wte"), module.get_submodule("lm_head")
    assert embedding.weight is head.weight
    assert {"transformer.wte.weight", "lm_head.weight"} <= module.state_dict().keys()
    assert "lm_head.weight" not in dict(module.named_parameters())
    twin = copy.deepcopy(module)
    assert twin.get_parameter("lm_head.weight") is twin.get_parameter("transformer.wte.weight")
    with torch.no_grad():
        embedding.get_parameter("weight").fill_(2)
    twin.load_state_dict(module.state_dict())
    assert (twin.get_parameter("lm_head.weight") == 2).all()
    assert isinstance(head, nn.Linear)


def test_a_tie_inside_a_block_is_made_in_the_class_of_the_block() -> None:
    lines: list[Line] = []
    source, ties = "x", {}
    for number in range(2):
        lines += lines_of(f"blocks/{number}", [("a", Linear(features=4)), ("b", Linear(features=4))], source)
        source, ties[f"blocks/{number}/b"] = f"blocks/{number}/b", {"weight": f"blocks/{number}/a.weight"}
    graph = graph_of("Blocks", {"x": [B, 4]}, lines, [source], ties=ties)
    agrees(graph)
    written = emit(graph)
    assert written.count(".weight = ") == 1
    assert "        self.b.weight = self.a.weight\n" in class_of(written, "BlocksBlock")
    assert compiled(graph).get_parameter("blocks.0.a.weight") is not compiled(graph).get_parameter("blocks.1.a.weight")


def test_a_weight_may_be_that_of_one_that_is_tied_further_out() -> None:
    lines = lines_of("outer", [("first", Linear(features=4))], "x")
    lines += lines_of("outer/block", [("a", Linear(features=4)), ("b", Linear(features=4))], "outer/first")
    ties = {"outer/block/a": {"weight": "outer/first.weight"}, "outer/block/b": {"weight": "outer/block/a.weight"}}
    graph = graph_of("Chain", {"x": [B, 4]}, lines, ["outer/block/b"], ties=ties)
    agrees(graph)
    module = compiled(graph)
    weights = [module.get_submodule(f"outer.{name}").weight for name in ("first", "block.a", "block.b")]
    assert weights[0] is weights[1] is weights[2]


def test_a_layer_without_weights_may_be_another_module_the_second_time() -> None:
    lines: list[Line] = [
        ("one/pool", AdaptiveAvgPool(size=2), ["x"]),
        ("one/flat", Flatten(), ["one/pool"]),
        ("two/pool", AdaptiveAvgPool(size=2), ["y"]),
        ("two/flat", Flatten(), ["two/pool"]),
    ]
    shares = {"two/pool": "one/pool", "two/flat": "one/flat"}
    graph = graph_of("Pools", {"x": [B, 2, 4], "y": [B, 2, 4, 6]}, lines, ["one/flat", "two/flat"], shares=shares)
    agrees(graph)
    assert "nn.AdaptiveAvgPool1d(2)" in emit(graph)
    assert "nn.AdaptiveAvgPool2d(2)" in emit(graph)


def test_a_layer_with_weights_that_would_be_another_module_is_told() -> None:
    lines: list[Line] = [
        ("norm", BatchNorm(), ["x"]),
        ("again", BatchNorm(), ["y"]),
        ("pool", GlobalAvgPool(), ["again"]),
    ]
    inputs = {"x": Shape.of(B, 2, T), "y": Shape.of(B, 2, T, T)}
    report = Report()
    check(graph_of("Norms", inputs, lines, ["norm", "pool"], shares={"again": "norm"}), report)
    (finding,) = report
    assert (finding.code, finding.help()) == ("T004", "use a `batchnorm` of its own here")
    assert finding.message() == (
        "this use of `batchnorm` would be `nn.BatchNorm2d(2)` in PyTorch, but the layer is `nn.BatchNorm1d(2)`"
    )
