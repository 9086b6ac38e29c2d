"""The configuration of a test cluster as text, and what is refused before anything starts. No Slurm is needed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.testbed import ClusterError, Settings, requirements, up
from tests.testbed.daemons import daemons
from tests.testbed.ports import FIRST, free_base
from tests.testbed.settings import LONGEST_FOLDER, PORTS
from tests.testbed.texts import configuration, gres_conf, slurm_conf, slurmdbd_conf


def settings(**changed: Any) -> Settings:
    given = {"folder": Path("/tmp/bed"), "base_port": 27000, "host": "box"} | changed
    return Settings(**given)


def value(text: str, key: str) -> str:
    """The value of the only line that begins with `key=`."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"{key}=")]
    return line.partition("=")[2]


def test_nodes_ports_and_gpus_are_counted_alike_in_all_files() -> None:
    made = settings(nodes=3, gpus_per_node=2)
    text = slurm_conf(made)
    assert value(text, "NodeName").startswith(
        "gpu[1-3] NodeHostname=box NodeAddr=127.0.0.1 Port=[27011-27013] CPUs=16 "
    )
    assert value(text, "NodeName").endswith(" Gres=gpu:h100:2")
    assert value(text, "SlurmctldHost") == "box(127.0.0.1)"
    assert gres_conf(made).splitlines() == [
        "AutoDetect=off",
        "NodeName=gpu[1-3] Name=gpu Type=h100 File=/tmp/bed/dev/nvidia[0-1]",
    ]
    assert value(text, "AccountingStoragePort") == value(slurmdbd_conf(made), "DbdPort") == "27001"
    assert [daemon.name for daemon in daemons(made)][-3:] == ["slurmd-gpu1", "slurmd-gpu2", "slurmd-gpu3"]


def test_the_times_are_those_that_were_asked_for() -> None:
    text = slurm_conf(settings(grace_time_s=7, min_job_age_s=11, kill_wait_s=13, node_timeout_s=17))
    low, high = (line for line in text.splitlines() if line.startswith("PartitionName="))
    assert " PreemptMode=REQUEUE GraceTime=7 " in low and " PreemptMode=OFF " in high and "GraceTime" not in high
    found = [value(text, key) for key in ("MinJobAge", "KillWait", "SlurmdTimeout")]
    assert found == ["11", "13", "17"]


def test_a_credential_lives_five_seconds_since_less_is_ignored() -> None:
    assert value(slurm_conf(settings()), "AuthInfo") == "socket=/tmp/bed/munge.sock,cred_expire=5"


def test_what_an_administrator_may_leave_out() -> None:
    whole = slurm_conf(settings())
    assert value(whole, "SlurmctldParameters") == "preempt_send_user_signal"
    assert "\nSlurmctldParameters=" not in slurm_conf(settings(preempt_signal=False))
    bare = settings(accounting=False)
    assert value(slurm_conf(bare), "AccountingStorageType") == "accounting_storage/none"
    assert [path.name for path in configuration(bare)] == ["slurm.conf", "gres.conf"]
    assert not {"mariadbd", "slurmdbd"} & {daemon.name for daemon in daemons(bare)}


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"folder": Path("bed")}, "must be an absolute path of letters"),
        ({"folder": Path("/tmp/my bed")}, "must be an absolute path of letters"),
        ({"folder": Path("/" + "b" * LONGEST_FOLDER)}, "must have at most 60 characters"),
        ({"nodes": 0}, "nodes must be a whole number >= 1"),
        ({"nodes": 33}, "nodes must be a whole number <= 32"),
        ({"min_job_age_s": 1}, "min_job_age_s must be a whole number >= 2"),
    ],
)
def test_what_slurm_cannot_take_is_refused(changed: dict[str, Any], rule: str) -> None:
    with pytest.raises(ClusterError, match=rule):
        settings(**changed)


def test_settings_are_read_as_they_were_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.testbed.settings.LONGEST_FOLDER", 1000)
    made = settings(folder=tmp_path, nodes=2, accounting=False)
    made.save()
    assert Settings.load(tmp_path) == made
    (tmp_path / "testbed.json").write_text('{"folder": "/tmp/bed", "beds": 2}')
    with pytest.raises(ClusterError, match="must be what `up` wrote"):
        Settings.load(tmp_path)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(requirements, "PATH", str(tmp_path))
    assert requirements.missing() == (
        "no munged, slurmctld, slurmd, sbatch, slurmdbd, mariadbd, mariadb-install-db, mariadb "
        "(Debian: munge slurm-wlm slurmdbd mariadb-server-core mariadb-client-core)"
    )
    for program in requirements.PACKAGE_OF:
        (tmp_path / program).touch(mode=0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert requirements.missing(accounting=False) is None
    assert "Debian: slurmdbd mariadb" in str(requirements.missing())
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert str(requirements.missing(accounting=False)).startswith("not root")
    with pytest.raises(ClusterError, match="got not root"):
        up(tmp_path / "bed", accounting=False)


def test_a_taken_port_makes_a_cluster_take_the_next_range() -> None:
    first = free_base()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first + 3))
        taken.listen()
        second = free_base()
    assert second > first >= FIRST and (second - first) % PORTS == 0


@pytest.mark.parametrize("what", ["down", "status"])
def test_a_folder_that_never_had_a_cluster(what: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.testbed", what, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "must be one of a test cluster" in done.stderr
