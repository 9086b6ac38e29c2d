"""The updates of one step: kept rows only, a fixed number of mini-batches, PPO's several passes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

import torch
from torch import Tensor

from harness.config.loss import LossConfig
from harness.config.trainer import TrainerConfig
from harness.core.partition import epoch_partitions
from harness.core.types import IntArray
from harness.errors import StateError
from harness.losses.aggregate import aggregate, row_weights
from harness.losses.objective import TOKEN_SUMS, LossInputs, LossParts, needs_entropy, objective
from harness.losses.surrogate import Clip
from harness.methods.plan import Action, LossPlan
from harness.torch_backend.policy import Policy
from harness.torch_backend.random import torch_generator
from harness.torch_backend.rollouts import Rollouts


@dataclass(frozen=True)
class Prepared:
    """A rollout batch of N rows ready for its updates; log-probabilities (N, R) are from before the first one."""

    rollouts: Rollouts
    old_log_prob: Tensor
    reference_log_prob: Tensor | None
    groups: IntArray  # (N,)
    action: Action


class Updater:
    """AdamW on the policy; one `step` per rollout batch."""

    def __init__(self, policy: Policy, plan: LossPlan, loss: LossConfig, trainer: TrainerConfig, seed: int) -> None:
        self.policy, self.plan, self.loss, self.trainer, self.seed = policy, plan, loss, trainer, seed
        self.clip = Clip(loss.clip_low, loss.clip_high, loss.clip_c)
        self.parameters = [p for p in policy.model.parameters() if p.requires_grad]
        self.flat = flattened(self.parameters)
        self.optimizer = torch.optim.AdamW([self.flat], lr=trainer.lr, weight_decay=trainer.weight_decay, fused=True)

    def step(self, batch: Prepared, step: int) -> dict[str, float]:
        """epochs x mini_batches updates on the kept rows; means over updates under verl's metric names.

        Rejected rows see neither forward nor backward. With no kept row nothing happens: actor/updates is 0.
        """
        updates = list(self.updates(batch, step))
        sums: dict[str, float] = defaultdict(float)
        for metrics in updates:
            for name, value in metrics.items():
                sums[name] += value / len(updates)
        return {**sums, "actor/updates": float(len(updates)), "actor/lr": self.trainer.lr}

    def updates(self, batch: Prepared, step: int) -> Iterator[dict[str, float]]:
        """The metrics of each update, as it is made."""
        device = self.policy.device
        kept = batch.action.keep.nonzero()[0]
        parts = epoch_partitions(kept, self.trainer.mini_batches, self.trainer.epochs, self.seed, step)
        advantages = torch.as_tensor(batch.action.advantages, dtype=torch.float32, device=device)
        per_row = row_weights(
            self.loss.average,
            torch.as_tensor(batch.groups, device=device),
            torch.as_tensor(batch.action.keep, device=device),
            len(parts) // self.trainer.epochs,
        )
        draws = torch_generator(self.seed, step, "clip_cov")
        for update, part in enumerate(parts, start=1):
            rows = torch.as_tensor(part, device=device)
            where = f"update {update} of {len(parts)} in step {step}"
            metrics = self._update(batch, rows, advantages, per_row, draws, where)
            yield {**metrics, "actor/pg_clipfrac": metrics["actor/clipfrac_up"] + metrics["actor/clipfrac_down"]}

    def _update(
        self,
        batch: Prepared,
        rows: Tensor,
        advantages: Tensor,
        per_row: Tensor | None,
        draws: torch.Generator,
        where: str,
    ) -> dict[str, float]:
        rollouts = batch.rollouts[rows]
        mask = rollouts.mask
        weights = aggregate(self.loss.average, mask, None if per_row is None else per_row[rows])
        self.optimizer.zero_grad(set_to_none=False)
        totals: dict[str, Tensor] = {}
        loss = 0.0
        for piece in torch.arange(len(rows), device=rows.device).split(self.trainer.micro_batch_rows or len(rows)):
            some = rollouts if len(piece) == len(rows) else rollouts[piece]
            parts = self._forward(batch, rows[piece], some, advantages, weights[piece], draws)
            parts.loss.backward()
            loss += float(parts.loss.detach())
            for name, value in parts.metrics.items():
                totals[name] = totals[name] + value if name in totals else value
        norm = torch.nn.utils.clip_grad_norm_([self.flat], self.trainer.max_grad_norm)
        if not isfinite(loss + float(norm)):  # before the weights, and the next checkpoint, are lost to it
            raise StateError(
                "the loss and its gradient must be finite",
                f"loss {loss}, norm {float(norm)} at {where}",
                "Go on from the last checkpoint in a new run with a lower trainer.lr.",
            )
        totals["actor/grad_norm"] = norm
        self.optimizer.step()
        tokens = int(mask.sum())
        totals["actor/loss"] = torch.tensor(loss)
        return {name: float(value) / (tokens if name in TOKEN_SUMS else 1) for name, value in totals.items()}

    def _forward(
        self,
        batch: Prepared,
        rows: Tensor,
        rollouts: Rollouts,
        advantages: Tensor,
        weights: Tensor,
        draws: torch.Generator,
    ) -> LossParts:
        score = self.policy.score(rollouts, self.trainer.temperature, needs_entropy(self.plan))
        width = score.log_prob.shape[1]  # the rows' own longest response
        reference = batch.reference_log_prob
        inputs = LossInputs(
            log_prob=score.log_prob,
            old_log_prob=batch.old_log_prob[rows, :width],
            advantages=advantages[rows],
            mask=rollouts.mask,
            weights=weights[:, :width],
            entropy=score.entropy,
            reference_log_prob=None if reference is None else reference[rows, :width],
        )
        return objective(self.plan, self.clip, self.loss.kl_coef, inputs, draws)


def flattened(parameters: Sequence[Tensor]) -> torch.nn.Parameter:
    """One vector that the parameters, and their gradients, become views of: an optimiser's step is then one operation.

    Parameters and gradients keep their meaning; gradients must be set to zero, not to None.
    """
    flat = torch.nn.Parameter(torch.cat([parameter.detach().flatten() for parameter in parameters]))
    flat.grad = torch.zeros_like(flat)
    sizes = [parameter.numel() for parameter in parameters]
    for parameter, value, grad in zip(parameters, flat.detach().split(sizes), flat.grad.split(sizes), strict=True):
        parameter.data, parameter.grad = value.view_as(parameter), grad.view_as(parameter)
    return flat
