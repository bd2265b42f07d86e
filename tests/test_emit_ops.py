"""The source of every op with every example of it: tools have nothing to say of it, and it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
import torch

import archspec
from archspec.op import Op
from archspec.ops import OPS
from archspec.shape import Element, Shape
from archspec_torch.sources import supports
from tests.lowered import DTYPES, quiet, shape_of
from tests.op_specs import spec_of
from tests.test_emit import STRICTLY, said

KINDS: Final = [kind for name, kind in OPS.items() if name != "arithmetic"]
"""All that specs call by their names; a formula has none."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source of each op."""
    folder = tmp_path_factory.mktemp("ops")
    for kind in KINDS:
        (folder / f"of_{kind.name}.py").write_text(archspec.loads(spec_of(kind)).source())
    return folder


def test_a_formatter_finds_nothing_to_change(folder: Path) -> None:
    assert not said("ruff", "format", "--isolated", "--no-cache", "--diff", ".", folder=folder)


def test_a_linter_finds_nothing(folder: Path) -> None:
    assert not said("ruff", "check", "--isolated", "--no-cache", ".", folder=folder)


def test_a_type_checker_finds_nothing(folder: Path) -> None:
    assert not said("mypy", *STRICTLY, ".", folder=folder)


def test_every_class_that_torch_lacks_was_among_them(folder: Path) -> None:
    written = "".join(path.read_text() for path in folder.iterdir())
    # A scan is no op that stands alone, no block is one, and `Maxout` comes from a package that the tests install.
    others = {"Bidirectional", "Checkpointed", "Maxout"}
    classes = [name for name, text in supports().items() if "class " in text and name not in others]
    assert classes
    assert [name for name in classes if f"class {name}(" not in written] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_model_of_it_gives_what_its_graph_says(kind: type[Op]) -> None:
    model = archspec.loads(spec_of(kind))
    assert not list(model.check(ignore=["A4"]))
    graph, module = model.graph, model.compile()
    torch.manual_seed(0)
    with quiet():
        found = module(*(_value(each.shape) for each in graph.inputs))
    outputs = found if isinstance(found, tuple) else (found,)
    assert [shape_of(each) for each in outputs] == [each.shape for each in graph.outputs]
    assert sum(each.numel() for each in module.parameters()) == graph.parameters
    tensors = {f"{node.name}.{name}" for node in graph.nodes for name in (*node.weights, *node.buffers)}
    assert {name for name, _ in (*module.named_parameters(), *module.named_buffers())} == tensors


def _value(shape: Shape) -> torch.Tensor:
    sizes = tuple(map(int, shape.sizes))  # type: ignore[arg-type]  # The inputs of examples are numbers.
    return torch.rand(sizes) if shape.element is Element.FLOAT else torch.zeros(sizes, dtype=DTYPES[shape.element])
