"""A figure of the paper, filled: every panel from runs where they exist, with the paper's own numbers beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from analysis.frames import records
from analysis.interquartile import FEWEST_SEEDS
from analysis.notes import frame_notes
from analysis.paper.cells import Cell
from analysis.paper.figures import ENTROPY, Figure, Panel, figure_recipe
from analysis.paper.measured import Counts, Missing
from analysis.paper.numbers import Paper
from analysis.paper.recipes import TABLES
from analysis.paper.series import ANSWERS, POINTS, SIZE, TRAINING, Printed
from analysis.paper.which import Which
from analysis.runs import Runs
from analysis.sheets import COLUMNS, PAPER, RUNS, Axis, Gap, Plot, Sheet, sampled_interval, seeds_note

FEW_PROBLEMS = 100
"""Below this the standard error of a rate can exceed 5 points, and the figure says "only"."""
SAMPLES_AXIS, STEPS_AXIS = Axis("training samples (prompts)"), Axis("training step")
SEEDS_RANGE = "lowest to highest seed"
RESPONSES_INTERVAL = "95 % t interval over responses"


def paper_figure(number: str, runs: Runs | None = None, paper: Paper | None = None) -> Sheet:
    """A figure of the paper ("4") or one of its panels ("4b"), to be drawn: from `runs` and, marked, from `paper`.

    Raises: ConfigError for another number.
    """
    return fill_figure(figure_recipe(number), None if runs is None else Counts(runs), paper)


def figure_frame(number: str, runs: Runs | None = None, paper: Paper | None = None) -> pd.DataFrame:
    """What `paper_figure` draws, a row a point: the columns of `analysis.sheets.COLUMNS` and of `series.POINTS`."""
    return paper_figure(number, runs, paper).frame


def fill_figure(figure: Figure, counted: Counts | None, paper: Paper | None) -> Sheet:
    """`counted` may be shared by several figures, which then ask for the counts of the runs once."""
    values = {} if paper is None else paper.values
    plots: list[Plot] = []
    used: list[str] = []
    lacking: dict[tuple[str, str, str], list[str]] = {}
    for panel in figure.panels:
        frame, members, missing = _frame(panel, counted, values)
        used += members
        for series, each in missing:
            key = (series, each.reason or f"no run of {each.experiment}", panel.command)
            lacking.setdefault(key, []).append(panel.number)
        if len(frame):
            plots.append(_plot(panel, frame))
    gaps = tuple(Gap(tuple(panels), *key) for key, panels in lacking.items())
    notes, details = _notes(figure, plots, gaps)
    return Sheet(
        figure.name,
        f"Fig. {figure.number}",
        figure.title,
        tuple(plots),
        notes,
        details,
        gaps,
        tuple(dict.fromkeys(used)),
    )


def _frame(
    panel: Panel, counted: Counts | None, values: Mapping[Cell, float]
) -> tuple[pd.DataFrame, list[str], list[tuple[str, Missing]]]:
    """The points of all series with their x, the runs that they are from, and what is missing of which series."""
    found: list[pd.DataFrame] = []
    used: list[str] = []
    missing: list[tuple[str, Missing]] = []
    for series, members in panel.series.items():
        for which in members:
            names = {"panel": panel.number, "series": series, "experiment": which.experiment}
            names["method"] = str(which.settings["method.name"])
            points = Missing(which.experiment) if counted is None else panel.estimate.points(which, counted)
            if isinstance(points, Missing):
                missing.append((series, points))
            elif counted is not None:
                used += list(counted.members(which)["run"])
                found.append(points.assign(**names, source=RUNS))
            if values and (rows := panel.estimate.printed(which, _printed(which, values))):
                found.append(pd.DataFrame(rows).reindex(columns=POINTS).assign(**names, what="", source=PAPER, note=""))
    if not found:
        return pd.DataFrame(columns=[*COLUMNS, *POINTS]), used, missing
    frame = pd.concat([each.astype({"note": "str"}).dropna(axis="columns", how="all") for each in found])
    frame = frame.reindex(columns=list(dict.fromkeys([*COLUMNS, *POINTS])))
    return _placed(frame.reset_index(drop=True), panel), used, missing


def _placed(frame: pd.DataFrame, panel: Panel) -> pd.DataFrame:
    """With x: prompts where all runs tell them, else steps, at which the paper's own numbers have no place."""
    if panel.estimate.axis != TRAINING:
        placed = frame.assign(x=frame["at"])
    elif frame["prompts"].notna().all():
        placed = frame.assign(x=frame["prompts"])
    else:
        placed = frame[frame["source"] == RUNS].assign(x=lambda runs: runs["step"])
    numbers = {"x": "float64", "value": "float64", "low": "float64", "high": "float64", "iqm": "float64"}
    counts = dict.fromkeys(("step", "prompts", "at", "seeds", "problems", "n"), "Int64")
    return placed.astype({**numbers, **counts}).reset_index(drop=True)


def _printed(which: Which, values: Mapping[Cell, float]) -> Printed:
    """The paper's numbers of an experiment, by their columns."""
    return {
        column: values[Cell(table.number, row, column.name)]
        for table in TABLES.values()
        for row, each in table.rows.items()
        if each.experiment == which.experiment
        for column in table.columns
        if not column.average
    }


def _plot(panel: Panel, frame: pd.DataFrame) -> Plot:
    drawn = frame["n"].dropna().unique()
    y = panel.y.replace("{n}", str(drawn[0]) if len(drawn) == 1 else "n")
    ours = frame[frame["source"] == RUNS]
    shaded = ""
    if ours["low"].notna().any():
        of_one = ours.loc[ours["low"].notna(), "seeds"].max() == 1
        logged = RESPONSES_INTERVAL if of_one else SEEDS_RANGE  # one seed has no range of its own
        shaded = logged if ours["n"].isna().all() else sampled_interval(ours["seeds"])
    zero = panel.y == ENTROPY
    return Plot(
        panel.number, panel.title, frame, _axis(panel, frame), y, panel.smooth, shaded, zero, symlog=panel.symlog
    )


def _axis(panel: Panel, frame: pd.DataFrame) -> Axis:
    if panel.estimate.axis == TRAINING:
        return SAMPLES_AXIS if frame["prompts"].notna().all() else STEPS_AXIS
    places = sorted(frame["x"].unique())
    if panel.estimate.axis == SIZE:
        return Axis("model size", ticks={place: f"{place:g}B" for place in places})
    assert panel.estimate.axis == ANSWERS
    return Axis("K (answers)", log2=True, ticks={place: f"{place:g}" for place in places})


def _notes(figure: Figure, plots: Iterable[Plot], gaps: Iterable[Gap]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is said on the figure, and what is said beside it."""
    frames = [plot.frame for plot in plots]
    if not frames:
        return (), tuple(filter(None, [figure.inferred]))
    every = pd.concat(frames, ignore_index=True)
    ours, theirs = every[every["source"] == RUNS], every[every["source"] == PAPER]
    notes: list[str] = []
    details = [figure.inferred]
    if len(ours):
        notes.append(seeds_note(ours["seeds"]))
        notes += _of_samples(ours[ours["problems"].notna()])
        notes += [each for each in ours.loc[ours["what"].isin(["log-likelihood"]), "note"].unique()][:1]
        details += _details(ours)
    if len(theirs):
        notes.append("hollow: the paper's own numbers (arXiv:2604.26326), not reproduced here")
    if any(plot.x == STEPS_AXIS for plot in plots):
        notes.append("against steps where runs do not tell how many prompts a step has")
    if absent := list(dict.fromkeys(f"{gap.series} ({', '.join(gap.panels)})" for gap in gaps)):
        notes.append(f"not from runs: {'; '.join(absent)}")
    return tuple(filter(None, notes)), tuple(dict.fromkeys(filter(None, details)))


def _of_samples(ours: pd.DataFrame) -> list[str]:
    """How many problems and answers stand behind the rates, and that a pass@k is lacking above the answers drawn."""
    if not len(ours):
        return []
    low, high = int(ours["problems"].min()), int(ours["problems"].max())
    few = "only " if low < FEW_PROBLEMS else ""
    problems = str(low) if low == high else f"{low} to {high}"
    answers = " or ".join(str(n) for n in sorted(ours["n"].unique()))
    notes = [f"{few}{problems} problems, {answers} answers each"]
    fewest = int(ours["n"].min())
    if ours["at"].notna().any() and fewest < 32:
        notes.append(f"n = {fewest} answers give no pass@k of k > {fewest}")
    return notes


def _details(ours: pd.DataFrame) -> list[str]:
    """Notes on the designs, the interquartile means at the last points, and what is to be known of single runs."""
    details: list[str] = []
    sampled = ours[ours["problems"].notna()]
    if len(sampled):
        details += frame_notes(sampled)
    robust = sampled[sampled["iqm"].notna()]
    if len(robust):
        last = robust.sort_values("x").groupby(["panel", "series"], sort=False).tail(1)
        said = "; ".join(f"{row['panel']}, {row['series']}: {row['iqm']:.1f} %" for row in records(last))
        details.append(f"interquartile mean over seeds (from {FEWEST_SEEDS} seeds on) at the last point: {said}")
    told = list(dict.fromkeys(filter(None, ours["note"])))
    details += told[:6] + ([f"and {len(told) - 6} more notes, see the data"] if len(told) > 6 else [])
    return details
