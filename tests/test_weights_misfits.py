"""Files of weights that are not those of a model: what is told of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import archspec
from archspec.weights import FEW
from tests import stored
from tests.small_net import codes, net, quickly, some_weight
from tests.stored import tensors_of
from tests.test_systems import spec


@quickly
@given(
    missing=st.sets(some_weight, max_size=3),
    unknown=st.sets(st.sampled_from(("head.scale", "layers.0.bias", "tail.weight", "stem")), max_size=3),
    wrong=st.sets(some_weight, max_size=3),
    whole=st.sets(some_weight, max_size=2),
)
def test_each_weight_that_is_missing_unknown_or_of_another_form_is_told_and_nothing_else(
    missing: set[str], unknown: set[str], wrong: set[str], whole: set[str], tmp_path: Path
) -> None:
    tensors = tensors_of(net())
    wrong, whole = wrong - missing, whole - missing - wrong
    for name in wrong:
        tensors[name] = (tensors[name][0], [*tensors[name][1], 2])
    for name in whole:
        tensors[name] = ("I8", tensors[name][1])
    for name in unknown:
        tensors[name] = ("F32", [3])
    for name in missing:
        del tensors[name]
    missing = {name for name in missing if not name.endswith("num_batches_tracked")}
    whole = {name for name in whole if not name.endswith("num_batches_tracked")}
    report = net().check_weights(stored.write(tmp_path / "net.safetensors", tensors))
    said = " ".join(each.message() for each in report)
    told: dict[str, set[str]] = {"A504": set(), "A505": set(), "A506": set(), "A507": set()}
    for each in report:
        facts: Any = each
        told[each.code] |= set(facts.stored if each.code == "A505" else facts.weights)
    assert told == {"A504": missing, "A505": unknown, "A506": wrong, "A507": whole}, said


def test_a_finding_stands_at_the_layer_that_it_is_of(tmp_path: Path) -> None:
    tensors = tensors_of(net())
    del tensors["head.bias"]
    tensors["layers.1.bias"] = ("F32", [8])
    tensors["stem.weight"] = ("F32", [4, 8])
    report = net().check_weights(stored.write(tmp_path / "net.safetensors", tensors))
    found = {each.code: each.span.text for each in report}
    assert found == {"A504": "linear(2)", "A505": "linear(width, bias=false)", "A506": "linear(width)"}


def test_a_wrong_file_is_told_in_few_words_however_much_of_it_is_wrong(tmp_path: Path) -> None:
    model = spec("resnet50")
    tensors = tensors_of(model)
    for wrong in (
        {f"model.{name}": each for name, each in tensors.items()},
        {name: (kind, [*shape, 1]) for name, (kind, shape) in tensors.items()},
        {name: each for name, each in tensors.items() if not name.endswith("bias")},
        {**tensors, **{f"{name}_scale": each for name, each in tensors.items()}},
        {name.replace("layer", "stage"): each for name, each in tensors.items()},
        {name.replace("conv", "c").replace("bn", "b"): each for name, each in tensors.items()},
    ):
        report = model.check_weights(stored.write(tmp_path / "net.safetensors", wrong))
        assert 0 < len(report) <= 2 * FEW
        assert sum(len(each.message()) for each in report) < 200 * len(report)


def test_what_is_wrong_in_many_lines_is_told_once(tmp_path: Path) -> None:
    lines = "\n".join(f"layer{number} = linear(4)" for number in range(2 * FEW))
    model = archspec.loads(f"model Net {{ input x: [B, 4]\n{lines}\n}}")
    tensors = {name: each for name, each in tensors_of(model).items() if name.endswith("weight")}
    for name in tuple(tensors):
        tensors[f"{name}_scale"] = ("F32", [1])
    report = model.check_weights(stored.write(tmp_path / "net.safetensors", tensors))
    assert [(each.code, each.span.text) for each in report] == [("A504", "Net"), ("A505", "Net")]
    assert all(f"and {2 * FEW - 1} more" in each.message() for each in report)


def test_what_is_wrong_with_a_file_keeps_it_from_being_loaded_and_is_told(tmp_path: Path) -> None:
    tensors = tensors_of(net())
    del tensors["head.bias"]
    file = stored.write(tmp_path / "net.safetensors", tensors)
    module = net().compile()
    before = {name: each.clone() for name, each in module.state_dict().items()}
    with pytest.raises(archspec.WeightsError, match=r"lacks the weight `head\.bias`") as error:
        net().load_weights(file, module)
    assert codes(error.value.report) == ["A504"]
    assert all(torch.equal(each, before[name]) for name, each in module.state_dict().items())


def test_how_a_module_is_made_is_not_said_of_one_that_is_made(tmp_path: Path) -> None:
    file = stored.write(tmp_path / "net.safetensors", tensors_of(net()))
    with pytest.raises(TypeError, match="made already"):
        net().load_weights(file, net().compile(), device="cpu")
    with pytest.raises(ValueError, match="device `meta`"):
        net().load_weights(file, device="meta")


def test_a_module_that_is_not_that_of_the_spec_is_given_no_weights(tmp_path: Path) -> None:
    file = stored.write(tmp_path / "net.safetensors", tensors_of(net()))
    with pytest.raises(ValueError, match=r"its weight `stem\.weight` has the shape \[6, 4\], and not \[8, 4\]"):
        net().load_weights(file, width=6)
    with pytest.raises(ValueError, match=r"it has no weight `stem\.weight`"):
        net().load_weights(file, torch.nn.Linear(2, 2))
    assert net(width=6).compile(width=8).stem.out_features == 8, "the argument of the class is there all the same"


def test_a_pickle_is_not_read_whatever_it_is_called(tmp_path: Path) -> None:
    for name in ("net.pt", "net.safetensors"):
        torch.save(net().compile().state_dict(), tmp_path / name)
        assert codes(net().check_weights(tmp_path / name)) == ["A503"]
        torch.save(net().compile().state_dict(), tmp_path / name, _use_new_zipfile_serialization=False)
        assert codes(net().check_weights(tmp_path / name)) == ["A503"]
