"""Table 1: what each method can do with the entropy, from measured tracking and from the registry of methods."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.curves import tracking
from analysis.paper.fill import ABSENT, PAPER, RUNS
from analysis.paper.grid import DAGGER, Entry, Grid
from analysis.paper.numbers import Paper
from analysis.runs import Runs

TARGET, CURVE, AGNOSTIC = "Reach Target Entropy", "Control Entropy Curve", "Algorithm-Agnostic"
METHODS = {
    "Entropy Loss": "entropy_loss",
    "Clip-Higher": "clip_higher",
    "Clip-Cov": "clip_cov",
    "W-Reinforce": "w_reinforce",
    "EntroPIC": "entropic",
    "Entrocraft": "entrocraft",
}
"""Rows, by the method's name here."""
REACHED_NATS = 0.05
"""Nats per token: a mean tracking error up to half the width of the released bands (.1) counts as following."""


def fill_table1(runs: Runs | None = None, paper: Paper | None = None) -> pd.DataFrame:
    """row, column, value ("yes", "no" or missing), error (mean tracking error over runs, nats per token), count (runs
    behind it), source.

    A method that takes no schedule cannot be asked for an entropy: "no", by the registry. One that takes one is judged
    by its runs, with constant targets and with curves that move; without such runs the entry is the paper's. A method
    that stands on another method's estimator is agnostic of the algorithm, by the registry.
    """
    printed = _printed(paper)
    rows = []
    for title, name in METHODS.items():
        for column in (TARGET, CURVE, AGNOSTIC):
            found = _known(name, column) or _measured(name, column, runs)
            found = found or {"value": printed.get((title, column)), "source": PAPER if printed else ABSENT}
            rows.append({"row": title, "column": column, **found})
    return pd.DataFrame(rows, columns=["row", "column", "value", "error", "count", "source"]).astype(
        {"error": "float64", "count": "Int64"}
    )


def table1(runs: Runs | None = None, paper: Paper | None = None) -> Grid:
    """Table 1 as it is shown; a measured entry has its tracking error beside it."""
    cells = fill_table1(runs, paper)
    rows = tuple(
        (Entry(title), *(_entry(row) for _, row in cells[cells["row"] == title].iterrows())) for title in METHODS
    )
    notes = [
        f"Yes: a mean tracking error of at most {REACHED_NATS:g} nats per token over steps 21 to the last, shown in "
        "brackets with the number of runs. No without a number: the method takes no schedule.",
        "Algorithm-agnostic: the method stands on another method's advantage estimator here.",
    ]
    if (cells["source"] == PAPER).any():
        notes.append(f"{DAGGER} No run here; inferred from the paper's prose, as its ticks are lost in the text.")
    unlike = _unlike(cells, _printed(paper))
    if unlike:
        notes.append(f"Unlike the paper: {'; '.join(unlike)}.")
    heads = (("", "Method"), ("", TARGET), ("", CURVE), ("", AGNOSTIC))
    return Grid("Table 1: entropy-preserving methods", heads, rows, tuple(notes))


def _known(name: str, column: str) -> dict[str, object]:
    from harness.methods import METHODS as REGISTRY  # late: importing it finds every method
    from harness.methods.on_base import OnBase

    method = REGISTRY[name]
    if column == AGNOSTIC:
        return {"value": "yes" if issubclass(method, OnBase) else "no", "source": RUNS}
    return {} if method.needs_schedule else {"value": "no", "source": RUNS}


def _measured(name: str, column: str, runs: Runs | None) -> dict[str, object]:
    """The mean tracking error of a method's runs with a constant target, or with a target that moves."""
    if runs is None:
        return {}
    constant = runs.runs.set_index("run")["schedule"].eq("constant")
    frame = tracking(runs)
    frame = frame[(frame["method"] == name) & frame["tracking_error"].notna()]
    errors = frame.loc[frame["run"].map(constant).eq(column == TARGET), "tracking_error"]
    if not len(errors):
        return {}
    error = float(errors.mean())
    value = "yes" if error <= REACHED_NATS else "no"
    return {"value": value, "error": error, "count": len(errors), "source": RUNS}


def _printed(paper: Paper | None) -> Mapping[tuple[str, str], str]:
    if paper is None:
        return {}
    table = paper.table(1)
    return {
        (row, column): value for row, column, value in zip(table["row"], table["column"], table["value"], strict=True)
    }


def _entry(row: pd.Series) -> Entry:
    if pd.isna(row["value"]):
        return Entry("-")
    number = "" if pd.isna(row["error"]) else f" ({row['error']:.3f}, {row['count']})"
    return Entry(f"{row['value']}{number}", printed=row["source"] == PAPER)


def _unlike(cells: pd.DataFrame, printed: Mapping[tuple[str, str], str]) -> list[str]:
    return [
        f"{row['row']}, {row['column']}: {row['value']}, the paper {printed[row['row'], row['column']]}"
        for _, row in cells[cells["source"] == RUNS].iterrows()
        if printed and row["value"] != printed[row["row"], row["column"]]
    ]
