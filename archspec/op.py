"""What an op is.

An op is one class: its docstring is the manual, its fields are the settings, `infer` is the shape rule, `weights` gives
the shapes of the parameters, `macs` the cost, `kept` what the backward pass needs, and `examples` are documentation and
tests at once. How an op is written in PyTorch or drawn is for the backends to know.
"""

# Without `from __future__ import annotations`: pydantic reads those of `Op` anew for each op that there is, and as
# strings they would have to be parsed each time.

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from math import prod
from typing import Any, ClassVar, final

from msgspec import Struct

from archspec.configured import Configured
from archspec.kept import Kept
from archspec.shape import Element, Shape
from archspec.sight import EVERYTHING, Sights
from archspec.size import Size


class Family(StrEnum):
    """What an op is for; decides its colour in diagrams and its place in the manual."""

    CONVOLUTION = "convolution"
    POOLING = "pooling"
    NORMALISATION = "normalisation"
    ACTIVATION = "activation"
    ELEMENTWISE = "elementwise"
    LINEAR = "linear"
    REGULARISATION = "regularisation"
    RESHAPING = "reshaping"
    REDUCTION = "reduction"
    MERGE = "merge"
    ATTENTION = "attention"
    MEMORY = "memory"
    EMBEDDING = "embedding"
    RECURRENT = "recurrent"


class Trait(StrEnum):
    """What is true of an op whatever its settings are. Rules of advice ask for it, and so know ops of plugins too."""

    CENTRED = "centred"
    """It takes away the mean of each channel, and so whatever was added to a whole channel."""

    STANDARDISED = "standardised"
    """It brings the variance or the mean square of its input to one, before it applies what is trained."""

    SHARES = "shares"
    """It makes shares of a whole, or their logarithms, along its `axis`."""

    PROBABILITIES = "probabilities"
    """It makes numbers from 0 to 1 of any numbers, by which a classifier says how likely something is."""

    IDEMPOTENT = "idempotent"
    """What it gives, it leaves as it is."""

    BETWEEN_LAYERS = "between layers"
    """It is an activation that stands behind a layer with weights, once."""

    DROPPED = "dropped"
    """In training it sets numbers to zero with the probability `rate`, or does as if; the variance is then larger."""

    CUT = "cut"
    """What it gives are parts of its input."""


class ShapeError(Exception):
    """Raised by `infer`: what is wrong with an input or a setting. The builder knows where, and makes the finding.

    `setting` names the setting to blame, if it is one; `help` is a cure. `axes` are those of the inputs that do not
    fit, the one that the message tells of first; negative ones count from the last.
    """

    def __init__(self, message: str, *, setting: str | None = None, help: str = "", axes: tuple[int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.setting = setting
        self.help = help
        self.axes = axes


@final
class Example(Struct, frozen=True):
    """An op with the inputs of one use of it. The laws are tested on each example of each op."""

    op: "Op"
    inputs: tuple[Shape, ...]

    @classmethod
    def of(cls, op: "Op", *sizes: Sequence[Size], element: Element = Element.FLOAT) -> "Example":
        """An example whose inputs have these sizes."""
        return cls(op, tuple(Shape(tuple(each), element) for each in sizes))


class Op(Configured, ABC):
    """A layer or operation, with its settings."""

    family: ClassVar[Family]

    traits: ClassVar[frozenset[Trait]] = frozenset()

    accepts: ClassVar[frozenset[Element]] = frozenset({Element.FLOAT})
    """The element types that its inputs may have."""

    least_inputs: ClassVar[int] = 2
    """How many inputs an op needs that takes any number of them."""

    leaves_outputs: ClassVar[bool] = False
    """Whether its outputs behind the first may be left without names."""

    holds_layers: ClassVar[bool] = False
    """Whether its weights are those of layers inside it, each of which has a start of its own."""

    @abstractmethod
    def infer(self, *inputs: Any, **named: Any) -> Shape | tuple[Shape, ...]:
        """The shape of the output, or a tuple of shapes where an op gives several values; raises `ShapeError`.

        The parameters of an override are the inputs of the op. One whose default is `None` may be left out, and
        `*inputs` stands for any number of them. The rules below are given the same inputs.
        """

    @final
    def outputs(self, *inputs: Shape) -> tuple[Shape, ...]:
        """The shapes of the outputs, of which most ops have one; raises `ShapeError`."""
        found = self.infer(*inputs)
        return (found,) if isinstance(found, Shape) else found

    def weights(self, *inputs: Any, **named: Any) -> Mapping[str, Shape]:
        """The shapes of the trained parameters, by name."""
        return {}

    def starts(self, *inputs: Any, **named: Any) -> Mapping[str, Shape]:
        """The shapes of what initialisers fill, by name: the trained parameters, or what these are made from."""
        return self.weights(*inputs, **named)

    def buffers(self, *inputs: Any, **named: Any) -> Mapping[str, Shape]:
        """The shapes of what is kept and not trained, such as running statistics, by name."""
        return {}

    def macs(self, *inputs: Any, **named: Any) -> Size:
        """Multiply-adds of convolutions and matrix products; biases and elementwise work do not count."""
        return 0

    def kept(self, *inputs: Any, **named: Any) -> Kept:
        """What is kept for the backward pass. It may be more than what is needed: the inputs, where nothing is said."""
        return Kept(inputs=tuple(number for number, each in enumerate(inputs) if each is not None))

    def calculation(self, axis: int, *inputs: Any) -> str:
        """How the size of an axis of the output is calculated from those of the inputs; empty where it is not.

        An axis that is as long as one of an input is not calculated, nor is one whose size a setting says.
        """
        return ""

    def sees(self, *inputs: Any, **named: Any) -> tuple[Sights, ...]:
        """What a position of the output sees of each input, axis by axis, when the model is evaluated.

        It may be less than what is said: an op that says nothing is taken to see everything. Where there are several
        outputs, it is true of each.
        """
        return tuple((EVERYTHING,) * each.rank for each in inputs if each is not None)

    @classmethod
    @abstractmethod
    def examples(cls) -> tuple[Example, ...]:
        """Uses that together cover the settings."""

    @classmethod
    @cache
    def input_names(cls) -> tuple[str, ...]:
        """The names of the inputs, in order; of an op that takes any number of them, the one name of them all."""
        return tuple(each.name for each in cls._parameters())

    @classmethod
    @cache
    def arity(cls) -> tuple[int, int | None]:
        """How many inputs the op takes, at least and at most; `None` is any number."""
        parameters = cls._parameters()
        if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters):
            return cls.least_inputs, None
        return sum(each.default is inspect.Parameter.empty for each in parameters), len(parameters)

    @classmethod
    def _parameters(cls) -> tuple[inspect.Parameter, ...]:
        return tuple(inspect.signature(cls.infer).parameters.values())[1:]


def count(shapes: Mapping[str, Shape]) -> Size:
    """The number of elements of all these together."""
    return sum((prod(shape.sizes) for shape in shapes.values()), 0)
