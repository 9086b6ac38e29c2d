"""`entrocraft compare`: the configurations of runs in a table, with intervals, and what it says in words."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.cli.command import Command

FORMATS = ("text", "csv", "md", "tex")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, metavar="RUNS", help="a run, a study, or any folder above runs")
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: %(default)s")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write FILE (.txt, .csv, .md, .tex) and its sidecar")
    parser.add_argument("--baseline", default=None, help="a method or a label (default: grpo, where there is one)")
    parser.add_argument(
        "--metric",
        "--metrics",
        dest="metrics",
        nargs="+",
        default=["mean@n", "pass@K"],
        metavar="M",
        help="e.g. pass@8 mean@32; differences are of the first (default: %(default)s)",
    )
    parser.add_argument("--step", type=int, help="validated step to compare at (default: the last)")
    parser.add_argument("--benchmark", "--source", dest="source", metavar="B", help="where the samples have several")
    parser.add_argument(
        "--problems",
        choices=("sampled", "fixed"),
        default="sampled",
        help="sampled: the benchmark stands for all problems of its kind; fixed: for itself (default: %(default)s)",
    )
    parser.add_argument(
        "--interval", choices=("t", "bootstrap"), default="t", help="docs/estimators.md (default: %(default)s)"
    )


def call(given: argparse.Namespace) -> int:
    from analysis import compare, load_runs, render, summary_sentences, write_table

    runs = load_runs(given.runs)
    baseline = given.baseline or _default_baseline(runs.runs["label"][runs.runs["method"] == "grpo"].nunique())
    frame = compare(
        runs,
        baseline,
        given.metrics,
        step=given.step,
        source=given.source,
        problems=given.problems,
        interval=given.interval,
    )
    print(render(frame, given.format), end="")
    if given.format == "text":
        print()
        for sentence in summary_sentences(frame):
            print(f"- {sentence}")
        print(f"\nruns: {given.runs}")
    for excluded in runs.excluded.itertuples():
        print(f"left out: {excluded.run}: {excluded.reason}", file=sys.stderr)
    if given.out is not None:
        print(f"written to {write_table(frame, runs, given.out)}", file=sys.stderr)
    return 0


def _default_baseline(configurations: int) -> str | None:
    """grpo where the runs have one configuration of it."""
    if configurations > 1:
        told = f"no baseline: there are {configurations} configurations of grpo; choose one: --baseline LABEL"
        print(told, file=sys.stderr)
    return "grpo" if configurations == 1 else None


COMMAND = Command(
    help="compare the configurations of runs in a table",
    description=(
        "Compare the configurations of runs: mean@n and pass@K with intervals over seeds and problems, entropy,\n"
        "tracking error, the difference to the baseline with p-values corrected for the number of comparisons,\n"
        "and the seeds that would resolve it. Runs that could not be used are named with the reason."
    ),
    examples=(
        "entrocraft compare studies/demo",
        "entrocraft compare studies/demo --format tex --out table.tex",
        "entrocraft compare runs --baseline grpo --metric pass@8 --benchmark aime25 --problems fixed",
    ),
    arguments=arguments,
    call=call,
)
