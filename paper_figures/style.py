"""The one matplotlib style: sizes, Okabe-Ito colours, and one look for each method in every figure.

Okabe and Ito (2008), "Color Universal Design". Line style and marker carry the same distinction as the
colour, so that a print in black and white says as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

COLUMN_INCHES = 3.35
PAGE_INCHES = 6.9

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
GREY = "#8a8a8a"

RC: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.5,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "pdf.fonttype": 42,
    "savefig.dpi": 220,
}


@dataclass(frozen=True)
class Look:
    """Colour, line style and marker of a method."""

    colour: str
    line: Any
    marker: str

    def of_line(self) -> dict[str, Any]:
        """Keyword arguments of `Axes.plot`."""
        return {"color": self.colour, "linestyle": self.line}


LOOKS = {
    "grpo": Look(BLACK, "-", "o"),
    "entrocraft": Look(VERMILION, "-", "s"),
    "band_switch": Look(BLUE, (0, (7, 1.2)), "^"),
    "entropic": Look(GREEN, (0, (3, 1, 1, 1)), "D"),
    "clip_higher": Look(ORANGE, (0, (2.2, 1)), "v"),
    "clip_cov": Look(PURPLE, (0, (2, 1)), "P"),
    "entropy_loss": Look(SKY, (0, (1, 1)), "X"),
    "gspo": Look(GREY, (0, (6, 2)), "h"),
    "reinforce": Look(PURPLE, "-", "<"),
    "raftpp": Look(ORANGE, (0, (1, 1.5)), ">"),
    "psr": Look(GREEN, (0, (5, 1, 1, 1, 1, 1)), "p"),
    "nsr": Look(SKY, (0, (6, 1.5)), "*"),
    "w_reinforce": Look(BLUE, (0, (1, 1)), "d"),
}
UNKNOWN = Look(GREY, (0, (3, 2)), "8")


def look(method: str) -> Look:
    """The look of a method; a neutral one for a method that this version does not have."""
    return LOOKS.get(method, UNKNOWN)


SHADES = (0.0, -0.45, 0.4, -0.2, 0.6, -0.7)
"""Of a method's colour, for its further series: towards white where positive, towards black where negative."""
FURTHER = (((0, (4, 1.4)), "^"), ((0, (1, 1)), "D"), ((0, (5, 1, 1, 1)), "v"), ((0, (7, 2)), "P"), ((0, (2, 2)), "X"))
"""Line style and marker of a method's second series, third and so on."""


def looks(series: Mapping[str, str]) -> dict[str, Look]:
    """One look for each series (title -> method): the method's own, and shades of it with other lines and markers for
    its further series, such as schedules. After six of a method they begin again."""
    found: dict[str, Look] = {}
    seen: dict[str, int] = {}
    for title, method in series.items():
        place = seen.get(method, 0) % len(SHADES)
        seen[method] = seen.get(method, 0) + 1
        own = look(method)
        line, marker = FURTHER[place - 1] if place else (own.line, own.marker)
        found[title] = replace(own, colour=_shade(own.colour, SHADES[place]), line=line, marker=marker)
    return found


def _shade(colour: str, by: float) -> str:
    end = 1.0 if by > 0 else 0.0
    red, green, blue = (part + (end - part) * abs(by) for part in to_rgb(colour))
    return to_hex((red, green, blue))


def active() -> AbstractContextManager[None]:
    """The style, for as long as a figure is drawn and saved."""
    return matplotlib.rc_context(RC)


def figure(
    width: float, height: float, rows: int = 1, columns: int = 1, shared: bool = True
) -> tuple[Figure, list[Axes]]:
    """A figure of the given inches in this style, without pyplot's global state; its axes row by row.

    Axes share their scales, because panels are read against one another, unless they show different things.
    """
    drawn = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(drawn)
    grid = drawn.subplots(rows, columns, sharex=shared, sharey=shared, squeeze=False)
    return drawn, list(grid.flat)
