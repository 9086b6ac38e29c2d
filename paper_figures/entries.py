"""Everything that a book of figures shows, in its order: the paper's, ours beside them, then those of the runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from analysis import Runs
from analysis.ours import OURS
from analysis.paper.figures import FIGURES
from analysis.paper.measured import Counts
from analysis.paper.numbers import Paper
from analysis.paper.sheet import fill_figure
from analysis.sheets import Gap, Sheet
from paper_figures import alt
from paper_figures.make import TRACKING, Planned, planned
from paper_figures.sheet import draw

THE_PAPER, BESIDE, OF_RUNS = "Figures of the paper", "Ours beside them", "Figures of the runs"
PARTS = (THE_PAPER, BESIDE, OF_RUNS)


@dataclass(frozen=True)
class Own:
    """A figure of ours that has a drawing of its own. lacks: what is said where it is not planned; command: makes the
    runs; series, y: the columns of its frame that name a line, and that are drawn."""

    title: str
    lacks: str
    command: str
    series: tuple[str, ...]
    y: str


OWN = {
    TRACKING: Own(
        "Tracking error by method",
        "no whole run that followed a band",
        "entrocraft sweep study=bench_control",
        ("label",),
        "tracking_error",
    ),
    "authority": Own(
        "Authority by updates per batch and clip",
        "no setting that was run with either sign of the filter throughout",
        "entrocraft sweep study=authority",
        ("label", "m"),
        "change",
    ),
}
"""By the name of the figure in `paper_figures.make`."""


@dataclass(frozen=True)
class Entry:
    """A figure of the book. part: one of PARTS. name: of its files. draw: None where no run has its data, and `gaps`
    say which runs it lacks. alt: for the picture. runs: those it is drawn from; None for all."""

    part: str
    name: str
    title: str
    frame: pd.DataFrame
    draw: Callable[[], Figure] | None
    alt: str = ""
    details: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    runs: tuple[str, ...] | None = None


def entries(runs: Runs | None, paper: Paper | None) -> Iterator[Entry]:
    """All figures, the paper's in its order; each is made when it is asked for. Without runs, the paper's alone."""
    counted = None if runs is None else Counts(runs)
    for figure in FIGURES.values():
        yield _of_sheet(THE_PAPER, fill_figure(figure, counted, paper))
    if runs is None:
        return
    of_runs = {each.name: each for each in planned(runs)}
    for name, own in OWN.items():
        if name in of_runs:
            yield _of_planned(BESIDE, of_runs.pop(name)._replace(title=own.title, series=own.series, y=own.y))
        else:
            yield Entry(BESIDE, name, own.title, pd.DataFrame(), None, gaps=(Gap((), "", own.lacks, own.command),))
    for make in OURS.values():
        yield _of_sheet(BESIDE, make(runs))
    for each in of_runs.values():
        yield _of_planned(OF_RUNS, each)


def _of_sheet(part: str, sheet: Sheet) -> Entry:
    title = f"{sheet.heading}: {sheet.title}" if part == THE_PAPER else sheet.title
    if not sheet.plots:
        return Entry(part, sheet.name, title, sheet.frame, None, "", sheet.details, sheet.gaps)
    words = alt.of_sheet(sheet)
    return Entry(
        part, sheet.name, title, sheet.frame, partial(draw, sheet), words, sheet.details, sheet.gaps, sheet.runs
    )


def _of_planned(part: str, figure: Planned) -> Entry:
    named = figure.title or figure.name.replace("_", " ").capitalize()
    words = alt.of_frame(named, figure.frame, figure.series, figure.x, figure.y)
    return Entry(part, figure.name, named, figure.frame, figure.draw, words)
