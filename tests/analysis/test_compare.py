"""The comparison: values by closed form, verdicts, and what it refuses."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic import SyntheticRun, linear, write_run, write_samples, write_study

from analysis import (
    Runs,
    compare,
    crossed_intervals,
    holm,
    load_runs,
    pass_at_k,
    pass_at_k_curves,
    render,
    tracking_summary,
    validation_curves,
)
from harness.errors import AnalysisError, ConfigError

STEPS, N = 40, 8
ENTROPY = np.linspace(0.6, 0.1, STEPS)
PROBLEMS = 120
HARD = np.arange(PROBLEMS) % (N - 1)


def study(root: Path, gains: dict[str, Sequence[int]]) -> Runs:
    """Method -> for each seed, how many samples of every problem are right beyond HARD."""
    for method, by_seed in gains.items():
        for seed, gain in enumerate(by_seed, start=1):
            correct = {STEPS: np.clip(HARD + gain, 0, N).tolist()}
            write_run(root / f"{method}-{seed}", SyntheticRun({"name": method}, seed, ENTROPY, correct=correct, n=N))
    return load_runs(root)


def by_method(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_index("method")


def test_values_are_those_of_the_counts(tmp_path: Path) -> None:
    frame = compare(study(tmp_path, {"grpo": [0, 1]}), metrics=["mean@n", "mean@8", "pass@1", "pass@4", "pass@K"])
    row = frame.iloc[0]
    counts = np.stack([HARD, HARD + 1])
    assert row["mean@n"] == row["mean@8"] == pytest.approx(counts.mean() / N)
    assert row["pass@1"] == pytest.approx(counts.mean() / N)
    assert row["pass@4"] == pytest.approx(pass_at_k(N, counts, 4).mean())
    assert row["pass@8"] == pytest.approx((counts > 0).mean())
    assert (row["seeds"], row["problems"], row["n"], row["step"]) == (2, PROBLEMS, N, STEPS)
    assert row["mean@n_low"] < row["mean@n"] < row["mean@n_high"]
    assert row["entropy_start"] == ENTROPY[0]
    assert row["entropy_final"] == pytest.approx(ENTROPY[-5:].mean())
    assert row["verdict"] == "baseline"


def test_worse_is_called_worse_and_noise_is_not_resolved(tmp_path: Path) -> None:
    gains = {"grpo": [1, 1, 1], "entrocraft": [0, 0, 0], "psr": [2, 2, 2], "nsr": [0, 1, 2]}
    frame = by_method(compare(study(tmp_path, gains)))
    assert frame.loc["entrocraft", "verdict"] == "worse than GRPO"
    assert frame.loc["psr", "verdict"] == "better than GRPO"
    assert frame.loc["nsr", "verdict"] == "not resolved"
    assert frame.loc["entrocraft", "difference"] == pytest.approx(-1 / N)
    assert frame.loc["entrocraft", "difference_high"] < 0
    assert list(frame.index) == ["grpo", "psr", "nsr", "entrocraft"], "baseline first, then best first"


def test_one_seed_is_said(tmp_path: Path) -> None:
    frame = by_method(compare(study(tmp_path, {"grpo": [1], "entrocraft": [0]})))
    assert frame.loc["entrocraft", "verdict"] == "worse than GRPO (one seed)"
    assert frame.loc["grpo", "interval"].endswith("one seed: its noise is not included")


def test_another_configuration_moves_no_interval(tmp_path: Path) -> None:
    few = by_method(compare(study(tmp_path / "few", {"grpo": [0, 1], "psr": [1, 1]}))).loc["psr"]
    gains = {"grpo": [0, 1], "nsr": [0, 0], "psr": [1, 1]}
    many = by_method(compare(study(tmp_path / "many", gains))).loc["psr"]
    assert (few["p_adjusted"], many["p_adjusted"]) == pytest.approx((few["p"], 2 * few["p"])), "but the correction"
    pd.testing.assert_series_equal(few.drop("p_adjusted"), many.drop("p_adjusted"))


def test_the_difference_is_over_shared_problems(tmp_path: Path) -> None:
    study(tmp_path, {"grpo": [0, 0], "psr": [0, 0]})
    for seed in (1, 2):
        write_samples(tmp_path / f"psr-{seed}", STEPS, [*HARD[:100], *[N] * 20, *[N] * 30], N)
    frame = by_method(compare(load_runs(tmp_path)))
    assert frame.loc["psr", "problems"] == 150
    assert frame.loc["psr", "difference"] == pytest.approx((N - HARD[100:]).sum() / N / PROBLEMS)


def test_problems_that_a_seed_lacks_are_left_out_and_noted(tmp_path: Path) -> None:
    study(tmp_path, {"grpo": [0, 0]})
    write_samples(tmp_path / "grpo-2", STEPS, HARD[:100].tolist(), N)
    row = compare(load_runs(tmp_path)).iloc[0]
    assert row["problems"] == 100
    assert row["notes"] == f"20 problems left out at step {STEPS}: not answered by every seed"


def test_other_steps_are_not_compared(tmp_path: Path) -> None:
    study(tmp_path, {"grpo": [0], "psr": [1]})
    (tmp_path / "psr-1" / "samples" / f"step_{STEPS:06d}.jsonl").unlink()
    write_samples(tmp_path / "psr-1", 20, HARD.tolist(), N)
    frame = by_method(compare(load_runs(tmp_path)))
    assert frame.loc["psr", "verdict"] == f"not comparable: GRPO was validated at step {STEPS}"
    assert by_method(compare(load_runs(tmp_path), step=20)).loc["grpo", "verdict"] == "baseline"


def test_a_run_without_samples_keeps_its_row(tmp_path: Path) -> None:
    study(tmp_path, {"grpo": [0, 0]})
    write_run(tmp_path / "psr-1", SyntheticRun({"name": "psr"}, 1, ENTROPY))
    row = by_method(compare(load_runs(tmp_path))).loc["psr"]
    assert row["verdict"] == "no validation samples"
    assert np.isnan(row["mean@n"]) and row["entropy_start"] == ENTROPY[0]


def test_a_baseline_that_failed_is_said_and_an_unknown_one_refused(tmp_path: Path) -> None:
    runs = study(tmp_path, {"psr": [0]})
    with pytest.raises(ConfigError, match=r"Valid: .*psr"):
        compare(runs, baseline="grpo")
    assert compare(runs, baseline=None)["verdict"].iloc[0] == "no baseline"
    write_run(tmp_path / "grpo-1", SyntheticRun({"name": "grpo"}, 1, ENTROPY, state="failed"))
    assert compare(load_runs(tmp_path))["verdict"].iloc[0] == "no baseline: no usable run of grpo"


def test_refuses_what_the_samples_cannot_give(tmp_path: Path) -> None:
    runs = study(tmp_path, {"grpo": [0]})
    with pytest.raises(AnalysisError, match="k=16, n=8"):
        compare(runs, metrics=["pass@16"])
    with pytest.raises(AnalysisError, match=r"mean@16 is over exactly 16 samples.*n=8"):
        compare(runs, metrics=["mean@16"])
    with pytest.raises(ConfigError, match="pass@<k>"):
        compare(runs, metrics=["best@8"])
    with pytest.raises(AnalysisError, match="k=16, n=8"):
        pass_at_k_curves(runs, ks=[16])
    with pytest.raises(ConfigError, match="aime"):
        compare(runs, source="aime")


def test_several_configurations_of_the_baseline_are_refused(tmp_path: Path) -> None:
    for lr in (1e-4, 3e-4):
        write_run(tmp_path / f"{lr}", SyntheticRun({"name": "grpo"}, 1, ENTROPY, trainer={"lr": lr}))
    runs = load_runs(tmp_path)
    with pytest.raises(AnalysisError, match="must be one configuration"):
        compare(runs)
    assert compare(runs, baseline="GRPO (lr=0.0001)")["verdict"].iloc[0] == "baseline"


def test_curves_agree_with_the_table(tmp_path: Path) -> None:
    runs = load_runs(write_study(tmp_path, seeds=2, steps=30, problems=12, n=4))
    table = compare(runs).set_index("label")
    curve = pass_at_k_curves(runs).set_index(["label", "k"])["value"]
    over = validation_curves(runs).set_index(["label", "metric", "step"])["value"]
    for label in table.index:
        assert curve[label, 4] == table.loc[label, "pass@4"] == over[label, "pass@K", 30]
        assert curve[label, 1] == pytest.approx(table.loc[label, "mean@n"])


def test_tracking_summary_is_the_mean_of_the_runs(tmp_path: Path) -> None:
    schedule = linear(0.5, 0.2)
    for seed, offset in ((1, 0.02), (2, 0.04)):
        entropy = np.linspace(0.5, 0.2, STEPS) + offset
        write_run(tmp_path / f"{seed}", SyntheticRun({"name": "entrocraft"}, seed, entropy, schedule))
    write_run(tmp_path / "grpo", SyntheticRun({"name": "grpo"}, 1, ENTROPY))
    summary = tracking_summary(load_runs(tmp_path))
    assert list(summary["method"]) == ["entrocraft"], "a run without a band has no tracking error"
    assert summary["tracking_error"].iloc[0] == pytest.approx(0.03)
    assert summary["values"].iloc[0] == pytest.approx([0.02, 0.04])


def noisy(root: Path, method: str, seeds: Sequence[int], gain: float) -> None:
    """Runs whose problems and seeds differ; a seed's luck is the same for every method."""
    ease = np.random.default_rng(0).uniform(0.2, 0.7, 60)
    for seed in seeds:
        luck = np.random.default_rng(seed).normal(0, 0.05)
        rng = np.random.default_rng([seed, len(method)])
        correct = {STEPS: rng.binomial(N, np.clip(ease + gain + luck, 0, 1)).tolist()}
        write_run(root / f"{method}-{seed}", SyntheticRun({"name": method}, seed, ENTROPY, correct=correct, n=N))


def test_the_same_seeds_are_paired_and_others_are_not(tmp_path: Path) -> None:
    """Seed 10 comes before seed 2 in the order of the folders, and is still paired with seed 10."""
    noisy(tmp_path / "same", "grpo", (1, 2, 10), 0)
    noisy(tmp_path / "same", "psr", (1, 2, 10), 0.1)
    (tmp_path / "same" / "psr-10").rename(tmp_path / "same" / "psr-0")
    noisy(tmp_path / "other", "grpo", (1, 2, 10), 0)
    noisy(tmp_path / "other", "psr", (3, 4, 5), 0.1)
    same = by_method(compare(load_runs(tmp_path / "same"))).loc["psr"]
    other = by_method(compare(load_runs(tmp_path / "other"))).loc["psr"]
    assert (same["paired_on"], other["paired_on"]) == ("problems and seeds", "problems")

    def counts(method: str, seed: int) -> np.ndarray:
        name = {("psr", 10): "psr-0"}.get((method, seed), f"{method}-{seed}")
        samples = load_runs(tmp_path / "same" / name).samples
        return samples.groupby("problem_id")["correct"].mean().to_numpy()

    gaps = np.stack([counts("psr", seed) - counts("grpo", seed) for seed in (1, 2, 10)])
    expected = crossed_intervals(gaps[None])[0]
    assert (same["difference_low"], same["difference_high"]) == pytest.approx((expected.low, expected.high))


def test_fixed_problems_are_said_and_change_the_interval(tmp_path: Path) -> None:
    noisy(tmp_path, "grpo", (1, 2, 3), 0)
    noisy(tmp_path, "psr", (1, 2, 3), 0.1)
    runs = load_runs(tmp_path)
    sampled, fixed = (by_method(compare(runs, problems=taken)).loc["psr"] for taken in ("sampled", "fixed"))
    assert sampled["difference"] == fixed["difference"] and sampled["difference_low"] != fixed["difference_low"]
    assert (sampled["problems_are"], fixed["problems_are"]) == ("sampled", "fixed")
    assert fixed["interval"] == "95 % t interval over 3 seeds x 60 problems (fixed)"
    assert "(fixed)" in render(compare(runs, problems="fixed"), "md")


def test_p_values_are_corrected_by_holm_and_both_are_there(tmp_path: Path) -> None:
    noisy(tmp_path, "grpo", (1, 2, 3), 0)
    for method, gain in (("psr", 0.05), ("nsr", 0.01), ("entropy_loss", -0.1)):
        noisy(tmp_path, method, (1, 2, 3), gain)
    frame = by_method(compare(load_runs(tmp_path)))
    assert frame["p"].isna().tolist() == [True, False, False, False]
    np.testing.assert_allclose(frame["p_adjusted"], holm(frame["p"].to_numpy()))
    resolved = frame["verdict"].str.contains("than")
    assert resolved.tolist() == (frame["p_adjusted"] < 0.05).tolist()
    text = render(frame.reset_index(), "text")
    assert "p (Holm)" in text and "corrected for the 3 comparisons of the table" in " ".join(text.split())


def test_the_bootstrap_can_be_chosen_and_says_that_it_under_covers(tmp_path: Path) -> None:
    noisy(tmp_path, "grpo", (1, 2, 3), 0)
    noisy(tmp_path, "psr", (1, 2, 3), 0.1)
    runs = load_runs(tmp_path)
    chosen = by_method(compare(runs, interval="bootstrap", problems="fixed")).loc["psr"]
    default = by_method(compare(runs, problems="fixed")).loc["psr"]
    beside = ["difference_bootstrap_low", "difference_bootstrap_high"]
    assert list(chosen[["difference_low", "difference_high"]]) == list(default[beside])
    assert "under-covers" in chosen["warnings"] and default["warnings"] == ""
    assert "Note: the 95 % bootstrap interval" in render(compare(runs, interval="bootstrap", problems="fixed"), "tex")


def test_a_single_seed_on_fixed_problems_has_no_interval(tmp_path: Path) -> None:
    noisy(tmp_path, "grpo", (1,), 0)
    noisy(tmp_path, "psr", (1,), 0.1)
    row = by_method(compare(load_runs(tmp_path), problems="fixed")).loc["psr"]
    assert row["verdict"] == "no interval: one seed and fixed problems"
    assert np.isnan(row["difference_low"]) and np.isnan(row["p_adjusted"])
    assert "one seed" in row["warnings"] and row["to_resolve"].startswith("not known: one seed")


def test_an_interquartile_mean_stands_beside_the_mean_from_four_seeds_on(tmp_path: Path) -> None:
    frame = by_method(compare(study(tmp_path, {"grpo": [0, 0, 1, 1], "psr": [0, 0, 1]})))
    counts = (HARD.mean() + np.array([0, 0, 1, 1])) / N
    assert frame.loc["grpo", "iqm"] == pytest.approx(counts[1:3].mean())
    assert frame.loc["grpo", "iqm_low"] < frame.loc["grpo", "iqm"] < frame.loc["grpo", "iqm_high"]
    assert frame.loc["psr", ["iqm", "iqm_low", "iqm_high"]].isna().all()
