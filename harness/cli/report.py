"""`entrocraft report`: one HTML page of a study, which needs no network."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.cli.looking import Watcher
    from sweeps.folder import StudyFolder

WATCH_S = 30.0
LEAST_WATCH_S = 2.0
FILE = "report.html"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("study", metavar="STUDY", help="the folder of a study, or its name below ./studies")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"the page (default: {FILE} in the study's folder)")
    parser.add_argument(
        "--watch",
        nargs="?",
        type=float,
        const=WATCH_S,
        metavar="SECONDS",
        help=f"write it again every so often ({WATCH_S:g} s) until the study is over; the browser follows",
    )


def call(given: argparse.Namespace) -> int:
    from harness.cli.looking import Watcher
    from harness.cli.places import no_study, study_at

    if given.watch is not None and not LEAST_WATCH_S <= given.watch < float("inf"):
        raise ConfigError(
            f"--watch must leave at least {LEAST_WATCH_S:g} s between two pages",
            f"{given.watch:g} s",
            f"Try: entrocraft report {given.study} --watch",
        )
    study = study_at(given.study)
    if study is None:
        raise no_study(given.study)
    out: Path = given.out if given.out is not None else study.path / FILE
    if out.is_dir():
        raise ConfigError("--out must be the name of a file", f"{str(out)!r}, a folder", f"Try: --out {out / FILE}")
    watcher = Watcher()
    while True:
        over = write(study, out, watcher, given.watch)
        if given.watch is None or over:
            print(out)
            return 0
        time.sleep(given.watch)


def write(study: StudyFolder, out: Path, watcher: Watcher, refresh_s: float | None) -> bool:
    """Writes the page; whether the study is over, and the page hence asks for no reload.

    Raises:
        ConfigError: there cannot be such a file.
    """
    from harness.runs.atomic import write_file
    from study_report.collect import facts
    from study_report.page import render

    found = facts(study.path, watcher.show)
    page = render(found, None if found.over else refresh_s)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_file(out, page.encode("utf-8", "replace"))
    except OSError as error:
        raise ConfigError("the page must be written somewhere", str(error), "Give another --out FILE.") from error
    return found.over


COMMAND = Command(
    help="write a page about a study: best configurations, schedules, importances, costs, failures",
    description=(
        "Write one HTML page about a study at any moment, from its folder alone: progress, the best configurations\n"
        "with intervals, importances of parameters, schedules by score, the Pareto front of several objectives,\n"
        "hours by cause, what was pruned and what failed, and why. It needs no network and runs no scripts.\n"
        "docs/report.md says how to read it."
    ),
    examples=(
        "entrocraft report demo",
        "entrocraft report studies/demo --out /tmp/demo.html",
        "entrocraft report demo --watch 60",
    ),
    arguments=arguments,
    call=call,
)
