"""`entrocraft figures`: every figure that the runs have data for."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.cli.command import Command


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, metavar="RUNS", help="a run, a study, or any folder above runs")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the figures")


def call(given: argparse.Namespace) -> int:
    from paper_figures.make import make_figures

    written = make_figures(given.runs, given.out)
    for path in written:
        print(path)
    if not written:
        print(f"no figure: no run below {given.runs} has entropies, rewards or validation samples", file=sys.stderr)
    return 0


COMMAND = Command(
    help="draw the figures of runs",
    description=(
        "Draw every figure that the runs have data for: entropy against its target, reward, accuracy,\n"
        "pass@K and tracking error, as PNG and PDF, each with a JSON sidecar that names its runs."
    ),
    examples=("entrocraft figures studies/demo --out studies/demo/figures",),
    arguments=arguments,
    call=call,
)
