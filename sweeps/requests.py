"""`STUDY/requests/`: what somebody asks the study's driver to do. Anybody writes; the driver takes up and removes.

The driver is the one writer of the store, so `entrocraft retry` leaves a file here, whole, under a name of its own.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import orjson

from harness.runs.atomic import write_file
from sweeps.folder import StudyFolder

SCHEMA = 1
REFUSED = ".refused"
"""Appended to the name of a request that cannot be read; it is left for a person to look at."""


@dataclass(frozen=True)
class Request:
    """Another try for these trials, by name: for one that is told as failed, and for the failed runs of an open one."""

    path: Path
    retry: frozenset[str]
    by: str

    def done(self) -> None:
        """Removes it; only after what it asks for is in the store."""
        self.path.unlink(missing_ok=True)


def ask_retry(study: StudyFolder, trials: Collection[str], by: str) -> Path:
    """Asks for another try of these trials."""
    study.requests_path.mkdir(exist_ok=True)
    # Names sort by time, so that the driver takes them up in order.
    path = study.requests_path / f"{time.time_ns():020d}-{secrets.token_hex(4)}.json"
    write_file(path, orjson.dumps({"schema": SCHEMA, "retry": sorted(trials), "by": by}) + b"\n")
    return path


def open_requests(study: StudyFolder) -> list[Path]:
    """The requests that no driver has taken up, oldest first."""
    return sorted(study.requests_path.glob("[0-9]*.json"))


def take(study: StudyFolder) -> list[Request]:
    """What is asked for now, oldest first; one that cannot be read is put aside."""
    found = []
    for path in open_requests(study):
        request = _read(path)
        if request is None:
            path.rename(path.with_name(path.name + REFUSED))
        else:
            found.append(request)
    return found


def _read(path: Path) -> Request | None:
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        return None
    match content:
        case {"schema": 1, "retry": [*trials], "by": str(by)} if all(isinstance(trial, str) for trial in trials):
            return Request(path, frozenset(trials), by)
    return None
