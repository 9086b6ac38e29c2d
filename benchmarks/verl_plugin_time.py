"""The plug-in's own time in a step of 8,192 rollouts, as a share of a step of 300 s (goal: under 0.1 %).

    make bench-verl

On the real TransferQueue on Ray and with verl's own trainer methods: `_compute_old_log_prob` (the workers' part aside)
and `_compute_advantage` read and write the batch, with the plug-in watching and without, in turns; then the plug-in
takes the rows (`Rows.of`) and decides on them (entropy, summary of the tokens, filter, diagnostics, partition).
Responses have 1,000 tokens on average and 3,072 at most. The number of ungraded rollouts is read while the workers
update, so that nobody waits for it; its time is printed apart, as is that of reading all from the queue instead.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROLLOUTS, SIBLINGS, MEAN, MOST, PROMPT, STEP_S = 8192, 8, 1000, 3072, 100, 300.0


def batch(np: Any, torch: Any, tq: Any) -> Any:
    """The rollouts in the TransferQueue as the workers leave them after scoring; their KVBatchMeta."""
    from tensordict import NonTensorStack, TensorDict
    from transfer_queue import KVBatchMeta

    rng = np.random.default_rng(0)
    lengths = np.minimum(rng.gamma(2, MEAN / 2, ROLLOUTS).astype(int) + 1, MOST)
    keys = [f"uid{row // SIBLINGS}_{row % SIBLINGS}_0" for row in range(ROLLOUTS)]
    right = rng.random(ROLLOUTS) < 0.4

    def tokens(make: Any, lengths: Any) -> Any:
        rows = [torch.as_tensor(make(row, length)) for row, length in enumerate(lengths)]
        return torch.nested.as_nested_tensor(rows, layout=torch.jagged)

    def last(row: int, length: int) -> Any:
        values = np.zeros(length, np.float32)
        values[-1] = 1 if right[row] else -1
        return values

    fields = {
        "entropy": tokens(lambda _, length: rng.gamma(1, 0.4, length).astype(np.float32), lengths + PROMPT),
        "log_probs": tokens(lambda _, length: -rng.gamma(1, 0.4, length).astype(np.float32), lengths + PROMPT),
        "rollout_log_probs": tokens(lambda _, length: -rng.gamma(1, 0.4, length).astype(np.float32), lengths),
        "responses": tokens(lambda _, length: np.ones(length, np.int64), lengths),
        "response_mask": tokens(lambda _, length: np.ones(length, np.int64), lengths),
        "rm_scores": tokens(last, lengths),
        "uid": NonTensorStack(*(f"uid{row // SIBLINGS}" for row in range(ROLLOUTS))),
        "extra_info": NonTensorStack(*({"problem_id": f"p{row // SIBLINGS:05d}"} for row in range(ROLLOUTS))),
        "extra_fields": NonTensorStack(*({"reward_extra_info": {"grader_failure": ""}} for _ in range(ROLLOUTS))),
    }
    tags: list[dict[str, Any]] = [{} for _ in keys]
    tq.kv_batch_put(keys=keys, partition_id="train", fields=TensorDict(fields, batch_size=ROLLOUTS), tags=tags)
    return KVBatchMeta(partition_id="train", keys=keys, tags=tags)


def again(torch: Any, tq: Any, meta: Any, entropy: Any) -> None:
    """verl writes the entropy of the responses over that of whole sequences: put back for the next round."""
    from tensordict import TensorDict

    tq.kv_batch_put(keys=meta.keys, partition_id="train", fields=TensorDict({"entropy": entropy}, batch_size=ROLLOUTS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    import numpy as np
    import ray
    import torch
    import transfer_queue as tq
    from hydra import compose, initialize_config_module
    from verl.trainer.ppo.v1 import trainer_base

    from harness.config import resolve
    from harness.core.diagnostics import Monitor
    from harness.verl_backend.overrides import overrides
    from harness.verl_plugin.decision import decide
    from harness.verl_plugin.rows import TOKENS, Rows, grader_failures
    from harness.verl_plugin.seen import Seen

    run = resolve(
        ["backend=verl", "method=entrocraft", "schedule=linear", "schedule.start=0.5", "schedule.end=0.2",
         "trainer.prompts_per_step=1024", "trainer.rollouts_per_prompt=8", "trainer.epochs=1", "trainer.mini_batches=4"]
    )  # fmt: skip
    folder = Path(tempfile.gettempdir())
    lines = overrides(run, folder, {"train": folder, "test": folder}, folder, folder)
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose("ppo_trainer", overrides=lines)
    workers = SimpleNamespace(compute_log_prob=lambda given: given)
    trainer = SimpleNamespace(config=config, actor_rollout_wg=workers)

    def of_verl(meta: Any) -> Any:
        scored = trainer_base.PPOTrainer._compute_old_log_prob(trainer, meta, {})
        return trainer_base.PPOTrainer._compute_advantage(trainer, scored, {})

    times: dict[str, list[float]] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = call()
        times.setdefault(name, []).append(time.perf_counter() - started)
        return result

    ray.init(num_cpus=8, include_dashboard=False, object_store_memory=4_000_000_000, log_to_driver=False)
    try:
        tq.init()
        meta = batch(np, torch, tq)
        whole = tq.kv_batch_get(keys=meta.keys, partition_id="train", select_fields=["entropy"])["entropy"]
        for number in range(2 * arguments.rounds):
            again(torch, tq, meta, whole)
            seen = Seen(tq, TOKENS)
            watched = number % 2 == 1
            trainer_base.tq = seen if watched else tq
            done = timed("verl's own calls, watched" if watched else "verl's own calls", lambda: of_verl(meta))
            if not watched:
                continue
            rows = timed("taking the rows", lambda seen=seen, done=done: Rows.of(done, seen.take(done.keys)))
            timed("deciding", lambda rows=rows: decide(run, 1, rows, run.method.initial_state(), Monitor()))
            timed("ungraded rollouts (while the workers update)", lambda: grader_failures(meta.keys, "train"))
            read = timed("reading all instead (not done)", lambda: Rows.of(meta))
            same = (np.array_equal(rows.entropy.values, read.entropy.values), rows.named == read.named)
            assert all(same) and np.array_equal(rows.rewards, read.rewards)
    finally:
        ray.shutdown()
    print(f"{ROLLOUTS} rollouts, {int(rows.log_prob.lengths.sum()):,} response tokens, median of {arguments.rounds}")
    print(f"| part | seconds | share of a step of {STEP_S:g} s |\n| --- | --- | --- |")
    for name, values in times.items():
        print(f"| {name} | {statistics.median(values):.2f} | {statistics.median(values) / STEP_S:.3%} |")
    ours = [sum(parts) for parts in zip(times["taking the rows"], times["deciding"], strict=True)]
    print(f"| **taking and deciding** | {statistics.median(ours):.2f} | {statistics.median(ours) / STEP_S:.3%} |")


if __name__ == "__main__":
    main()
