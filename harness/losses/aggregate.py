"""Weights (B, R) that average token values of a mini-batch into one loss: `(values * weights).sum()`.

Weights rather than reductions, because a mini-batch may be cut into micro-batches: the weights are computed on the
whole mini-batch once, and the sums of its parts add up exactly.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.errors import ConfigError

AVERAGES = ("token_mean", "eq5", "seq_mean_token_mean")


def row_weights(average: str, groups: Tensor, kept: Tensor, mini_batches: int) -> Tensor | None:
    """What `eq5` needs to know of the whole batch: a weight for each of its N rows; None for the other averages.

    Eq. 5 of the paper sums over a rollout's tokens, divides by |S_x|, the question's kept rollouts, and is averaged
    over the questions that have any. The factor `mini_batches` makes the average of the mini-batch losses that value.

    groups (N,): the question of each row. kept (N,) bool.
    """
    if average != "eq5":
        return None
    _, question = torch.unique(groups, return_inverse=True)
    sizes = torch.bincount(question[kept], minlength=int(question.max()) + 1)
    questions = int((sizes > 0).sum())
    return mini_batches * kept / (sizes[question].clamp(min=1) * max(questions, 1))


def aggregate(average: str, mask: Tensor, rows: Tensor | None = None) -> Tensor:
    """Weights (B, R) of a mini-batch.

    token_mean: every token of the mini-batch counts the same (verl's token-mean; the released settings).
    seq_mean_token_mean: the mean over a rollout's tokens, then over rollouts (verl's default for GSPO).
    eq5: `rows` (B,), from `row_weights`, on each token (Eq. 5).

    Raises:
        ConfigError: an unknown average, or eq5 without its row weights.
    """
    mask = mask.float()
    if average == "token_mean":
        return mask / mask.sum().clamp(min=1)
    if average == "seq_mean_token_mean":
        return mask / (mask.sum(dim=-1, keepdim=True).clamp(min=1) * len(mask))
    if average == "eq5" and rows is not None:
        return mask * rows[:, None]
    raise ConfigError(
        "loss.average must be one of " + ", ".join(AVERAGES), repr(average), "Set loss.average=token_mean."
    )
