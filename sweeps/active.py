"""A trial in work: its run folders and the jobs that were started for them."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.config.study import Objective
from harness.errors import BusyError, LockHeldError, RunFolderError
from harness.exits import Exit
from harness.runs import RunFolder, RunLock, RunState, holder
from harness.runs.provenance import Provenance
from sweeps.cancel import CANCELLER
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.journal import JobRecord, Journal
from sweeps.jobs.launcher import Handle, Launcher
from sweeps.jobs.policy import Policy, strikes
from sweeps.jobs.reconcile import Decision, RunAction, RunFacts, reconcile
from sweeps.objective import run_value
from sweeps.plan import Resolved, create_run
from sweeps.trials import Trial

STOPPER, BUDGET, PRUNER = DRIVERS = ("driver", "budget", "pruner")
"""Whose stop request it is: that of a driver which ends, whose budget is spent, or which has given up the trial."""
LOG_LINES = 3
LOG_BYTES = 2000


@dataclass
class ActiveRun:
    """A run of an open trial. `end` is that of the last job that this driver saw end.

    `attempts_before` are those it had when its trial was enqueued for a retry, None where it is no retry.
    """

    folder: RunFolder
    title: str
    resolved: Resolved
    policy: Policy
    attempts_before: int | None = None
    handle: Handle | None = None
    end: End | None = None
    wanted: bool = False
    """Whether somebody asked for another try while it was still alive: then its stop is no end."""
    hold_at: int | None = None
    """The step at which it has to wait until the pruner has decided; None: it need not."""

    def __post_init__(self) -> None:
        self.journal = Journal(self.folder.path)
        self._unasked: Launcher | None = None

    def start(self, launcher: Launcher, provenance: Provenance) -> None:
        """Starts or resumes it; a stop request of an earlier driver is withdrawn first."""
        if not self.folder.exists():
            create_run(self.folder.path, self.resolved, self.title, provenance)
        if self._retry_due() and self.end is None and self.journal.since_retry():
            self.journal.retry()
        self.folder.clear_stop()
        self._write_hold()
        self.handle = launcher.start(self.folder)

    def hold(self, step: int | None) -> None:
        """Has it wait at this step, or go on as far as that; one that waits at an earlier step can be started again."""
        waited = self.hold_at is not None and self._is_held()
        self.hold_at = step
        if self.folder.exists() and self.folder.paused_at() != step:
            self._write_hold()
            if waited:  # its job ends there, or has: that asks for nothing
                self.end, self.wanted = None, self.handle is not None

    def _write_hold(self) -> None:
        if self.folder.paused_at() != self.hold_at:
            self.folder.pause_at(self.hold_at)

    def adopt(self, launcher: Launcher) -> None:
        """Takes over the job of an earlier driver, where there is one, and where it has to wait; until the launcher can
        say, it may be alive."""
        self._unasked = launcher
        with suppress(BusyError):
            if self.folder.exists():
                self.hold_at = self.folder.paused_at()
                self.handle = launcher.find(self.folder)
                # What an earlier driver asked it for is not what this one wants, which asks again if it does.
                self.wanted = self.handle is not None and self.folder.stop_asker() in DRIVERS
            self._unasked = None

    def facts(self) -> RunFacts:
        """What is seen now. Whether it is alive is looked at first: then the state of a dead run is final."""
        if self._unasked is not None:
            self.adopt(self._unasked)
            if self._unasked is not None:
                return RunFacts(None, alive=True)
        if self.handle is not None:
            end = self.handle.poll()
            if end is None:
                return RunFacts(None, alive=True)
            self._note(self.handle.job, end)
        if holder(self.folder.path) is not None:
            return RunFacts(None, alive=True, end=self.end)
        try:
            cancelled = self.folder.cancelled() is not None
            if not self.folder.exists():
                return RunFacts(None, alive=False, end=self.end, cancelled=cancelled)
            manifest = self.folder.manifest()
            jobs = self.journal.since_retry() if self.end is not None else []
            return RunFacts(
                manifest["state"],
                alive=False,
                end=self.end,
                attempts=len(manifest["attempts"]),
                allowed=self._allowed(jobs),
                due=self._due(jobs),
                retry=self._retry_due(),
                cancelled=cancelled,
                held=self._is_held(),
            )
        except RunFolderError as error:
            return RunFacts(None, alive=False, end=self.end, damage=str(error))

    def failure(self) -> str | None:
        """Why it failed, or None where it did not."""
        facts = self.facts()
        if facts.state is None and facts.cancelled:
            return f"cancelled: {self.folder.cancelled()}"
        return self.folder.manifest()["reason"] if facts.state is RunState.FAILED else facts.damage

    def try_again(self) -> None:
        """Another try, whatever its end was; one that is alive and about to stop is started again."""
        facts = self.facts()
        if facts.alive:
            self.wanted = True
            if self.folder.exists() and (manifest := self.folder.manifest())["state"] is RunState.FAILED:
                self.attempts_before = len(manifest["attempts"])  # only its process has yet to end
        elif facts.damage is None:
            self.attempts_before, self.end = facts.attempts, None

    def is_cancelled_alive(self) -> bool:
        """Whether somebody cancelled it and it lives: then it has been asked to stop when this returns."""
        if self.folder.cancelled() is None:
            return False
        if self.folder.stop_asker() is None:
            self.folder.request_stop(CANCELLER)
        return True

    def mark_done(self) -> None:
        """Completes a run that was killed after its last word: only its marker can be missing."""
        if self.folder.is_done():
            return
        # Whoever holds the lock goes on with the run, and marks it himself.
        with suppress(LockHeldError), RunLock(self.folder.path):
            if self.folder.manifest()["state"] is RunState.COMPLETE:
                self.folder.mark_done()

    def bury(self, seen: RunFacts) -> None:
        """Writes the failure of a job that ended without writing it, with the end of its log.

        Somebody may have started it by hand since it was `seen`: then the next look finds out.
        """
        with suppress(LockHeldError), RunLock(self.folder.path):
            manifest = self.folder.manifest()
            if manifest["state"] is seen.state and len(manifest["attempts"]) == seen.attempts:
                self.folder.record_death(self._death(seen))

    def _death(self, seen: RunFacts) -> str:
        if seen.cancelled:
            return f"cancelled: {self.folder.cancelled()}"
        detail = self.end.detail if self.end is not None else "no job of it is known"
        count = strikes(self.journal.since_retry())
        again = f" ({count.in_all} ends in a row without progress)" if count is not None and count.in_all > 1 else ""
        return f"{detail}{again}; its log ends: {_end_of(self.folder.log_path)}"

    def _note(self, job: str, end: End) -> None:
        """Writes the end of the job into the journal, once."""
        known = self.journal.open_job()
        if known is not None and known.job == job:
            self.journal.end(job, end, self._step())
        over = end.cause is Cause.ENDED and (end.exit_code == Exit.STOPPED or self._retry_due())
        self.end, self.handle = None if self.wanted and over else end, None
        self.wanted = False

    def _allowed(self, jobs: list[JobRecord]) -> bool:
        count = strikes(jobs)
        return count is not None and self.policy.allows(count)

    def _due(self, jobs: list[JobRecord]) -> bool:
        count = strikes(jobs)
        ended = jobs[-1].ended if jobs else None
        return count is None or ended is None or time.time() >= ended + self.policy.wait_s(count)

    def _retry_due(self) -> bool:
        if self.attempts_before is None:
            return False
        return len(self.folder.manifest()["attempts"]) <= self.attempts_before if self.folder.exists() else False

    def _is_held(self) -> bool:
        return self.hold_at is not None and self._step() >= self.hold_at

    @property
    def name(self) -> str:
        """`t0003-s1`."""
        return self.folder.path.name

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return int(self.resolved.config["trainer"]["steps"])

    def _step(self) -> int:
        try:
            last = self.folder.last_record()
        except RunFolderError:  # damaged: `facts` says so
            return 0
        return last["step"] if last is not None else 0


@dataclass
class ActiveTrial:
    """A trial that was asked for and is not yet told, with a run for each seed."""

    trial: Trial
    runs: dict[int, ActiveRun]
    dropped: str | None = None
    """Why the pruner has given it up; None where it has not."""

    def decide(self) -> Decision:
        """The decision on what is seen now; processes that died without a word are buried first."""
        while True:
            seen = [run.facts() for run in self.runs.values()]
            decision = reconcile(seen, self.dropped is not None)
            if RunAction.BURY not in decision.actions:
                return decision
            for run, facts, action in zip(self.runs.values(), seen, decision.actions, strict=True):
                if action is RunAction.BURY:
                    run.bury(facts)

    def try_again(self) -> None:
        """Another try for each of its runs that is not complete."""
        for run in self.runs.values():
            run.try_again()

    def attempts_before(self) -> dict[int, int]:
        """Seed -> attempts before the retry that its run was last given."""
        return {seed: run.attempts_before for seed, run in self.runs.items() if run.attempts_before is not None}

    def values(self, objective: Objective, hours: Callable[[RunFolder], float]) -> dict[int, float]:
        """The objective of each seed. Raises StudyError where a run did not record it.

        Args:
            hours: those paid for a run.
        """
        return {
            seed: run_value(run.folder, objective, functools.partial(hours, run.folder))
            for seed, run in self.runs.items()
        }

    def hold(self, step: int | None) -> None:
        """Has all of its runs wait at this step; None lets them go on."""
        for run in self.runs.values():
            run.hold(step)

    def failures(self) -> str:
        """The reasons of the runs that failed, one a run."""
        reasons = {seed: run.failure() for seed, run in self.runs.items()}
        return "; ".join(f"seed {seed}: {reason}" for seed, reason in reasons.items() if reason is not None)


def _end_of(log: Path) -> str:
    """The last LOG_LINES lines of a log, of LOG_BYTES at most: a log may be huge."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_BYTES))
            lines = file.read().decode(errors="replace").splitlines()[-LOG_LINES:]
    except FileNotFoundError:
        lines = []
    return " | ".join(lines) or "(empty)"
