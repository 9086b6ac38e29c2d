"""Counts made of columns are those that grouping one row a sample would give, order and types included."""

from pathlib import Path

import numpy as np
import pandas as pd
from synthetic import SyntheticRun, write_run

from analysis import load_runs
from analysis.sample_files import counts_frame, samples_frame
from harness.dumps.table import empty_table


def test_counts_equal_the_grouping_of_samples(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    for seed in (2, 1):
        correct = {step: rng.integers(0, 5, 12).tolist() for step in (0, 10)}
        run = write_run(tmp_path / f"s{seed}", SyntheticRun({"name": "grpo"}, seed, [0.5] * 10, correct=correct, n=4))
        first = run / "samples/step_000000.jsonl"  # problems in another order than that of their names
        first.write_text("".join(reversed(first.read_text().splitlines(keepends=True))))
        lines = (run / "samples/step_000010.jsonl").read_text().splitlines(keepends=True)
        lines = [line.replace('"countdown"', '"other"') for line in lines[:8]] + lines  # two benchmarks
        (run / "samples/step_000010.jsonl").write_text("".join(rng.permutation(lines)))
    runs = load_runs(tmp_path)
    for source in runs.sources:
        samples = runs.samples[runs.samples["source"] == source]
        grouped = samples.groupby(["run", "step", "problem_id"], observed=True)["correct"].agg(n="size", c="sum")
        counts = runs.counts[runs.counts["source"] == source].drop(columns="source")
        pd.testing.assert_frame_equal(counts.reset_index(drop=True), grouped.reset_index(), check_exact=True)
    assert runs.sources == ["countdown", "other"]


def test_no_samples_give_empty_frames_of_the_same_types() -> None:
    for tables in ({}, {"a": empty_table()}):
        counts, samples = counts_frame(tables), samples_frame(tables)
        assert not len(counts) and not len(samples)
        assert list(counts.columns) == ["run", "step", "source", "problem_id", "n", "c"]
        assert (str(counts["c"].dtype), str(samples["correct"].dtype)) == ("int64", "bool")
