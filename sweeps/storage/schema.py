"""Databases of another version of Optuna: an older SQLite file is upgraded, everything else refused with the way out.

Upgraded is a copy, which then takes the file's name: a kill leaves the old file or the new one. The old one stays
beside it as `optuna.db.VERSION`.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import optuna
from optuna.storages import RDBStorage

from harness.errors import StudyError
from harness.runs.atomic import sync
from sweeps.storage.place import POSTGRESQL, Place


def require_current(storage: RDBStorage, place: Place) -> bool:
    """True where the schema is this Optuna's; False for a SQLite file of an older one, which can be upgraded.

    Raises:
        StudyError: the schema is newer, or that of an older Optuna in a shared database. The storage is closed then.
    """
    version = storage.get_current_version()
    if version == storage.get_head_version():
        return True
    older = version in storage.get_all_versions()
    if older and place.kind != POSTGRESQL:
        return False
    storage.engine.dispose()
    if older:
        raise _refuse_shared(place, version)
    raise StudyError(
        f"the trials in {place.address!r} must have a schema that Optuna {optuna.__version__} knows",
        f"{version}, of a newer one",
        "Go on with the environment that wrote it, or install an Optuna as new.",
    )


def refuse_older(place: Place) -> StudyError:
    """For a reader, who may not upgrade."""
    return StudyError(
        f"the database {place.address!r} must have the schema of Optuna {optuna.__version__}",
        "that of an older one",
        "Start the sweep again: its driver upgrades the file and keeps a copy.",
    )


def upgraded(path: Path, opened: Callable[[Path], RDBStorage]) -> Path:
    """Upgrades a SQLite file that nobody else writes; returns where the old one is kept.

    Args:
        opened: opens a file by its path as Optuna does where it makes tables, and does not check them.
    """
    copy = path.with_name(f".{path.name}.upgrade")
    _copy(path, copy)
    storage = opened(copy)
    try:
        kept = _free_name(path, storage.get_current_version())
        with _logging_untouched():
            storage.upgrade()
    finally:
        storage.engine.dispose()
    old = path.with_name(f".{path.name}.old")
    _copy(path, old)
    old.rename(kept)
    sync(copy)
    copy.replace(path)
    sync(path.parent)
    return kept


def _copy(path: Path, to: Path) -> None:
    """A whole copy, flushed, also of a file whose last writer was killed inside a commit: that is rolled back."""
    for leftover in to.parent.glob(f"{to.name}*"):
        leftover.unlink()
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
    sync(to)


def _free_name(path: Path, version: str) -> Path:
    """optuna.db.v3.0.0.d; with a number where an earlier upgrade has left one."""
    name = path.with_name(f"{path.name}.{version}")
    number = 1
    while name.exists():
        number += 1
        name = path.with_name(f"{path.name}.{version}.{number}")
    return name


@contextmanager
def _logging_untouched() -> Iterator[None]:
    """Alembic sets the logging of the whole process up, where the root logger has no handler."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _refuse_shared(place: Place, version: str) -> StudyError:
    url = place.address.replace("postgresql://", "postgresql+psycopg://", 1)
    return StudyError(
        f"the database {place.address} must have the schema of Optuna {optuna.__version__}",
        f"{version}, of an older one",
        "All who use it upgrade together: stop their drivers, make a backup (pg_dump --format=custom "
        f"--file=optuna.dump {place.address!r}), then: optuna storage upgrade --storage {url!r}",
    )
