"""What is known of studies, from their folders alone: plain data for `entrocraft status` and displays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, StudyError
from harness.runs import RunFolder, RunState, holder
from harness.runs.alarms import alarms
from sweeps.folder import StudyFolder
from sweeps.lease import Holder, current
from sweeps.trials import Trial

WAITING = "waiting"
INTERRUPTED = "interrupted"
DAMAGED = "damaged"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class RunStatus:
    """A run as its folder shows it; entropy and target in nats per token, of the last step written.

    `state`: a RunState, or waiting (no folder yet), interrupted (its process died), damaged (unreadable).
    `reason` is that of the last failure, also after a later attempt went well; `alarms` those of the last step.
    """

    name: str
    title: str
    path: str
    state: str
    step: int = 0
    steps: int | None = None
    attempt: int = 0
    entropy: float | None = None
    target: float | None = None
    score: float | None = None
    reason: str | None = None
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrialStatus:
    """A trial, its value (mean over `n` seeds) and its runs. `state`: a TrialState, or unknown (no database)."""

    name: str
    title: str
    state: str
    overrides: tuple[str, ...]
    value: float | None
    n: int
    reason: str | None
    runs: tuple[RunStatus, ...]


@dataclass(frozen=True)
class StudyStatus:
    """A study; `driver` is who works on it now, None when nobody does; `note` what of it cannot be read."""

    name: str
    title: str
    path: str
    driver: Holder | None
    trials: tuple[TrialStatus, ...]
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def run_status(run: RunFolder, title: str = "", alive: bool = False) -> RunStatus:
    """The state of one run; a damaged folder is a state, too, not an error.

    `alive` says that its process is known to live, which it shows by its lock only once it has begun.
    """
    name, path = run.path.name, str(run.path)
    alive = alive or holder(run.path) is not None  # before the state, which is final only in a dead run
    if not run.exists():
        return RunStatus(name, title, path, WAITING)
    try:
        manifest, last = run.manifest(), run.last_record()
    except HarnessError as error:
        return RunStatus(name, title, path, DAMAGED, reason=str(error))
    state = manifest["state"]
    data = last["data"] if last is not None else {}
    return RunStatus(
        name,
        title,
        path,
        state=INTERRUPTED if state is RunState.RUNNING and not alive else str(state),
        step=last["step"] if last is not None else 0,
        steps=manifest["steps"],
        attempt=len(manifest["attempts"]),
        entropy=data.get("control/entropy", data.get("actor/entropy")),
        target=data.get("control/target"),
        score=data.get("critic/score/mean"),
        reason=manifest["reason"],
        alarms=alarms(data),
    )


def attempts(folder: StudyFolder, trial: Trial, seeds: Iterable[int]) -> dict[int, int]:
    """Seed -> attempts of the trial's run so far."""
    return {seed: run_status(RunFolder(folder.runs_path / trial.run_name(seed))).attempt for seed in seeds}


def study_status(path: Path | str) -> StudyStatus:
    """The state of the study in a folder; without a readable database what the run folders say, with a note.

    Raises:
        StudyError: there is no study, or its definition cannot be read.
    """
    from sweeps.store import read_trials  # Optuna is slow to load, and most commands do without

    folder = StudyFolder(path)
    study = folder.definition()["study"]
    try:
        found = read_trials(folder.store_path, study["name"])
        trials, note = tuple(_trial_status(folder, trial, study["seeds"]) for trial in found), None
    except StudyError as error:
        trials, note = _trials_of_folders(folder), str(error)
    return StudyStatus(
        name=study["name"],
        title=study["title"],
        path=str(folder.path),
        driver=current(folder.path),
        trials=trials,
        note=note,
    )


def shown_study(path: Path | str) -> StudyStatus:
    """`study_status`, but a damaged definition is a state, too, not an error: it hides no other study."""
    try:
        return study_status(path)
    except StudyError as error:
        folder = StudyFolder(path)
        name, trials = folder.path.name, _trials_of_folders(folder)
        return StudyStatus(name, name, str(folder.path), current(folder.path), trials, note=str(error))


def all_studies(root: Path | str) -> list[StudyStatus]:
    """The studies in the folders directly below `root`, by name; [] where `root` does not exist."""
    return [shown_study(path.parent) for path in sorted(Path(root).glob("*/study.json"))]


def _trials_of_folders(folder: StudyFolder) -> tuple[TrialStatus, ...]:
    """The trials that have run folders, without what only the database knows."""
    trials: dict[str, list[RunStatus]] = {}
    for path in sorted(folder.runs_path.glob("t*-s*")):
        trials.setdefault(path.name.rsplit("-s", 1)[0], []).append(run_status(RunFolder(path)))
    return tuple(
        TrialStatus(name, title="", state=UNKNOWN, overrides=(), value=None, n=0, reason=None, runs=tuple(runs))
        for name, runs in trials.items()
    )


def _trial_status(folder: StudyFolder, trial: Trial, seeds: list[int]) -> TrialStatus:
    runs = [run_status(RunFolder(folder.runs_path / trial.run_name(seed)), trial.title) for seed in seeds]
    return TrialStatus(
        name=trial.name,
        title=trial.title,
        state=str(trial.state),
        overrides=trial.overrides,
        value=trial.value,
        n=len(trial.values),
        reason=trial.reason,
        runs=tuple(runs),
    )
