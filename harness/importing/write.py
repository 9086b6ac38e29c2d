"""An imported run folder: written whole or not at all, once for each source."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from harness.errors import RunFolderError
from harness.importing.dumps import write_samples
from harness.importing.find import Source
from harness.importing.osb import measurements
from harness.importing.verl_log import Entry, log_entries, sources_of
from harness.runs.atomic import publish_folder, write_file
from harness.runs.checkpoints import step_name
from harness.runs.manifest import SCHEMA, RunState, now, read_manifest

RESPONSES = "osb.jsonl"
IMPORT_VERSION = 1


@dataclass(frozen=True)
class Imported:
    """The folder, whether it was there already, and what of the source could not be taken."""

    folder: Path
    new: bool
    defects: list[str] = field(default_factory=list)


def import_run(source: Source, out: Path, *, method: str, seed: int, benchmark: str | None = None) -> Imported:
    """Writes `out`, a run folder, from the source; again is nothing.

    Args:
        method, seed: what the source cannot tell and every table needs.
        benchmark: name for dumps that carry none; None takes the log's, where it has one.
    Raises:
        RunFolderError: `out` is there and is something else.
        DataError: the source is not of its form.
    """
    facts: dict[str, Any] = {
        "version": IMPORT_VERSION,
        "kind": source.kind,
        "name": source.path.name,
        "sha256": source.sha256(),
        "benchmark": benchmark,
    }
    if out.exists():
        return _already(out, facts, method, seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.import.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        steps, defects = _verl(source, temporary, benchmark) if source.log else _osb(source, temporary)
        facts["defects"] = defects
        (temporary / "manifest.json").write_bytes(
            orjson.dumps(_manifest(facts, method, seed, steps), option=orjson.OPT_INDENT_2) + b"\n"
        )
        publish_folder(temporary, out)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return Imported(out, True, defects)


def _verl(source: Source, folder: Path, benchmark: str | None) -> tuple[int, list[str]]:
    """Metrics and samples; the last step and what could not be taken."""
    assert source.log is not None
    entries, defects = log_entries(source.log)
    named = sources_of(entries)
    fallback = benchmark or (named[0] if len(named) == 1 else None)
    _write_records(folder, entries)
    (folder / "samples").mkdir()
    for step, dump in source.dumps.items():
        target = folder / "samples" / f"{step_name(step)}.jsonl"
        try:
            with target.open("wb") as out:
                write_samples(dump, step, fallback, out)
        except ValueError as error:
            target.unlink()
            defects.append(f"samples of step {step} not imported: {error}")
    last = max(step for _, step, _ in entries)
    if late := [step for step in source.dumps if step > last]:
        defects.append(f"samples after the last logged step {last} are not used: step {late[0]}")
    return last, defects


def measured_run(files: Sequence[Path], out: Path, *, method: str, seed: int, settings: Mapping[str, Any]) -> list[str]:
    """Writes the run folder of measurements that were made here, over an earlier one of the same checkpoints.

    The manifest, by which readers know a run, is written last. The caller holds the folder's lock.

    Args:
        settings: what else is known of the configuration, by group.
    Returns:
        What is odd about the responses.
    Raises:
        DataError: the files are not measurements.
    """
    source = Source("osb", files[0].parent, tuple(files))
    steps, odd = _osb(source, out)
    facts = {
        "version": IMPORT_VERSION,
        "kind": source.kind,
        "name": "checkpoints",
        "sha256": source.sha256(),
        "benchmark": None,
        "defects": odd,
    }
    manifest = _manifest(facts, method, seed, steps, settings)
    write_file(out / "manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    return odd


def _osb(source: Source, folder: Path) -> tuple[int, list[str]]:
    records, responses, odd = measurements(source.files)
    lines = (orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in responses)
    write_file(folder / RESPONSES, b"".join(lines))
    _write_records(folder, [(1, step, data) for step, data in records.items()])
    return max(records), odd


def _write_records(folder: Path, entries: Iterable[Entry]) -> None:
    records = (
        {"schema": SCHEMA, "step": step, "attempt": attempt, "time": None, "data": data}
        for attempt, step, data in entries
    )
    lines = (orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)
    write_file(folder / "metrics.jsonl", b"".join(lines))


def _manifest(
    facts: dict[str, Any], method: str, seed: int, steps: int, settings: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What is known; all else is null or empty. `steps` is the last one recorded: what was planned is unknown."""
    run_id = hashlib.sha256(f"{facts['sha256']} {method} {seed}".encode()).hexdigest()[:8]
    backend = {"backend": "verl"} if facts["kind"] == "verl" else {}
    return {
        "schema": SCHEMA,
        "run_id": run_id,
        "state": RunState.COMPLETE,
        "reason": None,
        "config": {"seed": seed, **backend, "method": {"name": method}, **(settings or {})},
        "schedule": None,
        "seed": seed,
        "steps": steps,
        "git": {"commit": None, "dirty": None, "diff": "", "reason": "imported"},
        "packages": {},
        "host": None,
        "python": None,
        "threads": None,
        "device": None,
        "attempts": [],
        "created": now(),
        "started": None,
        "ended": None,
        "wandb_id": run_id,
        "imported": facts,
    }


def _already(out: Path, facts: dict[str, Any], method: str, seed: int) -> Imported:
    """The folder that an earlier import wrote of the same source; anything else is refused."""
    manifest: Any = read_manifest(out / "manifest.json")
    there = manifest.get("imported")
    if there is None:
        raise RunFolderError(
            "an import goes into a folder of its own", f"{str(out)!r}, a run of the harness", "Give another --name."
        )
    same = {**there, "defects": None} == {**facts, "defects": None}
    if not same or (manifest["config"]["method"]["name"], manifest["seed"]) != (method, seed):
        raise RunFolderError(
            "an imported run is never mixed with another source",
            f"{str(out)!r}, imported from {there['name']!r} as {manifest['config']['method']['name']}, "
            f"seed {manifest['seed']}, sha256 {there['sha256'][:12]} (now {facts['sha256'][:12]})",
            "Give another --name, or remove the folder first.",
        )
    return Imported(out, False, list(there["defects"]))
