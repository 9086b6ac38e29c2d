"""The paper's numbers as data, checked when they are read.

Source: arXiv:2604.26326v1, Tables 1 to 8, retyped; the percentages are in `numbers.csv`, the words of Tables 1 and 4 in
`entries.csv`. The ticks of Table 1 are lost in the text of the paper: its entries are inferred from the prose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pandas as pd

from analysis.frames import columns, records
from analysis.paper.cells import Cell, Column
from harness.errors import AnalysisError, unknown

FOLDER = Path(__file__).parent
COLUMNS = ["table", "row", "column", "value", "unit", "where"]
KEY = ["table", "row", "column"]
NUMERIC, TEXT = (2, 3, 5, 6, 7, 8), (1, 4)
MODELS = {
    **dict.fromkeys((2, 3, 5), "Qwen3-4B-Base"),
    **{6: "Llama-3.1-8B-Instruct", 7: "Qwen3-8B-Base", 8: "Qwen3-14B-Base"},
}
"""The model that each table of scores is about."""
DECIMALS = 1


@dataclass(frozen=True, eq=False)
class Paper:
    """Everything that the tables print. `numbers`: percentages; `entries`: words; both with the columns COLUMNS."""

    numbers: pd.DataFrame
    entries: pd.DataFrame

    @property
    def values(self) -> Mapping[Cell, float]:
        """Every number by its cell, percent."""
        return {
            Cell(int(row["table"]), str(row["row"]), str(row["column"])): float(row["value"])
            for row in records(self.numbers)
        }

    def table(self, number: int) -> pd.DataFrame:
        """One table, a row a cell, in the paper's order: COLUMNS, and for numbers also title, metric,
        train_samples (prompts; missing: at the end of training) and model.

        Raises: ConfigError for a table that the paper does not have.
        """
        if number not in (*NUMERIC, *TEXT):
            raise unknown("tables", [str(number)], map(str, sorted((*NUMERIC, *TEXT))))
        frame = self.entries if number in TEXT else self.numbers
        chosen = frame[frame["table"] == number].reset_index(drop=True)
        if number in TEXT:
            return chosen
        parsed = [Column(name) for name in chosen["column"]]
        return chosen.assign(
            title=[column.title for column in parsed],
            metric=[column.metric for column in parsed],
            train_samples=pd.array([column.train_samples for column in parsed], dtype="Int64"),
            model=MODELS[number],
        )

    def changed(self, values: Mapping[Cell, float]) -> Paper:
        """The paper with other numbers in some cells: what would be said of it then?

        Raises: AnalysisError for a cell that it does not have, or a value that is no percentage.
        """
        keys = pd.MultiIndex.from_frame(self.numbers[KEY])
        table = self.numbers.copy()
        for cell, value in values.items():
            place = keys.get_indexer(pd.MultiIndex.from_tuples([(cell.table, cell.row, cell.column)]))[0]
            if place < 0:
                raise AnalysisError("a changed cell must be one of the paper's", str(cell), "See Paper.numbers.")
            table.loc[place, "value"] = value
        check_numbers(table)
        return replace(self, numbers=table)


@cache
def load_paper() -> Paper:
    """The shipped numbers. Raises AnalysisError when a file is not whole."""
    entries = _read("entries.csv").astype({"value": "str"})
    _check_keys(entries, TEXT)
    numbers = _read("numbers.csv")
    numbers["value"] = pd.to_numeric(numbers["value"])
    check_numbers(numbers)
    return Paper(numbers, entries)


def paper_table(number: int) -> pd.DataFrame:
    """`Paper.table` of the shipped numbers."""
    return load_paper().table(number)


def check_numbers(frame: pd.DataFrame) -> None:
    """Raises AnalysisError unless every table is whole: known columns, each row in each of them once, percentages."""
    _check_keys(frame, NUMERIC)
    for name in frame["column"].unique():
        Column(name)
    wrong = frame[~frame["value"].between(0, 100) | (frame["unit"] != "%")]
    if len(wrong):
        first = wrong.iloc[0]
        _refuse("a number of the paper is a percentage", f"{first['value']} {first['unit']} in {_place(first)}")


def _check_keys(frame: pd.DataFrame, tables: Iterable[int]) -> None:
    if columns(frame) != COLUMNS:
        _refuse(f"the columns are {', '.join(COLUMNS)}", ", ".join(columns(frame)))
    if set(frame["table"]) != set(tables):
        _refuse(f"the tables are {', '.join(map(str, tables))}", str(sorted(set(frame["table"]))))
    if frame.isna().any(axis=None):
        _refuse("no entry is empty", _place(frame[frame.isna().any(axis=1)].iloc[0]))
    if frame.duplicated(KEY).any():
        _refuse("a cell is there once", _place(frame[frame.duplicated(KEY)].iloc[0]))
    for number, table in frame.groupby("table"):
        if len(table) != table["row"].nunique() * table["column"].nunique():
            _refuse("every row of a table has every column", f"a hole in Table {number}")


def _read(name: str) -> pd.DataFrame:
    frame = pd.read_csv(FOLDER / name, dtype="str", keep_default_na=False)
    return frame.astype({"table": "int64"}) if "table" in frame else frame


def _place(row: pd.Series) -> str:
    return str(Cell(row["table"], row["row"], row["column"]))


def _refuse(rule: str, value: str) -> None:
    raise AnalysisError(f"the paper's numbers: {rule}", value, "Restore analysis/paper/*.csv.")
