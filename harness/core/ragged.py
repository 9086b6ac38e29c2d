"""Values of the tokens of a batch, without padding: rollouts differ in length, and most of a padded batch is none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.core.check import labels
from harness.core.types import FloatArray, IntArray
from harness.errors import InputError


@dataclass(frozen=True, eq=False)
class Ragged:
    """values (K,): of all response tokens, rollout after rollout, float32 or float64; lengths (N,), with sum K."""

    values: NDArray[np.floating[Any]]
    lengths: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "lengths", labels("lengths", self.lengths))
        if self.values.ndim != 1 or self.lengths.sum() != self.values.size or (self.lengths < 0).any():
            raise InputError(
                "token values (K,) must have the lengths (N,) as their parts",
                f"values of shape {self.values.shape}, lengths with sum {self.lengths.sum()}",
                "Take both from the same batch.",
            )

    @classmethod
    def of(cls, padded: NDArray[Any], mask: NDArray[Any]) -> Ragged:
        """From (N, T) and the response mask (N, T), nonzero on response tokens; what is outside does not matter."""
        padded, inside = np.asarray(padded), np.asarray(mask).astype(np.bool_)
        if padded.ndim != 2 or padded.shape != inside.shape:
            raise InputError(
                "token values and mask must have one shape (N, T)",
                f"{padded.shape} and {inside.shape}",
                "Take both from the same batch.",
            )
        return cls(padded[inside], np.count_nonzero(inside, axis=1))

    def sums(self) -> FloatArray:
        """(N,) float64; 0 for a rollout without tokens."""
        return self._sums.copy()

    def extremes(self) -> tuple[FloatArray, FloatArray]:
        """Least and greatest value of each rollout, (N,) each; 0 for one without tokens. NaN where there is one."""
        return self._reduced(np.minimum, 0.0), self._reduced(np.maximum, 0.0)

    @cached_property
    def _sums(self) -> FloatArray:
        return self._reduced(np.add, 0.0, dtype=np.float64)

    def _reduced(self, ufunc: np.ufunc, empty: float, **options: Any) -> FloatArray:
        result = np.full(len(self.lengths), empty)
        there = self.lengths > 0
        if there.any():  # rollouts without tokens have no place between the others' starts
            lengths = self.lengths[there]
            result[there] = ufunc.reduceat(self.values, np.cumsum(lengths) - lengths, **options)
        return result
