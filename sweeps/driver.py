"""The driver: asks for trials, keeps their runs going, tells their values. It may be killed at any moment.

It keeps nothing that is not in the store or in a run folder; its memory is only the processes it started.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from harness.config.study import StudyConfig
from harness.errors import ConfigError, HarnessError
from harness.runs import RunFolder
from harness.runs.provenance import collect
from sweeps.active import ActiveRun, ActiveTrial
from sweeps.folder import StudyFolder
from sweeps.launcher import Launcher
from sweeps.plan import Resolver, points, resolve, run_overrides
from sweeps.progress import Failure, Observer, Progress, unobserved
from sweeps.reconcile import RunAction, Verdict
from sweeps.status import run_status
from sweeps.store import Store
from sweeps.trials import Trial, TrialState


def unguarded() -> None:
    """The guard of a driver that nobody can take over from."""


class Driver:
    """Works off a study, whose lease the caller holds: a new run starts the moment a slot is free.

    `guard` is called once a poll and before anything is started or told; it raises where the lease is lost.
    """

    def __init__(
        self,
        study: StudyConfig,
        folder: StudyFolder,
        store: Store,
        launcher: Launcher,
        resolve: Resolver = resolve,
        poll_s: float = 0.25,
        guard: Callable[[], None] = unguarded,
    ) -> None:
        self._study = study
        self._folder = folder
        self._store = store
        self._launcher = launcher
        self._resolve = resolve
        self._poll_s = poll_s
        self._guard = guard
        self._provenance = collect()
        self._active: list[ActiveTrial] = []
        self._complete = 0
        self._failures: list[Failure] = []
        self._stopping = False
        self._asked_to_stop: set[Path] = set()

    def stop(self) -> None:
        """Asks every run to checkpoint and stop; `run` returns when they have. Safe in a signal handler."""
        self._stopping = True

    def run(self, observe: Observer = unobserved) -> None:
        """Returns when every trial is told, or every run has stopped."""
        told = self._store.trials()
        self._complete = sum(trial.state is TrialState.COMPLETE for trial in told)
        self._failures = [
            Failure(trial.name, trial.title, trial.reason or "") for trial in told if trial.state is TrialState.FAILED
        ]
        self._guard()
        for trial in self._store.running():
            self._open(trial)
        while True:
            self._guard()
            startable, alive = self._settle(self._active)
            if self._stopping:
                self._ask_to_stop(alive)
            else:
                self._fill(startable, alive)
            observe(self._progress())
            if not alive:
                return
            time.sleep(self._poll_s)

    def _settle(self, trials: list[ActiveTrial]) -> tuple[list[ActiveRun], list[ActiveRun]]:
        """Tells the trials that are over; of the others the runs that can be started, and those alive."""
        startable: list[ActiveRun] = []
        alive: list[ActiveRun] = []
        for active in list(trials):
            decision = active.decide()
            if decision.verdict is not Verdict.OPEN:
                self._close(active, decision.verdict)
                continue
            for run, action in zip(active.runs.values(), decision.actions, strict=True):
                if action is RunAction.START:
                    startable.append(run)
                elif action is RunAction.WAIT:
                    alive.append(run)
        return startable, alive

    def _fill(self, startable: list[ActiveRun], alive: list[ActiveRun]) -> None:
        """Starts runs while slots are free, moving them to `alive`; asks for trials when none is left."""
        while len(alive) < self._study.parallel:
            self._guard()
            if startable:
                run = startable.pop(0)
                run.start(self._launcher, self._provenance)
                alive.append(run)
            elif (trial := self._store.ask()) is not None:
                more, living = self._settle(self._open(trial))
                startable += more
                alive += living
            else:
                return

    def _open(self, trial: Trial) -> list[ActiveTrial]:
        """Takes a trial into work; none when its configuration is refused, it has failed then."""
        try:
            runs = {
                seed: ActiveRun(
                    RunFolder(self._folder.runs_path / trial.run_name(seed)),
                    trial.title,
                    self._resolve(run_overrides(self._study, trial.overrides, seed)),
                    trial.attempts.get(seed),
                )
                for seed in self._study.seeds
            }
        except ConfigError as error:
            self._fail(trial, str(error))
            return []
        self._active.append(ActiveTrial(trial, runs))
        return self._active[-1:]

    def _close(self, active: ActiveTrial, verdict: Verdict) -> None:
        self._guard()
        self._active.remove(active)
        if verdict is Verdict.TELL_FAILED:
            self._fail(active.trial, active.failures())
            return
        for run in active.runs.values():
            run.mark_done()
        try:
            values = active.values(self._study.objective)
        except HarnessError as error:
            self._fail(active.trial, str(error))
            return
        self._guard()
        self._store.tell(active.trial, statistics.fmean(values.values()), values)
        self._complete += 1

    def _fail(self, trial: Trial, reason: str) -> None:
        self._guard()
        self._store.tell_failed(trial, reason)
        self._failures.append(Failure(trial.name, trial.title, reason))

    def _ask_to_stop(self, alive: list[ActiveRun]) -> None:
        for run in alive:
            if run.folder.path not in self._asked_to_stop:
                self._guard()
                run.folder.request_stop()
                self._asked_to_stop.add(run.folder.path)

    def _progress(self) -> Progress:
        runs = [run for active in self._active for run in active.runs.values()]
        return Progress(
            study=self._study.name,
            title=self._study.title,
            trials=len(points(self._study)) + self._study.n_trials,
            complete=self._complete,
            failures=tuple(self._failures),
            runs=tuple(run_status(run.folder, run.title, run.handle is not None) for run in runs),
            stopping=self._stopping,
        )
