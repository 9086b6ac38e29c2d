"""Slurm's settings, judged from what its commands printed: Slurm 22.05 on the testbed, and lines of other clusters."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.config.launch_file import load_launch
from harness.doctor.finding import State
from slurm import check
from slurm.records import Limits

CONFIG = (Path(__file__).parent / "recorded" / "scontrol_config.txt").read_text()
SINFO = """\
low*|up|infinite|1|mixed|gpu:h100:8|16|64000
low*|up|infinite|3|idle|gpu:h100:8|16|64000
cpu|up|1-00:00:00|20|idle|(null)|48+|190000+
old|up|2:00:00|4|idle|gpu:v100:4(S:0-1)|40|380000
dead|up|infinite|2|drained*|gpu:h100:8(S:0)|64|1000000
odd|up|30:00|1|idle|gpu:8|64|1000000
a line of another kind
"""
NODES = check.nodes(SINFO)
CPU = load_launch(["launcher=slurm"]).resources
GPU = replace(CPU, gpus_per_node=8, gpu_type="h100", cpus_per_task=16, mem_gb=60)
LOW = "PartitionName=low Default=YES GraceTime=5 PreemptMode=REQUEUE State=UP"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("infinite", None),
        ("30:00", 30),
        ("2:00:00", 120),
        ("1-00:00:00", 1440),
        ("2-12", 3600),
        ("45", 45),
        ("?", None),
    ],
)
def test_limits_of_time(text, found):
    assert check.minutes(text) == found


@pytest.mark.parametrize(
    ("asked", "state", "phrase"),
    [
        ({}, State.OK, "low: 4 nodes with 8 h100, 16 CPUs, 62 GB"),
        ({"partition": "nope"}, State.MISSING, "'nope' is not there"),
        ({"cpus_per_task": 17}, State.MISSING, "no node of low has 8 h100, 17 CPUs, 60 GB"),
        ({"gpu_type": "a100"}, State.MISSING, "it has 8 h100, 16 CPUs, 62 GB"),
        ({"partition": "cpu"}, State.MISSING, "no node of cpu has 8 h100"),
        ({"partition": "old", "gpu_type": None, "gpus_per_node": 4}, State.OK, "old: 4 nodes with 4 v100"),
        ({"partition": "old", "walltime_min": 121}, State.MISSING, "old allows 120 min, resources.walltime_min is 121"),
        ({"partition": "dead"}, State.WARNING, "all 2 nodes that fit are down"),
        ({"partition": "odd", "gpu_type": None, "walltime_min": 30}, State.OK, "8 GPUs"),
    ],
)
def test_a_partition_must_have_what_is_asked(asked, state, phrase):
    finding = check.judge_partition(NODES, replace(GPU, **asked), needed=True)
    assert (finding.state, phrase in finding.found) == (state, True), finding
    assert finding.needed == (state is State.MISSING)


def test_the_remedy_names_the_partitions_and_the_keys_of_the_driver():
    lost = check.judge_partition(NODES, replace(CPU, partition="nope"), True, "driver_resources")
    assert lost.remedy == "Set driver_resources.partition to one of low, cpu, old, dead, odd."


def test_gpus():
    assert check.judge_gpus(NODES).found == "low: 8 h100; old: 4 v100; dead: 8 h100; odd: 8 GPUs"
    assert check.judge_gpus([each for each in NODES if each.partition == "cpu"]).state is State.WARNING


def test_accounting_that_fails_is_a_warning_with_what_it_said():
    assert check.judge_accounting(0, "").state is State.OK
    finding = check.judge_accounting(1, "sacct: error: Problem talking to the database\n")
    assert finding.state is State.WARNING and "Problem talking" in finding.found


def test_a_user_who_may_submit_nothing_is_warned():
    assert (
        check.judge_limits(Limits(None, None, None, 200)).found
        == "jobs at once: no limit, jobs waiting or running: 200"
    )
    assert check.judge_limits(Limits(None, None, 4, 0)).state is State.WARNING


def config(**changes):
    base = {"PreemptMode": "REQUEUE", "PreemptType": "preempt/partition_prio", "KillWait": "30 sec"}
    base |= {"SlurmctldParameters": "enable_configless,preempt_send_user_signal", **changes}
    return "".join(f"{key:<23} = {value}\n" for key, value in base.items())


@pytest.mark.parametrize(
    ("settings", "partition", "asked", "state", "phrase"),
    [
        ({}, "GraceTime=300 PreemptMode=REQUEUE", {}, State.OK, "has 300 s for its checkpoint"),
        ({}, LOW, {}, State.WARNING, "has 5 s for its checkpoint (GraceTime of the partition), at a time limit 120 s"),
        ({"SlurmctldParameters": "(null)"}, LOW, {}, State.WARNING, "SIGTERM and, after 30 s (KillWait), SIGKILL"),
        ({}, "GraceTime=5 PreemptMode=OFF", {}, State.OK, "off"),
        ({"PreemptType": "preempt/none"}, LOW, {}, State.OK, "off"),
        ({"PreemptMode": "CANCEL"}, "", {}, State.WARNING, "is cancelled, after 0 s"),
        ({}, LOW, {"requeue": False}, State.WARNING, "is cancelled, after 5 s"),
        ({"PreemptMode": "GANG,SUSPEND"}, "", {}, State.OK, "suspended"),
    ],
)
def test_preemption(settings, partition, asked, state, phrase):
    finding = check.judge_preemption(config(**settings), partition, replace(CPU, **asked))
    assert (finding.state, phrase in finding.found) == (state, True), finding


def test_the_recorded_configuration_of_the_testbed_is_read():
    assert check.judge_preemption(CONFIG, LOW, CPU).state in (State.OK, State.WARNING)
    assert check.judge_requeue(config(JobRequeue=1), CPU).found == "JobRequeue=1"
    assert "ask for it themselves" in check.judge_requeue(config(JobRequeue=0), CPU).found
    assert check.judge_requeue(CONFIG, replace(CPU, requeue=False)).state is State.WARNING
