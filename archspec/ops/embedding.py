"""Embeddings of words, one by one and in bags."""

from __future__ import annotations

from typing import Literal, final

from pydantic import Field

from archspec.kept import Kept
from archspec.op import Example, Family, Op, ShapeError
from archspec.ops.agreement import agreed, counted
from archspec.setting import Count, OptionalPlace
from archspec.shape import Element, Shape
from archspec.sight import Sights, pointwise
from archspec.size import Size, below


@final
class Embedding(Op):
    """A table of trained vectors: each number of the input is replaced by the row that it counts to, from 0.

    The entry `padding_index`, if there is one, stands for no word: its row starts at zero and is not trained. Where a
    spec gives the weight another start, that row has it, too.

    Shapes: `[...] int -> [..., features]`.
    Source: Bengio et al., "A neural probabilistic language model", 2003; `torch.nn.Embedding`.
    """

    name = "embedding"
    family = Family.EMBEDDING
    accepts = frozenset({Element.INT})

    entries: Count = Field(description="rows of the table; the numbers of the input are below it")
    features: Count = Field(description="size of each row, and of the last axis of the output")
    padding_index: OptionalPlace = Field(
        None, description="row that stands for no word, from 0; negative numbers count from the last, which is -1"
    )

    def infer(self, x: Shape) -> Shape:
        _check_padding(self.padding_index, self.entries)
        return Shape((*x, self.features))

    def sees(self, x: Shape) -> tuple[Sights, ...]:
        return (pointwise(x.rank),)

    def weights(self, x: Shape) -> dict[str, Shape]:
        return {"weight": Shape.of(self.entries, self.features)}

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example.of(cls(entries=100, features=8), [2, 5], element=Element.INT),
            Example.of(cls(entries=10, features=1), [2], element=Element.INT),
            Example.of(cls(entries=10, features=4, padding_index=0), [2, 3, 5], element=Element.INT),
            Example.of(cls(entries=10, features=4, padding_index=-1), [2, 5], element=Element.INT),
        )


@final
class EmbeddingBag(Op):
    """A table of trained vectors, of which each row of numbers is given the mean, the sum or the largest values.

    It is `embedding` and, over the words of each example, their mean, sum or maximum by feature, without the vectors of
    the words being kept. The order of the words does not count.

    Shapes: `[batch, words] int -> [batch, features]`; with a weight for each word,
    `[batch, words] int, [batch, words] -> [batch, features]`.
    Source: Joulin et al., "Bag of tricks for efficient text classification", 2017; `torch.nn.EmbeddingBag`.

    A second input has a number that the vector of each word is multiplied by, as in `(words, shares) ->
    embedding_bag(100, 8, mode=sum)`. Torch has it for sums alone.

    The entry `padding_index`, if there is one, stands for no word: its row starts at zero and is not trained, and it
    does not count in what is given, nor in the number that a mean divides by. A bag of nothing else gives zeros.
    """

    name = "embedding_bag"
    family = Family.EMBEDDING
    accepts = frozenset({Element.INT, Element.FLOAT})

    entries: Count = Field(description="rows of the table; the numbers of the input are below it")
    features: Count = Field(description="size of each row, and of the last axis of the output")
    mode: Literal["mean", "sum", "max"] = Field("mean", description="what is given of the vectors of a bag")
    padding_index: OptionalPlace = Field(
        None, description="row that stands for no word, from 0; negative numbers count from the last, which is -1"
    )

    def infer(self, x: Shape, weight: Shape | None = None) -> Shape:
        if x.element is not Element.INT:
            raise ShapeError(
                "needs whole numbers as its first input, but it has fractions",
                help="declare it as whole numbers, such as `input words: [B, T] int`",
            )
        if x.rank != 2:
            raise ShapeError(
                f"needs 2 axes, but the input has {x.rank}",
                help="the axes are `[batch, words]`; an `embedding` takes any number of axes",
            )
        _check_padding(self.padding_index, self.entries)
        if weight is not None:
            x = self._weighted(x, weight)
        return Shape.of(x[0], self.features)

    def _weighted(self, x: Shape, weight: Shape) -> Shape:
        """The sizes of the words and their weights."""
        if self.mode != "sum":
            raise ShapeError(
                f"has a weight for each word, which it cannot have with `mode` `{self.mode}`",
                setting="mode",
                help="write `mode=sum`",
            )
        if weight.element is not Element.FLOAT:
            raise ShapeError(
                "needs fractions as its second input, but it has whole numbers",
                help="the second input is a weight for each word",
            )
        if weight.rank != 2:
            raise ShapeError(
                f"needs a weight for each word, but the words have 2 axes and the weights {counted(weight.rank)}",
                help="give both the same shape",
            )
        sizes: list[Size] = []
        for axis, pair in enumerate(zip(x, weight, strict=True)):
            if (size := agreed(*pair)) is None:
                raise ShapeError(
                    f"needs a weight for each word, but axis {axis} differs: {pair[0]} and {pair[1]}",
                    help="give both the same shape",
                )
            sizes.append(size)
        return x.with_sizes(sizes)

    def weights(self, x: Shape, weight: Shape | None = None) -> dict[str, Shape]:
        return {"weight": Shape.of(self.entries, self.features)}

    def kept(self, x: Shape, weight: Shape | None = None) -> Kept:
        starts = Shape.of(x[0], element=Element.INT)
        bags = Shape.of(x.elements + 1, element=Element.INT)
        largest = Shape.of(x[0], self.features, element=Element.INT)
        further = (starts, starts, largest if self.mode == "max" else starts)
        if weight is not None:
            return Kept(inputs=(0, 1), further=further)
        return Kept(inputs=(0,), further=(*further, bags))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        words = Shape.of(2, 5, element=Element.INT)
        return (
            Example(cls(entries=100, features=8), (words,)),
            Example(cls(entries=10, features=4, mode="max", padding_index=0), (words,)),
            Example(cls(entries=10, features=4, mode="sum", padding_index=-1), (words,)),
            Example(cls(entries=10, features=3, mode="sum"), (words, Shape.of(2, 5))),
        )


def _check_padding(padding: Size | None, entries: Size) -> None:
    if padding is not None and (below(entries, padding + 1) or below(padding, -entries)):
        raise ShapeError(
            f"has row {padding} as its padding, but only {entries} of them",
            setting="padding_index",
            help=f"use a number from 0 to {entries - 1}, or from -1 to {-entries}, counted from the last",
        )
