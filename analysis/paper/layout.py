"""A filled table of scores as a grid: the number format, the marks, and the notes that say what is ours."""

from __future__ import annotations

import pandas as pd

from analysis.frames import records
from analysis.paper.cells import Column
from analysis.paper.fill import ABSENT, PAPER, RUNS, Filled
from analysis.paper.grid import DAGGER, Entry, Grid
from analysis.paper.numbers import MODELS

EMPTY = "-"


def grid(filled: Filled) -> Grid:
    """The table as it is shown."""
    recipe = filled.recipe
    cells = {(cell["row"], cell["column"]): _entry(cell, filled) for cell in records(filled.cells)}
    rows = tuple((Entry(row), *(cells[row, column.name] for column in recipe.columns)) for row in recipe.rows)
    heads = (("", "Method"), *(_head(column) for column in recipe.columns))
    title = f"Table {recipe.number}: {recipe.title} ({MODELS[recipe.number]}), percent"
    return Grid(title, heads, rows, _notes(filled))


def _head(column: Column) -> tuple[str, str]:
    if column.train_samples is None:
        return column.title, column.metric
    return f"{column.title} {column.metric}", f"{column.train_samples // 1000}K"


def _entry(cell: dict[str, object], filled: Filled) -> Entry:
    if cell["source"] == ABSENT:
        return Entry(EMPTY)
    text = f"{cell['value']:.{filled.recipe.decimals}f}"
    underlined = bool(cell["second"]) and filled.recipe.second
    return Entry(text, bool(cell["best"]), underlined, cell["source"] == PAPER)


def _notes(filled: Filled) -> tuple[str, ...]:
    cells, notes = filled.cells, []
    ours = cells[cells["source"] == RUNS]
    marks = "best in bold, second best underlined" if filled.recipe.second else "best in bold"
    both = ", among ours and among the paper's apart" if len(filled.sources) == 2 else ""
    if filled.sources:
        notes.append(f"In each column, from unrounded values: {marks}{both}.")
    if PAPER in filled.sources:
        notes.append(f"{DAGGER} The paper's own number (arXiv:2604.26326), not reproduced here.")
    if len(ours):
        notes.append(f"Ours: {_seeds(ours)}; averages are of unrounded scores.")
        notes += _stages(filled, ours)
    notes += [f"{note}." for note in filled.notes]
    if absent := [cell.experiment for cell in filled.missing if not cell.reason]:
        notes.append(f"No run of: {', '.join(absent)} (study {filled.recipe.study}).")
    notes += [f"Not from runs: {cell}." for cell in filled.missing if cell.reason]
    return tuple(notes)


def _seeds(ours: pd.DataFrame) -> str:
    low, high = int(ours["seeds"].min()), int(ours["seeds"].max())
    if high == 1:
        return "one seed, whose noise is not known"
    return f"mean of {low} seeds" if low == high else f"mean of {low} to {high} seeds"


def _stages(filled: Filled, ours: pd.DataFrame) -> list[str]:
    """The prompts really seen where a column names a round number."""
    seen = {}
    for column in filled.recipe.columns:
        found = ours.loc[ours["column"] == column.name, "prompts"].dropna().unique()
        if column.train_samples is not None and len(found):
            seen[_head(column)[1]] = " or ".join(f"{int(prompts):,}" for prompts in found)
    stages = ", ".join(f"{name}: {prompts}" for name, prompts in seen.items())
    return [f"Training prompts at the validation nearest to each stage: {stages}."] if seen else []
