"""From samples to figures: mean@n with its standard error, the unbiased pass@k, and what an eye should be kept on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.core.pass_at_k import pass_at_k


def summary(rows: Mapping[tuple[str, int], Mapping[str, Any]], problems: Sequence[str], n: int) -> dict[str, Any]:
    """The figures over the samples 0 .. n-1 of each problem; every one of them must be in `rows`.

    `mean@n_error`: standard error over problems, null for one problem. `grader_failures`: samples that no grader
    could judge, counted as wrong. `cut`: share of answers that reached the longest length.
    """
    used = [[rows[problem, sample] for sample in range(n)] for problem in problems]
    correct = np.array([[bool(row["correct"]) for row in samples] for samples in used])  # (P, n)
    per_problem = correct.mean(axis=1)
    flat = [row for samples in used for row in samples]
    ks = [2**power for power in range(n.bit_length())]
    error = float(per_problem.std(ddof=1) / np.sqrt(len(problems))) if len(problems) > 1 else None
    return {
        "problems": len(problems),
        "n": n,
        "mean@n": float(per_problem.mean()),
        "mean@n_error": error,
        "pass@k": {str(k): float(np.mean(pass_at_k(n, correct.sum(axis=1), k))) for k in ks},
        "grader_failures": sum(row["failure"] is not None for row in flat),
        "cut": float(np.mean([row["finish"] == "length" for row in flat])),
        "mean_tokens": float(np.mean([row["tokens"] for row in flat])),
    }
