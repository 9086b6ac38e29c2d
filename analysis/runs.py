"""`load_runs`: a folder of run folders -> tidy frames, and the list of what was left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.describe import describe, row
from analysis.folders import run_folders
from analysis.frames import records
from analysis.reading import RunRecord, Unusable, read_run
from analysis.sample_files import empty_samples, read_samples


@dataclass(frozen=True)
class Runs:
    """Everything that was read below one path.

    Attributes:
        root: the path given.
        steps: run, step (from 0: validation before training), attempt, one column for each metric (NaN: not
            measured). One row for each run and step; a replayed step is that of the last attempt.
        samples: run, step, source, problem_id, sample, correct, score, prediction.
        runs: one row for each usable run, see `analysis.runs.load_runs`.
        excluded: run, reason; of these runs nothing is in the other frames.
    """

    root: Path
    steps: pd.DataFrame
    samples: pd.DataFrame
    runs: pd.DataFrame
    excluded: pd.DataFrame


def load_runs(path: Path | str) -> Runs:
    """All runs below `path`: a run folder, a study folder, or any folder above run folders.

    `runs` has the columns run (folder relative to `path`), folder, run_id, label (names the configuration),
    method, title, schedule (family), schedule_text, gamma, seed, state, partial ("" or what is missing),
    reason (last failure), steps (planned), last_step, attempts, commit, dirty, created, ended, device, sha256
    (of the files read), and `config.*`, every resolved key.

    Raises:
        RunFolderError: `path` is no folder, or there is no run folder at or below it.
    """
    root = Path(path)
    usable: dict[str, RunRecord] = {}
    samples: dict[str, pd.DataFrame] = {}
    excluded: dict[str, str] = {}
    folders = dict(run_folders(root))
    for name, folder in folders.items():
        try:
            record = read_run(folder)
            row(record)
        except Unusable as error:
            excluded[name] = str(error)
            continue
        samples[name], defects, digests = read_samples(folder, record.records[-1]["step"])
        record.defects.extend(defects)
        record.digests.update(digests)
        usable[name] = record
    runs = describe(usable, folders)
    excluded |= _repeated(runs)
    runs = runs[~runs["run"].isin(list(excluded))].reset_index(drop=True)
    kept = list(runs["run"])
    return Runs(
        root=root,
        steps=_stack({name: _steps(usable[name]) for name in kept}, _steps(None)),
        samples=_stack({name: samples[name] for name in kept}, empty_samples()),
        runs=runs,
        excluded=pd.DataFrame({"run": list(excluded), "reason": list(excluded.values())}, dtype="str"),
    )


def _repeated(runs: pd.DataFrame) -> dict[str, str]:
    """Runs that would count twice: one configuration and seed, the furthest (then the first) is kept."""
    best = runs.sort_values("last_step", ascending=False, kind="stable")
    kept: dict[tuple[str, int], str] = {}
    repeated = {}
    for run in records(best[["run", "label", "seed"]]):
        first = kept.setdefault((run["label"], run["seed"]), run["run"])
        if first != run["run"]:
            repeated[run["run"]] = f"repeats {first}: the same configuration and seed {run['seed']}"
    return repeated


def _steps(record: RunRecord | None) -> pd.DataFrame:
    entries = record.records if record else []
    keys = {"step": [entry["step"] for entry in entries], "attempt": [entry["attempt"] for entry in entries]}
    data = pd.DataFrame([entry["data"] for entry in entries]).astype("float64")
    return pd.concat([pd.DataFrame(keys, dtype="int64"), data], axis=1)


def _stack(frames: dict[str, pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    """Frames of single runs under one another, with the run as first column (a category)."""
    stacked = pd.concat(frames.values(), ignore_index=True) if frames else empty.copy()
    names = np.repeat(np.array(list(frames), dtype=object), [len(frame) for frame in frames.values()])
    stacked.insert(0, "run", pd.Series(pd.Categorical(names, categories=list(frames))))
    return stacked
