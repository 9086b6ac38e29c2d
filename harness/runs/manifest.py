"""The manifest: what a run is, where it ran and how far its life has come (schema 1)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypedDict, cast

import orjson

from harness.errors import RunFolderError
from harness.runs.atomic import write_file
from harness.runs.provenance import GitState

SCHEMA = 1
"""Version of the manifest and of the metrics records; a reader refuses any other."""


class RunState(StrEnum):
    """What a run's own process last wrote about it.

    A killed process writes nothing: RUNNING without a held lock means that the run was interrupted.
    """

    CREATED = "created"
    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    COMPLETE = "complete"


class Attempt(TypedDict):
    """One start of a run's process. Steps are counted from 1; ``from_step`` is the last step already done."""

    attempt: int
    pid: int
    host: str
    started: str
    ended: str | None
    from_step: int
    to_step: int | None
    outcome: str | None


class Manifest(TypedDict):
    """The content of ``manifest.json``; times are ISO 8601 in UTC."""

    schema: int
    run_id: str
    state: RunState
    reason: str | None
    config: dict[str, Any]
    schedule: dict[str, Any] | None
    seed: int
    steps: int
    git: GitState
    packages: dict[str, str]
    host: str
    python: str
    threads: int
    device: str
    attempts: list[Attempt]
    created: str
    started: str | None
    ended: str | None
    wandb_id: str


KEYS = tuple(Manifest.__annotations__)


def read_manifest(path: Path) -> Manifest:
    """Reads and checks a manifest; RunFolderError where it is absent, unreadable or of another schema."""
    try:
        data = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise RunFolderError(
            "a run folder has a manifest.json",
            f"{str(path.parent)!r}, which has none",
            "Give the folder of a run, or create the run first.",
        ) from None
    except orjson.JSONDecodeError as error:
        raise RunFolderError(
            f"the manifest {str(path)!r} must be JSON",
            str(error),
            "Restore it, or remove the folder and run again.",
        ) from error
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != SCHEMA:
        raise RunFolderError(
            f"the manifest {str(path)!r} must have schema {SCHEMA}",
            repr(schema),
            "Read it with the version that wrote it.",
        )
    missing = [key for key in KEYS if key not in data]
    if missing:
        raise RunFolderError(
            f"the manifest {str(path)!r} must have all its keys",
            f"one without {', '.join(missing)}",
            "Restore it, or remove the folder and run again.",
        )
    data["state"] = RunState(data["state"])
    return cast(Manifest, data)


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Replaces the manifest atomically."""
    write_file(path, orjson.dumps(manifest, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY) + b"\n")


def merged(manifest: Manifest, fields: Mapping[str, Any]) -> Manifest:
    """The manifest with ``fields`` replaced; an unknown key is refused."""
    unknown = sorted(set(fields) - set(KEYS))
    if unknown:
        raise RunFolderError(
            "keys of a manifest must be known ones",
            ", ".join(map(repr, unknown)),
            f"Valid: {', '.join(KEYS)}.",
        )
    return cast(Manifest, {**manifest, **fields})


def now() -> str:
    """The present time in UTC, ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
