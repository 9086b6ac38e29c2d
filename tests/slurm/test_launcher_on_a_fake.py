"""What Slurm's launcher does when Slurm, or its driver, goes wrong in the middle."""

import sys
import time
from pathlib import Path

import pytest

from harness.config.launch_file import load_launch
from harness.errors import BusyError
from harness.runs import RunFolder
from harness.runs.provenance import collect
from slurm.launcher import SlurmLauncher
from slurm.starts import Starts
from sweeps.jobs.ends import Cause
from sweeps.jobs.journal import Journal
from sweeps.jobs.policy import Policy
from sweeps.plan import create_run
from tests.sweeps.fake_study import resolve, run, study

ROOT = Path(__file__).parents[2]
FAKE_RUN = (sys.executable, str(ROOT / "tests" / "sweeps" / "fake_run.py"))
RESOURCES = load_launch(["launcher=slurm", "resources.cpus_per_task=1", "resources.mem_gb=1"]).resources
GENEROUS = Policy(dict.fromkeys(Cause, 9), stalled=20)


@pytest.fixture(autouse=True)
def packages(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def folder(tmp_path):
    return create_run(tmp_path / "t0000-s1", resolve(["steps=400", "step_s=0.02"]), "title", collect())


def launcher(**options):
    return SlurmLauncher(RESOURCES, "a study", ROOT, **{"patience_s": 1.0, "command": FAKE_RUN, **options})


def ended(launcher, handle):
    deadline = time.monotonic() + 60
    while True:
        launcher.refresh()
        if (end := handle.poll()) is not None:
            return end
        assert time.monotonic() < deadline
        time.sleep(0.1)


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def at_work(run):
    return run.last_record() is not None


def test_a_job_whose_id_nobody_wrote_down_is_found_by_its_name(fake_slurm, folder):
    handle = launcher().start(folder)
    until(lambda: at_work(folder))
    forget_id(folder)
    found = launcher().find(folder)
    assert (found.id, found.job) == (handle.id, handle.job)
    assert Journal(folder.path).open_job().id == handle.id
    folder.request_stop()


def test_a_job_that_waits_without_what_it_shall_do_is_cancelled_and_submitted_anew(fake_slurm, folder):
    """Its driver died between sbatch's answer and the file that tells the job what to run."""
    fake_slurm.set(slots=0)
    first = launcher().start(folder)
    (folder.path / "slurm" / f"{first.id}_submitted.pkl").unlink()
    forget_id(folder)
    again = launcher()
    assert again.find(folder) is None
    second = again.start(folder)
    assert fake_slurm.state(first.id) == "CANCELLED" and second.job != first.job
    fake_slurm.set(slots=2)
    again.refresh()
    until(lambda: at_work(folder))
    folder.request_stop()
    assert ended(again, second).exit_code == 3
    assert [start.job for start in Starts(folder.path).all()] == [second.job]


def test_an_answer_that_is_lost_is_no_second_job(fake_slurm, folder):
    fake_slurm.set(lose_answers=1)
    mine = launcher()
    with pytest.raises(BusyError):
        mine.start(folder)
    fake_slurm.set(lose_answers=0)
    handle = mine.start(folder)
    until(lambda: at_work(folder))
    folder.request_stop()
    ended(mine, handle)
    assert len(set((folder.path / "pulse").read_text().split())) == 1, "two jobs were at work"


def test_while_the_queue_cannot_be_read_every_job_counts_as_alive(fake_slurm, folder):
    mine = launcher()
    handle = mine.start(folder)
    until(lambda: at_work(folder))
    folder.request_stop()
    until(lambda: folder.manifest()["state"] == "stopped")
    fake_slurm.fail("squeue", "slurm_load_jobs error: Unable to contact slurm controller")
    mine.refresh()
    assert handle.poll() is None and "does not answer" in mine.note and mine.room() == 0
    other = create_run(folder.path.with_name("t0000-s2"), resolve([]), "title", collect())
    Journal(other.path).start("ec-never-seen")
    with pytest.raises(BusyError, match="Unable to contact"):
        launcher().find(other)
    fake_slurm.fail("squeue", "", times=0)
    assert ended(mine, handle).exit_code == 3 and mine.note is None


def test_without_accounting_the_controller_is_asked(fake_slurm, folder):
    fake_slurm.lose_accounting()
    mine = launcher()
    handle = mine.start(folder)
    until(lambda: at_work(folder))
    folder.request_stop()
    end = ended(mine, handle)
    assert (end.cause, end.exit_code) == (Cause.ENDED, 3) and "no accounting" in mine.note


def test_a_job_that_vanished_is_found_out(fake_slurm, folder):
    mine = launcher()
    handle = mine.start(folder)
    until(lambda: at_work(folder))
    fake_slurm.forget(handle.id)
    # The kill may leave it the time to write down that its run was killed.
    assert ended(mine, handle).cause in (Cause.VANISHED, Cause.KILLED)


def test_a_job_that_slurm_requeues_behind_the_drivers_back_is_the_same_job(fake_slurm, folder):
    mine = launcher(patience_s=20.0)
    handle = mine.start(folder)
    until(lambda: at_work(folder))
    fake_slurm.fail_node(handle.id)

    def started_again():
        mine.refresh()  # the fake goes on only when it is asked
        assert handle.poll() is None
        return len(Starts(folder.path).all()) == 2

    until(started_again)
    folder.request_stop()
    assert ended(mine, handle).exit_code == 3


@pytest.mark.parametrize("told", [True, False])
def test_a_limit_of_submissions_makes_the_study_wait_not_fail(fake_slurm, tmp_path, told):
    fake_slurm.set(submit_limit=2)
    if not told:
        fake_slurm.fail("sacctmgr", "sacctmgr: error: no accounting here")
    notes = []
    status = run(
        study("x=1", "x=2", seeds=[1, 2], parallel=4, base=["steps=3"]),
        tmp_path / "study",
        launcher=launcher(),
        policy=GENEROUS,
        poll_s=0.1,
        observe=lambda progress: notes.append(progress.note),
    )
    assert [trial.state for trial in status.trials] == ["complete"] * 2
    assert any("no more jobs now" in note for note in notes if note) is not told, (
        "sbatch is asked where nobody else says"
    )
    for path in (tmp_path / "study" / "runs").iterdir():
        assert len(RunFolder(path).manifest()["attempts"]) == 1


def forget_id(run):
    """The journal as a driver leaves it that dies between sbatch and writing the id down."""
    path = run.path / "jobs.jsonl"
    lines = [line for line in path.read_text().splitlines(keepends=True) if '"known"' not in line]
    path.write_text("".join(lines))
