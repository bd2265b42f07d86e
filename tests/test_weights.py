"""Files of weights: which are those of a model, and what they bring it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import archspec
from archspec.spec import Rename
from archspec.syntax.tree import Scalar
from archspec.weights import weights_of
from tests import stored
from tests.golden_rule import Golden
from tests.small_net import codes, net
from tests.stored import tensors_of
from tests.test_systems import RUN, SYSTEMS, spec


def file_of_reference(name: str, path: Path) -> Path:
    """A file as the library of an independent implementation would write it."""
    counters = ("num_batches_tracked",)
    tensors = {key: ("I64" if key.endswith(counters) else "F32", shape) for key, shape in Golden.of(name).state_dict}
    return stored.write(path / f"{name}.safetensors", tensors)


@pytest.mark.parametrize("name", [name for name, system in SYSTEMS.items() if system.has_names])
def test_a_file_of_the_reference_has_the_weights_of_the_spec(name: str, tmp_path: Path) -> None:
    assert not list(spec(name).check_weights(file_of_reference(name, tmp_path)))


@pytest.mark.parametrize(
    "name", [name for name, system in SYSTEMS.items() if not system.has_names and system.has_order]
)
def test_where_the_reference_has_other_names_a_table_of_them_makes_its_file_fit(name: str, tmp_path: Path) -> None:
    file, model = file_of_reference(name, tmp_path), spec(name)
    assert codes(model.check_weights(file)) != []
    place = model.graph.span
    own = weights_of(model.graph)
    table = [
        Rename(Scalar(mine, place), Scalar(theirs, place))
        for mine, (theirs, _) in zip(own, Golden.of(name).state_dict, strict=True)
    ]
    assert not list(replace(model, _renames=tuple(table)).check_weights(file))


@pytest.mark.parametrize("name", [name for name in ("resnet18", "squeezenet1_1", "googlenet") if name in str(RUN)])
def test_a_file_of_the_reference_loads(name: str, tmp_path: Path) -> None:
    module = spec(name).load_weights(file_of_reference(name, tmp_path))
    assert all(not each.any() for each in module.state_dict().values()), "it holds zeros alone"


def test_each_weight_gets_the_numbers_that_the_file_has_under_its_name(tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = net().compile()
    save_file(module.state_dict(), tmp_path / "net.safetensors")
    again = net().load_weights(tmp_path / "net.safetensors")
    for (name, weight), other in zip(module.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(weight, other), name
    save_file({f"model.{name}": each for name, each in module.state_dict().items()}, tmp_path / "net.safetensors")
    again = net("rename * = model.*").load_weights(tmp_path / "net.safetensors", net().compile())
    for (name, weight), other in zip(module.state_dict().items(), again.state_dict().values(), strict=True):
        assert torch.equal(weight, other), name


def test_tied_weights_are_read_from_the_one_that_the_file_has(tmp_path: Path) -> None:
    text = (
        "model Net { input words: [B, T] int\n embed = embedding(9, 4)\n"
        " head = linear(9, bias=false, weight=embed.weight) }"
    )
    numbers = torch.randn(9, 4)
    for name in ("embed.weight", "head.weight"):
        save_file({name: numbers}, tmp_path / "net.safetensors")
        module = archspec.loads(text).load_weights(tmp_path / "net.safetensors")
        assert module.head.weight is module.embed.weight
        assert torch.equal(module.embed.weight, numbers)


def test_counters_may_be_missing_and_then_start_anew(tmp_path: Path) -> None:
    state = net().compile().state_dict()
    del state["norm.num_batches_tracked"]
    save_file(state, tmp_path / "net.safetensors")
    assert net().load_weights(tmp_path / "net.safetensors").norm.num_batches_tracked == 0
    del state["norm.running_mean"]
    save_file(state, tmp_path / "net.safetensors")
    assert codes(net().check_weights(tmp_path / "net.safetensors")) == ["A504"], "what is measured is no counter"


@pytest.mark.parametrize("kind", ["F64", "F16", "BF16"])
def test_the_numbers_of_a_file_become_those_of_the_module(kind: str, tmp_path: Path) -> None:
    tensors = {name: (kind if each[0] == "F32" else each[0], each[1]) for name, each in tensors_of(net()).items()}
    file = stored.write(tmp_path / "net.safetensors", tensors)
    assert net().load_weights(file).head.weight.dtype == torch.float32
    assert net().load_weights(file, dtype="bfloat16").head.weight.dtype == torch.bfloat16
