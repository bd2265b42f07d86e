"""Eight layers whose multiply-adds counters disagree on, each with its formula by hand and the module of torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from torch import Tensor, nn

B, T, D, HEADS, INNER = 1, 128, 256, 8, 1024
"""Batch, sequence, width, heads, and the width of the inner layer."""

_ATTENTION: Final = T * 4 * D * D + 2 * T * T * D
"""Four projections of each position, and two products of each position with each."""


@dataclass(frozen=True)
class Probe:
    spec: str
    """The body of the model."""

    macs: int
    module: Callable[[], nn.Module]
    input: tuple[int, ...]


class WrittenOut(nn.Module):
    """Attention of a single head of one input with itself, without a function that does it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(D, D) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        weights = (self.q(x) @ self.k(x).transpose(1, 2) / D**0.5).softmax(-1)
        mixed: Tensor = self.out(weights @ self.v(x))
        return mixed


class SelfAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(D, HEADS, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.attention(x, x, x, need_weights=False)[0]
        return found


_SEQUENCE: Final = f"input x: [{B}, {T}, {D}]"
_IMAGE: Final = f"input x: [{B}, 64, 56, 56]"

PROBES: Final = {
    "linear on 3-d input": Probe(
        f"{_SEQUENCE}\n linear({INNER})", B * T * D * INNER, lambda: nn.Linear(D, INNER), (B, T, D)
    ),
    "conv 3x3": Probe(
        f"{_IMAGE}\n conv(64, kernel=3, padding=1)",
        B * 56 * 56 * 64 * 64 * 9,
        lambda: nn.Conv2d(64, 64, 3, padding=1),
        (B, 64, 56, 56),
    ),
    "transposed conv 2x2, stride 2": Probe(
        f"{_IMAGE}\n conv_transpose(32, kernel=2, stride=2)",
        B * 56 * 56 * 64 * 32 * 4,
        lambda: nn.ConvTranspose2d(64, 32, 2, stride=2),
        (B, 64, 56, 56),
    ),
    "multi-head attention": Probe(f"{_SEQUENCE}\n attention({HEADS})", _ATTENTION, SelfAttention, (B, T, D)),
    "attention written out": Probe(
        f"""{_SEQUENCE}
        q = x -> linear({D})
        k = x -> linear({D}) -> permute([0, 2, 1])
        v = x -> linear({D})
        weights = (q, k) -> matmul -> softmax
        (weights, v) -> matmul -> linear({D})""",
        _ATTENTION,
        WrittenOut,
        (B, T, D),
    ),
    "encoder layer": Probe(
        f"""{_SEQUENCE}
        residual {{ attention({HEADS}) -> dropout(0.1) }}
        layernorm
        residual {{ linear({INNER}) -> relu -> dropout(0.1) -> linear({D}) -> dropout(0.1) }}
        layernorm""",
        _ATTENTION + 2 * T * D * INNER,
        lambda: nn.TransformerEncoderLayer(D, HEADS, INNER, batch_first=True),
        (B, T, D),
    ),
    "LSTM, 2 layers": Probe(
        f"{_SEQUENCE}\n lstm({D}, layers=2)",
        B * T * 2 * 4 * D * (D + D),
        lambda: nn.LSTM(D, D, 2, batch_first=True),
        (B, T, D),
    ),
    "GRU": Probe(f"{_SEQUENCE}\n gru({D})", B * T * 3 * D * (D + D), lambda: nn.GRU(D, D, batch_first=True), (B, T, D)),
}
