"""What is written out with a model is like a module of torch: its settings are shown, and tools of torch take it."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Final

import pytest
import torch
from torch import Tensor, nn

import archspec_torch.support
from archspec_torch.support.attention import Attention, GeneralAttention, MaskedAttention
from archspec_torch.support.cells import Bidirectional
from archspec_torch.support.memory import MemoryAddress, MemoryWrite
from archspec_torch.support.noise import GaussianDropout, GaussianNoise, StochasticDepth
from archspec_torch.support.padded_conv import PaddedConv1d, PaddedConv2d, PaddedConv3d
from archspec_torch.support.places import PositionsAlong
from archspec_torch.support.pooling import MixedPool, PaddedAvgPool, PaddedMaxPool, StochasticPool, WindowPool
from archspec_torch.support.positions import (
    AlibiPositions,
    LearnedPositions,
    RelativePositions,
    RotaryPositions,
    SinusoidalPositions,
)
from archspec_torch.support.resampling import CentredCrop, CropLike, ResizeLike
from archspec_torch.support.sampling import GumbelSoftmax
from archspec_torch.support.scores import AdditiveAttention, BilinearAttention, DotAttention, PointerAttention
from archspec_torch.support.trained import Scale, Shift, Tokens

WINDOW: Final = {"kernel_size": (2, 3), "stride": (1, 2), "padding": (1, 0)}
OTHER_WINDOW: Final = {"kernel_size": 3, "stride": None, "padding": "same"}
ATTENTION: Final = {"features": 12, "heads": 4, "key_features": 12}
OTHER_ATTENTION: Final = {
    "features": 8,
    "heads": 2,
    "key_features": 6,
    "value_features": 5,
    "head_features": 1,
    "causal": True,
    "bias": False,
    "dropout": 0.25,
}

SETTINGS: Final[Mapping[type[nn.Module], tuple[Mapping[str, Any], Mapping[str, Any]]]] = {
    AdditiveAttention: (
        {"query_features": 3, "key_features": 4, "hidden": 5},
        {"query_features": 4, "key_features": 3, "hidden": 6, "hard": True},
    ),
    AlibiPositions: ({"heads": 2}, {"heads": 3}),
    Attention: (ATTENTION, OTHER_ATTENTION),
    Bidirectional: (
        {"forwards": nn.Linear(2, 3), "backwards": nn.Linear(2, 3)},
        {"forwards": nn.Linear(3, 3), "backwards": nn.Linear(3, 4)},
    ),
    BilinearAttention: (
        {"query_features": 3, "key_features": 4},
        {"query_features": 4, "key_features": 3, "hard": True},
    ),
    CentredCrop: ({"size": 3}, {"size": (3, 4)}),
    DotAttention: ({}, {"scaled": False, "hard": True}),
    GaussianDropout: ({"rate": 0.5}, {"rate": 0.25}),
    GaussianNoise: ({"std": 0.5}, {"std": 1.0}),
    GeneralAttention: (
        ATTENTION,
        {
            **OTHER_ATTENTION,
            "head_value_features": 7,
            "output_features": 9,
            "kv_heads": 1,
            "window": 3,
            "rotation": RotaryPositions(),
            "distances": AlibiPositions(4),
        },
    ),
    GumbelSoftmax: ({}, {"temperature": 0.5, "hard": True, "dim": 1}),
    LearnedPositions: ({"length": 5, "features": 3}, {"length": 6, "features": 4}),
    MaskedAttention: (ATTENTION, OTHER_ATTENTION),
    MemoryAddress: ({}, {"cosine": False}),
    MixedPool: (WINDOW, {**OTHER_WINDOW, "share": 0.25, "trained": True}),
    PaddedAvgPool: (WINDOW, {**OTHER_WINDOW, "count_include_pad": True}),
    PaddedConv1d: (
        {"in_channels": 4, "out_channels": 6, "kernel_size": 2, "padding": ((0, 1),)},
        {
            "in_channels": 2,
            "out_channels": 4,
            "kernel_size": 3,
            "padding": ((1, 0),),
            "stride": 2,
            "dilation": 2,
            "groups": 2,
            "bias": False,
            "padding_mode": "circular",
        },
    ),
    PaddedConv2d: (
        {"in_channels": 4, "out_channels": 6, "kernel_size": 2, "padding": ((0, 1), (1, 2))},
        {
            "in_channels": 2,
            "out_channels": 4,
            "kernel_size": (2, 3),
            "padding": ((0, 1), (2, 1)),
            "stride": 2,
            "dilation": (1, 2),
            "groups": 2,
            "bias": False,
            "padding_mode": "reflect",
        },
    ),
    PaddedConv3d: (
        {"in_channels": 4, "out_channels": 6, "kernel_size": 2, "padding": ((0, 1), (1, 2), (0, 0))},
        {
            "in_channels": 2,
            "out_channels": 4,
            "kernel_size": (2, 3, 1),
            "padding": ((0, 1), (1, 2), (1, 0)),
            "stride": 2,
            "dilation": (1, 2, 1),
            "groups": 2,
            "bias": False,
            "padding_mode": "replicate",
        },
    ),
    PaddedMaxPool: (WINDOW, {**OTHER_WINDOW, "dilation": (1, 2)}),
    PointerAttention: (
        {"query_features": 3, "key_features": 4, "hidden": 5},
        {"query_features": 4, "key_features": 3, "hidden": 6, "log": True},
    ),
    PositionsAlong: ({}, {"axis": 2}),
    RelativePositions: ({"heads": 2, "max_distance": 3}, {"heads": 3, "max_distance": 4, "causal": True}),
    ResizeLike: ({"mode": "bilinear"}, {"mode": "bicubic", "align_corners": True}),
    RotaryPositions: ({}, {"base": 100.0}),
    Scale: ({"features": 3}, {"features": 4, "start": 0.5, "axes_after": 2}),
    Shift: ({"features": 3}, {"features": 4, "start": 0.5, "axes_after": 2}),
    SinusoidalPositions: ({}, {"base": 100.0}),
    StochasticDepth: ({"rate": 0.5}, {"rate": 0.25, "mode": "batch"}),
    StochasticPool: (WINDOW, {**OTHER_WINDOW, "dilation": (1, 2)}),
    Tokens: ({"count": 1, "features": 3}, {"count": 2, "features": 4, "at": "end"}),
    WindowPool: (WINDOW, {**OTHER_WINDOW, "dilation": (1, 2)}),
}
"""Settings of each class that has some, and others, of which each alone can take the place of what is there."""

each_class: Final = pytest.mark.parametrize("kind", SETTINGS, ids=lambda kind: kind.__name__)


def test_all_classes_with_settings_are_among_them() -> None:
    found = set()
    for info in pkgutil.iter_modules(archspec_torch.support.__path__):
        module = import_module(f"archspec_torch.support.{info.name}")
        own = {each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__}
        found |= {each for each in own if each.__init__ is not nn.Module.__init__}
    assert found == SETTINGS.keys()


@each_class
def test_settings_that_differ_are_shown(kind: type[nn.Module]) -> None:
    settings, others = SETTINGS[kind]
    assert others.keys() == inspect.signature(kind).parameters.keys()
    plain = repr(kind(**settings))
    for name, other in others.items():
        assert repr(kind(**{**settings, name: other})) != plain, name


PICTURE: Final = [2, 4, 6, 7]
SEQUENCE: Final = [2, 5, 12]
SCORES: Final = [2, 2, 5, 7]

INPUTS: Final[Mapping[type[nn.Module], list[list[int]]]] = {
    AdditiveAttention: [[2, 3], [2, 7, 4]],
    AlibiPositions: [SCORES],
    Attention: [SEQUENCE],
    BilinearAttention: [[2, 3], [2, 7, 4]],
    CentredCrop: [PICTURE],
    CropLike: [PICTURE, [2, 4, 3, 5]],
    DotAttention: [[2, 4], [2, 7, 4]],
    GaussianDropout: [SEQUENCE],
    GaussianNoise: [SEQUENCE],
    GeneralAttention: [SEQUENCE],
    GumbelSoftmax: [SEQUENCE],
    LearnedPositions: [[2, 4, 3]],
    MaskedAttention: [SEQUENCE],
    MemoryAddress: [[2, 5, 4], [2, 4]],
    MemoryWrite: [[2, 5, 4], [2, 5], [2, 4], [2, 4]],
    MixedPool: [PICTURE],
    PaddedAvgPool: [PICTURE],
    PaddedConv1d: [[2, 4, 6]],
    PaddedConv2d: [PICTURE],
    PaddedConv3d: [[2, 4, 3, 5, 4]],
    PaddedMaxPool: [PICTURE],
    PointerAttention: [[2, 3], [2, 7, 4]],
    PositionsAlong: [SEQUENCE],
    RelativePositions: [SCORES],
    ResizeLike: [PICTURE, [2, 4, 8, 9]],
    RotaryPositions: [SEQUENCE],
    Scale: [[2, 3]],
    Shift: [[2, 3]],
    SinusoidalPositions: [SEQUENCE],
    StochasticDepth: [SEQUENCE],
    StochasticPool: [PICTURE],
    Tokens: [[2, 5, 3]],
}
"""The shapes of inputs for the first settings of each class that can be run alone."""

each_that_runs: Final = pytest.mark.parametrize("kind", INPUTS, ids=lambda kind: kind.__name__)


class Around(nn.Module):
    """A model of one module: `torch.fx` goes into what is in the model that it is given."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner


class One(Around):
    def forward(self, x: Tensor) -> Any:
        return self.inner(x)


class Two(Around):
    def forward(self, x: Tensor, y: Tensor) -> Any:
        return self.inner(x, y)


class Four(Around):
    def forward(self, x: Tensor, y: Tensor, z: Tensor, w: Tensor) -> Any:
        return self.inner(x, y, z, w)


def inputs(kind: type[nn.Module]) -> list[Tensor]:
    return [torch.randn(shape) for shape in INPUTS[kind]]


def made(kind: type[nn.Module]) -> Iterator[nn.Module]:
    """A module with the first settings, and one for each of the others that takes the same inputs."""
    settings, others = SETTINGS.get(kind, ({}, {}))
    yield kind(**settings).eval()
    for name, other in others.items():
        module = kind(**{**settings, name: other}).eval()
        with suppress(RuntimeError):
            module(*inputs(kind))
            yield module


def test_all_that_run_alone_are_among_those_with_inputs() -> None:
    assert SETTINGS.keys() - INPUTS.keys() == {Bidirectional, WindowPool}
    assert all(len(list(made(kind))) > 1 for kind in SETTINGS.keys() & INPUTS.keys() - {AlibiPositions})


@each_that_runs
def test_fx_traces_it(kind: type[nn.Module]) -> None:
    for module in made(kind):
        given = inputs(kind)
        outer = {1: One, 2: Two, 4: Four}[len(given)](module)
        torch.testing.assert_close(torch.fx.symbolic_trace(outer)(*given), module(*given))


@each_that_runs
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_torch_script_takes_it(kind: type[nn.Module]) -> None:
    for module in made(kind):
        given = inputs(kind)
        torch.testing.assert_close(torch.jit.script(module)(*given), module(*given))


MASKED: Final[Mapping[type[nn.Module], list[list[int]]]] = {
    AdditiveAttention: [[2, 7]],
    BilinearAttention: [[2, 7]],
    DotAttention: [[2, 7]],
    GeneralAttention: [[2, 5], [2, 5, 5], [2, 1, 5, 5]],
    MaskedAttention: [[2, 5], [2, 5, 5], [2, 1, 5, 5]],
    PointerAttention: [[2, 7]],
}
"""What takes a mask, and the shapes that it may have."""


class Masked(Around):
    def forward(self, x: Tensor, y: Tensor, mask: Tensor) -> Any:
        return self.inner(x, y, mask=mask)


@pytest.mark.parametrize("kind", MASKED, ids=lambda kind: kind.__name__)
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_tools_of_torch_take_it_with_any_mask(kind: type[nn.Module]) -> None:
    for module in made(kind):
        given = inputs(kind)
        query, key = given if len(given) > 1 else (*given, *given)
        for shape in MASKED[kind]:
            mask = torch.rand(shape) < 0.5
            mask[0] = False  # In the first example, nothing may be seen.
            outer = Masked(module)
            expected = outer(query, key, mask)
            for tool in (torch.fx.symbolic_trace, torch.jit.script):
                torch.testing.assert_close(tool(outer)(query, key, mask), expected)


@pytest.mark.parametrize("kind", MASKED, ids=lambda kind: kind.__name__)
def test_where_nothing_may_be_seen_there_is_nothing_found_and_nothing_learnt(kind: type[nn.Module]) -> None:
    module = next(made(kind))
    given = inputs(kind)
    query, key = (each.requires_grad_() for each in (given if len(given) > 1 else (*given, given[0].clone())))
    mask = torch.ones(MASKED[kind][0], dtype=torch.bool)
    mask[0] = False
    with torch.autograd.set_detect_anomaly(True):
        found = module(query, key, mask=mask)
        outputs = found if isinstance(found, tuple) else (found,)
        sum(each.square().sum() for each in outputs).backward()
    assert all(each.isfinite().all() for each in outputs)
    assert key.grad is not None
    assert [bool(each.any()) for each in key.grad] == [False, True]
