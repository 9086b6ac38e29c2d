"""`entrocraft osb`: log-likelihood and output-space baseline of checkpoints, into a run folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.command import Command

if TYPE_CHECKING:
    from harness.config import RunConfig
    from harness.output_space.run import Osb


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "checkpoints",
        nargs="+",
        metavar="CHECKPOINT",
        help="of one training: a run folder (all its checkpoints), verl's global_step_N, or Hugging Face folders",
    )
    parser.add_argument("--prompts", required=True, metavar="WHAT", help="a benchmark, e.g. math500, or a JSONL file")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the folder above the run folder")
    parser.add_argument("--name", help="of the run folder (default: METHOD-sSEED-osb)")
    parser.add_argument("--method", help="what was trained, e.g. grpo (default: that of the run)")
    parser.add_argument("--run-seed", type=int, help="seed of the training (default: that of the run; else 0)")
    parser.add_argument("--step", type=int, nargs="+", metavar="N", help="checkpoints of the run (default: all, and 0)")
    parser.add_argument("--temperature", type=float, default=0.6, help="of the logits (default: %(default)s)")
    parser.add_argument("--top-p", type=float, default=1.0, help="of drawing (default: %(default)s)")
    parser.add_argument("--top-k", type=int, default=0, help="of drawing, 0 = off (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=1, help="responses to each prompt (default: %(default)s)")
    parser.add_argument("--problems", type=int, default=10, help="the first N prompts (default: %(default)s)")
    parser.add_argument("--max-new-tokens", type=int, help="default: the run's trainer.max_new_tokens; else 3072")
    parser.add_argument("--seed", type=int, default=0, help="of the responses (default: %(default)s)")
    parser.add_argument("--tokens", action="store_true", help="keep the numbers of each token too")
    parser.add_argument("--updates", type=int, default=0, metavar="N", help="make an update on each of N responses")
    parser.add_argument("--update-lr", type=float, default=1e-4, help="its learning rate (default: %(default)s)")
    parser.add_argument("--update-step", default="gradient", help="gradient, or adam's first (default: %(default)s)")
    parser.add_argument(
        "--data-folder", type=Path, default=Path("data"), metavar="DIR", help="prepared files (default: %(default)s)"
    )
    parser.add_argument("--threads", type=int, default=1, help="of torch on a CPU (default: %(default)s)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: %(default)s")


def call(given: argparse.Namespace) -> int:
    from harness.cli.progress import Progress
    from harness.output_space.checkpoints import config_of, find_checkpoints
    from harness.output_space.prompts import load_prompts
    from harness.output_space.run import osb
    from harness.output_space.settings import OsbSettings
    from harness.problems.countdown import CountdownConfig

    checkpoints = find_checkpoints(given.checkpoints, given.step)
    config = config_of(checkpoints)
    tokens = given.max_new_tokens
    settings = OsbSettings(
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=given.top_k,
        samples=given.samples,
        problems=given.problems,
        max_new_tokens=tokens if tokens is not None else _default_tokens(config),
        seed=given.seed,
        updates=given.updates,
        update_lr=given.update_lr,
        update_step=given.update_step,
    )
    method, seed = _training(given, config)
    data: Any = config.data if config is not None else None
    countdown = data if isinstance(data, CountdownConfig) else CountdownConfig()
    prompts = load_prompts(given.prompts, settings.problems, given.data_folder, countdown)
    out = given.out / (given.name or f"{method}-s{seed}-osb")
    with Progress("responses") as progress:
        done = osb(
            checkpoints,
            prompts,
            settings,
            out,
            method=method,
            seed=seed,
            device=given.device,
            threads=given.threads,
            tokens=given.tokens,
            on_response=progress.update,
        )
    _print(done, prompts.name)
    return 0


def _default_tokens(config: RunConfig | None) -> int:
    from harness.evaluate.settings import RELEASED_TOKENS

    return config.trainer.max_new_tokens if config is not None else RELEASED_TOKENS


def _training(given: argparse.Namespace, config: RunConfig | None) -> tuple[str, int]:
    """Method and seed of what was trained.

    Raises:
        ConfigError: no method, or a method or seed that the run contradicts.
    """
    from harness.errors import ConfigError

    told = (None, None) if config is None else (config.method.name, config.seed)
    asked = (given.method, given.run_seed)
    for option, value, known in zip(("--method", "--run-seed"), asked, told, strict=True):
        if value is not None and known is not None and value != known:
            raise ConfigError(
                f"{option} must be that of the run", f"{value!r}, the run's is {known!r}", "Leave it out."
            )
    method = told[0] or given.method
    if not method:
        raise ConfigError(
            "what was trained must be said of checkpoints that are of no run", "no --method", "Give e.g. --method grpo."
        )
    if given.run_seed is not None and given.run_seed < 0:
        raise ConfigError("--run-seed must be a whole number >= 0", repr(given.run_seed), "Give e.g. --run-seed 1.")
    return method, told[1] if told[1] is not None else given.run_seed or 0


def _print(done: Osb, name: str) -> None:
    import sys

    from rich.console import Console

    from harness.cli.tables import plain_table

    baselines = {"authors": "mean_log_osb", **{v: f"mean_log_osb_{v}" for v in ("conserving", "logit", "gradient")}}
    of_tokens, of_responses = [], []
    for step, data in done.records.items():
        of = {key.removeprefix(f"osb/{name}/"): value for key, value in data.items()}
        log_likelihood, *values = (of[f"{each}_per_token"] for each in ("mean_log_likelihood", *baselines.values()))
        of_tokens.append([str(step), *map(_number, (log_likelihood, *values))])
        of_responses.append(
            [str(step), f"{of['responses']:.0f}", *(_number(of[f"responses_above_{v}"]) for v in baselines)]
        )
    print("log-likelihood and output-space baseline in four versions, nats per token")
    Console().print(plain_table(["step", "log p", *baselines], of_tokens))
    print("share of the n responses whose log-likelihood is above the baseline (the condition of Theorem 2)")
    Console().print(plain_table(["step", "n", *baselines], of_responses))
    print(f"{done.new} checkpoints measured; in {done.folder}")
    for defect in done.defects:
        print(f"{done.folder.name}: {defect}", file=sys.stderr)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


COMMAND = Command(
    help="measure log-likelihood and output-space baseline of checkpoints (Fig. 2a)",
    description=(
        "Draw responses of each checkpoint (or score those that a JSONL file of prompts brings) and compute their\n"
        "log-likelihood and their output-space baseline in four versions (docs/theory.md), into a run folder as\n"
        "`entrocraft import` makes it of the authors' files. The defaults are theirs: 10 prompts, one response each,\n"
        "temperature .6. The same command goes on where it stopped; checkpoints that are new are added.\n\n"
        "The step of a checkpoint that is of no run folder is the N of global_step_N in its path; without one it is 0."
    ),
    examples=(
        "entrocraft osb runs/my-run --prompts countdown --samples 4 --problems 50 --out osb",
        "entrocraft osb models/Qwen3-4B-Base ckpt/global_step_100 --prompts math500 --method grpo --out osb",
        "entrocraft osb runs/my-run --prompts countdown --step 0 100 --updates 40 --out osb --name updates",
    ),
    arguments=arguments,
    call=call,
)
