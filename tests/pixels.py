"""How far apart two pictures of pixels are, where no two programs draw the same letter alike.

Two programs that draw one thing differ at the edges of letters and lines, by a pixel at most; one that loses something,
or puts it elsewhere, differs all over a small place. So each pixel is compared with the nearest in colour of those
around the same place of the other picture, and what counts is the worst place, as large as a letter, and never the
whole: in that an arrow is nothing.

The browser compares, since it can read PNG.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Final, final

from tests.chromium import Page

_COMPARE: Final = """
(async (one, other) => {
  const NEAR = 1, SIZE = 12, STEP = 4, OTHER = 80, TINTED = 8;
  const pixels = async (data) => {
    const image = new Image();
    image.src = "data:image/png;base64," + data;
    await image.decode();
    const pen = new OffscreenCanvas(image.width, image.height).getContext("2d", {willReadFrequently: true});
    pen.drawImage(image, 0, 0);
    const bytes = pen.getImageData(0, 0, image.width, image.height).data;
    return {wide: image.width, high: image.height, bytes, words: new Uint32Array(bytes.buffer)};
  };
  const [a, b] = [await pixels(one), await pixels(other)];
  const sizes = [[a.wide, a.high], [b.wide, b.high]], {wide, high} = a;
  if (a.wide !== b.wide || a.high !== b.high) return {sizes};
  const away = (p, q, x, y) => {
    const i = 4 * (y * wide + x);
    let least = 255;
    for (let v = Math.max(y - NEAR, 0); v <= Math.min(y + NEAR, high - 1); v++) {
      for (let u = Math.max(x - NEAR, 0); u <= Math.min(x + NEAR, wide - 1); u++) {
        const j = 4 * (v * wide + u);
        let far = 0;
        for (let k = 0; k < 3; k++) far = Math.max(far, Math.abs(p[i + k] - q[j + k]));
        least = Math.min(least, far);
      }
    }
    return least;
  };
  // Sums of all that is above and to the left, from which those of a place follow.
  const row = wide + 1, others = new Uint32Array(row * (high + 1)), tinted = new Uint32Array(row * (high + 1));
  for (let y = 0; y < high; y++) {
    let other = 0, tint = 0;
    for (let x = 0; x < wide; x++) {
      const at = y * wide + x, sum = (y + 1) * row + x + 1;
      if (a.words[at] !== b.words[at]) {
        const far = Math.max(away(a.bytes, b.bytes, x, y), away(b.bytes, a.bytes, x, y));
        other += far > OTHER;
        tint += far > TINTED;
      }
      others[sum] = others[sum - row] + other;
      tinted[sum] = tinted[sum - row] + tint;
    }
  }
  const within = (sums, x, y) => {
    const right = x + SIZE, below = (y + SIZE) * row;
    return (sums[below + right] - sums[below + x] - sums[y * row + right] + sums[y * row + x]) / SIZE ** 2;
  };
  const worst = {sizes, shares: [0, 0], places: [[0, 0], [0, 0]]};
  for (let y = 0; y + SIZE <= high; y += STEP) {
    for (let x = 0; x + SIZE <= wide; x += STEP) {
      [within(others, x, y), within(tinted, x, y)].forEach((share, each) => {
        if (share > worst.shares[each]) [worst.shares[each], worst.places[each]] = [share, [x, y]];
      });
    }
  }
  return worst;
})
"""

_OTHER: Final = 0.095
_TINTED: Final = 0.75
"""Between what two programs make of the same drawing, which is 0.07 and 0.5 at most, and a drawing that lacks
something: with one line less it is 0.12, and with one box that has no colour, 1.0."""


@final
@dataclass(frozen=True)
class Difference:
    """What the worst places of two pictures are like: a place is 12 pixels wide and high."""

    other: float
    """The share of its pixels that have quite another colour: a line, a letter or none of these."""

    tinted: float
    """The share of its pixels that have another colour at all."""

    told: str
    """Where these places are, and how large the pictures."""

    @property
    def is_seen(self) -> bool:
        """Whether the two show different things, beyond what two programs make of one."""
        return self.other > _OTHER or self.tinted > _TINTED


def difference(page: Page, one: bytes, other: bytes) -> Difference:
    """How far apart two PNGs are, as a page finds that may show whatever it likes."""
    said = ", ".join(json.dumps(b64encode(each).decode()) for each in (one, other))
    found = page.run(f"({_COMPARE})({said})")
    sizes = " and ".join(f"{wide} × {high}" for wide, high in found["sizes"])
    if "shares" not in found:
        return Difference(1.0, 1.0, f"they have {sizes} pixels")
    quite, at_all = found["shares"]
    return Difference(quite, at_all, f"at {found['places'][0]} and {found['places'][1]} of {sizes} pixels")
