"""A trial as the sweep sees it, whatever the store behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum


class TrialState(StrEnum):
    """WAITING: enqueued. RUNNING: asked for and not yet told, whether or not a process is at work."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"


TOLD = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)
"""The states of a trial that is over."""


@dataclass(frozen=True)
class Trial:
    """A configuration and its runs, one a seed.

    A retry, a revival and a promotion to further seeds are new trials (`number`) with the runs of the first one
    (`origin`), which names the configuration.
    """

    number: int
    origin: int
    state: TrialState
    title: str
    overrides: tuple[str, ...]
    value: float | None = None
    """Mean of the first objective over the seeds of `values`; None where no trial of the configuration is complete."""
    values: dict[int, float] = field(default_factory=dict)
    """The first objective of each seed."""
    also: tuple[dict[int, float], ...] = ()
    """The further objectives, seed -> value, in the order of the study."""
    reason: str | None = None
    """Why it failed or was pruned."""
    attempts: dict[int, int] = field(default_factory=dict)
    """Of a retry: the attempts that the run of each seed had when it was enqueued."""
    seeds: tuple[int, ...] = ()
    """The seeds it has runs for; () where the study's own are meant."""
    rung: int = 0
    """How often the configuration was promoted to further seeds."""
    spared: bool = False
    """Whether a person revived it: nothing prunes it again."""
    key: str = ""
    """The same for configurations that compute the same; "" where an older version asked for it."""
    reports: dict[int, float] = field(default_factory=dict)
    """Step -> what the pruner was told."""
    passed: int = 0
    """The last rung (a step) of halving that it was let go on behind."""
    judged: int = 0
    """The last step at which a pruner judged it."""
    reached: int = 0
    """The step that its slowest run had done when it was told, where the study prunes."""
    dropped: str | None = None
    """Why a pruner has given it up whose runs have yet to stop."""
    dead: tuple[int, str] | None = None
    """The step at which a guard had seen enough, and what it had seen."""

    @property
    def name(self) -> str:
        """`t0003`, the same for all retries."""
        return f"t{self.origin:04d}"

    def run_name(self, seed: int) -> str:
        """`t0003-s1`, the name of a run's folder."""
        return f"{self.name}-s{seed}"

    def on(self, seeds: Iterable[int]) -> tuple[int, ...]:
        """Its seeds, in a study with these."""
        return self.seeds or tuple(seeds)


def latest(trials: Iterable[Trial]) -> list[Trial]:
    """The last trial of each configuration, ordered by name.

    One that is not complete shows the values that its configuration has from an earlier one: a promotion to further
    seeds that waits, fails or is stopped takes nothing away from what is known.
    """
    newest: dict[int, Trial] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        newest[trial.origin] = after(newest.get(trial.origin), trial)
    return [newest[origin] for origin in sorted(newest)]


def after(before: Trial | None, trial: Trial) -> Trial:
    """The newer trial of a configuration, with what is known of the one before it."""
    if before is None:
        return trial
    if not trial.values:
        trial = replace(trial, value=before.value, values=before.values, also=before.also)
    if trial.rung > 0 and not trial.reports:  # a promotion is not pruned, and reports nothing
        trial = replace(trial, reports=before.reports, reached=before.reached, dead=before.dead)
    return trial
