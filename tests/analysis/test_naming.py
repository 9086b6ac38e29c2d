"""Schedules and configurations in words."""

from typing import Any

import pandas as pd
import pytest
from synthetic import constant, cosine, linear

from analysis import naming
from harness.core.schedule import BandSchedule
from harness.core.schedules import curve_from

CURVES = [curve_from({"family": "linear", "start": low + 0.1 * i, "end": low}) for i, low in enumerate((0.4, 0.5))]


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (None, None),
        (constant(0.35), "constant 0.35"),
        (linear(0.5, 0.2), "linear 0.5→0.2"),
        (cosine(0.5, 0.2, width=0.1), "cosine 0.5→0.2 ±0.05"),
        (BandSchedule.bounds(*CURVES, horizon=9).to_dict(), "linear [0.4→0.4, 0.6→0.5]"),
        (BandSchedule.target(CURVES[1], 0.0, horizon=9).to_dict(), "linear 0.6→0.5"),
    ],
)
def test_schedule_in_words(schedule: dict[str, Any] | None, text: str | None) -> None:
    assert naming.schedule_text(schedule) == text


def test_a_label_tells_method_schedule_and_gamma() -> None:
    config = {"method": {"name": "entrocraft", "gamma": 10.0, "base": "grpo"}}
    gamma = "\N{GREEK SMALL LETTER GAMMA}"
    assert naming.label("Entrocraft", config, linear(0.5, 0.2)) == f"Entrocraft linear 0.5→0.2, {gamma}=10"
    assert naming.label("GRPO", {"method": {"name": "grpo"}}, None) == "GRPO"


def test_flatten_keeps_every_leaf() -> None:
    assert naming.flatten({"a": {"b": 1, "c": {"d": [1, 2]}}, "e": None}) == {
        "a.b": 1,
        "a.c.d": "[1, 2]",
        "e": None,
    }


def test_only_settings_that_tell_rows_apart_are_appended() -> None:
    settings = pd.DataFrame({"same": [1, 1, 1], "lr": [1e-4, 3e-4, 1e-4], "steps": [5, 5, 6], "horizon": [5, 5, 6]})
    labels = naming.distinct_labels(pd.Series(["GRPO"] * 3), settings)
    assert list(labels) == [
        "GRPO (lr=0.0001, steps=5)",
        "GRPO (lr=0.0003, steps=5)",
        "GRPO (lr=0.0001, steps=6)",
    ]
