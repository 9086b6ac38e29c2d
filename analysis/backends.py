"""One configuration on two backends: how far apart their entropies are, beside how far apart seeds are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from analysis.curves import entropy_curves
from analysis.runs import Runs

BACKENDS = ("torch", "verl")
WHERE = ("config.backend", "config.platform.", "config.trainer.threads", "config.trainer.device")
"""Settings of where a run was computed, which the two runs of a pair need not share."""


def backend_curves(runs: Runs) -> pd.DataFrame:
    """`entropy_curves` of the configurations that ran on both backends, with two more columns.

    pair: the configuration without its backend, in words. backend: torch or verl. Empty where there is no pair.
    """
    table = runs.runs.reindex(columns=[*dict.fromkeys([*runs.runs.columns, "config.backend"])])  # imported: unknown
    unlike = ("config.seed", "config.run.", "config.wandb.", "config.checkpoint.", *WHERE)
    settings = [
        str(name) for name in table.columns if str(name).startswith("config.") and not str(name).startswith(unlike)
    ]
    keys = table[settings].map(str).agg("|".join, axis=1)
    both = keys.groupby(keys).transform(lambda of: set(table.loc[of.index, "config.backend"]) == set(BACKENDS))
    words = table["title"] + table["schedule_text"].map(lambda text: f", {text}" if isinstance(text, str) else "")
    named = pd.DataFrame({"run": table["run"], "pair": words, "backend": table["config.backend"]})[both.astype(bool)]
    return entropy_curves(runs).merge(named, on="run")


def backend_differences(curves: pd.DataFrame) -> pd.DataFrame:
    """One row for each pair of `backend_curves`, over the steps that all its runs have.

    Columns: pair, seeds (of each backend), steps; entropies in nats per token: difference (mean over steps of
    |mean of torch's seeds - mean of verl's|), signed (verl - torch), between_seeds (the same as difference, for two
    single seeds of one backend, mean over such couples; NaN for one seed); splits, and as_far: how many ways there
    are to split the runs in two halves, and how many of them differ at least as much as the split by backend.
    """
    rows = [_row(str(pair), group) for pair, group in curves.groupby("pair", sort=False)]
    columns = ["pair", "seeds", "steps", "difference", "signed", "between_seeds", "splits", "as_far"]
    return pd.DataFrame(rows, columns=columns)


def _row(pair: str, group: pd.DataFrame) -> dict[str, object]:
    table = group.pivot_table(index="step", columns=["backend", "run"], values="entropy", observed=True).dropna()
    values = {backend: table[backend].to_numpy().T for backend in BACKENDS}  # (seeds, steps)
    torch, verl = values["torch"], values["verl"]
    within = [np.abs(a - b).mean() for runs in values.values() for a, b in combinations(runs, 2)]
    everything = np.concatenate([torch, verl])
    found = _distance(torch, verl)
    splits = [_split(everything, half) for half in combinations(range(len(everything)), len(torch))]
    return {
        "pair": pair,
        "seeds": min(len(torch), len(verl)),
        "steps": len(table),
        "difference": found,
        "signed": float((verl.mean(axis=0) - torch.mean(axis=0)).mean()),
        "between_seeds": float(np.mean(within)) if within else float("nan"),
        "splits": len(splits),
        "as_far": int(np.sum(np.array(splits) >= found - 1e-12)),
    }


def _split(everything: np.ndarray, half: tuple[int, ...]) -> float:
    inside = np.isin(np.arange(len(everything)), half)
    return _distance(everything[inside], everything[~inside])


def _distance(some: np.ndarray, others: np.ndarray) -> float:
    """Mean over steps of the distance of two mean curves; both (seeds, steps)."""
    return float(np.abs(some.mean(axis=0) - others.mean(axis=0)).mean())
