"""A trial in work: its run folders and the processes that this driver started for them."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.config.study import Objective
from harness.errors import LockHeldError, RunFolderError
from harness.runs import RunFolder, RunLock, RunState, holder
from harness.runs.provenance import Provenance
from sweeps.launcher import Handle, Launcher
from sweeps.objective import run_value
from sweeps.plan import Resolved, create_run
from sweeps.reconcile import Decision, RunAction, RunFacts, reconcile
from sweeps.trials import Trial

LOG_LINES = 3
LOG_BYTES = 2000


@dataclass
class ActiveRun:
    """A run of an open trial. `exit_code` is that of the process this driver started last.

    `attempts_before` are those it had when its trial was enqueued for a retry, None where it is no retry;
    `died_at` is the last step of this driver's last process that a signal killed, -1 before there was one.
    """

    folder: RunFolder
    title: str
    resolved: Resolved
    attempts_before: int | None = None
    handle: Handle | None = None
    exit_code: int | None = None
    died_at: int = -1

    def start(self, launcher: Launcher, provenance: Provenance) -> None:
        """Starts or resumes it; a stop request of an earlier driver is withdrawn first."""
        if self._killed():
            self.died_at = self._step()
        if not self.folder.exists():
            create_run(self.folder.path, self.resolved, self.title, provenance)
        self.folder.clear_stop()
        self.handle = launcher.start(self.folder)

    def facts(self) -> RunFacts:
        """What is seen now. Whether it is alive is looked at first: then the state of a dead run is final."""
        if self.handle is not None:
            self.exit_code = self.handle.poll()
            if self.exit_code is None:
                return RunFacts(None, alive=True)
            self.handle = None
        if holder(self.folder.path) is not None:
            return RunFacts(None, alive=True, exit_code=self.exit_code)
        try:
            if not self.folder.exists():
                return RunFacts(None, alive=False, exit_code=self.exit_code)
            manifest = self.folder.manifest()
            attempts = len(manifest["attempts"])
            return RunFacts(
                manifest["state"],
                alive=False,
                exit_code=self.exit_code,
                attempts=attempts,
                stuck=self._killed() and self._step() <= self.died_at,
                retry=self.attempts_before is not None and attempts <= self.attempts_before,
            )
        except RunFolderError as error:
            return RunFacts(None, alive=False, exit_code=self.exit_code, damage=str(error))

    def failure(self) -> str | None:
        """Why it failed, or None where it did not."""
        facts = self.facts()
        return self.folder.manifest()["reason"] if facts.state is RunState.FAILED else facts.damage

    def mark_done(self) -> None:
        """Completes a run that was killed after its last word: only its marker can be missing."""
        if self.folder.is_done():
            return
        # Whoever holds the lock goes on with the run, and marks it himself.
        with suppress(LockHeldError), RunLock(self.folder.path):
            if self.folder.manifest()["state"] is RunState.COMPLETE:
                self.folder.mark_done()

    def bury(self, seen: RunFacts) -> None:
        """Writes the failure of a process that ended without writing it, with the end of its log.

        Somebody may have started it by hand since it was `seen`: then the next look finds out.
        """
        with suppress(LockHeldError), RunLock(self.folder.path):
            manifest = self.folder.manifest()
            unended = manifest["state"] in (RunState.CREATED, RunState.RUNNING)
            if unended and len(manifest["attempts"]) == seen.attempts:
                end = _end_of(self.folder.log_path)
                self.folder.record_death(f"the process ended with exit code {self.exit_code}; its log ends: {end}")

    def _killed(self) -> bool:
        return self.exit_code is not None and self.exit_code < 0

    def _step(self) -> int:
        last = self.folder.last_record()
        return last["step"] if last is not None else 0


@dataclass(frozen=True)
class ActiveTrial:
    """A trial that was asked for and is not yet told, with a run for each seed."""

    trial: Trial
    runs: dict[int, ActiveRun]

    def decide(self) -> Decision:
        """The decision on what is seen now; processes that died without a word are buried first."""
        while True:
            seen = [run.facts() for run in self.runs.values()]
            decision = reconcile(seen)
            if RunAction.BURY not in decision.actions:
                return decision
            for run, facts, action in zip(self.runs.values(), seen, decision.actions, strict=True):
                if action is RunAction.BURY:
                    run.bury(facts)

    def values(self, objective: Objective) -> dict[int, float]:
        """The objective of each seed. Raises StudyError where a run did not record it."""
        return {seed: run_value(run.folder, objective) for seed, run in self.runs.items()}

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
