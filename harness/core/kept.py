"""What the filter kept, as numbers to log."""

import numpy as np

from harness.core.check import labels, mask, same_length, vector
from harness.core.types import BoolArray, FloatArray, IntArray


def kept_metrics(keep: BoolArray, advantages: FloatArray, groups: IntArray | None = None) -> dict[str, float]:
    """Kept fractions of rows with keep (N,), the estimator's advantages (N,) and problem numbers (N,).

    control/kept, kept_positive, kept_negative: fractions of all rows and of those with A > 0 and A < 0 (left
    out where there are none); kept_rows: a count; skipped_update: 1 when nothing was kept;
    groups_without_kept: problems that lost all their rows, a count, when `groups` is given.
    """
    keep, advantages = mask("keep", keep), vector("advantages", advantages)
    same_length(keep=keep, advantages=advantages)
    metrics = {"control/kept_rows": float(keep.sum()), "control/skipped_update": float(not keep.any())}
    for name, rows in {
        "kept": np.ones_like(keep), "kept_positive": advantages > 0, "kept_negative": advantages < 0
    }.items():  # fmt: skip
        if rows.any():
            metrics[f"control/{name}"] = float(keep[rows].mean())
    if groups is not None:
        groups = labels("groups", groups)
        same_length(keep=keep, groups=groups)
        lost = np.unique(groups).size - np.unique(groups[keep]).size
        metrics["control/groups_without_kept"] = float(lost)
    return metrics
