"""The live mirror: each step when it is on disk. A failure is reported once, then silence."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.runs.lock import RunLock
from harness.tracking.session import Session, place, require

if TYPE_CHECKING:
    from harness.config import RunConfig
    from harness.runs import RunFolder

OnStep = Callable[[int, Mapping[str, float]], None]


@contextmanager
def mirror(folder: RunFolder, config: RunConfig) -> Iterator[OnStep]:
    """Yields what to call with each step's record, once it is on disk; with `wandb.mode=off` that does nothing.

    Raises:
        DependencyError: a mirror is asked for and wandb is not installed.
    """
    require(config.wandb.mode)
    mirrored = _Mirror(folder, config.wandb.mode)
    try:
        yield mirrored.log
    finally:
        mirrored.finish()


class _Mirror:
    """Sends each record as it comes, before the first of them what W&B has missed so far."""

    def __init__(self, folder: RunFolder, mode: str) -> None:
        self._folder = folder
        self._lock: RunLock | None = None
        self._session: Session | None = None
        self._caught_up = False
        if mode != "off":
            with self._never_fatal():
                place(folder).mkdir(exist_ok=True)
                lock = RunLock(place(folder))
                lock.acquire()
                self._lock = lock
                self._session = Session(folder, mode)

    def log(self, step: int, data: Mapping[str, float]) -> None:
        """Steps that a resumed run makes again have been sent; W&B keeps what it has."""
        if self._session is not None:
            with self._never_fatal():
                if not self._caught_up:  # not sooner: now it is known which steps the run was taken back from
                    self._catch_up(self._session)
                self._session.send(step, data)

    def finish(self) -> None:
        if self._session is not None:
            with self._never_fatal():
                if self._folder.is_done():
                    self._catch_up(self._session)
                self._session.finish()
        if self._lock is not None:
            self._lock.release()

    def _catch_up(self, session: Session) -> None:
        for record in session.sent.pending(self._folder.metrics()):
            session.send(record["step"], record["data"])
        self._caught_up = True

    @contextmanager
    def _never_fatal(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._session = None
            print(f"the W&B mirror is off from here: {type(error).__name__}: {error}", file=sys.stderr)
