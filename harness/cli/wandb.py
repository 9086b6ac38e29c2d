"""`entrocraft wandb push`: send the metrics of run folders to Weights & Biases."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command

if TYPE_CHECKING:
    from harness.tracking import Push

FAILED = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("push",))
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a run, a study, or any folder above runs")
    parser.add_argument("--dry-run", action="store_true", help="say what would be sent, and send nothing")
    parser.add_argument("--again", action="store_true", help="send all steps, also those that were sent before")


def call(given: argparse.Namespace) -> int:
    from analysis.folders import run_folders
    from harness import tracking
    from harness.cli.progress import Progress
    from harness.errors import HarnessError
    from harness.runs import RunFolder

    mode = _mode()
    if not given.dry_run:
        tracking.require(mode)
    found = [path for runs in given.runs for _, path in run_folders(runs)]
    failed = False
    for path in dict.fromkeys(found):
        folder = RunFolder(path)
        try:
            if given.dry_run:
                _report(path, tracking.plan(folder, given.again), "would be sent")
                continue
            with Progress("steps") as progress:
                pushed = tracking.push(folder, mode, given.again, progress.update)
            _report(path, pushed, f"sent {mode}")
        except HarnessError as error:
            failed = True
            print(f"entrocraft: {path}: {error}", file=sys.stderr)
    if mode == "offline" and not given.dry_run:
        print("offline: `wandb sync RUN/wandb/offline-run-*` brings it to W&B", file=sys.stderr)
    return FAILED if failed else 0


def _mode() -> str:
    """Of the environment, as wandb has it. Raises ConfigError for another one than online and offline."""
    from harness.errors import ConfigError
    from harness.tracking import MODES

    mode = os.environ.get("WANDB_MODE", "online")
    if mode not in MODES:
        raise ConfigError(
            f"WANDB_MODE must be one of {', '.join(MODES)} for a push",
            repr(mode),
            "Unset it, or set WANDB_MODE=offline.",
        )
    return mode


def _report(path: Path, push: Push, done: str) -> None:
    steps = [record["step"] for record in push.records]
    span = f" ({steps[0]} to {steps[-1]})" if steps else ""
    print(f"{path}: W&B run {push.wandb_id}: {len(steps)} steps {done}{span}, {push.there} were there")
    if push.otherwise:
        print(
            f"{path}: W&B keeps other values, or none, of {len(push.otherwise)} steps that the run made again "
            f"({push.otherwise[0]} to {push.otherwise[-1]}); W&B takes rising steps only",
            file=sys.stderr,
        )


COMMAND = Command(
    help="send the metrics of runs to Weights & Biases",
    description=(
        "Send the stitched metrics of runs to Weights & Biases: one W&B run for the life of a run, steps rising,\n"
        "none sent twice. A run that was mirrored while it ran (wandb.mode) has nothing left to send.\n"
        "WANDB_MODE=offline writes what `wandb sync` sends later; WANDB_PROJECT and WANDB_ENTITY say where.\n\n"
        "exit codes: 0 all sent, 1 a run could not be sent, 2 refused"
    ),
    examples=(
        "entrocraft wandb push studies/demo --dry-run",
        "WANDB_MODE=offline entrocraft wandb push runs/my-run",
    ),
    arguments=arguments,
    call=call,
)
