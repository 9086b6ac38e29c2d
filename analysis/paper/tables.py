"""The paper's Tables 1 to 8, in its order, and their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from analysis.paper import grid as forms
from analysis.paper.fill import fill
from analysis.paper.grid import Grid
from analysis.paper.layout import grid
from analysis.paper.numbers import Paper
from analysis.paper.recipes import TABLES, Recipe
from analysis.paper.table1 import fill_table1, table1
from analysis.paper.table4 import Configuration, fill_table4, table4
from analysis.runs import Runs
from harness.errors import unknown
from harness.runs.atomic import write_file

NUMBERS = tuple(range(1, 9))
FORMS: Mapping[str, Callable[[Grid], str]] = {".tex": forms.tex, ".md": forms.markdown, ".html": forms.web}


def table(
    number: int,
    runs: Runs | None = None,
    paper: Paper | None = None,
    configurations: Mapping[str, Configuration] | None = None,
) -> Grid:
    """A table of the paper as it is shown: from `runs`, else from `paper`, else empty with what is missing.

    `configurations`: resolved ones of experiments by name, for Table 4 and for what runs differ
    in. Raises ConfigError for another number.
    """
    if number == 1:
        return table1(runs, paper)
    if number == 4:
        return table4(configurations or {}, paper)
    return grid(fill(_recipe(number), runs, paper, configurations))


def table_frame(
    number: int,
    runs: Runs | None = None,
    paper: Paper | None = None,
    configurations: Mapping[str, Configuration] | None = None,
) -> pd.DataFrame:
    """The same table as a tidy frame, a row a cell, unrounded and with its errors and its runs."""
    if number == 1:
        return fill_table1(runs, paper)
    if number == 4:
        return fill_table4(configurations or {})
    return fill(_recipe(number), runs, paper, configurations).cells


def write_paper_tables(
    folder: Path | str,
    runs: Runs | None = None,
    paper: Paper | None = None,
    configurations: Mapping[str, Configuration] | None = None,
) -> list[Path]:
    """Writes every table to `folder` as table1.tex, .md, .html and .csv, and so on; the paths, in order."""
    written = []
    for number in NUMBERS:
        shown = table(number, runs, paper, configurations)
        texts = {suffix: form(shown) for suffix, form in FORMS.items()}
        texts[".csv"] = table_frame(number, runs, paper, configurations).to_csv(index=False)
        for suffix, text in texts.items():
            path = Path(folder) / f"table{number}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(path, text.encode())
            written.append(path)
    return written


def _recipe(number: int) -> Recipe:
    if number not in TABLES:
        raise unknown("tables", [str(number)], map(str, NUMBERS))
    return TABLES[number]
