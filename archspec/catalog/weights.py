"""Findings about files of weights: A501 to A508."""

from __future__ import annotations

from typing import final

from archspec.diagnostics import Diagnostic, Related, Suggesting
from archspec.size import Size
from archspec.source import Source, Span
from archspec.spelling import did_you_mean, listed


def in_file(file: str) -> Span:
    """A file of weights as the place of a finding: it has no lines that could be shown."""
    return Source(file, "").whole()


def _subject(weights: tuple[str, ...], one: str, several: str) -> str:
    """Weights with the verb behind them."""
    first, *others = weights
    return f"`{first}` and {len(others)} more {several}" if others else f"`{first}` {one}"


@final
class UnreadableWeights(Diagnostic, Suggesting):
    """A file of weights cannot be read.

    Wrong: `archspec compile specs/lenet.arch --weights lenet.safetensor`, where no file has that name.

    Right: `archspec compile specs/lenet.arch --weights lenet.safetensors`.
    """

    code = "A501"
    name = "unreadable-weights"
    file: str
    reason: str
    suggestion: str | None = None

    def message(self) -> str:
        return f"the weights in `{self.file}` cannot be read: {self.reason}"

    def help(self) -> str:
        return did_you_mean(self.suggestion)


@final
class NoSafetensors(Diagnostic):
    """A file of weights is not in the format safetensors, or is damaged.

    Such a file starts with the length of its header and the header: the name, element type, shape and place of each
    tensor. Nothing is read of a file in which these contradict each other, or its size.

    Wrong: a file whose download was broken off.

    Right: the whole file.
    """

    code = "A502"
    name = "no-safetensors"
    file: str
    reason: str
    cure: str = ""

    def message(self) -> str:
        return f"`{self.file}` is no safetensors file: {self.reason}"

    def help(self) -> str:
        return self.cure


@final
class PickledWeights(Diagnostic):
    """A file of weights is a pickle, as `torch.save` writes it. Reading one can run code, and so none is ever read.

    Whoever trusts the file converts it, once:

    ```python
    import torch
    from safetensors.torch import save_file

    weights = torch.load("model.pt", map_location="cpu", weights_only=True)
    save_file({name: each.clone() for name, each in weights.items()}, "model.safetensors")
    ```

    Where it holds more than weights, such as the state of an optimiser, they are an entry of what is loaded:
    `weights["state_dict"]` or `weights["model"]`.

    Wrong: `archspec compile specs/lenet.arch --weights lenet.pt`.

    Right: `archspec compile specs/lenet.arch --weights lenet.safetensors`.
    """

    code = "A503"
    name = "pickled-weights"
    file: str

    def message(self) -> str:
        return f"`{self.file}` is a pickle, which is never read: reading one can run code"

    def help(self) -> str:
        return (
            "convert it, if you trust it: `safetensors.torch.save_file` writes what `torch.load` gives with "
            "`weights_only=True`; `archspec explain A503` shows how"
        )


@final
class MissingWeight(Diagnostic):
    """A file lacks weights that the model has.

    Of tied weights, one is enough; counters such as the `num_batches_tracked` of a `batchnorm` may be missing.

    Wrong: a file that was written from a model without this layer.

    Right: a file that has all weights of the model, or a `rename` line that says what the file calls them.
    """

    code = "A504"
    name = "missing-weight"
    file: str
    weights: tuple[str, ...]
    """What the spec calls them: one, or all of a group."""

    group: str | None
    stored: str
    """What the file should call the first of them."""

    suggestion: str | None
    """What it may call it."""

    def message(self) -> str:
        first, *others = self.weights
        if self.group is not None:
            return f"`{self.file}` lacks all {len(self.weights)} weights of `{self.group}`"
        if others:
            return f"`{self.file}` lacks the weight `{first}` and {len(others)} more"
        called = "" if self.stored == first else f", which should be called `{self.stored}` there"
        return f"`{self.file}` lacks the weight `{first}`{called}"

    def help(self) -> str:
        if self.suggestion is None:
            return ""
        weight = self.weights[0]
        if self.suggestion == weight:
            return (
                f"the file has `{weight}`, as the model calls it: the `rename` that speaks of it is not for this file"
            )
        return f"the file has `{self.suggestion}`; if that is meant: `rename {weight} = {self.suggestion}`"


@final
class UnknownWeight(Diagnostic, Suggesting):
    """A file has weights that the model has not.

    Wrong: the file of a layer with a bias, for a layer with `bias=false`.

    Right: a layer with a bias.
    """

    code = "A505"
    name = "unknown-stored-weight"
    file: str
    stored: tuple[str, ...]
    """What the file calls them: one, or all that start alike."""

    prefix: str | None
    where: str
    suggestion: str | None

    def message(self) -> str:
        first, *others = self.stored
        if self.prefix is not None:
            return (
                f"`{self.file}` has {len(self.stored)} weights `{self.prefix}.*`, and `{self.where}` has none of them"
            )
        if others:
            more = f"{len(others)} more, and `{self.where}` has none of these names"
            return f"`{self.file}` has the weight `{first}` and {more}"
        return f"`{self.file}` has the weight `{first}`, and `{self.where}` has none of that name"

    def help(self) -> str:
        return did_you_mean(self.suggestion)


@final
class WrongWeightShape(Diagnostic):
    """A weight has another shape in a file than in the model.

    Wrong: the weights of a classifier of 1000 classes, for a model with `classes=10`.

    Right: `archspec compile specs/alexnet.yaml --set classes=1000 --weights alexnet.safetensors`.
    """

    code = "A506"
    name = "wrong-weight-shape"
    file: str
    weights: tuple[str, ...]
    shape: tuple[Size, ...]
    found: tuple[int, ...]
    is_alike: bool = True
    """Whether all of them have these shapes, and not only the first."""

    def message(self) -> str:
        subject = _subject(self.weights, "has", "have")
        if not self.is_alike:
            return f"{subject} other shapes in `{self.file}`, such as {list(self.found)}"
        return f"{subject} the shape {list(self.found)} in `{self.file}`"

    def label(self) -> str:
        if not self.is_alike:
            return f"that of `{self.weights[0]}` is [{', '.join(map(str, self.shape))}]"
        return f"{'its shape is' if len(self.weights) == 1 else 'their shape is'} [{', '.join(map(str, self.shape))}]"


@final
class WrongWeightElement(Diagnostic):
    """A weight has other elements in a file than in the model: whole numbers where it has fractions, or flags.

    How many bits the elements have does not matter: they are converted.

    Wrong: a file whose weights were quantised to whole numbers.

    Right: the file before it was quantised.
    """

    code = "A507"
    name = "wrong-weight-element"
    file: str
    weights: tuple[str, ...]
    element: str
    found: str

    def message(self) -> str:
        return f"{_subject(self.weights, 'is', 'are')} of the type `{self.found}` in `{self.file}`"

    def label(self) -> str:
        return f"{'it has' if len(self.weights) == 1 else 'they have'} {self.element}"


@final
class OtherWeights(Diagnostic):
    """A file has the weights of another model, or calls all of them by other names.

    Wrong: a file of the same model from another library, in which every name starts with `model.`.

    Right: the same, with `rename * = model.*` in the spec.
    """

    code = "A508"
    name = "other-weights"
    file: str
    model: str
    weights: tuple[str, ...]
    stored: tuple[str, ...]
    count: int
    total: int
    rename: str | None
    """What would make names fit."""

    def message(self) -> str:
        if not self.total:
            return f"`{self.file}` has no weights at all"
        return f"none of the {self.count:,} weights of `{self.model}` is in `{self.file}`, which has {self.total:,}"

    def label(self) -> str:
        return f"it has {listed(self.weights, 'and')}" if self.total else ""

    def related(self) -> tuple[Related, ...]:
        return (Related(in_file(self.file), ""),)

    def help(self) -> str:
        if not self.total:
            return ""
        has = f"the file has {listed(self.stored, 'and')}"
        cure = (
            f"most would fit with the line `{self.rename}`" if self.rename else "`rename` lines say what belongs where"
        )
        return f"{has}; {cure}"


@final
class DifferentTied(Diagnostic):
    """A file has two different weights where the model has one, because two layers are tied to each other.

    Wrong: a file in which the embedding and the output of a language model differ, for a model that ties them.

    Right: a model that does not tie them.
    """

    code = "A509"
    name = "different-tied-weights"
    file: str
    stored: tuple[str, str]
    owner: Span

    def message(self) -> str:
        one, other = self.stored
        return f"`{one}` and `{other}` are one weight in the model, and two different ones in `{self.file}`"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.owner, "it is tied to this"),)


@final
class WrongWeightIndex(Diagnostic):
    """An index of weights is damaged, or names files that do not lie beside it.

    Large models are stored in several files. An index beside these, such as `model.safetensors.index.json`, has in its
    `weight_map` the name of a file for each weight. No name leads into another folder.

    Wrong: `{"weight_map": {"head.weight": "../model.safetensors"}}`.

    Right: `{"weight_map": {"head.weight": "model-00001-of-00002.safetensors"}}`.
    """

    code = "A510"
    name = "wrong-weight-index"
    file: str
    reason: str

    def message(self) -> str:
        return f"`{self.file}` is no index of weights: {self.reason}"


@final
class MissingShard(Diagnostic):
    """A file of weights is not there that an index names.

    Wrong: `model.safetensors.index.json` and the first of its two files, without the second.

    Right: the index, and beside it all files that it names.
    """

    code = "A511"
    name = "missing-shard"
    file: str
    shard: str
    count: int
    """How many files are missing."""

    weight: str
    total: int
    """How many weights are in them."""

    suggestion: str | None

    def message(self) -> str:
        are = "is" if self.count == 1 else f"and {self.count - 1} more are"
        has = "it has" if self.count == 1 else "they have"
        more = f" and {self.total - 1:,} more" if self.total > 1 else ""
        return f"`{self.shard}` {are} missing: by `{self.file}`, {has} `{self.weight}`{more}"

    def help(self) -> str:
        return did_you_mean(self.suggestion) or "all files that an index names lie beside it"


@final
class DifferentShard(Diagnostic):
    """An index of weights and a file that it names disagree on what is in that file.

    Wrong: the index of a model, beside files of an earlier version of it.

    Right: the index and the files of one version.
    """

    code = "A512"
    name = "different-shard"
    file: str
    index: str
    weights: tuple[str, ...]
    other: str | None
    """The file that has the first of them, if another than the index says."""

    is_lacking: bool

    def message(self) -> str:
        first, *others = self.weights
        subject = f"the weight `{first}`{f' and {len(others)} more' if others else ''}"
        if self.is_lacking:
            return f"`{self.file}` lacks {subject}, which by `{self.index}` {'are' if others else 'is'} in it"
        return f"`{self.file}` has {subject}, of which `{self.index}` knows nothing"

    def help(self) -> str:
        if self.is_lacking and self.other is not None:
            return f"`{self.weights[0]}` is in `{self.other}`"
        return "take the index and all of its files from one place"
