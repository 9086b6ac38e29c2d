"""The unbiased estimator of pass@k."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from harness.core.types import FloatArray, IntArray
from harness.errors import AnalysisError, InputError


def pass_at_k(n: ArrayLike, correct: ArrayLike, k: int) -> FloatArray:
    """1 - C(n-c, k) / C(n, k) for each problem: the chance that k of its n samples hold a right one.

    n (P,): samples drawn; correct (P,): right ones among them; broadcast. Computed as 1 - prod_{i<k} (n-c-i)/(n-i):
    no factorial, and exactly 1 once fewer than k samples are wrong. Source: Chen et al. 2021, "Evaluating Large
    Language Models Trained on Code", eq. 1.

    Raises:
        AnalysisError: k < 1 or k > n somewhere. InputError: a count outside 0..n, or not whole.
    """
    drawn, right = np.broadcast_arrays(_whole(n, "n"), _whole(correct, "c"))
    if k != int(k) or k < 1:
        raise AnalysisError("pass@k needs a whole k of at least 1", f"k={k!r}", "Ask for k=1 or more.")
    if drawn.size and k > drawn.min():
        raise AnalysisError(
            "pass@k needs k <= n, the samples drawn for each problem",
            f"k={k}, n={drawn.min()}",
            f"Ask for k <= {drawn.min()}, or draw more validation samples.",
        )
    if np.any(right < 0) or np.any(right > drawn):
        worst = int(np.flatnonzero((right < 0) | (right > drawn))[0])
        raise InputError(
            "pass@k needs 0 <= c <= n",
            f"c={right.flat[worst]}, n={drawn.flat[worst]}",
            "Count the samples again.",
        )
    none_right = np.ones(drawn.shape, dtype=np.float64)
    for i in range(int(k)):
        none_right *= np.maximum(drawn - right - i, 0) / (drawn - i)
    return 1.0 - none_right


def _whole(values: ArrayLike, name: str) -> IntArray:
    found = np.asarray(values)
    if not np.all(found == np.floor(found)):
        raise InputError(f"{name} must hold whole numbers", str(found), "Count samples.")
    return found.astype(np.int64)
