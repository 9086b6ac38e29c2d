"""Real processes import the packages from a snapshot, whatever happens to the checkout that it was taken of."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from repository import commit

import harness
from harness.runs.provenance import collect
from harness.verl_backend.names import RUN_VARIABLE
from sweeps.plan import create_run, resolve
from sweeps.snapshot import take, verify
from sweeps.snapshot.source import code_names
from tests.verl.verl_environment import python as verl_python

ROOT = Path(harness.__file__).resolve().parents[1]
LOOK = """
import importlib.metadata, importlib.util, json
import analysis, harness, paper_figures, slurm, sweeps
from harness.assets import model_folder
from harness.config import resolve
from harness.methods import __file__ as methods
from harness.verl_backend.overrides import REWARD_FILE
points = [point.value for point in importlib.metadata.entry_points(group="verl.plugins")]
print(json.dumps({
    "files": [analysis.__file__, harness.__file__, paper_figures.__file__, slurm.__file__, sweeps.__file__, methods],
    "model": str(model_folder("tiny")),
    "steps": resolve(["method=grpo"]).to_dict()["trainer"]["steps"],
    "doc": harness.__doc__,
    "plugin": [importlib.util.find_spec(name).origin for name in {"harness.verl_plugin.entry", *points}],
    "reward": [str(REWARD_FILE), REWARD_FILE.exists()],
}))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the packages in a repository of its own, to be edited."""
    root = tmp_path_factory.mktemp("checkout")
    for name in code_names(ROOT):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / ".gitignore").write_text("__pycache__/\n")
    commit(root)
    return root


@pytest.fixture(scope="module")
def snapshot(checkout, tmp_path_factory):
    """Of the checkout when it printed where it runs; it is then edited, and partly removed."""
    execute, defaults = checkout / "harness/execute.py", checkout / "harness/conf/trainer/default.yaml"
    marked = "from __future__ import annotations\n\nprint(f'execute: {__file__}')\n"
    execute.write_text(execute.read_text().replace("from __future__ import annotations\n", marked, 1))
    taken = take(tmp_path_factory.mktemp("it's a study"), {}, checkout)
    (checkout / "harness/__init__.py").write_text('"""Edited."""\n')
    defaults.write_text(defaults.read_text().replace("steps: ", "steps: 1", 1))
    execute.write_text("raise SystemExit('edited')\n")
    (checkout / "harness/verl_plugin/reward.py").unlink()
    return taken


def python(path, folder, *arguments, interpreter=sys.executable, **more):
    """Python as the text of a job starts it: PYTHONSAFEPATH keeps its folder, maybe the checkout, off the path."""
    variables = {"PYTHONPATH": str(path), "PYTHONSAFEPATH": "1", "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    keep = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV", "WANDB"))}
    command, env = [str(interpreter), *arguments], {**keep, **variables, **more}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)


def look(path, folder):
    done = python(path, folder, "-c", LOOK)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("where", ["elsewhere", "in the checkout"])
def test_everything_is_found_below_the_snapshot_as_it_was(snapshot, checkout, tmp_path, where):
    seen = look(snapshot.path, checkout if where == "in the checkout" else tmp_path)
    paths = [*seen["files"], *seen["plugin"], seen["model"], seen["reward"][0]]
    assert [path for path in paths if not Path(path).is_relative_to(snapshot.path)] == []
    assert seen["steps"] == resolve(["method=grpo"]).config["trainer"]["steps"]
    assert seen["doc"] == harness.__doc__ and seen["reward"][1]
    verify(snapshot.path)  # nothing was written into it


def test_the_edits_are_seen_in_the_checkout_itself(snapshot, checkout, tmp_path):
    """Else the test above would prove nothing."""
    seen = look(checkout, tmp_path)
    assert seen["doc"] == "Edited." and seen["steps"] != resolve(["method=grpo"]).config["trainer"]["steps"]
    assert not seen["reward"][1]
    assert python(checkout, tmp_path, "-m", "harness.execute").stderr == "edited\n"


def test_a_run_is_executed_from_the_snapshot(snapshot, tmp_path):
    small = ["trainer.steps=1", "trainer.prompts_per_step=4", "validation.problems=4", "validation.samples=4"]
    run = create_run(tmp_path / "run", resolve(["method=grpo", *small]), "a run", collect())
    done = python(snapshot.path, tmp_path, "-m", "harness.execute", str(run.path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"execute: {snapshot.path}/harness/execute.py\n") and run.is_done()
    assert not list(snapshot.path.rglob("__pycache__"))


@pytest.mark.needs("verl")
def test_verl_loads_the_plug_in_of_the_snapshot(snapshot, tmp_path):
    ask = "import sys, verl; print(sys.modules['harness.verl_plugin.trainer'].__file__)"
    done = python(snapshot.path, tmp_path, "-c", ask, interpreter=verl_python(), **{RUN_VARIABLE: str(tmp_path)})
    assert done.stdout.splitlines()[-1:] == [f"{snapshot.path}/harness/verl_plugin/trainer.py"], done.stderr
