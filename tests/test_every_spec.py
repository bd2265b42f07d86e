"""One law for all specs that are shipped, and for each system of the field that one of them is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest
import torch
from torch import Tensor, nn

import archspec
from archspec.compiler import guessed_syntax, split_variant
from archspec.source import Source
from tests import test_systems
from tests.read_once import read_once
from tests.test_emit_parameters import inputs_of, is_small

SPECS: Final = Path(__file__).parent.parent / "specs"
FILES: Final = sorted(path.relative_to(SPECS).as_posix() for path in SPECS.rglob("*.*") if path.is_file())

SYSTEMS: Final[Mapping[str, tuple[str, ...]]] = {
    # Convolutional networks.
    "LeNet": ("lenet.arch", "lenet.yaml"),
    "LeNet-5": ("vision/lenet5.yaml",),
    "AlexNet, one stream": ("alexnet.arch", "alexnet.yaml"),
    "AlexNet, two streams": ("vision/alexnet_two_streams.arch:alexnet_two_streams",),
    "AlexNet, grey images of ten kinds": ("vision/alexnet_two_streams.arch:alexnet_grey",),
    "VGG": tuple(
        f"vision/vgg.arch:vgg{layers}{normalised}" for layers in (11, 13, 16, 19) for normalised in ("", "_bn")
    ),
    "VGG, grey images of ten kinds": ("vision/vgg.arch:vgg11_grey",),
    "NiN": ("vision/nin.yaml", "vision/nin_cifar.arch"),
    "GoogLeNet": ("vision/googlenet.arch", "vision/googlenet.arch:googlenet_no_aux"),
    "GoogLeNet, grey images of ten kinds": ("vision/googlenet_grey.arch",),
    "Inception bottleneck": tuple(f"vision/inception_bottleneck.yaml:{each}" for each in ("direct", "bottleneck")),
    "Inception v3 idea": ("vision/factorised.arch:one_5x5", "vision/factorised.arch:two_3x3"),
    "ResNet": tuple(f"vision/resnet.arch:resnet{layers}" for layers in (18, 34, 50, 101, 152)),
    "ResNet, grey images of ten kinds": ("vision/resnet_grey.arch",),
    "ResNet for CIFAR-10": tuple(
        f"vision/resnet_cifar.arch:{each}"
        for each in ("plain20", "plain56", "resnet20", "resnet56", "resnet20_projection", "resnet56_projection")
    ),
    "ResNeXt": ("vision/resnext.arch:resnext50_32x4d",),
    "SqueezeNet": ("vision/squeezenet.arch:squeezenet1_0", "vision/squeezenet.arch:squeezenet1_1"),
    "MobileNet": tuple(f"vision/mobilenet.arch:mobilenet_{width}" for width in ("100", "075", "050", "025", "relu")),
    "AlphaGo policy network": ("games/alphago_policy.arch",),
    "Text CNN": ("text/text_cnn.yaml:movie_reviews", "text/text_cnn.yaml:questions"),
    "Speech CNN": ("audio/keyword_cnn.arch",),
    "1-D CNN regression": ("signal/regression_cnn.arch",),
    # Squeeze-and-excitation.
    "SE-ResNet-50": ("vision/seresnet.arch:seresnet50", "vision/se_placements.arch:se_standard"),
    "SE-ResNeXt-50": ("vision/seresnet.arch:seresnext50_32x4d", "vision/seresnet.arch:seresnext50_caffe"),
    "SE-Inception": ("vision/bn_inception.arch:bn_inception", "vision/bn_inception.arch:se_bn_inception"),
    "SE-Inception-ResNet": tuple(
        f"vision/inception_resnet.arch:{each}" for each in ("inception_resnet_v2", "se_inception_resnet_v2")
    ),
    "Placements of squeeze-and-excitation": tuple(
        f"vision/se_placements.arch:{each}" for each in ("se_standard", "se_pre", "se_post", "se_identity")
    ),
    "Closed form of squeeze-and-excitation": tuple(
        f"vision/se_placements.arch:{each}" for each in ("without_se", "se_bias_free")
    ),
    # Sequence models.
    "RNN": ("sequence/elman.arch", "sequence/jordan.yaml", "sequence/gated_units.yaml:simple"),
    "LSTM": ("sequence/gated_units.yaml:lstm", "sequence/peephole.arch", "sequence/fully_connected_lstm.arch"),
    "GRU": ("sequence/gated_units.yaml:gru",),
    "Bidirectional": ("sequence/stacked_bilstm.arch:one_layer", "sequence/word_segmentation.arch"),
    "Stacked bidirectional": ("sequence/stacked_bilstm.arch:two_layers", "sequence/stacked_bilstm.arch"),
    "Sequence classification": ("sequence/lstm_classifier.arch",),
    "Word segmentation": ("sequence/word_segmentation.arch",),
    "Translation with attention": (
        "sequence/rnnsearch.arch",
        "sequence/luong.arch",
        "sequence/luong.arch:dot",
        "sequence/luong.arch:additive",
    ),
    # Attention and memory.
    "Soft attention": (
        "attention/soft_attention.arch",
        *(f"attention/soft_attention.arch:{each}" for each in ("dot", "scaled_dot", "bilinear", "key_value")),
    ),
    "Hard attention": ("attention/soft_attention.arch:hard",),
    "Multi-head attention": ("attention/multi_head.yaml",),
    "Transformer": (
        "attention/transformer.arch",
        "attention/transformer_body.arch",
        "attention/transformer_body.arch:norm_first",
    ),
    "GPT": ("attention/gpt2.arch",),
    "BERT": ("attention/bert.arch", "attention/bert_masked.arch"),
    "Hierarchical attention": ("attention/hierarchical_attention.arch",),
    "Pointer network": ("attention/pointer_network.arch",),
    "End-to-end memory network": (
        "memory/end_to_end.arch",
        "memory/end_to_end.arch:one_hop",
        "memory/end_to_end_layerwise.arch",
        "memory/end_to_end_layerwise.arch:one_hop",
    ),
    "Memory-augmented network": ("memory/neural_turing_machine.arch",),
}
"""Which specs, or variants of specs, a system is."""

each_file: Final = pytest.mark.parametrize("file", FILES)


@cache
def spec(name: str) -> archspec.Model:
    return read_once(SPECS / name)


COMPARED: Final = {f"vision/{system.spec}" for system in test_systems.SYSTEMS.values()}
VARIANTS: Final = [name for names in SYSTEMS.values() for name in names if ":" in name and name not in COMPARED]
"""Those that do not run already, beside other implementations of them."""


@pytest.mark.parametrize("system", SYSTEMS)
def test_each_system_has_its_specs(system: str) -> None:
    for name in SYSTEMS[system]:
        file, variant = split_variant(str(SPECS / name))
        assert Path(file).relative_to(SPECS).as_posix() in FILES
        assert variant is None or variant in spec(name.partition(":")[0]).variants


@each_file
def test_a_spec_is_clean_and_says_where_it_comes_from_and_what_must_hold(file: str) -> None:
    assert not list(spec(file).check())
    assert re.search(r"\b(19[4-9]\d|20[0-4]\d)\b", spec(file).graph.doc), "the year of its source"
    # In YAML, a block or a variant may have the key as well.
    assert re.search(r"^\s*expect\b|\{ expect\b", (SPECS / file).read_text(), re.MULTILINE)


@each_file
def test_its_syntax_is_seen_where_there_is_no_file_name(file: str) -> None:
    source = Source("<text>", (SPECS / file).read_text(encoding="utf-8"))
    assert guessed_syntax(source) == ("arch" if file.endswith(".arch") else "yaml")


@each_file
def test_a_spec_can_be_drawn(file: str, tmp_path: Path) -> None:
    spec(file).draw(tmp_path / "model.svg")
    assert spec(file).graph.name in (tmp_path / "model.svg").read_text()


@pytest.mark.parametrize("name", [*FILES, *VARIANTS])
def test_a_gradient_flows_back_from_what_comes_out_to_every_weight(name: str) -> None:
    graph = spec(name).graph
    device = torch.device("cpu" if name in FILES and is_small(graph) else "meta")
    with device:
        module = spec(name).compile()
        assert isinstance(module, nn.Module)
        given = module.train()(*(each.to(device) for each in inputs_of(graph)))
    found = [each for each in ((given,) if isinstance(given, Tensor) else given) if each.is_floating_point()]
    torch.autograd.backward([each.square().sum() for each in found])
    assert found
    assert [weight for weight, values in module.named_parameters() if values.grad is None] == []
