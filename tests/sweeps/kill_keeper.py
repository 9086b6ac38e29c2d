"""Two drivers compete for one study, each killed at stages drawn from a deck, and started again until it is over."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import RunFolderError
from harness.runs import RunFolder, RunState, holder
from sweeps.folder import StudyFolder
from sweeps.requests import ask_retry, open_requests
from tests.sweeps.kill_stages import group_of
from tests.sweeps.killed_driver import fork

DRIVERS = 2
POLL_S = 0.01
ORPHANS = 0.15
"""How often the runs die with their driver, as when a machine goes down."""
FEW = 8
"""With no more stages than this in the deck a driver dies at each of them."""
FAILING = "t0001"
"""The trial that fails once, for which a retry is asked for."""


@dataclass
class Keeper:
    """`deck`: stage -> how many more kills are wanted there; all studies that are played one after another share it."""

    url: str
    deck: Counter[str]
    kills: int
    """How many more are wanted in all; then the drivers are left alone."""
    seed: str
    hits: Counter[str] = field(default_factory=Counter)
    """Stage -> kills so far."""
    orphans: int = 0
    """Runs that were killed, too."""
    lives: int = 0
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._alive: set[int] = set()

    def play(self, folder: Path, limit_s: float, say: Callable[[str], None]) -> bool:
        """Plays the study in `folder` to its end: whether that came within the limit and without an error."""
        log, began, asked, over = folder.with_suffix(".log"), time.monotonic(), False, 0
        try:
            while over < DRIVERS or open_requests(StudyFolder(folder)):
                if self.errors or time.monotonic() - began > limit_s:
                    return False
                while len(self._alive) + over < DRIVERS or (not self._alive and over >= DRIVERS):
                    self._alive.add(self._start(folder, log))
                over += self._reap(folder, log, say)
                asked = asked or ask_for_retry(folder)
                time.sleep(POLL_S)
            return True
        finally:
            for pid in self._alive:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            self._alive.clear()

    def _start(self, folder: Path, log: Path) -> int:
        self.lives += 1
        armed = sorted(+self.deck) if self.kills > 0 else []
        groups = sorted({group_of(stage) for stage in armed}) if len(armed) > FEW else [""]
        group = self._rng.choice(groups)
        return fork(folder, self.url, log, armed, group, f"{self.seed} {self.lives}")

    def _reap(self, folder: Path, log: Path, say: Callable[[str], None]) -> int:
        """Buries the dead; how many saw the end of the study."""
        over = 0
        for pid in sorted(self._alive):
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done:
                continue
            self._alive.remove(pid)
            code = os.waitstatus_to_exitcode(status)
            if code == 0:
                over += 1
            elif code == -signal.SIGKILL:
                self._count(_stage(log, pid), say)
                if self._rng.random() < ORPHANS:
                    self._kill_runs(folder)
            else:
                self.errors.append(f"driver {pid} ended with code {code}: see {log}")
        return over

    def _count(self, stage: str, say: Callable[[str], None]) -> None:
        self.hits[stage] += 1
        self.deck[stage] -= 1
        self.kills -= 1
        if self.hits.total() % 20 == 0:
            say(f"{self.hits.total()} kills at {len(self.hits)} stages")

    def _kill_runs(self, folder: Path) -> None:
        for run in folder.glob("runs/*"):
            if (found := holder(run)) is not None:
                with suppress(ProcessLookupError):
                    os.kill(found["pid"], signal.SIGKILL)
                    self.orphans += 1


def ask_for_retry(folder: Path) -> bool:
    """Asks for another try of the trial that fails once, when it has; whether it did."""
    run = RunFolder(folder / "runs" / f"{FAILING}-s1")
    with suppress(RunFolderError):
        if run.exists() and run.manifest()["state"] is RunState.FAILED:
            ask_retry(StudyFolder(folder), [FAILING], "the keeper")
            return True
    return False


def _stage(log: Path, pid: int) -> str:
    lines = log.with_suffix(".kills").read_text().splitlines()
    return next(line.partition(" ")[2] for line in reversed(lines) if line.partition(" ")[0] == str(pid))
