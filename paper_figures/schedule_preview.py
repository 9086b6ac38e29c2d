"""The band that a schedule will ask for, before a run is started."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from harness.core.schedule import BandSchedule
from harness.errors import unknown
from paper_figures import style

SUFFIXES = (".pdf", ".png", ".svg")


def draw(ax: Axes, schedule: BandSchedule, steps: int) -> Axes:
    """Draws target and band (nats per token) over the horizon; what lies beyond the run's `steps` is pale."""
    at = np.arange(1, schedule.horizon + 1)
    bands = [schedule.band(int(step)) for step in at]
    low, middle, high = (np.array([getattr(band, name) for band in bands]) for name in ("low", "middle", "high"))
    if np.any(high > low):
        ax.fill_between(at, low, high, color="0.8", linewidth=0, label="band")
    ax.plot(at[:steps], middle[:steps], color="black", label="target")
    if steps < schedule.horizon:
        ax.plot(at[steps - 1 :], middle[steps - 1 :], color="0.6", linestyle=":", label="beyond the run")
    ax.set_xlabel("training step")
    ax.set_ylabel("entropy (nats per token)")
    ax.set_xlim(1, max(schedule.horizon, 2))
    ax.set_ylim(min(0.0, float(low.min())), 1.1 * max(float(high.max()), 1e-3))
    ax.legend()
    return ax


def preview(schedule: BandSchedule, steps: int, title: str, out: Path) -> Path:
    """Write the drawing to `out`, whose suffix gives the format.

    Raises:
        ConfigError: another suffix than .pdf, .png or .svg.
    """
    if out.suffix not in SUFFIXES:
        raise unknown("formats of a figure", [out.suffix or str(out)], SUFFIXES)
    with style.active():
        drawn, (ax,) = style.figure(style.COLUMN_INCHES, 2.3)
        draw(ax, schedule, steps)
        ax.set_title(title)
        out.parent.mkdir(parents=True, exist_ok=True)
        drawn.savefig(out, metadata={"CreationDate": None} if out.suffix == ".pdf" else None)
    return out
