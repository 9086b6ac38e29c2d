"""A whole figure from an `analysis.sheets.Sheet`: its panels, legend and notes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.paper.series import TARGET
from analysis.sheets import Plot, Sheet
from harness.errors import AnalysisError
from paper_figures import lines, style
from paper_figures.panels import noted

MOST_COLUMNS = 3
TITLE_CHARACTERS_PER_INCH = 14
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
        ax.legend(*_handles([(ax, plot)]))
    return ax


def nothing(sheet: Sheet) -> AnalysisError:
    """The refusal of a figure without data."""
    commands = ", ".join(dict.fromkeys(gap.command for gap in sheet.gaps if gap.command))
    reasons = "; ".join(dict.fromkeys(gap.reason for gap in sheet.gaps)) or "no such run"
    return AnalysisError(
        f"{sheet.heading} is drawn from runs", reasons, f"Make them: {commands}." if commands else None
    )


def _draw(sheet: Sheet) -> Figure:
    count = len(sheet.plots)
    chosen = _looks(sheet)
    columns = 2 if count == 4 else min(MOST_COLUMNS, count)
    rows = -(-count // columns)
    width = style.PAGE_INCHES if columns > 1 else style.COLUMN_INCHES
    beneath = any(set(plot.frame["what"]) - {"", TARGET} for plot in sheet.plots)  # panels of lines of their own
    lanes = _legend_columns(list(chosen), width)
    most = max(len(plot.frame[["series", "what"]].drop_duplicates()) for plot in sheet.plots)
    entries = rows * most if beneath else -(-(len(chosen) + 1) // lanes)
    notes = [*sheet.notes, *_smoothing(sheet), *_intervals(sheet, len(chosen))]
    height = 2.0 * rows + 0.55 + 0.15 * entries + 0.12 * len("; ".join(notes)) / (18 * width)
    drawn, axes = style.figure(width, height, rows, columns, shared=False)
    for ax, plot in zip(axes, sheet.plots, strict=False):
        lines.draw(ax, plot, chosen)
        ax.set_title(_title(plot, width / columns))
        if beneath:
            ax.legend(*_handles([(ax, plot)]), loc="upper center", bbox_to_anchor=(0.5, -0.24))
    for ax in axes[count:]:
        ax.remove()
    if not beneath:
        handles = _handles(list(zip(axes, sheet.plots, strict=False)))
        drawn.legend(*handles, loc="outside lower center", ncols=lanes)
    return noted(drawn, "; ".join(notes))


def _looks(sheet: Sheet) -> dict[str, style.Look]:
    """One look for a series in all panels of the figure."""
    pairs = sheet.frame[["series", "method"]].drop_duplicates()
    return style.looks(dict(pairs.itertuples(index=False, name=None)))


def _smoothing(sheet: Sheet) -> list[str]:
    """Over how many points the smoothed panels' lines are means."""
    widths: dict[int, list[str]] = {}
    for plot in sheet.plots:
        points = int(plot.frame.groupby(["series", "what"])["x"].count().max())
        if plot.smooth and lines.window(points) > 1:
            widths.setdefault(lines.window(points), []).append(plot.number)
    return [f"{', '.join(numbers)}: mean over {width} steps, pale: each" for width, numbers in widths.items()]


def _intervals(sheet: Sheet, series: int) -> list[str]:
    """What the intervals are, or that so many are left out."""
    drawn = {plot.shaded: plot.beside or series <= lines.MOST_SHADED for plot in sheet.plots if plot.shaded}
    words = [f"{'bars' if plot.beside else 'shaded'}: {plot.shaded}" for plot in sheet.plots if drawn.get(plot.shaded)]
    hidden = [] if all(drawn.values()) else ["intervals of so many series are not drawn, they are in the data"]
    return list(dict.fromkeys([*words, *hidden]))


def _title(plot: Plot, width: float) -> str:
    letter = plot.number.lstrip("0123456789") if plot.number[:1].isdigit() else ""
    text = f"({letter}) {plot.title}" if letter else plot.title
    return textwrap.fill(text, int(TITLE_CHARACTERS_PER_INCH * width))


def _handles(panels: Sequence[tuple[Axes, Plot]]) -> tuple[list[Artist], list[str]]:
    """The series of some panels, each once, and what a dotted line is where there is one."""
    found: dict[str, Artist] = {}
    for ax, _ in panels:
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            found.setdefault(name, handle)
    if any((plot.frame["what"] == TARGET).any() for _, plot in panels):
        found["target"] = Line2D([], [], **lines.TARGETED)
    return list(found.values()), list(found)


def _legend_columns(series: Sequence[str], width: float) -> int:
    longest = max(len(name) for name in series) + 6
    return max(1, int(LEGEND_CHARACTERS_PER_INCH * width) // longest)
