"""One line of the doctor's report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """OK; WARNING: it works, with the loss that is named; MISSING: what needs it does not work."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and how to mend it."""

    what: str
    state: State
    found: str
    remedy: str | None = None
    needed: bool = False
    """Whether the given settings do not work without it."""


def ok(what: str, found: str) -> Finding:
    return Finding(what, State.OK, found)


def warning(what: str, found: str, remedy: str) -> Finding:
    return Finding(what, State.WARNING, found, remedy)


def missing(what: str, found: str, remedy: str, needed: bool) -> Finding:
    return Finding(what, State.MISSING, found, remedy, needed)


def sound(findings: Iterable[Finding]) -> bool:
    """Whether nothing is missing that the given settings need."""
    return not any(finding.state is State.MISSING and finding.needed for finding in findings)
