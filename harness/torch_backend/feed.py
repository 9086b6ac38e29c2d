"""Which problems a step sees: the training split in an order shuffled anew each epoch, a function of (seed, step)."""

from __future__ import annotations

import numpy as np

from harness.core.rng import generator
from harness.problems.countdown import Problem


def problems_of_step(problems: tuple[Problem, ...], count: int, seed: int, step: int) -> list[Problem]:
    """The `count` problems of a step (from 1). Nothing to save or restore: step t of a resumed run is the same."""
    first = (step - 1) * count
    return [problems[_order(len(problems), seed, slot // len(problems))[slot % len(problems)]]
            for slot in range(first, first + count)]  # fmt: skip


def epoch_of_step(problems: int, count: int, step: int) -> int:
    """The epoch, from 0, that the first problem of a step belongs to."""
    return (step - 1) * count // problems


_ORDERS: dict[tuple[int, int, int], np.ndarray] = {}


def _order(size: int, seed: int, epoch: int) -> np.ndarray:
    key = (size, seed, epoch)
    if key not in _ORDERS:
        _ORDERS.clear()  # at most the two epochs of a step are alive, and the next step needs one
        _ORDERS[key] = generator(seed, epoch, "problems").permutation(size)
    return _ORDERS[key]
