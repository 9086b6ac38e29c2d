"""The driver: asks for trials, keeps their runs going, tells their values. It may be killed at any moment.

It keeps nothing that is not in the store or in a run folder; its memory is only the processes it started.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from harness.config.study import StudyConfig
from harness.errors import BusyError, ConfigError, HarnessError, LeaseLostError, SchedulerError
from harness.runs import RunFolder
from harness.runs.provenance import collect
from harness.runs.space import no_space
from sweeps import requests
from sweeps.active import ActiveRun, ActiveTrial
from sweeps.folder import StudyFolder
from sweeps.launcher import Launcher
from sweeps.plan import Resolver, points, resolve, run_overrides
from sweeps.policy import Policy
from sweeps.progress import Failure, Observer, Progress, unobserved
from sweeps.reconcile import RunAction, Verdict
from sweeps.status import attempts, run_status
from sweeps.store import Store
from sweeps.trials import Trial, TrialState
from sweeps.work import Work


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
        policy: Policy | None = None,
        guard: Callable[[], None] = unguarded,
    ) -> None:
        self._study = study
        self._folder = folder
        self._store = store
        self._launcher = launcher
        self._resolve = resolve
        self._poll_s = poll_s
        self._policy = policy or Policy()
        self._trials = len(points(study)) + study.n_trials
        self._guard = guard
        self._provenance = collect()
        self._active: list[ActiveTrial] = []
        self._complete = 0
        self._failures: list[Failure] = []
        self._stopping = False
        self._cancelled: str | None = None
        self._asked_to_stop: set[Path] = set()
        self._exhausted = False
        self._busy: str | None = None
        self._full: str | None = None
        """Why the last round was cut short."""

    def stop(self) -> None:
        """Asks every run to checkpoint and stop; `run` returns when they have. Safe in a signal handler.

        Jobs of a scheduler are left alone: the next driver finds them again.
        """
        self._stopping = True

    def run(self, observe: Observer = unobserved) -> None:
        """Returns when every trial is told, or every run has stopped: of itself, by `stop`, or by the study's mark."""
        told = self._store.trials()
        self._complete = sum(trial.state is TrialState.COMPLETE for trial in told)
        self._failures = [
            Failure(trial.name, trial.title, trial.reason or "") for trial in told if trial.state is TrialState.FAILED
        ]
        self._guard()
        self._adopt()
        while True:
            self._guard()
            work = self._round()
            self._show(observe)
            if self._stopping and self._launcher.detached:
                return
            if work is not None and not work.alive and self._over(work):
                self._launcher.close()
                return
            time.sleep(self._poll_s)

    def _round(self) -> Work | None:
        """One look and what follows from it; None where a full disk cut it short. The next one makes up for that."""
        try:
            self._launcher.refresh()
            if self._full is not None:
                self._adopt()
            self._cancelled = self._folder.cancelled()
            if self._cancelled is not None:
                self._mark_runs(self._cancelled)
            elif not self._stopping:
                self._take_requests()
            work = self._settle(self._active)
            self._hold_back(work.alive)
            if not self._stopping and self._cancelled is None:
                self._fill(work)
            elif self._stopping and not self._launcher.detached:
                self._ask_to_stop(work.alive)
        except LeaseLostError:
            raise
        except Exception as error:
            if not no_space(error, self._folder.path):
                raise
            self._full = f"the disk is full; nothing is started or told until there is room: {error}"
            return None
        self._full = None
        return work

    def _over(self, work: Work) -> bool:
        """Whether nothing more is to be started."""
        return self._stopping or self._cancelled is not None or (self._exhausted and not work.left)

    def _show(self, observe: Observer) -> None:
        """What is shown may go into a file on the full disk."""
        try:
            observe(self._progress())
        except OSError as error:
            if not no_space(error, self._folder.path):
                raise

    def _adopt(self) -> None:
        """Takes trials into work that were asked for and not opened."""
        known = {active.trial.number for active in self._active}
        for trial in self._store.running():
            if trial.number not in known:
                self._open(trial)

    def _take_requests(self) -> None:
        """Gives the trials that somebody asks for another try; a request is removed once that is in the store."""
        for request in requests.take(self._folder):
            self._guard()
            again = self._store.enqueue_retries(self._attempts, request.retry)
            names = {trial.name for trial in again}
            self._failures = [failure for failure in self._failures if failure.name not in names]
            self._exhausted = self._exhausted and not again
            for active in self._active:
                if active.trial.name in request.retry:
                    active.try_again()
                    self._store.note_attempts(active.trial, active.attempts_before())
            request.done()

    def _attempts(self, trial: Trial) -> dict[int, int]:
        return attempts(self._folder, trial, self._study.seeds)

    def _mark_runs(self, reason: str) -> None:
        """Of a cancelled study every run that has begun is cancelled, too, those begun a moment ago included."""
        for active in self._active:
            for run in active.runs.values():
                if run.folder.exists() and not run.folder.is_done() and run.folder.cancelled() is None:
                    run.folder.cancel(reason)

    def _hold_back(self, alive: list[ActiveRun]) -> None:
        """Ends what was cancelled: by its stop request where it runs, by taking it out of the queue where it waits."""
        cancelled = [run.folder for run in alive if run.is_cancelled_alive()]
        if cancelled:
            with suppress(SchedulerError):  # the next look tries it again
                self._launcher.cancel(cancelled)

    def _settle(self, trials: list[ActiveTrial]) -> Work:
        """Tells the trials that are over; of the others what can be started, what is alive, what has to wait."""
        work = Work()
        for active in list(trials):
            decision = active.decide()
            if decision.verdict is not Verdict.OPEN:
                self._close(active, decision.verdict)
                continue
            for run, action in zip(active.runs.values(), decision.actions, strict=True):
                if action is RunAction.START:
                    work.startable.append(run)
                elif action is RunAction.WAIT:
                    work.alive.append(run)
                elif action is RunAction.LATER:
                    work.later.append(run)
        return work

    def _fill(self, work: Work) -> None:
        """Starts runs while slots are free, moving them to `alive`; asks for trials when none is left."""
        room = self._launcher.room()
        slots = self._study.parallel if room is None else min(self._study.parallel, len(work.alive) + room)
        while len(work.alive) < slots:
            self._guard()
            if work.startable:
                try:
                    work.startable[0].start(self._launcher, self._provenance)
                except BusyError as error:
                    self._busy = str(error)
                    return
                work.alive.append(work.startable.pop(0))
            elif not self._exhausted and (trial := self._store.ask()) is not None:
                work.add(self._settle(self._open(trial)))
            else:
                self._exhausted = True  # until somebody asks for a retry
                break
        self._busy = None

    def _open(self, trial: Trial) -> list[ActiveTrial]:
        """Takes a trial into work; none when its configuration is refused, it has failed then."""
        try:
            runs = {
                seed: ActiveRun(
                    RunFolder(self._folder.runs_path / trial.run_name(seed)),
                    trial.title,
                    self._resolve(run_overrides(self._study, trial.overrides, seed)),
                    self._policy,
                    trial.attempts.get(seed),
                )
                for seed in self._study.seeds
            }
        except ConfigError as error:
            self._fail(trial, str(error))
            return []
        for run in runs.values():
            run.adopt(self._launcher)
        self._active.append(ActiveTrial(trial, runs))
        return self._active[-1:]

    def _close(self, active: ActiveTrial, verdict: Verdict) -> None:
        """Tells the trial; until that is done it stays in work."""
        self._guard()
        self._tell(active, verdict)
        self._active.remove(active)

    def _tell(self, active: ActiveTrial, verdict: Verdict) -> None:
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
            trials=self._trials,
            complete=self._complete,
            failures=tuple(self._failures),
            runs=tuple(run_status(run.folder, run.title, run.handle is not None) for run in runs),
            stopping=self._stopping,
            note=self._note(),
        )

    def _note(self) -> str | None:
        if self._cancelled is not None:
            return f"the study is cancelled {self._cancelled}; `entrocraft retry {self._folder.path}` withdraws that"
        return self._full or self._busy or self._launcher.note
