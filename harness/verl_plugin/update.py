"""One optimiser step on some rows of a batch: what verl's workers are told, whatever number of them there is."""

from __future__ import annotations

from typing import Any

import torch
from tensordict import TensorDict
from torch import Tensor
from verl.workers.utils.padding import response_to_nested

from harness.config import RunConfig
from harness.core.rng import generator
from harness.core.types import IntArray
from harness.losses.aggregate import aggregate, row_weights
from harness.losses.objective import needs_entropy
from harness.verl_backend.loss_choice import verl_has_loss
from harness.verl_plugin.decision import Decision
from harness.verl_plugin.loss import DRAW_SEED, WEIGHTS
from harness.verl_plugin.rows import Rows

MASKS = ("response_mask", "loss_mask", WEIGHTS)
"""What makes a row count in the loss; zero in padding."""


def missing(rows: int, ranks: int) -> int:
    """How many rows of padding make `rows` divide by the data-parallel ranks."""
    return -rows % ranks


def padding_row(row: dict[str, Any]) -> dict[str, Any]:
    """A copy of a row that takes part in the forward pass, and in nothing else.

    verl's own padding is made for batches that have no log-probabilities yet: those it leaves at the length of
    the row it copies.
    """
    return {name: torch.zeros_like(value) if name in MASKS else value for name, value in row.items()}


def instructions(run: RunConfig, rows: int, padding: int, step: int, update: int) -> dict[str, Any]:
    """The `extra_info` of verl's `update_actor` for one update on `rows` rows and some of padding.

    Means over rollouts are over the rows, not over the padding.
    """
    return {
        "calculate_entropy": needs_entropy(run.method.loss()),
        "global_batch_size": rows,
        "mini_batch_size": rows + padding,
        "epochs": 1,
        "seed": run.seed,
        "dataloader_kwargs": {"shuffle": False},
        "temperature": run.trainer.temperature,
        DRAW_SEED: int(generator(run.seed, step, f"clip_cov {update}").integers(2**62)),
        "distillation_use_topk": False,
        "distillation_only": False,
    }


class Weights:
    """Token weights of the updates of a step, for a loss that verl does not have."""

    def __init__(self, run: RunConfig, rows: Rows, decision: Decision) -> None:
        self.average = run.loss.average
        per_epoch = len(decision.updates) // run.trainer.epochs
        keep = torch.as_tensor(decision.action.keep)
        self.rows = row_weights(self.average, torch.as_tensor(rows.groups), keep, per_epoch)

    @classmethod
    def of(cls, run: RunConfig, rows: Rows, decision: Decision) -> Weights | None:
        """None where verl's own loss is taken."""
        return None if verl_has_loss(run) or not decision.updates else cls(run, rows, decision)

    def field(self, part: IntArray, response_mask: Tensor) -> TensorDict:
        """The field of the rows `part`, from their nested `response_mask`."""
        of_rows = None if self.rows is None else self.rows[torch.as_tensor(part)]
        weights = aggregate(self.average, response_mask.to_padded_tensor(0), of_rows)
        return TensorDict({WEIGHTS: response_to_nested(weights.float(), response_mask)}, batch_size=len(part))
