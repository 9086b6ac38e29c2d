"""The ablation of the release from run folders with known counts: differences, effects, and what is refused."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from synthetic import SyntheticRun, linear, write_run

from analysis import ablation, ablation_effects, load_runs
from analysis.ablation import ALGORITHM_1, RELEASE, is_ablation
from analysis.control_report import ablation_markdown
from harness.errors import AnalysisError

N, PROBLEMS, STEPS = 8, 40, 30
CELLS = [
    parts
    for parts in product(("base", "raw"), ("base", "raw"), ("kept", "all"), ("gamma 10", "hard"))
    if parts[0] == "base" or parts[3] == "hard"
]
EASE = np.random.default_rng(3).integers(1, 4, PROBLEMS)
SCHEDULE = linear(0.5, 0.3)


def write(root: Path, parts, seed: int, *, gain: int, error: float, schedule=SCHEDULE, name="") -> None:
    """`gain` more right answers to every problem; the entropy `error` above the target."""
    method = {
        "name": "entrocraft",
        "base": "grpo",
        "advantage": parts[0],
        "zero_variance": parts[1],
        "denominator": parts[2],
        "gamma": "inf" if parts[3] == "hard" else 10.0,
    }
    wobble = np.random.default_rng([seed, CELLS.index(parts)])
    correct = {STEPS: (EASE + gain + wobble.integers(0, 2, PROBLEMS)).tolist()}
    entropy = np.linspace(0.5, 0.3, STEPS) + error * (1 + 0.02 * wobble.random())
    folder = root / f"{name}{'-'.join(parts).replace(' ', '')}-{seed}"
    write_run(folder, SyntheticRun(method, seed, entropy, schedule, correct=correct, n=N))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The raw advantage adds 2 of 8 right answers, the denominator .02 nats of tracking error; the others nothing."""
    for parts, seed in product(CELLS, (1, 2, 3)):
        gain, error = 2 * (parts[0] == "raw"), 0.01 + 0.02 * (parts[2] == "all")
        write(tmp_path, parts, seed, gain=gain, error=error)
    return tmp_path


def test_each_combination_against_algorithm_1(study: Path) -> None:
    frame = ablation(load_runs(study))
    assert len(frame) == 3 * len(CELLS)
    mean = frame[frame["metric"] == "mean@8"].set_index(["advantage", "zero_variance", "denominator", "filter"])
    assert mean.index[0] == ALGORITHM_1 and mean.loc[ALGORITHM_1, "verdict"] == "baseline"
    release = mean.loc[RELEASE]
    assert (release["verdict"], release["seeds"]) == ("higher", 3)
    assert release["difference"] == pytest.approx(2 / 8, abs=0.05)
    assert release["difference"] == pytest.approx(release["value"] - mean.loc[ALGORITHM_1, "value"])
    assert release["difference_low"] < release["difference"] < release["difference_high"]
    plain = mean[(mean.index.get_level_values("advantage") == "base") & (mean["verdict"] != "baseline")]
    assert set(plain["verdict"]) == {"not resolved"}
    tracked = frame[frame["metric"] == "tracking error"]
    assert tracked.loc[tracked["denominator"] == "all", "verdict"].eq("higher").all()
    assert tracked.loc[tracked["denominator"] == "all", "difference"].between(0.019, 0.022).all()
    assert tracked["p_adjusted"].dropna().ge(tracked["p"].dropna()).all()


def test_an_ingredient_is_judged_over_the_pairs_that_differ_in_it_alone(study: Path) -> None:
    effects = ablation_effects(load_runs(study)).set_index(["ingredient", "metric"])
    assert effects["pairs"].to_dict() == {
        (name, metric): pairs
        for name, pairs in {"advantage": 4, "zero_variance": 6, "denominator": 6, "filter": 4}.items()
        for metric in ("tracking error", "mean@8", "pass@8")
    }
    assert effects.loc[("advantage", "mean@8"), "effect"] == pytest.approx(0.25, abs=0.02)
    assert effects.loc[("denominator", "tracking error"), "effect"] == pytest.approx(0.02, abs=0.001)
    resolved = effects[effects["verdict"].isin(["higher", "lower"])].index.tolist()
    assert sorted(resolved) == [("advantage", "mean@8"), ("denominator", "tracking error")]


def test_the_words(study: Path) -> None:
    text = ablation_markdown(load_runs(study))
    assert "With raw advantages in mixed groups: mean@8 +0.2" in text and "higher, 4 pairs" in text
    assert (
        "mean@8: not resolved for a raw gradient in groups of equal rewards; rejected rows in the denominator" in text
    )
    assert "0 of 11 combinations follow the schedule more closely than Algorithm 1" in text
    assert "3 seeds" in text


def test_a_combination_on_other_seeds_is_named_and_not_compared(study: Path) -> None:
    for seed in (2, 3):
        (study / f"raw-raw-all-hard-{seed}" / "samples" / f"step_{STEPS:06d}.jsonl").unlink()
    runs = load_runs(study)
    frame = ablation(runs)
    told = frame[frame["verdict"] == "not comparable: seeds 1"]
    assert len(told) == 3 and (told["advantage"] == "raw").all() and told["value"].isna().all()
    assert set(ablation_effects(runs).query("ingredient == 'zero_variance'")["pairs"]) == {5}
    assert "not comparable: seeds 1" in ablation_markdown(runs)


def test_two_configurations_of_one_combination_are_refused(study: Path) -> None:
    write(study, ALGORITHM_1, 1, gain=0, error=0, schedule=linear(0.6, 0.1), name="other")
    runs = load_runs(study)
    assert not is_ablation(runs)
    with pytest.raises(AnalysisError, match=r"all else equal; got 13 configurations of 12 combinations"):
        ablation(runs)


def test_runs_of_something_else_give_an_empty_frame(tmp_path: Path) -> None:
    write_run(tmp_path / "a", SyntheticRun({"name": "grpo"}, 1, [0.5] * STEPS, correct={STEPS: [1, 2]}))
    runs = load_runs(tmp_path)
    assert not is_ablation(runs) and not len(ablation(runs)) and not len(ablation_effects(runs))
