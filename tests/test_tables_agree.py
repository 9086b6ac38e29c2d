"""Names that stand in more than one place, because the packages do not import one another."""

from __future__ import annotations

from dataclasses import fields

from harness.config import math_data
from harness.data.datasets import DATASETS
from harness.evaluate import benchmarks, settings
from harness.graders import GRADERS, MATH_SOURCES


def test_benchmarks_and_training_sets() -> None:
    held_out = set(math_data.BENCHMARKS)
    assert held_out == set(benchmarks.PREPARED)
    assert held_out | set(math_data.TRAINING) == set(DATASETS)
    assert held_out <= set(MATH_SOURCES)


def test_graders() -> None:
    (rule,) = (field.metadata["rule"] for field in fields(math_data.MathDataConfig) if field.name == "grader")
    assert set(GRADERS) == set(settings.GRADERS)
    assert all(rule.holds(name) for name in GRADERS) and not rule.holds("by_eye")
