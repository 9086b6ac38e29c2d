"""Measured coverage: a short simulation agrees with the shipped table; the notes say what it says."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import coverage, design_notes, frame_notes
from analysis.coverage import Measured
from benchmarks import coverage as simulation

ROOT = Path(__file__).parents[2]
ROWS = [
    simulation.Row(**{**vars(row), "covered": round(row.coverage * row.replications), "length": 0.0})
    for row in coverage.measured()
]


@pytest.mark.parametrize("quantity", simulation.QUANTITIES)
@pytest.mark.parametrize(("seeds", "problems"), [(3, 30), (5, 30)])
def test_a_short_simulation_agrees_with_the_shipped_table(quantity: str, seeds: int, problems: int) -> None:
    """300 replications with another random stream: within 4 standard errors of both."""
    shipped = {(row.taken, row.kind): row for row in coverage.measured() if _design(row) == (quantity, seeds, problems)}
    cell = simulation.Cell(quantity, "apart", seeds, problems)
    for row in simulation.simulate(cell, 300, "", resamples=400, stream=1):
        p = shipped[row.taken, row.kind].coverage
        error = np.sqrt(p * (1 - p) * (1 / 300 + 1 / shipped[row.taken, row.kind].replications))
        assert abs(row.coverage - p) <= 4 * error + 0.01, row


def _design(row: Measured) -> tuple[str, int, int] | None:
    return (row.quantity, row.seeds, row.problems) if row.scenario == "apart" else None


def test_the_simulated_truth_is_the_mean_of_very_many() -> None:
    rng = np.random.default_rng(0)
    for quantity in simulation.QUANTITIES:
        drawn = simulation.draw(simulation.Cell(quantity, "apart", 10, 200), 1_000, rng)
        value, _ = simulation.estimate(simulation.Cell(quantity, "apart", 10, 200), drawn.left, drawn.right)
        for taken in ("sampled", "fixed"):
            errors = value - drawn.truth[taken]  # type: ignore[index]
            assert abs(errors.mean()) <= 4 * errors.std() / np.sqrt(len(errors)), (quantity, taken)


def test_the_table_has_every_design_and_a_commit() -> None:
    kinds = {quantity: 1 if quantity == "iqm" else 2 for quantity in simulation.QUANTITIES}
    expected = sum(2 * kinds[cell.quantity] for cell in simulation.cells())
    assert len(coverage.measured()) == expected
    assert all(re.fullmatch("[0-9a-f]{12}", row.commit) for row in coverage.measured())
    assert {row.replications for row in coverage.measured()} == {2_000}


def test_the_docs_show_the_table_as_it_is() -> None:
    assert simulation.table(ROWS) in (ROOT / "docs" / "estimators.md").read_text(), "make coverage, and copy its table"


def test_the_lowest_of_the_neighbouring_designs_counts() -> None:
    near = [
        row.coverage
        for row in coverage.measured()
        if (row.quantity, row.taken, row.kind) == ("mean", "sampled", "bootstrap") and row.seeds in (3, 5)
    ]
    found = coverage.lowest("mean", 4, 60, "sampled", "bootstrap")
    assert found is not None and found.coverage == min(near)
    assert coverage.lowest("mean", 1, 60, "sampled", "t") is None
    assert coverage.lowest("mean", 3, 10, "sampled", "t") is None
    large = coverage.lowest("mean", 40, 9_000, "sampled", "t")
    assert large is not None and (large.seeds, large.problems) == (10, 500)


def test_a_design_that_under_covers_is_marked_and_one_that_does_not_is_not() -> None:
    assert design_notes(3, 30) == []
    (note,) = design_notes(3, 500, kind="bootstrap")
    found = coverage.lowest("mean", 3, 500, "sampled", "bootstrap")
    assert found is not None and found.coverage < coverage.LOWEST
    assert f"held the truth in {100 * found.coverage:.1f} % of simulations of 3 seeds x 500 problems" in note


def test_the_notes_follow_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    worse = Measured("mean", "sampled", "t", 3, 30, "alike", 2_000, 0.5, "0" * 12)
    monkeypatch.setattr(coverage, "measured", lambda: (worse,))
    assert "50.0 %" in design_notes(3, 30)[0]
    monkeypatch.setattr(coverage, "measured", lambda: (Measured(**{**vars(worse), "coverage": 0.95}),))
    assert design_notes(3, 30) == []


def test_one_seed_and_few_problems_are_said_once_each() -> None:
    frame = pd.DataFrame({"seeds": [1, 1, 3], "problems": [12, 12, 12]})
    assert frame_notes(frame) == [
        "one seed: the noise between seeds is not in the interval",
        "only 12 problems: the coverage of intervals was not measured below 30",
    ]
