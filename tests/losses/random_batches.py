"""Random mini-batches, as the tensors that the losses take and as the rows that the formulas take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from verl_formulas import Rows


@dataclass(frozen=True)
class Case:
    """B rows of up to R tokens; padding holds NaN-free garbage that no result may depend on."""

    log_prob: Tensor  # (B, R) float64, requires grad
    old: Tensor  # (B, R)
    reference: Tensor  # (B, R)
    entropy: Tensor  # (B, R), requires grad
    advantages: Tensor  # (B,)
    mask: Tensor  # (B, R) bool

    def rows(self, values: Tensor) -> Rows:
        return [row[inside].tolist() for row, inside in zip(values.detach(), self.mask, strict=True)]


def case(seed: int, rows: int = 12, width: int = 9, spread: float = 0.7) -> Case:
    """`spread`: standard deviation of the log-ratios, nats."""
    rng = np.random.default_rng(seed)
    old = -rng.exponential(1.0, (rows, width))
    log_prob = old + spread * rng.standard_normal((rows, width))
    lengths = rng.integers(1, width + 1, rows)
    lengths[0] = width
    return Case(
        log_prob=torch.tensor(log_prob, requires_grad=True),
        old=torch.tensor(old),
        reference=torch.tensor(log_prob + 0.5 * rng.standard_normal((rows, width))),
        entropy=torch.tensor(rng.exponential(0.5, (rows, width)), requires_grad=True),
        advantages=torch.tensor(rng.standard_normal(rows)),
        mask=torch.arange(width) < torch.tensor(lengths)[:, None],
    )
