"""What PyTorch does not allow and the language does is told at its place, before anything is written."""

from __future__ import annotations

import ast
import keyword

import pytest
import torch
from torch import nn

import archspec
from archspec_torch.emit import emit
from archspec_torch.needs import OF_SOURCE, taken_by_source
from archspec_torch.reserved import (
    RESERVED,
    RESERVED_BY_SOURCE,
    RESERVED_IN_CELL,
    RESERVED_IN_GROUP,
    TAKEN_BY_METHOD,
)
from archspec_torch.sources import foreign_names, supports
from tests.interpreted import compiled
from tests.kinds import KINDS, tagger


def found(text: str, syntax: str = "arch") -> list[tuple[str, str, str, str]]:
    """The findings about a spec that is right in itself: code, place, message and help."""
    model = archspec.loads(text, syntax=syntax)
    assert not list(model.check(ignore=["A4"]))
    with pytest.raises(archspec.SpecError) as refusal:
        model.source()
    with pytest.raises(archspec.SpecError):
        model.compile()
    return [(each.code, each.span.text, each.message(), each.help()) for each in refusal.value.report]


def public(value: object) -> set[str]:
    return {name for name in dir(value) if not name.startswith("_")}


def test_reserved_names_are_those_that_modules_have() -> None:
    assert public(nn.Module()) == RESERVED
    assert public(nn.Sequential()) == RESERVED_IN_GROUP
    cell = compiled(tagger()).get_submodule("back")
    own = {*RESERVED_BY_SOURCE, *(name for name, _ in cell.named_children())}
    assert public(cell) - own == RESERVED_IN_CELL


def used(source: str) -> set[str]:
    """The names that a source speaks of and does not make, and those of the classes that torch does not have."""
    classes = {node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    return foreign_names(source) | (classes & set(supports()))


def test_names_that_the_source_uses_are_taken() -> None:
    layers = " ".join(
        f"model M {{ input a: [B, 2, {sizes}]\n g = {{ named = conv(2, kernel=1, padding={padding}) }} }}"
        for sizes, padding in (("4", [[0, 1]]), ("4, 4", [[0, 1], 0]), ("4, 4, 4", [[0, 1], 0, 0]))
    ).split(" model ")
    names = set()
    for text in (layers[0], *(f"model {each}" for each in layers[1:])):
        model = archspec.loads(text)
        (method,) = (
            node for node in ast.walk(ast.parse(model.source()).body[-1]) if getattr(node, "name", "") == "forward"
        )
        assert {node.id for node in ast.walk(method) if isinstance(node, ast.Name)} - {"a", "x"} <= TAKEN_BY_METHOD
        assert used(model.source()) <= taken_by_source(model.graph)
        names |= used(model.source())
    for make in KINDS.values():
        assert used(emit(make())) <= taken_by_source(make())
        names |= used(emit(make()))
    assert names > OF_SOURCE - {"torch", "range"}


@pytest.mark.parametrize("word", sorted(RESERVED | set(keyword.kwlist) - {"True", "False", "None"}))
def test_no_layer_can_have_a_name_that_means_something_already(word: str) -> None:
    text = f"{{model: M, inputs: {{x: [B, 2]}}, layers: [{{relu: {{}}, name: '{word}'}}]}}"
    ((code, place, message, cure),) = found(text, "yaml")
    assert (code, place.strip("'"), cure) == ("T001", word, f"did you mean `{word.strip('_')}_`?")
    reason = "it is a keyword of Python" if keyword.iskeyword(word) else "every `nn.Module` has something of that name"
    assert message == f"`{word}` cannot be a name in PyTorch source: {reason}"


def test_names_are_told_at_their_places_and_all_at_once() -> None:
    findings = found(
        """
        model super {
            input self: [B, 2]
            train = { append = relu -> relu }
            body = {
                pop = relu
                deep = { forward = relu }
            }
            _cache = dropout(0.5)
            __hidden = tanh
            class = linear(3)
        }
        """
    )
    assert [(code, place) for code, place, _, _ in findings] == [
        ("T001", word) for word in ("super", "self", "train", "append", "pop", "forward", "_cache", "__hidden", "class")
    ]
    messages = {place: (message.partition(": ")[2], cure) for _, place, message, cure in findings}
    assert messages["super"] == ("the source itself uses it", "did you mean `super_`?")
    assert messages["pop"] == ("every `nn.Sequential` has something of that name", "did you mean `pop_`?")
    assert messages["_cache"] == (
        "names that start with `_` are for what a module keeps to itself",
        "did you mean `cache_`?",
    )
    assert messages["__hidden"] == ("names that start with `__` are special in Python", "did you mean `hidden_`?")


@pytest.mark.parametrize("word", ["_", "__", "_1"])
def test_only_what_would_be_a_name_is_suggested(word: str) -> None:
    (finding,) = found(f"model M {{ input x: [B, 2]\n {word} = relu }}")
    assert finding[3] == "choose another name"


@pytest.mark.parametrize("word", sorted(OF_SOURCE))
def test_no_model_can_have_a_name_that_the_source_uses(word: str) -> None:
    ((code, place, *_),) = found(f"model {word} {{ input x: [B, 2]\n relu }}")
    assert (code, place) == ("T001", word)


def test_a_class_that_torch_does_not_have_takes_its_name_only_where_it_is_used() -> None:
    text = "model Attention {{ input x: [B, T, 8]\n {} }}"
    ((code, place, *_),) = found(text.format("attention(2)"))
    assert (code, place) == ("T001", "Attention")
    assert "class Attention(nn.Module):" in archspec.loads(text.format("linear(2)")).source()
    block = "block Attention { residual { linear(8) } }\nmodel M { input x: [B, T, 8]\n Attention }"
    assert "class Attention(Checkpointed):" in archspec.loads(block).source()


@pytest.mark.parametrize("word", sorted(TAKEN_BY_METHOD))
def test_no_input_can_have_a_name_that_a_method_uses(word: str) -> None:
    ((code, place, *_),) = found(f"model M {{ input {word}: [B, 2]\n relu }}")
    assert (code, place) == ("T001", word)


@pytest.mark.parametrize(
    "text",
    [
        "model match { input case: [B, 2]\n type_ = relu }",
        "model type { input type: [B, 2]\n match = relu\n _group = { relu } }".replace("_group", "case"),
        "model print { input nn: [B, 2]\n self = relu\n super = relu\n Tensor = relu }",
        "model _Hidden { input _hidden: [B, 2]\n F = relu\n torch = relu\n M = relu }",
        "model M { input nn: [B, 2, 3]\n conv(2, kernel=1, padding=[[0, 1]]) -> flatten }",
        "model M { input super: [B, 2]\n append = relu\n g = { append_ = relu -> x = relu } }".replace("-> x", "\n x"),
        "model x { input x: [B, 2]\n x1 = relu }",
        "model Größe { input 大: [B, 2]\n ñ = relu }",
    ],
)
def test_other_names_are_free(text: str) -> None:
    model = archspec.loads(text)
    assert not list(model.check(ignore=["A4"]))
    module = model.compile()
    (value,) = model.graph.inputs
    output = module(torch.ones(3, *(size for size in value.shape[1:] if isinstance(size, int))))
    assert len(output) == 3
    assert type(module).__name__ == model.graph.name


def test_open_sizes_that_weights_need_are_told_at_their_layers() -> None:
    findings = found(
        """
        model M {
            input x: [B, C, H, W]
            conv(8, kernel=3)
            conv(C, kernel=1)
            batchnorm -> relu
            flatten -> linear(10)
        }
        """
    )
    assert [(code, place.partition("(")[0], message) for code, place, message, _ in findings] == [
        ("T002", "conv", "`conv` needs the channels of its input as a number, but it is `C`"),
        ("T002", "conv", "`conv` needs its channels as a number, but it is `C`"),
        ("T002", "batchnorm", "`batchnorm` needs the channels of its input as a number, but it is `C`"),
        (
            "T002",
            "linear",
            "`linear` needs the last size of its input as a number, but it is `C*H*W - 2*C*H - 2*C*W + 4*C`",
        ),
    ]
    assert findings[0][3] == "write a number for `C` where the inputs are declared"
    assert findings[3][3] == "write a number for `C`, `H` and `W` where the inputs are declared"


def test_open_sizes_that_no_weight_needs_may_stay_open() -> None:
    module = archspec.loads(
        "model M { input x: [B, 3, H, W]\n conv(4, kernel=3) -> global_avgpool -> flatten }"
    ).compile()
    assert module(torch.ones(2, 3, 5, 6)).shape == module(torch.ones(2, 3, 9, 4)).shape


def test_findings_are_shown_with_their_lines() -> None:
    with pytest.raises(archspec.SpecError) as refusal:
        archspec.loads("model M {\n    input x: [B, 2]\n    train = relu\n}", name="m.arch").source()
    assert "error[T001]: `train` cannot be a name in PyTorch source" in str(refusal.value)
    assert "m.arch:3:5" in str(refusal.value)
    assert "3 |     train = relu\n  |     ^^^^^\n" in str(refusal.value)
