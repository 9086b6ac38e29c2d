"""`entrocraft status`: studies, trials and runs with their states, read from their folders."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command import Command

if TYPE_CHECKING:
    from rich.table import Table

    from sweeps.status import RunStatus, StudyStatus

DEFAULT = (Path("studies"), Path("runs"))


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="a study, a run, or a folder of them (studies and runs)",
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def call(given: argparse.Namespace) -> int:
    studies, runs = found(given.paths or [path for path in DEFAULT if path.is_dir()])
    if given.json:
        from dataclasses import asdict

        everything = {
            "studies": [study.to_dict() for study in studies],
            "runs": [asdict(run) for run in runs],
        }
        print(json.dumps(everything, indent=2))
        return 0
    if not studies and not runs:
        print("no study and no run here; start one: entrocraft sweep study=demo")
    from rich.console import Console

    console = Console()
    for study in studies:
        print(f"{study.title} ({study.name}), in {study.path}; {_driver(study)}")
        if study.note:
            print(f"  shown from its folders: {study.note}")
        console.print(_table([run for trial in study.trials for run in trial.runs]))
    if runs:
        console.print(_table(runs))
    return 0


def found(paths: list[Path]) -> tuple[list[StudyStatus], list[RunStatus]]:
    """The studies and the single runs at or directly below the paths.

    Raises:
        RunFolderError: a path that does not exist.
    """
    from harness.errors import RunFolderError
    from harness.runs import RunFolder
    from sweeps.status import all_studies, run_status, shown_study

    studies: list[StudyStatus] = []
    runs: list[RunStatus] = []
    for path in paths:
        if not path.is_dir():
            raise RunFolderError("a path must be a folder", repr(str(path)), "Give a study, a run or their parent.")
        if (path / "study.json").is_file():
            studies.append(shown_study(path))
            continue
        studies += all_studies(path)
        folders = [path] if RunFolder(path).exists() else sorted(path.iterdir())
        runs += [run_status(RunFolder(folder)) for folder in folders if RunFolder(folder).exists()]
    return studies, runs


def _driver(study: StudyStatus) -> str:
    """The driver in words; one on another machine may be dead, which its last renewal lets a reader guess."""
    if (driver := study.driver) is None:
        return "no driver"
    job = f", Slurm job {driver.job}" if driver.job else ""
    renewed = f"last renewed {driver.renewed_s_ago:.0f} s ago"
    return f"driver: process {driver.pid} on {driver.host} (since {driver.since}, {renewed}{job})"


def _table(runs: list[RunStatus]) -> Table:
    from harness.cli.tables import plain_table

    rows = [_cells(run) for run in runs]
    shown = [column for column in rows[0] if any(row[column] for row in rows)] if rows else []
    return plain_table(shown, ([row[column] for column in shown] for row in rows))


def _cells(run: RunStatus) -> dict[str, str]:
    """Column -> text; a column without any text is left out of the table."""
    figures = {"entropy": run.entropy, "target": run.target, "reward": run.score}
    return {
        "run": run.name,
        "trial": run.title,
        "state": run.state,
        "step": f"{run.step}/{run.steps}" if run.steps is not None else "",
        "attempt": str(run.attempt or ""),
        **{name: "" if value is None else f"{value:.3f}" for name, value in figures.items()},
        "alarms": ", ".join(run.alarms),
        "last failure": run.reason or "",
    }


COMMAND = Command(
    help="show studies, trials and runs with their states",
    description="Show studies, trials and runs with their states, read from their folders at any moment.",
    examples=("entrocraft status", "entrocraft status studies/demo --json"),
    arguments=arguments,
    call=call,
)
