"""Commands that are missing, hang, fail or lie; and what is sent to them."""

import os
import stat
import time

import pytest

from harness.errors import SchedulerError
from slurm.commands import CHUNK, SlurmCommands
from slurm.records import Limits

ASKS = {
    "squeue": lambda slurm: slurm.squeue("somebody"),
    "sacct": lambda slurm: slurm.accounting(["1"]),
    "scontrol": lambda slurm: slurm.show_job("1"),
    "scancel": lambda slurm: slurm.cancel(["1"]),
}


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Puts a shell script in the place of a command."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(name, script):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return write


@pytest.mark.parametrize("name", ASKS)
def test_a_missing_command_is_named(name, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SchedulerError, match=rf"{name} must run; .*PATH"):
        ASKS[name](SlurmCommands())


@pytest.mark.parametrize("name", ASKS)
def test_a_command_that_fails_says_its_own_words(name, command):
    command(name, f"echo '{name}: error: Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(SchedulerError, match=r"exit code 1 and: .*Unable to contact slurm controller"):
        ASKS[name](SlurmCommands())


@pytest.mark.parametrize("name", ASKS)
def test_a_command_that_hangs_is_given_up(name, command):
    command(name, "exec sleep 100")
    began = time.monotonic()
    with pytest.raises(SchedulerError, match=f"{name} must answer within 0.3 s"):
        ASKS[name](SlurmCommands(timeout_s=0.3))
    assert time.monotonic() - began < 10


def test_a_failure_without_words_is_one(command):
    command("scancel", "exit 7")
    with pytest.raises(SchedulerError, match="exit code 7 and: nothing"):
        SlurmCommands().cancel(["1"])


@pytest.mark.parametrize("text", ["Invalid job id specified", "Job/step already completing or completed"])
def test_a_job_that_cannot_be_cancelled_any_more_does_not_hide_one_that_could_not_be(command, text):
    gone = f"echo 'scancel: error: Kill job error on job id 1: {text}' >&2"
    command("scancel", f"{gone}; exit 1")
    SlurmCommands().cancel(["1", "2"])
    command("scancel", f"{gone}; echo 'scancel: error: Kill job error on job id 2: Access denied' >&2; exit 1")
    with pytest.raises(SchedulerError, match="Access denied"):
        SlurmCommands().cancel(["1", "2"])


def test_what_changes_a_commands_output_is_kept_from_it(command, monkeypatch, tmp_path):
    for name in ("SACCT_FORMAT", "SQUEUE_FORMAT", "SCONTROL_ALL"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("SLURM_CONF", "/etc/other.conf")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    command("sacct", f"env > '{tmp_path}/env'; cat > '{tmp_path}/stdin'")
    SlurmCommands().accounting(["1"])
    lines = (tmp_path / "env").read_text().splitlines()
    assert {"LC_ALL=C", "TZ=UTC", "SLURM_TIME_FORMAT=%s", "SLURM_CONF=/etc/other.conf"} <= set(lines)
    assert not [line for line in lines if line.startswith(("SACCT_", "SQUEUE_", "SCONTROL_"))]
    assert (tmp_path / "stdin").read_text() == ""


def test_many_ids_are_sent_in_several_commands(command, tmp_path):
    row = "|ec|COMPLETED|0:0|1|2|3|1|gpu1|cpu=1"
    command("sacct", f"echo \"$*\" >> '{tmp_path}/calls'; echo \"$(wc -l < '{tmp_path}/calls'){row}\"")
    command("scancel", f"echo $# >> '{tmp_path}/cancelled'")
    ids = [str(number) for number in range(2 * CHUNK + 1)]
    slurm = SlurmCommands()
    assert [job.job_id for job in slurm.accounting(ids)] == ["1", "2", "3"]
    sent = [call.split("--jobs=")[1].split(",") for call in (tmp_path / "calls").read_text().splitlines()]
    assert [job_id for chunk in sent for job_id in chunk] == ids
    slurm.cancel(ids)
    assert (tmp_path / "cancelled").read_text().split() == [str(CHUNK), str(CHUNK), "1"]


CONFIG = "echo 'MaxArraySize = 1001'; echo 'MaxJobCount = 5000'; echo 'ClusterName = c'; "
SLURMDBD = "echo 'AccountingStorageType = accounting_storage/slurmdbd'"


def test_without_accounting_a_user_has_no_limits_that_anybody_could_tell(command):
    command("scontrol", f"{CONFIG} echo 'AccountingStorageType = accounting_storage/none'")
    command("sacctmgr", "exit 1")
    assert SlurmCommands().limits() == Limits(1001, 5000, None, None)


def test_limits_are_the_smallest_of_the_users_associations_and_of_their_qos(command):
    command("scontrol", CONFIG + SLURMDBD)
    command(
        "sacctmgr",
        'case "$*" in *association*) echo "|20|normal,long"; echo "9||normal";; *) cat <<E\n'
        "|15|normal\n3|1|not-his\n7||long\nE\n;; esac",
    )
    assert SlurmCommands().limits() == Limits(1001, 5000, 7, 15)


def test_accounting_that_does_not_answer_is_no_absence_of_limits(command):
    command("scontrol", CONFIG + SLURMDBD)
    command("sacctmgr", "echo 'sacctmgr: error: Problem talking to the database' >&2; exit 1")
    with pytest.raises(SchedulerError, match="talking to the database"):
        SlurmCommands().limits()
