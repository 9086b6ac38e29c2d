"""The k3 estimator of the divergence from the reference policy (Schulman 2020; verl `low_var_kl`)."""

from __future__ import annotations

from torch import Tensor

LOG_RATIO_BOUND = 20.0  # nats
VALUE_BOUND = 10.0  # nats; verl clamps the estimate to +-10


def k3(log_prob: Tensor, reference_log_prob: Tensor) -> Tensor:
    """exp(d) - d - 1 with d = reference - policy, nats per token, (B, R); never negative, zero where they agree."""
    difference = (reference_log_prob - log_prob).clamp(-LOG_RATIO_BOUND, LOG_RATIO_BOUND)
    return (difference.exp() - difference - 1).clamp(-VALUE_BOUND, VALUE_BOUND)
