"""Clip-Cov (Cui et al. 2025): no gradient for a few tokens drawn among those with a high covariance."""

from __future__ import annotations

import torch
from torch import Tensor


def clip_cov_mask(
    log_prob: Tensor,
    advantages: Tensor,
    mask: Tensor,
    clipped: Tensor,
    fraction: float,
    low: float,
    high: float,
    generator: torch.Generator,
) -> Tensor:
    """(B, R) bool, True where Clip-Cov removes the token from the surrogate; verl `compute_policy_loss_clip_cov`.

    cov = (A - mean A)(log_prob - mean log_prob), means over the tokens given (as in verl, a micro-batch). Of those with
    low < cov < high that the ratio clip left alone (`clipped` False), at most max(1, fraction * tokens) are drawn.
    """
    valid = mask.bool()
    weight = valid.float() / valid.sum().clamp(min=1)
    log_prob, per_token = log_prob.detach(), advantages[:, None].expand_as(log_prob)
    cov = (per_token - (per_token * weight).sum()) * (log_prob - (log_prob * weight).sum())
    candidates = (valid & ~clipped & (cov > low) & (cov < high)).flatten().nonzero().squeeze(-1)
    count = min(len(candidates), max(1, int(fraction * int(valid.sum()))))
    drawn = candidates[torch.randperm(len(candidates), generator=generator, device="cpu")[:count].to(candidates.device)]
    removed = torch.zeros_like(valid).flatten()
    removed[drawn] = True
    return removed.view_as(valid)
