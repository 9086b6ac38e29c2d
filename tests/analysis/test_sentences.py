"""Sentences: every number in them is one of the frame's, and the verdicts are all told."""

import re
from pathlib import Path

import numpy as np
from synthetic import SyntheticRun, write_run, write_study

from analysis import compare, load_runs, summary_sentences


def test_numbers_come_from_the_frame(tmp_path: Path) -> None:
    frame = compare(load_runs(write_study(tmp_path, seeds=2, steps=30, problems=40, n=4)))
    text = " ".join(summary_sentences(frame))
    known = {f"{abs(value):.3f}" for value in frame.select_dtypes("number").to_numpy(float, na_value=np.nan).flat}
    assert set(re.findall(r"\d\.\d{3}", text)) <= known
    for label in frame["label"]:
        assert label in text


def test_a_mutated_value_changes_its_sentence(tmp_path: Path) -> None:
    frame = compare(load_runs(write_study(tmp_path, seeds=2, steps=30, problems=40, n=4)))
    before = summary_sentences(frame)
    frame.loc[0, "entropy_final"] = frame.loc[0, "entropy_start"]
    after = summary_sentences(frame)
    assert after[0].endswith("(100 % of its start).")
    assert after[1:] == before[1:]


def test_worse_than_the_baseline_is_said(tmp_path: Path) -> None:
    entropy = np.linspace(0.6, 0.3, 25)
    for seed in (1, 2):
        for method, right in (("grpo", 6), ("entrocraft", 2)):
            run = SyntheticRun({"name": method}, seed, entropy, correct={25: [right] * 20})
            write_run(tmp_path / f"{method}{seed}", run)
    text = " ".join(summary_sentences(compare(load_runs(tmp_path))))
    assert "Worse than GRPO (1 of 1): Entrocraft (mean@8 -0.500 [-0.500, -0.500])." in text
    assert "GRPO: entropy went from 0.600 to 0.325 nats per token (54 % of its start)." in text
    assert "at least 2 seeds" in text
