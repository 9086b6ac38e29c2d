"""The folder of the studies, judged from lines of /proc/self/mountinfo as real machines have them."""

import pytest

from harness.doctor.filesystem import Mount, judge_folder, judge_space, mount_of, mounts
from harness.doctor.finding import State

MOUNTINFO = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24683656k
40 27 0:50 / /home rw,relatime shared:7 - nfs4 server:/home rw,vers=4.2,hard,local_lock=none,addr=10.0.0.1
41 27 0:51 / /old rw,relatime - nfs server:/old rw,vers=3,nolock,local_lock=all
42 27 0:52 / /my\\040scratch rw,relatime - lustre 10.0.0.2@o2ib:/scratch rw,flock,lazystatfs
43 27 0:53 / /noflock rw - lustre 10.0.0.2@o2ib:/scratch rw,lazystatfs
44 27 0:54 / /home/ro ro,relatime - nfs4 server:/ro rw,vers=4.2
45 27 0:55 / /gpfs rw,relatime - gpfs gpfs rw
46 27 0:56 / /odd rw,relatime - oddfs odd rw
47 27 0:57 / /odd rw,relatime - xfs /dev/vdb rw
not a line
"""
KNOWN = mounts(MOUNTINFO)


def judged(path, between_nodes=True, may_write=True):
    return judge_folder(path, mount_of(path, KNOWN), may_write, between_nodes)


@pytest.mark.parametrize(
    ("path", "state", "phrase"),
    [
        ("/home/me/studies", State.OK, "on nfs4"),
        ("/homes/studies", State.WARNING, "on ext4: on this machine alone"),
        ("/old/studies", State.WARNING, "on nfs with nolock"),
        ("/my scratch/studies", State.OK, "on lustre, with flock"),
        ("/noflock/studies", State.WARNING, "on lustre without flock"),
        ("/home/ro/studies", State.MISSING, "on nfs4, read-only"),
        ("/gpfs/studies", State.OK, "on gpfs"),
        ("/dev/shm/studies", State.WARNING, "in memory"),
        ("/tmp/studies", State.WARNING, "a temporary folder, of each node its own"),
        ("/odd", State.WARNING, "on xfs"),  # the later mount of two at one place
    ],
)
def test_between_nodes(path, state, phrase):
    finding = judged(path)
    assert (finding.state, phrase in finding.found) == (state, True)
    assert (finding.remedy is None) == (state is State.OK)
    assert finding.needed == (state is State.MISSING)


@pytest.mark.parametrize("path", ["/home/me", "/tmp/studies", "/root", "/old"])
def test_processes_of_one_machine_may_work_anywhere(path):
    assert judged(path, between_nodes=False).state is State.OK


def test_but_not_in_memory_nor_where_nothing_can_be_written():
    assert judged("/dev/shm/x", between_nodes=False).state is State.WARNING
    assert judged("/home/ro", between_nodes=False).state is State.MISSING
    assert judged("/home/me", between_nodes=False, may_write=False).state is State.MISSING


def test_a_kind_of_file_system_that_is_not_known_is_a_warning():
    assert judge_folder("/x", Mount("/x", "oddfs", ("rw",)), True, True).state is State.WARNING
    assert judge_folder("/x", None, True, True).state is State.WARNING


@pytest.mark.parametrize(
    ("free", "state"), [(10**13, State.OK), (9 * 10**9, State.WARNING), (60_000, State.MISSING), (0, State.MISSING)]
)
def test_space(free, state):
    assert judge_space(free, 10**13).state is state
