"""Weights in several files: an index says which has what, and leads nowhere else."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import archspec
from archspec.safetensors import MOST_HEADER_BYTES
from tests import stored
from tests.small_net import codes, net, quickly, some_weight
from tests.stored import index, sharded, tensors_of

some_places: Final = st.lists(
    st.sampled_from(("a.safetensors", "b.safetensors", "c.safetensors")),
    min_size=len(tensors_of(net())),
    max_size=len(tensors_of(net())),
)


@settings(quickly, max_examples=15)
@given(shards=some_places)
def test_however_weights_are_shared_out_among_files_they_are_those_of_one_file(
    shards: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("net")
    module = net().compile()
    state = module.state_dict()
    data = {name: each.numpy().tobytes() for name, each in state.items()}
    path = sharded(folder, tensors_of(net()), dict(zip(state, shards, strict=True)), data)
    for asked in (path, folder, str(folder)):
        assert not list(net().check_weights(asked))
        again = net().load_weights(asked).state_dict()
        assert all(torch.equal(again[name], each) for name, each in state.items())


@quickly
@given(shards=some_places, lacking=st.sets(some_weight, max_size=3), further=st.sets(some_weight, max_size=2))
def test_each_weight_on_which_an_index_and_its_files_disagree_is_told_and_nothing_else(
    shards: list[str], lacking: set[str], further: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("net")
    tensors = tensors_of(net())
    places = dict(zip(tensors, shards, strict=True))
    path = sharded(folder, tensors, places)
    further -= lacking
    for shard in set(shards):
        own = {name: tensors[name] for name in tensors if places[name] == shard and name not in lacking}
        stored.write(folder / shard, own)
    index(folder, {name: shard for name, shard in places.items() if name not in further})
    report = net().check_weights(path)
    used = {places[name] for name in places if name not in further}
    told: dict[tuple[str, bool], set[str]] = {}
    for each in report:
        facts: Any = each
        assert each.code == "A512"
        told[Path(facts.file).name, facts.is_lacking] = set(facts.weights)
    # What no shard that the index names has is lacking in the index, and told as missing in the model.
    expected = {
        **{(shard, True): {name for name in lacking if places[name] == shard} for shard in used},
        **{(shard, False): {name for name in further if places[name] == shard} for shard in used},
    }
    expected = {key: names for key, names in expected.items() if names}
    if expected or further.isdisjoint(name for name in places if places[name] not in used):
        assert told == expected


LEADING_AWAY: Final = ("../a.safetensors", "/a.safetensors", "b/../../a.safetensors", "..", ".", "", "b/a.safetensors")

LEADING_AWAY_ON_WINDOWS: Final = ("..\\a.safetensors", "C:a.safetensors", "C:\\a.safetensors", "\\\\a\\b\\c")


@pytest.mark.parametrize("name", [*LEADING_AWAY, *LEADING_AWAY_ON_WINDOWS])
def test_no_name_in_an_index_leads_out_of_its_folder(name: str, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    (inner / "b").mkdir(parents=True)
    for place in (tmp_path, inner / "b"):
        stored.write(place / "a.safetensors", tensors_of(net()))
    report = net().check_weights(index(inner, dict.fromkeys(tensors_of(net()), name)))
    assert codes(report) == ["A510"]


NO_INDEX: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "no JSON": b"{weight_map}",
    "a list": b"[]",
    "no map": b"{}",
    "a map that is none": b'{"weight_map": ["a"]}',
    "a name that is none": b'{"weight_map": {"a": 3}}',
    "a weight twice": b'{"weight_map": {"a": "b", "a": "c"}}',
    "brackets in brackets": b'{"weight_map":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no text": b"\xff\xfe",
    "a pickle": b"\x80\x04K\x01.",
}


@pytest.mark.parametrize("data", NO_INDEX.values(), ids=NO_INDEX)
def test_what_is_no_index_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors.index.json"
    path.write_bytes(data)
    assert codes(net().check_weights(path)) == ["A510"]


def test_an_index_is_no_longer_than_any_that_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors.index.json"
    with path.open("wb") as file:
        file.truncate(MOST_HEADER_BYTES + 1)
    tracemalloc.start()
    (finding,) = net().check_weights(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert finding.code == "A510"
    assert "it is longer than 25,000,000 bytes" in finding.message()


def test_of_files_that_an_index_names_only_headers_are_read(tmp_path: Path) -> None:
    model = archspec.loads("model Net { input x: [B, 30_000]\n linear(30_000, bias=false) -> linear(9, bias=false) }")
    places = {"linear1.weight": "a.safetensors", "linear2.weight": "b.safetensors"}
    path = sharded(tmp_path, tensors_of(model), places)
    tracemalloc.start()
    assert not list(model.check_weights(path))
    assert tracemalloc.get_traced_memory()[1] < 1_000_000, "the files have 3.6 gigabytes"
    tracemalloc.stop()


def test_files_that_an_index_names_may_be_links(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "snapshot").mkdir()
    stored.write(tmp_path / "blobs" / "5f3a", tensors_of(net()))
    (tmp_path / "snapshot" / "model.safetensors").symlink_to("../blobs/5f3a")
    assert not list(
        net().check_weights(index(tmp_path / "snapshot", dict.fromkeys(tensors_of(net()), "model.safetensors")))
    )


def test_files_of_an_index_that_are_pickles_are_not_read(tmp_path: Path) -> None:
    places = {}
    for number, (name, each) in enumerate(net().compile().state_dict().items()):
        places[name] = f"pytorch_model-{number}.bin"
        torch.save({name: each}, tmp_path / places[name])
    assert set(codes(net().check_weights(index(tmp_path, places)))) == {"A503"}


def test_a_folder_has_one_file_of_weights_or_one_index(tmp_path: Path) -> None:
    assert codes(net().check_weights(tmp_path)) == ["A501"]
    one = stored.write(tmp_path / "one.safetensors", tensors_of(net()))
    assert not list(net().check_weights(tmp_path))
    stored.write(tmp_path / "two.safetensors", tensors_of(net()))
    (finding,) = net().check_weights(tmp_path)
    assert finding.code == "A501"
    assert str(one) in finding.message()
    index(tmp_path, dict.fromkeys(tensors_of(net()), "two.safetensors"))
    assert not list(net().check_weights(tmp_path))


def test_tied_weights_of_two_files_are_compared(tmp_path: Path) -> None:
    text = (
        "model Net { input words: [B, T] int\n embed = embedding(9, 4)\n"
        " head = linear(9, bias=false, weight=embed.weight) }"
    )
    model = archspec.loads(text)
    places = {"embed.weight": "a.safetensors", "head.weight": "b.safetensors"}
    tensors = dict.fromkeys(places, ("F32", [9, 4]))
    numbers = bytes(range(144))
    path = sharded(tmp_path, tensors, places, {"embed.weight": numbers, "head.weight": numbers})
    assert model.load_weights(path).embed.weight.detach().numpy().tobytes() == numbers
    sharded(tmp_path, tensors, places, {"embed.weight": numbers, "head.weight": numbers[::-1]})
    assert codes(model.check_weights(path)) == ["A509"]
