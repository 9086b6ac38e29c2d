"""A table of the paper, filled: from runs where they exist, else with the paper's own numbers, marked as such.

Best and second best are found within one source: numbers of ours and of the paper are never ranked together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.frames import records
from analysis.paper.measured import Counts, Measured, Missing, measure
from analysis.paper.numbers import Paper
from analysis.paper.recipes import Recipe
from analysis.paper.sampling import average
from analysis.paper.table4 import Configuration
from analysis.paper.unlike import unlike
from analysis.paper.which import Which
from analysis.runs import Runs

RUNS, PAPER, ABSENT = "runs", "paper", ""
COLUMNS = [
    *("table", "row", "column", "value", "source", "best", "second"),
    *("answers_error", "problems_error", "step", "prompts", "seeds", "problems", "runs"),
]
EQUAL = 1e-9
"""Percentage points: closer than this is a tie, and a difference of rounding only."""
NAMED = 10
"""Runs that were left out are named below a table up to this number."""


@dataclass(frozen=True)
class Filled:
    """A filled table. `cells`: COLUMNS, a row a cell, values unrounded, in percent. `missing`: why cells are not from
    runs; `notes`: what is to be known about the runs."""

    recipe: Recipe
    cells: pd.DataFrame
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """RUNS, PAPER or both, as they occur."""
        return tuple(source for source in (RUNS, PAPER) if (self.cells["source"] == source).any())


def fill(
    recipe: Recipe,
    runs: Runs | None = None,
    paper: Paper | None = None,
    configurations: Mapping[str, Configuration] | None = None,
) -> Filled:
    """The table of a recipe: each cell from runs where they give it, else the paper's (`paper`), else empty.

    An average is from runs when all that it is over is. `configurations` are the resolved ones of experiments by name:
    with them, the notes say in what a run differs from the experiment that it stands for.
    """
    known = configurations or {}
    printed = _printed(recipe, paper)
    counted = None if runs is None else Counts(runs)
    rows: list[dict[str, object]] = []
    missing: list[Missing] = []
    notes: list[str] = []
    for title, which in recipe.rows.items():
        found = {c: measure(which, c, counted) for c in recipe.columns if not c.average} if counted is not None else {}
        measured = {column: cell for column, cell in found.items() if isinstance(cell, Measured)}
        missing += [cell for cell in found.values() if isinstance(cell, Missing)]
        missing += [Missing(which.experiment)] if counted is None else []
        notes += [f"{title}: {note}" for cell in measured.values() for note in cell.notes]
        notes += [f"{title}: {note}" for note in _partial(which, counted)]
        if counted is not None and measured and which.experiment in known:
            notes += [f"{title}: {each}" for each in unlike(counted.members(which), known[which.experiment])]
        for column in recipe.columns:
            parts = recipe.averaged.get(column, (column,))
            row = {"table": recipe.number, "row": title, "column": column.name}
            if all(part in measured for part in parts):
                rows.append(row | _cell([measured[part] for part in parts]))
            else:
                rows.append(row | printed.get((title, column.name), {"source": ABSENT}))
    if runs is not None and any(not cell.reason for cell in missing):
        notes += _left_out(runs)  # one of these may be the run that a row has not
    frame = _ranked(pd.DataFrame(rows, columns=COLUMNS), RUNS)
    return Filled(recipe, _typed(frame), tuple(dict.fromkeys(missing)), tuple(dict.fromkeys(notes)))


def _partial(which: Which, counted: Counts | None) -> list[str]:
    """What is missing of a row's runs, also of those that fill no cell: it may be the reason."""
    if counted is None:
        return []
    return [f"{row['run']}: {row['partial']}" for row in records(counted.members(which)) if row["partial"]]


def _left_out(runs: Runs) -> list[str]:
    """The runs that could not be used, whatever they were, with their reasons."""
    named = [f"{row['run']}: {row['reason']}" for row in records(runs.excluded)]
    if not named:
        return []
    more = f"; and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return [f"Left out below {runs.root.name or runs.root}, {len(named)} in all: {'; '.join(named[:NAMED])}{more}"]


def _printed(recipe: Recipe, paper: Paper | None) -> dict[tuple[str, str], dict[str, object]]:
    """The paper's cells by row and column, ranked among all of the paper's, whichever of them are shown."""
    if paper is None:
        return {}
    table = paper.table(recipe.number)
    cells = _ranked(table[["row", "column", "value"]].assign(source=PAPER), PAPER)
    return {(str(cell["row"]), str(cell["column"])): cell for cell in records(cells)}


def _cell(parts: Sequence[Measured]) -> dict[str, object]:
    score = average([part.score for part in parts])  # of one part: itself
    alike = len({part.step for part in parts}) == 1
    return {
        "value": score.value,
        "source": RUNS,
        "answers_error": score.answers,
        "problems_error": score.problems,
        "step": parts[0].step if alike else None,
        "prompts": parts[0].prompts if alike else None,
        "seeds": min(part.seeds for part in parts),
        "problems": sum(part.problems for part in parts),
        "runs": "; ".join(dict.fromkeys(run for part in parts for run in part.runs)),
    }


def _ranked(cells: pd.DataFrame, source: str) -> pd.DataFrame:
    """Marks the best and the second best of every column among the cells of a source; one cell alone is neither."""
    marked = cells.copy()
    for name in ("best", "second"):
        marked[name] = cells[name].eq(True) if name in cells else False
    for _, group in cells[cells["source"] == source].groupby("column"):
        if len(group) > 1:
            places = dense_rank(group["value"].to_numpy(dtype=np.float64))
            marked.loc[group.index, "best"] = places == 1
            marked.loc[group.index, "second"] = places == 2
    return marked


def _typed(cells: pd.DataFrame) -> pd.DataFrame:
    return cells.astype({"value": "float64", **dict.fromkeys(("step", "prompts", "seeds", "problems"), "Int64")})


def dense_rank(values: np.ndarray) -> np.ndarray:
    """(R,) ranks from 1, the largest first; values within EQUAL share one, and the next value has the next rank."""
    levels: list[float] = []
    for value in sorted(values, reverse=True):
        if not levels or levels[-1] - value > EQUAL:
            levels.append(value)
    return np.array([next(i for i, level in enumerate(levels, 1) if level - value <= EQUAL) for value in values])
