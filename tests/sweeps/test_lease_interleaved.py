"""In whatever order the steps of competing drivers fall: a lease is good for one of them."""

from collections import Counter
from pathlib import Path
from unittest.mock import patch

import pytest
from interleaved import World

from sweeps.lease import claims, lease
from sweeps.lease.lease import Lease

STEPS = 2000
SEEDS = 50
FOLDER = Path("nowhere")


def world(seed, kept=1):
    """With few claims kept, so that numbers are free again soon."""
    made = World(seed, FOLDER)
    with patch.object(claims, "KEPT", kept):
        made.run(STEPS)
    return made


def test_never_two_drivers_with_a_good_lease():
    total = Counter()
    for seed in range(SEEDS):
        made = world(seed)
        assert made.violations == [], f"seed {seed}"
        total.update(made.count)
    # The schedules reach what they are for.
    assert total["granted"] > 20 * SEEDS and min(total.values()) > 10, total


def believes_its_link(self, number, claim):
    made = MAKE(self, number, claim)
    return made or claims._read(self.path(number)) == claim.content()


def does_not_watch(self, seen):
    return False


def asks_nobody(self):
    begun = lease._clock()
    self._claims.make(self._claims.newest().number + 1, self._held())
    self._renewed_at = begun


MAKE = claims.Claims.make


@pytest.mark.parametrize(
    "broken",
    [
        (claims.Claims, "make", believes_its_link),
        (Lease, "_changes", does_not_watch),
        (Lease, "renew", asks_nobody),
    ],
    ids=["a late link counts", "no watch", "a renewal without a look"],
)
def test_the_check_finds_a_lease_that_is_broken(broken):
    with patch.object(*broken):
        assert any(world(seed).violations for seed in range(SEEDS))
