"""The arithmetic of windows that slide along the axes of space, shared by convolution and pooling.

A window of `kernel` taps that are `dilation` apart covers `dilation * (kernel - 1) + 1` positions. It starts `before`
positions ahead of the input, moves by `stride`, and must end at most `after` positions behind the input. So it fits

    floor((n + before + after - dilation * (kernel - 1) - 1) / stride) + 1

times on an axis of size `n`. The other way around, `n` such windows cover

    (n - 1) * stride + dilation * (kernel - 1) + 1

positions, from the first one of the first window to the last one of the last. Of these a transposed convolution takes
away those before and after, so that it undoes the first formula but for what the floor has cut off.

A window may also be given the padding with which it fits `n/stride` times, rounded up; how much that is depends on `n`.

Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016 (arXiv:1603.07285; relationships
14 and 15, the general cases); `torch.nn.Conv2d`, `torch.nn.MaxPool2d` and `torch.nn.ConvTranspose2d` state the same
formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from msgspec import Struct
from msgspec.structs import replace

from archspec.op import ShapeError
from archspec.ops.agreement import counted
from archspec.shape import Shape
from archspec.sight import EVERYTHING, MOST_PARTS, Sight, Sliding, along
from archspec.size import Size, below


@final
class Window(Struct, frozen=True):
    """How a window moves along one axis."""

    kernel: Size
    stride: Size = 1
    dilation: Size = 1
    before: Size = 0
    after: Size = 0

    @property
    def extent(self) -> Size:
        """The number of positions from the first tap to the last."""
        return self.dilation * (self.kernel - 1) + 1

    def padded(self, size: Size) -> Size:
        """The size of the axis with its padding."""
        return size + self.before + self.after

    def room(self, size: Size, *, ceil_mode: bool = False) -> Size:
        """The last position at which a window may start, counted from the first; negative if not even one fits.

        In ceil mode windows may run over the end, by less than a stride, but none may start in the padding that
        follows the input: that one would see nothing. Both limits are "`size` plus a number", so the smaller of the
        two is known even where `size` is open, and one floor gives the count exactly. (torch.nn.MaxPool2d takes one
        window away after the division, which comes to the same as the first limit is never a whole stride too large
        when the padding is at most half of the kernel.)
        """
        inside = self.before + self.after - self.extent
        if not ceil_mode:
            return size + inside
        overhanging = inside + self.stride - 1
        last_start = self.before - 1
        return size + (last_start if below(last_start, overhanging) else overhanging)

    def positions(self, size: Size, *, ceil_mode: bool = False) -> Size:
        """How often the window fits on an axis of this size: the size of the output."""
        return self.starts_in(self.room(size, ceil_mode=ceil_mode))

    def starts_in(self, room: Size) -> Size:
        """How many windows start where there is so much room."""
        return room // self.stride + 1

    def calculation(self, size: Size) -> str:
        """How `positions` comes about, with the numbers put in."""
        before, after = self.before, self.after
        added = f" + 2*{before}" if before == after else f" + {before} + {after}"
        extent = f"{self.kernel}" if self.dilation == 1 else f"({self.dilation}*({self.kernel} - 1) + 1)"
        room = f"{_grouped(size)}{added if before != 0 or after != 0 else ''} - {extent}"
        return f"{room} + 1" if self.stride == 1 else f"floor(({room})/{self.stride}) + 1"

    def covered(self, count: Size) -> Size:
        """The positions from the first tap of the first window to the last tap of the last of so many windows."""
        return (count - 1) * self.stride + self.extent

    def transposed_calculation(self, size: Size) -> str:
        """How the size of an axis comes about that is covered, without its padding, with the numbers put in."""
        steps = f"{_grouped(size)} - 1" if self.stride == 1 else f"({_grouped(size)} - 1)*{self.stride}"
        extent = f"{self.kernel}" if self.dilation == 1 else f"({self.dilation}*({self.kernel} - 1) + 1)"
        return f"{steps} + {extent}" + (f" - 2*{self.before}" if self.before != 0 else "")

    def fitted(self, size: Size) -> Window:
        """The window with the padding with which it fits `size/stride` times, rounded up; its smaller half comes first.

        That is what the last of these windows would run over the end, or nothing where it does not reach it.
        """
        over = self.extent - 1 - (size - 1) % self.stride
        if below(self.extent, self.stride):
            # It is at least `-stride` here, so that the floor is -1 where it is negative, and 0 elsewhere.
            over = over * (1 + over // self.stride)
        return replace(self, before=over // 2, after=over - over // 2)


def _grouped(size: Size) -> str:
    """A size as it stands in a calculation."""
    return f"{size}" if isinstance(size, int) or f"{size}".isidentifier() else f"({size})"


def fitting(size: Size, stride: Size) -> Size:
    """How often a fitted window fits on an axis of this size."""
    # Rounded up in the form in which a window with fixed padding counts, so that both are seen to agree.
    return (size - 1) // stride + 1


def space(x: Shape) -> tuple[Size, ...]:
    """The sizes of the one to three axes of space of an input `[batch, channels, space...]`."""
    if not 3 <= x.rank <= 5:
        raise ShapeError(
            f"needs 3 to 5 axes, but the input has {x.rank}",
            help="the axes are `[batch, channels, space...]`, with one, two or three axes of space",
        )
    return x[2:]


def per_axis(value: Any, axes: int, setting: str) -> tuple[Any, ...]:
    """The value of a setting for each axis: its own, or the one that is meant for all."""
    if not isinstance(value, tuple):
        return (value,) * axes
    if len(value) != axes:
        counted = "1 axis" if axes == 1 else f"{axes} axes"
        raise ShapeError(
            f"has a list of {len(value)} for `{setting}`, but the input has {counted} of space",
            setting=setting,
            help=f"write one number, or a list of {axes}",
        )
    return value


def sizes_wanted(size: Any, x: Shape, like: Shape | None, nothing: str) -> tuple[Size, ...]:
    """The size of each axis of space that a setting, or a second input, asks for."""
    sizes = space(x)
    if like is None:
        if size is None:
            raise ShapeError(nothing, setting="size", help="give it a `size`, or a second input: `(x, y) -> ...`")
        return per_axis(size, len(sizes), "size")
    if size is not None:
        raise ShapeError("has a `size` and also a second input", setting="size", help="keep one of them")
    if like.rank != x.rank:
        raise ShapeError(
            f"needs equally many axes in each input, but one has {counted(x.rank)} and one {counted(like.rank)}"
        )
    return like[2:]


def windows_of(axes: int, *, kernel: Any, stride: Any, dilation: Any, padding: Any) -> tuple[Window, ...]:
    """How a window moves along each of so many axes of space, by the values of the settings of these names."""
    each = zip(
        per_axis(kernel, axes, "kernel"),
        per_axis(stride, axes, "stride"),
        per_axis(dilation, axes, "dilation"),
        ends(padding, axes, "padding"),
        strict=True,
    )
    return tuple(Window(size, step, distance, before, after) for size, step, distance, (before, after) in each)


def ends(value: Any, axes: int, setting: str) -> tuple[tuple[Size, Size], ...]:
    """The positions that a setting adds before and after each axis; an entry that is no pair is meant for both ends."""
    return tuple(each if isinstance(each, tuple) else (each, each) for each in per_axis(value, axes, setting))


def check_margins(
    sizes: Sequence[Size], margins: Sequence[tuple[Size, Size]], mode: str, setting: str, cure: str
) -> None:
    """Raise `ShapeError` where an axis of space is too short for what is added to it; `setting` is that of the mode."""
    if mode not in ("reflect", "circular"):
        return
    # A mirror image leaves out the outermost position, and a turn around the axis goes round at most once.
    spare = 1 if mode == "reflect" else 0
    for axis, (size, pair) in enumerate(zip(sizes, margins, strict=True), start=2):
        for margin in pair:
            if below(size - spare, margin):
                raise ShapeError(
                    f"pads axis {axis} by {margin}, but `{mode}` can pad an axis of {size} by {size - spare} at most",
                    setting=setting,
                    help=f"{cure}, or another `{setting}`, such as `replicate`",
                )


def output_sizes(sizes: Sequence[Size], windows: Sequence[Window], *, ceil_mode: bool = False) -> tuple[Size, ...]:
    """The size of each axis of space of the output; raises `ShapeError` where the window fits nowhere."""
    rooms = [window.room(size, ceil_mode=ceil_mode) for size, window in zip(sizes, windows, strict=True)]
    for axis, (size, window, room) in enumerate(zip(sizes, windows, rooms, strict=True), start=2):
        if below(room, 0):
            raise _too_large(window, size, axis)
    return tuple(window.starts_in(room) for window, room in zip(windows, rooms, strict=True))


def transposed_sizes(sizes: Sequence[Size], windows: Sequence[Window], extra: Sequence[Size]) -> tuple[Size, ...]:
    """The size of each axis of space that the windows cover without its padding, and with what is added at its end.

    Raises `ShapeError` where the padding leaves nothing of an axis.
    """
    found = []
    for axis, (size, window, more) in enumerate(zip(sizes, windows, extra, strict=True), start=2):
        covered = window.covered(size) + more
        kept = covered - window.before - window.after
        if below(kept, 1):
            arithmetic = f"({size} - 1)*{window.stride} + {window.dilation}*({window.kernel} - 1) + {more} + 1"
            raise ShapeError(
                f"has a padding of {window.before}, which takes {window.before} + {window.after} positions away from "
                f"axis {axis} of the output, but without it the axis has only {arithmetic} = {covered}",
                setting="padding",
                help=f"use a `padding` of at most {(covered - 1) // 2} for this axis",
            )
        found.append(kept)
    return tuple(found)


def seen_by_windows(windows: Sequence[Window], channels: Sight = EVERYTHING) -> tuple[Sight, ...]:
    """What a position of the output sees of `[batch, channels, space...]` through windows that slide over space."""
    spans = ((-window.before, window.extent - 1 - window.before) for window in windows)
    sliding = (
        Sliding(axis, (span,), window.stride)
        for axis, (span, window) in enumerate(zip(spans, windows, strict=True), start=2)
    )
    return along(0), channels, *sliding


def seen_by_transposed(windows: Sequence[Window], channels: Sight = EVERYTHING) -> tuple[Sight, ...]:
    """What a position of the output sees of the input where it is the output that windows slide over."""
    return along(0), channels, *(_transposed_sight(axis, window) for axis, window in enumerate(windows, start=2))


def _transposed_sight(axis: int, window: Window) -> Sight:
    numbers = [each for each in (window.kernel, window.stride, window.dilation, window.before) if isinstance(each, int)]
    if len(numbers) < 4 or max(numbers[:2]) > MOST_PARTS:
        return EVERYTHING
    kernel, stride, dilation, before = numbers
    spans = []
    for place in range(before, before + stride):
        # The windows that reach this place begin a tap or several before it, at a multiple of the stride.
        offsets = (place - tap * dilation for tap in range(kernel))
        seen = [offset // stride for offset in offsets if offset % stride == 0]
        spans.append((place // stride + 1, place // stride) if not seen else (min(seen), max(seen)))
    return Sliding(axis, tuple(spans), 1)


def seen_by_means(axis: int, size: Size, wanted: Size) -> Sight:
    """What a position sees of an axis that is cut into so many windows, which overlap where they must."""
    if size == wanted:
        return along(axis)
    if not isinstance(size, int) or not isinstance(wanted, int) or wanted > MOST_PARTS:
        return EVERYTHING
    starts_and_ends = ((place * size // wanted, -(-(place + 1) * size // wanted) - 1) for place in range(wanted))
    return Sliding(axis, tuple(starts_and_ends), size)


def _too_large(window: Window, size: Size, axis: int) -> ShapeError:
    kernel, dilation, padded = window.kernel, window.dilation, window.padded(size)
    covered = f"a kernel of {kernel}"
    cure = f"use a `kernel` of at most {(padded - 1) // dilation + 1}"
    if dilation != 1:
        covered += f" with dilation {dilation}, which covers {dilation}*({kernel} - 1) + 1 = {window.extent} positions"
        cure += ", or a smaller `dilation`"
    given = f"{size}" if padded == size else f"{size} + {window.before} + {window.after} = {padded} with its padding"
    return ShapeError(
        f"has {covered}, but axis {axis} of the input has only {given}", setting="kernel", help=cure, axes=(axis,)
    )
