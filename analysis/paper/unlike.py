"""Runs that stand for an experiment and differ from it in a setting that does not tell experiments apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.frames import records
from analysis.naming import NOT_A_SETTING, flatten
from analysis.paper.table4 import Configuration

APART = (*NOT_A_SETTING, "platform", "backend")
"""Groups in which a run may differ without a word: what is trained is the same."""


def unlike(members: pd.DataFrame, experiment: Configuration) -> list[str]:
    """ "trainer.lr is 2e-06, not 1e-06" for each setting of the experiment in which a row of `Runs.runs` differs."""
    wanted = {key: value for key, value in flatten(experiment).items() if key.split(".")[0] not in APART}
    found = [
        f"{key} is {_text(row.get(f'config.{key}'))}, not {_text(value)}"
        for row in records(members)
        for key, value in wanted.items()
        if not _same(row, key, value)
    ]
    return list(dict.fromkeys(found))


def _same(row: Mapping[str, Any], key: str, value: Any) -> bool:
    found = row.get(f"config.{key}")
    if _text(found) == _text(value):
        return True
    try:
        return float(found) == float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


def _text(value: Any) -> str:
    return "none" if value is None or value is pd.NA or value != value else str(value)
