"""`entrocraft experiments`: the runs of the paper, what they reproduce and what they may cost."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from harness.cli.command import Command

if TYPE_CHECKING:
    from harness.config.experiments import Experiment

HEADER = ("experiment", "mark", "steps", "GPU-hours", "checkpoints", "reproduces")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="a JSON list, one object an experiment")


def call(given: argparse.Namespace) -> int:
    from harness.config.experiments import experiments

    found = experiments()
    if given.json:
        import orjson

        print(orjson.dumps([each.to_dict() for each in found], option=orjson.OPT_INDENT_2).decode())
        return 0
    lines = [HEADER, *map(_line, found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:  # whole names, also in a pipe and on a narrow terminal
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return 0


def _line(each: Experiment) -> tuple[str, ...]:
    return (
        each.name,
        each.info.mark,
        str(each.config.trainer.steps),
        f"{each.gpu_hours:g}",
        f"{each.checkpoint_gb:.0f} GB",
        ", ".join(each.info.reproduces),
    )


COMMAND = Command(
    help="list the runs of the paper, with what they reproduce and may cost",
    description=(
        "List the experiments: `entrocraft run experiment=NAME` starts one, `entrocraft sweep study=paper_table2`\n"
        "all of a table.\n\n"
        "mark: `released` is what a released script executes, `paper` is described in the paper and has no script,\n"
        "`ours` is neither. GPU-hours: walltime of the job x GPUs, at most. Checkpoints: those on disk at once (the\n"
        "kept ones; with one kept two, because it stays until the next is whole) x parameters x 12 bytes (float32:\n"
        "weights, and AdamW's two moments). verl does not remove what an earlier attempt of the run left."
    ),
    examples=("entrocraft experiments", "entrocraft experiments --json"),
    arguments=arguments,
    call=call,
)
