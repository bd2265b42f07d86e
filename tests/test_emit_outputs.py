"""Several outputs are a tuple with names, and those in training only cost nothing when a model is evaluated."""

from __future__ import annotations

import copy
import keyword
from typing import Any, Final

import pytest
import torch
from torch import nn

from archspec.diagnostics import Report
from archspec.graph import Graph, Output, Value
from archspec.ops.linear import Linear
from archspec.ops.rectifier import Relu
from archspec.shape import Shape
from archspec.source import Source
from archspec_torch.check import check
from archspec_torch.emit import emit
from tests.graphs import B, graph_of
from tests.interpreted import compiled, example
from tests.kinds import auxiliary, mixed, tapped
from tests.test_emit_graphs import class_of

IMAGE: Final = torch.randn(2, 3, 8, 8, dtype=torch.float64)


def test_outputs_are_a_tuple_with_names() -> None:
    source = emit(auxiliary())
    assert "\nfrom collections import OrderedDict\nfrom typing import NamedTuple\n\nfrom torch import" in source
    assert (
        class_of(source, "AuxiliaryOutput")
        == '''class AuxiliaryOutput(NamedTuple):
    """What `Auxiliary` gives.

    What may be `None` is there in training only.
    """

    logits: Tensor  # [B, 5]
    aux2: Tensor | None = None  # [B, 5]
    aux1: Tensor | None = None  # [B, 5]'''
    )
    shapes = "Shapes: image [B, 3, 8, 8] -> logits [B, 5]; in training also aux2 [B, 5], aux1 [B, 5]."
    assert shapes in " ".join(source.split())


def test_what_is_there_in_training_only_runs_in_training_only() -> None:
    assert class_of(emit(auxiliary()), "Auxiliary").endswith(
        """
    def forward(self, image: Tensor) -> AuxiliaryOutput:
        stem = self.stem(image)  # [B, 4, 8, 8]
        aux1: Tensor | None = None
        if self.training:
            aux1 = self.aux1(stem)  # [B, 5]
        body = self.body(stem)  # [B, 8, 8, 8]
        aux2: Tensor | None = None
        if self.training:
            aux2 = self.aux2(body)  # [B, 5]
        logits = self.head(body)  # [B, 5]
        return AuxiliaryOutput(logits, aux2, aux1)"""
    )


def run(graph: Graph, module: nn.Module) -> set[str]:
    """The layers that a module runs."""
    seen: set[str] = set()

    def note(name: str) -> Any:
        return lambda *_: seen.add(name)

    handles = [module.get_submodule(node.name).register_forward_hook(note(node.name)) for node in graph.nodes]
    module(*(example(value.shape) for value in graph.inputs))
    for handle in handles:
        handle.remove()
    return seen


def test_no_layer_runs_for_nothing() -> None:
    graph = graph_of(
        "Sides",
        {"x": [B, 4]},
        [
            ("body/a", Linear(features=4), ["x"]),
            ("body/side", Linear(features=4), ["body/a"]),
            ("side/first", Relu(), ["body/side"]),
            ("side/second", Linear(features=4), ["side/first"]),
            ("body/b", Linear(features=4), ["body/a"]),
        ],
        {"y": "body/b"},
        in_training={"side": "side/second"},
    )
    module = compiled(graph)
    names = {node.name for node in graph.nodes}
    assert run(graph, module.train()) == names
    assert run(graph, module.eval()) == {"body.a", "body.b"}
    source = emit(graph)
    assert "            x = self.body.side(a)  # [B, 4]\n            side = self.side(x)  # [B, 4]\n" in source
    assert source.count("if self.training:") == 1


def test_values_are_found_by_name_and_by_place() -> None:
    module = compiled(auxiliary())
    given = module.train()(IMAGE)
    assert given._fields == ("logits", "aux2", "aux1")
    assert given[1] is given.aux2
    assert type(given).__name__ == "AuxiliaryOutput"
    torch.autograd.backward(given.logits.sum() + given.aux1.sum() + given.aux2.sum())
    assert all(weight.grad is not None for weight in module.parameters())
    logits, aux2, aux1 = module.eval()(IMAGE)
    assert torch.equal(logits, given.logits)
    assert (aux2, aux1) == (None, None)
    assert torch.equal(copy.deepcopy(module)(IMAGE).logits, logits)


@pytest.mark.parametrize("is_training", [True, False])
def test_such_a_model_can_be_traced_exported_and_compiled(is_training: bool) -> None:
    module = compiled(auxiliary()).train(is_training)
    expected = module(IMAGE)
    traced = torch.fx.symbolic_trace(module)
    exported = torch.export.export(module, (IMAGE,), strict=False).module()
    captured = torch.compile(module, backend="eager", fullgraph=True)
    for other in (traced, exported, captured):
        found = other(IMAGE)
        assert type(found) is type(expected)
        for one, two in zip(found, expected, strict=True):
            assert one is two is None or torch.equal(one, two)


def test_values_that_are_there_anyway_are_kept_back() -> None:
    module = compiled(mixed())
    x = torch.randn(2, 3, dtype=torch.float64)
    given = module.train()(x)
    assert torch.equal(given.same, given.tap)
    assert torch.equal(given.again, x)
    assert [each is None for each in module.eval()(x)] == [False, False, *[True] * 9]


def test_a_value_may_be_given_twice_and_a_name_be_taken() -> None:
    source = emit(tapped())
    assert "class TappedOutput2(NamedTuple):\n" in source
    assert "    def forward(self, TappedOutput: Tensor) -> TappedOutput2:\n" in source
    assert "        return TappedOutput2(x3, y, y, TappedOutput, x2)\n" in source


def found(name: str, *, is_alone: bool = False) -> list[tuple[str, str, str]]:
    """The findings about a model with an output of some name."""
    graph = graph_of("M", {"x": [B, 4]}, [("first", Relu(), ["x"])], ["x"])
    span = Source("m.arch", f"output {name}").span(7, 7 + len(name))
    outputs = (Output(name, Value(("first",), Shape.of(B, 4), span)), *(() if is_alone else graph.outputs))
    report = Report()
    check(Graph(**{**{key: getattr(graph, key) for key in graph.__dataclass_fields__}, "outputs": outputs}), report)
    return [(each.code, each.span.text, each.message().partition(": ")[2]) for each in report]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("count", "every `tuple` has something of that name"),
        ("index", "every `tuple` has something of that name"),
        ("_replace", "a `NamedTuple` has no names that start with `_`"),
        ("__hidden", "a `NamedTuple` has no names that start with `_`"),
        ("Tensor", "the source itself uses it"),
        ("class", "it is a keyword of Python"),
        ("a.b", "it is no name in Python"),
    ],
)
def test_reserved_names_of_outputs_are_told(name: str, reason: str) -> None:
    assert found(name) == [("T001", name, reason)]
    assert not found(name, is_alone=True)


def test_other_names_of_outputs_are_free() -> None:
    for name in ("y", "nn", "training", "NamedTuple", "M", "MOutput", "x", "match", *keyword.softkwlist[1:]):
        assert not found(name)


def test_a_tuple_has_the_names_that_are_reserved() -> None:
    assert {name for name in dir(tuple) if not name.startswith("_")} == {"count", "index"}


def test_all_free_names_can_be_used_at_once() -> None:
    words = ["nn", "training", "NamedTuple", "MOutput", "super", "int", "x2", "self_", "forward", "Output"]
    lines = [(f"layer{number}", Linear(features=4), ["M"]) for number, _ in enumerate(words)]
    always = {word: f"layer{number}" for number, word in enumerate(words[:5])}
    training = {word: f"layer{number}" for number, word in enumerate(words) if number > 4}
    graph = graph_of("Model", {"M": [B, 4]}, lines, always, in_training=training)
    module = compiled(graph)
    assert module.train()(torch.ones(2, 4, dtype=torch.float64))._fields == tuple(words)
