"""A study of fake runs, and a driver for it that can be killed: `python fake_study.py FOLDER`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.config.study import StudyConfig
from harness.errors import ConfigError
from sweeps.jobs.launcher import LocalLauncher
from sweeps.plan import Resolved
from sweeps.status import StudyStatus
from sweeps.study import run_study

FAKE = {"step_s": 0.005, "fail_at": 0, "failures": 99, "die_at": 0, "kill_at": 0, "kills": 99}
LAUNCHER = LocalLauncher([sys.executable, str(Path(__file__).with_name("fake_run.py"))])


def resolve(overrides: Sequence[str]) -> Resolved:
    """KEY=VALUE with the keys of FAKE, steps, seed and x; later ones win."""
    values = {"steps": 10.0, "seed": 1.0, "x": 0.0, **FAKE}
    for key, value in (text.split("=") for text in overrides):
        if key not in values:
            raise ConfigError("keys of a fake run must be known ones", key)
        values[key] = float(value)
    if values["x"] > 100:
        raise ConfigError("x must be <= 100", str(values["x"]))
    if values["fail_at"] + values["die_at"] > 1000:
        raise ConfigError("fail_at and die_at must not both be late", f"{values['fail_at']}, {values['die_at']}")
    trainer = {"steps": int(values["steps"]), "threads": 1, "device": "cpu"}
    fake = {key: values[key] for key in FAKE}
    return Resolved({"seed": int(values["seed"]), "trainer": trainer, "fake": fake, "x": values["x"]}, None)


def study(*trials: str, **changes: Any) -> StudyConfig:
    """A study of the given trials, each a text of overrides."""
    plain = {
        "name": "fake",
        "title": "A study of fakes",
        "seeds": [1, 2],
        "parallel": 2,
        "objective": {"metric": "value", "direction": "maximize"},
        "trials": [{"title": f"trial {text}", "overrides": text.split()} for text in trials],
    }
    return StudyConfig.from_dict({**plain, **changes})


def run(config: StudyConfig, folder: Path, **options: Any) -> StudyStatus:
    launcher = options.pop("launcher", LAUNCHER)
    return run_study(config, folder, **{"launch": lambda: launcher, "resolve": resolve, "poll_s": 0.02, **options})


CHAOS = study("x=0", "x=1", "x=2 steps=30", "x=3", base=["steps=100", "step_s=0.03"])

if __name__ == "__main__":
    print(run(CHAOS, Path(sys.argv[1])).name)
