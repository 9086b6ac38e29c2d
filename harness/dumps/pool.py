"""Several files at a time, here and in other processes: decoding holds Python's lock, so that threads would take turns.

The processes are started by their command and talk through pipes. That needs no guard in the caller's script, as
`multiprocessing` would, and forks no process that has threads.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from harness.dumps.answers import parsed, question
from harness.dumps.layouts import Layout
from harness.dumps.scan import Scanned, checked, scan_file

BYTES_EACH = 100_000_000
"""A process takes about 0.1 s to start, in which this one reads 100 MB: below two times this it reads alone."""
MOST = 8


class Job(NamedTuple):
    """A file to be read. `size` in bytes."""

    path: Path
    step: int
    layout: Layout
    size: int


def workers_for(jobs: Sequence[Job]) -> int:
    """How many processes to read with, this one among them."""
    worth = sum(job.size for job in jobs) // BYTES_EACH
    return max(1, min(len(os.sched_getaffinity(0)), MOST, worth, len(jobs)))


def scan_all(jobs: Sequence[Job], workers: int | None = None) -> Iterator[Scanned]:
    """The files in their order, `workers` at a time (None: as many as pay).

    Raises:
        OSError: a file that cannot be read.
    """
    count = workers_for(jobs) if workers is None else min(workers, len(jobs))
    if count <= 1:
        for job in jobs:
            yield scan_file(job.path, job.step, job.layout)
        return
    started = [_start() for _ in range(count - 1)]
    free = [None, *started]
    mine = threading.local()

    def begin() -> None:
        mine.process = free.pop()

    def read(job: Job) -> Scanned:
        return _asked(mine.process, job) if mine.process else scan_file(job.path, job.step, job.layout)

    pool = ThreadPoolExecutor(count, initializer=begin)
    try:
        yield from pool.map(read, jobs)
    finally:
        pool.shutdown(cancel_futures=True)
        for process in started:
            process.communicate()


def _start() -> subprocess.Popen[bytes]:
    """With the folders that this one imports from: to look for them anew (`site`) would take half of the start."""
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([root, *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, "-S", "-m", "harness.dumps.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )


def _asked(process: subprocess.Popen[bytes], job: Job) -> Scanned:
    """The worker's answer; a worker that died, or could not read the file, leaves the file to this process."""
    assert process.stdin is not None and process.stdout is not None
    with suppress(BrokenPipeError):
        process.stdin.write(question(job.path, job.step, job.layout))
        process.stdin.flush()
    length = _read(process.stdout, 8)
    content = _read(process.stdout, int.from_bytes(length, "little")) if length else b""
    return checked(parsed(content), job.layout) if content else scan_file(job.path, job.step, job.layout)


def _read(pipe: IO[bytes], count: int) -> bytes:
    """Exactly `count` bytes; b"" where the process is gone."""
    content = pipe.read(count)
    return content if len(content) == count else b""
