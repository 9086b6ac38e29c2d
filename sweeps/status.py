"""What is known of studies, from their folders alone: plain data for `entrocraft status` and displays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, StudyError
from harness.runs import Manifest, RunFolder, RunState, holder
from harness.runs.alarms import alarms
from harness.runs.outline import read_outline
from sweeps.budget.grants import granted
from sweeps.ended import Ended, ended
from sweeps.folder import StudyFolder
from sweeps.jobs.ends import End
from sweeps.jobs.gpu_hours import Hours, hours
from sweeps.jobs.journal import Journal
from sweeps.jobs.known import JobView, Look
from sweeps.lease.lease import Holder, current
from sweeps.requests import open_requests
from sweeps.storage.place import find
from sweeps.trials import Trial, TrialState

WAITING = "waiting"
QUEUED = "queued"
CANCELLING = "cancelling"
CANCELLED = "cancelled"
INTERRUPTED = "interrupted"
DAMAGED = "damaged"
UNKNOWN = "unknown"
PRUNED = "pruned"
BEFORE_PRUNED = (WAITING, INTERRUPTED, "created", "stopped")
"""What the runs of a pruned trial are found as."""


@dataclass(frozen=True)
class RunStatus:
    """A run as its folder shows it; entropy and target in nats per token, of the last step written.

    `state`: a RunState, or waiting (no folder yet), queued (its job waits), interrupted (its process died), damaged
    (unreadable), cancelled, cancelling (it has yet to stop), or pruned (with its trial, which a person can revive).
    `reason` is that of the last failure, also after a later attempt went well; `alarms` those of the last step.
    From `job` on it is what `look` saw: None where nobody looked.
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
    cancelled: str | None = None
    """By whom and when."""
    job: str | None = None
    """The scheduler's id of the newest job."""
    node: str | None = None
    """Where it runs, or ran last."""
    waits_for: str | None = None
    """Of a queued one: why, in the scheduler's word; "" where nobody noted that."""
    cause: str | None = None
    """Why its last job ended that did (`sweeps.jobs.ends.Cause`)."""
    detail: str | None = None
    """What was seen of that end."""
    hours: Hours | None = None


Show = Callable[[RunFolder, str], RunStatus]
"""(run, title of its trial) -> its status."""


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
    values: dict[int, float] = field(default_factory=dict)
    """The first objective of each seed."""
    also: tuple[dict[int, float], ...] = ()
    """The further objectives, seed -> value."""
    seeds: tuple[int, ...] = ()
    rung: int = 0
    """How often it was promoted to further seeds."""
    spared: bool = False
    """Whether a person revived it after it was pruned."""


@dataclass(frozen=True)
class StudyStatus:
    """A study; `driver` is who works on it now, None when nobody does; `note` what of it cannot be read.

    `cancelled` says by whom and when; `requests` are those that no driver has taken up yet.
    """

    name: str
    title: str
    path: str
    driver: Holder | None
    trials: tuple[TrialStatus, ...]
    note: str | None = None
    cancelled: str | None = None
    requests: int = 0
    budget: float | None = None
    """Hours that it may cost in all; None: no limit."""
    ended: Ended | None = None
    """What its last driver found when it had nothing more to do; None while there may be more."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def run_status(run: RunFolder, title: str = "", alive: bool = False, look: Look | None = None) -> RunStatus:
    """The state of one run; a damaged folder is a state, too, not an error.

    Args:
        alive: its process is known to live, which it shows by its lock only once it has begun.
        look: says more of its jobs, and hence what they cost; it reads the whole metrics file.
    """
    name, path = run.path.name, str(run.path)
    alive = alive or holder(run.path) is not None  # before the state, which is final only in a dead run
    cancelled = run.cancelled()
    if not run.exists():
        return RunStatus(name, title, path, WAITING if cancelled is None else CANCELLED, cancelled=cancelled)
    try:
        manifest, last = run.manifest(), run.last_record()
        seen = _seen(run, manifest, alive, look) if look is not None else None
    except HarnessError as error:
        return RunStatus(name, title, path, DAMAGED, reason=str(error), cancelled=cancelled)
    alive = alive or (seen is not None and seen.jobs.alive)
    waiting = seen is not None and seen.jobs.waiting
    data = last["data"] if last is not None else {}
    return RunStatus(
        name,
        title,
        path,
        state=_state(manifest["state"], alive, waiting, cancelled is not None),
        step=last["step"] if last is not None else 0,
        steps=manifest["steps"],
        attempt=len(manifest["attempts"]),
        entropy=data.get("control/entropy", data.get("actor/entropy")),
        target=data.get("control/target"),
        score=data.get("critic/score/mean"),
        reason=manifest["reason"],
        alarms=alarms(data),
        cancelled=cancelled,
        **(seen.fields() if seen is not None else {}),
    )


def _state(state: RunState, alive: bool, waiting: bool, cancelled: bool) -> str:
    if state is RunState.COMPLETE:
        return str(state)
    if cancelled:
        return CANCELLING if alive else CANCELLED
    if waiting:
        return QUEUED
    return INTERRUPTED if state is RunState.RUNNING and not alive else str(state)


@dataclass(frozen=True)
class _Seen:
    """What a look at the jobs of a run gave."""

    jobs: JobView
    end: End | None
    hours: Hours

    def fields(self) -> dict[str, Any]:
        """For a RunStatus."""
        return {
            "job": self.jobs.id,
            "node": self.jobs.node,
            "waits_for": self.jobs.why if self.jobs.waiting else None,
            "cause": str(self.end.cause) if self.end is not None else None,
            "detail": self.end.detail if self.end is not None else None,
            "hours": self.hours,
        }


def _seen(run: RunFolder, manifest: Manifest, alive: bool, look: Look) -> _Seen:
    records, now = read_outline(run.metrics_path), time.time()
    found = look(run, manifest, records, alive, now)
    ends = [job.end for job in Journal(run.path).jobs() if job.end is not None]
    return _Seen(found, ends[-1] if ends else None, hours(found.allocations, records, now))


def attempts(folder: StudyFolder, trial: Trial, seeds: Iterable[int]) -> dict[int, int]:
    """Seed -> attempts of the trial's run so far."""
    return {seed: run_status(RunFolder(folder.runs_path / trial.run_name(seed))).attempt for seed in seeds}


def study_status(path: Path | str, show: Show = run_status) -> StudyStatus:
    """The state of the study in a folder; without a readable database what the run folders say, with a note.

    Raises:
        StudyError: there is no study, or its definition cannot be read.
    """
    from sweeps.storage.reading import read_trials  # Optuna is slow to load, and most commands do without

    folder = StudyFolder(path)
    study = folder.definition()["study"]
    try:
        found = read_trials(find(folder.path, study["name"]))
        trials, note = tuple(_trial_status(folder, trial, study["seeds"], show) for trial in found), None
    except StudyError as error:
        trials, note = _trials_of_folders(folder, show), str(error)
    return StudyStatus(
        name=study["name"],
        title=study["title"],
        path=str(folder.path),
        driver=current(folder.path),
        trials=trials,
        note=note,
        cancelled=folder.cancelled(),
        requests=len(open_requests(folder)),
        budget=granted(folder, study.get("budget")),
        ended=ended(folder),
    )


def shown_study(path: Path | str, show: Show = run_status) -> StudyStatus:
    """`study_status`, but a damaged definition is a state, too, not an error: it hides no other study."""
    try:
        return study_status(path, show)
    except StudyError as error:
        folder = StudyFolder(path)
        name, trials = folder.path.name, _trials_of_folders(folder, show)
        return StudyStatus(name, name, str(folder.path), current(folder.path), trials, note=str(error))


def all_studies(root: Path | str, show: Show = run_status) -> list[StudyStatus]:
    """The studies in the folders directly below `root`, by name; [] where `root` does not exist."""
    return [shown_study(path.parent, show) for path in sorted(Path(root).glob("*/study.json"))]


def _trials_of_folders(folder: StudyFolder, show: Show) -> tuple[TrialStatus, ...]:
    """The trials that have run folders, without what only the database knows."""
    trials: dict[str, list[RunStatus]] = {}
    for path in sorted(folder.runs_path.glob("t*-s*")):
        trials.setdefault(path.name.rsplit("-s", 1)[0], []).append(show(RunFolder(path), ""))
    return tuple(
        TrialStatus(name, title="", state=UNKNOWN, overrides=(), value=None, n=0, reason=None, runs=tuple(runs))
        for name, runs in trials.items()
    )


def _trial_status(folder: StudyFolder, trial: Trial, seeds: list[int], show: Show) -> TrialStatus:
    own = trial.on(seeds)
    runs = [show(RunFolder(folder.runs_path / trial.run_name(seed)), trial.title) for seed in own]
    if trial.state is TrialState.PRUNED:
        runs = [replace(run, state=PRUNED) if run.state in BEFORE_PRUNED else run for run in runs]
    return TrialStatus(
        name=trial.name,
        title=trial.title,
        state=str(trial.state),
        overrides=trial.overrides,
        value=trial.value,
        n=len(trial.values),
        reason=trial.reason,
        runs=tuple(runs),
        values=trial.values,
        also=trial.also,
        seeds=own,
        rung=trial.rung,
        spared=trial.spared,
    )
