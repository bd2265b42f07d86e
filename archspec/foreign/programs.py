"""What stands around layers in the programs of other frameworks, and is no layer here."""

from __future__ import annotations

from typing import Final

from archspec.foreign.settings import RUNNING
from archspec.foreign.word import Word

SIZES: Final = "the axes of an input have names, which can be calculated with: `input x: [B, C, H, W]`"

PROGRAMS: Final[tuple[tuple[str, Word], ...]] = (
    ("Sequential", Word.of(cure="layers in a row are joined by arrows: `conv(16, kernel=3) -> relu -> maxpool(2)`")),
    (
        "ModuleList ModuleDict Container LayerList",
        Word.of(
            cure="a group of layers has a name: `stem = { conv(16, kernel=3) -> relu }`; what repeats is "
            "`repeat 3 { ... }`"
        ),
    ),
    (
        "ParameterList ParameterDict",
        Word.of(cure="weights are those of ops; `scale`, `shift` and `tokens` are trained values of their own"),
    ),
    ("Parameter Variable add_weight", Word.of("scale shift tokens")),
    (
        "Module Model Functional Network Net",
        Word.of(cure="`model Name { ... }` is a model, and `block Name { ... }` a part of one"),
    ),
    (
        "Input InputLayer InputSpec Data Placeholder placeholder",
        Word.of(cure="a line of its own says what a model is given: `input x: [B, 3, 32, 32]`"),
    ),
    (
        "expect input inputs state params variants blocks cells use doc rename block cell variant",
        Word.of(cure="it is no layer; in YAML it stands at the top, beside `layers`"),
    ),
    ("type op class_name layer_type", Word.of(cure="the op of a layer is its key: `conv: {channels: 16, kernel: 3}`")),
    ("Lambda", Word.of(cure="no spec holds code; a formula of values can stand in a line: `y = gate * x + 1`")),
    (
        "DataParallel DistributedDataParallel",
        Word.of(cure="where a model runs, no spec says; write what it is made of"),
    ),
    (
        "Output",
        Word.of(
            cure="`output y = linear(10)` gives a value a name outside; without such a line the last one is the output"
        ),
    ),
    (
        "Detect Segment Yolo",
        Word.of(
            cure="there is no such op; each scale can be an output of its own: `output small = conv(255, kernel=1)`"
        ),
    ),
    ("size shape numel", Word.of(cure=SIZES)),
    ("contiguous detach clone to cuda cpu", Word.of(cure=f"leave it out: {RUNNING}")),
    (
        "print assert_",
        Word.of(cure="`archspec summary` shows the shape of each value; `expect output == [B, 10]` checks one"),
    ),
    (
        "Residual ResidualBlock SkipConnection skip skip_connection identity_shortcut",
        Word.of(cure="`residual { ... }` adds what flows in to what its lines give"),
    ),
)
"""What to write instead."""

LOSS: Final = Word(cure="a loss is no part of a spec: the model ends where the loss begins, and gives what it compares")
