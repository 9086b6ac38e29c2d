"""The advantages of a method that verl does not have, as an estimator in verl's registry."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from verl.trainer.ppo.core_algos import register_adv_est

from harness.verl_backend.names import PLUGIN
from harness.verl_plugin.settings import run_config


@register_adv_est(PLUGIN)
def advantages(
    token_level_rewards: Tensor, response_mask: Tensor, index: np.ndarray, config: Any = None, **_: Any
) -> tuple[Tensor, Tensor]:
    """Advantages and returns (B, R) of the run's method, the same on all tokens of a rollout.

    token_level_rewards, response_mask (B, R); index (B,): rows of one problem share an entry.
    """
    rewards = token_level_rewards.sum(dim=-1).double().cpu().numpy()
    groups = np.unique(np.asarray(index, dtype=str), return_inverse=True)[1].astype(np.int64)
    scalars = run_config().method.advantages(rewards, groups)
    per_token = torch.as_tensor(scalars, dtype=torch.float32)[:, None] * response_mask
    return per_token, per_token
