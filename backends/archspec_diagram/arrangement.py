"""Where the solids of a volumes view stand: from left to right, branches above and below the longest way, skips above.

The longest way is straight. What branches off it has a way of its own, at the first height at which nothing else stands
on that stretch. What is wider than a page goes on in a row below, where one arrow alone leads on. Where skips lie
within each other and what they pass is smaller, the model is drawn as a U: what each of them passes is a level below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from itertools import pairwise
from math import ceil
from typing import Final, final

from msgspec import Struct, field
from msgspec.structs import replace

from archspec.op import Family
from archspec_diagram import font
from archspec_diagram.picture import Point
from archspec_diagram.rows import BETWEEN, FITTING, GAIN, PAGE, cuts_into
from archspec_diagram.solid import Form, Solid
from archspec_diagram.solids import Row
from archspec_diagram.structure import Key

GAP: Final = 26.0
"""Between two solids, where an arrow leads from one to the other."""

_U_GAP: Final = 16.0
"""The same in a U, which is not cut into rows and so must be narrow by itself."""

LEADING: Final = 11.5
SIZE: Final = 8.5
"""Of the sizes at the slanted edges."""

BRACKET: Final = 24.0
"""How high a bracket is, with what it says."""

_LABELS: Final = 6.0
"""Between the labels of neighbours."""

_APART: Final = 16.0
"""Between what stands above each other."""


@final
class Placed(Struct, frozen=True):
    """A solid with the place of its front: the left edge, and the height of the middle of all of it."""

    solid: Solid
    left: float
    middle: float

    shows_size: bool
    """Whether the slanted edge says its size: of solids that touch each other the last one does."""

    row: int = 0

    @property
    def right(self) -> float:
        return self.left + self.solid.width

    @property
    def top(self) -> float:
        return self.middle - (self.solid.height + self.solid.depth) / 2

    @property
    def bottom(self) -> float:
        """The lower edge of the front."""
        return self.middle + (self.solid.height + self.solid.depth) / 2

    @property
    def label_middle(self) -> float:
        return self.left + self.solid.thickness / 2

    @property
    def lower(self) -> float:
        """Where what is said below ends."""
        return self.bottom + below(self.solid)


@final
class Arrow(Struct, frozen=True):
    source: int
    target: int
    points: tuple[Point, ...]
    skips: bool = False

    marks_kernel: bool = False
    """Whether the window of the target is drawn on the source, with lines to where it leads, and no arrow."""


@final
class Arrangement(Struct, frozen=True):
    placed: tuple[Placed, ...]
    arrows: tuple[Arrow, ...]
    left: float
    top: float
    right: float
    bottom: float

    fits: bool
    """Whether it is no wider than a page, or a U, which cannot be cut."""


def arranged(row: Row, spacing: float, brackets: Sequence[Set[Key]] = ()) -> Arrangement:
    """The solids in their places, with room above those that brackets stand over."""
    return _Arranger(row, spacing, brackets).arrangement()


def below(solid: Solid) -> float:
    """How far what is said below a solid reaches."""
    return 0.0 if solid.form in (Form.BALL, Form.END) else 4 + LEADING * len(solid.lines)


@final
class _Chain(Struct):
    """Solids in a row, of which each but the last gives to the next."""

    places: list[int]
    start: float = 0.0
    end: float = 0.0
    middle: float = 0.0
    up: float = field(default=0.0)
    down: float = field(default=0.0)


@final
class _Arranger:
    def __init__(self, row: Row, spacing: float, brackets: Sequence[Set[Key]]) -> None:
        self.row, self.spacing, self.brackets = row, spacing, brackets
        count = len(row.solids)
        self.before: list[list[int]] = [[] for _ in range(count)]
        self.after: list[list[int]] = [[] for _ in range(count)]
        for source, target in row.links:
            self.before[target].append(source)
            self.after[source].append(target)
        self.touches = {(one, other) for one, other in row.links if self._touch(one, other)}
        self.said: frozenset[int] | None = None
        """Of which solids the size is said, where a U has it once on each side of a level."""

    def arrangement(self) -> Arrangement:
        chains = self._chains()
        levels = self._levels(chains)
        if levels is not None:
            self.touches |= {
                (one, one + 1) for one in range(len(levels) - 1) if levels[one] == levels[one + 1] and self._close(one)
            }
            self.said = self._said_once(levels)
        lefts = self._lefts(levels)
        middles = self._middles(chains, lefts) if levels is None else self._in_u(levels)
        placed = tuple(
            Placed(solid, lefts[place], middles[place], self._shows_size(place))
            for place, solid in enumerate(self.row.solids)
        )
        arrows = tuple(self._arrows(placed, chains, levels))
        if levels is None:
            placed, arrows = self._wrapped(placed, arrows)
        points = [point for arrow in arrows for point in arrow.points]
        sides = [side for each in placed for side in _sides(each)]
        left = min([left for left, _ in sides] + [point.x for point in points])
        right = max([right for _, right in sides] + [point.x for point in points])
        return Arrangement(
            placed,
            arrows,
            left,
            min([each.top for each in placed] + [point.y for point in points] + self._heads(placed, arrows)),
            right,
            max([each.lower for each in placed] + [point.y for point in points]),
            levels is not None or right - left <= FITTING * PAGE,
        )

    # ------------------------------------------------------------------------------------------------ left to right

    def _touch(self, one: int, other: int) -> bool:
        """Whether a convolution follows another so closely that nothing need be drawn between them."""
        first, second = self.row.solids[one], self.row.solids[other]
        return (
            second.joins_on
            and first.form is second.form is Form.VOLUME
            and (first.joins_on or bool(first.slices))
            and (first.height, first.depth) == (second.height, second.depth)
            and first.size == second.size
            and self.after[one] == [other]
            and self.before[other] == [one]
            and (first.thickness + second.thickness) / 2 >= (first.label_width + second.label_width) / 2 + 4
        )

    def _close(self, one: int) -> bool:
        """Whether a solid of a U may stand right before the next one of its size, with no arrow between them."""
        first, second = self.row.solids[one], self.row.solids[one + 1]
        return (
            (first.family is Family.CONVOLUTION or bool(first.slices))
            and (second.joins_on or bool(second.slices))
            and first.form is second.form is Form.VOLUME
            and (first.height, first.depth, first.size) == (second.height, second.depth, second.size)
            and self.after[one] == [one + 1]
        )

    def _said_once(self, levels: Sequence[int]) -> frozenset[int]:
        """Those that have their size beside them in a U: the first on each side of a level, or the last of those that
        it touches."""
        said = set()
        for place, solid in enumerate(self.row.solids):
            if any((place, other) in self.touches for other in self.after[place]):
                continue
            first = place
            while (first - 1, first) in self.touches:
                first -= 1
            before = self.row.solids[first - 1] if first and levels[first - 1] == levels[place] else None
            if before is None or before.size != solid.size:
                said.add(place)
        return frozenset(said)

    def _lefts(self, levels: Sequence[int] | None) -> list[float]:
        lefts: list[float] = []
        for place, solid in enumerate(self.row.solids):
            left = 0.0
            for source in self.before[place]:
                first = self.row.solids[source]
                # What is said below neighbours is apart, however close they stand.
                apart = (first.label_width + solid.label_width) / 2 + _LABELS
                clear = lefts[source] + first.thickness / 2 + apart - solid.thickness / 2
                if (source, place) in self.touches:
                    left = max(left, lefts[source] + first.thickness, clear - _LABELS / 2)
                    continue
                beyond = self._beyond(source)
                if levels is not None and levels[source] < levels[place]:
                    # It stands below, with its right half under the arrow down.
                    left = max(left, self._down(source, lefts[source]) - 0.75 * solid.width)
                    continue
                if levels is not None and levels[source] > levels[place]:
                    # It stands above, behind the arrow up.
                    left = max(left, lefts[source] + first.thickness + first.depth / 2 + 14 + self._overhang(place))
                    continue
                gap = (GAP if levels is None else _U_GAP) * self.spacing
                if levels is None and (len(self.after[source]) > 1 or len(self.before[place]) > 1):
                    gap += 10
                if levels is None and len(self.before[place]) > 1:
                    gap += self._overhang(place)
                left = max(left, lefts[source] + first.width + max(gap, beyond + 6), clear)
                if self._shows_size(source) and solid.height + solid.depth < first.height + first.depth:
                    # What is said below the smaller one is beside the size of the larger one.
                    size = lefts[source] + first.thickness + font.width(first.size, SIZE) * SLOPE + 10
                    left = max(left, size + self._overhang(place))
            if not self.before[place] and lefts:
                left = 0.0
            lefts.append(left)
        return lefts

    def _overhang(self, place: int) -> float:
        """How far what is said below a solid reaches ahead of it."""
        solid = self.row.solids[place]
        return 0.0 if solid.form in (Form.BALL, Form.END) else max((solid.label_width - solid.thickness) / 2, 0.0)

    def _down(self, place: int, left: float) -> float:
        """Where an arrow to the level below leaves: in the middle of the slanted edge, or behind the size there."""
        solid = self.row.solids[place]
        if self._shows_size(place):
            return left + solid.width + max(self._beyond(place), 0.0) + 2
        return max(left + solid.thickness + solid.depth / 2, left + (solid.thickness + solid.label_width) / 2 + 4)

    def _shows_size(self, place: int) -> bool:
        """The size is said where it changes, at the last of those that touch each other."""
        solid = self.row.solids[place]
        if not solid.size or (self.said is not None and place not in self.said):
            return False
        return not any((place, other) in self.touches for other in self.after[place])

    def _beyond(self, place: int) -> float:
        """How far the size at the slanted edge of a solid reaches behind it."""
        solid = self.row.solids[place]
        if not self._shows_size(place):
            return 0.0
        return max(font.width(solid.size, SIZE) * SLOPE + 8 - solid.depth, 8.0)

    # ------------------------------------------------------------------------------------------------ above and below

    def _chains(self) -> list[_Chain]:
        """The longest way first, and then the ways that branch off, in the order of the text."""
        length = [0] * len(self.row.solids)
        for place in range(len(length)):
            length[place] = 1 + max((length[source] for source in self.before[place]), default=0)
        last = max(range(len(length)), key=lambda place: (length[place], -place))
        spine = [last]
        while self.before[spine[-1]]:
            spine.append(max(self.before[spine[-1]], key=lambda source: (length[source], -source)))
        chains = [_Chain(spine[::-1])]
        taken = set(spine)
        for place in range(len(length)):
            if place in taken:
                continue
            way = [place]
            taken.add(place)
            while follow := [each for each in self.after[way[-1]] if each not in taken]:
                way.append(follow[0])
                taken.add(follow[0])
            chains.append(_Chain(way))
        return chains

    def _middles(self, chains: Sequence[_Chain], lefts: Sequence[float]) -> list[float]:
        solids = self.row.solids
        for chain in chains:
            first, last = chain.places[0], chain.places[-1]
            forks = [lefts[each] + solids[each].width for each in self.before[first]]
            joins = [lefts[each] for each in self.after[last]]
            chain.start = min(forks, default=lefts[first])
            chain.end = max(joins, default=lefts[last] + solids[last].width)
            halves = [(solids[each].height + solids[each].depth) / 2 for each in chain.places]
            chain.up = max(halves)
            chain.down = max(half + below(solids[each]) for half, each in zip(halves, chain.places, strict=True))
        spine = chains[0]
        sides: dict[bool, list[_Chain]] = {True: [], False: []}
        # What ends aside is farther off than what comes back, whose lines would else cross it.
        for chain in sorted(chains[1:], key=lambda chain: not self.after[chain.places[-1]]):
            sides[self._is_above(chain, spine)].append(chain)
        done: list[_Chain] = []
        for above in (False, True):
            # Those next to the longest way come first.
            for chain in sides[above][::-1] if above else sides[above]:
                inner, outer = chain.start, chain.end
                free = 0.0
                for place, solid in enumerate(solids):
                    if place in spine.places and lefts[place] < outer and lefts[place] + solid.width > inner:
                        half = (solid.height + solid.depth) / 2
                        free = max(free, half if above else half + below(solid))
                for each in done:
                    if (each.middle < 0) is above and each.start < outer and each.end > inner:
                        free = max(free, each.up - each.middle if above else each.middle + each.down)
                chain.middle = -(free + chain.down + _APART) if above else free + chain.up + _APART
                done.append(chain)
        middles = [0.0] * len(solids)
        for chain in chains:
            for place in chain.places:
                middles[place] = round(chain.middle, 1)
        return middles

    def _is_above(self, chain: _Chain, spine: _Chain) -> bool:
        """A branch that the text has before the one of the longest way is above it."""
        first = chain.places[0]
        if not self.after[chain.places[-1]]:
            return False  # What ends aside, as a classifier for training does, is below.
        beside = [each for source in self.before[first] for each in self.after[source] if each in spine.places]
        return any(first < each for each in beside)

    # ------------------------------------------------------------------------------------------------------------ U

    def _levels(self, chains: Sequence[_Chain]) -> list[int] | None:
        """How many skips pass each solid, if they lie within each other and each passes what is smaller."""
        if len(chains) > 1:
            return None
        solids = self.row.solids
        skips = sorted((source, target) for source, target in self.row.links if target != source + 1)
        if len(skips) < 2:
            return None
        for (start, end), (inner, outer) in pairwise(skips):
            if not (start < inner and outer < end):
                return None
        for start, end in skips:
            if min(solids[each].height for each in range(start + 1, end)) >= solids[start].height:
                return None
        levels = [sum(start < place < end for start, end in skips) for place in range(len(solids))]
        for _, end in skips:
            # What brings the size back stands beside what it is joined to.
            if solids[end - 1].height == solids[end].height:
                levels[end - 1] = levels[end]
        return levels

    def _in_u(self, levels: Sequence[int]) -> list[float]:
        solids = self.row.solids
        heights = [0.0]
        for level in range(1, max(levels) + 1):
            above = [solid for solid, each in zip(solids, levels, strict=True) if each == level - 1]
            here = [solid for solid, each in zip(solids, levels, strict=True) if each == level]
            down = max((solid.height + solid.depth) / 2 + below(solid) for solid in above)
            up = max((solid.height + solid.depth) / 2 for solid in here)
            heights.append(round(heights[-1] + down + up + 1.5 * _APART, 1))
        return [heights[level] for level in levels]

    # -------------------------------------------------------------------------------------------------------- rows

    def _wrapped(
        self, placed: tuple[Placed, ...], arrows: tuple[Arrow, ...]
    ) -> tuple[tuple[Placed, ...], tuple[Arrow, ...]]:
        """What is wider than a page, in rows of about the same width."""
        width = max((right for each in placed for _, right in _sides(each)), default=0.0)
        count = ceil(width / PAGE)
        if count < 2:
            return placed, arrows
        cuts = [arrow for arrow in arrows if self._leads_on_alone(arrow, placed)]
        chosen = cuts_into({arrow: placed[arrow.target].left for arrow in cuts}, width, count)
        starts = [0.0, *(placed[arrow.target].left for arrow in chosen)]
        if max(end - start for start, end in pairwise([*starts, width])) > GAIN * width:
            return placed, arrows
        rows = [sum(each.left >= start for start in starts) - 1 for each in placed]
        tops, bottoms = [0.0] * len(starts), [0.0] * len(starts)
        for each, row in zip(placed, rows, strict=True):
            tops[row], bottoms[row] = min(tops[row], each.top), max(bottoms[row], each.lower)
        for arrow in arrows:
            if arrow not in chosen:
                heights = [point.y for point in arrow.points]
                row = rows[arrow.target]
                tops[row], bottoms[row] = min(tops[row], *heights), max(bottoms[row], *heights)
        for row in range(len(starts)):
            here = [each if rows[place] == row else None for place, each in enumerate(placed)]
            tops[row] = min([tops[row], *self._heads(here, arrows)])
        downs = [0.0]
        for row in range(1, len(starts)):
            downs.append(round(downs[-1] + bottoms[row - 1] - tops[row] + 2 * BETWEEN, 1))
        there = tuple(
            replace(each, left=each.left - starts[row], middle=each.middle + downs[row], row=row)
            for each, row in zip(placed, rows, strict=True)
        )
        right = max(right for each in there for _, right in _sides(each))
        found = []
        for arrow in arrows:
            row = rows[arrow.target]
            if arrow not in chosen:
                moved = tuple(Point(point.x - starts[row], point.y + downs[row]) for point in arrow.points)
                found.append(replace(arrow, points=moved))
                continue
            one, other = there[arrow.source], there[arrow.target]
            between = downs[row] + tops[row] - BETWEEN
            way = (
                Point(_exit(one), one.middle),
                Point(right + 10, one.middle),
                Point(right + 10, between),
                Point(-22, between),
                Point(-22, other.middle),
                Point(other.left, other.middle),
            )
            found.append(replace(arrow, points=way, marks_kernel=False))
        return there, tuple(found)

    def _heads(self, placed: Sequence[Placed | None], arrows: Sequence[Arrow]) -> list[float]:
        """Where what brackets say ends above, of those that stand over something here."""
        heads = []
        for keys in self.brackets:
            inside = {place: each for place, each in enumerate(placed) if each is not None and each.solid.key in keys}
            skips = [arrow for arrow in arrows if arrow.skips and {arrow.source, arrow.target} & inside.keys()]
            heights = [point.y for arrow in skips for point in arrow.points] if inside else []
            heads += [min([each.top for each in inside.values()] + heights) - BRACKET] if inside else []
        return heads

    def _leads_on_alone(self, arrow: Arrow, placed: Sequence[Placed]) -> bool:
        start = placed[arrow.target].left
        across = [link for link in self.row.links if placed[link[0]].left < start and placed[link[1]].left >= start]
        before = [each for each in placed if each.left < start]
        return across == [(arrow.source, arrow.target)] and all(
            max(right for _, right in _sides(each)) <= start for each in before
        )

    # ------------------------------------------------------------------------------------------------------- arrows

    def _arrows(
        self, placed: Sequence[Placed], chains: Sequence[_Chain], levels: Sequence[int] | None
    ) -> Iterable[Arrow]:
        follows = {pair for chain in chains for pair in pairwise(chain.places)}
        chain_of = {place: number for number, chain in enumerate(chains) for place in chain.places}
        lanes: list[tuple[float, float, float]] = []
        skips = []
        for source, target in self.row.links:
            if (source, target) in self.touches:
                continue
            one, other = placed[source], placed[target]
            solid = other.solid
            start, end = Point(_exit(one), one.middle), Point(other.left, other.middle)
            if (source, target) in follows:
                if one.middle == other.middle:
                    fits = solid.kernel is not None and one.solid.form is Form.VOLUME and len(self.after[source]) == 1
                    yield Arrow(source, target, (start, end), marks_kernel=fits)
                elif one.middle < other.middle:
                    x = self._down(source, one.left)
                    behind = min(max(x - one.left - one.solid.thickness, 0.0), one.solid.depth)
                    yield Arrow(source, target, (Point(x, one.bottom - behind), Point(x, other.top)))
                else:
                    x = start.x
                    yield Arrow(source, target, (Point(x, one.top + 4), Point(x, other.middle), end))
            elif levels is not None:
                beside = [placed[each] for each in range(source, target + 1) if levels[each] == levels[target]]
                yield Arrow(source, target, _above(one, other, min(each.top for each in beside) - 10), skips=True)
            elif chain_of[source] != chain_of[target]:
                yield Arrow(source, target, self._aside(one, other, source, target, chains, chain_of))
            else:
                skips.append((source, target))
        for source, target in sorted(skips, key=lambda each: each[1] - each[0]):
            one, other = placed[source], placed[target]
            height = min(each.top for each in placed if each.left < other.right and each.right > one.left) - _APART
            for begins, ends, lane in sorted(lanes, key=lambda each: -each[2]):
                if begins < other.right and ends > one.left and abs(lane - height) < 8:
                    height = lane - 8
            lanes.append((one.left, other.right, height))
            yield Arrow(source, target, _above(one, other, height), skips=True)

    def _aside(
        self,
        one: Placed,
        other: Placed,
        source: int,
        target: int,
        chains: Sequence[_Chain],
        chain_of: dict[int, int],
    ) -> tuple[Point, ...]:
        start = Point(_exit(one), one.middle)
        begins = chains[chain_of[target]].places[0] == target
        if begins:
            turn = one.right + max(self._beyond(source) + 2, 9)
            return start, Point(turn, one.middle), Point(turn, other.middle), Point(other.left, other.middle)
        if other.solid.form is Form.BALL:
            middle = other.left + other.solid.width / 2
            edge = other.bottom if one.middle > other.middle else other.top
            return start, Point(middle, one.middle), Point(middle, edge)
        turn = other.left - 12 - self._overhang(target)
        return start, Point(turn, one.middle), Point(turn, other.middle), Point(other.left, other.middle)


_APART_OF_TOP: Final = 0.5
"""A skip meets the top of a box in its middle."""

SLOPE: Final = 0.7071
"""How far a text along a slanted edge reaches to the right, and as far upwards, as a part of its width."""


def _above(one: Placed, other: Placed, height: float) -> tuple[Point, ...]:
    """The way of a skip: up from the middle of the top, across, and down."""
    # What comes and what goes are apart where both meet the same top.
    start = one.left + one.solid.width / 2 + 3
    end = other.left + other.solid.width / 2 - (0 if other.solid.form is Form.BALL else 3)
    up, down = (_APART_OF_TOP * each.solid.depth for each in (one, other))
    return (
        Point(start, one.top + up),
        Point(start, height),
        Point(end, height),
        Point(end, other.top + down),
    )


def _exit(placed: Placed) -> float:
    """Where an arrow leaves: in the middle of the side that is seen."""
    return placed.left + placed.solid.thickness + placed.solid.depth / 2


def _sides(placed: Placed) -> tuple[tuple[float, float], ...]:
    half = placed.solid.label_width / 2
    size = font.width(placed.solid.size, SIZE) * SLOPE + 10 if placed.shows_size else 0.0
    return (
        (placed.left, placed.right),
        (placed.label_middle - half, placed.label_middle + half),
        (placed.left, placed.left + placed.solid.thickness + size),
    )
