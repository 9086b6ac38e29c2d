"""Time of verl's actor update against the kept fraction: rejected rows dropped (ours) against masked (verl's own way).

    make bench-verl

verl's real FSDP2 worker on this processor, one rank, a random Qwen3 of 4.7 million parameters, 128 rollouts of 32
prompt and 64 response tokens, 4 updates a step. Dropping hands the worker the kept rows only; masking hands it all
rows with the response mask of the rejected ones zero, as verl's rollout correction does. All settings alternate inside
one process, round by round. With a line a + b * kept through the times of dropping, a is what does not shrink.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

KEPT = (0.125, 0.25, 0.5, 0.75, 1.0)
ROWS, PROMPT, RESPONSE, UPDATES = 128, 32, 64, 4


def rollouts(torch: Any) -> list[dict[str, Any]]:
    generator = torch.Generator().manual_seed(0)
    rows = []
    for index in range(ROWS):
        ids = torch.randint(2, 22, (PROMPT + RESPONSE,), generator=generator)
        mask = torch.ones(RESPONSE, dtype=torch.int64)
        rows.append(
            {
                "prompts": ids[:PROMPT], "responses": ids[PROMPT:], "input_ids": ids,
                "position_ids": torch.arange(len(ids)), "response_mask": mask, "loss_mask": mask,
                "old_log_probs": torch.full((RESPONSE,), -3.0),
                "advantages": torch.full((RESPONSE,), 1.0 if index % 2 else -1.0),
            }
        )  # fmt: skip
    return rows


def worker(folder: Path, torch: Any) -> tuple[Any, Any]:
    import transformers
    from hydra import compose, initialize_config_module
    from verl.workers.engine_workers import ActorRolloutRefWorker

    from harness.assets import model_folder
    from harness.config import resolve
    from harness.torch_backend.hf_folder import copy_companions
    from harness.verl_backend.overrides import overrides

    torch.manual_seed(0)
    shape = transformers.Qwen3Config(
        vocab_size=22, hidden_size=256, intermediate_size=768, num_hidden_layers=6, num_attention_heads=8,
        num_key_value_heads=4, head_dim=32, max_position_embeddings=512, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    transformers.Qwen3ForCausalLM(shape).save_pretrained(folder)
    copy_companions(model_folder("tiny"), folder)
    run = resolve(["backend=verl", "method=grpo", "loss.kl_coef=0", "platform.max_tokens_per_gpu=4096"])
    lines = overrides(run, folder, {"train": folder, "test": folder}, folder, folder)
    with initialize_config_module("verl.trainer.config", version_base=None):
        verl = compose("ppo_trainer", overrides=lines)
    actor = ActorRolloutRefWorker(verl.actor_rollout_ref, role="actor")
    actor.init_model()
    return actor, run


def step(actor: Any, run: Any, rows: list[dict[str, Any]], torch: Any) -> float:
    """Seconds of the updates of one step on `rows`."""
    from tensordict import TensorDict
    from verl.utils import tensordict_utils

    from harness.verl_plugin.update import instructions

    started = time.perf_counter()
    for number in range(UPDATES):
        part = rows[number::UPDATES]
        fields = {
            name: torch.nested.as_nested_tensor([row[name] for row in part], layout=torch.jagged) for name in part[0]
        }
        data = TensorDict(fields, batch_size=len(part))
        tensordict_utils.assign_non_tensor(data, **instructions(run, len(part), 0, 1, number))
        actor.update_actor(data)
    return time.perf_counter() - started


def settings(rows: list[dict[str, Any]], torch: Any) -> dict[tuple[str, float], list[dict[str, Any]]]:
    zero = torch.zeros(RESPONSE, dtype=torch.int64)
    rejected = {"response_mask": zero, "loss_mask": zero}
    found: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for kept in KEPT:
        count = round(kept * ROWS)
        found["dropped", kept] = rows[:count]
        if kept < 1:
            found["masked", kept] = rows[:count] + [{**row, **rejected} for row in rows[count:]]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Before verl is imported: it asks for its platform then.
    os.environ |= {
        "VERL_PLATFORM": "cpu", "VERL_ENGINE_DEVICE": "cuda", "HF_HUB_OFFLINE": "1", "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port), "WORLD_SIZE": "1", "RANK": "0",
    }  # fmt: skip
    import numpy as np
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        actor, run = worker(Path(folder), torch)
        cases = settings(rollouts(torch), torch)
        times: dict[tuple[str, float], list[float]] = {case: [] for case in cases}
        for round_number in range(arguments.rounds + 1):
            for case, rows in cases.items():
                seconds = step(actor, run, rows, torch)
                if round_number:  # the first warms up
                    times[case].append(seconds)
            print(f"round {round_number} of {arguments.rounds}", flush=True)
    full = times["dropped", 1.0]
    median = statistics.median
    print(f"\n{ROWS} rollouts, {UPDATES} updates, median of {arguments.rounds} rounds; full batch {median(full):.2f} s")
    print("| kept | dropped, share of the full batch's time | masked |\n| --- | --- | --- |")
    shares = {case: [a / b for a, b in zip(values, full, strict=True)] for case, values in times.items()}
    for kept in KEPT:
        masked = f"{statistics.median(shares['masked', kept]):.3f}" if kept < 1 else ""
        print(f"| {kept:g} | {statistics.median(shares['dropped', kept]):.3f} | {masked} |")
    slope, intercept = np.polyfit(KEPT, [statistics.median(shares["dropped", kept]) for kept in KEPT], 1)
    print(f"\nline through dropped: {intercept:.3f} + {slope:.3f} * kept")
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
