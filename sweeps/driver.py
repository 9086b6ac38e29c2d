"""The driver: asks for trials, keeps their runs going, tells their values. It may be killed at any moment.

It keeps nothing that is not in the store or in a run folder; its memory is only the processes it started.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from harness.config.study import StudyConfig
from harness.errors import BusyError, ConfigError, LeaseLostError, SchedulerError
from harness.runs import RunFolder
from harness.runs.provenance import collect
from harness.runs.space import no_space
from sweeps import requests
from sweeps.active import BUDGET, PRUNER, STOPPER, ActiveRun, ActiveTrial
from sweeps.asking import Asking
from sweeps.budget.grants import granted
from sweeps.budget.ledger import Ledger
from sweeps.budget.spending import Account
from sweeps.ended import note_end
from sweeps.folder import StudyFolder
from sweeps.jobs.known import Look, local_jobs
from sweeps.jobs.launcher import Launcher
from sweeps.jobs.policy import Policy
from sweeps.jobs.reconcile import RunAction, Verdict
from sweeps.plan import Resolver, resolve, run_overrides
from sweeps.progress import Observer, Progress, unobserved
from sweeps.pruner import Pruner
from sweeps.status import attempts, run_status
from sweeps.storage.outage import is_outage, reason
from sweeps.storage.store import Store
from sweeps.tally import Tally
from sweeps.telling import Teller
from sweeps.trials import Trial, TrialState
from sweeps.work import Work

OUTAGE_POLL_S = 5.0
"""Between two tries while the database does not answer."""


def unguarded() -> None:
    """The guard of a driver that nobody can take over from."""


class Driver:
    """Works off a study, whose lease the caller holds: a new run starts the moment a slot is free.

    Args:
        planned: trials that are known in advance; with those to be drawn, all that the study will have.
        guard: called once a poll and before anything is started or told; raises where the lease is lost.
        look: what is known of a run's jobs, for what it has cost.
    """

    def __init__(
        self,
        study: StudyConfig,
        folder: StudyFolder,
        store: Store,
        launcher: Launcher,
        planned: int,
        resolve: Resolver = resolve,
        poll_s: float = 0.25,
        policy: Policy | None = None,
        guard: Callable[[], None] = unguarded,
        look: Look = local_jobs,
    ) -> None:
        self._study = study
        self._folder = folder
        self._store = store
        self._launcher = launcher
        self._resolve = resolve
        self._poll_s = poll_s
        self._policy = policy or Policy()
        self._planned = planned
        self._guard = guard
        self._provenance = collect()
        self._ledger = Ledger(folder, lambda: granted(folder, study.budget), look)
        self._asking = Asking(study, store, resolve)
        self._tally = Tally(store.trials())
        self._pruner = Pruner(study, store, self._tally) if study.pruning.on else None
        self._teller = Teller(study, store, self._tally, self._ledger, self._pruner, guard)
        self._asked_to_stop: set[Path] = set()
        self._active: list[ActiveTrial] = []
        self._account: Account | None = None
        self._at_work: Mapping[str, int] = {}
        self._stopping = False
        self._cancelled: str | None = None
        self._exhausted = False
        self._unaffordable = False
        """Whether something is left to be started that the budget does not pay."""
        self._stuck = False
        """Whether nothing more can arrive at a rung."""
        self._undecided = False
        """Whether there was nothing to decide at the rungs when nothing more could arrive."""
        self._busy: str | None = None
        self._cut: str | None = None
        """Why the last round was cut short."""

    def stop(self) -> None:
        """Asks every run to checkpoint and stop; `run` returns when they have. Safe in a signal handler.

        Jobs of a scheduler are left alone: the next driver finds them again.
        """
        self._stopping = True

    def run(self, observe: Observer = unobserved) -> None:
        """Returns when every trial is told, the budget is spent, or every run has stopped: of itself, by `stop`, or by
        the study's mark."""
        self._guard()
        self._adopt()
        while True:
            self._guard()
            work = self._round()
            self._show(observe)
            if self._stopping and (self._launcher.detached or (work is None and not self._active)):
                return
            if work is not None and not work.alive and self._over(work):
                self._launcher.close()
                if not self._stopping and self._cancelled is None:
                    note_end(self._folder, self._unaffordable, self._store.used_up)
                return
            time.sleep(self._poll_s)

    def _round(self) -> Work | None:
        """One look and what follows from it; None where a full disk or a database that does not answer cut it short.

        The next one makes up for that.
        """
        try:
            self._launcher.refresh()
            if self._cut is not None:
                self._store.recount()
                self._tally.reset(self._store.trials())
                self._asking.reset()
                self._exhausted = False  # what was told behind the cut may be promoted
                self._adopt()
            self._cancelled = self._folder.cancelled()
            if self._cancelled is not None:
                self._mark_runs(self._cancelled)
            elif not self._stopping:
                self._take_requests()
            self._prune()
            work = self._settle(self._active)
            self._hold_back(work.alive)
            self._count_costs(work)
            if not self._stopping and self._cancelled is None:
                self._fill(work)
            elif self._stopping and not self._launcher.detached:
                self._ask_to_stop(work.alive, STOPPER)
        except LeaseLostError:
            raise
        except Exception as error:
            if no_space(error, self._folder.path):
                self._cut = f"the disk is full; nothing is started or told until there is room: {error}"
            elif is_outage(error):
                self._cut = f"the database does not answer; nothing is started or told until it does: {reason(error)}"
                time.sleep(max(0.0, min(OUTAGE_POLL_S, 10 * self._poll_s)))
            else:
                raise
            return None
        self._cut = None
        self._at_work = work.at_work
        ended = self._unaffordable or (self._exhausted and not work.startable)
        self._stuck = bool(work.held) and not work.alive and not work.later and ended
        return work

    def _over(self, work: Work) -> bool:
        """Whether nothing more is to be started."""
        if self._stopping or self._cancelled is not None:
            return True
        if work.held:  # once nothing more can arrive at its rung, that is decided at the next look
            return self._stuck and self._undecided
        return self._unaffordable or (self._exhausted and not work.left)

    def _show(self, observe: Observer) -> None:
        """What is shown may go into a file on the full disk."""
        try:
            observe(self._progress())
        except OSError as error:
            if not no_space(error, self._folder.path):
                raise

    def _adopt(self) -> None:
        """Takes trials into work that were asked for and not opened, and lets go of those told in the meantime."""
        there = {trial.number: trial for trial in self._store.running()}
        self._active = [active for active in self._active if active.trial.number in there]
        known = {active.trial.number for active in self._active}
        for number, trial in there.items():
            if number not in known:
                self._open(trial)

    def _take_requests(self) -> None:
        """Gives the trials that somebody asks for another try; a request is removed once that is in the store."""
        for request in requests.take(self._folder):
            self._guard()
            again = self._store.enqueue_retries(self._attempts, request.retry)
            for trial in again:
                self._tally.put(dataclasses.replace(trial, state=TrialState.WAITING, reason=None))
            self._exhausted = self._exhausted and not again
            for active in self._active:
                if active.trial.name in request.retry:
                    active.try_again()
                    self._store.note_attempts(active.trial, active.attempts_before())
            request.done()

    def _attempts(self, trial: Trial) -> dict[int, int]:
        return attempts(self._folder, trial, trial.on(self._study.seeds))

    def _mark_runs(self, reason: str) -> None:
        """Of a cancelled study every run that has begun is cancelled, too, those begun a moment ago included."""
        for active in self._active:
            for run in active.runs.values():
                if run.folder.exists() and not run.folder.is_done() and run.folder.cancelled() is None:
                    run.folder.cancel(reason)

    def _prune(self) -> None:
        """Gives up trials, and has others wait or go on, as the pruner decides."""
        if self._pruner is None:
            return
        decisions = self._pruner.look(self._active, over=self._stuck)
        self._undecided = self._stuck and not decisions.prune and not decisions.resume
        for active in self._active:
            if active.dropped is None and (reason := decisions.prune.get(active.trial.origin)) is not None:
                self._guard()
                self._store.note_dropped(active.trial, reason)  # first: the next driver goes on with that
                active.dropped = reason
            elif active.dropped is None:
                active.hold(decisions.pause_at.get(active.trial.origin))

    def _hold_back(self, alive: list[ActiveRun]) -> None:
        """Ends what was cancelled or given up: by a stop request where it runs, by taking it out of the queue where it
        waits."""
        given_up = [active.runs.values() for active in self._active if active.dropped is not None]
        names = {run.folder.path for runs in given_up for run in runs}
        dropped = [run for run in alive if run.folder.path in names]
        self._ask_to_stop(dropped, PRUNER)
        ending = [run.folder for run in alive if run.is_cancelled_alive() or run in dropped]
        if ending:
            with suppress(SchedulerError):  # the next look tries it again
                self._launcher.cancel(ending)

    def _count_costs(self, work: Work) -> None:
        """What everything has cost; where the budget is spent, the runs at work are asked to stop."""
        if granted(self._folder, self._study.budget) is None:
            self._account = None
            return
        self._account = self._ledger.account(work.at_work)
        if self._account.over:
            self._ask_to_stop(work.alive, BUDGET)

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
                elif action is RunAction.HOLD:
                    work.held.append(run)
        return work

    def _fill(self, work: Work) -> None:
        """Starts runs while slots are free, moving them to `alive`; asks for trials when none is left."""
        room = self._launcher.room()
        slots = self._study.parallel if room is None else min(self._study.parallel, len(work.alive) + room)
        self._unaffordable = self._account is not None and self._account.over and bool(self._active)
        while len(work.alive) < slots:
            self._guard()
            if work.startable:
                run = next((run for run in work.startable if self._affords(run.name, run.steps, work)), None)
                if run is None:
                    self._unaffordable = not work.alive and not work.later
                    break
                try:
                    run.start(self._launcher, self._provenance)
                    self._asked_to_stop.discard(run.folder.path)
                except BusyError as error:
                    self._busy = str(error)
                    return
                self._ledger.note_start(run.name)
                work.startable.remove(run)
                work.alive.append(run)
            elif not self._exhausted and not self._affords("", self._longest(), work):
                self._unaffordable = not work.alive and not work.later
                break
            elif not self._exhausted and (trial := self._asking.next(self._tally.known)) is not None:
                self._tally.put(trial)
                work.add(self._settle(self._open(trial)))
            else:
                self._exhausted = True  # until somebody asks for a retry, or a trial that can be promoted is told
                break
        self._busy = None

    def _affords(self, name: str, steps: int, work: Work) -> bool:
        return self._account is None or self._account.may_start(name, steps, work.at_work)

    def _longest(self) -> int:
        """Steps of a run still to be asked for: as many as the longest so far."""
        return max((spent.steps for spent in self._account.runs.values()), default=0) if self._account else 0

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
                for seed in trial.on(self._study.seeds)
            }
        except ConfigError as error:
            self._teller.fail(trial, str(error))
            return []
        new = not any(run.folder.exists() for run in runs.values())
        for run in runs.values():
            run.adopt(self._launcher)
        self._active.append(ActiveTrial(trial, runs, trial.dropped))
        if self._pruner is not None and new:
            self._active[-1].hold(self._pruner.first_pause(trial))
        return self._active[-1:]

    def _close(self, active: ActiveTrial, verdict: Verdict) -> None:
        """Tells the trial; until that is done it stays in work."""
        self._teller.tell(active, verdict)
        self._active.remove(active)
        self._exhausted = self._exhausted and self._study.promotion is None

    def _ask_to_stop(self, alive: list[ActiveRun], asker: str) -> None:
        for run in alive:
            if run.folder.path not in self._asked_to_stop:
                self._guard()
                run.folder.request_stop(asker)
                self._asked_to_stop.add(run.folder.path)

    def _progress(self) -> Progress:
        runs = [run for active in self._active for run in active.runs.values()]
        return Progress(
            study=self._study.name,
            title=self._study.title,
            trials=self._planned + self._study.n_trials,
            complete=self._tally.count(TrialState.COMPLETE),
            pruned=self._tally.count(TrialState.PRUNED),
            failures=self._tally.failures,
            runs=tuple(run_status(run.folder, run.title, run.handle is not None) for run in runs),
            stopping=self._stopping,
            note=self._note(),
            budget=self._account.text(self._at_work) if self._account is not None else None,
        )

    def _note(self) -> str | None:
        if self._cancelled is not None:
            return f"the study is cancelled {self._cancelled}; `entrocraft retry {self._folder.path}` withdraws that"
        if self._unaffordable:
            return "the budget does not pay the next run to its end; `--budget +HOURS` goes on"
        return self._cut or self._busy or self._launcher.note
