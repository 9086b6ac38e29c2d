"""The lease of a study: one driver at a time, also between the nodes of a cluster, and without file locks.

The newest claim in STUDY/driver/ says who drives. Making the next one, which only one process can (`Claims`),
takes the lease, renews it, takes it over and gives it back: of an owner who renews and any number of candidates
exactly one goes on.

    newest claim                                  the next one is made
    none, or released                             at once, by anybody
    of a process that is seen to be gone          at once, by anybody
    of a living process of this machine           by its owner only
    any other, or a damaged one                   by its owner; by whoever saw no newer claim for the TTL

The TTL is measured on the candidate's own clock; the clocks of two machines are never compared. The owner counts
from before his renewal and a candidate from after it: for a TTL after a renewal nobody takes over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from harness.errors import LeaseLostError, StateError, StudyError
from sweeps.lease.claim import Claim, new_claim
from sweeps.lease.claims import Claims, Seen

TTL_S = 60.0
RENEWALS_PER_TTL = 6
LOOKS_PER_TTL = 60

BOOT_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine is suspended, as the clocks of candidates elsewhere do."""


@dataclass(frozen=True)
class Holder:
    """Who drives a study, as shown. `renewed_s_ago` compares the clocks of two machines: nothing is decided on it."""

    pid: int
    host: str
    since: str
    job: str | None
    renewed_s_ago: float


def unsaid(text: str) -> None:
    """For a lease of whose waiting nobody is told."""


class Lease:
    """The lease of the study in a folder, for one driver. `ttl_s` must be the same for all drivers of a study."""

    def __init__(self, study: Path | str, ttl_s: float = TTL_S) -> None:
        self._study = str(study)
        self._claims = Claims(study)
        self._ttl_s = ttl_s
        self._claim: Claim | None = None
        self._renewed_at = 0.0

    def acquire(self, say: Callable[[str], None] = unsaid) -> None:
        """Takes the lease; watches for a TTL where it cannot see whether the holder lives, and says so.

        Raises:
            StudyError: the holder lives (it is named), or the file system has no hard links.
        """
        claim = new_claim()
        changed = False
        while True:
            seen = self._claims.newest()
            if not seen.free():
                other = seen.claim
                if other is not None and (changed or other.is_here()):
                    raise self._refusal(other)
                say(self._waiting(other))
                if self._changes(seen):
                    changed = True
                    continue
            begun = _clock()
            if self._claims.make(seen.number + 1, claim):
                break
            changed = True
        self._claim, self._renewed_at = claim, begun
        self._claims.clean()

    def keep(self) -> None:
        """Looks, and renews where a sixth of the TTL is over since the last renewal. Called before every writing.

        For half a TTL after it nobody takes over; so long a renewal that the file system refuses is tried again.

        Raises:
            LeaseLostError: another driver has taken over, or renewing fails.
        """
        try:
            if not self.still_mine():
                raise self._lost(self._claims.newest())
            while self._age_s() >= self._ttl_s / RENEWALS_PER_TTL:  # again, where the process slept inside a renewal
                self.renew()
        except OSError as error:
            if (age_s := self._age_s()) >= self._ttl_s / 2:
                raise LeaseLostError(
                    f"the driver of the study in {self._study!r} must renew its lease",
                    f"for {age_s:.0f} s only: {error}",
                    "It has stopped, and its runs go on. Put the file system right, and start the sweep again.",
                ) from error

    def renew(self) -> None:
        """Makes the next claim. LeaseLostError where another driver has taken over."""
        begun = _clock()
        held = self._held()
        claim = replace(held, renewals=held.renewals + 1)
        seen = self._claims.newest()
        if not _is_of(seen, held) or not self._claims.make(seen.number + 1, claim):
            raise self._lost(self._claims.newest())
        self._claim, self._renewed_at = claim, begun
        self._claims.clean()

    def still_mine(self) -> bool:
        """Whether nobody has taken over, as far as this machine sees; only `renew` makes sure."""
        return self._claim is not None and _is_of(self._claims.newest(), self._claim)

    def release(self) -> None:
        """Gives the lease back; nothing happens where it is not held, or another driver has taken over."""
        claim, self._claim = self._claim, None
        if claim is None:
            return
        with suppress(OSError):  # the next driver then finds this process gone, or watches for a TTL
            seen = self._claims.newest()
            if _is_of(seen, claim):
                self._claims.make(seen.number + 1, replace(claim, released=True))

    def _age_s(self) -> float:
        return _clock() - self._renewed_at

    def _held(self) -> Claim:
        if self._claim is None:
            raise StateError("a lease must be held to be renewed", remedy="Call acquire first.")
        return self._claim

    def _changes(self, seen: Seen) -> bool:
        """Watches the newest claim until it changes or the TTL is over."""
        until = _monotonic() + self._ttl_s
        while True:
            _sleep(self._ttl_s / LOOKS_PER_TTL)
            over = _monotonic() >= until  # before the look: this process, too, may be stopped in between
            if self._claims.newest() != seen:
                return True
            if over:
                return False

    def _refusal(self, other: Claim) -> StudyError:
        stop = f"scancel {other.job}" if other.job else f"kill {other.pid}"
        return StudyError(
            f"the study in {self._study!r} must have one driver at a time",
            f"a second one while {other.describe()} works on it",
            f"Wait for its end, watch it with `entrocraft status`, or stop it: Ctrl-C, or `{stop}` on {other.host!r}.",
        )

    def _waiting(self, other: Claim | None) -> str:
        who = other.describe() if other is not None else "its last driver, whose claim is damaged"
        return f"{self._study!r}: waiting {self._ttl_s:g} s for a sign of life of {who}; then taking over"

    def _lost(self, seen: Seen) -> LeaseLostError:
        other = seen.claim
        return LeaseLostError(
            f"the driver of the study in {self._study!r} must hold its lease",
            f"that of {other.describe()}" if other is not None else "none, or a damaged one",
            "It was silent for too long and has stopped; its runs go on, under the new driver: `entrocraft status`.",
        )


def current(study: Path | str) -> Holder | None:
    """Who drives the study, None when nobody does. Whether a driver on another machine lives is not seen from here."""
    claims = Claims(study)
    seen = claims.newest()
    claim = seen.claim
    if claim is None or seen.free():
        return None
    try:
        written = claims.path(seen.number).stat().st_mtime
    except FileNotFoundError:  # it is old by now, and removed
        written = time.time()
    return Holder(claim.pid, claim.host, claim.since, claim.job, round(max(0.0, time.time() - written), 1))


def _is_of(seen: Seen, claim: Claim) -> bool:
    newest = seen.claim
    return newest is not None and newest.token == claim.token


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _monotonic() -> float:
    return time.monotonic()


def _clock() -> float:
    return time.clock_gettime(BOOT_CLOCK)
