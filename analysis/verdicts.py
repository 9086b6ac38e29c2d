"""The verdict of a configuration against the baseline: a paired difference, and what it says in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.intervals import Interval, paired_interval
from analysis.outcomes import Outcomes
from analysis.runs import Runs
from analysis.seeding import generator
from harness.errors import AnalysisError, unknown

BASELINE = "baseline"
DIFFERENCE = ["difference", "difference_low", "difference_high"]


@dataclass(frozen=True)
class Baseline:
    """What the others are compared with. `label` is None where it has no usable run or none is wanted."""

    label: str | None
    title: str

    @classmethod
    def find(cls, runs: Runs, wanted: str | None) -> Baseline:
        """The baseline by its label, or by a method that has one configuration.

        Raises:
            AnalysisError: the method has several configurations.
            ConfigError: nothing has that name, and no run was left out that could have had it.
        """
        if wanted is None:
            return cls(None, "")
        frame = runs.runs.drop_duplicates("label")
        fitting = frame[(frame["label"] == wanted) | (frame["method"] == wanted)]
        if len(fitting) > 1:
            raise AnalysisError(
                f"the baseline {wanted!r} must be one configuration",
                "; ".join(fitting["label"]),
                "Give one of these labels.",
            )
        if not len(fitting):
            if not len(runs.excluded):
                raise unknown("baselines", [wanted], [*frame["method"].unique(), *frame["label"]])
            return cls(None, wanted)
        return cls(fitting["label"].iloc[0], fitting["title"].iloc[0])


def against(
    base: Baseline,
    label: str,
    outcomes: Mapping[str, Outcomes],
    steps: Mapping[str, int],
    metric: str,
    seed: int,
) -> dict[str, object]:
    """difference, difference_low, difference_high of `metric` to the baseline, and the verdict.

    Paired on the problems that both sides answered. `outcomes` and `steps` are by label.
    """
    if reason := _incomparable(base, label, outcomes, steps):
        return {**dict.fromkeys(DIFFERENCE, float("nan")), "verdict": reason}
    assert base.label is not None
    mine, theirs = outcomes[label], outcomes[base.label]
    shared = sorted(set(mine.problems) & set(theirs.problems))
    found = paired_interval(
        mine.on(shared).metric(metric),
        theirs.on(shared).metric(metric),
        generator(seed, "difference", label, base.label),
    )
    return {
        "difference": found.value,
        "difference_low": found.low,
        "difference_high": found.high,
        "verdict": _verdict(found, base.title),
    }


def _incomparable(base: Baseline, label: str, outcomes: Mapping[str, Outcomes], steps: Mapping[str, int]) -> str:
    """Why there is no difference, in words; "" where there is one."""
    if label == base.label:
        return BASELINE
    if label not in outcomes:
        return "no validation samples"
    if base.label is None or base.label not in outcomes:
        return f"no baseline: no usable run of {base.title}" if base.title else "no baseline"
    if steps[label] != steps[base.label]:
        return f"not comparable: {base.title} was validated at step {steps[base.label]}"
    if not set(outcomes[label].problems) & set(outcomes[base.label].problems):
        return f"not comparable: no problem shared with {base.title}"
    return ""


def _verdict(difference: Interval, title: str) -> str:
    words = {1: f"better than {title}", 0: "not resolved", -1: f"worse than {title}"}[difference.sign]
    return f"{words} (one seed)" if difference.seeds == 1 and difference.sign else words
