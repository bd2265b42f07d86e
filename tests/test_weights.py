"""Files of weights: which are those of a model, which are not, and that no header can do harm."""

from __future__ import annotations

import json
import re
import struct
import sys
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

import archspec
from archspec.diagnostics import Report
from archspec.main import main
from archspec.safetensors import MOST_HEADER_BYTES, read_header
from archspec.spec import Rename
from archspec.syntax.tree import Scalar
from archspec.weights import FEW, weights_of
from tests import stored
from tests.golden_rule import Golden
from tests.stored import header, tensors_of
from tests.test_systems import RUN, SYSTEMS, spec

SPECS: Final = Path(__file__).parent.parent / "specs"
NET: Final = """\
model Net(width = 8) {
    input x: [B, 4]
    RENAMES
    stem = linear(width)
    layers = repeat 3 { linear(width, bias=false) }
    norm = batchnorm
    head = linear(2)
}
"""


def net(renames: str = "", width: int = 8) -> archspec.Model:
    return archspec.loads(NET.replace("RENAMES", renames), width=width)


def codes(report: Report) -> list[str]:
    return [each.code for each in report]


# ------------------------------------------------------------------------------------------------------ what fits


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


# --------------------------------------------------------------------------------------------------- what does not fit

some_weight: Final = st.sampled_from(sorted(tensors_of(net())))
quickly: Final = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


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


# -------------------------------------------------------------------------------------------------------------- headers


def entry(kind: Any = "F32", shape: Any = (2,), place: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": place}


def raw(text: bytes, data: bytes = b"\0" * 8) -> bytes:
    return len(text).to_bytes(8, "little") + text + data


HOSTILE: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "less than a length": b"\x08\0\0",
    "a length alone": struct.pack("<Q", 2),
    "a header of two gibibytes": struct.pack("<Q", 2**31) + b"{" + b" " * 100,
    "a header of all that there is": struct.pack("<Q", 2**64 - 1) + b"{" + b" " * 100,
    "no JSON": raw(b"{not json}"),
    "JSON that is no mapping": raw(b"[1, 2]"),
    "no text": raw(b'{"\xff\xfe": 1}'),
    "half a surrogate": raw(b'{"\\ud800": {"dtype": "F32", "shape": [2], "data_offsets": [0, 7]}}'),
    "brackets without an end": raw(b'{"a":' + b"[" * 200_000),
    "brackets in brackets": raw(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "a number of many digits": raw(
        b'{"a": {"dtype": "F32", "shape": [' + b"9" * 10_000 + b'], "data_offsets": [0, 8]}}'
    ),
    "not a number": raw(b'{"a": {"dtype": "F32", "shape": [NaN], "data_offsets": [0, 8]}}'),
    "a key twice": raw(
        b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},'
        b' "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}'
    ),
    "an entry that is none": raw(b'{"a": 3}'),
    "a key too few": header({"a": {"dtype": "F32", "shape": [2]}}) + b"\0" * 8,
    "a key too many": header({"a": entry() | {"code": "import os"}}) + b"\0" * 8,
    "an unknown type": header({"a": entry(kind="F31")}) + b"\0" * 8,
    "a type that is a list": header({"a": entry(kind=["F32"])}) + b"\0" * 8,
    "a negative size": header({"a": entry(shape=[-2])}) + b"\0" * 8,
    "two negative sizes": header({"a": entry(shape=[-1, -2])}) + b"\0" * 8,
    "half a size": header({"a": entry(shape=[2.0])}) + b"\0" * 8,
    "a flag as a size": header({"a": entry(shape=[2, True])}) + b"\0" * 8,
    "a text as a shape": header({"a": entry(shape="2")}) + b"\0" * 8,
    "sizes without bound": header({"a": entry(shape=[2**62] * 60)}) + b"\0" * 8,
    "axes without bound": header({"a": entry(shape=[1] * 100_000)}) + b"\0" * 8,
    "a shape that does not fit": header({"a": entry(shape=[3])}) + b"\0" * 8,
    "a place behind the end": header({"a": entry(place=[8, 16])}) + b"\0" * 8,
    "a place of negative length": header({"a": entry(shape=[0], place=[8, 0])}) + b"\0" * 8,
    "a place without an end": header({"a": entry(place=[0])}) + b"\0" * 8,
    "two at one place": header({"a": entry(), "b": entry()}) + b"\0" * 8,
    "two that overlap": header({"a": entry(), "b": entry(place=[4, 12])}) + b"\0" * 12,
    "a gap": header({"a": entry(), "b": entry(place=[12, 20])}) + b"\0" * 20,
    "more than the tensors": header({"a": entry()}) + b"\0" * 9,
    "less than the tensors": header({"a": entry()}) + b"\0" * 7,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_header_that_contradicts_itself_or_its_file_is_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    path.write_bytes(data)
    report = Report()
    tracemalloc.start()
    assert read_header(path, report) is None
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes(report) == ["A502"]
    assert most < 2_000_000 + 40 * len(data)
    (finding,) = report
    assert len(finding.message()) < 400


def test_a_header_is_no_longer_than_any_that_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", MOST_HEADER_BYTES + 1) + b"{")
        file.truncate(MOST_HEADER_BYTES + 100)
    report = Report()
    tracemalloc.start()
    assert read_header(path, report) is None
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
    assert codes(report) == ["A502"]


@settings(quickly, max_examples=300)
@given(data=st.data())
def test_a_header_with_a_byte_changed_is_read_as_the_library_reads_it_or_refused(
    data: st.DataObject, tmp_path: Path
) -> None:
    path = tmp_path / "net.safetensors"
    entries = {"a": entry(), "b.c": entry("BF16", [2, 1], [8, 12]), "__metadata__": {"format": "pt"}}
    whole = bytearray(header(entries) + b"\0" * 12)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] = data.draw(st.one_of(st.integers(0, 255), st.sampled_from(b'0123456789-,"[]{} ')))
    path.write_bytes(whole)
    report = Report()
    found = read_header(path, report)
    assert (found is None) == bool(len(report))
    try:
        with safe_open(path, framework="pt") as file:
            theirs = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except Exception:
        theirs = None
    if found is not None and theirs is not None:
        assert {name: each.shape for name, each in found.items()} == theirs
    # What the library refuses need not be refused here, as long as the weights are not those of a model then.
    assert theirs is not None or found is None or found.keys() != {"a", "b.c"} or b"\\" in whole


def test_a_file_that_is_none_is_not_opened(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.safetensors", Path("/dev/null"), tmp_path / "\0"):
        report = Report()
        assert read_header(path, report) is None
        assert codes(report) == ["A501"]


# -------------------------------------------------------------------------------------------------------- several files


def sharded(folder: Path, tensors: Mapping[str, Any], places: Mapping[str, str], data: Any = None) -> Path:
    """Files with these tensors, each in the one that it is said to be in, and their index."""
    for shard in set(places.values()):
        own = {name: tensors[name] for name in tensors if places[name] == shard}
        stored.write(folder / shard, own, {name: data[name] for name in own} if data else None)
    return index(folder, places)


def index(folder: Path, places: Any) -> Path:
    path = folder / "model.safetensors.index.json"
    path.write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": places}))
    return path


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


# --------------------------------------------------------------------------------------------------- the command line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.arch").write_text(NET.replace("RENAMES", ""))
    stored.write(tmp_path / "right.safetensors", tensors_of(net()))
    stored.write(tmp_path / "wrong.safetensors", tensors_of(net(width=6)))
    return tmp_path


def test_source_is_written_where_the_weights_fit_and_not_where_they_do_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["compile", str(folder / "net.arch"), "-o", str(folder / "net.py"), "--weights"]
    assert main([*arguments, str(folder / "wrong.safetensors")]) == 1
    assert "error[A506]" in capsys.readouterr().err
    assert not (folder / "net.py").exists()
    assert main([*arguments, str(folder / "right.safetensors")]) == 0
    assert capsys.readouterr().err == ""
    assert main([*arguments, str(folder / "wrong.safetensors"), "--set", "width=6"]) == 0


def test_a_check_compares_with_a_file_of_weights(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["check", str(folder / "net.arch"), "--format", "json", "--weights"]
    assert main([*arguments, str(folder / "right.safetensors")]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main([*arguments, str(folder / "wrong.safetensors")]) == 1
    assert {each["code"] for each in json.loads(capsys.readouterr().out)} == {"A506"}


def test_both_take_an_index_or_its_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inner = folder / "inner"
    inner.mkdir()
    names = list(tensors_of(net()))
    path = sharded(inner, tensors_of(net()), {name: f"{number % 2}.safetensors" for number, name in enumerate(names)})
    for weights in (path, inner):
        for command in (["check"], ["compile", "-o", str(folder / "net.py")]):
            assert main([*command, str(folder / "net.arch"), "--weights", str(weights)]) == 0
    (inner / "1.safetensors").unlink()
    capsys.readouterr()
    assert main(["compile", "-o", str(folder / "net.py"), str(folder / "net.arch"), "--weights", str(inner)]) == 1
    assert "error[A511]: `1.safetensors` is missing" in capsys.readouterr().err


def test_neither_needs_torch(folder: Path) -> None:
    from tests.test_laziness import command, imported

    packages = imported(command("check", str(folder / "net.arch"), "--weights", str(folder / "right.safetensors")))
    assert not packages & {"torch", "safetensors", "numpy"}
    out = str(folder / "net.py")
    code = command("compile", str(folder / "net.arch"), "-o", out, "--weights", str(folder / "right.safetensors"))
    assert not imported(code) & {"torch", "safetensors", "numpy"}


def test_without_the_library_loading_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from archspec.backend import MissingLibraryError

    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(MissingLibraryError, match=re.escape("pip install 'archspec-nn[torch]'")):
        archspec.load(folder / "net.arch").load_weights(folder / "right.safetensors")


def test_a_model_of_onnx_has_the_weights_of_the_file(folder: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(1)
    module = net().compile().eval()
    module.norm.running_mean.normal_()
    save_file(module.state_dict(), folder / "net.safetensors")
    arguments = ["compile", str(folder / "net.arch"), "-o", str(folder / "net.onnx")]
    assert main([*arguments, "--weights", str(folder / "net.safetensors")]) == 0
    session = onnxruntime.InferenceSession((folder / "net.onnx").read_bytes())
    numbers = torch.randn(5, 4)
    (found,) = session.run(None, {"x": numbers.numpy()})
    assert torch.allclose(torch.from_numpy(found), module(numbers), atol=1e-5)
    first = (folder / "net.onnx").read_bytes()
    assert main(arguments) == 0
    assert (folder / "net.onnx").read_bytes() != first
