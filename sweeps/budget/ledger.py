"""What the runs of a study have cost, read from their folders: of each run at work anew, of the others once."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from harness.errors import HarnessError
from harness.runs import RunFolder, holder
from harness.runs.outline import read_outline
from sweeps.budget.spending import Account, Spent
from sweeps.folder import StudyFolder
from sweeps.jobs.gpu_hours import Hours, hours
from sweeps.jobs.known import Look, local_jobs


class Ledger:
    """The costs of one study; its memory is only what need not be read again.

    Args:
        granted: gives the hours that the study may cost; None: no limit. It may change while the study goes on.
        look: what is known of a run's jobs, by which launcher it had.
    """

    def __init__(self, folder: StudyFolder, granted: Callable[[], float | None], look: Look = local_jobs) -> None:
        self._folder = folder
        self._granted = granted
        self._look = look
        self._known: dict[str, Spent] = {}
        self._moving: set[str] | None = None

    def account(self, at_work: Collection[str]) -> Account:
        """The account now.

        Args:
            at_work: names of the runs whose costs may grow; those of the last time are read once more.
        """
        if self._moving is None:
            self._moving = {path.name for path in self._folder.runs_path.glob("*-s*")}
        for name in sorted(self._moving | set(at_work)):
            if (spent := self._spent(name)) is not None:
                self._known[name] = spent
        self._moving = set(at_work)
        return Account(self._granted(), self._known)

    def note_start(self, name: str) -> None:
        """A run that was started may be over before the next look."""
        if self._moving is not None:
            self._moving.add(name)

    def hours(self, run: RunFolder) -> float:
        """Hours paid for a run so far."""
        return self._hours(run)[0].paid

    def _spent(self, name: str) -> Spent | None:
        """None of a run that has not begun, or whose folder is damaged: what that has cost nobody can say."""
        run = RunFolder(self._folder.runs_path / name)
        if not run.exists():
            return None
        try:
            paid, step = self._hours(run)
            return Spent(paid.paid, step, run.manifest()["steps"], paid.unit)
        except HarnessError:
            return None

    def _hours(self, run: RunFolder) -> tuple[Hours, int]:
        alive = holder(run.path) is not None
        manifest, records, now = run.manifest(), read_outline(run.metrics_path), time.time()
        view = self._look(run, manifest, records, alive, now)
        return hours(view.allocations, records, now), max((record["step"] for record in records), default=0)
