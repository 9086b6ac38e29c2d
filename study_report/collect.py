"""From a study's folder to its facts."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.core.schedule import BandSchedule
from harness.errors import HarnessError, InputError
from harness.runs import Manifest, RunFolder
from study_report.facts import Budget, Configuration, Goal, StudyFacts
from sweeps.folder import StudyFolder
from sweeps.jobs.gpu_hours import GPU_HOURS, Hours, total
from sweeps.ranking.best import probability_best
from sweeps.status import Show, TrialStatus, run_status, study_status

CURVE_POINTS = 41
"""Steps of a schedule that are drawn."""

Chance = Callable[[Mapping[str, Mapping[int, float]], str], Mapping[str, float]]
"""(configuration -> seed -> finite value, direction) -> the probability of each that it is the best."""


def chances(values: Mapping[str, Mapping[int, float]], direction: str) -> Mapping[str, float]:
    """The Chance of `sweeps.ranking.best`; it says nothing where the noise from seed to seed was not measured."""
    try:
        return {each.name: each.probability for each in probability_best(values, direction).standings}
    except InputError:
        return {}


def facts(path: Path | str, show: Show = run_status, chance: Chance = chances) -> StudyFacts:
    """Everything that the page needs of the study in the folder `path`.

    Args:
        show: how a run is looked at; it says what the runs cost where it looks at their jobs.
        chance: says how likely each configuration is the best one.

    Raises:
        StudyError: there is no study, or its definition cannot be read.
    """
    folder, status = StudyFolder(path), study_status(path, show)
    definition = folder.definition()
    study = definition["study"]
    objective = study.get("objective", {})
    goals = tuple(_goal(each) for each in (objective, *study.get("also", ())))
    manifests = {trial.name: _manifests(folder, trial) for trial in status.trials}
    configurations = tuple(_configuration(trial, manifests[trial.name]) for trial in status.trials)
    hours = tuple(total(hours for each in configurations for hours in each.hours))
    starts, ends = (_times(manifests.values(), key) for key in ("started", "ended"))
    values = {each.name: each.values for each in configurations if _comparable(each)}
    driver = status.driver
    return StudyFacts(
        name=status.name,
        title=status.title,
        path=status.path,
        goals=goals,
        seeds=tuple(study["seeds"]),
        sampler=study.get("sampler", ""),
        base=tuple(study.get("base", ())),
        planned=max(len(definition.get("points", ())) + study.get("n_trials", 0), len(configurations)),
        configurations=configurations,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        driver=f"process {driver.pid} on {driver.host}, since {driver.since}" if driver is not None else None,
        note=status.note,
        cancelled=status.cancelled,
        budget=_budget(status.budget, hours),
        hours=hours,
        started=min(starts, default=None),
        ended=max(ends, default=None),
        finished=status.ended is not None,
        probabilities=chance(values, goals[0].direction) if values else {},
    )


def parameters(overrides: Iterable[str]) -> dict[str, str]:
    """Override key -> its value as written, "" for a removed one; the last one of a key wins."""
    found: dict[str, str] = {}
    for override in overrides:
        key, _, value = override.partition("=")
        found[key.lstrip("+~")] = value
    return found


def _goal(objective: Mapping[str, Any]) -> Goal:
    return Goal(
        str(objective.get("metric", "")), str(objective.get("direction", "minimize")), objective.get("steps", "final")
    )


def _configuration(trial: TrialStatus, manifests: Sequence[Manifest]) -> Configuration:
    return Configuration(
        name=trial.name,
        title=trial.title,
        state=trial.state,
        params=parameters(trial.overrides),
        value=trial.value,
        n=trial.n,
        values=dict(trial.values),
        also=tuple(dict(each) for each in trial.also),
        rung=trial.rung,
        reason=trial.reason,
        curve=_curve(manifests),
        runs=trial.runs,
        hours=tuple(total(run.hours for run in trial.runs if run.hours is not None)),
    )


def _comparable(each: Configuration) -> bool:
    return bool(each.values) and all(map(math.isfinite, each.values.values()))


def _manifests(folder: StudyFolder, trial: TrialStatus) -> list[Manifest]:
    """Those that can be read; a damaged one is told by the status of its run."""
    found = []
    for run in trial.runs:
        at = RunFolder(folder.runs_path / os.path.basename(run.path))
        try:
            found += [at.manifest()] if at.exists() else []
        except HarnessError:
            continue
    return found


def _curve(manifests: Sequence[Manifest]) -> tuple[tuple[int, float], ...]:
    """The middle of the band over the run, at up to CURVE_POINTS steps with both ends among them."""
    manifest = next((each for each in manifests if each["schedule"] is not None), None)
    if manifest is None or manifest["schedule"] is None:
        return ()
    try:
        schedule = BandSchedule.from_dict(manifest["schedule"])
    except HarnessError:  # of another version: the page does without
        return ()
    last = min(manifest["steps"], schedule.horizon)
    points = min(last, CURVE_POINTS)
    steps = sorted({1 + round(place * (last - 1) / max(points - 1, 1)) for place in range(points)})
    return tuple((step, schedule.band(step).middle) for step in steps)


def _times(manifests: Iterable[Sequence[Manifest]], key: str) -> list[str]:
    return [str(time) for some in manifests for each in some if (time := each.get(key)) is not None]


def _budget(granted: float | None, hours: Sequence[Hours]) -> Budget | None:
    """Against what was paid in GPU-hours or, without GPUs, in job-hours."""
    if granted is None:
        return None
    unit, spent = (hours[0].unit, hours[0].paid) if hours else (GPU_HOURS, 0.0)
    return Budget(spent, granted, unit)
