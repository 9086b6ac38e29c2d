"""The audit: every claim examined in the paper's own numbers and, where there are runs, in theirs."""

from __future__ import annotations

import pandas as pd

from analysis.paper import appendix, checks, experiments, front, theory
from analysis.paper.claims import SENTENCE, Claim
from analysis.paper.findings import Finding
from analysis.paper.measured import Counts
from analysis.paper.numbers import Paper
from analysis.runs import Runs

CLAIMS: tuple[Claim, ...] = (
    *front.CLAIMS,
    *theory.CLAIMS,
    *experiments.CLAIMS,
    *appendix.CLAIMS,
    *checks.CHECKS,
)
"""In the order of the paper; the checks of its consistency last."""
COLUMNS = [
    *("claim", "kind", "source", "verdict", "resolved", "where", "quote", "reading", "numbers", "error", "cells"),
]


def audit(paper: Paper, runs: Runs | None = None) -> pd.DataFrame:
    """One row for each claim and source: COLUMNS.

    claim: its name. kind: sentence or consistency. source: "paper" or "runs" (runs say nothing of the paper's
    consistency). verdict: "holds", "does not hold" or "cannot be decided", of the numbers as they are. resolved: is
    the comparison that decides beyond 1.96 standard errors (`analysis.paper.sampling`)? numbers, error: in words.
    cells: how many of the paper's numbers the claim reads.
    """
    rows = [_row(claim, "paper", claim.from_paper(paper)) for claim in CLAIMS]
    if runs is not None:
        counted = Counts(runs)
        asked = [claim for claim in CLAIMS if claim.kind == SENTENCE and not claim.computed]
        rows += [_row(claim, "runs", claim.from_runs(counted)) for claim in asked]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(claim: Claim, source: str, found: Finding) -> dict[str, object]:
    return {
        "claim": claim.name,
        "kind": claim.kind,
        "source": source,
        "verdict": str(found.verdict),
        "resolved": str(found.resolved),
        "where": claim.where,
        "quote": claim.quote,
        "reading": claim.reading,
        "numbers": found.numbers,
        "error": found.error,
        "cells": len(set(claim.reads)),
    }
