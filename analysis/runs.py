"""`load_runs`: a folder of run folders -> tidy frames, and the list of what was left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.describe import describe, row
from analysis.folders import run_folders
from analysis.frames import records
from analysis.reading import RunRecord, Unusable, read_run
from analysis.sample_checks import checked
from analysis.sample_files import counts_frame, samples_frame
from harness.dumps.cache import default_cache
from harness.dumps.reading import read_all, sample_files


@dataclass(frozen=True)
class Runs:
    """Everything that was read below one path.

    Attributes:
        root: the path given.
        steps: run, step (from 0: validation before training), attempt, one column for each metric (NaN: not
            measured). One row for each run and step; a replayed step is that of the last attempt.
        runs: one row for each usable run, see `analysis.runs.load_runs`.
        excluded: run, reason; of these runs nothing is in the other frames.
        tables: run -> its validation samples as Arrow columns (`harness.dumps.table.SCHEMA`), about 20 bytes a
            sample; `samples` and `counts` are made of them when they are first asked for.
    """

    root: Path
    steps: pd.DataFrame
    runs: pd.DataFrame
    excluded: pd.DataFrame
    tables: Mapping[str, pa.Table]

    @cached_property
    def samples(self) -> pd.DataFrame:
        """run, step, source, problem_id, sample, correct, score, prediction; one row a sample."""
        return samples_frame(self.tables)

    @cached_property
    def counts(self) -> pd.DataFrame:
        """run, step, source, problem_id, n, c; one row for each problem of each validated step."""
        return counts_frame(self.tables)

    @property
    def sources(self) -> list[str]:
        """Benchmarks among the samples, by name."""
        return sorted(self.counts["source"].unique())


def load_runs(path: Path | str, *, use_cache: bool = True, workers: int | None = None) -> Runs:
    """All runs below `path`: a run folder, a study folder, or any folder above run folders.

    `runs` has the columns run (folder relative to `path`), folder, run_id, label (names the configuration),
    method, title, schedule (family), schedule_text, gamma, seed, state, partial ("" or what is missing),
    reason (last failure), steps (planned), last_step, attempts, commit, dirty, created, ended, device, sha256
    (of the files read), and `config.*`, every resolved key.

    Args:
        use_cache: take a sample file that has not changed from the user's cache (docs/run-folder.md).
        workers: processes that read sample files; None for as many as pay.
    Raises:
        RunFolderError: `path` is no folder, or there is no run folder at or below it.
    """
    root = Path(path)
    usable: dict[str, RunRecord] = {}
    excluded: dict[str, str] = {}
    folders = dict(run_folders(root))
    for name, folder in folders.items():
        try:
            record = read_run(folder)
            row(record)
        except Unusable as error:
            excluded[name] = str(error)
            continue
        usable[name] = record
    tables = _samples(usable, folders, use_cache, workers)
    runs = describe(usable, folders)
    excluded |= _repeated(runs)
    runs = runs[~runs["run"].isin(list(excluded))].reset_index(drop=True)
    kept = list(runs["run"])
    return Runs(
        root=root,
        steps=_stack({name: _steps(usable[name]) for name in kept}, _steps(None)),
        runs=runs,
        excluded=pd.DataFrame({"run": list(excluded), "reason": list(excluded.values())}, dtype="str"),
        tables={name: tables[name] for name in kept},
    )


def _samples(
    usable: Mapping[str, RunRecord], folders: Mapping[str, Path], use_cache: bool, workers: int | None
) -> dict[str, pa.Table]:
    """The samples of each run; what is wrong with them, and the digests of their files, go into its record."""
    files = {name: sample_files(folders[name], record.records[-1]["step"]) for name, record in usable.items()}
    tables = {}
    for name, found in read_all(files, default_cache() if use_cache else None, workers).items():
        record = usable[name]
        tables[name], odd = checked(found.table, record.manifest["config"])
        record.defects.extend([*found.defects, *odd])
        record.digests.update(found.digests)
    return tables


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
    run = pd.Series(pd.Categorical(names, categories=list(frames)), name="run")
    return pd.concat([run, stacked], axis=1)
