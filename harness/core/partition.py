"""Which kept rows go into which mini-batch, the same on every backend."""

import numpy as np

from harness.core.check import labels, whole
from harness.core.rng import generator
from harness.core.types import IntArray
from harness.errors import InputError


def partition(rows: IntArray, parts: int, rng: np.random.Generator) -> list[IntArray]:
    """Shuffles row numbers (K,) and splits them evenly into `parts` mini-batches: every row exactly once.

    Sizes differ by at most one. With fewer rows than parts there are K mini-batches of one row, hence fewer
    updates than configured; with none, none. The number of updates stays what is configured when the filter
    drops rows, because it decides whether the controller has authority. Raises InputError for repeated rows.
    """
    rows = labels("rows", rows)
    whole("the number of mini-batches", parts, 1)
    if np.unique(rows).size != rows.size:
        raise InputError("rows must be distinct", f"repetitions in {rows.size}", "Use np.flatnonzero(keep).")
    return np.array_split(rng.permutation(rows), min(parts, rows.size)) if rows.size else []


def epoch_partitions(rows: IntArray, parts: int, epochs: int, seed: int, step: int) -> list[IntArray]:
    """The mini-batches of all updates of a step, in order: `epochs` partitions of rows (K,), each reshuffled.

    A flat list of epochs * min(parts, K) arrays; the random numbers are the stream "partition" of the step.
    """
    rng = generator(seed, step, "partition")
    return [batch for _ in range(whole("epochs", epochs, 1)) for batch in partition(rows, parts, rng)]
