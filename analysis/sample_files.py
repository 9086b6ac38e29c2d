"""Validation samples as frames: of Arrow columns (`harness.dumps`), one row a sample, or one row a problem."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from harness.dumps.whole import codes

FIELDS = ("source", "problem_id", "sample", "correct", "score", "prediction")
TYPES = {
    "step": "int64",
    "source": "str",
    "problem_id": "str",
    "sample": "int64",
    "correct": "bool",
    "score": "float64",
    "prediction": "object",
}


def samples_frame(tables: Mapping[str, pa.Table]) -> pd.DataFrame:
    """run (category), step, source, problem_id, sample, correct, score (NaN: none), prediction (None: none).

    One row a sample, runs and steps in their order. About 100 bytes a row: where counts are enough, take those.
    """
    frames = [_frame(table) for table in tables.values()] or [_frame(None)]
    frame = pd.concat(frames, ignore_index=True)
    frame.insert(0, "run", _runs({name: table.num_rows for name, table in tables.items()}))
    return frame


def counts_frame(tables: Mapping[str, pa.Table]) -> pd.DataFrame:
    """run (category), step, source, problem_id, n, c: the samples of each problem and how many were correct.

    By run, step and problem, in the order of their names.
    """
    counted = {name: _counts(table) for name, table in tables.items()}
    columns = ["step", "source", "problem_id", "n", "c"]
    empty = pd.DataFrame({name: [] for name in columns})
    types = {"step": "int64", "source": "str", "problem_id": "str", "n": "int64", "c": "int64"}
    frame = pd.concat(counted.values() or [empty], ignore_index=True).astype(types)
    frame.insert(0, "run", _runs({name: len(each) for name, each in counted.items()}))
    return frame


def _counts(table: pa.Table) -> pd.DataFrame:
    step = table["step"].to_numpy()
    source, sources = codes(table, "source")
    problem, problems = codes(table, "problem_id")
    rank = np.argsort(np.argsort(np.array(problems, dtype=object))) if problems else np.zeros(0, np.int64)
    at = np.unique(step, return_inverse=True)[1]
    key = (at * len(problems) + rank[problem]) * len(sources) + source
    _, first, inverse, n = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    correct = table["correct"].to_numpy()
    return pd.DataFrame(
        {
            "step": step[first],
            "source": pd.Series(np.array(sources, dtype=object)[source[first]], dtype="str"),
            "problem_id": pd.Series(np.array(problems, dtype=object)[problem[first]], dtype="str"),
            "n": n.astype(np.int64),
            "c": np.bincount(inverse, weights=correct, minlength=len(n)).astype(np.int64),
        }
    )


def _frame(table: pa.Table | None) -> pd.DataFrame:
    if table is None:
        return pd.DataFrame({name: [] for name in TYPES}).astype(TYPES)
    prediction, texts = codes(table, "prediction")
    columns = {
        "step": table["step"].to_numpy(),
        **{name: table[name].cast(pa.string()).to_pandas() for name in ("source", "problem_id")},
        "sample": table["sample"].to_numpy(),
        "correct": table["correct"].to_numpy(),
        "score": table["score"].to_numpy(),
        "prediction": pd.Series(np.array([*texts, None], dtype=object)[prediction], dtype="object"),
    }
    return pd.DataFrame(columns).astype(TYPES)


def _runs(rows: Mapping[str, int]) -> pd.Series:
    """The run of each row, as a category."""
    names = np.repeat(np.array(list(rows), dtype=object), list(rows.values()))
    return pd.Series(pd.Categorical(names, categories=list(rows)))
