"""The words of other frameworks: what the table says of them holds of our ops, and of theirs."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import torch
from torch import nn
from torch.nn import functional

import archspec
from archspec.expression import FUNCTIONS
from archspec.foreign.elements import ELEMENTS
from archspec.foreign.keys import KEYS
from archspec.foreign.meaning import OUR_OPS, foreign_functions, foreign_op, foreign_ops, foreign_setting
from archspec.foreign.ours import OURS
from archspec.foreign.settings import ABSENT, SETTINGS
from archspec.ops import OPS
from archspec.shape import Element
from archspec.spec import Spec
from archspec.syntax.tree import NO_OPS
from archspec.translation import advice_on, call_of, translated
from tests.test_torch_layers import USED, layers, stem

ROOT: Final = Path(__file__).parent.parent

OURS_BY_NAME: Final = {name: set(kind.settings()) for name, kind in OPS.items()}
ALL_SETTINGS: Final = set().union(*OURS_BY_NAME.values())


def names() -> Iterator[str]:
    """All words of the table, those of several numbers of axes written out."""
    for word in foreign_ops():
        yield from (word.replace("#", number) for number in "123") if "#" in word else (word,)


def test_a_clean_check_waits_for_none_of_it() -> None:
    names = ("archspec.foreign", "archspec.translation", "archspec.misplaced", "archspec.syntax.elsewhere")
    code = "import archspec, sys; assert not list(archspec.load('specs/lenet.arch').check()); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "archspec.compiler" in run.stdout.split()
    assert not {*names, "archspec.build.meant", "archspec.build.stranger"} & set(run.stdout.split())


# ------------------------------------------------------------------------------------------------ the table is ours


def test_no_word_of_the_table_is_one_of_ours() -> None:
    """Nobody is told to write something else where they wrote what is right."""
    assert not set(names()) & {*OPS, *FUNCTIONS}
    assert not {each for each in (*OPS, *FUNCTIONS) if foreign_op(each) is not None and each in OUR_OPS}
    assert not set(KEYS) & set(Spec.model_fields)
    assert not set(ELEMENTS) & set(Element) - {ELEMENTS[each] for each in set(ELEMENTS) & set(Element)}


@pytest.mark.parametrize("name", sorted(names()))
def test_a_word_stands_for_what_there_is(name: str) -> None:
    word = foreign_op(name)
    assert word is not None
    assert word.ops or word.cure
    assert set(word.ops) <= set(OPS)
    for op in word.ops[:1]:
        assert set(word.adds) | {each for each in word.own.values() if each and each != "size"} <= OURS_BY_NAME[op]
        # Each of their settings becomes one of ours, or it is said why not.
        for theirs in word.order or ():
            ours = (word.own.get(theirs), theirs, *SETTINGS.get(theirs, ()))
            is_there = any(each in OURS[op] for each in ours)
            assert is_there or theirs in {**ABSENT, **word.own, **dict.fromkeys(LEFT_OUT)}, (name, theirs)


@pytest.mark.parametrize("name", sorted(each for each in OPS if hasattr(torch, each) or hasattr(functional, each)))
def test_a_function_that_is_called_as_an_op_of_ours_stands_for_it(name: str) -> None:
    advice = advice_on(f"torch.{name}", ())
    assert advice is not None
    assert advice.op == name or name in advice.words


@pytest.mark.parametrize("name", sorted(foreign_functions()))
def test_a_function_stands_for_what_there_is(name: str) -> None:
    word = foreign_functions()[name]
    assert set(word.ops) <= set(OPS)
    assert word.ops or word.cure
    for theirs in (word.order or ()) if word.ops else ():
        ours = (word.own.get(theirs), theirs, *SETTINGS.get(theirs, ()))
        assert theirs in word.own or any(each in OURS[word.ops[0]] for each in ours), theirs


LEFT_OUT: Final = ("inplace", "bidirectional", "activation", "add_bias_kv", "add_zero_attn", "num_channels", "max_norm")
"""What is said in another way here, or what we have not; and then only the op is named."""


def test_settings_stand_for_settings() -> None:
    assert {each for those in SETTINGS.values() for each in those} <= ALL_SETTINGS
    for op, settings in OURS.items():
        assert set(settings) <= OURS_BY_NAME[op], op
        assert settings[:1] == OPS[op].positional()[:1] or not settings, op


def test_keys_and_elements_stand_for_what_there_is() -> None:
    assert {ours for ours, _ in KEYS.values() if ours} <= set(Spec.model_fields)
    assert all(ours or cure for ours, cure in KEYS.values())
    assert set(ELEMENTS.values()) == set(Element)
    assert not set(NO_OPS) & set(ABSENT)


def test_a_setting_of_theirs_is_one_that_the_op_has() -> None:
    for name, kind in OPS.items():
        known = tuple(kind.settings())
        for theirs in (*SETTINGS, *ABSENT):
            assert foreign_setting(theirs, name, known) in (None, *known)


# -------------------------------------------------------------------------------------------- the layers of PyTorch


@pytest.mark.parametrize("prefix", ["", "nn.", "torch.nn."])
@pytest.mark.parametrize("name", sorted(layers()))
def test_a_layer_of_torch_is_understood(name: str, prefix: str) -> None:
    """Its word gives the op whose lowering calls it; or it is said why there is none."""
    advice = advice_on(prefix + name, ())
    assert advice is not None
    words = {*advice.words, *re.findall(r"[a-z_]\w*", advice.cure)}
    ours = {op for op, called in lowered_to().items() if stem(name) in called}
    assert words & ours if stem(name) in USED else advice.cure or advice.words


def lowered_to() -> dict[str, set[str]]:
    from archspec_torch.lower import lower
    from tests.test_torch_layers import functions

    if not _LOWERED:
        for name, kind in OPS.items():
            calls = (lower(each.op, *each.inputs) for each in kind.examples())
            _LOWERED[name] = {stem(function) for call in calls for function in functions(call)}
    return _LOWERED


_LOWERED: dict[str, set[str]] = {}


@pytest.mark.parametrize("name", sorted(each for each in vars(nn) if "Loss" in each or each.startswith("Lazy")))
def test_a_loss_and_a_lazy_layer_are_understood(name: str) -> None:
    assert advice_on(f"nn.{name}", ()) is not None


SIZES: Final[dict[str, Any]] = {
    **dict.fromkeys(("in_channels", "num_features", "num_channels", "in_features", "input_size", "embed_dim"), 16),
    **dict.fromkeys(("out_channels", "out_features", "hidden_size"), 24),
    **dict.fromkeys(("in1_features", "in2_features", "embedding_dim", "normalized_shape"), 16),
    **dict.fromkeys(("kernel_size", "num_layers"), 3),
    **dict.fromkeys(("num_groups", "num_heads", "upscale_factor", "downscale_factor", "groups", "scale_factor"), 4),
    **dict.fromkeys(("padding", "norm_type", "size"), 2),
    "output_size": 4,
    "num_embeddings": 100,
    "threshold": 0.5,
    "value": 0.25,
    "dim": 1,
    "unflattened_size": (4, 4),
}
INPUTS: Final = {
    **dict.fromkeys(("1d",), "[B, 16, 12]"),
    "2d": "[B, 16, 12, 12]",
    "3d": "[B, 16, 12, 12, 12]",
    **dict.fromkeys(("LSTM", "GRU", "RNN", "MultiheadAttention"), "[B, 12, 16]"),
    **dict.fromkeys(("Embedding", "EmbeddingBag"), "[B, 12] int"),
    **dict.fromkeys(("PixelShuffle", "PixelUnshuffle", "ChannelShuffle", "Unfold"), "[B, 16, 12, 12]"),
    "Fold": "[B, 144, 4]",
    **dict.fromkeys(("LocalResponseNorm", "Upsample"), "[B, 16, 12, 12]"),
}


def made(name: str) -> tuple[str, dict[str, Any]] | None:
    """A call of a layer of torch, as a person writes it, with a value for each setting that must be given."""
    kind = getattr(nn, name)
    recurrent = {"input_size": 16, "hidden_size": 24}
    if name in ("LSTM", "GRU", "RNN"):
        return f"nn.{name}(16, 24)", recurrent
    if name.startswith("Up"):
        return f"nn.{name}(scale_factor=2)", {"scale_factor": 2}
    needed = [each for each in inspect.signature(kind).parameters.values() if each.default is inspect.Parameter.empty]
    if any(each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in needed):
        return f"nn.{name}()", {}
    given = {each.name: SIZES[each.name] for each in needed if each.name in SIZES}
    if len(given) < len(needed):
        return None
    return f"nn.{name}({', '.join(map(str, given.values()))})", given


TRANSLATED: Final = {
    name: (call, given, text)
    for name in sorted(layers())
    for call, given in filter(None, [made(name)])
    for text in filter(None, [translated(*(call_of(call) or ("", [])))])
}


def test_most_layers_of_torch_can_be_translated() -> None:
    assert len(TRANSLATED) > 100


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_is_right(name: str) -> None:
    """What a finding says is written instead of a layer of torch, checks, and has the weights of that layer."""
    _, given, translation = TRANSLATED[name]
    shape = INPUTS.get(name) or INPUTS.get(name[-2:]) or "[B, 16]"
    several = {"Bilinear": ("x", "x"), "LSTMCell": ("x", "h", "h"), "MaxUnpool": ("x", "at")}.get(stem(name), ("x",))
    if stem(name) == "MaxUnpool":
        pytest.skip("takes what a pooling layer gives beside its values")
    extra = "    input h: [B, 24]\n" if "h" in several else ""
    chain = f"({', '.join(several)}) -> " if len(several) > 1 else "x -> "
    named = {"LSTM": "y, h, c = ", "GRU": "y, h = ", "RNN": "y, h = ", "LSTMCell": "y, c = "}.get(name, "")
    spec = f"model M {{\n    input x: {shape}\n{extra}    {named}{chain}{translation.text}\n}}\n"
    model = archspec.loads(spec)
    found = [each for each in model.check() if each.code.startswith(("A0", "A1", "A3"))]
    assert not found, (spec, [each.message() for each in found])
    weights = sum(each.numel() for each in getattr(nn, name)(**given).parameters())
    summary = model.summary()
    assert summary.parameters == weights, spec


# --------------------------------------------------------------------------------------------- the layers of Keras

KERAS: Final = """
Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average AveragePooling1D AveragePooling2D
AveragePooling3D AvgPool2D BatchNormalization Bidirectional Concatenate Conv1D Conv2D Conv3D Conv1DTranspose
Conv2DTranspose Conv3DTranspose ConvLSTM2D Convolution2D Cropping1D Cropping2D Cropping3D Dense DepthwiseConv1D
DepthwiseConv2D Dot Dropout ELU EinsumDense Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise
GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool2D GlobalMaxPool2D GlobalMaxPooling1D
GlobalMaxPooling2D GroupNormalization GroupQueryAttention Identity InputLayer InputSpec LSTM LSTMCell Lambda
LayerNormalization LeakyReLU Masking MaxPool2D MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum
MultiHeadAttention Multiply Normalization PReLU Permute RMSNormalization RNN ReLU RepeatVector Reshape
SeparableConv1D SeparableConv2D SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D
SpectralNormalization StackedRNNCells Subtract ThresholdedReLU TimeDistributed UnitNormalization UpSampling1D
UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D Input Sequential Model
"""


@pytest.mark.parametrize("prefix", ["", "layers.", "keras.layers.", "tf.keras.layers."])
@pytest.mark.parametrize("name", KERAS.split())
def test_a_layer_of_keras_is_understood(name: str, prefix: str) -> None:
    assert advice_on(prefix + name, ()) is not None


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("nn.Conv2d(3, 64, 3)", "conv(64, kernel=3)"),
        (
            "nn.Conv2d(3, 64, kernel_size=(3, 3), padding='same', bias=False)",
            "conv(64, kernel=[3, 3], padding=same, bias=false)",
        ),
        (
            "Conv2D(64, 3, strides=2, padding='SAME', activation='relu')",
            "conv(64, kernel=3, stride=2, padding=same) -> relu",
        ),
        ("tf.keras.layers.Dense(units=10, activation=tf.nn.softmax)", "linear(10) -> softmax"),
        ("Dense(10, use_bias=False)", "linear(10, bias=false)"),
        ("nn.Linear(self.dim, 4 * self.dim)", "linear(4 * dim)"),
        ("nn.LSTM(16, 32, num_layers=2, batch_first=True, bidirectional=True)", "lstm(32, layers=2, direction=both)"),
        ("LSTM(64, return_sequences=True)", "lstm(64)"),
        ("Bidirectional(LSTM(64))", "lstm(64, direction=both)"),
        ("TimeDistributed(Dense(3))", "linear(3)"),
        ("nn.LayerNorm([8, 16])", "layernorm(axes=2)"),
        ("nn.LayerNorm(512)", "layernorm"),
        ("BatchNormalization(momentum=0.99, epsilon=1e-3)", "batchnorm(momentum=0.01, eps=1e-3)"),
        ("nn.MultiheadAttention(512, 8, dropout=0.1)", "attention(8, dropout=0.1)"),
        ("nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True))", "conv(8, kernel=3) -> relu"),
        ("Sequential([Dense(8, activation='relu'), Dense(2)])", "linear(8) -> relu -> linear(2)"),
        ("torch.cat([a, b], dim=1)", "(a, b) -> concat"),
        ("torch.stack((a, b))", "(a, b) -> stack(axis=0)"),
        ("GlobalAveragePooling2D()", "global_avgpool -> flatten"),
        ("GlobalAveragePooling2D(keepdims=True)", "global_avgpool"),
        ("nn.Upsample(scale_factor=2, mode='bilinear')", "upsample(2, mode=bilinear)"),
        ("Activation('relu')", "relu"),
        ("InnerProduct(num_output=10)", "linear(10)"),
        ("nn.Dropout2d(p=0.2)", "channel_dropout(0.2)"),
        ("torch.flatten(x, 1)", "x -> flatten(start=1)"),
        ("x.view(x.size(0), -1)", "x -> flatten"),
        ("F.max_pool2d(F.relu(self.conv1(x)), 2)", "x -> conv1 -> relu -> maxpool(2)"),
        ("F.dropout(x, p=0.5, training=self.training)", "x -> dropout(0.5)"),
        ("x.permute(0, 2, 3, 1)", "x -> permute([0, 2, 3, 1])"),
        ("torch.matmul(q, k.transpose(-2, -1))", "(q, k -> transpose(-2, -1)) -> matmul"),
        ("jnp.mean(x, axis=(1, 2), keepdims=True)", "x -> mean([1, 2], keep=true)"),
        ("ReduceMean(axes=[2, 3], keepdims=1)", "mean([2, 3], keep=true)"),
        ("F.interpolate(x, scale_factor=2, mode='nearest')", "x -> upsample(2, mode=nearest)"),
        ("torch.clamp(x, min=0, max=6)", "x -> clamp(low=0, high=6)"),
    ],
)
def test_a_layer_is_written_in_our_words(theirs: str, ours: str) -> None:
    translation = translated(*(call_of(theirs) or ("", [])))
    assert translation is not None
    assert translation.text == ours


@pytest.mark.parametrize(
    "text",
    [
        "F.conv2d(x, weight)",
        "F.relu(x + y)",
        "x.view(-1, 16)",
        "nn.ZeroPad2d((1, 2, 3, 4))",
        "nn.Upsample((8, 8))",
        "nn.Conv2d(*sizes)",
        "nn.Foo(3)",
        "nn.Linear(a, f(b))",
    ],
)
def test_what_would_be_a_guess_is_not_translated(text: str) -> None:
    assert translated(*(call_of(text) or ("", []))) is None
