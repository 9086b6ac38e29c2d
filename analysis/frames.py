"""Two views of a pandas frame whose types are certain: its column names and its rows."""

from __future__ import annotations

from typing import Any

import pandas as pd


def columns(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame.columns]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dictionaries, in order."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
