"""The direction of imports: what each package may load, seen in a fresh interpreter and in the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import harness

ROOT = Path(harness.__file__).resolve().parents[1]
PACKAGES = ("harness", "sweeps", "analysis", "paper_figures", "slurm", "study_report")

# framework -> the only places whose source may import it
IMPORTERS = {
    "huggingface_hub": ["harness/data/hub.py"],
    "hydra": ["harness/config"],
    "omegaconf": ["harness/config", "harness/verl_plugin"],
    "math_verify": ["harness/graders"],
    "matplotlib": ["paper_figures", "study_report"],
    "optuna": ["sweeps/pruning", "sweeps/ranking/importance.py", "sweeps/search", "sweeps/storage"],
    "pandas": ["analysis", "paper_figures"],
    "msgspec": ["harness/dumps"],
    "psycopg": [],  # SQLAlchemy imports it, where a study is in PostgreSQL
    "pyarrow": ["analysis", "harness/data/parquet.py", "harness/dumps"],
    "ray": ["harness/verl_plugin"],
    "numba": ["harness/torch_backend/fused"],
    "rich": ["harness/cli"],
    "submitit": ["slurm"],
    "tensordict": ["harness/verl_plugin"],
    "threadpoolctl": ["harness/torch_backend/threads.py"],
    "torch": ["harness/losses", "harness/torch_backend", "harness/verl_plugin"],
    "transfer_queue": ["harness/verl_plugin"],
    "transformers": ["harness/evaluate/worker.py", "harness/torch_backend"],
    "verl": ["harness/verl_plugin"],
    "vllm": ["harness/evaluate/worker.py", "harness/verl_plugin"],
    "wandb": ["harness/tracking/session.py"],
    "xxhash": ["harness/dumps"],
}

# importing all of a package in a fresh interpreter may load these frameworks, and none of the others
ALLOWED = {
    "harness.errors": [],
    "harness.core": [],
    "harness.methods": [],
    "harness.runs": [],
    "harness.problems": [],
    "harness.data": [],
    "harness.dumps": ["msgspec", "pyarrow", "xxhash"],
    "harness.graders": ["math_verify"],  # the grading process alone; see the next test
    "harness.doctor": [],
    "harness.execute": [],
    "harness.importing": [],
    "harness.output_space": [],
    "harness.tracking": [],
    "harness.cli.main": [],
    "harness.config": ["hydra", "omegaconf"],
    "harness.losses": ["torch"],
    "harness.torch_backend": ["numba", "threadpoolctl", "torch", "transformers"],
    "harness.verl_backend": [],
    "harness.evaluate": [],
    "sweeps": ["optuna"],
    "sweeps.budget": [],
    "sweeps.jobs": [],
    "sweeps.lease": [],
    "sweeps.snapshot": [],
    "analysis": ["msgspec", "pandas", "pyarrow", "xxhash"],
    "paper_figures": ["matplotlib", "msgspec", "pandas", "pyarrow", "xxhash"],
    "slurm": ["hydra", "omegaconf", "submitit"],
    "study_report": ["matplotlib", "msgspec", "optuna", "pandas", "pyarrow", "xxhash"],
}

# package of ours -> packages of ours that it may import (its own aside)
BELOW = {
    "harness/core": ["harness.errors"],
    "harness/methods": ["harness.core", "harness.errors"],
    "harness/runs": ["harness.errors"],
    "harness/losses": ["harness.errors", "harness.methods"],
    "harness/problems": ["harness.errors"],
    "harness/data": ["harness.errors", "harness.runs"],
    "harness/dumps": ["harness.errors", "harness.runs"],
    "harness/graders": ["harness.errors"],
    "harness/config": ["harness.assets", "harness.core", "harness.errors", "harness.methods", "harness.problems"],
    "analysis": ["harness.core", "harness.dumps", "harness.errors", "harness.methods", "harness.runs"],
    "paper_figures": ["analysis", "harness.core", "harness.errors", "harness.runs.atomic"],
    "slurm": [
        "harness.exits",
        "harness.config",
        "harness.doctor.finding",
        "harness.errors",
        "harness.processes",
        "harness.runs",
        "sweeps",
    ],
    "harness/doctor": [],
    "harness/exits.py": [],
    "harness/execute.py": [
        "harness.exits",
        "harness.config",
        "harness.errors",
        "harness.runs",
        "harness.signals",
        "harness.torch_backend",
        "harness.tracking",
        "harness.verl_backend",
    ],
    "harness/evaluate": [
        "harness.assets",
        "harness.config",
        "harness.core",
        "harness.data",
        "harness.errors",
        "harness.graders",
        "harness.problems",
        "harness.processes",
        "harness.runs",
        "harness.verl_backend",
    ],
    "harness/importing": ["harness.errors", "harness.runs"],
    "harness/output_space": [
        "harness.config",
        "harness.core",
        "harness.errors",
        "harness.evaluate",
        "harness.importing",
        "harness.problems",
        "harness.runs",
        "harness.torch_backend",
    ],
    "harness/processes.py": [],
    "harness/tracking": ["harness.config", "harness.errors", "harness.runs"],
    "harness/verl_backend": [
        "harness.assets",
        "harness.config",
        "harness.core",
        "harness.data",
        "harness.errors",
        "harness.methods",
        "harness.problems",
        "harness.processes",
        "harness.runs",
    ],
    "harness/verl_plugin": [
        "harness.config",
        "harness.core",
        "harness.errors",
        "harness.graders",
        "harness.losses",
        "harness.methods",
        "harness.problems",
        "harness.runs",
        "harness.verl_backend.checkpoints",
        "harness.verl_backend.loss_choice",
        "harness.verl_backend.names",
    ],
    "harness/cli": [
        "harness.exits",
        "analysis",
        "harness.config",
        "harness.data",
        "harness.doctor",
        "harness.errors",
        "harness.evaluate",
        "harness.execute",
        "harness.importing",
        "harness.methods",
        "harness.output_space",
        "harness.problems",
        "harness.runs",
        "harness.tracking",
        "harness.verl_backend",
        "paper_figures",
        "slurm",
        "study_report",
        "sweeps",
    ],
    "study_report": [
        "analysis.student",
        "harness.config.space",
        "harness.core.schedule",
        "harness.errors",
        "harness.runs",
        "paper_figures.style",
        "sweeps",
    ],
    "sweeps": [
        "harness.exits",
        "harness.config",
        "harness.errors",
        "harness.runs",
        "harness.signals",
    ],
    "sweeps/budget": ["harness.config", "harness.errors", "harness.runs", "sweeps.folder", "sweeps.jobs"],
    "sweeps/jobs": ["harness.errors", "harness.exits", "harness.runs"],
    "sweeps/lease": ["harness.config.group", "harness.errors", "harness.runs"],
    "sweeps/pruning": ["harness.config", "harness.errors", "harness.runs.metrics", "sweeps.trials"],
    "sweeps/ranking": ["harness.config", "harness.errors"],
    "sweeps/search": ["harness.config", "harness.errors", "sweeps.plan", "sweeps.trials"],
    "sweeps/snapshot": ["harness.errors", "harness.runs"],
    "sweeps/storage": [
        "harness.config",
        "harness.errors",
        "harness.runs",
        "sweeps.search",
        "sweeps.plan",
        "sweeps.trials",
    ],
}

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + "."):
    importlib.import_module(module.name)
print(" ".join(sorted({name.split(".")[0] for name in sys.modules})))
"""


def sources(place: str) -> list[Path]:
    path = ROOT / place
    return [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """The full names of the modules that a file imports, anywhere in it; a relative import is refused."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: relative import"
            from_top = node.module == "harness"
            names |= {f"harness.{alias.name}" for alias in node.names} if from_top else {node.module}
    return names


@pytest.mark.parametrize("package", ALLOWED)
def test_a_fresh_interpreter_loads_only_the_frameworks_of_the_package(package: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", IMPORT_ALL, package]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    loaded = set(done.stdout.split()) & set(IMPORTERS)
    assert loaded <= set(ALLOWED[package])


def test_who_asks_for_a_verdict_does_not_load_the_graders_library(tmp_path: Path) -> None:
    asks = "import sys, harness.graders; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "harness.graders.grade" in done.stdout.split() and "math_verify" not in done.stdout.split()


@pytest.mark.parametrize("framework", IMPORTERS)
def test_a_framework_has_one_importer(framework: str) -> None:
    allowed = [ROOT / place for place in IMPORTERS[framework]]
    elsewhere = [
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in sources(package)
        if framework in {name.split(".")[0] for name in imported(path)}
        and not any(path.is_relative_to(place) for place in allowed)
    ]
    assert elsewhere == []


@pytest.mark.parametrize("package", BELOW)
def test_a_package_imports_only_what_is_below_it(package: str) -> None:
    own = package.replace("/", ".")
    upward = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(package)
        for name in imported(path)
        if name.split(".")[0] in PACKAGES
        and name != "harness"  # where the package lies
        and not any(f"{name}.".startswith(f"{below}.") for below in [own, *BELOW[package]])
    }
    assert upward == set()
