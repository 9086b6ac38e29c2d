"""`entrocraft compare`: its options reach the table, and its formats are printed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from harness.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[1] / "analysis"))
from synthetic import SyntheticRun, write_run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    for method, ease in (("grpo", 0.4), ("psr", 0.5)):
        for seed in (1, 2, 3):
            right = np.random.default_rng([seed, len(method)]).binomial(8, ease, 40).tolist()
            run = SyntheticRun({"name": method}, seed, np.linspace(0.6, 0.3, 25), correct={25: right})
            write_run(tmp_path / "runs" / f"{method}-{seed}", run)
    return tmp_path / "runs"


def test_metric_benchmark_baseline_and_problems(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = "--baseline psr --metric pass@2 --benchmark countdown --problems fixed --format md"
    assert main(["compare", str(runs), *options.split()]) == 0
    shown = capsys.readouterr().out
    assert "pass@2 minus that of PSR, paired on problems and seeds" in shown
    assert "95 % t interval over 3 seeds x 40 problems (fixed)" in shown
    assert "| p (Holm) |" in shown and "mean@" not in shown


@pytest.mark.parametrize("format", ["csv", "md", "tex", "text"])
def test_every_format_has_both_p_values(format: str, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(runs), "--format", format]) == 0
    shown = capsys.readouterr().out
    assert ("p_adjusted" if format == "csv" else "Holm") in shown


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        ("--metric pass@16", "k=16, n=8"),
        ("--metric best@8", "pass@<k>"),
        ("--benchmark aime25", "Valid: countdown"),
        ("--baseline nobody", "Valid: grpo"),
    ],
)
def test_refusals(options: str, phrase: str, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(runs), *options.split()]) == 2
    error = capsys.readouterr().err
    assert phrase in error or phrase.replace("Valid: grpo", "grpo, psr") in error
