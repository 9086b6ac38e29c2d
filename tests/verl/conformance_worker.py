"""The first update of a run in verl's own workers, without Ray and vLLM: one process of `python -m` for each rank.

Reads rollouts (a JSON file), the run's configuration and the model folder; writes what verl and the plug-in made of
them. Everything is computed by verl's registered functions and its FSDP2 worker, and by the plug-in's own modules.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hydra import compose, initialize_config_module
from omegaconf import DictConfig
from tensordict import NonTensorStack, TensorDict
from verl.trainer.ppo.core_algos import get_adv_estimator_fn
from verl.utils import tensordict_utils
from verl.workers.engine_workers import ActorRolloutRefWorker
from verl.workers.utils.padding import response_from_nested, response_to_nested

import harness.verl_plugin.estimator as plugin_estimator
from harness.config import RunConfig
from harness.core.diagnostics import Monitor
from harness.verl_backend.loss_choice import verl_has_loss
from harness.verl_backend.overrides import estimator, overrides
from harness.verl_plugin.decision import decide
from harness.verl_plugin.loss import loss_function
from harness.verl_plugin.rows import Named, Rows
from harness.verl_plugin.seen import Columns
from harness.verl_plugin.update import Weights, instructions, missing, padding_row

STEP = 1


def nested(rows: list[torch.Tensor]) -> torch.Tensor:
    return torch.nested.as_nested_tensor(rows, layout=torch.jagged)


def rollouts(given: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows as verl's agent loop writes them into the TransferQueue."""
    rows = []
    for prompt, response in zip(given["prompts"], given["responses"], strict=True):
        ids = torch.tensor(prompt + response)
        mask = torch.ones(len(response), dtype=torch.int64)
        rows.append(
            {
                "prompts": torch.tensor(prompt), "responses": torch.tensor(response), "input_ids": ids,
                "position_ids": torch.arange(len(ids)), "response_mask": mask, "loss_mask": mask,
            }
        )  # fmt: skip
    return rows


def together(rows: list[dict[str, Any]]) -> TensorDict:
    """As the TransferQueue hands rows out: nested, also where all have one length."""
    fields = {
        name: nested([row[name] for row in rows])
        if isinstance(value, torch.Tensor)
        else NonTensorStack(*(row[name] for row in rows))
        for name, value in rows[0].items()
    }
    return TensorDict(fields, batch_size=len(rows))


class Rank:
    """This process' part of a batch, as verl's dispatch cuts it: contiguous, of equal size."""

    def __init__(self) -> None:
        self.number, self.ranks = torch.distributed.get_rank(), torch.distributed.get_world_size()

    def own(self, rows: list[Any]) -> list[Any]:
        size = len(rows) // self.ranks
        assert size * self.ranks == len(rows)
        return rows[self.number * size : (self.number + 1) * size]

    def gathered(self, mine: list[Any]) -> list[Any]:
        parts: list[Any] = [None] * self.ranks
        torch.distributed.all_gather_object(parts, mine)
        return [row for part in parts for row in part]


def scored(worker: Any, score: str, rows: list[dict[str, Any]], temperature: float, rank: Rank) -> list[dict[str, Any]]:
    """log_probs and entropy of the responses of all rows, by verl's forward pass."""
    data = together(rank.own(rows))
    told = {"calculate_entropy": True, "compute_loss": False, "temperature": temperature}
    tensordict_utils.assign_non_tensor(data, **told)
    output = getattr(worker, score)(data)
    mask = nested([row["response_mask"] for row in rank.own(rows)])
    parts = {name: response_from_nested(output[name], mask).unbind() for name in ("log_probs", "entropy")}
    mine = [{name: parts[name][row].clone() for name in parts} for row in range(len(rank.own(rows)))]
    return rank.gathered(mine)


def first_updates(given: dict[str, Any], config: RunConfig, verl: DictConfig, count: int) -> dict[str, Any]:
    actor = ActorRolloutRefWorker(verl.actor_rollout_ref, role="actor")
    actor.init_model()
    if not verl_has_loss(config):
        actor.set_loss_fn(loss_function(config))
    rank = Rank()
    rows = rollouts(given)
    for row, score in zip(rows, scored(actor, "compute_log_prob", rows, config.trainer.temperature, rank), strict=True):
        row |= {"old_log_probs": score["log_probs"], "entropy": score["entropy"]}
    if config.loss.kl_coef > 0:
        reference = ActorRolloutRefWorker(verl.actor_rollout_ref, role="ref")
        reference.init_model()
        for row, score in zip(
            rows, scored(reference, "compute_ref_log_prob", rows, config.trainer.temperature, rank), strict=True
        ):
            row["ref_log_prob"] = score["log_probs"]

    mask = nested([row["response_mask"] for row in rows])
    padded = mask.to_padded_tensor(0)
    rewards = torch.zeros(padded.shape)
    rewards[torch.arange(len(rows)), padded.sum(dim=1) - 1] = torch.tensor(given["rewards"])
    uids = np.array([f"uid{group}" for group in given["groups"]], dtype=object)
    plugin_estimator.run_config = lambda: config  # the plug-in finds it in the run folder
    advantages, _ = get_adv_estimator_fn(estimator(config.method))(
        token_level_rewards=rewards, response_mask=padded, index=uids, config=verl.algorithm
    )
    for row, values in zip(rows, response_to_nested(advantages, mask).unbind(), strict=True):
        row["advantages"] = values.clone()
    for row, values in zip(rows, response_to_nested(rewards, mask).unbind(), strict=True):
        row["rm_scores"] = values.clone()

    named = [Named(f"p{group:03d}", uid, (index, 0), f"{uid}_{index}_0")
             for index, (group, uid) in enumerate(zip(given["groups"], uids, strict=True))]  # fmt: skip
    assert named == sorted(named)
    seen = Rows.read(named, Columns([row.key for row in named], together(rows)))
    decision, _ = decide(config, STEP, seen, config.method.initial_state(), Monitor())
    for row, value in zip(rows, decision.action.advantages, strict=True):
        row["advantages"] = torch.full_like(row["advantages"], float(value))
    weights = Weights.of(config, seen, decision)
    found = []
    for number, part in enumerate(decision.updates[:count]):
        some = [dict(rows[row]) for row in part]
        if weights is not None:
            lengths = nested([row["response_mask"] for row in some])
            for row, values in zip(some, weights.field(part, lengths)["loss_weights"].unbind(), strict=True):
                row["loss_weights"] = values.clone()
        padding = missing(len(some), rank.ranks)
        whole = some + [padding_row(some[0])] * padding
        mine = together([{k: v for k, v in row.items() if k != "entropy"} for row in rank.own(whole)])
        tensordict_utils.assign_non_tensor(mine, **instructions(config, len(some), padding, STEP, number))
        metrics = tensordict_utils.get(actor.update_actor(mine), "metrics")
        found.append({name: float(np.mean(metrics[name])) for name in ("loss", "grad_norm")})
    return {
        "entropy": decision.metrics["actor/entropy"],
        "entropy_seq_mean": decision.metrics["actor/entropy_seq_mean"],
        "advantages": decision.action.advantages.tolist(),
        "keep": decision.action.keep.tolist(),
        "tokens": {name: v for name, v in decision.metrics.items() if name.startswith(("tokens/", "rollouts/"))},
        "updates": [part.tolist() for part in decision.updates],
        "first": found,
    }


def main() -> None:
    given_file, out = map(Path, sys.argv[1:])
    given = json.loads(given_file.read_text())
    results = {}
    for name, values in given["configs"].items():
        config = RunConfig.from_dict(values)
        lines = overrides(config, Path(given["model"]), {"train": out, "test": out}, out.parent, out.parent)
        with initialize_config_module("verl.trainer.config", version_base=None):
            verl = compose("ppo_trainer", overrides=lines)
        results[name] = first_updates(given, config, verl, given["compare_updates"])
    if torch.distributed.get_rank() == 0:
        out.write_text(json.dumps(results))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
