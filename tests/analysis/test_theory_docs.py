"""The numbers of docs/theory.md are those of the kept results."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "theory.md").read_text()
FOUND = pd.read_csv(DOCS / "results/theory_checkpoints.csv")
STEPS = pd.read_csv(DOCS / "results/theory_steps.csv")
PLAIN = FOUND[FOUND["update_step"] == "gradient"]
METHODS = {"GRPO": "grpo", "RAFT++": "raftpp", "NSR": "nsr"}
COLUMNS = (
    *("mean_log_likelihood_per_token", "mean_log_osb_per_token", "mean_log_osb_gradient_per_token"),
    *("responses_above_gradient", "held_gradient", "agree_change_gradient"),
)
ROWS = re.findall(r"^\| (0 \(base\)|GRPO \d+|RAFT\+\+ \d+|NSR \d+) \| (.+) \|$", TEXT, re.MULTILINE)


@pytest.mark.parametrize(("name", "cells"), ROWS, ids=[row[0] for row in ROWS])
def test_a_row_of_the_table(name: str, cells: str) -> None:
    title, _, step = name.rpartition(" ") if "base" not in name else ("GRPO", "", "0")
    row = PLAIN[(PLAIN["method"] == METHODS[title]) & (PLAIN["step"] == int(step))].iloc[0]
    for text, column in zip(cells.split(" | "), COLUMNS, strict=True):
        places = len(text.partition(".")[2])
        assert float(text) == pytest.approx(row[column], abs=0.5000001 * 10**-places), column


def test_all_checkpoints_are_in_the_table() -> None:
    assert len(ROWS) == 1 + (PLAIN["step"] > 0).sum()


def test_ranges_in_the_text() -> None:
    adam = FOUND[FOUND["update_step"] == "adam"]
    for frame, column, words in (
        (PLAIN, "agree_change_gradient_others", "first order is right for {} of the pairs"),
        (PLAIN, "agree_advantage_others", "A alone for {}."),
        (adam, "agree_advantage", "A alone {}, first order"),
        (adam, "agree_change_gradient", "first order {}."),
    ):
        low, high = (f"{value:.2f}".removeprefix("0") for value in (frame[column].min(), frame[column].max()))
        assert words.format(f"{low} to {high}") in TEXT


def test_steps() -> None:
    for row in STEPS.itertuples():
        assert f"{100 * row.agreement:.0f} %" in TEXT
