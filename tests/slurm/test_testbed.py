"""The test cluster does what a real one does; what the other tests of Slurm stand on.

Three incidents take Slurm half a minute: a preemption, and two nodes that fail. They begin at the first test that asks
for them, and the tests in between pass the time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.testbed import Cluster, ClusterError, Settings, cluster, processes, up
from tests.testbed.lifecycle import strays

pytestmark = pytest.mark.needs("slurm")

PATIENCE_S = 120
VICTIM = """\
echo "start ${SLURM_RESTART_COUNT:-0} $SLURMD_NODENAME" >> SEEN
if [ -n "$SLURM_RESTART_COUNT" ]; then exit 0; fi
srun bash -c 'trap "echo USR2 >> SEEN" USR2; while true; do sleep 0.2; done'
"""


@dataclass(frozen=True)
class Incident:
    """A job that loses its node: its id, the node, its processes there, and the file it writes about itself."""

    job: str
    node: str
    pids: frozenset[int]
    seen: Path


@dataclass(frozen=True)
class Incidents:
    """A preemption; a node that fails with all it runs; one whose jobs run on although Slurm does not hear of it."""

    preempted: Incident
    failed: Incident
    lost: Incident


def submit(slurm: Cluster, script: str, *options: str) -> str:
    """The id of the new job, whose output goes to /dev/null unless an option says otherwise."""
    command = ["sbatch", "--parsable", "--output=/dev/null", *options]
    return slurm.run(command, stdin=f"#!/bin/bash\n{script}\n").stdout.strip()


def states(slurm: Cluster, job: str) -> list[str]:
    """The states of a job's starts, first to last, as sacct has them."""
    fields = ["--noheader", "--parsable2", "--allocations", "--duplicates", "--format=State"]
    return slurm.run(["sacct", *fields, f"--jobs={job}"]).stdout.split()


def eventually(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
    return processes.wait(condition, patience_s, poll_s=0.2)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def bed(short_path: Path) -> Path:
    """The folder of a cluster of the test's own."""
    return short_path / "bed"


@pytest.fixture(scope="module")
def incidents(slurm_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Incidents]:
    """All three begin; gpu4 is free for others, and for the second starts."""
    slurm, folder = slurm_cluster, tmp_path_factory.mktemp("incidents")
    begun = []
    for node in ("gpu1", "gpu2", "gpu3"):  # Slurm takes them in this order: a wish would bind the second start, too
        seen = folder / node
        options = ("--requeue", "--gres=gpu:h100:8", "--signal=USR2@30", "--time=10")
        job = submit(slurm, VICTIM.replace("SEEN", str(seen)), *options)
        # the trap is set when the loop behind it sleeps
        assert eventually(lambda node=node: "sleep" in map(processes.program, slurm.job_processes(node)))
        begun.append(Incident(job, node, frozenset(slurm.job_processes(node)), seen))
    submit(slurm, "true", "--partition=high", "--gres=gpu:h100:8", "--nodelist=gpu1")
    slurm.kill_node("gpu2")
    slurm.kill_node("gpu3", with_jobs=False)
    yield Incidents(*begun)
    slurm.run(["scancel", *(incident.job for incident in begun)], check=False)
    for incident in begun[1:]:
        if slurm.node_states()[incident.node].startswith("down"):
            slurm.start_node(incident.node)


def test_all_nodes_are_idle(slurm_cluster: Cluster) -> None:
    assert slurm_cluster.node_states() == {f"gpu{number}": "idle" for number in range(1, 5)}


def test_a_failed_node_takes_along_what_it_runs_and_a_lost_one_does_not(
    slurm_cluster: Cluster, incidents: Incidents
) -> None:
    assert slurm_cluster.job_processes("gpu2") == []
    assert not any(map(processes.alive, incidents.failed.pids))
    assert incidents.lost.pids & set(slurm_cluster.job_processes("gpu3"))


def test_jobs_on_one_node_get_gpus_of_their_own(slurm_cluster: Cluster, incidents: Incidents, tmp_path: Path) -> None:
    outputs = [tmp_path / "a.txt", tmp_path / "b.txt"]
    jobs = [
        submit(
            slurm_cluster,
            "echo $CUDA_VISIBLE_DEVICES; sleep 2",
            "--gres=gpu:h100:4",
            "--nodelist=gpu4",
            f"--output={output}",
        )
        for output in outputs
    ]
    assert eventually(lambda: all(states(slurm_cluster, job) == ["COMPLETED"] for job in jobs))
    assert sorted(output.read_text() for output in outputs) == ["0,1,2,3\n", "4,5,6,7\n"]


def test_more_gpus_than_a_node_has_are_rejected(slurm_cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match="Requested node configuration is not available"):
        submit(slurm_cluster, "true", "--gres=gpu:h100:9")


def test_sacct_knows_how_a_job_ended(slurm_cluster: Cluster) -> None:
    job = submit(slurm_cluster, "exit 3", "--gres=gpu:h100:2", "--nodelist=gpu4", "--job-name=ec-a_b.c-1")
    assert eventually(lambda: states(slurm_cluster, job) == ["FAILED"])
    fields = "JobIDRaw,JobName,State,ExitCode,NodeList,AllocTRES"
    command = ["sacct", "--noheader", "--parsable2", "--allocations", f"--format={fields}", f"--jobs={job}"]
    # A job that ended at once is called "allocation" for some seconds.
    assert eventually(lambda: f"{job}|ec-a_b.c-1|FAILED|3:0|gpu4|" in slurm_cluster.run(command).stdout)
    assert "gres/gpu=2" in slurm_cluster.run(command).stdout


def test_a_command_that_does_not_end_is_given_up(slurm_cluster: Cluster) -> None:
    with pytest.raises(ClusterError, match="srun must answer within 1 s"):
        slurm_cluster.run(["srun", "--nodelist=gpu4", "sleep", "60"], timeout_s=1)


def test_a_second_cluster_beside_the_first_which_leaves_nothing_behind(
    slurm_cluster: Cluster, incidents: Incidents, bed: Path
) -> None:
    with cluster(bed, nodes=1, accounting=False) as second:
        assert second.node_states() == {"gpu1": "idle"}
        assert len(slurm_cluster.node_states()) == 4
        assert second.settings.base_port != slurm_cluster.settings.base_port
        submit(second, "sleep 1000 & env --ignore-environment setsid sleep 1000")
        assert eventually(lambda: len(second.job_processes()) == 4)
        assert not set(second.job_processes()) & set(slurm_cluster.job_processes())
        with pytest.raises(ClusterError, match="must have no running cluster; got munged") as refused:
            up(bed)
        assert f"export SLURM_CONF={second.settings.conf}" in str(refused.value)
        left = second.job_processes()
    assert not any(map(processes.alive, left)) and strays(second.settings) == []
    # with slurmscriptd, without two slurmd; a slurmd that starts a job is two for a moment
    assert eventually(lambda: len(strays(slurm_cluster.settings)) == 9 - 2)


def test_preemption_sends_the_signal_and_queues_the_job_again(slurm_cluster: Cluster, incidents: Incidents) -> None:
    preempted = incidents.preempted
    assert eventually(lambda: states(slurm_cluster, preempted.job) == ["PREEMPTED", "COMPLETED"])
    first, signal, second = lines(preempted.seen)
    assert (first, signal) == ("start 0 gpu1", "USR2") and second.startswith("start 1 gpu")


def test_the_job_of_a_failed_node_is_started_elsewhere(slurm_cluster: Cluster, incidents: Incidents) -> None:
    failed = incidents.failed
    assert eventually(lambda: states(slurm_cluster, failed.job) == ["NODE_FAIL", "COMPLETED"])
    first, second = lines(failed.seen)
    assert first == "start 0 gpu2" and second in ("start 1 gpu1", "start 1 gpu4")
    assert slurm_cluster.node_states()["gpu2"] == "down*"
    slurm_cluster.start_node("gpu2")
    assert slurm_cluster.node_states()["gpu2"] == "idle"


def test_what_a_lost_node_runs_ends_when_the_node_is_back(slurm_cluster: Cluster, incidents: Incidents) -> None:
    lost = incidents.lost
    assert eventually(lambda: states(slurm_cluster, lost.job) == ["NODE_FAIL", "COMPLETED"])
    assert lines(lost.seen)[1].startswith("start 1 ")
    assert any(map(processes.alive, lost.pids)), "the step of the first start goes on beside the second start"
    slurm_cluster.start_node("gpu3")
    assert eventually(lambda: not any(map(processes.alive, lost.pids)))


def test_the_command_line_starts_says_and_stops(bed: Path) -> None:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.testbed", *words, str(bed)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    started = call("up", "--nodes=2", "--no-accounting", "--grace-time=1")
    assert started.returncode == 0 and started.stdout.startswith(f"export SLURM_CONF={bed}/etc/slurm.conf\n")
    assert call("status").returncode == 0
    again = call("up")
    assert again.returncode == 1 and "must have no running cluster" in again.stderr
    assert call("down").returncode == 0 and call("down").returncode == 0
    after = call("status")
    assert after.returncode == 1 and after.stdout.count("not running") == 4
    assert call("up", "--no-accounting", "--nodes=1").returncode == 0, "a stopped cluster starts again"
    assert call("down").returncode == 0


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ClusterError, match="must be new, empty, or one of a test cluster"):
        up(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_daemon_that_does_not_start_takes_the_others_down(bed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "ClusterName=\n"
    monkeypatch.setattr("tests.testbed.texts.slurm_conf", lambda settings: wrong)
    with pytest.raises(ClusterError, match="slurmctld must start"):
        up(bed, accounting=False)
    assert strays(Settings.load(bed)) == []
