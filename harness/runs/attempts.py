"""The attempts of a run: how its manifest changes when its process starts and when it ends."""

from __future__ import annotations

import os
import socket

from harness.errors import RunFolderError
from harness.runs.manifest import Attempt, Manifest, RunState, now
from harness.runs.metrics import Record

ENDINGS = (RunState.STOPPED, RunState.FAILED, RunState.COMPLETE)
KILLED = "killed"
"""Outcome of an attempt that never wrote its end; its last step is the last one in the metrics."""


def begun(manifest: Manifest, from_step: int, last: Record | None) -> Manifest:
    """The manifest with a new attempt that continues after ``from_step``; ``last`` record written so far."""
    settled = [_settled(earlier, last) for earlier in manifest["attempts"]]
    started = now()
    attempt = Attempt(
        attempt=len(settled) + 1,
        pid=os.getpid(),
        host=socket.gethostname(),
        started=started,
        ended=None,
        from_step=from_step,
        to_step=None,
        outcome=None,
    )
    return {
        **manifest,
        "state": RunState.RUNNING,
        "attempts": [*settled, attempt],
        "started": manifest["started"] or started,
        "ended": None,
    }


def ended(manifest: Manifest, outcome: RunState, to_step: int, reason: str | None) -> Manifest:
    """The manifest with its last attempt ended; without a ``reason`` that of an earlier failure stays."""
    if outcome not in ENDINGS:
        raise RunFolderError(
            "an attempt must end stopped, failed or complete",
            repr(str(outcome)),
            "End it with RunState.STOPPED, FAILED or COMPLETE.",
        )
    if not manifest["attempts"]:
        raise RunFolderError(
            "an attempt must begin before it ends", "a run without attempts", "Call begin_attempt first."
        )
    time = now()
    last: Attempt = {
        **manifest["attempts"][-1],
        "ended": time,
        "to_step": to_step,
        "outcome": str(outcome),
    }
    return {
        **manifest,
        "state": outcome,
        "attempts": [*manifest["attempts"][:-1], last],
        "ended": time,
        "reason": reason or manifest["reason"],
    }


def buried(manifest: Manifest, reason: str, last: Record | None) -> Manifest:
    """The manifest of a run whose process died without a word: failed, with what others saw as its reason."""
    settled = [_settled(attempt, last) for attempt in manifest["attempts"]]
    return {**manifest, "state": RunState.FAILED, "attempts": settled, "ended": now(), "reason": reason}


def _settled(attempt: Attempt, last: Record | None) -> Attempt:
    if attempt["outcome"] is not None:
        return attempt
    wrote = last is not None and last["attempt"] == attempt["attempt"]
    to_step = last["step"] if last is not None and wrote else attempt["from_step"]
    return {**attempt, "to_step": to_step, "outcome": KILLED}
