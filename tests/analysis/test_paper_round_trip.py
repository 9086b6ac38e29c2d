"""Round trips at random: known counts -> run folders -> every form of a table, and the paper's numbers -> verdicts.

`test_paper_tables.py` has one whole draw for each table; here rows are missing, seeds differ, numbers are arbitrary.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paper_runs import ANSWERS, configuration, write_paper_run

from analysis import load_runs
from analysis.paper import TABLES, Cell, Verdict, audit, load_paper, table, write_paper_tables
from analysis.paper import numbers as numbers_module
from analysis.paper.audit import CLAIMS
from analysis.paper.cells import BENCHMARKS, PASS, Column
from analysis.paper.grid import Grid, markdown, tex, web
from analysis.paper.recipes import Recipe

PAPER = load_paper()
STAGES = {100_000: 100, 200_000: 195, 300_000: 295, 400_000: 390}
CELLS = 20
AVERAGED = ("MATH-500", "AMC-23", "AIME-25")
TEX = re.compile(r"(\\textbf\{|\\underline\{)?([\d.]+|-)\}?(\\rlap\{\$\^\\dagger\$\})?")
MARKDOWN = re.compile(r"(\*\*|<u>)?([\d.]+|-)(?:\*\*|</u>)?(\N{DAGGER})?")
WEB = re.compile(r"(<strong>|<u>)?([\d.]+|-)(?:</strong>|</u>)?(<sup>\N{DAGGER}</sup>)?")
MARKS = {
    "": "",
    None: "",
    r"\textbf{": "best",
    r"\underline{": "second",
    "**": "best",
    "<u>": "second",
    "<strong>": "best",
}

Shown = dict[tuple[str, int], tuple[str, str, bool]]
"""(row, place of the column) -> (number, mark, whether it is the paper's)."""


def parsed(lines: list[tuple[str, list[str]]], pattern: re.Pattern[str]) -> Shown:
    found: Shown = {}
    for row, cells in lines:
        for place, cell in enumerate(cells):
            match = pattern.fullmatch(cell.strip())
            assert match is not None, cell
            found[row, place] = (match[2], MARKS[match[1]], bool(match[3]))
    return found


def from_tex(text: str) -> Shown:
    body = text.split(r"\begin{tabular}")[1].split(r"\end{tabular}")[0]
    lines = [line.removesuffix(r" \\").split(" & ") for line in body.splitlines() if " & " in line][2:]
    return parsed([(line[0], line[1:]) for line in lines], TEX)


def from_markdown(text: str) -> Shown:
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")][2:]
    return parsed([(line[0], line[1:]) for line in lines], MARKDOWN)


def from_web(text: str) -> Shown:
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', text)
    return parsed([(html.unescape(row), re.findall(r"<td>(.*?)</td>", cells)) for row, cells in rows], WEB)


def every_form(grid: Grid) -> Shown:
    """What the LaTeX shows; the other forms must show the same."""
    shown = from_tex(tex(grid))
    assert from_markdown(markdown(grid)) == shown
    assert from_web(web(grid)) == shown
    return shown


def marks(values: Mapping[str, Fraction], second: bool) -> dict[str, str]:
    """The mark of each row of a column, by the definition: equal values share a place; one row alone has none."""
    places = sorted(set(values.values()), reverse=True)
    if len(values) < 2:
        return dict.fromkeys(values, "")
    names = {places[0]: "best", **({places[1]: "second"} if second and len(places) > 1 else {})}
    return {row: names.get(value, "") for row, value in values.items()}


@pytest.mark.parametrize("number", [2, 3, 5, 6])
def test_some_rows_from_some_seeds(number: int, tmp_path: Path) -> None:
    recipe, rng = TABLES[number], np.random.default_rng(100 + number)
    rows = list(recipe.rows)
    chosen = rows[:2] if number == 6 else sorted(rng.choice(rows, 3, replace=False).tolist(), key=rows.index)
    exact: dict[tuple[str, str], Fraction] = {}
    known: dict[str, dict[int, dict[int, dict[str, list[int]]]]] = {}
    for place, row in enumerate(chosen):
        which = recipe.rows[row]
        steps = list(STAGES.values()) if number == 3 else [configuration(which.experiment)["trainer"]["steps"]]
        drawn = {seed: {step: counts(recipe, rng) for step in steps} for seed in range(1, int(rng.integers(2, 4)))}
        if place == 2:  # as good as the row before, on other problems: a tie
            drawn = {
                seed: {step: {title: each[::-1] for title, each in of.items()} for step, of in by_step.items()}
                for seed, by_step in known[chosen[1]].items()
            }
        known[row] = drawn
        for seed, by_step in drawn.items():
            write_paper_run(tmp_path / "runs" / f"t{place}-s{seed}", which.experiment, by_step, seed=seed)
        for column in recipe.columns:
            step = steps[-1] if column.train_samples is None else STAGES[column.train_samples]
            titles = AVERAGED if column.average else (column.title,)
            each = [share(by_step[step][title], column.metric) for by_step in drawn.values() for title in titles]
            exact[row, column.name] = 100 * sum(each, Fraction(0)) / len(each)
    runs = load_runs(tmp_path / "runs")
    shown = every_form(table(number, runs, PAPER))
    printed = {(cell.row, cell.column): value for cell, value in PAPER.values.items() if cell.table == number}
    assert len(shown) == len(rows) * len(recipe.columns)
    for place, column in enumerate(recipe.columns):
        ours = marks({row: exact[row, column.name] for row in chosen}, recipe.second)
        theirs = marks({row: Fraction(str(printed[row, column.name])) for row in rows}, recipe.second)
        for row in rows:
            text, mark, dagger = shown[row, place]
            assert dagger == (row not in chosen)
            assert mark == (theirs if dagger else ours)[row], (row, column.name)
            value = Fraction(str(printed[row, column.name])) if dagger else exact[row, column.name]
            assert abs(Fraction(text) - value) <= Fraction(1, 20)
    write_paper_tables(tmp_path / "out", runs, PAPER)
    frame = pd.read_csv(tmp_path / "out" / f"table{number}.csv").set_index(["row", "column"])
    for (row, column_name), value in exact.items():
        assert frame.loc[(row, column_name), "value"] == pytest.approx(float(value), abs=1e-9)


def counts(recipe: Recipe, rng: np.random.Generator) -> dict[str, list[int]]:
    titles = dict.fromkeys(column.title for column in recipe.columns if not column.average)
    return {title: rng.binomial(ANSWERS, rng.beta(0.4, 1, BENCHMARKS[title].problems)).tolist() for title in titles}


def share(correct: list[int], metric: str) -> Fraction:
    if metric == PASS:
        return Fraction(sum(count > 0 for count in correct), len(correct))
    return Fraction(sum(correct), ANSWERS * len(correct))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_numbers_of_the_paper_are_shown_and_marked(data: st.DataObject) -> None:
    """From a few values, so that ties are common."""
    number = data.draw(st.sampled_from(sorted(TABLES)))
    recipe = TABLES[number]
    pool = data.draw(st.lists(st.integers(0, 1000), min_size=1, max_size=4))
    cells = [Cell(number, row, column.name) for row in recipe.rows for column in recipe.columns]
    values = {cell: data.draw(st.sampled_from(pool)) for cell in cells}
    shown = every_form(table(number, None, PAPER.changed({cell: tenths / 10 for cell, tenths in values.items()})))
    for place, column in enumerate(recipe.columns):
        tenths = {row: Fraction(values[Cell(number, row, column.name)], 10) for row in recipe.rows}
        wanted = marks(tenths, recipe.second)
        for row, value in tenths.items():
            assert shown[row, place] == (f"{float(value):.1f}", wanted[row], True)


def test_a_mutated_cell_of_the_file_turns_the_verdicts_that_read_it_and_only_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the file: some cells of numbers.csv, each set to a value that it could have."""
    reads = {claim.name: set(claim.reads) for claim in CLAIMS}
    before = audit(PAPER).set_index("claim")
    rng = np.random.default_rng(11)
    turned: set[str] = set()
    for name in ("numbers.csv", "entries.csv"):
        (tmp_path / name).write_bytes((numbers_module.FOLDER / name).read_bytes())
    lines = (tmp_path / "numbers.csv").read_text().splitlines(keepends=True)
    frame = PAPER.numbers
    monkeypatch.setattr(numbers_module, "FOLDER", tmp_path)
    for place in rng.choice(len(frame), CELLS, replace=False):
        row = frame.iloc[place]
        cell = Cell(int(row["table"]), row["row"], row["column"])
        value = attainable(Column(cell.column), rng)
        fields = f"{cell.table},{cell.row},{cell.column},"
        assert lines[place + 1].startswith(f"{fields}{row['value']},")
        changed = [*lines]
        changed[place + 1] = changed[place + 1].replace(f"{fields}{row['value']},", f"{fields}{value},", 1)
        (tmp_path / "numbers.csv").write_text("".join(changed))
        mutated = load_paper.__wrapped__()
        assert {key for key, found in mutated.values.items() if found != PAPER.values[key]} <= {cell}
        after = audit(mutated).set_index("claim")
        for name in before.index:
            if cell not in reads[name]:
                pd.testing.assert_series_equal(before.loc[name], after.loc[name])  # verdict, numbers and error
            elif before.loc[name, "verdict"] != after.loc[name, "verdict"]:
                turned.add(name)
    assert len(turned) >= 5, "the changes are large enough to turn verdicts"
    assert set(before["verdict"]) <= set(map(str, Verdict))


def attainable(column: Column, rng: np.random.Generator) -> float:
    """A share that so many problems can give, rounded as the paper rounds."""
    problems = 1000 if column.average else column.benchmark.problems
    return round(100 * int(rng.integers(problems + 1)) / problems, 1)
