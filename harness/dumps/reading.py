"""The samples of many run folders: from the cache where a file has not changed, and otherwise read in parallel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from harness.dumps.cache import SampleCache
from harness.dumps.layouts import OWN, VERL, Layout
from harness.dumps.pool import Job, scan_all
from harness.dumps.scan import Scanned
from harness.dumps.stamps import stamp_of
from harness.dumps.table import joined
from harness.runs.checkpoints import step_name, steps_in

SAMPLES, SUFFIX = "samples", ".jsonl"
DUMP = re.compile(r"\d+\.jsonl")
CACHED_FROM_BYTES = 1_000_000
"""A run whose samples are smaller is read again each time: that is as fast as its cache entry would be."""


@dataclass(frozen=True)
class SampleFiles:
    """The sample files of a run. `names`: step -> file relative to `folder`, steps ascending."""

    folder: Path
    names: Mapping[int, str]
    layout: Layout = OWN

    def path(self, step: int) -> Path:
        return self.folder / self.names[step]


@dataclass(frozen=True)
class RunSamples:
    """What was read of a run.

    table: `harness.dumps.table.SCHEMA`, by step. defects: one sentence for each step that is left out whole.
    digests: file name relative to the run -> `Scanned.digest`.
    """

    table: pa.Table
    defects: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)


def sample_files(folder: Path, last_step: int) -> SampleFiles:
    """All validated steps of a run folder up to `last_step`, the last one that has a record: files of later steps
    are from before the run was taken back to a checkpoint."""
    steps = [step for step in steps_in(folder / SAMPLES, SUFFIX) if step <= last_step]
    return SampleFiles(folder, {step: f"{SAMPLES}/{step_name(step)}{SUFFIX}" for step in steps})


def dump_files(folder: Path) -> SampleFiles:
    """All dumps `<step>.jsonl` of a folder that verl wrote."""
    names = [path.name for path in folder.iterdir() if DUMP.fullmatch(path.name)]
    return SampleFiles(folder, {_step_of(name): name for name in sorted(names, key=_step_of)}, VERL)


def _step_of(name: str) -> int:
    return int(name.removesuffix(SUFFIX))


def read_all(
    runs: Mapping[str, SampleFiles], cache: SampleCache | None, workers: int | None = None
) -> dict[str, RunSamples]:
    """The samples of every run, under the same names.

    Args:
        cache: None to read every file.
        workers: processes that read; None for as many as pay.
    Raises:
        OSError: a file that cannot be read.
    """
    found = {name: _unchanged(files, cache) for name, files in runs.items()}
    wanted = [(name, step) for name, files in runs.items() for step in files.names if step not in found[name]]
    jobs = [_job(runs[name], step) for name, step in wanted]
    answers = scan_all(jobs, workers)
    last = {name: place for place, (name, _) in enumerate(wanted)}
    for place, ((name, step), scanned) in enumerate(zip(wanted, answers, strict=True)):
        found[name][step] = scanned
        if cache is not None and last[name] == place:  # the last new file of this run
            _keep(runs[name], found[name], cache)
    return {name: _together(files, found[name]) for name, files in runs.items()}


def _unchanged(files: SampleFiles, cache: SampleCache | None) -> dict[int, Scanned]:
    known = cache.load(files.folder) if cache is not None and files.names else {}
    return {
        step: known[name]
        for step in files.names
        if (name := files.names[step]) in known and _same(files.path(step), known[name])
    }


def _same(path: Path, known: Scanned) -> bool:
    with path.open("rb", buffering=0) as file:
        return stamp_of(file) == known.stamp


def _job(files: SampleFiles, step: int) -> Job:
    path = files.path(step)
    return Job(path, step, files.layout, path.stat().st_size)


def _keep(files: SampleFiles, found: Mapping[int, Scanned], cache: SampleCache) -> None:
    settled = {files.names[step]: each for step, each in sorted(found.items()) if each.stamp and each.stamp.settled()}
    if sum(each.stamp.size for each in settled.values() if each.stamp) >= CACHED_FROM_BYTES:
        cache.store(files.folder, settled)


def _together(files: SampleFiles, found: Mapping[int, Scanned]) -> RunSamples:
    defects = [f"samples of step {step} left out: {found[step].defect}" for step in files.names if found[step].defect]
    digests = {files.names[step]: found[step].digest for step in files.names}
    return RunSamples(joined([found[step].table for step in files.names]), defects, digests)
