"""What a reader of a figure or table must know of the design behind its intervals: the notes that travel with them."""

from __future__ import annotations

import pandas as pd

from analysis import coverage
from analysis.intervals import Kind
from analysis.variance import Problems

FEW_PROBLEMS = 30
"""Below this number nothing was measured of the intervals."""
WORDS = {
    "mean": "mean",
    "difference": "difference paired on problems and seeds",
    "difference_other_seeds": "difference paired on problems",
    "iqm": "interquartile mean",
}


def design_notes(
    seeds: int, problems: int, quantity: str = "mean", taken: Problems = "sampled", kind: Kind = "t"
) -> list[str]:
    """Notes for one interval: one seed, few problems, and an interval whose measured coverage is too low.

    Args:
        quantity: see `analysis.coverage.lowest`.
        problems: 0 for one number per seed, which needs no note but that of one seed.
    """
    notes = []
    if seeds == 1:
        notes.append("one seed: the noise between seeds is not in the interval")
    if 0 < problems < FEW_PROBLEMS:
        notes.append(f"only {problems} problems: the coverage of intervals was not measured below {FEW_PROBLEMS}")
    found = coverage.lowest(quantity, seeds, problems, taken, kind)
    if found is not None and found.under:
        notes.append(
            f"the 95 % {'t' if kind == 't' else 'bootstrap'} interval of a {WORDS[quantity]} under-covers: it held the "
            f"truth in {100 * found.coverage:.1f} % of simulations of {found.seeds} seeds x {found.problems} problems "
            f"({taken})"
        )
    return notes


def frame_notes(
    frame: pd.DataFrame, quantity: str = "mean", taken: Problems = "sampled", kind: Kind = "t"
) -> list[str]:
    """`design_notes` of every design in a frame with columns seeds and problems, each note once."""
    designs = frame[["seeds", "problems"]].drop_duplicates().itertuples(index=False)
    notes: list[str] = []
    for seeds, problems in designs:
        notes += design_notes(int(seeds), int(problems), quantity, taken, kind)
    return list(dict.fromkeys(notes))
