"""What must hold when the chaos is over. Each check returns what is wrong, one line each; [] where nothing is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.runs import RunFolder
from harness.runs.metrics import Record, read_records
from sweeps.driver import PRUNER
from sweeps.jobs.journal import Journal
from sweeps.status import study_status
from tests.chaos.faults_processes import TORN

TIMES = ("timing_s/", "perf/")
"""Beginnings of the metrics that tell how long something took."""
STATE_FILES = ("model.safetensors", "optimizer.pt", "trainer.json")


def problems(study: Path, reference: Path, witness: Path) -> list[str]:
    """All checks of a study that was struck, against the same study that was not."""
    names = sorted(path.name for path in (reference / "runs").iterdir())
    found = [*outcomes(study, reference), *folders(study, names)]
    for name in names:
        run, other = RunFolder(study / "runs" / name), RunFolder(reference / "runs" / name)
        if not run.exists():
            found.append(f"{name}: there is no such run")
            continue
        found += [f"{name}: {each}" for each in leftovers(run)]
        checks = (steps, ended, metrics, samples, weights)
        found += [f"{name}: {each}" for check in checks for each in check(run, other)]
        found += [f"{name}: {each}" for each in at_once(witness, name)]
    return [*found, *values(study, reference)]


def outcomes(study: Path, reference: Path) -> Iterator[str]:
    """The same trials, each complete, or pruned for the same reason; nothing else is an end."""
    ours, theirs = ({t.name: t for t in study_status(path).trials} for path in (study, reference))
    if list(ours) != list(theirs):
        yield f"the trials must be {list(theirs)}, and are {list(ours)}"
    for name in sorted(set(ours) & set(theirs)):
        trial, other = ours[name], theirs[name]
        if trial.state != other.state or trial.state not in ("complete", "pruned"):
            yield f"trial {name} must be {other.state}, and is {trial.state}: {trial.reason}"
        elif trial.title != other.title:
            yield f"trial {name} must be {other.title!r}, and is {trial.title!r}"
        elif trial.state == "pruned" and trial.reason != other.reason:
            yield f"trial {name} must be pruned for {other.reason!r}, and is for {trial.reason!r}"


def folders(study: Path, names: list[str]) -> Iterator[str]:
    """There are the runs of these names, and no others."""
    there = sorted(path.name for path in (study / "runs").iterdir())
    if there != names:
        yield f"the runs must be {names}, and are {there}"


def values(study: Path, reference: Path) -> Iterator[str]:
    """Optuna was told the same values."""
    ours, theirs = ({t.name: t.value for t in study_status(path).trials} for path in (study, reference))
    if ours != theirs:
        yield f"the values of the trials must be {theirs}, and are {ours}"


def steps(run: RunFolder, reference: RunFolder) -> Iterator[str]:
    """No step is missing or doubled: in what is read of the run, and in what each attempt wrote."""
    records, last = read_records(run.metrics_path), _last_step(reference)
    if not records:
        yield "it has no metrics"
        return
    found = [record["step"] for record in run.metrics()]
    if found != list(range(last + 1)):
        yield f"the steps must be 0 to {last}, and are {found}"
    for earlier, later in itertools.pairwise(records):
        yield from _follows(earlier, later)
    if b"\n" + TORN in run.metrics_path.read_bytes():
        yield "half a line of a dead writer is in its metrics"


def _follows(earlier: Record, later: Record) -> Iterator[str]:
    """Attempts write one after the other, each one step after the other, and go back at most to a checkpoint."""
    where = f"step {later['step']} of attempt {later['attempt']} after step {earlier['step']} of {earlier['attempt']}"
    if later["attempt"] == earlier["attempt"]:
        if later["step"] != earlier["step"] + 1:
            yield f"an attempt must write one step after the other, and wrote {where}"
    elif later["attempt"] < earlier["attempt"]:
        yield f"an attempt must not write after a later one, and wrote {where}"
    elif later["step"] > earlier["step"] + 1:
        yield f"an attempt must go on where the run stands, and wrote {where}"
    if later["time"] < earlier["time"]:
        yield f"records must be written in the order of time: {where}"


def ended(run: RunFolder, reference: RunFolder) -> Iterator[str]:
    """The manifest and the journal know the end: a run is complete, or was stopped where the pruner had it wait."""
    manifest, pruned = run.manifest(), _is_pruned(reference)
    if pruned and (manifest["state"] != "stopped" or run.is_done()):
        yield f"it must be stopped and not marked, and is {manifest['state']}"
    if not pruned and (manifest["state"] != "complete" or not run.is_done()):
        yield f"it must be complete and marked, and is {manifest['state']}"
    if left := [attempt["attempt"] for attempt in manifest["attempts"] if attempt["outcome"] is None]:
        yield f"every attempt must have an outcome, and {left} have none"
    if run.stop_requested() and not (pruned and run.stop_asker() == PRUNER):
        yield "a stop request was left behind"
    if (job := Journal(run.path).open_job()) is not None and job.id is None:
        yield f"the job {job.job} must have an id"


def leftovers(run: RunFolder) -> Iterator[str]:
    """Nothing half-written is left of those that were killed."""
    for path in sorted([*run.path.glob(".*"), *run.checkpoints_path.glob(".*"), *run.samples_path.glob(".*")]):
        yield f"{path.relative_to(run.path)} was left behind"


def metrics(run: RunFolder, reference: RunFolder) -> Iterator[str]:
    """The same numbers at every step, the times aside."""
    ours, theirs = ({r["step"]: _numbers(r) for r in each.metrics()} for each in (run, reference))
    for step in sorted(theirs):
        if ours.get(step) != theirs[step]:
            here = ours.get(step, {})
            names = sorted(key for key in {*here, *theirs[step]} if here.get(key) != theirs[step].get(key))
            yield f"step {step} must have the metrics of the undisturbed run; different: {', '.join(names)[:300]}"


def samples(run: RunFolder, reference: RunFolder) -> Iterator[str]:
    """The same validation samples."""
    if run.samples_steps() != reference.samples_steps():
        yield f"samples must be there for steps {reference.samples_steps()}, and are for {run.samples_steps()}"
        return
    for step in reference.samples_steps():
        if run.samples(step) != reference.samples(step):
            yield f"the samples of step {step} must be those of the undisturbed run"


def weights(run: RunFolder, reference: RunFolder) -> Iterator[str]:
    """The same weights, optimiser and state, byte by byte, at the last step."""
    last = reference.latest_checkpoint()
    if last is None or run.latest_checkpoint() != last:
        yield f"the last checkpoint must be of step {last}, and is of {run.latest_checkpoint()}"
        return
    for name in STATE_FILES:
        ours, theirs = (each.checkpoint_dir(last) / name for each in (run, reference))
        if ours.read_bytes() != theirs.read_bytes():
            yield f"{name} must be, bit by bit, that of the undisturbed run"


def at_once(witness: Path, run: str) -> Iterator[str]:
    """By what the processes of the run noted themselves: no two of them were at work at the same time."""
    works = sorted(_works(witness, run))
    if not works:
        yield "no process was seen at work"
    for (_, end, first), (begin, _, second) in itertools.pairwise(works):
        if begin <= end:
            yield f"{first} and {second} were at work at the same time, for {end - begin:.3f} s at least"


def _works(witness: Path, run: str) -> Iterator[tuple[float, float, str]]:
    """First and last note, in monotonic seconds, and the name of each process of the run."""
    for path in witness.glob(f"{run}.*"):
        content = path.read_bytes()
        times = [float(line) for line in content[: content.rfind(b"\n") + 1].split()]
        if times:
            yield times[0], times[-1], path.name


def _is_pruned(reference: RunFolder) -> bool:
    return reference.manifest()["state"] == "stopped"


def _last_step(reference: RunFolder) -> int:
    """Where the run is to end: with its last step, or where it was pruned in the undisturbed study."""
    last = reference.last_record() if _is_pruned(reference) else None
    return last["step"] if last is not None else reference.manifest()["steps"]


def _numbers(record: Record) -> dict[str, Any]:
    return {key: value for key, value in record["data"].items() if not key.startswith(TIMES)}
