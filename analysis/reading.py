"""One run folder -> its manifest and its step records, with everything that is wrong with them in words.

Two outcomes: `Unusable` (no number of this run may be shown) or a `RunRecord` whose `defects` say what is
missing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from harness.errors import AnalysisError, RunFolderError
from harness.runs.manifest import SCHEMA, Manifest, RunState, read_manifest
from harness.runs.metrics import Record, stitch

MANIFEST, METRICS = "manifest.json", "metrics.jsonl"
SHOWN = ("actor/entropy", "control/entropy", "critic/score/mean")
"""Metrics that figures and tables show: a step at which one of them was not finite is told."""


class Unusable(AnalysisError):
    """A run that must be left out; `str(error)` is the reason."""


@dataclass(frozen=True)
class RunRecord:
    """What could be read of a run. `records`: one a step, ascending.

    digests: file name -> sha256, of a sample file `harness.dumps.scan.Scanned.digest`.
    """

    manifest: Manifest
    records: list[Record]
    defects: list[str]
    digests: dict[str, str] = field(default_factory=dict)


def read_run(folder: Path) -> RunRecord:
    """The manifest and the metrics of a run folder.

    Raises:
        Unusable: no manifest or a damaged one, another schema, a failed run, no metrics, a line that is no
            record, two records of one step in one attempt.
    """
    try:
        manifest = read_manifest(folder / MANIFEST)
    except (RunFolderError, ValueError) as error:
        raise Unusable(str(error)) from error
    if manifest["state"] == RunState.FAILED:
        raise Unusable(f"the run failed: {manifest['reason'] or 'no reason recorded'}")
    content = _content(folder / METRICS)
    records, defects = _records(content)
    digests = {METRICS: sha256(content), MANIFEST: sha256((folder / MANIFEST).read_bytes())}
    defects += [*_gaps(records, manifest), *_not_finite(records), *_imported(manifest)]
    return RunRecord(manifest, records, defects, digests)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def spans(steps: list[int]) -> str:
    """Ascending steps as ranges: [3, 4, 5, 9] -> "3-5, 9"."""
    starts = [step for step in steps if step - 1 not in set(steps)]
    ends = [step for step in steps if step + 1 not in set(steps)]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise Unusable(f"no metrics: there is no {METRICS}") from None


def _records(content: bytes) -> tuple[list[Record], list[str]]:
    """One record a step (highest attempt) and the defects of the file."""
    complete = content[: content.rfind(b"\n") + 1]
    defects = [f"the last line of {METRICS} is truncated"] if len(complete) < len(content) else []
    records = [_record(line, number) for number, line in enumerate(complete.splitlines(), start=1)]
    seen: set[tuple[int, int]] = set()
    for record in records:
        key = (record["step"], record["attempt"])
        if key in seen:
            raise Unusable(f"step {key[0]} is recorded twice by attempt {key[1]}")
        seen.add(key)
    if not records:
        raise Unusable(f"no metrics: {METRICS} holds no complete record")
    return stitch(records), defects


def _record(line: bytes, number: int) -> Record:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Unusable(f"line {number} of {METRICS} is not JSON ({error})") from error
    schema = record.get("schema") if isinstance(record, dict) else None
    if schema != SCHEMA:
        raise Unusable(f"line {number} of {METRICS} has schema {schema!r}; this version reads {SCHEMA}")
    for key in ("step", "attempt"):
        if type(record.get(key)) is not int:
            raise Unusable(f"line {number} of {METRICS} has {key} {record.get(key)!r}, not a whole number")
    data = record.get("data")
    if not isinstance(data, dict):
        raise Unusable(f"line {number} of {METRICS} has no data")
    for name, value in data.items():
        if value is not None and type(value) not in (int, float, bool):
            raise Unusable(f"line {number} of {METRICS} has {name} = {value!r}, not a number")
    checked: Record = record
    return checked


def _gaps(records: list[Record], manifest: Manifest) -> list[str]:
    """Steps that were asked for and are not there, told apart from steps that are still to come."""
    steps = {record["step"] for record in records}
    last, planned = max(steps), manifest["steps"]
    if last > planned:
        raise Unusable(f"{METRICS} goes to step {last}, the manifest to {planned}")
    defects = []
    if not _of_checkpoints(manifest) and (holes := sorted(set(range(1, last + 1)) - steps)):
        defects.append(f"steps missing: {spans(holes)}")
    state = manifest["state"]
    if state != RunState.COMPLETE or last < planned:
        defects.append(f"{state} at step {last} of {planned}")
    return defects


def _not_finite(records: list[Record]) -> list[str]:
    """A number that is not finite is null in the file."""
    defects = []
    for name in SHOWN:
        if at := [record["step"] for record in records if name in record["data"] and record["data"][name] is None]:
            defects.append(f"{name} is not finite at steps {spans(at)}")
    return defects


def _imported(manifest: Manifest) -> list[str]:
    """What is not known of a run that was not made here, and what could not be taken of it."""
    facts: Any = dict(manifest).get("imported")
    if facts is None:
        return []
    return [f"imported from {facts['name']}: planned steps, schedule and settings are not known", *facts["defects"]]


def _of_checkpoints(manifest: Manifest) -> bool:
    """Whether the records are of checkpoints (`osb`), between which there is nothing to be missed."""
    facts: Any = dict(manifest).get("imported")
    return facts is not None and facts["kind"] == "osb"
