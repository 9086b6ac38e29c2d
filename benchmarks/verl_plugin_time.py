"""The plug-in's own time in a step of 8,192 rollouts, as a share of a step of 300 s (goal: under 0.1 %).

    make bench-verl

Through the real TransferQueue on Ray: reading the batch (`Rows.of`), and deciding on it (entropy, summary of the
tokens, filter, diagnostics, partition). Responses have 1,000 tokens on average and 3,072 at most. verl's own work on
the same batch (rollouts, log-probabilities, updates) is not in it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

ROLLOUTS, SIBLINGS, MEAN, MOST, STEP_S = 8192, 8, 1000, 3072, 300.0


def batch(np: Any, torch: Any, tq: Any) -> Any:
    """The rollouts in the TransferQueue, as verl leaves them before an update; their KVBatchMeta."""
    from tensordict import NonTensorStack, TensorDict

    rng = np.random.default_rng(0)
    lengths = np.minimum(rng.gamma(2, MEAN / 2, ROLLOUTS).astype(int) + 1, MOST)
    keys = [f"uid{row // SIBLINGS}_{row % SIBLINGS}_0" for row in range(ROLLOUTS)]
    right = rng.random(ROLLOUTS) < 0.4

    def tokens(make: Any) -> Any:
        rows = [torch.as_tensor(make(row, length)) for row, length in enumerate(lengths)]
        return torch.nested.as_nested_tensor(rows, layout=torch.jagged)

    def last(row: int, length: int) -> Any:
        values = np.zeros(length, np.float32)
        values[-1] = 1 if right[row] else -1
        return values

    fields = {
        "entropy": tokens(lambda _, length: rng.gamma(1, 0.4, length).astype(np.float32)),
        "old_log_probs": tokens(lambda _, length: -rng.gamma(1, 0.4, length).astype(np.float32)),
        "advantages": tokens(lambda row, length: np.full(length, 1.2 if right[row] else -0.8, np.float32)),
        "response_mask": tokens(lambda _, length: np.ones(length, np.int64)),
        "rm_scores": tokens(last),
        "uid": NonTensorStack(*(f"uid{row // SIBLINGS}" for row in range(ROLLOUTS))),
        "extra_info": NonTensorStack(*({"problem_id": f"p{row // SIBLINGS:05d}"} for row in range(ROLLOUTS))),
        "extra_fields": NonTensorStack(*({"reward_extra_info": {"grader_failure": ""}} for _ in range(ROLLOUTS))),
    }
    tags = [{} for _ in keys]
    tq.kv_batch_put(keys=keys, partition_id="train", fields=TensorDict(fields, batch_size=ROLLOUTS), tags=tags)
    from transfer_queue import KVBatchMeta

    return KVBatchMeta(partition_id="train", keys=keys, tags=tags)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    import numpy as np
    import ray
    import torch
    import transfer_queue as tq

    from harness.config import resolve
    from harness.core.diagnostics import Monitor
    from harness.verl_plugin.decision import decide
    from harness.verl_plugin.rows import Rows

    run = resolve(
        ["backend=verl", "method=entrocraft", "schedule=linear", "schedule.start=0.5", "schedule.end=0.2",
         "trainer.prompts_per_step=1024", "trainer.rollouts_per_prompt=8", "trainer.epochs=1", "trainer.mini_batches=4"]
    )  # fmt: skip
    ray.init(num_cpus=8, include_dashboard=False, object_store_memory=2_000_000_000, log_to_driver=False)
    try:
        tq.init()
        meta = batch(np, torch, tq)
        times: dict[str, list[float]] = {"read": [], "decide": []}
        for _ in range(arguments.rounds):
            started = time.perf_counter()
            rows = Rows.of(meta)
            read = time.perf_counter()
            decide(run, 1, rows, run.method.initial_state(), Monitor())
            times["read"].append(read - started)
            times["decide"].append(time.perf_counter() - read)
    finally:
        ray.shutdown()
    print(f"{ROLLOUTS} rollouts, {int(rows.log_prob.lengths.sum()):,} response tokens, median of {arguments.rounds}")
    print(f"| part | seconds | share of a step of {STEP_S:g} s |\n| --- | --- | --- |")
    for name, values in times.items():
        print(f"| {name} | {statistics.median(values):.2f} | {statistics.median(values) / STEP_S:.3%} |")


if __name__ == "__main__":
    main()
