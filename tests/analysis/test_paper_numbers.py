"""The paper's numbers: whole, typed, and refused when they are not."""

from pathlib import Path

import pytest

from analysis.paper import Cell, load_paper, paper_table
from analysis.paper import numbers as module
from analysis.paper.cells import BENCHMARKS, Column
from analysis.paper.numbers import check_numbers
from analysis.paper.recipes import TABLES
from harness.config.math_data import BENCHMARKS as CONFIGURED
from harness.errors import AnalysisError, ConfigError

PAPER = load_paper()


def test_tables_have_the_rows_and_columns_of_their_recipes_in_order() -> None:
    for number, recipe in TABLES.items():
        frame = paper_table(number)
        assert list(dict.fromkeys(frame["row"])) == list(recipe.rows)
        assert list(dict.fromkeys(frame["column"])) == [column.name for column in recipe.columns]


def test_some_numbers_as_the_paper_prints_them() -> None:
    values = PAPER.values
    assert values[Cell(2, "GRPO + Entrocraft", "AIME-25 pass@32")] == 46.7
    assert values[Cell(3, "GRPO + Clip-Cov", "MATH-500 mean@32 at 300K")] == 79.7
    assert values[Cell(5, "EntroPIC", "AIME-26 mean@32")] == 9.7
    assert values[Cell(8, "GRPO", "Avg. pass@32")] == 76.6
    assert len(values) == 12 * 8 + 4 * 8 + 12 * 6 + 3 * 2 * 8


def test_columns_are_typed() -> None:
    frame = paper_table(3)
    assert list(frame["train_samples"].unique()) == [100_000, 200_000, 300_000, 400_000]
    assert set(frame["title"]) == {"MATH-500", "AIME-25"} and set(frame["metric"]) == {"mean@32"}
    assert paper_table(2)["train_samples"].isna().all()
    assert (paper_table(6)["model"] == "Llama-3.1-8B-Instruct").all()
    assert set(paper_table(1)["value"]) == {"yes", "no"}
    assert dict(zip(paper_table(4)["row"], paper_table(4)["value"], strict=True))["optim.lr"] == "1e-6"


def test_benchmarks_are_those_of_the_configuration() -> None:
    assert {each.source: each.problems for each in BENCHMARKS.values()} == CONFIGURED


def test_unknown_tables_columns_and_cells_are_refused() -> None:
    with pytest.raises(ConfigError, match="Valid: 1, 2, 3, 4, 5, 6, 7, 8"):
        paper_table(9)
    with pytest.raises(ConfigError, match="BENCHMARK mean@32"):
        Column("AIME-25 maj@32")
    with pytest.raises(ConfigError, match="AIME-26"):
        Column("AIME-27 mean@32")
    with pytest.raises(AnalysisError, match="Table 2, GRPO, AIME-24 mean@32"):
        PAPER.changed({Cell(2, "GRPO", "AIME-24 mean@32"): 1.0})


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("value", 101.0, "is a percentage"),
        ("value", float("nan"), "no entry is empty"),
        ("unit", "points", "is a percentage"),
        ("row", "GRPO + Entropy Loss", "is there once"),
        ("row", "Nothing", "every row of a table has every column"),
        ("table", 4, "the tables are"),
        ("column", "AIME-27 mean@32", "a hole|benchmarks"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(column: str, value: object, message: str) -> None:
    frame = PAPER.numbers.copy()
    frame.loc[0, column] = value
    with pytest.raises((AnalysisError, ConfigError), match=message):
        check_numbers(frame)
    with pytest.raises(AnalysisError, match="the columns are"):
        check_numbers(PAPER.numbers.drop(columns="where"))


def test_a_changed_cell_changes_no_other_and_not_the_original() -> None:
    cell = Cell(7, "GRPO", "AMC-23 mean@32")
    changed = PAPER.changed({cell: 1.5})
    assert {key for key, value in changed.values.items() if value != PAPER.values[key]} == {cell}
    with pytest.raises(AnalysisError, match="percentage"):
        PAPER.changed({cell: -1.0})


def test_the_files_are_package_data() -> None:
    text = (Path(module.__file__).parents[2] / "pyproject.toml").read_text()
    assert '"paper/*.csv"' in text
