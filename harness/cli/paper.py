"""`entrocraft paper`: the paper's tables, claims and figures from runs, as far as there are runs for them."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.command import Command


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", type=Path, nargs="?", metavar="RUNS", help="a run, a study, or any folder above runs")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the tables and of index.html")


def call(given: argparse.Namespace) -> int:
    from harness.config.experiments import experiments
    from paper_figures.book import write_book

    configurations = {each.name: each.config.to_dict() for each in experiments()}
    written = write_book(given.runs, given.out, configurations)
    print(f"{len(written)} files; all of them on one page: {written[-1]}")
    return 0


COMMAND = Command(
    help="regenerate the paper's tables, claims and figures from runs",
    description=(
        "Write the paper's Figures 1 to 7 (PNG, PDF, CSV) as far as there are runs, Tables 1 to 8 (TeX, Markdown,\n"
        "HTML, CSV), the audit of its claims, figures of ours and of the runs, and one page that shows them all\n"
        "without a network. What has no runs has the paper's own numbers, marked; without RUNS all has. The page\n"
        "says which runs are missing, and the command that makes them."
    ),
    examples=("entrocraft paper studies --out paper_figures/out", "entrocraft paper --out /tmp/paper"),
    arguments=arguments,
    call=call,
)
