"""One row for each run: what it is, how far it came and where it comes from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import naming, titles
from analysis.reading import MANIFEST, RunRecord, Unusable

COLUMNS = [
    *("run", "folder", "run_id", "label", "method", "title", "schedule", "schedule_text", "gamma", "seed"),
    *("state", "partial", "reason", "steps", "last_step", "attempts", "commit", "dirty", "created", "ended"),
    *("device", "sha256"),
]


def describe(records: dict[str, RunRecord], folders: dict[str, Path]) -> pd.DataFrame:
    """The frame `runs`: the columns COLUMNS, then `config.*`; labels tell configurations apart."""
    rows = [{"run": name, "folder": str(folders[name].resolve()), **row(found)} for name, found in records.items()]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    flat = [naming.flatten(record.manifest["config"]) for record in records.values()]
    if rows:
        settings = naming.settings_of(flat, list(frame["seed"]))
        frame["label"] = naming.distinct_labels(frame["label"], settings)
    config = pd.DataFrame(flat, index=frame.index).add_prefix("config.")
    return pd.concat([frame, config], axis=1)


def row(record: RunRecord) -> dict[str, Any]:
    """What the manifest and the records say of one run.

    Raises:
        Unusable: a configuration or schedule that is not of the schema's form.
    """
    try:
        return _row(record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unusable(f"the configuration in {MANIFEST} is not of its schema: {error!r}") from error


def _row(record: RunRecord) -> dict[str, Any]:
    manifest = record.manifest
    config, schedule = manifest["config"], manifest["schedule"]
    method = config["method"]["name"]
    gamma = config["method"].get("gamma")
    return {
        "run_id": manifest["run_id"],
        "label": naming.label(titles.title(method), config, schedule),
        "method": method,
        "title": titles.title(method),
        "schedule": naming.schedule_family(schedule),
        "schedule_text": naming.schedule_text(schedule),
        "gamma": float("nan") if gamma is None else float(gamma),
        "seed": manifest["seed"],
        "state": str(manifest["state"]),
        "partial": "; ".join(record.defects),
        "reason": manifest["reason"],
        "steps": manifest["steps"],
        "last_step": record.records[-1]["step"],
        "attempts": len(manifest["attempts"]),
        "commit": manifest["git"]["commit"],
        "dirty": manifest["git"]["dirty"],
        "created": manifest["created"],
        "ended": manifest["ended"],
        "device": manifest["device"],
        "sha256": hashlib.sha256(repr(sorted(record.digests.items())).encode()).hexdigest(),
    }
