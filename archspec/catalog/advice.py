"""Advice, A4xx: what is not wrong, but is seldom meant. Each kind has a reason and a source.

How each is found, and where it keeps silent, is in the module of `archspec.passes.advice` that has its name.
"""

from __future__ import annotations

import re
from typing import ClassVar, final

from archspec.diagnostics import Diagnostic, Edit, Fix, Related, Severity
from archspec.source import Span
from archspec.spelling import did_you_mean


@final
class UnusedAllow(Diagnostic):
    """A comment allows advice that is not given. It may hide a later mistake.

    `# archspec: allow A403` allows what stands on its line; on a line of its own, what stands on the next one; and
    before the first line of the spec, what stands in the whole file. It is not told of a file that other files use, nor
    where only a variant, or a spec with settings from outside, is looked at: there the advice may come of the rest.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3, bias=false) -> batchnorm -> relu  # archspec: allow bias-before-norm
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3) -> batchnorm -> relu  # archspec: allow bias-before-norm: its weights are of another model
    }
    ```
    """

    code = "A401"
    name = "unused-allow"
    severity: ClassVar[Severity] = Severity.ADVICE
    word: str
    where: str

    def message(self) -> str:
        return f"there is no advice `{self.word}` to allow {self.where}"

    def help(self) -> str:
        return f"take `{self.word}` out of the comment, or put the comment at the end of the line that the advice is on"

    def fixes(self) -> tuple[Fix, ...]:
        # The reason of a comment that allows several things may be that of the others.
        line = self.span.line()
        start = line.text.find("#")
        comment = re.fullmatch(rf"# *archspec: *allow +{re.escape(self.word)} *(:.*)?\n?", line.text[max(start, 0) :])
        if comment is None:
            return ()
        before = line.text[:start].rstrip()
        kept = before + ("\n" if before and line.text.endswith("\n") else "")
        return (Fix("remove the comment", (Edit(line, kept),), is_safe=True),)


@final
class UnclearAllow(Diagnostic):
    """A comment allows what is no advice. Errors cannot be allowed: a spec that has one has no meaning.

    Advice is called by its code or its name; several stand with commas between them, and a reason may follow behind a
    colon: `# archspec: allow A403, A406: as in the paper`.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(4, bias=false) -> batchnorm  # archspec: allow bias-before-nrom
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(4) -> batchnorm  # archspec: allow bias-before-norm
    }
    ```
    """

    code = "A402"
    name = "unclear-allow"
    severity: ClassVar[Severity] = Severity.ADVICE
    word: str
    suggestion: str | None
    is_error: bool = False
    """Whether it is the code or the name of an error."""

    def message(self) -> str:
        if not self.word:
            return "this comment does not say which advice it allows"
        if self.is_error:
            return f"`{self.word}` is an error, and no comment allows one"
        return f"there is no advice called `{self.word}`"

    def help(self) -> str:
        if self.is_error:
            return "mend what it tells of, and remove the comment"
        return did_you_mean(self.suggestion) or "name it by its code or name: `# archspec: allow A403`"


@final
class BiasBeforeNorm(Diagnostic):
    """A bias straight before a normalisation that takes it away again.

    Batch normalisation subtracts the mean of each channel, and with it whatever was added to the whole channel. So the
    bias has no effect and no gradient; the normalisation has a bias of its own. Instance normalisation does the same.

    Source: Ioffe and Szegedy, "Batch normalization", 2015 (arXiv:1502.03167), section 3.2.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3) -> batchnorm -> relu
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3, bias=false) -> batchnorm -> relu
    }
    ```
    """

    code = "A403"
    name = "bias-before-norm"
    severity: ClassVar[Severity] = Severity.ADVICE
    op: str
    norm: str
    place: Span

    def message(self) -> str:
        return f"`{self.norm}` takes the bias of this `{self.op}` away again"

    def label(self) -> str:
        return "the bias adds a number to each channel, without any effect"

    def help(self) -> str:
        return "leave the bias out: `bias=false`; in YAML, `bias: false`"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.place, "this takes away the mean of each channel"),)


@final
class UnusedResult(Diagnostic):
    """What is calculated goes nowhere, though the layer is used: a part of a result, or a state that nothing reads.

    That all of a layer leads nowhere is an error, A203. Here something else of it does lead on, so that the model can
    be built; but what is told of costs time, and perhaps weights that are never trained. It is told of a layer, too, of
    which only the shape counts in the end.

    Source: a value without a use is dead code; Aho, Lam, Sethi and Ullman, "Compilers: principles, techniques, and
    tools", 2006, section 9.1.6.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        left, right = linear(16) -> split(2)
        left -> relu
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(8) -> relu
    }
    ```
    """

    code = "A404"
    name = "unused-result"
    severity: ClassVar[Severity] = Severity.ADVICE
    what: str
    fact: str
    cure: str

    def message(self) -> str:
        return f"nothing uses {self.what}"

    def label(self) -> str:
        return self.fact

    def help(self) -> str:
        return self.cure


@final
class RepeatedActivation(Diagnostic):
    """Two activations with no layer between them.

    A second `relu` changes nothing. Of two different ones the second works on what the first has cut or squeezed:
    `sigmoid` behind `relu` gives 0.5 and more only. Mostly one of them was meant to go, or the layer between them is
    missing.

    Source: Goodfellow, Bengio and Courville, "Deep learning", 2016, chapter 6: a layer is a linear map, and one
    activation.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(16) -> relu -> sigmoid -> linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(16) -> relu -> linear(16) -> sigmoid -> linear(2)
    }
    ```
    """

    code = "A405"
    name = "repeated-activation"
    severity: ClassVar[Severity] = Severity.ADVICE
    first: str
    second: str
    place: Span
    is_idle: bool
    """Whether the second changes nothing at all."""

    def message(self) -> str:
        if self.is_idle:
            return f"a second `{self.second}` straight behind the first changes nothing"
        return f"`{self.second}` stands straight behind `{self.first}`, with no layer between them"

    def label(self) -> str:
        return _again(self, self.place)

    def help(self) -> str:
        return "remove one of the two, or put the missing layer between them"

    def related(self) -> tuple[Related, ...]:
        return _unless_again(self, self.place, "the first activation")


@final
class RepeatedNorm(Diagnostic):
    """Two normalisations with no layer between them.

    What comes out of the first has a mean and a variance that are trained; the second sets both anew, so that what the
    first has learned of them is lost, all of it or for the most part.

    Source: Ba, Kiros and Hinton, "Layer normalization", 2016 (arXiv:1607.06450), section 5.1, on what normalisations do
    not see.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3, bias=false) -> batchnorm -> batchnorm -> relu
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 8, 8]
        conv(16, kernel=3, bias=false) -> batchnorm -> relu
    }
    ```
    """

    code = "A406"
    name = "repeated-norm"
    severity: ClassVar[Severity] = Severity.ADVICE
    first: str
    second: str
    place: Span

    def message(self) -> str:
        second = f"a second `{self.second}`" if self.first == self.second else f"`{self.second}`"
        first = "the first" if self.first == self.second else f"`{self.first}`"
        return f"{second} stands straight behind {first}, with no layer between them"

    def label(self) -> str:
        return _again(self, self.place) or "this sets mean and variance anew"

    def help(self) -> str:
        return "remove one of the two, or put the missing layer between them"

    def related(self) -> tuple[Related, ...]:
        return _unless_again(self, self.place, "what this has learned of them is lost")


@final
class RepeatedSoftmax(Diagnostic):
    """A softmax of what is a softmax already, along the same axis.

    The probabilities that the first gives lie between 0 and 1, so that those of the second are all alike: with ten
    classes, none is above 0.24. The network can say nothing for sure any more, and its gradients are small.

    Source: Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990: a softmax takes
    numbers from everywhere, and gives probabilities.

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(10) -> softmax -> log_softmax
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(10) -> log_softmax
    }
    ```
    """

    code = "A407"
    name = "repeated-softmax"
    severity: ClassVar[Severity] = Severity.ADVICE
    first: str
    second: str
    place: Span

    def message(self) -> str:
        again = f"another `{self.second}`" if self.first == self.second else f"`{self.second}`"
        return f"{again} is taken of what `{self.first}` gives"

    def label(self) -> str:
        return _again(self, self.place) or "its input is normalised already"

    def help(self) -> str:
        if self.second == "log_softmax":
            return f"take `log_softmax` of the layer before, without `{self.first}`"
        return f"remove `{self.second}`"

    def related(self) -> tuple[Related, ...]:
        return _unless_again(self, self.place, "this normalises it first")


@final
class NormalisedLogits(Diagnostic):
    """What is called `logits` is what a softmax or sigmoid gives: probabilities.

    Logits are what goes into a softmax. Whoever trains on them takes a loss that has a softmax of its own, such as
    `torch.nn.CrossEntropyLoss`; it would then be taken twice, and the network learn slowly and badly.

    Source: Goodfellow, Bengio and Courville, "Deep learning", 2016, section 6.2.2; `torch.nn.CrossEntropyLoss`: "the
    input is expected to contain the unnormalized logits".

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        output logits = linear(10) -> softmax
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        output logits = linear(10)
    }
    ```
    """

    code = "A408"
    name = "normalised-logits"
    severity: ClassVar[Severity] = Severity.ADVICE
    op: str
    called: str

    def message(self) -> str:
        return f"`{self.called}` is what `{self.op}` gives: probabilities, and no logits"

    def label(self) -> str:
        return f"this makes them probabilities, which `{self.called}` is then called"

    def help(self) -> str:
        return f"leave `{self.op}` to the loss, or say what is given: `probabilities`"


@final
class SkippedPositions(Diagnostic):
    """A stride beyond the kernel: between two windows there are positions that nothing ever reads.

    All that was calculated of them is thrown away. A 1x1 convolution with a stride of 2 reads one pixel in four. In the
    shortcut of a residual block that does no harm where the body reads the rest, and nothing is said of it.

    Source: He et al., "Bag of tricks for image classification with convolutional neural networks", 2018
    (arXiv:1812.01187), section 4.2, on the downsampling of ResNet.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 32, 32]
        conv(16, kernel=3, padding=1) -> relu -> conv(32, kernel=1, stride=2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 32, 32]
        conv(16, kernel=3, padding=1) -> relu -> conv(32, kernel=2, stride=2)
    }
    ```
    """

    code = "A409"
    name = "skipped-positions"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    op: str
    read: int
    of: int
    axes: tuple[int, ...]
    steps: tuple[tuple[str, str], ...]
    """What the windows cover and what they move by, along each of these axes."""

    others: tuple[Span, ...]

    def message(self) -> str:
        return f"of every {self.of} positions of its input, `{self.op}` reads {self.read}"

    def label(self) -> str:
        told = sorted(set(self.steps))
        if len(told) == 1:
            return f"windows of {told[0][0]}, {told[0][1]} apart along {_axes(self.axes)}"
        pairs = zip(self.axes, self.steps, strict=True)
        return "windows of " + " and ".join(
            f"{covers}, {step} apart along axis {axis}" for axis, (covers, step) in pairs
        )

    def help(self) -> str:
        return "use a kernel of at least the stride, or give the stride to a pooling before it"

    def related(self) -> tuple[Related, ...]:
        return tuple(Related(other, "this reads none of the others either") for other in self.others)


@final
class DroppedPositions(Diagnostic):
    """The last positions of an axis are never read: no whole window is left for them.

    The number of windows is rounded down. `maxpool(2)` reads six of seven rows and six of seven columns, and what was
    calculated for a quarter of the positions is thrown away, always at the end of the axis.

    It is told where at least one position in ten is lost, or where the input of the model is cut into patches that
    it is no multiple of. Padding that is not read is no loss, and where the size is open nothing is said.

    Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016 (arXiv:1603.07285), section
    2.4: with strides, several sizes of the input have one output.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 1, 7, 7]
        conv(16, kernel=3, padding=1) -> relu -> maxpool(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 1, 7, 7]
        conv(16, kernel=3, padding=1) -> relu -> maxpool(2, ceil_mode=true)
    }
    ```
    """

    code = "A410"
    name = "dropped-positions"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    op: str
    axes: tuple[int, ...]
    lost: tuple[int, ...]
    sizes: tuple[int, ...]
    wanted: tuple[int, ...]
    """What each axis would have to be for one window more."""

    has_ceil_mode: bool

    def message(self) -> str:
        if len(set(zip(self.lost, self.sizes, strict=True))) == 1:
            lost, size = self.lost[0], self.sizes[0]
            last = "position" if lost == 1 else f"{lost} positions"
            return f"`{self.op}` never reads the last {last} of {size} along {_axes(self.axes)}"
        each = zip(self.lost, self.sizes, self.axes, strict=True)
        told = " and ".join(f"{lost} of {size} along axis {axis}" for lost, size, axis in each)
        return f"`{self.op}` never reads the last positions of its input: {told}"

    def label(self) -> str:
        return "the last window ends before them"

    def help(self) -> str:
        kept = [size - lost for size, lost in zip(self.sizes, self.lost, strict=True)]
        fitting = f"a size of {kept[0]} or {self.wanted[0]} loses nothing"
        if len(set(zip(kept, self.wanted, strict=True))) > 1:
            each = zip(kept, self.wanted, self.axes, strict=True)
            sizes = " and ".join(f"{less} or {more} along axis {axis}" for less, more, axis in each)
            fitting = f"sizes that lose nothing are {sizes}"
        if self.has_ceil_mode:
            return f"`ceil_mode=true` counts the incomplete window; {fitting}"
        return f"{fitting}; or pad the end of the axis"


@final
class NarrowView(Diagnostic):
    """A classifier that sees the image through small windows only, and pools what they see over the whole of it.

    No feature depends on more than a small part of the image, and the pooling forgets where each was found: the model
    counts local patterns, and cannot see what they form together. Deeper, with more strides or with dilation, it would
    see more.

    It is told where the features before a global pooling see less than a quarter of each side of the image and nothing
    leads around the pooling. A `flatten` keeps the places, and is no such pooling.

    Source: Brendel and Bethge, "Approximating CNNs with bag-of-local-features models works surprisingly well on
    ImageNet", 2019 (arXiv:1904.00760); Luo et al., "Understanding the effective receptive field in deep convolutional
    neural networks", 2016 (arXiv:1701.04128): what is really used of a receptive field is a fraction of it.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 224, 224]
        repeat 2 { conv(64, kernel=3, stride=2, padding=1) -> relu }
        global_avgpool -> flatten -> linear(10)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 224, 224]
        repeat 5 { conv(64, kernel=3, stride=2, padding=1) -> relu }
        global_avgpool -> flatten -> linear(10)
    }
    ```
    """

    code = "A411"
    name = "narrow-view"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    op: str
    input: str
    seen: tuple[int, ...]
    sizes: tuple[int, ...]
    place: Span

    def message(self) -> str:
        seen, sizes = ("x".join(map(str, each)) for each in (self.seen, self.sizes))
        return f"no feature that is pooled here sees more than {seen} of the {sizes} positions of `{self.input}`"

    def label(self) -> str:
        return "from here on, nobody knows where each was seen"

    def help(self) -> str:
        return "let the layers before it see more: further layers, larger strides, or dilation"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.place, f"a position of this sees {'x'.join(map(str, self.seen))}"),)


@final
class UnevenPadding(Diagnostic):
    """`padding=same` with an even kernel pads one side more than the other.

    The output is then shifted against the input by half a position, to the same side in each such layer, so that over
    many layers features move towards a corner; and frameworks do not agree on the side.

    Source: Wu et al., "Convolution with even-sized kernels and symmetric padding", 2019 (arXiv:1903.08385).

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 32, 32]
        conv(16, kernel=4, padding=same)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 32, 32]
        conv(16, kernel=3, padding=same)
    }
    ```
    """

    code = "A412"
    name = "uneven-padding"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    kernel: int
    before: int
    after: int
    pairs: str

    def message(self) -> str:
        return f"with a kernel of {self.kernel}, `padding=same` pads one side more than the other"

    def label(self) -> str:
        return f"{self.before} before and {self.after} behind"

    def help(self) -> str:
        return f"use an odd kernel; or say which side you mean: `padding={self.pairs}`"


@final
class DropoutBeforeNorm(Diagnostic):
    """Dropout with a batch normalisation behind it.

    In training, dropout makes the variance of what flows on larger; in evaluation it does nothing. The batch
    normalisation keeps the variance that it saw in training, and uses it in evaluation, where it is wrong. It does not
    help that a layer with weights stands between the two.

    Source: Li, Chen, Hu and Yang, "Understanding the disharmony between dropout and batch normalization by variance
    shift", 2019 (arXiv:1801.05134).

    Wrong:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(16) -> relu -> dropout(0.5) -> linear(16, bias=false) -> batchnorm -> relu -> linear(2)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input x: [B, 8]
        linear(16) -> relu -> linear(16, bias=false) -> batchnorm -> relu -> dropout(0.5) -> linear(2)
    }
    ```
    """

    code = "A413"
    name = "dropout-before-norm"
    severity: ClassVar[Severity] = Severity.ADVICE
    op: str
    place: Span

    def message(self) -> str:
        return f"`{self.op}` stands before a `batchnorm`, whose statistics are then wrong in evaluation"

    def label(self) -> str:
        return "this makes the variance larger, in training only"

    def help(self) -> str:
        return f"put `{self.op}` behind the last `batchnorm`"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.place, "this keeps the variance of training for evaluation"),)


@final
class DominantLayer(Diagnostic):
    """One layer on flattened features that holds most of the parameters of a large model.

    A fully connected layer on all positions of a map has a weight for each of them, so that a map that is large still,
    because a pooling or a stride is missing, costs more than all that came before.

    It is told where the layer holds ten million parameters or more, and over four times as many as all others together.
    AlexNet and VGG, whose first fully connected layer has 62 % and up to 80 %, are below that.

    Source: Lin, Chen and Yan, "Network in network", 2013 (arXiv:1312.4400), section 3.2, on global average pooling in
    its place.

    Wrong:

    ```arch
    model Classifier {
        input image: [B, 3, 224, 224]
        conv(64, kernel=3, stride=2, padding=1) -> relu
        flatten -> linear(128) -> relu -> linear(10)
    }
    ```

    Right:

    ```arch
    model Classifier {
        input image: [B, 3, 224, 224]
        repeat 5 { conv(64, kernel=3, stride=2, padding=1) -> relu }
        flatten -> linear(128) -> relu -> linear(10)
    }
    ```
    """

    code = "A414"
    name = "dominant-layer"
    severity: ClassVar[Severity] = Severity.ADVICE
    parameters: int
    share: int
    features: int
    map: str
    place: Span

    def message(self) -> str:
        return f"this layer holds {self.share} % of all parameters of the model: {self.parameters:,}"

    def label(self) -> str:
        return f"a weight for each of {self.features:,} numbers, and each feature"

    def help(self) -> str:
        return "make the map smaller before it: further strides or poolings, `adaptive_avgpool`, or `global_avgpool`"

    def related(self) -> tuple[Related, ...]:
        return (Related(self.place, f"this flattens {self.map}"),)


@final
class HeadSize(Diagnostic):
    """Attention with heads that are very small, or of an odd size.

    With few features, a head can tell few positions apart: the rank of the matrix of its scores is no higher than that
    number. Most models have 32 to 128. An odd size hints at a slip in the number of heads, and fast kernels for
    attention want multiples of 8.

    It is told of heads of less than 8 features, and of an odd number of them.

    Source: Bhojanapalli et al., "Low-rank bottleneck in multi-head attention models", 2020 (arXiv:2002.07028).

    Wrong:

    ```arch
    model Encoder {
        input x: [B, T, 100]
        attention(heads=20)
    }
    ```

    Right:

    ```arch
    model Encoder {
        input x: [B, T, 128]
        attention(heads=4)
    }
    ```
    """

    code = "A415"
    name = "head-size"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    heads: int
    size: int
    features: str
    fewer: int | None

    def message(self) -> str:
        counted = "feature" if self.size == 1 else "features"
        return f"each head has {self.size} {counted}: {'very few' if self.size < 8 else 'an odd number'}"

    def label(self) -> str:
        return f"{self.features} features in {self.heads} heads" if self.features else f"in each of {self.heads} heads"

    def help(self) -> str:
        if self.fewer is None:
            return "use more features, or fewer heads"
        return (
            f"use more features, or fewer heads: `heads={self.fewer}` gives each {self.size * self.heads // self.fewer}"
        )


@final
class TensorCores(Diagnostic):
    """A number of features that is no multiple of 8: the tensor cores of a GPU cannot be used to the full.

    Matrices of 16-bit numbers are multiplied in tiles whose sides are multiples of 8. What does not fill a tile is
    padded, or calculated by slower units.

    It belongs to the set `performance`, which is told only when asked for: `archspec check --select performance`. What
    the model gives, such as its classes, is not told of, nor are convolutions in groups.

    Source: NVIDIA, "Matrix multiplication background user's guide", section 4, "Requirements to use tensor cores".

    Wrong:

    ```arch select=performance
    model Classifier {
        input x: [B, 64]
        linear(100) -> relu -> linear(10)
    }
    ```

    Right:

    ```arch select=performance
    model Classifier {
        input x: [B, 64]
        linear(104) -> relu -> linear(10)
    }
    ```
    """

    code = "A416"
    name = "tensor-cores"
    severity: ClassVar[Severity] = Severity.ADVICE
    depends_on_use = True
    what: str
    size: int

    def message(self) -> str:
        return f"{self.size} {self.what} are no multiple of 8, which tensor cores want"

    def help(self) -> str:
        below = self.size // 8 * 8
        return f"use {below} or {below + 8}" if below else f"use {below + 8}"


def _again(finding: Diagnostic, first: Span) -> str:
    """What is so at a layer that follows itself in a loop, or in uses of a block one after the other."""
    return "the two are this one, twice in a row" if first == finding.span else ""


def _unless_again(finding: Diagnostic, first: Span, label: str) -> tuple[Related, ...]:
    return () if first == finding.span else (Related(first, label),)


def _axes(axes: tuple[int, ...]) -> str:
    words = [str(axis) for axis in axes]
    return f"axis {words[0]}" if len(words) == 1 else f"axes {', '.join(words[:-1])} and {words[-1]}"


@final
class ConditionalSizes(Diagnostic):
    """Shapes that agree for some sizes of the input only.

    Where an axis is divided by a stride and grows again, what was cut off does not come back. So a shortcut around such
    layers, or a skip connection, fits where the size is a multiple of the strides, and a network that takes images of
    any size fails for some of them when it runs. The smallest of these is told.

    Source: Ronneberger, Fischer and Brox, "U-Net", 2015 (arXiv:1505.04597), section 2, which asks for tiles of such
    sizes that each pooling is given an even one.

    Wrong:

    ```arch
    model Around {
        input image: [B, 3, H, 64]
        residual { maxpool(2) -> upsample(2) }
    }
    ```

    Right:

    ```arch
    model Around {
        input image: [B, 3, 2*H, 64]
        residual { maxpool(2) -> upsample(2) }
    }
    ```
    """

    code = "A417"
    name = "conditional-sizes"
    severity: ClassVar[Severity] = Severity.ADVICE
    op: str
    needs: str
    example: str
    left: str
    right: str

    def message(self) -> str:
        return f"this fits only where {self.needs}"

    def label(self) -> str:
        return f"with {self.example}, `{self.op}` would be given {self.left} and {self.right}"

    def help(self) -> str:
        return "say so where the input is declared, as in `[B, 3, 32*H, 32*W]`; `pad` and `crop` make sizes agree, too"
