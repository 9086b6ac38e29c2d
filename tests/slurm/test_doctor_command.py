"""`entrocraft doctor` on the fake cluster: what it asks, what it prints, its exit code."""

import json

import pytest

from harness.cli.main import main
from harness.doctor import software

KEY = "0123456789abcdef0123456789abcdef"
FITS = ["launcher=slurm", "resources.cpus_per_task=1"]


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """torch is not loaded; there is a key."""
    monkeypatch.setattr(software, "TORCH_SAYS", "print('2.13.0+cpu', False, 0)")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


def examined(capsys, *words):
    """The exit code, and each finding by what it is of."""
    code = main(["doctor", *words, "--json"])
    said = capsys.readouterr().out
    assert KEY not in said
    return code, {each["what"]: each for each in json.loads(said)}


def test_a_cluster_that_has_what_is_asked(fake_slurm, capsys):
    code, found = examined(capsys, *FITS, "driver=slurm")
    assert code == 0
    assert found["Slurm"]["found"] == "22.05.8; the controller of fake answers"
    assert found["partition"]["state"] == found["driver's partition"]["state"] == "ok"
    assert found["accounting"]["state"] == found["submitit"]["state"] == "ok"
    assert found["studies folder"]["state"] == "warning"  # a folder of the tests is of this machine
    assert found["wandb"]["found"].endswith("a key in the environment")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([*FITS, "resources.partition=nope"], "partition"),
        ([*FITS, "resources.mem_gb=900"], "partition"),
        (["resources=h100x1", "resources.gpu_type=a100"], "partition"),
        ([*FITS, "backend=verl", "platform=gpu8"], "vLLM"),
        (["trainer.device=cuda"], "torch"),
    ],
)
def test_what_is_needed_and_missing_gives_exit_code_1(fake_slurm, capsys, monkeypatch, words, what):
    monkeypatch.setattr("harness.cli.doctor_look._version", lambda name: None if "vllm" in name else "1.0")
    code, found = examined(capsys, *words)
    assert (code, found[what]["state"], found[what]["needed"]) == (1, "missing", True) and found[what]["remedy"]


def test_without_slurm_only_a_study_on_slurm_is_unsound(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert examined(capsys)[0] == 0
    code, found = examined(capsys, "launcher=slurm")
    assert (code, found["Slurm"]["needed"], found["Slurm"]["found"]) == (1, True, "no sbatch on PATH")


@pytest.mark.parametrize(
    ("command", "what", "code"), [("scontrol", "Slurm", 1), ("sacct", "accounting", 0), ("sacctmgr", "Slurm", 0)]
)
def test_a_command_that_fails_is_a_finding(fake_slurm, capsys, command, what, code):
    fake_slurm.fail(command, f"{command}: error: Unable to contact slurm controller")
    assert main(["doctor", *FITS, "--json"]) == code
    findings = json.loads(capsys.readouterr().out)
    assert any(each["what"] == what and "Unable to contact" in each["found"] for each in findings)


def test_the_table_has_a_remedy_under_each_finding(fake_slurm, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(["doctor", *FITS, "resources.partition=nope"]) == 1
    said = capsys.readouterr().out
    assert "missing, needed" in said and "-> Set resources.partition to one of fake." in said and KEY not in said
