"""`entrocraft import`: verl's log with its dumps, or measurements of the output-space baseline, into a run folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.cli.command import Command


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="a log, a measurement, or a folder of one run's")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the folder above the run folder")
    parser.add_argument("--method", required=True, help="what was trained, e.g. grpo: the source does not say")
    parser.add_argument("--seed", type=int, required=True, help="tells repetitions of one method apart")
    parser.add_argument("--name", help="of the run folder (default: METHOD-sSEED)")
    parser.add_argument("--dumps", type=Path, metavar="FOLDER", help="validation dumps (default: `validation` beside)")
    parser.add_argument("--source", metavar="NAME", help="benchmark of dumps that do not name it")


def call(given: argparse.Namespace) -> int:
    from harness.importing import find_source, import_run

    source = find_source(given.path, given.dumps)
    out = given.out / (given.name or f"{given.method}-s{given.seed}")
    done = import_run(source, out, method=given.method, seed=given.seed, benchmark=given.source)
    what = f"{len(source.dumps)} dumps" if source.kind == "verl" else f"{len(source.files)} checkpoints"
    print(f"{'imported' if done.new else 'already imported'}: {given.path} ({what}) in {done.folder}")
    for defect in done.defects:
        print(f"{done.folder.name}: {defect}", file=sys.stderr)
    return 0


COMMAND = Command(
    help="make a run folder of a log that was not made here",
    description=(
        "Make a run folder of verl's `file` log (JSONL) with its validation dumps, or of measurements of the\n"
        "output-space baseline (JSON). What the source does not say stays unknown; doing it again changes nothing."
    ),
    examples=(
        "entrocraft import logs/run1/metrics.jsonl --dumps logs/run1/val --method grpo --seed 1 --out imported",
        "entrocraft import osb/grpo --method grpo --seed 1 --out imported --name grpo-osb",
    ),
    arguments=arguments,
    call=call,
)
