"""`entrocraft eval`: sampled evaluation of a run or of a checkpoint with vLLM."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.command import Command, overrides_argument

if TYPE_CHECKING:
    from harness.config.launch import LaunchConfig
    from harness.evaluate.place import Place


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", metavar="RUN_OR_CHECKPOINT", help="a run folder, verl's global_step_N, or a Hugging Face folder"
    )
    overrides_argument(parser, "launch settings, such as launcher=slurm resources=h100x1")
    parser.add_argument("--benchmarks", nargs="+", required=True, metavar="B", help="e.g. math500 aime25 countdown")
    parser.add_argument("--n", type=int, default=32, help="samples of each problem (default: %(default)s)")
    parser.add_argument("--temperature", type=float, default=0.6, help="default: %(default)s")
    parser.add_argument("--top-p", type=float, default=0.95, help="default: %(default)s")
    parser.add_argument("--top-k", type=int, default=20, help="0 = off (default: %(default)s)")
    parser.add_argument("--max-new-tokens", type=int, help="default: the run's trainer.max_new_tokens; else 3072")
    parser.add_argument("--seed", type=int, default=0, help="of the samples (default: %(default)s)")
    parser.add_argument("--step", type=int, help="checkpoint of the run (default: the newest; 0: before training)")
    parser.add_argument("--problems", type=int, metavar="N", help="only the first N problems of each benchmark")
    parser.add_argument(
        "--data-folder", type=Path, default=Path("data"), metavar="DIR", help="prepared files (default: %(default)s)"
    )
    parser.add_argument("--grader", default="math_verify", help="math_verify or released (default: %(default)s)")
    parser.add_argument("--platform", choices=("cpu", "gpu"), help="default: that of the vLLM installed here")
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="W",
        help="processes that draw, each with a GPU (default: %(default)s)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: RUN/eval/step_N/SETTINGS")
    parser.add_argument("--force", action="store_true", help="throw away the samples that are there")
    parser.add_argument("--wait", action="store_true", help="with launcher=slurm: return when the job has ended")


def call(given: argparse.Namespace) -> int:
    from harness.cli.eval_report import print_table
    from harness.cli.progress import Progress
    from harness.evaluate.benchmarks import load
    from harness.evaluate.platforms import platform_of
    from harness.evaluate.run import Place, evaluate
    from harness.evaluate.settings import RELEASED_TOKENS, EvalSettings, whole
    from harness.evaluate.sources import find
    from harness.problems.countdown import CountdownConfig

    launch = _launch(given)
    source = find(given.what, given.step)
    tokens = source.config.trainer.max_new_tokens if source.config is not None else RELEASED_TOKENS
    settings = EvalSettings(
        temperature=given.temperature,
        top_p=given.top_p,
        top_k=given.top_k,
        max_new_tokens=tokens if given.max_new_tokens is None else given.max_new_tokens,
        seed=given.seed,
        grader=given.grader,
    )
    n = whole("--n", given.n)
    workers = whole("--workers", given.workers)
    problems = None if given.problems is None else whole("--problems", given.problems)
    data: Any = source.config.data if source.config is not None else None
    countdown = data if isinstance(data, CountdownConfig) else CountdownConfig()
    names = dict.fromkeys(given.benchmarks)
    benchmarks = [load(name, given.data_folder, countdown) for name in names]
    place = Place.of(source, settings, given.out)
    if launch.launcher == "slurm":
        return _submit(given, launch, source.step, place)
    platform = platform_of(given.platform)
    with Progress("samples") as progress:
        outcome = evaluate(
            source, benchmarks, settings, n, platform, place, problems, given.force, workers, progress.update
        )
    print_table(outcome)
    return 0


def _launch(given: argparse.Namespace) -> LaunchConfig:
    """The launch settings, also those that stand behind --benchmarks, which takes every word that follows.

    Raises:
        ConfigError: an override that is none of them, or an option that has no meaning with them.
    """
    from harness.config.launch import LAUNCH_KEYS, split
    from harness.config.launch_file import load_launch
    from harness.errors import ConfigError, unknown

    swallowed = [word for word in given.benchmarks if "=" in word]
    given.benchmarks = [word for word in given.benchmarks if "=" not in word]
    for_launch, others = split([*given.overrides, *swallowed])
    if others:
        raise unknown("launch settings of an evaluation", [text.split("=")[0] for text in others], LAUNCH_KEYS)
    launch = load_launch(for_launch)
    if launch.driver == "slurm":
        raise ConfigError("an evaluation has no driver", "driver=slurm", "Leave it out.")
    if given.wait and launch.launcher != "slurm":
        raise ConfigError("--wait is for a job", "--wait with launcher=local", "Set launcher=slurm, or leave it out.")
    return launch


def _submit(given: argparse.Namespace, launch: LaunchConfig, step: int | None, place: Place) -> int:
    from harness.cli.eval_job import LOG, submit_eval, wait

    job = submit_eval(given, launch, step, place)
    print(f"job {job.id} ({job.name}), log {place.folder / LOG}")
    print(f"result: {place.result}")
    if given.wait:
        wait(job, place, launch.poll_seconds)
        print("complete")
    return 0


COMMAND = Command(
    help="evaluate a run or a checkpoint on benchmarks, with vLLM",
    description=(
        "Draw n samples of each problem with vLLM, grade them and keep them; mean@n and the unbiased pass@k\n"
        "are computed from them. The same command again goes on where it stopped; a larger --n adds to what\n"
        "is there. The defaults are the release's.\n\n"
        "With launcher=slurm all of it is one job, which comes back after its time limit until it is complete."
    ),
    examples=(
        "entrocraft eval runs/my-run --benchmarks math500 aime25 --n 32",
        "entrocraft eval runs/my-run --benchmarks countdown --step 40 --n 8 --temperature 1 --top-p 1 --top-k 0",
        "entrocraft eval models/Qwen3-4B-Base --benchmarks aime26 --out evaluations/base",
        "entrocraft eval runs/my-run --benchmarks math500 launcher=slurm resources=h100x1 site=mine --wait",
    ),
    arguments=arguments,
    call=call,
)
