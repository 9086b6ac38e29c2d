"""Broken input through the commands: `compare`, `figures`, `paper` and its page say why, and show no wrong number."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from paper_runs import ANSWERS, write_paper_run
from synthetic import record, write_run
from test_broken_table import CASES, RUN

from analysis.paper import TABLES, load_paper
from analysis.paper.cells import BENCHMARKS, PASS
from harness.cli.main import main

LAST, BEFORE, STEPS = 101, 100, 101
TITLES = ("MATH-500", "AMC-23", "AIME-25")
ROWS = TABLES[2].rows
Counts = dict[int, dict[str, list[int]]]
Damage = Callable[[Path], None]


def words(text: str) -> str:
    """On one line: tables and pages break theirs where they like."""
    return " ".join(text.split())


@pytest.mark.parametrize("name", CASES)
def test_compare_says_what_is_broken(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage, told, outcome = CASES[name]
    damage(write_run(tmp_path / "runs" / "bad", RUN))
    code = main(["compare", str(tmp_path / "runs"), "--out", str(tmp_path / "table.tex")])
    shown = capsys.readouterr()
    assert code == 0
    sidecar = json.loads((tmp_path / "table.json").read_text())
    if outcome == "excluded":
        assert f"left out: bad: {sidecar['excluded'][0]['reason']}" in shown.err and told in shown.err
        assert "No run could be used." in shown.out and sidecar["runs"] == []
    else:
        assert told in words(shown.out) and told in sidecar["runs"][0]["partial"]


def test_figures_say_what_is_broken(tmp_path: Path) -> None:
    together = {name: case for name, case in CASES.items() if not name.startswith("another n")}  # one n for all
    for place, (damage, _, _) in enumerate(together.values()):
        run = write_run(tmp_path / "runs" / f"r{place:02d}", RUN)
        damage(run)
        content = json.loads((run / "manifest.json").read_text())
        content["config"]["seed"] = content["seed"] = place  # the same seed would be a repetition
        (run / "manifest.json").write_text(json.dumps(content))
    assert main(["figures", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]) == 0
    sidecar = json.loads((tmp_path / "out" / "entropy.json").read_text())
    reasons = {each["run"]: each["reason"] for each in sidecar["excluded"]}
    partial = {each["run"]: each["partial"] for each in sidecar["runs"]}
    for place, (_, told, outcome) in enumerate(together.values()):
        assert told in (reasons if outcome == "excluded" else partial)[f"r{place:02d}"]


def lines(name: str, change: Callable[[list[str]], list[str]]) -> Damage:
    def edit(run: Path) -> None:
        text = (run / name).read_text().splitlines(keepends=True)
        (run / name).write_text("".join(change(text)))

    return edit


def manifest(**fields: object) -> Damage:
    def edit(run: Path) -> None:
        content = json.loads((run / "manifest.json").read_text())
        (run / "manifest.json").write_text(json.dumps(content | fields))

    return edit


def draws(n: int) -> Damage:
    def edit(run: Path) -> None:
        content = json.loads((run / "manifest.json").read_text())
        content["config"]["validation"]["samples"] = n
        (run / "manifest.json").write_text(json.dumps(content))

    return edit


def samples(step: int) -> str:
    return f"samples/step_{step:06d}.jsonl"


def without_number(text: str) -> str:
    return re.sub(r'("(?:actor|control)/entropy": )[0-9.]+', r"\1null", text)


# row of Table 2: (damage, what is told, the step whose numbers are in the table; None: the paper's own)
BROKEN: dict[str, tuple[Damage, str, int | None]] = {
    "GRPO": (
        lines("metrics.jsonl", lambda text: [*text, '{"schema": 1, "st']),
        "the last line of metrics.jsonl is truncated",
        LAST,
    ),
    "GRPO + Entropy Loss": (
        lines(samples(LAST), lambda text: [*text[:-1], text[-1][:-9]]),
        "samples of step 101 left out: the last line is truncated",
        BEFORE,
    ),
    "GRPO + Clip-Higher": (
        lines("metrics.jsonl", lambda text: [*text[:24], without_number(text[24]), *text[25:]]),
        "actor/entropy is not finite at steps 25",
        LAST,
    ),
    "GRPO + Clip-Cov": (lines("metrics.jsonl", lambda text: text[:24] + text[25:]), "steps missing: 25", LAST),
    "GRPO + Entrocraft": (
        lines("metrics.jsonl", lambda text: [*text, record(7, {"actor/entropy": 0.1})]),
        "step 7 is recorded twice by attempt 1",
        None,
    ),
    "GSPO": (draws(16), "samples of step 101 left out: n = 32, the configuration draws 16", None),
    "GSPO + Entropy Loss": (
        lines("metrics.jsonl", lambda text: [text[0].replace('"schema": 1', '"schema": 2'), *text[1:]]),
        "line 1 of metrics.jsonl has schema 2",
        None,
    ),
    "GSPO + Clip-Higher": (
        lines(samples(LAST), lambda text: []),
        "samples of step 101 left out: the file is empty",
        BEFORE,
    ),
    "GSPO + Clip-Cov": (
        lines(samples(LAST), lambda text: [text[0].replace("}", ', "output": ""}'), *text[1:]]),
        "samples have an empty response, first at step 101; graded as recorded",
        LAST,
    ),
    "GSPO + Entrocraft": (
        lines("metrics.jsonl", lambda text: text[:60]),
        "complete at step 60 of 101",
        None,
    ),
    "W-Reinforce": (lambda run: (run / "manifest.json").write_text("{") and None, "must be JSON", None),
    "EntroPIC": (lambda run: None, "", LAST),
}


def counts(seed: int) -> Counts:
    rng = np.random.default_rng(seed)
    return {
        step: {
            title: rng.binomial(ANSWERS, 0.3 + 0.1 * (step == LAST), BENCHMARKS[title].problems).tolist()
            for title in TITLES
        }
        for step in (BEFORE, LAST)
    }


def score(column: str, known: Mapping[str, list[int]]) -> float:
    title, metric = column.split()
    if title == "Avg.":
        return float(np.mean([score(f"{each} {metric}", known) for each in TITLES]))
    right = np.array(known[title])
    return 100 * float((right > 0).mean() if metric == PASS else right.mean() / ANSWERS)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("book")
    assert set(BROKEN) == set(ROWS)
    for place, (row, (damage, _, _)) in enumerate(BROKEN.items()):
        run = root / "runs" / f"t{place:02d}"
        write_paper_run(run, ROWS[row].experiment, counts(place), steps=STEPS)
        damage(run)
    assert main(["paper", str(root / "runs"), "--out", str(root / "out")]) == 0
    return root


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_the_right_numbers_or_the_papers(row: str, book: Path) -> None:
    _, _, step = BROKEN[row]
    known = counts(list(BROKEN).index(row))
    frame = pd.read_csv(book / "out" / "tables" / "table2.csv").set_index("row").loc[row]
    printed = load_paper().table(2).set_index(["row", "column"])["value"]
    assert set(frame["source"]) == {"paper" if step is None else "runs"}
    for column, value in zip(frame["column"], frame["value"], strict=True):
        wanted = printed[row, column] if step is None else score(column, known[step])
        assert value == pytest.approx(wanted, abs=1e-9), column


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("name", ["tables/table2.md", "tables/table2.tex", "tables/table2.html", "index.html"])
def test_the_reason_is_below_the_table_and_on_the_page(name: str, row: str, book: Path) -> None:
    _, told, _ = BROKEN[row]
    shown = words(html.unescape((book / "out" / name).read_text())).replace("\\_", "_").replace("\\", "")
    assert told in shown
    assert f"t{list(BROKEN).index(row):02d}" in shown or not told
