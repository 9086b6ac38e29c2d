"""What a figure of the paper draws of one experiment: each estimator takes runs and gives the points of a series.

A frame of points has the columns POINTS. Rates are in percent, entropies and log-probabilities in nats per token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd

from analysis.frames import records
from analysis.interquartile import FEWEST_SEEDS, interquartile_mean
from analysis.intervals import crossed_intervals
from analysis.outcomes import Outcomes, outcomes_at
from analysis.output_space import osb_frame
from analysis.paper.cells import BENCHMARKS, MEAN, PASS, SAMPLES, Column
from analysis.paper.measured import PROMPTS, Counts, Missing, one_configuration, validated_step
from analysis.paper.which import QWEN_4B, QWEN_8B, QWEN_14B, Which
from analysis.runs import Runs
from analysis.validation import powers_of_two
from harness.errors import AnalysisError

POINTS = [*("what", "step", "prompts", "at", "value", "low", "high", "seeds", "problems", "n", "iqm", "note")]
"""what: which of the lines of a series, "" for the only one. step, prompts (seen until then), at (k, or the size of the
model in billions of parameters): where on the x axis, missing where it is not that. low, high: lowest and highest seed
of a logged metric, else the 95 % t interval. iqm: interquartile mean over seeds, from FEWEST_SEEDS seeds on. note: what
is to be known of the point."""
TRAINING, ANSWERS, SIZE = "training", "k", "size"
"""The x axes: training samples (or steps), answers k, billions of parameters."""
TARGET, LIKELIHOOD, BASELINE, RIGHT, WRONG = "target", "log-likelihood", "output-space baseline", "right", "wrong"
SIZES = {QWEN_4B: 4, QWEN_8B: 8, QWEN_14B: 14}

Printed = Mapping[Column, float]


class Estimate(Protocol):
    """An estimator of a panel. `axis`: its x axis."""

    @property
    def axis(self) -> str: ...

    def points(self, which: Which, counted: Counts) -> pd.DataFrame | Missing:
        """From the runs of an experiment."""

    def printed(self, which: Which, numbers: Printed) -> list[dict[str, object]]:
        """The same points among the paper's own numbers of the experiment (percent), as far as it prints them."""


@dataclass(frozen=True)
class Logged:
    """Means over seeds of what the runs log at each step: line -> metric."""

    lines: Mapping[str, str]
    axis: ClassVar[str] = TRAINING

    def points(self, which: Which, counted: Counts) -> pd.DataFrame | Missing:
        members = one_configuration(which, counted.members(which))
        if isinstance(members, Missing):
            return members
        steps = steps_of(members, counted)
        absent = [metric for metric in self.lines.values() if metric not in steps or not steps[metric].notna().any()]
        if absent:
            return Missing(which.experiment, f"its runs do not log {', '.join(absent)}")
        return _stacked({what: over_seeds(steps, metric) for what, metric in self.lines.items()}, members)

    def printed(self, which: Which, numbers: Printed) -> list[dict[str, object]]:
        return []


@dataclass(frozen=True)
class Entropy:
    """The controlled entropy (of a run that never logs it, `actor/entropy`), and the target where there is one."""

    axis: ClassVar[str] = TRAINING

    def points(self, which: Which, counted: Counts) -> pd.DataFrame | Missing:
        members = one_configuration(which, counted.members(which))
        if isinstance(members, Missing):
            return members
        needed = ["control/entropy", "actor/entropy", "control/low", "control/high"]
        steps = steps_of(members, counted)
        steps = steps.reindex(columns=[*dict.fromkeys([*steps.columns, *needed])])
        controlled = steps.groupby("run")["control/entropy"].transform("count") > 0
        steps["entropy"] = steps["control/entropy"].where(controlled, steps["actor/entropy"])
        steps["middle"] = (steps["control/low"] + steps["control/high"]) / 2
        if not steps["entropy"].notna().any():
            return Missing(which.experiment, "its runs do not log an entropy")
        return _stacked({"": over_seeds(steps, "entropy"), TARGET: over_seeds(steps, "middle")}, members)

    def printed(self, which: Which, numbers: Printed) -> list[dict[str, object]]:
        return []


@dataclass(frozen=True)
class Validated:
    """mean@n of a benchmark at every validated step."""

    title: str
    axis: ClassVar[str] = TRAINING

    def points(self, which: Which, counted: Counts) -> pd.DataFrame | Missing:
        return of_samples(which, counted, self.title, self._points)

    def _points(self, members: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame | str:
        rows = []
        for step in sorted(counts["step"].unique()):
            outcomes = outcomes_at(counts, step, list(members["run"]))
            assert outcomes is not None
            rows.append({"step": step, **point(outcomes, "mean@n", self.title)})
        return pd.DataFrame(rows)

    def printed(self, which: Which, numbers: Printed) -> list[dict[str, object]]:
        found = {column: value for column, value in numbers.items() if column.title == self.title}
        return [
            {"prompts": column.train_samples, "value": value, "n": SAMPLES}
            for column, value in found.items()
            if column.metric == MEAN and column.train_samples is not None
        ]


@dataclass(frozen=True)
class PassAtK:
    """pass@k of a benchmark at the end of training, for the powers of two up to the number of answers."""

    title: str
    axis: ClassVar[str] = ANSWERS

    def points(self, which: Which, counted: Counts) -> pd.DataFrame | Missing:
        return of_samples(which, counted, self.title, self._points)

    def _points(self, members: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame | str:
        outcomes = at_the_end(members, counts, self.title)
        if isinstance(outcomes, str):
            return outcomes
        return pd.DataFrame([{"at": k, **point(outcomes, f"pass@{k}", self.title)} for k in powers_of_two(outcomes.n)])

    def printed(self, which: Which, numbers: Printed) -> list[dict[str, object]]:
        ends = ((1, Column(f"{self.title} {MEAN}")), (SAMPLES, Column(f"{self.title} {PASS}")))
        return [{"at": k, "value": numbers[column], "n": SAMPLES} for k, column in ends if column in numbers]


@dataclass(frozen=True)
class BySize:
    """mean@n of a benchmark at the end of training, by the size of the model."""

    title: str
    axis: ClassVar[str] = SIZE

    def points(self, which: Which, counted: Counts) -> pd.DataFrame | Missing:
        def found(members: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame | str:
            outcomes = at_the_end(members, counts, self.title)
            if isinstance(outcomes, str):
                return outcomes
            return pd.DataFrame([{"at": self._size(which), **point(outcomes, "mean@n", self.title)}])

        return of_samples(which, counted, self.title, found)

    def printed(self, which: Which, numbers: Printed) -> list[dict[str, object]]:
        column = Column(f"{self.title} {MEAN}")
        if column not in numbers:
            return []
        return [{"at": self._size(which), "value": numbers[column], "n": SAMPLES}]

    def _size(self, which: Which) -> int:
        return SIZES[which.settings["model.path"]]


@dataclass(frozen=True)
class OutputSpace:
    """Log-likelihood and output-space baseline per token at checkpoints (the paper, Eq. 4), from runs that were
    measured (`entrocraft osb`, `entrocraft import`): metrics `osb/DATASET/...`.

    Such a run may be known by its method alone. Where it has several data sets, the first by name is drawn.
    """

    axis: ClassVar[str] = TRAINING

    def points(self, which: Which, counted: Counts) -> pd.DataFrame | Missing:
        members = counted.members(which)
        steps = steps_of(members, counted, first=0)
        names = [str(name) for name in steps if str(name).startswith("osb/") and steps[name].notna().any()]
        datasets = sorted({name.split("/")[1] for name in names})
        if not datasets:
            return Missing(which.experiment, "no run with its output-space baseline")
        measured = steps.loc[steps[names].notna().any(axis=1), "run"].unique()
        chosen = one_configuration(which, members[members["run"].isin(measured)])
        if isinstance(chosen, Missing):
            return chosen
        metrics = {LIKELIHOOD: "mean_log_likelihood_per_token", BASELINE: "mean_log_osb_per_token"}
        here = steps[steps["run"].isin(chosen["run"])]
        lines = {what: over_seeds(here, f"osb/{datasets[0]}/{metric}") for what, metric in metrics.items()}
        over = ""
        if here["run"].nunique() == 1:
            lines, over = _over_responses(lines, counted.runs, str(here["run"].iloc[0]), datasets[0])
        frame = _stacked(lines, chosen)
        responses = here[f"osb/{datasets[0]}/responses"].dropna().unique()
        said = f"data set {datasets[0]!r}" + (f" of {', '.join(datasets)}" if len(datasets) > 1 else "")
        few = " or ".join(f"{count:g}" for count in sorted(responses))
        return frame.assign(note=f"{said}, {few} responses a checkpoint{over}")

    def printed(self, which: Which, numbers: Printed) -> list[dict[str, object]]:
        return []


def _over_responses(
    lines: Mapping[str, pd.DataFrame], runs: Runs, run: str, dataset: str
) -> tuple[dict[str, pd.DataFrame], str]:
    """The lines of one run with t intervals over the responses of each checkpoint; a note where it cannot have them."""
    measured = osb_frame(runs)
    chosen = (measured["run"] == run) & (measured["dataset"] == dataset) & (measured["version"] == "authors")
    if not chosen.any():
        return dict(lines), ", no interval over them"
    intervals = measured[chosen].set_index("step")
    names = {LIKELIHOOD: "log_likelihood", BASELINE: "baseline"}
    found = {}
    for what, line in lines.items():
        low, high = (line["step"].map(intervals[f"{names[what]}_{end}"]) for end in ("low", "high"))
        found[what] = line.assign(low=low, high=high)
    return found, ""


def steps_of(members: pd.DataFrame, counted: Counts, first: int = 1) -> pd.DataFrame:
    """Step records of the runs in `members`, from step `first` on; `run` is text."""
    steps = counted.runs.steps
    chosen = steps[steps["run"].isin(members["run"]) & (steps["step"] >= first)]
    return chosen.astype({"run": "str"})


def over_seeds(steps: pd.DataFrame, metric: str) -> pd.DataFrame:
    """step, value (mean), low, high (lowest and highest run; NaN for one), seeds, of a metric where it was measured."""
    if metric not in steps:
        return pd.DataFrame(columns=["step", "value", "low", "high", "seeds"])
    by_step = steps.dropna(subset=metric).groupby("step")[metric]
    frame = by_step.agg(value="mean", low="min", high="max", seeds="count").reset_index()
    frame.loc[frame["seeds"] == 1, ["low", "high"]] = np.nan
    return frame


def of_samples(
    which: Which,
    counted: Counts,
    title: str,
    points: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame | str],
) -> pd.DataFrame | Missing:
    """Points of an experiment's validation samples: `points` takes its runs and their counts of one benchmark, and
    may answer with the reason why there are none."""
    members = one_configuration(which, counted.members(which))
    if isinstance(members, Missing):
        return members
    counts = counted.of(BENCHMARKS[title].source)
    mine = None if counts is None else counts[counts["run"].isin(members["run"])]
    if mine is None or not len(mine):
        return Missing(which.experiment, f"no samples of {title}")
    try:
        found = points(members, mine)
    except AnalysisError as error:
        return Missing(which.experiment, str(error))
    return Missing(which.experiment, found) if isinstance(found, str) else _stacked({"": found}, members)


def at_the_end(members: pd.DataFrame, counts: pd.DataFrame, title: str) -> Outcomes | str:
    """The outcomes of the last validation of runs that are trained to their end, or why there are none."""
    step = validated_step(members, counts, Column(f"{title} {MEAN}"))
    if isinstance(step, str):
        return step
    outcomes = outcomes_at(counts, step, list(members["run"]))
    assert outcomes is not None
    return outcomes


def point(outcomes: Outcomes, metric: str, title: str) -> dict[str, object]:
    """A metric of a benchmark in percent with its t interval over seeds and problems, taken as sampled."""
    values = 100 * outcomes.metric(metric)
    (found,) = crossed_intervals(values[None])
    robust = float(interquartile_mean(values.mean(axis=1))) if found.seeds >= FEWEST_SEEDS else float("nan")
    whole = BENCHMARKS[title].problems
    part = f"{found.problems} of the {whole} problems of {title}" if found.problems != whole else ""
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "seeds": found.seeds,
        "problems": found.problems,
        "n": outcomes.n,
        "iqm": robust,
        "note": "; ".join(filter(None, [part, *outcomes.notes])),
    }


def _stacked(lines: Mapping[str, pd.DataFrame], members: pd.DataFrame) -> pd.DataFrame:
    """The lines under one another, with the prompts seen at each step where the runs tell their batch."""
    frames = [frame.assign(what=what) for what, frame in lines.items() if len(frame)]
    frame = pd.concat(frames, ignore_index=True)
    batch = members.get(PROMPTS, pd.Series(dtype="float64")).dropna().unique()
    if "step" in frame and len(batch) == 1:
        frame["prompts"] = frame["step"] * int(batch[0])
    partial = "; ".join(
        f"{row['run']}: {row['partial']}" for row in records(members[["run", "partial"]]) if row["partial"]
    )
    notes = frame["note"] if "note" in frame else pd.Series("", index=frame.index)
    frame["note"] = ["; ".join(filter(None, [partial, note])) for note in notes]
    return frame.reindex(columns=POINTS)
