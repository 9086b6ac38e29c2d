"""Optuna's storages, the one place that makes and opens them.

A SQLite file has one writer, the driver; readers open it read-only. In a shared PostgreSQL database the study's driver
is the one writer of its study. Both are as Optuna makes them, so that its own tools read them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote

import optuna
import sqlalchemy
from optuna.storages import RDBStorage
from sqlalchemy.exc import SQLAlchemyError

from harness.errors import DependencyError, StudyError
from sweeps.storage.outage import is_outage, reason
from sweeps.storage.place import POSTGRESQL, Place
from sweeps.storage.schema import refuse_older, require_current, upgraded

UNREADABLE = (optuna.exceptions.OptunaError, SQLAlchemyError, sqlite3.Error, KeyError, RuntimeError)
"""What Optuna raises, some wrapped and some not, for a place that is locked, half-written, away or no study at all.
A StudyError is a RuntimeError, too: catch it first."""

FAILURES = (SQLAlchemyError, optuna.exceptions.StorageInternalError)
"""Of a connection or a statement; Optuna wraps some."""

CONNECT_S = 10
SILENCE_MS = 30_000
CONNECTION = {
    "connect_timeout": CONNECT_S,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": SILENCE_MS,
}
"""Without these a driver whose network goes away without a word waits for a quarter of an hour and more."""

LOCKED_S = 10
"""For the transactions of a dead driver, before it counts as an outage."""

CREATION_LOCK = 0x656E7472
"""Of PostgreSQL's advisory locks: two people who are the first in a database do not make its tables at once."""


def create(place: Place, name: str, directions: Sequence[str]) -> None:
    """Makes the empty study, with a direction (minimize, maximize) for each objective; again = nothing happens.

    A kill leaves no half-made study.

    Raises:
        StudyError: the database cannot be reached or refuses us, its schema is another Optuna's, or the study is there
            with other directions. DependencyError: psycopg is not installed.
    """
    _quiet()
    if place.kind == POSTGRESQL:
        _create_in_database(place, name, directions)
    elif not place.path.exists():
        _create_file(place, name, directions)


def exists(place: Place, name: str) -> bool:
    """Whether the study was made; for SQLite whether its file was, which holds one study.

    Raises:
        What Optuna or SQLAlchemy raises where the database cannot be asked; StudyError where it refuses us.
    """
    if place.kind != POSTGRESQL:
        return place.path.is_file()
    engine = sqlalchemy.create_engine(_url(place, "ro"), **_engine_settings(place, "ro"))
    try:
        with _admitted(place), engine.connect() as connection:
            if not sqlalchemy.inspect(connection).has_table("studies"):
                return False
            found = connection.execute(sqlalchemy.text("SELECT 1 FROM studies WHERE study_name = :n"), {"n": name})
            return found.first() is not None
    finally:
        engine.dispose()


def open_to_write(place: Place) -> RDBStorage:
    """The storage of a study that was made; for its driver. An older SQLite file is upgraded, and a copy is kept.

    Raises:
        StudyError: the database refuses us, or its schema is another Optuna's and is not upgraded here.
        DependencyError: psycopg is not installed.
        What Optuna or SQLAlchemy raises, where the database is away or no database: see `is_outage`.
    """
    _quiet()
    storage = _opened(place, "rw")
    if require_current(storage, place):
        return storage
    close(storage)
    upgraded(place.path, lambda path: _storage(sqlite_url(str(path), "rw"), {}, skip_compatibility_check=True))
    return _opened(place, "rw")


def open_to_read(place: Place) -> RDBStorage:
    """The storage of a study that was made; writing into it fails.

    Raises:
        As `open_to_write`; StudyError also for an older SQLite file.
    """
    _quiet()
    storage = _opened(place, "ro")
    if not require_current(storage, place):
        close(storage)
        raise refuse_older(place)
    return storage


def refresh(storage: RDBStorage) -> None:
    """Forgets all connections: the next call makes a new one. For a driver that goes on after an outage."""
    storage.remove_session()
    storage.engine.dispose()


def wait_for_writers(storage: RDBStorage, study_id: int) -> None:
    """Waits until no transaction of another session is under way in the study; for the one writer, before it looks.

    A commit goes on when its sender is dead or has lost the connection, and may take long (for a standby, say). Whoever
    looked meanwhile would not see what it is about to bring, and ask for the same again.

    Raises:
        What Optuna or SQLAlchemy raises after LOCKED_S of waiting: an outage.
    """
    if storage.engine.dialect.name != "postgresql":
        return  # SQLite's transactions die with their process
    with storage.engine.begin() as connection:
        connection.execute(sqlalchemy.text(f"SET LOCAL lock_timeout = '{LOCKED_S}s'"))
        # A new trial holds the row of its study; a changed one, or one with a new attribute, its own row.
        for table in ("studies", "trials"):
            connection.execute(
                sqlalchemy.text(f"SELECT 1 FROM {table} WHERE study_id = :n FOR UPDATE"), {"n": study_id}
            )


def close(storage: RDBStorage) -> None:
    """Closes all connections."""
    refresh(storage)


def sqlite_url(path: str, mode: str) -> str:
    """SQLAlchemy's address of a SQLite file, opened `ro`, `rw` or `rwc`.

    SQLAlchemy decodes once and SQLite again: a folder called `a?b` must not be read as options.
    """
    return f"sqlite:///file:{quote(quote(path))}?mode={mode}&uri=true"


def _create_file(place: Place, name: str, directions: Sequence[str]) -> None:
    """Beside its name, then renamed."""
    temporary = place.path.with_name(f".{place.path.name}.tmp")
    for leftover in place.path.parent.glob(f"{temporary.name}*"):
        leftover.unlink()
    storage = _storage(sqlite_url(str(temporary), "rwc"), {})
    optuna.create_study(storage=storage, study_name=name, directions=_directions(directions))
    close(storage)
    temporary.rename(place.path)


def _create_in_database(place: Place, name: str, directions: Sequence[str]) -> None:
    engine = sqlalchemy.create_engine(_url(place, "rw"), **_engine_settings(place, "rw"))
    try:
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(:n)"), {"n": CREATION_LOCK})
            storage = _storage(_url(place, "rw"), _engine_settings(place, "rw"), skip_compatibility_check=True)
            try:
                require_current(storage, place)
                _create_study(storage, place, name, directions)
            finally:
                close(storage)
    except FAILURES as error:
        raise _refused(place, error) from error
    finally:
        engine.dispose()


def _create_study(storage: RDBStorage, place: Place, name: str, directions: Sequence[str]) -> None:
    try:
        optuna.create_study(storage=storage, study_name=name, directions=_directions(directions))
    except optuna.exceptions.DuplicatedStudyError:
        there = [each.name.lower() for each in optuna.load_study(study_name=name, storage=storage).directions]
        if there != list(directions):
            raise StudyError(
                f"the study {name!r} in {place.address} must have the directions {', '.join(directions)}",
                ", ".join(there),
                "Start a study of another name or in another folder.",
            ) from None


def _directions(names: Sequence[str]) -> list[optuna.study.StudyDirection]:
    return [optuna.study.StudyDirection[name.upper()] for name in names]


def _opened(place: Place, mode: str) -> RDBStorage:
    with _admitted(place):
        return _storage(
            _url(place, mode), _engine_settings(place, mode), skip_table_creation=True, skip_compatibility_check=True
        )


def _storage(url: str, settings: dict[str, Any], **options: Any) -> RDBStorage:
    """Optuna fills in {SCHEMA_VERSION}, and takes any other brace for a mistake."""
    return RDBStorage(url.replace("{", "{{").replace("}", "}}"), engine_kwargs=settings, **options)


def _url(place: Place, mode: str) -> str:
    if place.kind != POSTGRESQL:
        return sqlite_url(place.address, mode)
    if find_spec("psycopg") is None:
        raise DependencyError(
            "a database of PostgreSQL needs psycopg", remedy="pip install 'entrocraft-harness[postgres]'"
        )
    return place.address.replace("postgresql://", "postgresql+psycopg://", 1)


def _engine_settings(place: Place, mode: str) -> dict[str, Any]:
    """Of SQLAlchemy's engine. What the address sets itself stays."""
    if place.kind != POSTGRESQL:
        return {}
    given = sqlalchemy.make_url(place.address).query
    settings: dict[str, Any] = {key: value for key, value in CONNECTION.items() if key not in given}
    if mode == "ro":
        options = given.get("options", "")
        settings["options"] = f"{options} -c default_transaction_read_only=on".strip()
    return {"pool_pre_ping": True, "connect_args": settings}


@contextmanager
def _admitted(place: Place) -> Iterator[None]:
    """Makes a refusal out of what waiting would not change, such as a wrong password."""
    try:
        yield
    except FAILURES as error:
        if place.kind != POSTGRESQL or is_outage(error):
            raise
        raise _refused(place, error) from error


def _refused(place: Place, error: Exception) -> StudyError:
    return StudyError(
        f"the database {place.address} must take the study",
        reason(error),
        "See docs/storage.md: the address, the password (~/.pgpass or PGPASSWORD), the rights of the user.",
    )


def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)


__all__ = [
    "UNREADABLE",
    "close",
    "create",
    "exists",
    "is_outage",
    "open_to_read",
    "open_to_write",
    "refresh",
    "wait_for_writers",
]
