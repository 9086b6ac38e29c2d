"""`entrocraft sweep launcher=slurm` on the fake cluster: dry runs, the question of the cost, bad input."""

import io
import json
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
import small_study

from harness.cli import accepting
from harness.cli.main import main
from harness.config.launch_file import load_launch
from harness.errors import ConfigError, StudyError
from slurm.command_job import NAME_VARIABLE
from sweeps.budget.cost import Cost
from sweeps.folder import StudyFolder
from sweeps.jobs.driver_job import driver_job
from sweeps.jobs.journal import Journal
from sweeps.lease.lease import Lease

ROOT = Path(__file__).parents[2]
GPUS = ["resources=h100x1", "resources.walltime_min=6000"]


@pytest.fixture
def words(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return small_study.write(tmp_path)


def tree(folder):
    return sorted(str(path) for path in folder.rglob("*"))


def study(tmp_path):
    return tmp_path / "studies" / "small"


class TestDryRun:
    def test_it_shows_what_sbatch_would_get_and_writes_nothing(self, words, tmp_path, fake_slurm, capsys):
        before = tree(tmp_path)
        assert main([*words, "--dry-run", "driver=slurm", "driver_resources.partition=cpu"]) == 0
        said = capsys.readouterr().out
        assert tree(tmp_path) == before
        assert said.count("#!/bin/bash") == 2  # the driver, the first run
        assert "#SBATCH --job-name=ec-small-driver-xxxxxxxx\n" in said and "#SBATCH --partition=cpu\n" in said
        assert "#SBATCH --job-name=ec-small-t0000-s1-xxxxxxxx\n" in said
        assert f"ec-small-t0001-s1-xxxxxxxx  {study(tmp_path)}/runs/t0001-s1" in said
        assert "2 jobs, one a run, of 1 CPU for at most 2 h each" in said and "GB on disk at once" in said
        assert "\n  lr: 0.0002\n" in said and "#   trainer.lr: 0.0002 -> 0.0001" in said
        assert f"{study(tmp_path)}/snapshots/" in said

    def test_full_prints_every_text_and_every_configuration(self, words, fake_slurm, capsys):
        assert main([*words, "--dry-run", "--full"]) == 0
        said = capsys.readouterr().out
        assert said.count("#!/bin/bash") == said.count("\ntrainer:\n") == 2

    def test_the_text_is_that_of_the_job_that_is_submitted_then(self, words, tmp_path, fake_slurm, capsys):
        main([*words, "--dry-run", "--full"])
        shown = capsys.readouterr().out
        fake_slurm.fail("sbatch", "not now")
        assert main(words) == 2
        (text,) = (path.read_text() for path in study(tmp_path).glob("runs/t0000-s1/slurm/*.sh"))
        name = next(line for line in text.splitlines() if "--job-name" in line)
        assert text.replace(name[-8:], "x" * 8).strip() in shown

    def test_it_says_whether_the_sweep_would_ask(self, words, fake_slurm, capsys):
        assert main([*words, *GPUS, "--dry-run"]) == 0
        said = capsys.readouterr().out
        assert "GPU-hours: at most 200 if each run ends within one job" in said
        assert "the sweep would ask first: more than ask_above_gpu_hours=100" in said

    def test_drawn_trials_are_told_and_have_texts(self, words, tmp_path, fake_slurm, capsys):
        path = tmp_path / "small.yaml"
        path.write_text(
            path.read_text().split("trials:")[0]
            + "space: {trainer.lr: {low: 1.0e-5, high: 1.0e-3, log: true}}\nn_trials: 3\n"
        )
        assert main([*words, "--dry-run"]) == 0
        said = capsys.readouterr().out
        assert "3 more trials will be drawn by tpe" in said and "ec-small-t0002-s1-xxxxxxxx" in said


class TestCost:
    LAUNCH = load_launch(["launcher=slurm", *GPUS])

    def cost(self, hours=100.0):
        return Cost(2, 1, 8, hours, 0, 0, None, 5, 0.0, 2)

    @pytest.fixture(autouse=True)
    def nobody(self, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO())

    def test_without_a_terminal_it_must_be_agreed_to(self, words, tmp_path, fake_slurm, capsys):
        assert main([*words, *GPUS]) == 2
        said = capsys.readouterr().err
        assert "more than ask_above_gpu_hours=100 must be agreed to" in said and "at most 200 GPU-hours" in said
        assert "Give --yes, or set ask_above_gpu_hours=200" in said
        assert not study(tmp_path).exists()

    def test_at_the_threshold_nothing_is_asked(self, tmp_path):
        launch = replace(self.LAUNCH, ask_above_gpu_hours=200)
        assert accepting.accept(self.cost(), launch, tmp_path / "s", yes=False)
        assert not (tmp_path / "s").exists()

    def test_what_was_accepted_is_asked_again_only_when_it_grows(self, tmp_path):
        assert accepting.accept(self.cost(), self.LAUNCH, tmp_path, yes=True)
        saved = json.loads((tmp_path / accepting.NAME).read_text())
        assert (saved["gpu_hours"], saved["by"]) == (200.0, "--yes")
        assert accepting.accept(self.cost(), self.LAUNCH, tmp_path, yes=False)
        assert accepting.accept(self.cost(90.0), self.LAUNCH, tmp_path, yes=False)
        with pytest.raises(ConfigError, match="at most 202 GPU-hours"):
            accepting.accept(self.cost(101.0), self.LAUNCH, tmp_path, yes=False)

    @pytest.mark.parametrize("content", ["{", "[]", '{"gpu_hours": "1000"}', "{}"])
    def test_a_damaged_record_counts_as_none(self, tmp_path, content):
        (tmp_path / accepting.NAME).write_text(content)
        with pytest.raises(ConfigError, match="must be agreed to"):
            accepting.accept(self.cost(), self.LAUNCH, tmp_path, yes=False)

    @pytest.mark.parametrize(
        ("answer", "agreed"), [("y\n", True), ("Yes\n", True), ("\n", False), ("n\n", False), ("", False)]
    )
    def test_a_person_is_asked(self, tmp_path, monkeypatch, capsys, answer, agreed):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
        assert accepting.accept(self.cost(), self.LAUNCH, tmp_path, yes=False) is agreed
        said = capsys.readouterr().err
        assert "GPU-hours: at most 200" in said and "Go on? [y/N]" in said
        assert (tmp_path / accepting.NAME).exists() is agreed

    def test_a_study_that_a_person_does_not_start_is_not_there(self, words, tmp_path, fake_slurm, monkeypatch):
        monkeypatch.setattr("harness.cli.accepting.accept", lambda *given: False)
        assert main([*words, *GPUS]) == 2
        assert not study(tmp_path).exists()


class TestBadInput:
    def test_no_slurm_on_path(self, words, tmp_path, monkeypatch, capsys):
        monkeypatch.setenv("PATH", str(tmp_path))
        assert main(words) == 2
        assert "Run this" in capsys.readouterr().err and not list(study(tmp_path).glob("runs/*/slurm/*.sh"))

    @pytest.mark.parametrize("where", ["", "driver"])
    def test_a_partition_that_is_not_there(self, words, tmp_path, fake_slurm, capsys, where):
        error = "sbatch: error: Batch job submission failed: Invalid partition name specified"
        fake_slurm.fail("sbatch", error)
        given = (
            [*words, "driver=slurm", "driver_resources.partition=nope"] if where else [*words, "resources.partition=n"]
        )
        assert main(given) == 2
        said = capsys.readouterr().err
        key = "driver_resources" if where else "resources"
        assert f"Set {key}.partition to one that `sinfo` lists" in said and "Invalid partition name" in said
        fake_slurm.fail("sbatch", error, times=0)
        assert driver_job(study(tmp_path)) is None
        assert all(Journal(path).open_job() is None for path in study(tmp_path).glob("runs/*"))
        Lease(study(tmp_path)).acquire()  # nobody holds it

    def test_a_folder_that_other_nodes_may_not_see_is_a_warning(self, words, fake_slurm, capsys):
        fake_slurm.fail("sbatch", "no")
        assert main(words) == 2
        assert "warning: studies folder: " in capsys.readouterr().err

    def test_a_study_of_another_version(self, words, tmp_path, fake_slurm, capsys):
        folder = StudyFolder(study(tmp_path))
        folder.path.mkdir(parents=True)
        folder.definition_path.write_text('{"schema": 99}')
        before = tree(tmp_path / "studies")
        for more in ([], ["driver=slurm"], ["--detach"], ["--dry-run"]):
            assert main([*words, *more]) == 2
            assert "must have schema 1; got 99. Go on with the version that made it" in capsys.readouterr().err
        assert tree(tmp_path / "studies") == before

    @pytest.mark.parametrize(
        ("call", "more"),
        [
            ("harness.cli.accepting.write_file", [*GPUS, "--yes"]),
            ("sweeps.folder.write_file", []),
            ("sweeps.lease.claims.os.link", ["driver=slurm"]),
            ("sweeps.snapshot.store.write_file", []),
        ],
    )
    def test_a_read_only_disk(self, words, tmp_path, fake_slurm, capsys, monkeypatch, call, more):
        def refuses(*given, **more):
            raise OSError(30, "Read-only file system", "/x")

        with monkeypatch.context() as patched:
            patched.setattr(call, refuses)
            assert main([*words, *more]) == 2
        said = capsys.readouterr().err
        assert "must be writable" in said and "Read-only file system" in said and "mount it for writing" in said
        assert not list(study(tmp_path).glob("runs/*/slurm/*.sh"))

    @pytest.mark.parametrize("more", [["--full"], ["--detach", "driver=slurm"]])
    def test_options_that_mean_nothing_together(self, words, fake_slurm, capsys, more):
        assert main([*words, *more]) == 2
        assert "Give both" in (said := capsys.readouterr().err) or "Leave one of them out" in said


class TestDriverJob:
    def test_a_second_driver_is_refused_while_the_job_waits(self, words, tmp_path, fake_slurm, capsys, monkeypatch):
        fake_slurm.set(slots=0)
        assert main([*words, "driver=slurm"]) == 0
        job = driver_job(study(tmp_path))
        assert f"driver: job {job.id} ({job.job})" in capsys.readouterr().out
        for more in (["driver=slurm"], [], ["--detach"]):
            assert main([*words, *more]) == 2
            said = capsys.readouterr().err
            assert f"a second one while job {job.id} is pending" in said and f"scancel {job.id}" in said
        subprocess.run(["scancel", job.id], check=True)
        assert main([*words, "driver=slurm"]) == 0
        assert driver_job(study(tmp_path)).id != job.id

    def test_a_job_is_refused_while_a_driver_works(self, words, tmp_path, fake_slurm, capsys):
        lease = Lease(study(tmp_path))
        lease.acquire()
        assert main([*words, "driver=slurm"]) == 2
        assert f"process {os.getpid()}" in capsys.readouterr().err and driver_job(study(tmp_path)) is None
        lease.release()

    def test_a_lost_answer_is_found_again_by_name(self, words, tmp_path, fake_slurm, capsys):
        fake_slurm.set(slots=0, lose_answers=1)
        assert main([*words, "driver=slurm"]) == 2
        assert driver_job(study(tmp_path)).id is None
        assert main([*words, "driver=slurm"]) == 2
        assert "a second one while job 1 is pending" in capsys.readouterr().err

    def test_it_works_from_copies_and_hands_nothing_of_its_own_to_the_runs(
        self, words, tmp_path, fake_slurm, monkeypatch
    ):
        monkeypatch.setenv("SLURM_JOB_ID", "99")
        monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "NoDevFiles")
        monkeypatch.setenv("TMPDIR", "/tmp/slurm-99")
        monkeypatch.setenv("PMIX_RANK", "0")
        monkeypatch.setenv(NAME_VARIABLE, "ec-driver")
        monkeypatch.setenv("MINE", "kept")
        fake_slurm.set(slots=0)
        main([*words, "driver=slurm"])
        environment = json.loads(fake_slurm._database().job(1)["env"])
        hidden = {"SLURM_JOB_ID", "SLURM_CPUS_PER_TASK", "CUDA_VISIBLE_DEVICES", "TMPDIR", "PMIX_RANK", NAME_VARIABLE}
        assert not hidden & set(environment) and environment["MINE"] == "kept"
        assert os.environ["SLURM_JOB_ID"] == "99"
        copy = study(tmp_path) / "driver_job" / "study.yaml"
        assert copy.read_text() == (tmp_path / "small.yaml").read_text()


class TestDetach:
    def test_it_returns_once_the_study_is_driven(self, words, tmp_path, fake_slurm, capsys):
        fake_slurm.set(slots=0)
        assert main([*words, "--detach"]) == 0
        said = capsys.readouterr().out
        pid = int(said.split("driver: process ")[1].split(",")[0])
        assert os.getsid(pid) == pid != os.getsid(0)
        with pytest.raises(StudyError, match=f"process {pid}"):
            Lease(study(tmp_path)).acquire()
        _until(lambda: Journal(study(tmp_path) / "runs" / "t0001-s1").open_job())
        os.kill(pid, 15)
        assert os.waitpid(pid, 0)[1] == 3 << 8
        assert "stopped; the same command goes on from here" in (study(tmp_path) / "driver.log").read_text()

    def test_the_error_of_a_driver_that_ended_before_is_shown(self, words, tmp_path, fake_slurm, capsys):
        lease = Lease(study(tmp_path))
        lease.acquire()
        assert main([*words, "--detach"]) == 2
        assert f"process {os.getpid()}" in capsys.readouterr().err
        lease.release()


class Terminal:
    """A terminal on which somebody types one line."""

    def __init__(self, line):
        self._line = line

    def isatty(self):
        return True

    def readline(self):
        return self._line


def _until(look, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found
