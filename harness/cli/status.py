"""`entrocraft status`: studies, trials and runs with their states, read from their folders."""

from __future__ import annotations

import argparse
import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command
from harness.errors import ConfigError, RunFolderError

if TYPE_CHECKING:
    from harness.cli.looking import Watcher
    from sweeps.status import RunStatus, StudyStatus

DEFAULT = ("studies", "runs")
WATCH_S = 5.0
LEAST_WATCH_S = 0.5


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="STUDY|PATH",
        help="a study or its name, a run, or a folder of them (default: studies and runs)",
    )
    parser.add_argument(
        "--watch",
        nargs="?",
        type=float,
        const=WATCH_S,
        metavar="SECONDS",
        help=f"draw it again every so often ({WATCH_S:g} s) until Ctrl-C",
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def call(given: argparse.Namespace) -> int:
    from harness.cli.looking import Watcher

    paths = given.paths or [path for path in DEFAULT if Path(path).is_dir()]
    watcher = Watcher()
    if given.watch is not None:
        return _watch(paths, given, watcher)
    studies, runs = found(paths, watcher)
    if given.json:
        everything = {
            "studies": [study.to_dict() for study in studies],
            "runs": [asdict(run) for run in runs],
        }
        print(json.dumps(everything, indent=2))
        return 0
    from harness.cli.status_report import console, screen

    console().print(screen(studies, runs))
    return 0


def found(paths: list[str], watcher: Watcher) -> tuple[list[StudyStatus], list[RunStatus]]:
    """The studies and the single runs at or directly below the paths; a name that is no path is a study's.

    Raises:
        RunFolderError: a path that does not exist.
    """
    from harness.cli.places import study_at
    from harness.runs import RunFolder
    from sweeps.status import all_studies, shown_study

    studies: list[StudyStatus] = []
    runs: list[RunStatus] = []
    for text in paths:
        if (study := study_at(text)) is not None:
            studies.append(shown_study(study.path, watcher.show))
            continue
        path = Path(text)
        if not text or not os.path.isdir(path):  # False, too, for a name that no file can have
            raise RunFolderError(
                "a path must be a folder, or a name that of a study", repr(text), "Give a study, a run or their parent."
            )
        studies += all_studies(path, watcher.show)
        folders = [path] if RunFolder(path).exists() else sorted(path.iterdir())
        runs += [watcher.show(RunFolder(folder), "") for folder in folders if RunFolder(folder).exists()]
    return studies, runs


def _watch(paths: list[str], given: argparse.Namespace, watcher: Watcher) -> int:
    from rich.live import Live

    from harness.cli.status_report import console, fitting, screen

    if given.json or not given.watch >= LEAST_WATCH_S:
        found_ = "--json" if given.json else f"{given.watch:g} s"
        raise ConfigError(
            f"--watch must draw on a terminal, at most every {LEAST_WATCH_S:g} s",
            found_,
            "Try: entrocraft status --watch",
        )
    terminal = console()
    if not terminal.is_terminal:
        raise ConfigError("--watch must draw on a terminal", "another output", "Leave it out, or use `watch`.")
    with Live(console=terminal, auto_refresh=False, screen=True) as live:
        while True:
            live.update(fitting(screen(*found(paths, watcher)), terminal), refresh=True)
            time.sleep(given.watch)


COMMAND = Command(
    help="show studies, trials and runs with their states",
    description=(
        "Show studies, trials and runs with their states, what they cost and why they failed, read from\n"
        "their folders at any moment; no command of Slurm is needed. GPU-hours are explained in\n"
        "docs/run-folder.md; ~ marks those that are estimated, because no accounting was to be had."
    ),
    examples=(
        "entrocraft status",
        "entrocraft status demo --watch",
        "entrocraft status studies/demo --json",
    ),
    arguments=arguments,
    call=call,
)
