"""Sending what a run folder has and W&B does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import TrackingError
from harness.runs.lock import RunLock
from harness.runs.sent import SentSteps
from harness.tracking.session import Session, ledger, place, require

if TYPE_CHECKING:
    from harness.runs import Record, RunFolder


@dataclass(frozen=True)
class Push:
    """What a push sends, or would send. Steps rise."""

    wandb_id: str
    records: list[Record]
    there: int
    """Steps of the run that W&B was given before."""
    otherwise: list[int]
    """Steps that W&B keeps with other values than the run has now, or without any: it takes rising steps only."""


def plan(folder: RunFolder, again: bool = False) -> Push:
    """What `push` would send; `again`: as if nothing had been sent."""
    records, sent = folder.metrics(), SentSteps(ledger(folder))
    if again:
        sent.given.clear()
    pending = sent.pending(records)
    return Push(folder.manifest()["wandb_id"], pending, len(records) - len(pending), sent.otherwise(records))


def push(folder: RunFolder, mode: str, again: bool = False, on_step: Callable[[int, int], None] | None = None) -> Push:
    """Send the stitched records that W&B does not have, as the one W&B run of this run; what was sent.

    mode: online or offline. `again`: first forget what was sent. on_step: takes (steps done, steps in all).

    Raises:
        DependencyError: no wandb. LockHeldError: a live mirror or another push is at it.
        TrackingError: W&B did not take them; what was not sent is sent the next time.
    """
    require(mode)
    place(folder).mkdir(exist_ok=True)
    with RunLock(place(folder)):
        planned = plan(folder, again)
        if mode == "offline" and not planned.records:
            return planned  # online W&B is asked: a killed mirror may not have sent what it was given
        try:
            return _pushed(folder, mode, again, on_step)
        except TrackingError:
            raise
        except Exception as error:
            raise TrackingError(
                "W&B must take the metrics",
                f"{type(error).__name__}: {error}",
                "Log in (`wandb login` or WANDB_API_KEY), or set WANDB_MODE=offline and `wandb sync` the folder later.",
            ) from error


def _pushed(folder: RunFolder, mode: str, again: bool, on_step: Callable[[int, int], None] | None) -> Push:
    session, records = Session(folder, mode, again), folder.metrics()
    pending = session.sent.pending(records)
    otherwise = session.sent.otherwise(records)
    for done, record in enumerate(pending, start=1):
        session.send(record["step"], record["data"])
        if on_step is not None:
            on_step(done, len(pending))
    session.finish()
    return Push(folder.manifest()["wandb_id"], pending, len(records) - len(pending), otherwise)
