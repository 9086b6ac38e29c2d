"""What a pruner sees of a configuration: its curve, read from the records of its runs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.runs.metrics import Record
from sweeps.pruning.guards import Breach
from sweeps.trials import TrialState

Report = tuple[int, float]
"""A step and the value at its end."""


@dataclass(frozen=True)
class Curve:
    """A configuration of the study: where it stands and what it has reported.

    Of several seeds `reports` are means over the seeds (`mean_curve`) and `step` is that of the slowest run.
    """

    origin: int
    state: str
    """A TrialState; WAITING and RUNNING ones are open."""
    steps: int
    """Planned."""
    step: int = 0
    """Done, by each of its runs."""
    reports: tuple[Report, ...] = ()
    """Rising steps; those below 1 say nothing of the training and are not looked at."""
    spared: bool = False
    """Revived by a person: no pruner looks at it again."""
    dead: Breach | None = None
    """What a guard found in one of its runs; what it reported from that step on does not count."""
    passed: int = 0
    """The last rung (a step) that a decision let it behind, as the caller has kept it; 0: none."""
    judged: int = 0
    """The last look that it was judged at, as the caller has kept it; looks up to it are not judged again."""

    @property
    def open(self) -> bool:
        """Whether it may still be decided on."""
        return self.state in (TrialState.WAITING, TrialState.RUNNING)

    def reached(self, step: int) -> bool:
        """Whether all its runs have done `step`, alive by every guard."""
        return self.step >= step and (self.dead is None or self.dead.step > step)

    def at(self, step: int, after: int = 0) -> float | None:
        """The last value of the steps after+1..step; None where it reported none."""
        found = [value for reported, value in self.reports if max(after, 0) < reported <= step]
        return found[-1] if found else None


def value_at(records: Iterable[Record], metric: str) -> list[Report]:
    """(step, value) of each record that has a value of the metric."""
    found = ((record["step"], record["data"].get(metric)) for record in records)
    return [(step, value) for step, value in found if value is not None]


def mean_curve(seeds: Sequence[Sequence[Report]]) -> tuple[Report, ...]:
    """The mean over the seeds at each step that all of them reported."""
    if not seeds:
        return ()
    each = [dict(reports) for reports in seeds]
    common = sorted(set.intersection(*(set(values) for values in each)))
    return tuple((step, statistics.fmean(values[step] for values in each)) for step in common)


def looks(curve: Curve, start: int, every: int) -> tuple[Report, ...]:
    """The curve at the looks start, start+every, ...: at each the last value since the look before, if there is one.

    They are at the same steps for all configurations, whatever the steps that record the metric.
    """
    seen: dict[int, float] = {}
    for step, value in curve.reports:
        if step < 1:
            continue
        look = start + max(0, -(-(step - start) // every)) * every
        if curve.reached(look):
            seen[look] = value
    return tuple(seen.items())
