"""Attention of a single head, by the score of each query and each key."""

from __future__ import annotations

import torch
from torch import Tensor, nn


@torch.fx.wrap
def products_of_pairs(query: Tensor, key: Tensor) -> Tensor:
    """Each query times each key, as `[batch, (queries,) positions]`."""
    if query.dim() == 2:
        return torch.bmm(key, query.unsqueeze(2)).squeeze(2)
    return torch.bmm(query, key.transpose(1, 2))


@torch.fx.wrap
def sums_of_pairs(query: Tensor, key: Tensor) -> Tensor:
    """Each query plus each key, as `[batch, (queries,) positions, features]`."""
    return query.unsqueeze(-2) + (key if query.dim() == 2 else key.unsqueeze(1))


@torch.fx.wrap
def weighted_sum(weights: Tensor, value: Tensor) -> Tensor:
    """The sum of values times their weights, as `[batch, (queries,) width]`."""
    if weights.dim() == 2:
        return torch.bmm(weights.unsqueeze(1), value).squeeze(1)
    return torch.bmm(weights, value)


@torch.fx.wrap
def softmax_of_seen(scores: Tensor, mask: Tensor | None, log: bool = False) -> Tensor:
    """The softmax of scores, or its logarithm, over the positions that may be seen."""
    if mask is None:
        return scores.log_softmax(dim=-1) if log else scores.softmax(dim=-1)
    mask = mask if mask.dim() == scores.dim() else mask.unsqueeze(1)
    # A query that may see nothing sees all at first: of minus infinity alone, there is
    # no softmax.
    hidden = ~mask & mask.any(dim=-1, keepdim=True)
    scores = scores.masked_fill(hidden, float("-inf"))
    if log:
        return scores.log_softmax(dim=-1).masked_fill(~mask, float("-inf"))
    return scores.softmax(dim=-1).masked_fill(~mask, 0.0)


def choice_of_one(weights: Tensor, is_drawn: bool) -> Tensor:
    """A one at the position with the largest weight, or at one that is drawn.

    The gradient is passed straight through to the weights.
    """
    # Of clocks that run as fast as these weights, the first to ring is a draw.
    speed = weights / torch.empty_like(weights).exponential_() if is_drawn else weights
    place = speed.argmax(dim=-1, keepdim=True)
    # Where no weight is above zero, nothing may be seen.
    chosen = torch.zeros_like(weights).scatter(-1, place, 1.0) * (weights > 0)
    return chosen + (weights - weights.detach())


class DotAttention(nn.Module):
    """Attention by the product of query and key."""

    def __init__(self, scaled: bool = True, hard: bool = False) -> None:
        super().__init__()
        self.scaled = scaled
        self.hard = hard

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        query = query / query.shape[-1] ** 0.5 if self.scaled else query
        weights = softmax_of_seen(products_of_pairs(query, key), mask)
        weights = choice_of_one(weights, self.training) if self.hard else weights
        return weighted_sum(weights, key if value is None else value), weights

    def extra_repr(self) -> str:
        return f"scaled={self.scaled}, hard={self.hard}"


class AdditiveAttention(nn.Module):
    """Attention by a hidden layer that sees the sum of query and key."""

    def __init__(
        self,
        query_features: int,
        key_features: int,
        hidden: int,
        hard: bool = False,
    ) -> None:
        super().__init__()
        self.query = nn.Linear(query_features, hidden, bias=False)
        self.key = nn.Linear(key_features, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.hard = hard

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        compared = torch.tanh(sums_of_pairs(self.query(query), self.key(key)))
        weights = softmax_of_seen(self.score(compared).squeeze(-1), mask)
        weights = choice_of_one(weights, self.training) if self.hard else weights
        return weighted_sum(weights, key if value is None else value), weights

    def extra_repr(self) -> str:
        return f"hard={self.hard}"


class BilinearAttention(nn.Module):
    """Attention by the product of query and key, with a matrix between the two."""

    def __init__(
        self,
        query_features: int,
        key_features: int,
        hard: bool = False,
    ) -> None:
        super().__init__()
        self.query = nn.Linear(query_features, key_features, bias=False)
        self.hard = hard

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        weights = softmax_of_seen(products_of_pairs(self.query(query), key), mask)
        weights = choice_of_one(weights, self.training) if self.hard else weights
        return weighted_sum(weights, key if value is None else value), weights

    def extra_repr(self) -> str:
        return f"hard={self.hard}"


class PointerAttention(nn.Module):
    """How likely each position of an input is the one that a query means."""

    def __init__(
        self,
        query_features: int,
        key_features: int,
        hidden: int,
        log: bool = False,
    ) -> None:
        super().__init__()
        self.query = nn.Linear(query_features, hidden, bias=False)
        self.key = nn.Linear(key_features, hidden, bias=False)
        self.score = nn.Linear(hidden, 1, bias=False)
        self.log = log

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        mask: Tensor | None = None,
    ) -> Tensor:
        compared = torch.tanh(sums_of_pairs(self.query(query), self.key(key)))
        return softmax_of_seen(self.score(compared).squeeze(-1), mask, self.log)

    def extra_repr(self) -> str:
        return f"log={self.log}"
