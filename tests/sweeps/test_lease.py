"""The lease of a study: one driver, taken over only from one that is gone or silent."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fake_study import LAUNCHER, resolve, run, study

from harness.cli.main import main
from harness.errors import LeaseLostError, StateError, StudyError
from harness.runs import RunFolder, holder
from sweeps.jobs.launcher import LocalLauncher
from sweeps.lease import claims, lease
from sweeps.lease.claim import new_claim, parse
from sweeps.lease.claims import Claims
from sweeps.lease.lease import Lease, current
from sweeps.storage.store import Store

HOLD = [sys.executable, str(Path(__file__).with_name("hold_lease.py"))]
SHORT_S = 0.4
ROUNDS = 50


@contextmanager
def process(*words):
    """A process of hold_lease.py; it is ended with the block."""
    child = subprocess.Popen([*HOLD, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def elsewhere(**changes):
    """A claim of a process on another machine."""
    return replace(new_claim(), **{"host": "node7", "boot": "another", "pid": 4711, **changes})


def claimed(folder, claim, number=1):
    assert Claims(folder).make(number, claim)


def numbers(folder):
    return sorted(int(path.stem) for path in (folder / "driver").glob("*.json"))


def test_a_lease_is_held_by_one_and_given_back(tmp_path):
    (tmp_path / "lock").write_text("of an earlier version")
    first, second = Lease(tmp_path), Lease(tmp_path)
    assert current(tmp_path) is None and not first.still_mine()
    first.acquire()
    with pytest.raises(StudyError, match=rf"one driver at a time; got a second one while process {os.getpid()} on"):
        second.acquire()
    assert first.still_mine() and not second.still_mine()
    shown = current(tmp_path)
    assert (shown.pid, shown.job) == (os.getpid(), None) and shown.renewed_s_ago < 30
    second.release()  # not its own: nothing happens
    first.renew()
    first.release()
    assert current(tmp_path) is None
    second.acquire()
    assert second.still_mine() and not first.still_mine()
    with pytest.raises(StateError, match="must be held"):
        first.renew()


def test_a_killed_driver_of_this_machine_is_replaced_at_once(tmp_path):
    with process("here", 60, "hold", tmp_path) as child:
        assert child.stdout.readline() == "held\n"
        assert current(tmp_path).pid == child.pid
        with pytest.raises(StudyError, match=f"process {child.pid} on"):
            Lease(tmp_path).acquire()
        child.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 30
        while current(tmp_path) is not None:  # a zombie is dead, too: nobody has waited for it yet
            assert time.monotonic() < deadline
        taken = Lease(tmp_path)
        taken.acquire(say=pytest.fail)
        assert taken.still_mine()


def test_a_process_that_got_the_pid_of_a_dead_driver_is_not_taken_for_it(tmp_path):
    mine = new_claim()
    assert not mine.is_gone()
    claimed(tmp_path, replace(mine, started=mine.started - 1))
    Lease(tmp_path).acquire(say=pytest.fail)


@pytest.mark.parametrize("place", ["host", "boot", "pid_namespace"])
def test_a_process_that_cannot_be_seen_from_here_is_not_taken_for_dead(tmp_path, place):
    """A container on the same machine has the same boot and may have the same host name; its pids are others."""
    claimed(tmp_path, replace(new_claim(), **{place: "another", "pid": 2**22 + 1}))
    said = []
    began = time.monotonic()
    Lease(tmp_path, SHORT_S).acquire(said.append)
    assert time.monotonic() - began >= SHORT_S
    assert len(said) == 1 and "waiting 0.4 s for a sign of life of process 4194305 on" in said[0]


def test_a_living_driver_on_another_machine_is_not_disturbed(tmp_path):
    with process("node7", 2, "hold", tmp_path) as child:
        assert child.stdout.readline() == "held\n"
        said = []
        with pytest.raises(StudyError) as refusal:
            Lease(tmp_path, 60).acquire(said.append)
        assert re.search(rf"process {child.pid} on 'node7' \(since 2.*kill {child.pid}` on 'node7'", str(refusal.value))
        assert len(said) == 1
        shown = current(tmp_path)
        assert (shown.host, shown.pid) == ("node7", child.pid)
        child.communicate("over\n")
        assert child.returncode == 0 and current(tmp_path) is None


def test_a_driver_in_a_job_is_named_with_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "815")
    Lease(tmp_path).acquire()
    assert current(tmp_path).job == "815"
    with pytest.raises(StudyError, match=r"Slurm job 815\) works on it.*scancel 815"):
        Lease(tmp_path).acquire()


def test_of_two_candidates_for_a_silent_drivers_study_exactly_one_wins(tmp_path):
    folders = [tmp_path / f"study{number}" for number in range(ROUNDS)]
    for folder in folders:
        claimed(folder, elsewhere())
    with process("a", 5, "race", *folders) as one, process("b", 5, "race", *folders) as two:
        assert one.stdout.readline() == two.stdout.readline() == "ready\n"
        for child in (one, two):
            child.stdin.write("go\n")
            child.stdin.flush()
        outcomes = [json.loads(child.stdout.readline()) for child in (one, two)]
    for folder in map(str, folders):
        first, second = (outcome[folder] for outcome in outcomes)
        assert (first == "won") != (second == "won"), (first, second)
        assert current(folder).host == ("a" if first == "won" else "b")
        assert "must have one driver at a time" in (second if first == "won" else first)


def test_a_stopped_driver_that_was_replaced_notices_and_writes_nothing(tmp_path):
    with process("node7", 1, "drive", tmp_path) as child:
        first = RunFolder(tmp_path / "runs" / "t0000-s1")
        while holder(first.path) is None:
            time.sleep(0.01)
        child.send_signal(signal.SIGSTOP)
        while not first.is_done():  # the run goes on alone, and now its driver would tell its value
            time.sleep(0.01)
        with pytest.raises(StudyError, match="definition"):
            run(study("x=3"), tmp_path, lease_ttl_s=1)  # takes over, and refuses: it wants another study
        successor = Lease(tmp_path)
        successor.acquire(say=pytest.fail)
        before = contents(tmp_path)
        child.send_signal(signal.SIGCONT)
        said, _ = child.communicate(timeout=60)
    assert re.match(rf"LeaseLostError .* must hold its lease; got that of process {os.getpid()} on ", said)
    assert contents(tmp_path) == before and not (tmp_path / "runs" / "t0001-s1").exists()
    assert successor.still_mine()


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("number", [errno.EEXIST, errno.EIO])
def test_a_link_whose_reply_is_lost_was_made(tmp_path, monkeypatch, number):
    def link(source, path):
        os_link(source, path)
        raise OSError(number, "as if")

    os_link = os.link
    monkeypatch.setattr(os, "link", link)
    held = Lease(tmp_path)
    held.acquire()
    held.renew()
    assert held.still_mine() and numbers(tmp_path) == [1, 2]
    held.release()
    assert current(tmp_path) is None and numbers(tmp_path) == [1, 2, 3]


def test_a_link_that_fails_was_not_made(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", refusing(errno.EIO))
    held = Lease(tmp_path)
    with pytest.raises(OSError, match="as if"):
        held.acquire()
    assert not held.still_mine() and list((tmp_path / "driver").iterdir()) == []
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    with pytest.raises(StudyError, match=r"must have hard links; got .*as if"):
        held.acquire()


def refusing(number):
    def link(source, path):
        raise OSError(number, "as if")

    return link


@pytest.mark.parametrize("content", [b"", b'{"token": "3f', b"\0" * 300, b"[1]", b'{"pid": 1}'])
def test_a_damaged_claim_is_watched_and_then_replaced(tmp_path, content):
    claimed(tmp_path, elsewhere())
    Claims(tmp_path).path(2).write_bytes(content)
    assert current(tmp_path) is None
    said = []
    began = time.monotonic()
    held = Lease(tmp_path, SHORT_S)
    held.acquire(said.append)
    assert time.monotonic() - began >= SHORT_S and held.still_mine()
    assert len(said) == 1 and "its last driver, whose claim is damaged; then taking over" in said[0]


def test_a_claim_is_read_as_it_was_written():
    claim = elsewhere(job="3", renewals=7, released=True)
    assert parse(claim.content()) == claim
    assert parse(replace(claim, pid=0).content()) is None and parse(replace(claim, pid=2**40).content()) is None


@pytest.fixture
def clock(monkeypatch):
    """The lease's clock, which stands until it is set."""
    now = [1000.0]
    monkeypatch.setattr(lease, "_clock", lambda: now[0])
    return now


def test_it_is_renewed_every_sixth_of_the_ttl_and_old_claims_go(tmp_path, clock):
    held = Lease(tmp_path, ttl_s=60)
    held.acquire()
    (tmp_path / "driver" / ".left.tmp").touch()
    for _ in range(9):
        held.keep()
        clock[0] += 1.0
    assert numbers(tmp_path) == [1]
    for _ in range(10 * 30):
        clock[0] += 1.0
        held.keep()
    assert numbers(tmp_path) == list(range(32 - claims.KEPT, 32))
    assert not (tmp_path / "driver" / ".left.tmp").exists()


def test_a_disk_that_is_full_for_less_than_half_a_ttl_stops_nobody(tmp_path, clock, monkeypatch):
    held = Lease(tmp_path, ttl_s=60)
    held.acquire()
    with monkeypatch.context() as full:
        full.setattr(os, "link", refusing(errno.ENOSPC))
        clock[0] += 29.0
        held.keep()
    held.keep()
    assert numbers(tmp_path) == [1, 2]
    monkeypatch.setattr(os, "link", refusing(errno.ENOSPC))
    clock[0] += 30.0
    with pytest.raises(LeaseLostError, match=r"must renew its lease; got for 30 s only: .*as if"):
        held.keep()


def test_a_driver_whose_claims_somebody_removed_stops(tmp_path, clock):
    held = Lease(tmp_path)
    held.acquire()
    Claims(tmp_path).path(1).unlink()
    with pytest.raises(LeaseLostError, match="got none, or a damaged one"):
        held.keep()


def test_a_lease_that_was_lost_is_not_given_back(tmp_path):
    first = Lease(tmp_path)
    first.acquire()
    claimed(tmp_path, elsewhere(), number=2)
    with pytest.raises(LeaseLostError, match=r"got that of process 4711 on 'node7'"):
        first.renew()
    first.release()
    assert current(tmp_path).host == "node7" and numbers(tmp_path) == [1, 2]


@pytest.mark.parametrize("call", ["trials", "running", "ask", "tell", "start"])
def test_a_driver_looks_before_whatever_it_does(tmp_path, monkeypatch, call):
    """Taken over at any call of the store or the launcher, it makes no further one."""
    made = []

    class Launcher(LocalLauncher):
        def start(self, run):
            return spied("start", LAUNCHER.start)(run)

    def spied(name, function):
        def spy(*values):
            made.append(name)
            result = function(*values)
            if name == call and not made[:-1].count(name):
                newest = Claims(tmp_path).newest()
                claimed(tmp_path, elsewhere(), newest.number + 1)
                made.append("lost")
            return result

        return spy

    for name in ("trials", "running", "ask", "tell", "tell_failed"):
        monkeypatch.setattr(Store, name, spied(name, getattr(Store, name)))
    with pytest.raises(LeaseLostError, match="node7"):
        run(study("x=1", "x=2", seeds=[1]), tmp_path, launcher=Launcher(), resolve=resolve)
    assert made[-1] == "lost"


def test_the_command_of_a_driver_that_lost_its_lease_counts_as_stopped(monkeypatch, capsys):
    def lost(*values, **options):
        raise LeaseLostError("the driver must hold its lease", "that of another")

    monkeypatch.setattr("sweeps.study.run_study", lost)
    assert main(["sweep", "study=demo"]) == 3
    assert capsys.readouterr().err == "entrocraft: the driver must hold its lease; got that of another\n"
