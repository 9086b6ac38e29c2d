"""What separates Algorithm 1 from the release, crossed: tracking error, mean@n and pass@n of each combination.

Every difference is to Algorithm 1, or of one ingredient against its other side with all else equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.curves import tracking
from analysis.frames import records
from analysis.inference import LEVEL
from analysis.intervals import Interval, crossed_intervals, paired_interval, seed_interval
from analysis.multiplicity import holm
from analysis.outcomes import final_step, outcomes_at, problem_counts
from analysis.runs import Runs
from analysis.verdicts import BASELINE, UNRESOLVED
from harness.errors import AnalysisError

Floats = NDArray[np.float64]

INGREDIENTS = ("advantage", "zero_variance", "denominator", "filter")
ALGORITHM_1 = ("base", "base", "kept", "gamma 10")
RELEASE = ("raw", "raw", "all", "hard")
TRACKING = "tracking error"
COLUMNS = [
    *("label", *INGREDIENTS, "metric", "seeds", "value", "low", "high"),
    *("difference", "difference_low", "difference_high", "p", "p_adjusted", "verdict"),
]
EFFECTS = ["ingredient", "metric", "pairs", "seeds", "effect", "low", "high", "p", "p_adjusted", "verdict"]


@dataclass(frozen=True, eq=False)
class Cell:
    """One combination: its label, its ingredients, and each metric as (S, P); P = 1: one number a seed."""

    label: str
    parts: tuple[str, ...]
    seeds: tuple[int, ...]
    metrics: dict[str, Floats]


def ablation(runs: Runs) -> pd.DataFrame:
    """One row for each combination of ingredients and metric, at the last step that all were validated at.

    Columns: label; advantage, zero_variance (base or raw), denominator (kept or all), filter ("gamma 10", "hard");
    metric ("tracking error" in nats per token, mean@n, pass@n); seeds; value, low, high (t interval over seeds, and
    problems as sampled); difference, difference_low, difference_high (to Algorithm 1, paired on seeds and problems), p,
    p_adjusted (Holm, over the differences of one metric), verdict ("higher", "lower", "not resolved", "baseline").
    Empty where no Algorithm 1 is among the runs, or nothing to compare it with. A combination that was run on other
    seeds or problems than Algorithm 1 has no numbers, and a verdict that says so.

    Raises:
        AnalysisError: two configurations of one combination, which differ in something else.
    """
    cells, others = _cells(runs)
    base = next((cell for cell in cells if cell.parts == ALGORITHM_1), None)
    rows: list[dict[str, object]] = []
    for metric in base.metrics if base and len(cells) > 1 else ():
        for cell in cells:
            found = _interval(cell.metrics[metric])
            row = {
                "label": cell.label,
                **dict(zip(INGREDIENTS, cell.parts, strict=True)),
                **{"metric": metric, "seeds": found.seeds, "value": found.value, "low": found.low, "high": found.high},
            }
            if cell is not base and base is not None:
                versus = _interval(cell.metrics[metric], base.metrics[metric])
                row |= {"difference": versus.value, "difference_low": versus.low, "difference_high": versus.high}
                row["p"] = versus.p
            rows.append(row)
        rows += [
            {"label": cell.label, **dict(zip(INGREDIENTS, cell.parts, strict=True)), "metric": metric, "seeds": 0}
            for cell in others
        ]
    frame = _judged(pd.DataFrame(rows, columns=COLUMNS), "difference", BASELINE)
    told = {cell.label: f"not comparable: seeds {', '.join(map(str, cell.seeds))}" for cell in others}
    frame["verdict"] = [told.get(row["label"], row["verdict"]) for row in records(frame)]
    return frame


def ablation_effects(runs: Runs) -> pd.DataFrame:
    """The mean effect of one ingredient of the release, over all pairs of combinations that differ in it alone.

    Columns: ingredient, metric, pairs (of combinations), seeds, effect (release's side minus Algorithm 1's), low, high
    (t interval over seeds, and problems as sampled, of the mean over the pairs), p, p_adjusted (Holm, over the
    ingredients of one metric), verdict.
    """
    cells = {cell.parts: cell for cell in _cells(runs)[0]}
    rows = []
    metrics = next(iter(cells.values())).metrics if cells else {}
    for metric in metrics:
        for place, ingredient in enumerate(INGREDIENTS):
            pairs = [
                (cell, cells[other])
                for parts, cell in cells.items()
                if parts[place] == RELEASE[place]
                and (other := (*parts[:place], ALGORITHM_1[place], *parts[place + 1 :])) in cells
            ]
            if pairs:
                sides = [np.mean([pair[side].metrics[metric] for pair in pairs], axis=0) for side in (0, 1)]
                found = _interval(*sides)
                rows.append(
                    {
                        **{"ingredient": ingredient, "metric": metric, "pairs": len(pairs), "seeds": found.seeds},
                        **{"effect": found.value, "low": found.low, "high": found.high, "p": found.p},
                    }
                )
    return _judged(pd.DataFrame(rows, columns=EFFECTS), "effect", "")


def is_ablation(runs: Runs) -> bool:
    """Whether the runs are such a study: Algorithm 1 and combinations with other options, each once, one benchmark."""
    parts = list(_parts(runs).values())
    options = {each[:3] for each in parts}
    return len(set(parts)) == len(parts) and ALGORITHM_1 in parts and len(options) > 1 and len(runs.sources) == 1


def _parts(runs: Runs) -> dict[str, tuple[str, ...]]:
    """The ingredients of each configuration of Algorithm 1's method, by its label."""
    frame = runs.runs[runs.runs["method"] == "entrocraft"]
    names = [f"config.method.{name}" for name in INGREDIENTS[:3]]
    if not len(frame) or any(name not in frame for name in names):
        return {}  # runs of an earlier version
    frame = frame.dropna(subset=names)
    hard = frame["gamma"].map(lambda gamma: "hard" if np.isinf(gamma) else f"gamma {gamma:g}")
    return dict(zip(frame["label"], zip(*(frame[name] for name in names), hard, strict=True), strict=True))


def _cells(runs: Runs) -> tuple[list[Cell], list[Cell]]:
    """Algorithm 1 and its relatives on its seeds and problems, Algorithm 1 first; and those on others."""
    parts = _parts(runs)
    if len(set(parts.values())) < len(parts):
        raise AnalysisError(
            "combinations of ingredients are compared with all else equal",
            f"{len(parts)} configurations of {len(set(parts.values()))} combinations",
            "Name the folder of one study.",
        )
    counts = problem_counts(runs)
    counts = counts[counts["label"].isin(list(parts))]
    step = final_step(counts)
    followed = tracking(runs).set_index("run")["tracking_error"]
    by_run = dict(zip(runs.runs["run"], runs.runs["seed"], strict=True))
    cells = []
    for label, of in parts.items():
        found = None if step is None else outcomes_at(counts[counts["label"] == label], step)
        if found is None:
            continue
        seeds = [by_run[run] for run in found.runs]
        order = np.argsort(seeds, kind="stable")
        metrics = {
            TRACKING: followed[list(found.runs)].to_numpy(dtype=np.float64)[:, None],
            **{name: found.metric(name) for name in (f"mean@{found.n}", f"pass@{found.n}")},
        }
        sorted_seeds = tuple(sorted(seeds))
        cells.append(Cell(label, of, sorted_seeds, {name: values[order] for name, values in metrics.items()}))
    cells.sort(key=lambda cell: [part != own for part, own in zip(cell.parts, ALGORITHM_1, strict=True)])
    alike = [
        cell for cell in cells if _design(cell) == _design(cells[0]) and not np.isnan(cell.metrics[TRACKING]).any()
    ]
    return alike, [cell for cell in cells if cell not in alike]


def _design(cell: Cell) -> tuple[object, ...]:
    return cell.seeds, tuple((name, values.shape) for name, values in cell.metrics.items())


def _interval(values: Floats, baseline: Floats | None = None) -> Interval:
    """Over seeds for one number a seed, else over seeds and problems; paired on both where there is a baseline."""
    if values.shape[1] == 1:
        return seed_interval((values if baseline is None else values - baseline)[:, 0])
    if baseline is None:
        return crossed_intervals(values[None])[0]
    return paired_interval(values, baseline, same_seeds=True)


def _judged(frame: pd.DataFrame, estimate: str, without: str) -> pd.DataFrame:
    """With p_adjusted, Holm's in each metric, and the verdict by it; `without`: what a row without p is."""
    for _, places in frame.groupby("metric").groups.items():
        frame.loc[places, "p_adjusted"] = holm(frame.loc[places, "p"].astype("float64"))
    frame["verdict"] = [_verdict(row[estimate], row["p"], row["p_adjusted"], without) for row in records(frame)]
    return frame


def _verdict(estimate: float, p: float, adjusted: float, without: str) -> str:
    if np.isnan(estimate):
        return without
    if np.isnan(p) or adjusted >= 1 - LEVEL:
        return UNRESOLVED
    return "higher" if estimate > 0 else "lower"
