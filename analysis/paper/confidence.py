"""The condition of Fig. 2a, decided from checkpoints that were measured (`entrocraft osb`, `entrocraft import`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.output_space import osb_frame
from analysis.paper.findings import Finding, Verdict
from analysis.paper.which import QWEN_4B
from analysis.runs import Runs

METHODS: Mapping[str, str] = {"raftpp": "RAFT++", "grpo": "GRPO", "nsr": "NSR"}
"""Of Fig. 2a, by the names of the harness."""
MODEL = "config.model.path"


@dataclass(frozen=True)
class Confidence:
    """Above `version` of the baseline at every checkpoint of every method, per token.

    Counted are runs with these methods whose model is the paper's, or not known (the authors' own files).
    """

    version: str

    def decide(self, runs: Runs) -> Finding:
        """One checkpoint below its baseline refutes it; it holds only when all three methods were measured."""
        frame = osb_frame(runs)
        frame = frame[frame["version"].eq(self.version) & frame["method"].isin(list(METHODS))]
        frame = frame[frame["run"].isin(_of_the_model(runs))].dropna(subset="margin")
        if frame.empty:
            return Finding(Verdict.OPEN, "no measured checkpoints of RAFT++, GRPO or NSR with this version of it")
        missing = [title for method, title in METHODS.items() if not frame["method"].eq(method).any()]
        numbers = "; ".join(self._words(title, frame[frame["method"] == m]) for m, title in METHODS.items())
        error = "intervals over responses (95 %), each checkpoint by itself; not over training seeds"
        if (frame["margin"] <= 0).any():
            return Finding(Verdict.FAILS, numbers, error)
        if missing:
            return Finding(Verdict.OPEN, f"{numbers}; not measured: {', '.join(missing)}", error)
        return Finding(Verdict.HOLDS, numbers, error)

    def _words(self, title: str, frame: pd.DataFrame) -> str:
        if frame.empty:
            return f"{title}: none"
        above, clear = (frame["margin"] > 0).sum(), (frame["margin_low"] > 0).sum()
        low, high = frame["margin"].min(), frame["margin"].max()
        return (
            f"{title}: above at {above} of {len(frame)} checkpoints, at {clear} beyond the interval; "
            f"margins {low:.3g} to {high:.3g} nats per token"
        )


def _of_the_model(runs: Runs) -> list[str]:
    if MODEL not in runs.runs:
        return list(runs.runs["run"])
    known = runs.runs[MODEL]
    return list(runs.runs.loc[known.isna() | known.eq(QWEN_4B), "run"])
