"""A trial in work: its run folders and the processes that this driver started for them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

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


@dataclass
class ActiveRun:
    """A run of an open trial. `exit_code` is that of the process this driver started last."""

    folder: RunFolder
    title: str
    resolved: Resolved
    handle: Handle | None = None
    exit_code: int | None = None

    def start(self, launcher: Launcher, provenance: Provenance) -> None:
        """Starts or resumes it; a stop request of an earlier driver is withdrawn first."""
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
            state = self.folder.manifest()["state"] if self.folder.exists() else None
        except RunFolderError as error:
            return RunFacts(None, alive=False, exit_code=self.exit_code, damage=str(error))
        return RunFacts(state, alive=False, exit_code=self.exit_code)

    def failure(self) -> str | None:
        """Why it failed, or None where it did not."""
        facts = self.facts()
        return self.folder.manifest()["reason"] if facts.state is RunState.FAILED else facts.damage

    def mark_done(self) -> None:
        """Completes a run that was killed after its last word: only its marker can be missing."""
        if not self.folder.is_done():
            self.folder.mark_done()

    def bury(self) -> None:
        """Writes the failure of a process that ended without writing it, with the end of its log."""
        log = self.folder.log_path.read_text(errors="replace").splitlines()[-LOG_LINES:]
        end = " | ".join(log) or "(empty)"
        # Somebody may have started it by hand in the meantime: then the next look finds it alive.
        with suppress(LockHeldError), RunLock(self.folder.path):
            self.folder.record_death(f"the process ended with exit code {self.exit_code}; its log ends: {end}")


@dataclass(frozen=True)
class ActiveTrial:
    """A trial that was asked for and is not yet told, with a run for each seed."""

    trial: Trial
    runs: dict[int, ActiveRun]

    def decide(self) -> Decision:
        """The decision on what is seen now; processes that died without a word are buried first."""
        decision = self._reconcile()
        if RunAction.BURY in decision.actions:
            for run, action in zip(self.runs.values(), decision.actions, strict=True):
                if action is RunAction.BURY:
                    run.bury()
            decision = self._reconcile()
        return decision

    def values(self, objective: Objective) -> dict[int, float]:
        """The objective of each seed. Raises StudyError where a run did not record it."""
        return {seed: run_value(run.folder, objective) for seed, run in self.runs.items()}

    def failures(self) -> str:
        """The reasons of the runs that failed, one a run."""
        reasons = {seed: run.failure() for seed, run in self.runs.items()}
        return "; ".join(f"seed {seed}: {reason}" for seed, reason in reasons.items() if reason is not None)

    def _reconcile(self) -> Decision:
        return reconcile(self.trial.state, [run.facts() for run in self.runs.values()], self.trial.is_retry)
