"""Drivers that compete for a lease in one process, one file operation at a time, in the order of a seed.

Each driver is a thread that waits before every file operation until the world lets it go on. The world also lets
time pass, kills drivers, loses replies to link(2), and shows outdated listings, as NFS does, to whoever has not
just changed the folder himself.
"""

import errno
import random
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from harness.errors import LeaseLostError, StudyError
from sweeps.lease import claim, claims, lease

TTL_S = 10.0
HOSTS = ("a", "a", "b", "c")
"""One driver each: two share a machine."""


class Killed(BaseException):
    """Ends the thread of a driver that is killed."""


class Driver(threading.Thread):
    """One life of a driver: takes the lease, renews it some times, gives it back, and again."""

    def __init__(self, world, slot, pid):
        super().__init__(daemon=True)
        self.world, self.slot, self.pid = world, slot, pid
        self.go, self.paused = threading.Semaphore(0), threading.Semaphore(0)
        self.dead = False
        self.error = None
        self.listing = None
        self.valid_until = 0.0

    def run(self):
        try:
            self.pause()
            while True:
                self.work(lease.Lease(self.world.folder, TTL_S))
        except Killed:
            pass
        except BaseException as error:  # for the test, which runs in another thread
            self.error = error
        self.dead = True
        self.paused.release()

    def work(self, held):
        try:
            held.acquire()
            self.world.granted(self, held)
            for _ in range(self.world.random.choice((1, 3, 50))):
                if self.world.random.random() < 0.5:
                    held.renew()
                held.keep()
                assert self.world.now < held._renewed_at + TTL_S / 2
                self.world.granted(self, held)
                self.pause()
        except LeaseLostError:
            self.world.count["lost"] += 1
            self.valid_until = 0.0
        except StudyError:
            self.world.count["refused"] += 1
        else:
            self.valid_until = 0.0
            held.release()

    def pause(self):
        """Waits until the world lets it do its next operation."""
        if not self.dead:
            self.paused.release()
            self.go.acquire()
        if self.dead:  # what would clean up does nothing either
            raise Killed

    def step(self):
        self.go.release()
        self.paused.acquire()


class World:
    """The files, the clock and the drivers. `violations` are grants while another driver's lease was good."""

    def __init__(self, seed, folder):
        self.random, self.folder = random.Random(seed), folder
        self.restless = self.random.choice((0.01, 0.03, 0.1, 0.3))
        self.files, self.now = {}, 0.0
        self.count = dict.fromkeys(("granted", "lost", "refused", "late", "killed", "taken over"), 0)
        self.violations = []
        self.pids = 0
        self.owner = None
        self.drivers = [self.born(slot) for slot in range(len(HOSTS))]

    def born(self, slot):
        self.pids += 1
        driver = Driver(self, slot, self.pids)
        driver.start()
        driver.paused.acquire()
        return driver

    def run(self, steps):
        with self.patched():
            driver = self.drivers[0]
            for _ in range(steps):
                if self.random.random() < self.restless:  # else the same one goes on
                    driver = self.random.choice(self.drivers)
                if self.random.random() < 0.004:
                    self.kill(driver)
                    self.count["killed"] += 1
                    driver = self.drivers[driver.slot] = self.born(driver.slot)
                self.now += self.random.choice((0.0, 0.0, 0.1)) if self.random.random() < 0.99 else 1.2 * TTL_S
                driver.step()
                if driver.error is not None:
                    raise driver.error
            for driver in self.drivers:
                self.kill(driver)

    def kill(self, driver):
        driver.dead, driver.valid_until = True, 0.0
        driver.go.release()
        driver.join()

    def granted(self, driver, held):
        driver.valid_until = held._renewed_at + TTL_S
        if driver.valid_until <= self.now:  # it slept inside, and will ask again before it writes
            return
        self.count["granted"] += 1
        self.count["taken over"] += self.owner not in (None, driver)
        self.owner = driver
        for other in self.drivers:
            if other is not driver and other.valid_until > self.now:
                self.violations.append((self.now, driver.pid, other.pid))

    def patched(self):
        stack = ExitStack()
        for name in ("_names", "_read", "_write", "_link", "_remove"):
            stack.enter_context(patch.object(claims, name, getattr(self, name[1:])))
        stack.enter_context(patch.object(lease, "_sleep", self.sleep))
        stack.enter_context(patch.object(lease, "_clock", lambda: self.now))
        stack.enter_context(patch.object(lease, "_monotonic", lambda: self.now))
        new = claim.new_claim
        stack.enter_context(
            patch.object(
                lease, "new_claim", lambda: replace(new(), host=HOSTS[self.current.slot], pid=self.current.pid)
            )
        )
        stack.enter_context(patch.object(claim.Claim, "is_here", lambda it: it.host == HOSTS[self.current.slot]))
        stack.enter_context(patch.object(claim.Claim, "is_gone", lambda it: it.is_here() and self.is_dead(it.pid)))
        stack.enter_context(patch.object(Path, "mkdir", lambda *args, **options: None))
        return stack

    @property
    def current(self):
        """The driver whose thread this is."""
        return threading.current_thread()

    def is_dead(self, pid):
        return all(driver.pid != pid for driver in self.drivers)

    def sleep(self, seconds):
        self.current.pause()

    def names(self, folder):
        driver = self.current
        driver.pause()
        if driver.listing is None or self.random.random() < 0.7:
            driver.listing = [path.name for path in self.files]
        return driver.listing

    def read(self, path):
        self.current.pause()
        if path not in self.files:
            self.current.listing = None
        return self.files.get(path)

    def write(self, path, content):
        self.current.pause()
        self.files[path] = content
        self.current.listing = None

    def link(self, source, path):
        driver = self.current
        driver.pause()
        driver.listing = None
        if source not in self.files:
            raise FileNotFoundError(errno.ENOENT, "no such file")
        if path in self.files:
            raise FileExistsError(errno.EEXIST, "there already")
        self.count["late"] += any(path.name < other.name for other in self.files if other.name[0] != ".")
        self.files[path] = self.files[source]
        if self.random.random() < 0.05:
            raise FileExistsError(errno.EEXIST, "the reply was lost, and the client asked again")

    def remove(self, path):
        driver = self.current
        driver.pause()
        self.files.pop(path, None)
        driver.listing = None
