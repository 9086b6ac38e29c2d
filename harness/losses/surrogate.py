"""The clipped surrogate of PPO, per token (GRPO) or per sequence (GSPO)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

LOG_RATIO_BOUND = 20.0  # nats; keeps exp finite, as in verl/trainer/ppo/core_algos.py
SEQUENCE_LOG_RATIO_BOUND = 10.0  # nats; the same, for sequence ratios


@dataclass(frozen=True)
class Clip:
    """The ratio is held within 1 - low .. 1 + high; `dual` bounds the loss of A < 0 at -A * dual (None: unbounded)."""

    low: float
    high: float
    dual: float | None = None


@dataclass(frozen=True)
class Surrogate:
    """loss (B, R); up, down, dual (B, R) bool: tokens whose gradient a bound has removed."""

    loss: Tensor
    up: Tensor
    down: Tensor
    dual: Tensor

    @property
    def clipped(self) -> Tensor:
        """(B, R) bool: by the bound above or below."""
        return self.up | self.down


def token_surrogate(log_prob: Tensor, old_log_prob: Tensor, advantages: Tensor, clip: Clip) -> Surrogate:
    """max(-A r, -A clip(r)) per token, r = exp(log_prob - old_log_prob); dual clip (Ye et al. 2020) for A < 0.

    The paper's Eq. 1; verl `compute_policy_loss_vanilla`.
    """
    ratio = (log_prob - old_log_prob).clamp(-LOG_RATIO_BOUND, LOG_RATIO_BOUND).exp()
    return _clipped(ratio, advantages[:, None], clip)


def sequence_surrogate(
    log_prob: Tensor, old_log_prob: Tensor, advantages: Tensor, mask: Tensor, clip: Clip
) -> Surrogate:
    """GSPO (Zheng et al. 2025b): the ratio is s = exp(mean over tokens of log_prob - old_log_prob), clipped as a whole.

    The value at each token is s, its gradient that of the token (straight-through); verl `compute_policy_loss_gspo`.
    """
    mask = mask.float()
    mean = ((log_prob - old_log_prob) * mask).sum(dim=-1, keepdim=True) / mask.sum(dim=-1, keepdim=True).clamp(min=1)
    log_ratio = log_prob - log_prob.detach() + mean.detach()
    return _clipped(log_ratio.clamp(max=SEQUENCE_LOG_RATIO_BOUND).exp(), advantages[:, None], clip)


def _clipped(ratio: Tensor, advantages: Tensor, clip: Clip) -> Surrogate:
    free = -advantages * ratio
    held = -advantages * ratio.clamp(1 - clip.low, 1 + clip.high)
    loss = torch.maximum(free, held)
    clipped, negative = held > free, (advantages < 0).expand_as(ratio)
    dual = torch.zeros_like(negative)
    if clip.dual is not None:
        bound = -advantages * clip.dual
        dual = negative & (loss > bound)
        loss = torch.where(negative, torch.minimum(loss, bound), loss)
    return Surrogate(loss, up=clipped & ~negative, down=clipped & negative, dual=dual)
