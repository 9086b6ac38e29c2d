"""The fake itself: that it does to jobs what a cluster does, and survives what tests do to it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from harness.errors import SchedulerError
from slurm.commands import SlurmCommands
from slurm.records import JobState
from tests.fake_slurm.cluster import FakeSlurm, find, wait_for

STEP = Path(__file__).with_name("step.py")
SLURM = SlurmCommands()


def step(*words):
    """The line of a script that starts step.py as a step; it writes what it hears into a file of the job."""
    return f"exec srun --unbuffered {sys.executable} -S '{STEP}' {' '.join(map(str, words))}"


def heard(cluster, job_id):
    path = cluster.folder / f"heard-{job_id}"
    return path.read_text().split() if path.exists() else []


def wait_heard(cluster, job_id, *words):
    wait_for(lambda: " ".join(heard(cluster, job_id)), (" ".join(words),), f"what job {job_id} heard", 20)


def states(job_id):
    return [job.state for job in SLURM.accounting([job_id])]


def test_jobs_run_in_order_of_submission_and_no_more_at_once_than_there_are_slots(fake_slurm):
    script = 'echo "+$SLURM_JOB_ID" >> order; while [ ! -e "go$SLURM_JOB_ID" ]; do sleep 0.02; done'
    ids = [fake_slurm.submit(script) for _ in range(4)]
    order = fake_slurm.folder / "order"
    wait_for(lambda: str(order.exists() and len(order.read_text().split())), ("2",), "jobs that began", 20)
    assert [fake_slurm.state(job_id) for job_id in ids] == ["RUNNING", "RUNNING", "PENDING", "PENDING"]
    assert len({SLURM.show_job(job_id).node for job_id in ids[:2]}) == 2
    (fake_slurm.folder / f"go{ids[1]}").touch()
    fake_slurm.wait(ids[2], "RUNNING")
    assert fake_slurm.state(ids[3]) == "PENDING"
    for job_id in ids:
        (fake_slurm.folder / f"go{job_id}").touch()
    for job_id in ids:
        fake_slurm.wait(job_id, "COMPLETED")
    assert order.read_text().split()[2:] == [f"+{ids[2]}", f"+{ids[3]}"]


def test_the_number_of_slots_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_SLURM_SLOTS", "3")
    cluster = FakeSlurm(tmp_path / "three")
    try:
        ids = [cluster.submit("sleep 1000") for _ in range(4)]
        assert [cluster.state(job_id) for job_id in ids].count("RUNNING") == 3
    finally:
        cluster.close()
    assert cluster.processes() == []


def test_a_script_finds_slurms_environment_and_its_own_directives(fake_slurm):
    script = """#!/bin/bash
# a comment
#SBATCH --job-name=ec-named
#SBATCH --output='out %x %j.txt'
#SBATCH --gres=gpu:h100:2

echo "$SLURM_JOB_ID $SLURM_JOB_NAME [$SLURM_RESTART_COUNT] $SLURM_JOB_NODELIST $SLURM_JOB_NUM_NODES"
srun sh -c 'echo "$SLURM_PROCID $SLURM_NTASKS $SLURM_NODEID $SLURM_LOCALID $SLURM_STEP_ID $CUDA_VISIBLE_DEVICES"'
#SBATCH --job-name=too-late
"""
    os.environ.pop("SLURM_NTASKS", None)
    job_id = fake_slurm.submit(script)
    fake_slurm.wait(job_id, "COMPLETED")
    lines = (fake_slurm.folder / f"out ec-named {job_id}.txt").read_text().splitlines()
    assert lines == [f"{job_id} ec-named [] fake1 1", "0 1 0 0 0 0,1"]
    assert SLURM.accounting([job_id])[0].gpus == 2


def test_output_is_cut_off_or_gone_on_with_as_open_mode_says(fake_slurm):
    fake_slurm.set(slots=1)
    for mode, printed in (("append", "0\n1\n"), ("truncate", "1\n")):
        script = 'echo "${SLURM_RESTART_COUNT:-0}"; [ -n "$SLURM_RESTART_COUNT" ] || exec sleep 1000'
        job_id = fake_slurm.submit(script, f"--open-mode={mode}")
        wait_for(lambda: str((fake_slurm.folder / f"slurm-{job_id}.out").exists()), ("True",), "output", 20)  # noqa: B023
        time.sleep(0.2)
        SLURM.requeue(job_id)
        fake_slurm.wait(job_id, "COMPLETED")
        assert fake_slurm.output(job_id) == printed


def test_preemption_is_the_jobs_signal_then_sigterm_then_another_start(fake_slurm):
    fake_slurm.set(grace_s=0.5, kill_wait_s=0.3)
    job_id = fake_slurm.submit(step("ignore"), "--signal=USR2@60")
    wait_heard(fake_slurm, job_id, "start")
    fake_slurm.preempt(job_id)
    wait_heard(fake_slurm, job_id, "start", "USR2", "TERM", "start")
    assert fake_slurm.restarts(job_id) == 1
    assert states(job_id) == [JobState.PREEMPTED, JobState.RUNNING]


def test_a_preempted_job_that_ends_in_its_grace_time_has_ended(fake_slurm):
    fake_slurm.set(grace_s=30)
    job_id = fake_slurm.submit(step("end-at", "USR2", 3), "--signal=USR2@60")
    wait_heard(fake_slurm, job_id, "start")
    fake_slurm.preempt(job_id)
    fake_slurm.wait(job_id, "FAILED")
    assert SLURM.show_job(job_id).exit_code == 3 and states(job_id) == [JobState.FAILED]


def test_a_preempted_job_may_requeue_itself(fake_slurm):
    fake_slurm.set(grace_s=30)
    job_id = fake_slurm.submit(step("requeue-at", "USR2"), "--signal=USR2@60")
    wait_heard(fake_slurm, job_id, "start")
    fake_slurm.preempt(job_id)
    fake_slurm.wait(job_id, "COMPLETED")
    assert heard(fake_slurm, job_id)[-1] == "start" and fake_slurm.restarts(job_id) == 1
    assert states(job_id) == [JobState.REQUEUED, JobState.COMPLETED]


def test_the_time_limit_is_announced_and_then_kept(fake_slurm):
    fake_slurm.set(kill_wait_s=0.3)
    job_id = fake_slurm.submit(step("ignore"), "--signal=USR2@1", "--time=2s")
    wait_heard(fake_slurm, job_id, "start", "USR2")
    assert fake_slurm.state(job_id) == "RUNNING"
    fake_slurm.wait(job_id, "TIMEOUT")
    (row,) = SLURM.accounting([job_id])
    assert (row.state, row.exit_code, row.signal) == (JobState.TIMEOUT, 0, 0)
    assert heard(fake_slurm, job_id) == ["start", "USR2", "TERM"]


def test_a_signal_for_the_script_alone_does_not_reach_its_steps(fake_slurm):
    waits = f"trap 'echo batch > heard-batch' USR2; {step('ignore')[5:]} & while :; do wait; done"
    job_id = fake_slurm.submit(waits, "--signal=B:USR2@59", "--time=1")
    wait_heard(fake_slurm, job_id, "start")
    wait_heard(fake_slurm, "batch", "batch")
    assert heard(fake_slurm, job_id) == ["start"]


def test_scancel_signals_the_steps_and_the_job_goes_on(fake_slurm):
    job_id = fake_slurm.submit(f"echo before; {step('ignore')[5:]}; echo after")
    wait_heard(fake_slurm, job_id, "start")
    subprocess.run(["scancel", job_id, "--signal", "USR2"], check=True)
    wait_heard(fake_slurm, job_id, "start", "USR2")
    assert fake_slurm.state(job_id) == "RUNNING"


def test_who_ignores_sigterm_is_killed_with_all_it_started(fake_slurm):
    fake_slurm.set(kill_wait_s=0.5)
    job_id = fake_slurm.submit(f"setsid sleep 1000 & {step('ignore')}")
    wait_heard(fake_slurm, job_id, "start")
    assert len(fake_slurm.processes(job_id)) >= 2
    began = time.monotonic()
    SLURM.cancel([job_id])
    assert fake_slurm.state(job_id) == "COMPLETING"
    fake_slurm.wait(job_id, "CANCELLED")
    assert time.monotonic() - began > 0.4
    assert fake_slurm.processes(job_id) == [] and heard(fake_slurm, job_id) == ["start", "TERM"]


def test_what_a_script_leaves_behind_ends_with_it(fake_slurm):
    job_id = fake_slurm.submit("setsid sleep 1000 &")
    fake_slurm.wait(job_id, "COMPLETED")
    assert fake_slurm.processes(job_id) == []


@pytest.mark.parametrize("requeue", [True, False])
def test_a_lost_node_is_node_fail_and_another_start_where_the_job_allows_it(fake_slurm, requeue):
    job_id = fake_slurm.submit(step("ignore"), *([] if requeue else ["--no-requeue"]))
    wait_heard(fake_slurm, job_id, "start")
    fake_slurm.fail_node(job_id)
    if requeue:
        wait_for(
            lambda: f"{fake_slurm.state(job_id)} {' '.join(heard(fake_slurm, job_id))}",
            ("RUNNING start start",),
            "the job",
            20,
        )
        assert states(job_id) == [JobState.NODE_FAIL, JobState.RUNNING]
    else:
        fake_slurm.wait(job_id, "NODE_FAIL")  # a killed supervisor takes a moment to be gone
        assert states(job_id) == [JobState.NODE_FAIL]


def test_memory_that_runs_out_is_a_state_of_its_own(fake_slurm):
    job_id = fake_slurm.submit(step("ignore"))
    wait_heard(fake_slurm, job_id, "start")
    fake_slurm.run_out_of_memory(job_id)
    fake_slurm.wait(job_id, "OUT_OF_MEMORY")
    assert SLURM.accounting([job_id])[0].signal == 125


def test_between_a_requeue_and_the_next_start_accounting_has_the_ended_attempt_only(fake_slurm):
    fake_slurm.set(requeue_delay_s=4, kill_wait_s=0.2)
    job_id = fake_slurm.submit(step("ignore"))
    wait_heard(fake_slurm, job_id, "start")
    SLURM.requeue(job_id)
    assert states(job_id) == [JobState.REQUEUED] and SLURM.show_job(job_id).restarts == 1
    fake_slurm.wait(job_id, "PENDING")
    assert states(job_id) == [JobState.REQUEUED]
    wait_heard(fake_slurm, job_id, "start", "TERM", "start")  # with nobody asking: its supervisor waits
    assert states(job_id) == [JobState.REQUEUED, JobState.RUNNING]


def test_accounting_that_lags_and_that_is_lost(fake_slurm):
    fake_slurm.set(sacct_lag_s=1000)
    job_id = fake_slurm.submit("exit 1")
    fake_slurm.wait(job_id, "FAILED")
    assert states(job_id) == [JobState.RUNNING]
    fake_slurm.set(sacct_lag_s=0, sacct_new_s=1000, sacct_forgets_names=1)
    assert [job.name for job in SLURM.accounting([job_id])] == ["allocation"]
    assert states(fake_slurm.submit("sleep 1000", "--hold")) == []
    fake_slurm.lose_accounting()
    with pytest.raises(SchedulerError, match="Connection refused"):
        SLURM.accounting([job_id])


def test_a_failure_that_is_planned_happens_as_often_as_planned(fake_slurm):
    fake_slurm.fail("squeue", "slurm_load_jobs error: Unable to contact slurm controller (connect failure)", times=2)
    for _ in range(2):
        with pytest.raises(SchedulerError, match="connect failure"):
            SLURM.squeue("root")
    assert SLURM.squeue("root") == []
    fake_slurm.hang("squeue", 100)
    with pytest.raises(SchedulerError, match="within 1 s"):
        SlurmCommands(timeout_s=1).squeue("root")


def test_a_job_that_vanished_is_nowhere_and_runs_no_more(fake_slurm):
    job_id = fake_slurm.submit(step("ignore"))
    wait_heard(fake_slurm, job_id, "start")
    fake_slurm.forget(job_id)
    assert SLURM.show_job(job_id) is None and states(job_id) == [] and fake_slurm.processes(job_id) == []
    assert fake_slurm.submit("true") != job_id


def test_the_controller_forgets_what_accounting_still_has(fake_slurm):
    job_id = fake_slurm.submit("true")
    fake_slurm.wait(job_id, "COMPLETED")
    fake_slurm.purge(job_id)
    assert SLURM.show_job(job_id) is None and states(job_id) == [JobState.COMPLETED]


def test_too_many_jobs_are_refused_and_the_limit_is_told(fake_slurm):
    fake_slurm.set(submit_limit=2, slots=0)
    fake_slurm.submit("true")
    fake_slurm.submit("true")
    refused = subprocess.run(["sbatch", "--wrap", "true"], capture_output=True, text=True)
    assert refused.returncode == 1 and "sbatch: error: QOSMaxSubmitJobPerUserLimit" in refused.stderr
    assert SLURM.limits().max_submit_jobs == 2


def test_an_answer_may_be_lost_and_the_job_be_there(fake_slurm):
    fake_slurm.set(lose_answers=1)
    lost = subprocess.run(["sbatch", "--hold", "--job-name=ec-lost", "--wrap=true"], capture_output=True, text=True)
    assert lost.returncode == 1 and "Socket timed out" in lost.stderr and not lost.stdout
    assert [job.name for job in SLURM.squeue(_user())] == ["ec-lost"]


@pytest.mark.parametrize("option", ["--nosuch", "--time=soon", "--signal=now", "--array=1-3"])
def test_sbatch_refuses_what_it_does_not_know(fake_slurm, option):
    refused = subprocess.run(["sbatch", option, "--wrap", "true"], capture_output=True, text=True)
    assert refused.returncode == 1 and refused.stderr.startswith("sbatch: ")
    assert SLURM.squeue(_user()) == []


def test_a_supervisor_that_is_killed_is_a_lost_node_and_leaves_no_process(fake_slurm):
    job_id = fake_slurm.submit(step("ignore"), "--no-requeue")
    wait_heard(fake_slurm, job_id, "start")
    fake_slurm.kill_supervisor(job_id)
    fake_slurm.wait(job_id, "NODE_FAIL")
    assert fake_slurm.processes() == []


def test_commands_that_are_killed_at_any_moment_leave_a_cluster_that_works(fake_slurm):
    script = fake_slurm.folder / "job.sh"
    script.write_text("#!/bin/sh\necho ran >> ran\n")
    for delay_ms in range(0, 60, 3):
        began = subprocess.Popen(["sbatch", "--parsable", f"--chdir={fake_slurm.folder}", script])
        time.sleep(delay_ms / 1000)
        began.send_signal(signal.SIGKILL)
        began.wait()
    last = fake_slurm.submit("true")
    fake_slurm.wait(last, "COMPLETED", seconds=60)
    ids = [str(number) for number in range(1, int(last) + 1)]
    ended = {job.job_id: job.state for job in SLURM.accounting(ids)}
    assert sorted(ended, key=int) == ids and set(ended.values()) == {JobState.COMPLETED}
    ran = fake_slurm.folder / "ran"
    assert (ran.read_text().count("ran") if ran.exists() else 0) == len(ids) - 1


def test_whatever_is_killed_every_job_comes_to_an_end(fake_slurm):
    fake_slurm.set(slots=3, kill_wait_s=0.2)
    rng = random.Random(7)
    ids = [fake_slurm.submit("trap '' TERM; sleep 0.3 & wait", f"--job-name=ec-{number}") for number in range(12)]
    until = time.monotonic() + 4
    while time.monotonic() < until:
        pids = fake_slurm.processes()
        for pid in rng.sample(pids, min(2, len(pids))):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(SchedulerError):
            SLURM.requeue(rng.choice(ids))
        time.sleep(0.05)
    for job_id in ids:
        fake_slurm.wait(job_id, "COMPLETED", "FAILED", seconds=60)
    wait_for(lambda: str(fake_slurm.processes()), ("[]",), "processes of the cluster", 20)
    rows = SLURM.accounting(ids)
    assert len(rows) == sum(fake_slurm.restarts(job_id) + 1 for job_id in ids)


def test_many_submit_at_once(fake_slurm):
    fake_slurm.set(slots=0)
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: fake_slurm.submit("true"), range(24)))
    assert sorted(map(int, ids)) == list(range(1, 25))


def test_two_clusters_do_not_see_each_other(fake_slurm, tmp_path):
    other = FakeSlurm(tmp_path / "other")
    try:
        mine, theirs = fake_slurm.submit("sleep 1000"), other.submit("sleep 1000")
        assert mine == theirs == "1"
        wait_for(lambda: str(len(other.processes(theirs)) > 0), ("True",), "the other job", 20)
        wait_for(lambda: str(len(fake_slurm.processes(mine)) > 0), ("True",), "the job", 20)
        other.close()
        assert other.processes() == [] and fake_slurm.processes(mine)
    finally:
        other.close()


def test_a_cluster_ends_with_the_test_that_made_it_even_if_that_was_killed(tmp_path):
    made = (
        "import os, sys; from pathlib import Path; from tests.fake_slurm.cluster import FakeSlurm\n"
        "slurm = FakeSlurm(Path(sys.argv[1])); slurm.wait(slurm.submit('setsid sleep 1000 & wait'), 'RUNNING')\n"
        "slurm.submit('sleep 1000'); slurm.submit('sleep 1000'); os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    folder = tmp_path / "abandoned"
    done = subprocess.run([sys.executable, "-c", made, folder], env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == -signal.SIGKILL
    wait_for(lambda: str(find(str(folder.resolve()))), ("[]",), "processes of the cluster", 30)


def test_the_commands_are_those_on_path(fake_slurm):
    assert Path(shutil.which("sbatch")).parent == fake_slurm.bin


def _user():
    import getpass

    return getpass.getuser()
