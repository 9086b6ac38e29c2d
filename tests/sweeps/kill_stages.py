"""Where a driver can be killed: `kill -9` by itself, before or after what it does, and inside a commit."""

from __future__ import annotations

import functools
import os
import random
import signal
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy

import sweeps.active
import sweeps.driver
import sweeps.requests
import sweeps.study
from harness.runs import RunFolder
from sweeps.folder import StudyFolder
from sweeps.jobs.journal import Journal
from sweeps.jobs.launcher import LocalLauncher
from sweeps.lease.claims import Claims
from sweeps.lease.lease import Lease
from sweeps.storage.store import Store

GROUPS: dict[str, dict[str, tuple[Any, str]]] = {
    "start": {
        "claim": (Claims, "make"),
        "freeze": (StudyFolder, "freeze"),
        "settle": (sweeps.study, "settle"),
        "make": (sweeps.study, "make"),
        "keep place": (sweeps.study, "keep_place"),
        "enqueue": (Store, "enqueue"),
    },
    "ask": {
        "top up": (Store, "_top_up"),
        "add": (Store, "_add"),
        "put": (Store, "_put"),
        "ask": (Store, "ask"),
        "ask waiting": (optuna.study.Study, "ask"),
        "draw": (Store, "_draw"),
        "promote": (Store, "promote"),
    },
    "submit": {
        "create run": (sweeps.active, "create_run"),
        "hold": (RunFolder, "pause_at"),
        "launch": (LocalLauncher, "start"),
        "journal start": (Journal, "start"),
        "journal end": (Journal, "end"),
    },
    "report": {
        "report": (Store, "report"),
        "note": (Store, "note"),
        "note curve": (Store, "note_curve"),
    },
    "tell": {
        "tell": (Store, "tell"),
        "tell described": (optuna.study.Study, "tell"),
        "tell pruned": (Store, "tell_pruned"),
        "tell failed": (Store, "tell_failed"),
        "set state": (optuna.storages.RDBStorage, "set_trial_state_values"),
    },
    "retry": {
        "take requests": (sweeps.requests, "take"),
        "retry": (Store, "enqueue_retries"),
        "request done": (sweeps.requests.Request, "done"),
    },
    "end": {
        "over": (sweeps.driver, "note_end"),
        "release": (Lease, "release"),
    },
}
"""Group -> name -> owner and name of a function of the driver."""

SPOTS = {spot: where for group in GROUPS.values() for spot, where in group.items()}
COMMIT, SENT = "commit: before", "commit: sent"
"""Inside a transaction; and after the server was told to commit, whose answer nobody reads."""

STAGES = (*(f"{spot}: {when}" for spot in SPOTS for when in ("before", "after")), COMMIT, SENT)

LIKELY, UNLIKELY = 0.7, 0.02
"""Chances of dying at a stage each time it is passed: one of the driver's own group, and another one."""


def group_of(stage: str) -> str:
    spot = stage.partition(":")[0]
    return next((group for group, spots in GROUPS.items() if spot in spots), "commit")


def arm(stages: Collection[str], group: str, log: Path, rng: random.Random) -> None:
    """From now on this process kills itself at one of these stages, and says in `log` where (one line: pid, stage).

    Args:
        group: the stages at which it is likely to, "" for all; at others it dies seldom, so that it comes further.
    """
    chance = {stage: LIKELY if group in ("", group_of(stage)) else UNLIKELY for stage in stages}

    def dies(stage: str) -> bool:
        return rng.random() < chance.get(stage, 0.0)

    def at(stage: str) -> None:
        if dies(stage):
            _die(stage, log)

    for spot, (owner, name) in SPOTS.items():
        setattr(owner, name, _wrapped(getattr(owner, name), spot, at))

    def on_commit(connection: sqlalchemy.Connection) -> None:
        at(COMMIT)
        if dies(SENT):
            connection.connection.dbapi_connection.pgconn.send_query(b"COMMIT")  # type: ignore[union-attr]
            _die(SENT, log)

    sqlalchemy.event.listen(sqlalchemy.Engine, "commit", on_commit)


def _wrapped(function: Callable[..., Any], spot: str, at: Callable[[str], None]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*arguments: Any, **options: Any) -> Any:
        at(f"{spot}: before")
        done = function(*arguments, **options)
        at(f"{spot}: after")
        return done

    return wrapper


def _die(stage: str, log: Path) -> None:
    with log.open("a") as file:
        file.write(f"{os.getpid()} {stage}\n")
    os.kill(os.getpid(), signal.SIGKILL)
