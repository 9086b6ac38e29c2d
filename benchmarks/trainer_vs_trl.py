"""Seconds per step (one rollout batch and its 16 updates) and peak memory: our torch backend against TRL's GRPOTrainer.

    make bench-trainer

Both train the same model folder on the same problems: 16 prompts x 8 rollouts, 4 epochs x 4 mini-batches of 32 rows,
k3 KL 1e-3 to the reference, clip .2, AdamW, temperature 1, one thread, float32. They alternate inside one process, a
step of TRL and a step of ours, so that the machine's noise falls on both; ratios are taken pair by pair. Peak memory
is measured on each trainer alone, in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

OVERRIDES = [
    "method=grpo", "seed=1", "trainer.prompts_per_step=16", "trainer.rollouts_per_prompt=8", "trainer.epochs=4",
    "trainer.mini_batches=4", "trainer.lr=1e-4", "trainer.max_new_tokens=16",
]  # fmt: skip
UPDATES = 16


def our_trainer() -> Any:
    from harness.assets import model_folder
    from harness.config import resolve
    from harness.torch_backend.trainer import Trainer

    return Trainer(resolve(OVERRIDES), model_folder("tiny"))


def trl_trainer(steps: int, callbacks: list[Any], folder: str) -> Any:
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import GRPOConfig, GRPOTrainer

    from harness.assets import model_folder
    from harness.config import resolve
    from harness.problems.countdown import grade, make_problems

    problems = make_problems(resolve(OVERRIDES).data)["train"]
    by_prompt = {f"{problem.question}:": problem for problem in problems}

    def reward(prompts: list[str], completions: list[str], **_: Any) -> list[float]:
        return [grade(by_prompt[p], c).score for p, c in zip(prompts, completions, strict=True)]

    config = GRPOConfig(
        output_dir=folder, use_cpu=True, seed=1, max_steps=steps * UPDATES, per_device_train_batch_size=32,
        gradient_accumulation_steps=1, steps_per_generation=4, num_iterations=4, num_generations=8,
        max_completion_length=16, temperature=1.0, beta=1e-3, epsilon=0.2, loss_type="dapo", learning_rate=1e-4,
        weight_decay=0.01, max_grad_norm=1.0, lr_scheduler_type="constant", optim="adamw_torch_fused", bf16=False,
        gradient_checkpointing=False, logging_strategy="no", save_strategy="no", report_to=[], disable_tqdm=True,
        dataloader_num_workers=0,
    )  # fmt: skip
    tokenizer = AutoTokenizer.from_pretrained(model_folder("tiny"), padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(model_folder("tiny"), dtype=torch.float32)
    return GRPOTrainer(
        model=model, reward_funcs=reward, args=config, processing_class=tokenizer, callbacks=callbacks,
        train_dataset=Dataset.from_dict({"prompt": list(by_prompt)}),
    )  # fmt: skip


def alternate(steps: int, warmup: int) -> list[tuple[float, float]]:
    """(TRL seconds, our seconds) of each counted step."""
    from transformers import TrainerCallback

    ours, pairs = our_trainer(), []

    class Alternate(TrainerCallback):  # type: ignore[misc]
        started = 0.0

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            self.started = time.perf_counter()

        def on_step_end(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:
            if state.global_step % UPDATES:
                return
            theirs = time.perf_counter() - self.started
            begun = time.perf_counter()
            ours.step()
            pairs.append((theirs, time.perf_counter() - begun))
            print(f"step {len(pairs)}: TRL {theirs:.3f} s, ours {pairs[-1][1]:.3f} s", flush=True)
            self.started = time.perf_counter()

    with tempfile.TemporaryDirectory() as folder:
        trl_trainer(steps + warmup, [Alternate()], folder).train()
    return pairs[warmup:]


def peak_mb(which: str, steps: int) -> float:
    """Peak resident memory of a process that runs one trainer alone."""
    command = [sys.executable, "-m", "benchmarks.trainer_vs_trl", "--alone", which, "--steps", str(steps)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(json.loads(output.splitlines()[-1])["peak_mb"])


def alone(which: str, steps: int) -> None:
    if which == "ours":
        trainer = our_trainer()
        for _ in range(steps):
            trainer.step()
    else:
        with tempfile.TemporaryDirectory() as folder:
            trl_trainer(steps, [], folder).train()
    # Not ru_maxrss: a child starts with its parent's.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(json.dumps({"peak_mb": int(status["VmHWM"].split()[0]) / 1024}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=12, help="counted pairs of steps")
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--alone", choices=("ours", "trl"), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help="also write the figures as JSON")
    options = parser.parse_args()
    from harness.torch_backend.threads import set_threads

    set_threads(1)
    if options.alone:
        alone(options.alone, options.steps)
        return
    pairs = alternate(options.steps, options.warmup)
    trl, ours = (statistics.median(pair[i] for pair in pairs) for i in range(2))
    ratios = sorted(theirs / own for theirs, own in pairs)
    result = {
        "pairs": len(pairs), "trl_median_s": trl, "ours_median_s": ours, "ratio_median": statistics.median(ratios),
        "ratio_min": ratios[0], "ratio_max": ratios[-1],
        "trl_peak_mb": peak_mb("trl", 2), "ours_peak_mb": peak_mb("ours", 2),
    }  # fmt: skip
    for name, value in result.items():
        print(f"{name:>14}  {value:.4g}")
    if options.out:
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
