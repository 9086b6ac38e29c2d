"""Telling a trial: its value, or why it has none, to the store and to the tally."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace

from harness.config.study import StudyConfig
from harness.errors import HarnessError
from sweeps.active import ActiveTrial
from sweeps.budget.ledger import Ledger
from sweeps.jobs.reconcile import Verdict
from sweeps.pruner import Pruner
from sweeps.storage.store import Store
from sweeps.tally import Tally
from sweeps.trials import Trial, TrialState


class Teller:
    """Ends trials; `guard` is called before each word and raises where the lease is lost."""

    def __init__(
        self,
        study: StudyConfig,
        store: Store,
        tally: Tally,
        ledger: Ledger,
        pruner: Pruner | None,
        guard: Callable[[], None],
    ) -> None:
        self._study = study
        self._store = store
        self._tally = tally
        self._ledger = ledger
        self._pruner = pruner
        self._guard = guard

    def tell(self, active: ActiveTrial, verdict: Verdict) -> None:
        """Ends a trial whose runs are over."""
        self._guard()
        dead = self._pruner.close(active) if self._pruner is not None else None
        if verdict is Verdict.TELL_PRUNED or (verdict is Verdict.TELL_VALUE and dead is not None):
            reason = active.dropped or dead or ""
            self._store.tell_pruned(active.trial, reason)
            self._tally.put(replace(active.trial, state=TrialState.PRUNED, reason=reason))
        elif verdict is Verdict.TELL_FAILED:
            self.fail(active.trial, active.failures())
        else:
            self._complete(active)

    def fail(self, trial: Trial, reason: str) -> None:
        """Ends a trial as failed."""
        self._guard()
        self._store.tell_failed(trial, reason)
        self._tally.put(replace(trial, state=TrialState.FAILED, reason=reason))

    def _complete(self, active: ActiveTrial) -> None:
        for run in active.runs.values():
            run.mark_done()
        try:
            first, *also = [active.values(each, self._ledger.hours) for each in self._study.objectives]
        except HarnessError as error:
            self.fail(active.trial, str(error))
            return
        self._guard()
        self._store.tell(active.trial, [first, *also])
        mean = statistics.fmean(first.values())
        told = replace(active.trial, state=TrialState.COMPLETE, value=mean, values=first, also=tuple(also))
        self._tally.put(told)
