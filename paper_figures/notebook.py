"""Figures by their names, for notebooks: runs in, a matplotlib Figure or Axes out."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import Runs, ours
from analysis.paper.figures import PANELS
from analysis.paper.numbers import Paper
from analysis.paper.sheet import paper_figure
from harness.errors import unknown
from paper_figures import style
from paper_figures.sheet import draw, draw_panel, nothing


def figure(number: str, runs: Runs | None = None, paper: Paper | None = None) -> Figure:
    """A figure of the paper ("4"), or one of its panels as a figure of its own ("4b").

    Args:
        paper: `analysis.paper.load_paper()`, to have the paper's own numbers beside those of the runs, hollow.
    Raises:
        ConfigError: another number; the valid ones are listed.
        AnalysisError: nothing to draw; the remedy names the studies that make the runs.
    """
    return draw(paper_figure(number, runs, paper))


def panel(number: str, runs: Runs | None = None, paper: Paper | None = None, ax: Axes | None = None) -> Axes:
    """A panel of a figure of the paper, drawn into `ax` (None: into a figure of its own). Raises as `figure`."""
    if number not in PANELS:
        raise unknown("panels", [number], PANELS)
    sheet = paper_figure(number, runs, paper)
    if not sheet.plots:
        raise nothing(sheet)
    return draw_panel(_axes() if ax is None else ax, sheet.plots[0])


def our_figure(name: str, runs: Runs) -> Figure:
    """A figure of ours: "gamma" or "cost". Raises as `figure`."""
    return draw(ours.our_figure(name, runs))


def _axes() -> Axes:
    with style.active():
        _, (ax,) = style.figure(style.COLUMN_INCHES, 2.6)
    return ax
