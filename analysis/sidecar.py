"""The sidecar of a figure or table: which runs it shows, what code made them, and what was left out."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.frames import records
from analysis.runs import Runs
from harness.runs.atomic import write_file

SCHEMA = 1
DISTRIBUTION = "entrocraft-harness"


def write_sidecar(target: Path, runs: Runs) -> Path:
    """Writes NAME.json beside `target` (NAME.png, NAME.tex, ...; formats of one name share it)."""
    path = target.with_suffix(".json")
    write_file(path, (json.dumps(provenance(runs, path.parent, target.stem), indent=2) + "\n").encode())
    return path


def provenance(runs: Runs, beside: Path, name: str) -> dict[str, Any]:
    """What a figure or table called `name` was made from; run folders relative to `beside`.

    `data_sha256` is a hash of the hashes of every file read of the runs shown: two figures of the same data
    agree on it wherever the folders lie.
    """
    frame = runs.runs
    return {
        "schema": SCHEMA,
        "name": name,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "tool": {"name": DISTRIBUTION, "version": _version()},
        "data_sha256": hashlib.sha256("\n".join(sorted(frame["sha256"])).encode()).hexdigest(),
        "commits": sorted({commit for commit in frame["commit"] if not pd.isna(commit)}),
        "dirty": True if frame["dirty"].eq(True).any() else None if frame["dirty"].isna().any() else False,
        "runs": [_run(row, beside) for row in records(frame)],
        "excluded": records(runs.excluded),
    }


def _run(row: dict[str, Any], beside: Path) -> dict[str, Any]:
    plain = {key: row[key] for key in ("run", "run_id", "label", "seed", "state", "partial", "sha256")}
    commit = None if pd.isna(row["commit"]) else row["commit"]
    folder = os.path.relpath(row["folder"], beside.resolve())
    return {
        "folder": folder,
        **plain,
        "seed": int(row["seed"]),
        "commit": commit,
        "dirty": None if pd.isna(row["dirty"]) else bool(row["dirty"]),  # unknown is not clean
    }


def _version() -> str:
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "not installed"
