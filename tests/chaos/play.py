"""One whole chaos run: the reference, the cluster, the storm, the checks."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import yaml

from harness.errors import HarnessError
from sweeps.status import study_status
from tests.chaos import checks, report
from tests.chaos.faults_disk import mount, unmount
from tests.chaos.keeper import Keeper
from tests.chaos.storm import Storm
from tests.chaos.study import LAUNCH, NAME, Form, definition
from tests.chaos.world import World, ours_in_queue
from tests.testbed import Cluster, ClusterError, cluster

ROOT = Path(__file__).resolve().parents[2]
WITNESS = Path(__file__).with_name("witness")
SWEEP = (sys.executable, "-m", "harness.cli.main", "sweep")
PACKAGES = ("harness", "sweeps")
REFERENCE_S = 900.0
QUIET_S = 30.0
WRAPPED = ("sacct", "squeue", "sbatch", "scancel")
WRAPPER = """\
#!/bin/sh
{real} "$@"
code=$?
echo "{name} $code" >> '{calls}'
exit $code
"""


class ChaosError(HarnessError, RuntimeError):
    """A chaos run that could not be done at all."""


def play(folder: Path, form: Form, seed: int, say: Callable[[str], None]) -> report.Report:
    """Everything happens in `folder`, where `reference` is kept for the next time."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    study_file = folder / f"{NAME}.yaml"
    study_file.write_text(yaml.safe_dump(definition(form), sort_keys=False))
    reference = undisturbed(folder / "reference", study_file, say)
    slurm_folder = folder / "slurm"
    with cluster(slurm_folder, grace_time_s=4) as slurm:
        return _storm(slurm, folder, study_file, reference, form, seed, say)


def undisturbed(folder: Path, study_file: Path, say: Callable[[str], None]) -> Path:
    """The study's folder of the same study without faults, kept for each state of PACKAGES."""
    target = folder / _state(study_file)
    if not (target / "over").exists():
        shutil.rmtree(target, ignore_errors=True)
        say("the runs without faults, launcher=local")
        command = [*SWEEP, f"study={study_file}", "study.parallel=2", "--dir", str(target)]
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, timeout=REFERENCE_S)
        if done.returncode:
            raise ChaosError("the runs without faults must complete", f"{done.stdout[-2000:]}{done.stderr[-2000:]}")
        (target / "over").touch()
    return target / NAME


def _storm(
    slurm: Cluster,
    folder: Path,
    study_file: Path,
    reference: Path,
    form: Form,
    seed: int,
    say: Callable[[str], None],
) -> report.Report:
    disk, witness, calls = folder / "disk", folder / "witness", folder / "calls"
    for old in (witness, folder / "bin"):
        shutil.rmtree(old, ignore_errors=True)
    witness.mkdir()
    calls.unlink(missing_ok=True)
    (folder / "driver.log").write_text("")
    mounted = mount(disk)
    if not mounted:
        say("mounting is not permitted here: no disk is filled up")
        shutil.rmtree(disk, ignore_errors=True)
    deck = [kind for kind, times in form.faults.items() for _ in range(times) if mounted or kind != "disk_full"]
    random.Random(seed).shuffle(deck)
    keeper = Keeper(
        command=[*SWEEP, f"study={study_file}", *LAUNCH, "--dir", str(disk)],
        environment=_environment()
        | {"SLURM_CONF": str(slurm.settings.conf), "CHAOS_WITNESS": str(witness)}
        | {"PATH": f"{_wrappers(folder / 'bin', calls)}:{os.environ['PATH']}"}
        | {"PYTHONPATH": f"{ROOT}:{WITNESS}"},
        log=folder / "driver.log",
        rng=random.Random(f"{seed} keeper"),
    )
    study = disk / NAME
    world = World(slurm, study, disk if mounted else None, calls, keeper, random.Random(f"{seed} faults"))
    storm = Storm(world, form, deck, say)
    began = time.monotonic()
    try:
        over = storm.run()
        seconds = time.monotonic() - began
        found = [] if over else [f"the study must be over within {form.limit_s:.0f} s"]
        found += _in_the_log(keeper.log) + _in_the_queue(slurm)
        found += checks.problems(study, reference, witness)
        found += _too_little(storm, form, mounted) + _nothing_pruned(reference, form)
        return report.count(seed, storm, seconds, found)
    finally:
        keeper.end()
        slurm.cancel_all()
        shutil.rmtree(folder / "study", ignore_errors=True)
        if study.exists():
            shutil.copytree(study, folder / "study")
        if mounted:
            unmount(disk)


def _too_little(storm: Storm, form: Form, mounted: bool) -> list[str]:
    kinds = len({hit.kind for hit in storm.hits})
    possible = form.kinds_at_least - (not mounted and "disk_full" in form.faults)
    if len(storm.hits) >= form.at_least and kinds >= possible:
        return []
    return [f"at least {form.at_least} faults of {form.kinds_at_least} kinds must hit: {len(storm.hits)} of {kinds}"]


def _nothing_pruned(reference: Path, form: Form) -> list[str]:
    """A search in which nothing is pruned would show nothing."""
    states = {trial.state for trial in study_status(reference).trials}
    return ["the undisturbed study must prune some trials"] if form.space and "pruned" not in states else []


def _in_the_log(log: Path) -> list[str]:
    """A driver says in words why it ends."""
    text = log.read_text(errors="replace")
    return [f"a driver ended with a traceback, see {log}"] if "Traceback" in text else []


def _in_the_queue(slurm: Cluster) -> list[str]:
    """Nothing of the study is left in the queue when its last trial is told."""
    deadline = time.monotonic() + QUIET_S
    while (left := ours_in_queue(slurm)) and time.monotonic() < deadline:
        time.sleep(1.0)
    return [f"no job may be left in the queue: {', '.join(left)}"] if left else []


def _wrappers(folder: Path, calls: Path) -> Path:
    """Slurm's commands, which note their exit codes."""
    folder.mkdir()
    for name in WRAPPED:
        real = shutil.which(name)
        if real is None:
            raise ClusterError("Slurm's commands must be on PATH", f"no {name}")
        (folder / name).write_text(WRAPPER.format(real=real, name=name, calls=calls))
        (folder / name).chmod(0o755)
    return folder


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def _state(study_file: Path) -> str:
    """Of what computes a run and decides on it, and of the study; the time where git does not say, so that nothing old
    is taken."""
    digest = hashlib.sha256(study_file.read_bytes())
    asked = [("rev-parse", f"HEAD:{package}") for package in PACKAGES] + [("diff", "HEAD", "--", *PACKAGES)]
    for command in asked:
        done = subprocess.run(("git", *command), cwd=ROOT, capture_output=True)
        digest.update(done.stdout if done.returncode == 0 else orjson.dumps(time.time()))
    return digest.hexdigest()[:12]
