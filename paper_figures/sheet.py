"""A whole figure from an `analysis.sheets.Sheet`: its panels in a grid, one legend where they share it, and its notes."""

from __future__ import annotations

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.paper.series import TARGET
from analysis.sheets import Plot, Sheet
from harness.errors import AnalysisError
from paper_figures import lines, style
from paper_figures.panels import noted

MOST_COLUMNS = 3
TITLE_CHARACTERS_PER_INCH = 16
LEGEND_CHARACTERS_PER_INCH = 13


def draw(sheet: Sheet) -> Figure:
    """The figure.

    Raises:
        AnalysisError: nothing is there to be drawn; the remedy names the commands that make the runs.
    """
    if not sheet.plots:
        raise nothing(sheet)
    with style.active():
        return _draw(sheet)


def draw_panel(ax: Axes, plot: Plot) -> Axes:
    """One panel with its legend, in axes of the caller's."""
    with style.active():
        lines.draw(ax, plot)
        ax.set_title(plot.title)
        ax.legend(*_handles(ax, plot))
    return ax


def nothing(sheet: Sheet) -> AnalysisError:
    """The refusal of a figure without data."""
    commands = ", ".join(dict.fromkeys(gap.command for gap in sheet.gaps if gap.command))
    reasons = "; ".join(dict.fromkeys(gap.reason for gap in sheet.gaps)) or "no such run"
    return AnalysisError(f"{sheet.heading} is drawn from runs", reasons, f"Make them: {commands}." if commands else None)


def _draw(sheet: Sheet) -> Figure:
    count = len(sheet.plots)
    columns = 2 if count == 4 else min(MOST_COLUMNS, count)
    rows = -(-count // columns)
    width = style.PAGE_INCHES if columns > 1 else style.COLUMN_INCHES
    named = {tuple(lines.of_plot(plot)) for plot in sheet.plots}
    whats = {tuple(plot.frame["what"].unique()) for plot in sheet.plots}
    one_legend = len(named) == 1 and all(set(what) <= {"", TARGET} for what in whats)
    most = max(len(lines.of_plot(plot)) * max(1, plot.frame["what"].nunique()) for plot in sheet.plots)
    beneath = 0.15 * most if not one_legend else 0.0
    height = rows * (2.0 + beneath) + 0.55 + 0.12 * len(" ".join(sheet.notes)) / (18 * width)
    height += 0.14 * -(-most // _legend_columns(sheet.plots[0], width)) if one_legend else 0
    drawn, axes = style.figure(width, height, rows, columns, shared=False)
    for ax, plot in zip(axes, sheet.plots, strict=False):
        lines.draw(ax, plot)
        ax.set_title(_title(plot, width / columns, alone=count == 1))
        if not one_legend:
            ax.legend(*_handles(ax, plot), loc="upper center", bbox_to_anchor=(0.5, -0.24))
    for ax in axes[count:]:
        ax.remove()
    if one_legend:
        best = max(zip(axes, sheet.plots, strict=False), key=lambda each: len(_handles(*each)[0]))
        drawn.legend(*_handles(*best), loc="outside lower center", ncols=_legend_columns(best[1], width))
    return noted(drawn, "; ".join([*sheet.notes, *_smoothing(sheet)]))


def _smoothing(sheet: Sheet) -> list[str]:
    """Over how many points the smoothed panels' lines are means."""
    widths = {
        plot.number: lines.window(int(plot.frame.groupby(["series", "what"])["x"].count().max()))
        for plot in sheet.plots
        if plot.smooth
    }
    return [f"{number}: mean over {width} steps, pale: each step" for number, width in widths.items() if width > 1]


def _title(plot: Plot, width: float, alone: bool) -> str:
    letter = plot.number.lstrip("0123456789") if plot.number[:1].isdigit() else ""
    text = f"({letter}) {plot.title}" if letter and not alone else plot.title
    return textwrap.fill(text, int(TITLE_CHARACTERS_PER_INCH * width))


def _handles(ax: Axes, plot: Plot) -> tuple[list[object], list[str]]:
    """The series, and what a dotted line is where there is one."""
    found = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
    if (plot.frame["what"] == TARGET).any():
        found["target"] = Line2D([], [], **lines.TARGETED)
    return list(found.values()), list(found)


def _legend_columns(plot: Plot, width: float) -> int:
    longest = max(len(name) for name in lines.of_plot(plot)) + 6
    return max(1, int(LEGEND_CHARACTERS_PER_INCH * width) // longest)
