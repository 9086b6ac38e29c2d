"""One sweep of ours with runs that sleep, a process of its own: `python -m benchmarks.makespan_ours FOLDER`.

FOLDER/case.json: see `benchmarks.makespan_case.Case`. The study is FOLDER/study.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.makespan_case import GPUS_PER_NODE, PARTITION, WALLTIME_MIN, Case
from benchmarks.makespan_records import setup_lines
from harness.config.launch_file import load_launch
from harness.config.study import Objective, Point, StudyConfig
from slurm.launcher import SlurmLauncher
from sweeps.plan import Resolved
from sweeps.snapshot import take
from sweeps.study import run_study

SETTINGS = {
    "partition": PARTITION,
    "gpus_per_node": GPUS_PER_NODE,
    "gpu_type": "null",
    "cpus_per_task": 1,
    "mem_gb": 1,
    "walltime_min": WALLTIME_MIN,
}


def resolve(overrides: Sequence[str]) -> Resolved:
    values = dict(text.split("=") for text in overrides)
    trainer = {"steps": 1, "threads": 1, "device": "cpu"}
    own = {"index": int(values["index"]), "sleep_s": float(values["sleep_s"])}
    return Resolved({"seed": int(values["seed"]), "trainer": trainer, **own}, None)


def main(path: Path) -> int:
    case, folder = Case.load(path), path / "study"
    study = StudyConfig(
        name=f"makespan-{path.name}",
        title="Runs that sleep",
        objective=Objective("value", "minimize"),
        seeds=(case.seed,),
        trials=tuple(Point(f"{n}", (f"index={n}", f"sleep_s={time!r}")) for n, time in enumerate(case.times)),
        parallel=case.parallel,
    )
    launch = load_launch(["launcher=slurm", *(f"resources.{key}={value}" for key, value in SETTINGS.items())])
    resources = dataclasses.replace(launch.resources, setup=tuple(setup_lines(path / "stamps")))
    folder.mkdir(parents=True)

    def launcher() -> SlurmLauncher:
        command = (sys.executable, str(Path(__file__).with_name("makespan_run.py")))
        return SlurmLauncher(resources, study.name, take(folder).path, command=command)

    status = run_study(study, folder, launch=launcher, resolve=resolve, poll_s=case.poll_s)
    return 0 if all(trial.state == "complete" for trial in status.trials) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
