"""What must hold of a study of `killed_driver` that is over. Each check yields what is wrong, one line each."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial

from harness.runs import RunFolder, RunState, holder
from sweeps.folder import StudyFolder
from sweeps.requests import open_requests
from sweeps.storage.optuna_storages import close, open_to_read
from sweeps.storage.place import find
from tests.sweeps.killed_driver import BEST, DRAWN, FAILS, FAILS_ONCE, RUNG, SEARCH, STEPS

CAME, KEPT = DRAWN + 2, (DRAWN + 2) // 2
"""Configurations that come to the rung, and those of them that go on."""
FIRST, SECOND = KEPT // 2, KEPT // 4
"""Least number of promotions to the first and to the second rung of seeds."""
OVER = ("COMPLETE", "PRUNED", "FAIL")


def problems(folder: Path) -> list[str]:
    """All that is wrong with the study in `folder`."""
    trials = read(folder)
    found = [*all_told(trials), *none_lost(trials), *outcome(trials), *values(trials), *promotions(trials)]
    found += [*reports(trials), *left_behind(folder), *right_runs(folder, trials)]
    for path in sorted(folder.glob("runs/*")):
        found += [f"{path.name}: {each}" for each in right_run(RunFolder(path))]
    return found


def read(folder: Path) -> list[FrozenTrial]:
    """Every trial in the database, read by Optuna itself."""
    place = find(folder, SEARCH.name)
    storage = open_to_read(place)
    try:
        return optuna.load_study(study_name=place.study, storage=storage).get_trials()
    finally:
        close(storage)


def studies(url: str) -> int:
    """How many studies there are in the database."""
    return len(optuna.get_all_study_names(url.replace("postgresql://", "postgresql+psycopg://", 1)))


def by_origin(trials: Sequence[FrozenTrial]) -> dict[int, list[FrozenTrial]]:
    found: dict[int, list[FrozenTrial]] = defaultdict(list)
    for trial in trials:
        found[trial.user_attrs.get("origin", trial.number)].append(trial)
    return found


def all_told(trials: Sequence[FrozenTrial]) -> Iterator[str]:
    """No zombie: every trial is told, and says when it began and ended."""
    for trial in trials:
        if trial.state.name not in OVER:
            yield f"trial {trial.number} is {trial.state.name}"
    if [trial.number for trial in trials] != list(range(len(trials))):
        yield f"the numbers must be 0 to {len(trials) - 1}"


def none_lost(trials: Sequence[FrozenTrial]) -> Iterator[str]:
    """Every configuration was asked for once: the listed ones, and as many drawn ones as wanted."""
    firsts = [trial for trial in trials if "origin" not in trial.user_attrs]
    points = sorted(trial.user_attrs["point"] for trial in firsts if "point" in trial.user_attrs)
    if points != [0, 1, 2]:
        yield f"the listed points must be there once, and are {points}"
    if len(firsts) - len(points) != DRAWN:
        yield f"{DRAWN} trials must be drawn, and {len(firsts) - len(points)} are"
    keys = [trial.user_attrs["key"] for trial in firsts]
    if len(set(keys)) < len(keys):
        yield "a configuration is there twice"


def outcome(trials: Sequence[FrozenTrial]) -> Iterator[str]:
    """What halving makes of these configurations, computed anew: the first trial that is not a retry's decides."""
    last = {origin: [t for t in found if not t.user_attrs.get("rung")] for origin, found in by_origin(trials).items()}
    came = [found[-1] for found in last.values() if _title(found[-1]) != FAILS]
    best = sorted(came, key=_x, reverse=True)[:KEPT]
    for found in last.values():
        trial = found[-1]
        expected = "FAIL" if trial not in came else "COMPLETE" if trial in best else "PRUNED"
        if trial.state.name != expected:
            yield f"trial {trial.number} ({_title(trial)}) must be {expected}, and is {trial.state.name}"
        earlier = [each.state.name for each in found[:-1]]
        if earlier != [] and (earlier != ["FAIL"] or _title(trial) != FAILS_ONCE):
            yield f"trial {trial.number} ({_title(trial)}) came after {earlier}"
        if expected == "PRUNED" and f"halving at step {RUNG}" not in trial.user_attrs.get("reason", ""):
            yield f"trial {trial.number} was pruned for {trial.user_attrs.get('reason')}"


def values(trials: Sequence[FrozenTrial]) -> Iterator[str]:
    """A complete trial has the value of each of its seeds, and their mean."""
    for trial in trials:
        if trial.state.name != "COMPLETE":
            continue
        seeds = trial.user_attrs.get("seeds", [1])
        expected = {str(seed): _x(trial) + seed / 100 for seed in seeds}
        if not _equal(trial.user_attrs.get("values", {}), expected):
            yield f"trial {trial.number} must have the values {expected}, and has {trial.user_attrs.get('values')}"
        if not _equal({"": trial.value}, {"": sum(expected.values()) / len(expected)}):
            yield f"trial {trial.number} must have the mean of {expected}, and has {trial.value}"


def promotions(trials: Sequence[FrozenTrial]) -> Iterator[str]:
    """No promotion is lost or doubled; the best are promoted."""
    promoted: Counter[int] = Counter()
    for origin, found in by_origin(trials).items():
        further = [trial for trial in found if trial.user_attrs.get("rung")]
        rungs = [trial.user_attrs["rung"] for trial in further]
        if rungs != list(range(1, len(rungs) + 1)):
            yield f"configuration {origin} was promoted to {rungs}"
        for trial in further:
            if trial.state.name != "COMPLETE" or trial.user_attrs["seeds"] != [*range(1, trial.user_attrs["rung"] + 2)]:
                yield f"trial {trial.number}, a promotion, has the seeds {trial.user_attrs['seeds']}"
        promoted.update(rungs)
        if _title(found[0]) == f"trial {BEST}" and rungs != [1, 2]:
            yield f"the best configuration must be promoted twice, and was to {rungs}"
    if promoted[1] < FIRST or promoted[2] < SECOND:
        yield f"at least {FIRST} and {SECOND} must be promoted to the rungs, and were {dict(promoted)}"


def reports(trials: Sequence[FrozenTrial]) -> Iterator[str]:
    """The store was told every step up to the one where the trial ended, once, with its value."""
    for trial in trials:
        if trial.user_attrs.get("rung") or trial.state.name not in OVER:
            continue
        last = {"COMPLETE": STEPS, "PRUNED": RUNG, "FAIL": 2}[trial.state.name]
        expected = {step: _x(trial) + 0.01 for step in range(1, last + 1)}
        if not _equal(trial.intermediate_values, expected):
            yield f"trial {trial.number} must have the reports {expected}, and has {trial.intermediate_values}"


def right_runs(folder: Path, trials: Sequence[FrozenTrial]) -> Iterator[str]:
    """There is a folder for each configuration and seed that was asked for, and no other."""
    wanted = {
        f"t{origin:04d}-s{seed}"
        for origin, found in by_origin(trials).items()
        for seed in (1, *range(2, 2 + sum(bool(trial.user_attrs.get("rung")) for trial in found)))
    }
    there = {path.name for path in folder.glob("runs/*")}
    if there != wanted:
        yield f"the runs must be {sorted(wanted)}, and are {sorted(there)}"


def right_run(run: RunFolder) -> Iterator[str]:
    """It ended, no step is missing, and no two processes worked on it at once: each wrote its pulse in one piece."""
    manifest = run.manifest()
    last = {RunState.COMPLETE: STEPS, RunState.STOPPED: RUNG, RunState.FAILED: 2}.get(manifest["state"])
    steps = [record["step"] for record in run.metrics()]
    if last is None or steps != list(range(1, last + 1)):
        yield f"it is {manifest['state']} after the steps {steps}"
    if (manifest["state"] is RunState.COMPLETE) != run.is_done():
        yield f"it is {manifest['state']}, and its marker says otherwise"
    if [each["attempt"] for each in manifest["attempts"] if each["outcome"] is None]:
        yield "an attempt has no outcome"
    workers = [pid for pid, _ in itertools.groupby(_pulse(run))]
    if len(workers) != len(set(workers)):
        yield "two processes were at work at once"
    for earlier, later in itertools.pairwise(manifest["attempts"]):
        if earlier["to_step"] is None or not 0 <= earlier["to_step"] - later["from_step"] <= 5:
            yield f"attempt {later['attempt']} went on from {later['from_step']} after {earlier['to_step']}"
    if holder(run.path) is not None:
        yield "a process is still at work"


def left_behind(folder: Path) -> Iterator[str]:
    """Nothing half-written and no request."""
    for path in sorted(folder.rglob(".*.tmp")):
        yield f"{path.relative_to(folder)} was left behind"
    for path in open_requests(StudyFolder(folder)):
        yield f"the request {path.name} was left behind"


def _title(trial: FrozenTrial) -> str:
    title: str = trial.user_attrs["title"]
    return title.removeprefix("trial ") if title != f"trial {BEST}" else title


def _x(trial: FrozenTrial) -> float:
    return float(next(text for text in trial.user_attrs["overrides"] if text.startswith("x=")).removeprefix("x="))


def _equal(ours: dict, theirs: dict) -> bool:
    return set(ours) == set(theirs) and all(abs(ours[key] - theirs[key]) < 1e-9 for key in theirs)


def _pulse(run: RunFolder) -> list[str]:
    """Of each step that was done, the process that did it."""
    path = run.path / "pulse"
    return path.read_text().split() if path.exists() else []
