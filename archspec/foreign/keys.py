"""The keys of files, as they are called elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from archspec.foreign.settings import TRAINING


def foreign_key(key: str, known: tuple[str, ...], value: str | None) -> tuple[str | None, str]:
    """The key of a file that a word of theirs stands for, if its value can stay as it is; else what to write.

    `value` is what stands under it, unless that is a mapping.
    """
    ours, cure = KEYS.get(key, ("", ""))
    if ours and ours not in known:
        return None, ""
    if ours in _EXAMPLES and value is not None:
        return None, f"write {_EXAMPLES[ours].replace(_SHAPE, _with_batch(value))}"
    return ours or None, cure


def _with_batch(value: str) -> str:
    """A shape as it is given to a model: elsewhere that is often said without the batch."""
    match = re.fullmatch(r"[\[(]\s*([\w, ]+?)\s*,?\s*[\])]", value)
    if match is None:
        return _SHAPE
    return f"[B, {match[1]}]" if match[1][0].isdecimal() else f"[{match[1].replace('None', 'B')}]"


_EXAMPLES: Final = {
    "inputs": "`inputs: {x: [B, 3, 32, 32]}`, with a name for the value, and names for sizes that are open",
    "params": "`params: {width: 64}`, with a default for each",
    "blocks": "`blocks: {Unit: {layers: [relu]}}`",
}
"""What the values of keys look like that are mappings here."""

_SHAPE: Final = "[B, 3, 32, 32]"

_LAYERS: Final = (
    "all layers stand under `layers`; a part of them may have a name: `{name: head, chain: [flatten, linear: 10]}`"
)

_OF_TRAINING: Final = f"leave it out: {TRAINING}"

KEYS: Final[Mapping[str, tuple[str, str]]] = {
    **dict.fromkeys(("name", "title", "model_name"), ("model", "")),
    **dict.fromkeys(("input", "input_shape", "input_size", "input_dim", "in_shape"), ("inputs", "")),
    **dict.fromkeys(
        ("parameters", "hyperparameters", "args", "arguments", "config", "constants", "vars"), ("params", "")
    ),
    **dict.fromkeys(("variables", "settings", "hparams", "defaults"), ("params", "")),
    **dict.fromkeys(("modules", "definitions", "components", "submodules"), ("blocks", "")),
    **dict.fromkeys(("import", "imports", "include", "includes", "uses", "extends"), ("use", "")),
    **dict.fromkeys(("description", "comment", "docs", "about", "help"), ("doc", "")),
    **dict.fromkeys(("version", "schema"), ("archspec", "")),
    **dict.fromkeys(("asserts", "assertions", "checks", "tests"), ("expect", "")),
    **dict.fromkeys(("initializer", "initialiser", "initialization", "weight_init"), ("init", "")),
    **dict.fromkeys(("network", "architecture", "sequential", "structure", "nodes", "graph", "steps"), ("layers", "")),
    **dict.fromkeys(("backbone", "head", "neck", "encoder", "decoder", "body", "stem", "classifier"), ("", _LAYERS)),
    "nc": ("", "a number of classes is a parameter of the model: `params: {classes: 80}`"),
    **dict.fromkeys(
        ("depth_multiple", "width_multiple", "scales"),
        (
            "",
            "what scales a model is a parameter of it: `params: {width: 64, depth: 3}`, and settings calculate with it",
        ),
    ),
    **dict.fromkeys(
        ("output", "outputs", "output_layers"),
        ("", "the last layer is the output; another one is marked where it stands: `{linear: 10, output: logits}`"),
    ),
    **dict.fromkeys(
        (
            "optimizer",
            "optimiser",
            "lr",
            "learning_rate",
            "loss",
            "epochs",
            "batch_size",
            "dataset",
            "training",
            "train",
        ),
        ("", _OF_TRAINING),
    ),
    **dict.fromkeys(("scheduler", "metrics", "seed", "device", "weights", "anchors", "num_epochs"), ("", _OF_TRAINING)),
}
"""What keys of a file are called here, by what they are called elsewhere; and what to write where there is none."""
