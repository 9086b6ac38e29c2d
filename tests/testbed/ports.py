"""Free ports for a cluster, such that two that start at the same time take different ones."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.testbed.settings import PORTS, ClusterError

FIRST, LAST = 27000, 32000
"""Below the ports that Linux gives away by itself (from 32768 on)."""
MUTEX = "\0entrocraft-testbed-ports"
"""An abstract socket: it is known wherever the ports are, and gone with the process that holds it."""


@contextmanager
def choosing(patience_s: float) -> Iterator[int]:
    """A base port from which all ports of a cluster are free; inside the block no other cluster chooses.

    Leave the block when the daemons listen.

    Raises:
        ClusterError: others were starting for the whole of `patience_s`, or no range is free.
    """
    with socket.socket(socket.AF_UNIX) as mutex:
        deadline = time.monotonic() + patience_s
        while True:
            try:
                mutex.bind(MUTEX)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise ClusterError(
                        "One test cluster starts at a time",
                        f"another one that starts for {patience_s:g} s",
                        "Try again.",
                    ) from None
            time.sleep(0.1)
        yield free_base()


def free_base() -> int:
    """Raises ClusterError: no range is free."""
    for base in range(FIRST, LAST, PORTS):
        if all(is_free(port) for port in range(base, base + PORTS)):
            return base
    raise ClusterError(f"A test cluster needs {PORTS} free ports in a row", f"none from {FIRST} to {LAST}")


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Slurm does: a closed port's rest is no use
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
