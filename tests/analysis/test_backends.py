"""One configuration on two backends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic import SyntheticRun, linear, write_run

from analysis import backend_curves, backend_differences, load_runs

STEPS = np.linspace(0.6, 0.2, 20)


def write(root: Path, backend: str, seed: int, offset: float, method: str = "grpo") -> None:
    schedule = linear(0.5, 0.2) if method == "entrocraft" else None
    options = {"name": method, **({"gamma": 10.0, "base": "grpo"} if schedule else {})}
    run = SyntheticRun(options, seed, STEPS + offset, schedule, backend=backend)
    write_run(root / f"{method}-{backend}-{seed}", run)


def test_closed_form(tmp_path: Path) -> None:
    for seed, offset in ((1, 0.0), (2, 0.02)):
        write(tmp_path, "torch", seed, offset)
        write(tmp_path, "verl", seed, offset + 0.05)
        write(tmp_path, "torch", seed, offset, "entrocraft")
    curves = backend_curves(load_runs(tmp_path))
    assert set(curves["backend"]) == {"torch", "verl"} and set(curves["pair"]) == {"GRPO"}  # the other has no verl
    (row,) = backend_differences(curves).to_dict("records")
    assert (row["seeds"], row["steps"], row["splits"]) == (2, 20, 6)
    assert row["difference"] == pytest.approx(0.05) and row["signed"] == pytest.approx(0.05)
    assert row["between_seeds"] == pytest.approx(0.02)
    assert row["as_far"] == 2  # the split by backend, and the same one with its sides exchanged


def test_equal_laws_leave_the_split_by_backend_undistinguished(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for backend in ("torch", "verl"):
        for seed in (1, 2, 3):
            write(tmp_path, backend, seed, float(rng.normal(0, 0.05)))
    (row,) = backend_differences(backend_curves(load_runs(tmp_path))).to_dict("records")
    assert row["splits"] == 20 and row["as_far"] > 2


def test_one_seed_has_no_noise_to_compare_with(tmp_path: Path) -> None:
    write(tmp_path, "torch", 1, 0.0)
    write(tmp_path, "verl", 1, 0.01)
    (row,) = backend_differences(backend_curves(load_runs(tmp_path))).to_dict("records")
    assert row["seeds"] == 1 and np.isnan(row["between_seeds"])


def test_a_study_of_one_backend_has_no_pair(tmp_path: Path) -> None:
    write(tmp_path, "torch", 1, 0.0)
    curves = backend_curves(load_runs(tmp_path))
    assert not len(curves) and not len(backend_differences(curves))
