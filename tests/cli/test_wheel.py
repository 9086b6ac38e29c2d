"""The built wheel in an empty environment, called as a user calls it, from a folder of the user's.

The environment holds the wheel alone; the packages it depends on are those of the environment of the tests,
put behind it on the path. So the code, the YAML and the weights that run are those of the wheel.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("harness", "sweeps", "analysis", "paper_figures", "slurm")
SMALL = [
    "trainer.prompts_per_step=4",
    "trainer.rollouts_per_prompt=4",
    "validation.problems=4",
    "validation.samples=4",
]
RUN = ["run", "method=entrocraft", "schedule=linear", "schedule.start=.5", "schedule.end=.2", *SMALL]

STUDY = """
name: two
title: Two trials
seeds: [1]
parallel: 1
base: [trainer.steps=1, trainer.prompts_per_step=4, validation.problems=4, validation.samples=4]
objective: {metric: val-core/countdown/acc/mean@4, direction: maximize}
trials:
  - {title: GRPO, overrides: [method=grpo]}
  - {title: NSR, overrides: [method=nsr]}
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(source / "dist")]
    subprocess.run([*command, str(source)], check=True, capture_output=True)
    (built,) = (source / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "environment"
    venv.create(folder, with_pip=False)
    site = next((folder / "lib").glob("python*/site-packages"))
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder),
        "install",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    subprocess.run(command, check=True, capture_output=True)
    # A path in a .pth file comes last, and the .pth files of the folder it names are not read: an editable
    # installation there stays out.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("it's a \"user's\" folder")


def call(environment: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    keep = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV", "WANDB"))}
    command = [str(environment / "bin" / "entrocraft"), *arguments]
    variables = {**keep, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=home, env=variables, capture_output=True, text=True, timeout=240)


def succeed(environment: Path, home: Path, *arguments: str) -> str:
    done = call(environment, home, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_has_every_yaml_every_asset_and_the_entry_point(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = [*(ROOT / "harness/conf").rglob("*.yaml"), *(ROOT / "harness/assets/tiny").rglob("*")]
    assert {path.relative_to(ROOT).as_posix() for path in data if path.is_file()} <= names
    assert any(name.endswith("tiny/model.safetensors") for name in names)
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)


def test_the_code_that_runs_is_that_of_the_wheel(environment: Path, home: Path) -> None:
    code = "import harness, sweeps, analysis; print(harness.__file__, sweeps.__file__, analysis.__file__)"
    python = str(environment / "bin" / "python")
    done = subprocess.run([python, "-c", code], cwd=home, capture_output=True, text=True, check=True)
    assert all(path.startswith(str(environment)) for path in done.stdout.split())


def test_a_snapshot_of_it_is_what_the_wheel_has(wheel: Path, environment: Path, home: Path) -> None:
    code = "import sys, sweeps.snapshot; print(sweeps.snapshot.take(sys.argv[1], {}).path)"
    command = [str(environment / "bin" / "python"), "-c", code, "snapshot of a wheel"]
    keep = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    taken = Path(subprocess.run(command, cwd=home, env=keep, capture_output=True, text=True, check=True).stdout[:-1])
    found = {path.relative_to(taken).as_posix() for path in taken.rglob("*") if path.is_file()}
    assert found == {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_version_help_and_methods(environment: Path, home: Path) -> None:
    assert succeed(environment, home, "--version").startswith("entrocraft 0.")
    assert "example" in succeed(environment, home, "--help")
    assert "entrocraft" in succeed(environment, home, "methods")


def test_a_run_goes_through_its_life(environment: Path, home: Path) -> None:
    """Dry run, run, again, grow within the horizon, status, table, figures."""
    run = [*RUN, "run.dir=first", "schedule.horizon=3"]
    assert "horizon: 3" in succeed(environment, home, *run, "trainer.steps=1", "--dry-run")
    assert not (home / "first").exists()
    assert "is complete: step 1 of 1, in first" in succeed(environment, home, *run, "trainer.steps=1")
    assert "is already complete" in succeed(environment, home, *run, "trainer.steps=1")
    assert "is complete: step 2 of 2, in first" in succeed(environment, home, *run, "trainer.steps=2")
    records = [json.loads(line) for line in (home / "first/metrics.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [0, 1, 2]
    shown = json.loads(succeed(environment, home, "status", "first", "--json"))
    assert (shown["runs"][0]["state"], shown["runs"][0]["step"]) == ("complete", 2)
    assert "Entrocraft" in succeed(environment, home, "compare", "first")
    assert "figures/entropy.png" in succeed(environment, home, "figures", "first", "--out", "figures")


def test_a_study_of_the_users_own_runs_once(environment: Path, home: Path) -> None:
    (home / "two.yaml").write_text(STUDY)
    assert "results: " in succeed(environment, home, "sweep", "study=two.yaml")
    manifests = {path: path.read_bytes() for path in home.glob("studies/two/runs/*/manifest.json")}
    assert len(manifests) == 2
    succeed(environment, home, "sweep", "study=two.yaml", "study.parallel=2")
    assert {path: path.read_bytes() for path in manifests} == manifests
    status = json.loads(succeed(environment, home, "status", "--json"))
    assert [trial["state"] for trial in status["studies"][0]["trials"]] == ["complete", "complete"]
    assert "GRPO" in succeed(environment, home, "compare", "studies/two", "--format", "md")


def test_a_refusal_is_one_line(environment: Path, home: Path) -> None:
    done = call(environment, home, "run", "method=entrocraft")
    assert done.returncode == 2
    assert done.stderr.startswith("entrocraft: ") and "Traceback" not in done.stderr
