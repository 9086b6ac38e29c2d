"""Authority from run folders with known changes: means, directions, verdicts, and what is left out."""

import json
import math
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from synthetic import SyntheticRun, constant, record, write_run

from analysis import authority, authority_by_seed, authority_cells, load_runs
from analysis.authority import UNREACHED, clip_text
from analysis.control_report import authority_markdown

TRAINER = {"epochs": 4, "mini_batches": 4}
SIGNS = {1: 0.0, -1: 100.0}


def write(
    folder: Path,
    m: int,
    seed: int,
    slope: float,
    noise: float = 0.0,
    trainer=TRAINER,
    skipped=(),
    without=(),
    reward=0.1,
):
    """A run of 11 steps whose entropy moves by `slope` a step, from .5; m = 0: GRPO."""
    method = {"name": "entrocraft", "gamma": "inf", "base": "grpo"} if m else {"name": "grpo"}
    schedule = constant(SIGNS[m]) if m else None
    entropy = 0.5 + slope * np.arange(11) + noise * np.arange(11) % 2
    write_run(folder, SyntheticRun(method, seed, entropy, schedule, trainer=trainer))
    lines = [
        record(
            step,
            {
                "control/entropy": float(entropy[step - 1]),
                "control/m": float(m),
                "control/skipped_update": float(step in skipped),
                "critic/score/mean": reward * step if reward > 0 else reward,
            },
        )
        for step in range(1, 12)
        if step not in without
    ]
    (folder / "metrics.jsonl").write_text("".join(lines))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """16 updates have authority; with 1 update everything falls, and a little less under m = -1."""
    for seed in (1, 2, 3, 4):
        wobble = 1e-5 * seed
        for m, slope in ((1, -0.01), (0, -0.004), (-1, 0.02)):
            write(tmp_path / f"many{m}-{seed}", m, seed, slope + wobble)
        for m, slope in ((1, -0.003), (0, -0.003), (-1, -0.002)):
            write(tmp_path / f"one{m}-{seed}", m, seed, slope + wobble, trainer={"epochs": 1, "mini_batches": 1})
    return tmp_path


def test_changes_shares_and_verdicts(study: Path) -> None:
    frame = authority(load_runs(study)).set_index(["updates", "m"])
    assert frame.loc[(16, 1), "change"] == pytest.approx(-0.01 + 2.5e-5)
    assert frame.loc[(16, -1), "change"] == pytest.approx(0.02 + 2.5e-5)
    assert frame["seeds"].eq(4).all() and frame["steps"].eq(40).all() and frame["fixed"].all()
    assert frame.loc[(16, 1), "wanted"] == frame.loc[(16, -1), "wanted"] == 1
    assert frame.loc[(1, -1), "wanted"] == 0 and math.isnan(frame.loc[(1, 0), "wanted"])
    assert frame.loc[(1, 1), "score"] == pytest.approx(np.mean([0.7, 0.8, 0.9, 1.0, 1.1]))
    assert frame["verdict"].to_dict() == {
        (1, -1): "wrong way", (1, 0): "reference", (1, 1): "right way",
        (16, -1): "right way", (16, 0): "reference", (16, 1): "right way",
    }  # fmt: skip
    assert math.isnan(frame.loc[(1, 0), "p_adjusted"])
    assert frame.loc[(16, 1), "low"] < frame.loc[(16, 1), "change"] < frame.loc[(16, 1), "high"]


def test_cells_pair_the_two_directions(study: Path) -> None:
    cells = authority_cells(load_runs(study)).set_index("updates")
    assert cells["verdict"].to_dict() == {1: "wrong way at m = -1", 16: "has authority"}
    assert cells.loc[16, "span"] == pytest.approx(0.03)
    assert cells.loc[1, "span"] == pytest.approx(0.001)
    # the noise that both directions of a seed share is not in the span
    assert cells.loc[1, "high"] - cells.loc[1, "low"] == pytest.approx(0, abs=1e-12)
    assert cells.loc[16, "reference"] == pytest.approx(-0.004 + 2.5e-5)


def test_what_only_the_uncorrected_test_resolves_is_said_so(tmp_path: Path) -> None:
    """Changes of .01 +- .0032 (t 6.3 with 3 degrees of freedom, p .008) among 10 directions that do not move."""
    wobble = {1: -0.004, 2: 0.004, 3: 0.002, 4: -0.002}
    for place, mini_batches in enumerate((1, 2, 3, 4, 5)):
        for m, seed in product((1, -1), wobble):
            slope = wobble[seed] + (-0.01 * m if place == 0 else 0)
            trainer = {"epochs": 1, "mini_batches": mini_batches}
            write(tmp_path / f"{mini_batches}{m}-{seed}", m, seed, slope, trainer=trainer, reward=-1.0)
    runs = load_runs(tmp_path)
    first = authority_cells(runs).iloc[0]
    assert (first["verdict"], first["uncorrected"]) == ("not resolved", "has authority")
    text = authority_markdown(runs)
    assert "right way (uncorrected)" in text and "has authority (uncorrected)" in text
    assert "Holm's correction: 0 of 5" in text and "Without correction: 1 of 5" in text
    assert "In 1 settings in which m = -1 raised the entropy (uncorrected), hardly a right" in text


def test_one_seed_is_not_resolved(tmp_path: Path) -> None:
    for m, slope in ((1, -0.01), (-1, 0.02)):
        write(tmp_path / f"run{m}", m, 1, slope)
    runs = load_runs(tmp_path)
    assert set(authority(runs)["verdict"]) == {"not resolved"}
    assert list(authority_cells(runs)["verdict"]) == ["not resolved"]
    assert "one seed" in authority_markdown(runs)


def test_a_cell_needs_both_directions(tmp_path: Path) -> None:
    write(tmp_path / "up", -1, 1, 0.02)
    assert not len(authority_cells(load_runs(tmp_path)))
    assert len(authority(load_runs(tmp_path))) == 1


def test_no_change_over_a_gap_nor_after_a_skipped_update(tmp_path: Path) -> None:
    write(tmp_path / "run", 1, 1, -0.01, without=(5,), skipped=(9,))
    row = authority_by_seed(load_runs(tmp_path)).iloc[0]
    assert row["steps"] == 10 - 2 - 1
    assert row["change"] == pytest.approx(-0.01)


def test_a_closed_loop_run_has_a_row_for_each_direction_and_is_no_cell(tmp_path: Path) -> None:
    write(tmp_path / "run", 1, 1, -0.01)
    path = tmp_path / "run" / "metrics.jsonl"
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    for entry in entries[4:]:
        entry["data"]["control/m"] = -1.0
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    frame = authority(load_runs(tmp_path))
    assert sorted(frame["m"]) == [-1, 1] and not frame["fixed"].any()
    assert frame.set_index("m")["steps"].to_dict() == {1: 4, -1: 6}


def test_the_words_are_counted(study: Path) -> None:
    text = authority_markdown(load_runs(study))
    assert "correction: 1 of 2 settings have authority (16 updates, clip 0.2, lr 0.0001); 1 move the wrong way" in text
    assert "Holm's correction, m = -1: 1 right way, 1 wrong way, 0 not resolved." in text
    assert "hardly a right answer" not in text
    assert "Holm over 4 directions" in text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.2, 0.2, "0.2"), (0.2, 0.28, "0.2/0.28"), (1.0, 1e9, "none"), (0.2, 1e9, "0.2/1e+09"), (1.0, 1.0, "1")],
)
def test_clips_in_words(low, high, text) -> None:
    assert clip_text(low, high) == text
    assert math.exp(20) - 1 == UNREACHED


def test_runs_that_log_no_direction_give_an_empty_frame(tmp_path: Path) -> None:
    write_run(tmp_path / "run", SyntheticRun({"name": "grpo"}, 1, [0.5, 0.4, 0.3]))
    runs = load_runs(tmp_path)
    assert not len(authority(runs)) and not len(authority_cells(runs))
    assert authority(runs)["fixed"].dtype == bool  # it selects rows, not columns
