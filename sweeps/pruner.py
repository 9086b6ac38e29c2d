"""The pruner of a study at work: what it sees of the runs, what it decides, and what of that is kept in the store.

It reads the metrics of the runs as they appear; nothing else has to reach a database from where they run. Promotions
to further seeds are not pruned: their configurations have a value already.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from harness.config.study import StudyConfig
from harness.errors import RunFolderError
from harness.runs import Record
from sweeps.active import ActiveRun, ActiveTrial
from sweeps.pruning.curves import Curve, looks, mean_curve, value_at
from sweeps.pruning.guards import Breach, breach
from sweeps.pruning.rules import Decisions, decide
from sweeps.storage.store import Store
from sweeps.tally import Tally
from sweeps.trials import TOLD, Trial, TrialState


@dataclass
class _Seen:
    """What was read of a run, and when: its file had this size."""

    size: int = -1
    records: list[Record] = field(default_factory=list)


class Pruner:
    """Decides on the open trials of a study; what a restart needs is in the store before it is acted upon."""

    def __init__(self, study: StudyConfig, store: Store, tally: Tally) -> None:
        self._config = study.pruning.of(study.objective)
        self._store = store
        self._tally = tally
        self._seen: dict[str, _Seen] = {}
        self._curves: dict[int, Curve] = {}
        self._reported: dict[int, dict[int, float]] = {}
        """Number of a trial -> step -> the value that the store was told."""
        self._last: tuple[object, Decisions] | None = None

    def first_pause(self, trial: Trial) -> int | None:
        """The step that a trial which begins shall not go beyond, before anybody has decided on it."""
        free = trial.spared or trial.rung > 0 or not self._config.rungs
        return None if free else self._config.rungs[0]

    def look(self, active: Sequence[ActiveTrial], over: bool) -> Decisions:
        """What is to be done now.

        Args:
            over: nothing is at work, and nothing will be but those that wait at a rung.
        """
        for each in active:
            if each.trial.rung == 0:
                self._curves[each.trial.origin] = self._curve(each)
        at_work = tuple(self._curves[each.trial.origin] for each in active if each.trial.rung == 0)
        seen = (at_work, self._tally.version, over, self._store.more_to_come())
        if self._last is not None and self._last[0] == seen:
            return self._last[1]
        curves = [self._placed(trial) for trial in self._tally.known.values()]
        decisions = decide(self._config, curves, over, self._store.more_to_come())
        self._last = (seen, decisions)
        open_ones = {each.trial.origin: each for each in active if each.trial.rung == 0}
        for origin, rung in decisions.resume.items():
            self._keep(open_ones.get(origin), passed=rung)
        if not self._config.rungs and self._config.metric is not None:
            self._note_judged({o: each for o, each in open_ones.items() if o not in decisions.prune})
        return decisions

    def close(self, active: ActiveTrial) -> str | None:
        """Writes down what a trial reported to its end, before it is told; what a guard found in it, however late.

        So a run that was over before anybody looked again ends as one that was looked at in time.
        """
        if active.trial.rung > 0:
            return None
        curve = self._curves[active.trial.origin] = self._curve(active)
        dead = [curve.dead.step, curve.dead.reason] if curve.dead is not None else None
        self._store.note_curve(active.trial, curve.step, dead)
        for run in active.runs.values():
            self._seen.pop(run.folder.path.name, None)
        return curve.dead.reason if curve.dead is not None and not curve.spared else None

    def _placed(self, trial: Trial) -> Curve:
        """The curve of a configuration in its present state."""
        curve = self._curves.get(trial.origin)
        if curve is None:
            dead = Breach(*trial.dead) if trial.dead is not None else None
            curve = self._curves[trial.origin] = Curve(
                trial.origin,
                str(trial.state),
                steps=trial.reached,
                step=trial.reached,
                reports=tuple(sorted(trial.reports.items())),
                spared=trial.spared,
                dead=dead,
                passed=trial.passed,
                judged=trial.judged,
            )
        state = TrialState.COMPLETE if trial.rung > 0 else trial.state
        return curve if curve.state == state else dataclasses.replace(curve, state=str(state))

    def _curve(self, active: ActiveTrial) -> Curve:
        """The curve of an open trial as its runs show it now; the store is told what is new."""
        trial = self._tally.known.get(active.trial.origin, active.trial)
        records = [self._records(run) for run in active.runs.values()]
        guards = [found for each in records if (found := breach(self._config.guards, each)) is not None]
        metric = self._config.metric
        reports = mean_curve([value_at(each, metric) for each in records]) if metric is not None else ()
        told = self._reported.setdefault(active.trial.number, {})
        for step, value in reports:
            if told.get(step) != value:  # new, or done again since with another one
                self._store.report(active.trial, step, value)
                told[step] = value
        return Curve(
            trial.origin,
            str(active.trial.state if active.trial.state not in TOLD else TrialState.RUNNING),
            steps=min(run.steps for run in active.runs.values()),
            step=min((each[-1]["step"] if each else 0) for each in records),
            reports=reports,
            spared=trial.spared,
            dead=min(guards, key=lambda found: found.step, default=None),
            passed=trial.passed,
            judged=trial.judged,
        )

    def _records(self, run: ActiveRun) -> list[Record]:
        seen = self._seen.setdefault(run.folder.path.name, _Seen())
        try:
            size = run.folder.metrics_path.stat().st_size
        except FileNotFoundError:
            return []
        if size != seen.size:
            with suppress(RunFolderError):  # damaged: the reconciler finds that, too, and fails the trial
                seen.size, seen.records = size, run.folder.metrics()
        return seen.records

    def _note_judged(self, active: dict[int, ActiveTrial]) -> None:
        for origin, each in active.items():
            seen = looks(self._curves[origin], self._config.start, self._config.every)
            if seen and seen[-1][0] > self._tally.known[origin].judged:
                self._keep(each, judged=seen[-1][0])

    def _keep(self, active: ActiveTrial | None, **noted: int) -> None:
        """In the store first: a driver that dies now is followed by one that knows."""
        if active is not None:
            self._store.note(active.trial, **noted)
            before = self._tally.known[active.trial.origin]
            kept = {"passed": before.passed, "judged": before.judged, **noted}
            self._tally.put(dataclasses.replace(before, passed=kept["passed"], judged=kept["judged"]))
