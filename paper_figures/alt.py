"""The words for who does not see a figure: what is plotted, of what, its first and last values; from the frame."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.paper.series import TARGET
from analysis.sheets import PAPER, Plot, Sheet

MOST = 8
"""Series that are told; the others are counted."""


def of_sheet(sheet: Sheet) -> str:
    """ "Fig. 4, ...: 6 panels. 4a, Training reward: mean reward against training samples; Linear from ... to ..."."""
    panels = f"{len(sheet.plots)} panels" if len(sheet.plots) > 1 else "one panel"
    return " ".join([f"{sheet.heading}, {sheet.title}: {panels}.", *map(_panel, sheet.plots)])


def of_frame(title: str, frame: pd.DataFrame, series: Sequence[str], x: str, y: str) -> str:
    """The same of a tidy frame: `series` are the columns that name a line, x and y those drawn (x "": one value each;
    y "": not known, then the lines are named only)."""
    if not y:
        known = [name for name in series if name in frame]
        names = [", ".join(map(str, row)) for row in frame[known].drop_duplicates().itertuples(index=False, name=None)]
        return f"{title}: {len(frame)} values. {_listed(names)}"
    told = [
        f"{', '.join(map(str, names))} {_reading(rows, x, y)}"
        for names, rows in frame.dropna(subset=y).groupby(list(series), sort=False)
    ]
    against = f" against {x}" if x else ""
    return f"{title}: {y.replace('_', ' ')}{against}. {_listed(told)}"


def _panel(plot: Plot) -> str:
    told = []
    for (series, what, source), rows in plot.frame.groupby(["series", "what", "source"], sort=False):
        name = f"{series}, {what}" if what else str(series)
        name = f"target of {series}" if what == TARGET else name
        told.append(f"{name}{' (the paper)' if source == PAPER else ''} {_reading(rows, 'x', 'value', plot)}")
    return f"{plot.number}, {plot.title}: {plot.y} against {plot.x.label}. {_listed(told)}"


def _listed(told: list[str]) -> str:
    more = f"; and {len(told) - MOST} more in the data" if len(told) > MOST else ""
    return "; ".join(told[:MOST]) + more + "."


def _reading(rows: pd.DataFrame, x: str, y: str, plot: Plot | None = None) -> str:
    """ "from 0.65 at 1,024 to 0.15 at 454,656": means over what shares an x."""
    if not x:
        return number(float(rows[y].mean()))
    means = rows.groupby(x)[y].mean()
    first, last = means.index[0], means.index[-1]
    if len(means) == 1:
        return f"{number(means.iloc[0])} at {_place(first, plot)}"
    return f"from {number(means.iloc[0])} at {_place(first, plot)} to {number(means.iloc[-1])} at {_place(last, plot)}"


def _place(x: float, plot: Plot | None) -> str:
    ticks = plot.x.ticks if plot is not None else None
    return ticks[x] if ticks and x in ticks else number(float(x))


def number(value: float) -> str:
    """Three significant digits; whole numbers in full, with commas."""
    if float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
