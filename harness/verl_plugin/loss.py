"""The harness's own loss in verl's workers, for what verl has no loss for (harness/verl_backend/loss_choice.py)."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from tensordict import TensorDict
from torch import Tensor
from verl.utils import tensordict_utils
from verl.utils.metric import AggregationType, Metric
from verl.workers.utils.padding import no_padding_2_padding

from harness.config import RunConfig
from harness.losses.objective import TOKEN_SUMS, LossInputs, objective
from harness.losses.surrogate import Clip
from harness.methods.plan import LossPlan

WEIGHTS = "loss_weights"
"""Field of a row: its tokens' weights in the loss of the mini-batch."""
DRAW_SEED = "draw_seed"
"""In the instructions of an update: of the random numbers that its loss draws."""


def loss_function(run: RunConfig) -> partial[tuple[Tensor, dict[str, Any]]]:
    """For verl's `set_loss_fn`; it is pickled to the workers."""
    clip = Clip(run.loss.clip_low, run.loss.clip_high, run.loss.clip_c)
    return partial(weighted_loss, plan=run.method.loss(), clip=clip, kl_coef=run.loss.kl_coef)


def weighted_loss(
    model_output: dict[str, Tensor],
    data: TensorDict,
    dp_group: Any = None,
    *,
    plan: LossPlan,
    clip: Clip,
    kl_coef: float,
) -> tuple[Tensor, dict[str, Any]]:
    """Loss and metrics of a micro-batch, as verl's `ppo_loss` gives them: FSDP averages gradients over the ranks,
    so that sums over a mini-batch are taken times their number."""
    ranks, tokens = data["dp_size"], data["batch_num_tokens"]
    draws = torch.Generator().manual_seed(tensordict_utils.get_non_tensor_data(data, DRAW_SEED, None))
    log_prob = no_padding_2_padding(model_output["log_probs"], data)
    entropy = model_output.get("entropy")
    entropy = None if entropy is None else no_padding_2_padding(entropy, data)
    names = ["response_mask", "old_log_probs", "advantages", WEIGHTS]
    padded = data.select(*names, *(["ref_log_prob"] if kl_coef > 0 else [])).to_padded_tensor(0)
    inputs = LossInputs(
        log_prob=log_prob,
        old_log_prob=padded["old_log_probs"],
        advantages=padded["advantages"][:, 0],  # one scalar per rollout
        mask=padded["response_mask"].bool(),
        weights=padded[WEIGHTS],
        entropy=entropy,
        reference_log_prob=padded["ref_log_prob"] if kl_coef > 0 else None,
    )
    parts = objective(plan, clip, kl_coef, inputs, draws)
    scale = {name: ranks / tokens if name in TOKEN_SUMS else ranks for name in parts.metrics}
    metrics = {name: Metric(AggregationType.SUM, float(value) * scale[name]) for name, value in parts.metrics.items()}
    metrics["actor/pg_clipfrac"] = Metric(
        AggregationType.SUM,
        float(parts.metrics["actor/clipfrac_up"] + parts.metrics["actor/clipfrac_down"]) * ranks / tokens,
    )
    return parts.loss * ranks, metrics
