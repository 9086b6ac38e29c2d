"""The driver: asks for trials, keeps their runs going, tells their values. It may be killed at any moment.

It keeps nothing that is not in the store or in a run folder; its memory is only the processes it started.
"""

from __future__ import annotations

import threading

from harness.config.study import StudyConfig
from harness.errors import HarnessError
from harness.runs import RunFolder
from harness.runs.provenance import collect
from sweeps.active import ActiveRun, ActiveTrial, mean
from sweeps.folder import StudyFolder
from sweeps.launcher import Launcher
from sweeps.plan import Resolver, create_run, points, run_overrides
from sweeps.progress import Failure, Observer, Progress
from sweeps.reconcile import RunAction, Verdict
from sweeps.status import run_status
from sweeps.store import Store
from sweeps.trials import Trial, TrialState


class Driver:
    """Works off a study, whose lock the caller holds: `parallel` runs at a time, a new one when a slot frees."""

    def __init__(
        self, study: StudyConfig, folder: StudyFolder, store: Store, launcher: Launcher, resolve: Resolver, poll_s: float
    ) -> None:
        self._study = study
        self._folder = folder
        self._store = store
        self._launcher = launcher
        self._resolve = resolve
        self._poll_s = poll_s
        self._origin = collect()
        self._active: list[ActiveTrial] = []
        self._wake = threading.Event()
        self._stopping = False

    def stop(self) -> None:
        """Asks every run to checkpoint and stop; `run` returns when they have. Safe in a signal handler."""
        self._stopping = True
        self._wake.set()

    def run(self, observe: Observer) -> None:
        """Returns when every trial is told, or every run has stopped."""
        told = self._store.trials()
        self._complete = sum(trial.state is TrialState.COMPLETE for trial in told)
        self._failures = [_failure(trial) for trial in told if trial.state is TrialState.FAILED]
        for trial in self._store.running():
            self._open(trial)
        while True:
            startable, alive = self._settle()
            if self._stopping:
                self._ask_to_stop(alive)
            else:
                alive += self._fill(startable, self._study.parallel - len(alive))
            observe(self._progress())
            if not alive:
                return
            self._wake.wait(self._poll_s)
            self._wake.clear()

    def _settle(self) -> tuple[list[ActiveRun], list[ActiveRun]]:
        """Does what is decided for each trial in work; the runs that can be started, and those alive."""
        startable: list[ActiveRun] = []
        alive: list[ActiveRun] = []
        for active in list(self._active):
            try:
                decision = active.decide()
                if decision.verdict is Verdict.TELL_VALUE:
                    self._tell(active)
                elif decision.verdict is Verdict.TELL_FAILED:
                    self._fail(active.trial, active.failures())
            except HarnessError as error:  # a damaged folder, or no objective in it: this trial's affair only
                self._fail(active.trial, str(error))
                continue
            for run, action in zip(active.runs.values(), decision.actions, strict=True):
                if action is RunAction.START:
                    startable.append(run)
                elif action is RunAction.WAIT:
                    alive.append(run)
                elif action is RunAction.BURY:
                    run.bury()
        return startable, alive

    def _fill(self, startable: list[ActiveRun], slots: int) -> list[ActiveRun]:
        """Starts runs in the free slots, asking for trials as it goes; the runs started."""
        started: list[ActiveRun] = []
        while len(started) < slots:
            if not startable:
                trial = self._store.ask()
                if trial is None:
                    break
                startable += self._open(trial)
                continue
            run = startable.pop(0)
            self._start(run)
            started.append(run)
        return started
