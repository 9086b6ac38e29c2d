"""What is true of the points of a table, as far as its seeds say it: means, their standard error, the near-best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.search_table import Table

EASY = 0.10
"""A share of points near the best above this makes the problem too easy to tell searches apart."""


@dataclass(frozen=True)
class Truth:
    """Attributes: `means` (P,), higher is better; `error` the standard error of each, pooled; `near` (P,) whether a
    point's mean is within one standard error of the best mean."""

    means: NDArray[np.float64]
    error: float
    near: NDArray[np.bool_]

    @property
    def share(self) -> float:
        return float(self.near.mean())


def truth(table: Table, direction: str, without: int | None = None) -> Truth:
    """By all seeds, or by those other than `without`. The noise is pooled over points, and over all seeds."""
    signed = table.ends if direction == "maximize" else -table.ends
    kept = [place for place, seed in enumerate(table.seeds) if seed != without]
    means: NDArray[np.float64] = signed[:, kept].mean(axis=1)
    error = noise(table) / np.sqrt(len(kept))
    return Truth(means, float(error), means >= means.max() - error)


def noise(table: Table) -> float:
    """Standard deviation from seed to seed of one point, pooled over the points."""
    return float(np.sqrt(table.ends.var(axis=1, ddof=1).mean()))


def paired_noise(table: Table) -> float:
    """The same without what a seed does to all points alike."""
    ends = table.ends
    left = ends - ends.mean(axis=1, keepdims=True) - ends.mean(axis=0, keepdims=True) + ends.mean()
    free = (ends.shape[0] - 1) * (ends.shape[1] - 1)
    return float(np.sqrt((left**2).sum() / free))
