"""The verdict of a configuration against the baseline: a paired difference, and what it says in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.inference import LEVEL
from analysis.intervals import Kind, paired_interval, paired_spread
from analysis.multiplicity import holm
from analysis.notes import design_notes
from analysis.outcomes import Outcomes
from analysis.planning import SeedsNeeded, seeds_needed
from analysis.runs import Runs
from analysis.seeding import generator
from analysis.variance import Problems
from harness.errors import AnalysisError, unknown

BASELINE = "baseline"
UNRESOLVED = "not resolved"
DIFFERENCE = ["difference", "difference_low", "difference_high"]
OTHER = ["difference_bootstrap_low", "difference_bootstrap_high"]
NEEDED = ["seeds_needed", "seeds_needed_low", "seeds_needed_high"]
COLUMNS = [*DIFFERENCE, *OTHER, "paired_on", "p", "p_adjusted", *NEEDED, "to_resolve"]
SEEDS_TOO = "problems and seeds"


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


@dataclass(frozen=True)
class Question:
    """What is compared, and how: the metric, what the problems stand for, the kind of interval, the random seed.

    `seeds` has the training seed of each run.
    """

    metric: str
    taken: Problems
    kind: Kind
    seed: int
    seeds: Mapping[str, int]


def against(
    base: Baseline, label: str, outcomes: Mapping[str, Outcomes], steps: Mapping[str, int], asked: Question
) -> dict[str, object]:
    """The COLUMNS of one configuration, its verdict (without the correction, see `corrected`) and its warnings.

    Paired on the problems that both sides answered, and on seeds where both sides have the same ones. `outcomes` and
    `steps` are by label.
    """
    nothing = {**dict.fromkeys(COLUMNS, float("nan")), "paired_on": "", "to_resolve": ""}
    if reason := _incomparable(base, label, outcomes, steps):
        return {**nothing, "verdict": reason, "warnings": []}
    assert base.label is not None
    shared = sorted(set(outcomes[label].problems) & set(outcomes[base.label].problems))
    sides = [outcomes[name].on(shared) for name in (label, base.label)]
    seeds = [[asked.seeds[run] for run in side.runs] for side in sides]
    mine, theirs = (
        side.metric(asked.metric)[np.argsort(own, kind="stable")] for side, own in zip(sides, seeds, strict=True)
    )
    same = sorted(seeds[0]) == sorted(seeds[1])
    found, resampled = (
        paired_interval(
            mine, theirs, generator(asked.seed, "difference", label, base.label),
            problems=asked.taken, kind=kind, same_seeds=same,
        )
        for kind in (asked.kind, "bootstrap")
    )  # fmt: skip
    drawn = generator(asked.seed, "planning", label, base.label)
    needed = seeds_needed(found.value, paired_spread(mine, theirs, same), found.seeds, drawn, asked.taken)
    quantity = "difference" if same else "difference_other_seeds"
    return {
        "difference": found.value,
        "difference_low": found.low,
        "difference_high": found.high,
        "difference_bootstrap_low": resampled.low,
        "difference_bootstrap_high": resampled.high,
        "paired_on": SEEDS_TOO if same else "problems",
        "p": found.p,
        **_needed(needed),
        "verdict": "(one seed)" if found.seeds == 1 else "",
        "warnings": design_notes(found.seeds, len(shared), quantity, asked.taken, asked.kind),
    }


def corrected(rows: Sequence[dict[str, object]], base: Baseline) -> None:
    """Puts Holm's adjusted p and the verdict by it into the rows of a table, which are its family of comparisons."""
    adjusted = holm([float(str(row["p"])) for row in rows])
    for row, p in zip(rows, adjusted, strict=True):
        row["p_adjusted"] = float(p)
        if not np.isnan(float(str(row["difference"]))):
            row["verdict"] = _verdict(float(str(row["difference"])), float(p), base.title, str(row["verdict"]))


def _needed(needed: SeedsNeeded) -> dict[str, object]:
    return {
        "seeds_needed": needed.number,
        "seeds_needed_low": needed.low,
        "seeds_needed_high": needed.high,
        "to_resolve": needed.words,
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


def _verdict(difference: float, p: float, title: str, suffix: str) -> str:
    if np.isnan(p):
        return "no interval: one seed and fixed problems"
    if p >= 1 - LEVEL:
        return UNRESOLVED
    return f"{'better' if difference > 0 else 'worse'} than {title} {suffix}".strip()
