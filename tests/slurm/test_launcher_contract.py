"""What every launcher promises: the local one, Slurm's on faked commands, and Slurm's on a real cluster."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.config.launch_file import load_launch
from harness.errors import SchedulerError
from harness.runs import RunFolder, RunState, holder
from harness.runs.provenance import collect
from slurm.launcher import SlurmLauncher
from slurm.starts import Starts
from sweeps.jobs.ends import Cause, End
from sweeps.jobs.journal import Journal
from sweeps.jobs.launcher import LocalLauncher
from sweeps.plan import create_run
from tests.sweeps.fake_study import resolve, run, study

ROOT = Path(__file__).parents[2]
FAKE_RUN = (sys.executable, str(ROOT / "tests" / "sweeps" / "fake_run.py"))
RESOURCES = load_launch(["launcher=slurm", "resources.cpus_per_task=1", "resources.mem_gb=1"]).resources
SECONDS = 60
ODD = "it's a $(touch canary) `study` #SBATCH --x"


@dataclass
class Place:
    """A launcher's maker, and the folder of a study."""

    kind: str
    folder: Path

    def launcher(self):
        if self.kind == "local":
            return LocalLauncher(FAKE_RUN)
        return SlurmLauncher(RESOURCES, "a study", ROOT, patience_s=5.0, command=FAKE_RUN)

    def run(self, *overrides):
        return create_run(self.folder / "runs" / "t0000-s1", resolve(overrides), "title", collect())


CLUSTERS = ["fake", pytest.param("real", marks=pytest.mark.needs("slurm"))]


@pytest.fixture(params=["local", *CLUSTERS])
def place(request, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    if request.param == "fake":
        request.getfixturevalue("fake_slurm").set(grace_s=1)
    if request.param == "real":
        monkeypatch.setenv("SLURM_CONF", str(request.getfixturevalue("slurm_cluster").settings.conf))
    folder = tmp_path / ODD
    folder.mkdir()
    return Place(request.param, folder)


def ended(launcher, handle):
    deadline = time.monotonic() + SECONDS
    while (end := look(launcher, handle)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return end


def look(launcher, handle):
    launcher.refresh()
    return handle.poll()


def until_step(run, step):
    deadline = time.monotonic() + SECONDS
    while (last := run.last_record()) is None or last["step"] < step:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_run_is_started_and_its_end_is_seen(place):
    launcher, run = place.launcher(), place.run("steps=5")
    handle = launcher.start(run)
    assert [job.job for job in Journal(run.path).jobs()] == [handle.job]
    end = ended(launcher, handle)
    assert (end.cause, end.exit_code) == (Cause.ENDED, 0)
    assert run.is_done() and holder(run.path) is None


@pytest.mark.parametrize(
    "override, cause, code",
    [
        ("fail_at=3", Cause.ENDED, 1),
        ("die_at=3", Cause.ENDED, 139),
        ("kill_at=3", Cause.KILLED, -9),
    ],
)
def test_a_failure_is_told_by_its_exit_code(place, override, cause, code):
    launcher = place.launcher()
    end = ended(launcher, launcher.start(place.run(override)))
    assert (end.cause, end.exit_code) == (cause, code) and end.detail


def test_a_stop_request_ends_it_with_a_checkpoint(place):
    launcher, run = place.launcher(), place.run("steps=3000", "step_s=0.02")
    handle = launcher.start(run)
    until_step(run, 2)
    assert look(launcher, handle) is None
    run.request_stop()
    end = ended(launcher, handle)
    assert (end.cause, end.exit_code) == (Cause.ENDED, 3)
    assert run.manifest()["state"] is RunState.STOPPED and run.latest_checkpoint() >= 2


def test_what_an_earlier_driver_started_is_found_or_holds_its_lock(place):
    run = place.run("steps=3000", "step_s=0.02")
    place.launcher().start(run)
    until_step(run, 2)
    later = place.launcher()
    handle = later.find(run)
    assert holder(run.path) is not None
    if handle is None:
        assert place.kind == "local"
        run.request_stop()
        return
    assert look(later, handle) is None
    run.request_stop()
    assert ended(later, handle).exit_code == 3
    Journal(run.path).end(handle.job, End(Cause.ENDED, 3), 3)
    assert place.launcher().find(run) is None


@pytest.mark.parametrize("place", CLUSTERS, indirect=True)
def test_a_preempted_job_is_requeued_and_goes_on_from_its_checkpoint(place, request):
    launcher, run = place.launcher(), place.run("steps=150", "step_s=0.05")
    handle = launcher.start(run)
    until_step(run, 3)
    preempt(request, place.kind, handle.id, Starts(run.path).all()[-1].node)
    assert ended(launcher, handle) == End(Cause.ENDED, 0, handle_end(run))
    assert [(start.id, start.restart) for start in Starts(run.path).all()] == [(handle.id, 0), (handle.id, 1)]
    assert [job.end for job in Journal(run.path).jobs()] == [None], "the driver saw one job that lived on"
    stopped, complete = run.manifest()["attempts"]
    assert (stopped["outcome"], complete["outcome"]) == ("stopped", "complete")
    assert complete["from_step"] == stopped["to_step"] > 2
    assert [record["step"] for record in run.metrics()] == list(range(1, 151))


def preempt(request, kind, id, node):
    if kind == "fake":
        request.getfixturevalue("fake_slurm").preempt(id)
    else:
        wants = ["--partition=high", "--exclusive", f"--nodelist={node}", "--output=/dev/null"]
        request.getfixturevalue("slurm_cluster").run(["sbatch", *wants, "--wrap", "sleep 2"])


def handle_end(run):
    last = Starts(run.path).all()[-1]
    return f"job {last.id} on {last.node}: its own exit code 0"


def test_a_study_is_worked_off_in_a_folder_of_any_name(place):
    status = run(
        study("x=1", "fail_at=3", "x=2", seeds=[1, 2], parallel=3),
        place.folder / "study",
        launcher=place.launcher(),
        poll_s=0.2,
    )
    assert [trial.state for trial in status.trials] == ["complete", "failed", "complete"]
    assert [trial.value for trial in status.trials] == [15.0, None, 15.0]
    assert not list(place.folder.rglob("canary")) and not Path("canary").exists()
    for path in (place.folder / "study" / "runs").iterdir():
        assert len(RunFolder(path).manifest()["attempts"]) == 1
        pids = (path / "pulse").read_text().split()
        assert len(set(pids)) == 1


def test_an_unknown_partition_is_refused_with_what_to_do(fake_slurm, tmp_path):
    fake_slurm.fail("sbatch", "sbatch: error: Batch job submission failed: Invalid partition name specified")
    launcher = SlurmLauncher(RESOURCES, "a study", ROOT, command=FAKE_RUN)
    run = create_run(tmp_path / "t0000-s1", resolve([]), "title", collect())
    with pytest.raises(SchedulerError, match=r"Invalid partition.*resources\.partition"):
        launcher.start(run)
    assert Journal(run.path).open_job() is None
