"""Errors of a database that waiting may cure: its server is away, restarts, or has no room; another one has the file.

What was asked for may have been done, or not: whoever goes on looks first.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from harness.errors import HarnessError

PASSING = re.compile("08...|53...|57P0[1-5]|40001|40P01|55P03")
"""PostgreSQL's codes: connection lost, no resources, shutting down or starting, a conflict that another try solves."""

FOR_GOOD = re.compile(
    "authentication failed|no password supplied|does not exist|no pg_hba.conf entry|not permitted to log in|"
    "permission denied|does not support SSL|certificate|role .* is not|invalid ",
)
"""In the message of a connection refused, which has no code: what no waiting changes."""


def is_outage(error: BaseException) -> bool:
    """Whether the error, or one that it was raised from, is such a one; a refusal of ours (HarnessError) never is."""
    return not isinstance(error, HarnessError) and any(_is_passing(each) for each in _chain(error))


def reason(error: BaseException) -> str:
    """What the database itself said, in one line: Optuna and SQLAlchemy put words of their own around it."""
    first = list(_chain(error))[-1]
    return " ".join(str(getattr(first, "orig", None) or first).split()) or type(first).__name__


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return isinstance(error, sqlite3.Error) and _is_busy(error)
    if isinstance(error.orig, sqlite3.Error):
        return _is_busy(error.orig)
    code = getattr(error.orig, "sqlstate", None)
    if code is not None:
        return PASSING.fullmatch(code) is not None
    if error.connection_invalidated:
        return True
    return isinstance(error, OperationalError) and FOR_GOOD.search(str(error.orig)) is None


def _is_busy(error: sqlite3.Error) -> bool:
    """The low byte of an extended code is the code."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those it was raised from."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__
