"""The output-space baseline of runs that were measured (`entrocraft osb`, `entrocraft import`): Fig. 2a as a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from analysis.curves import NAMES
from analysis.frames import records
from analysis.runs import Runs
from analysis.student import quantile
from harness.errors import AnalysisError

RESPONSES = "osb.jsonl"
VERSIONS: Mapping[str, str] = {
    "authors": "log_osb",
    "conserving": "log_osb_conserving",
    "logit": "log_osb_logit",
    "gradient": "log_osb_gradient",
}
"""Version -> its sum over a response's tokens, in the file RESPONSES; of the authors' own files only the first."""
LEVEL = 0.95
ESTIMATES = ("log_likelihood", "baseline", "margin")
COLUMNS = [
    *NAMES,
    *("run", "dataset", "step", "training_samples", "version"),
    *(f"{name}{end}" for name in ESTIMATES for end in ("", "_low", "_high")),
    *("above", "responses", "tokens"),
]
PROMPTS_PER_STEP = "config.trainer.prompts_per_step"


def osb_frame(runs: Runs) -> pd.DataFrame:
    """One row for each run, data set, checkpoint and version of the baseline that was measured: COLUMNS.

    log_likelihood, baseline, margin (their difference): nats per token, ratios of sums over responses, each with a t
    interval (95 %) over responses, NaN below two of them. The interval is of these responses to these prompts: it says
    nothing of other training seeds. above: share of responses with the log-likelihood at or above the baseline, of
    those with tokens. responses: their number, empty ones included. training_samples: step times the prompts of a
    step, NaN where those are not known.

    Raises:
        AnalysisError: a file of responses that cannot be read.
    """
    rows = []
    for run in records(runs.runs):
        path = Path(run["folder"]) / RESPONSES
        if not path.is_file():
            continue
        found = pd.DataFrame(_responses(path))
        prompts = run.get(PROMPTS_PER_STEP, float("nan"))
        for (dataset, at), group in found.groupby(["dataset", "step"]):
            step = int(str(at))
            names = {name: run[name] for name in NAMES} | {"run": run["run"], "dataset": dataset, "step": step}
            names["training_samples"] = step * float(prompts) if prompts is not None else float("nan")
            rows += [names | each for each in _versions(group)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _responses(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            row = orjson.loads(line)
            rows.append(
                {name: row[name] for name in ("step", "dataset", "log_likelihood", "response_length", "log_osb")}
            )
            rows[-1] |= {name: row[name] for name in VERSIONS.values() if name in row}
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise AnalysisError(
                "a file of measured responses has one a line",
                f"line {number} of {str(path)!r}: {error!r}",
                "Import or measure it again.",
            ) from error
    return rows


def _versions(group: pd.DataFrame) -> list[dict[str, Any]]:
    lengths = group["response_length"].to_numpy(dtype=np.float64)
    likelihood = group["log_likelihood"].to_numpy(dtype=np.float64)
    rows = []
    for version, name in VERSIONS.items():
        if name not in group or group[name].isna().any():
            continue
        baseline = group[name].to_numpy(dtype=np.float64)
        row: dict[str, Any] = {"version": version}
        for estimate, sums in zip(ESTIMATES, (likelihood, baseline, likelihood - baseline), strict=True):
            value, low, high = ratio_interval(sums, lengths)
            row |= {estimate: value, f"{estimate}_low": low, f"{estimate}_high": high}
        answered = lengths > 0
        row["above"] = float(np.mean((likelihood >= baseline)[answered])) if answered.any() else float("nan")
        rows.append(row | {"responses": len(lengths), "tokens": int(lengths.sum())})
    return rows


def ratio_interval(
    sums: Sequence[float] | np.ndarray, lengths: Sequence[float] | np.ndarray
) -> tuple[float, float, float]:
    """sum(sums) / sum(lengths) of N responses, with its t interval by linearisation: the variance of the ratio R
    is that of the N residuals s_i - R n_i, over (mean length)^2 N. NaN without tokens; bounds NaN for N < 2."""
    sums, lengths = np.asarray(sums, dtype=np.float64), np.asarray(lengths, dtype=np.float64)
    count, total = len(lengths), lengths.sum()
    if not total:
        return float("nan"), float("nan"), float("nan")
    ratio = sums.sum() / total
    if count < 2:
        return float(ratio), float("nan"), float("nan")
    residuals = sums - ratio * lengths
    error = np.sqrt(count / (count - 1) * np.sum(residuals**2)) / total
    reach = float(quantile((1 + LEVEL) / 2, count - 1)) * error
    return float(ratio), float(ratio - reach), float(ratio + reach)
