"""`entrocraft logs`: what a run printed, or its job."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from harness.cli.command import Command
from harness.errors import ConfigError, RunFolderError

if TYPE_CHECKING:
    from harness.runs import RunFolder

LINES = 50
BLOCK = 65_536
LOOK_S = 0.5
JOB_LOGS = "slurm/*_log.err", "slurm/*_log.out"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's folder, STUDY/t0003-s1, or t0003-s1 with one study around")
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run is complete, or Ctrl-C")
    parser.add_argument("-n", "--lines", type=int, default=LINES, help="lines from its end (default: %(default)s)")
    parser.add_argument("--job", action="store_true", help="the newest job's own output: what happened around the run")


def call(given: argparse.Namespace) -> int:
    from harness.cli.places import run_at

    if given.lines < 0:
        raise ConfigError("--lines must be >= 0", str(given.lines), "Set e.g. -n 100.")
    run = run_at(given.run)
    logs: Callable[[RunFolder], list[Path]] = _of_job if given.job else _of_run
    paths = logs(run)
    if not paths and not given.follow:
        raise RunFolderError(f"the run {run.path.name!r} must have a log", "none yet", _hint(run, given.job))
    reader = _Follower()
    for path in paths:
        reader.begin(path, given.lines)
    while given.follow and not run.is_done():
        time.sleep(LOOK_S)
        reader.go_on(logs(run))
    reader.go_on(logs(run) if given.follow else [])  # what was written just before it was complete
    return 0


def _of_run(run: RunFolder) -> list[Path]:
    return [run.log_path] if run.log_path.is_file() else []


def _of_job(run: RunFolder) -> list[Path]:
    """Both files of the job that wrote last."""
    found = [path for pattern in JOB_LOGS for path in run.path.glob(pattern)]
    newest = max(found, key=lambda path: path.stat().st_mtime_ns, default=None)
    if newest is None:
        return []
    id = newest.name.split("_")[0]
    return sorted(path for path in found if path.name.split("_")[0] == id and path.stat().st_size)


def _hint(run: RunFolder, job: bool) -> str:
    if job:
        return "Only a run that a job of Slurm has begun has one; leave out --job for what the run itself printed."
    if (run.path / "slurm").is_dir():
        return f"Its job may wait, or have failed before the run began: entrocraft logs {run.path} --job."
    return "Only a run that a sweep started has one; wait for it with -f."


class _Follower:
    """Prints the ends of files, and then what is appended to them; a name above the output of each other file."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[int, int]] = {}
        """Path -> inode and bytes that were read."""
        self._last: Path | None = None

    def begin(self, path: Path, lines: int) -> None:
        with path.open("rb") as file:
            self._copy(path, file, _start_of(file, lines))

    def go_on(self, paths: list[Path]) -> None:
        for path in paths:
            with path.open("rb") as file:
                seen = os.fstat(file.fileno())
                inode, place = self._read.get(path, (seen.st_ino, 0))
                if seen.st_ino != inode or seen.st_size < place:
                    place = 0  # another file of this name, or one that was cut
                if seen.st_size > place or path not in self._read:
                    self._copy(path, file, place)

    def _copy(self, path: Path, file: IO[bytes], start: int) -> None:
        if self._last is not None and self._last != path:
            print(f"==> {path.name} <==", flush=True)
        self._last = path
        file.seek(start)
        while block := file.read(BLOCK):
            sys.stdout.write(block.decode(errors="replace"))
        sys.stdout.flush()
        self._read[path] = (os.fstat(file.fileno()).st_ino, file.tell())


def _start_of(file: IO[bytes], lines: int) -> int:
    """Where the last `lines` lines begin; a log may be huge, so it is read from its end."""
    end = file.seek(0, os.SEEK_END)
    if lines == 0:
        return end
    place, wanted = end, lines
    while place > 0:
        begin = max(0, place - BLOCK)
        file.seek(begin)
        block = file.read(place - begin)
        if place == end and block.endswith(b"\n"):
            wanted += 1  # the newline that ends the last line begins none
        at = len(block)
        while wanted and (at := block.rfind(b"\n", 0, at)) >= 0:
            wanted -= 1
        if wanted == 0:
            return begin + at + 1
        place = begin
    return 0


COMMAND = Command(
    help="print what a run printed",
    description=(
        "Print the end of a run's log.txt, in which all of its attempts are; or with --job the own output\n"
        "of its newest Slurm job, which says why a run did not begin."
    ),
    examples=(
        "entrocraft logs demo/t0003-s1 -f",
        "entrocraft logs t0003-s1 -n 200",
        "entrocraft logs studies/demo/runs/t0003-s1 --job",
    ),
    arguments=arguments,
    call=call,
)
