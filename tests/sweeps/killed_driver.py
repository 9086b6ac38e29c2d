"""A driver of a searching study of fake runs that kills itself at a stage; `fork` starts one in a process of its own.

A fork, not a new interpreter: what takes seconds on a busy machine is to load Optuna, and a kill is as real.
"""

from __future__ import annotations

import os
import random
import time
import traceback
from collections.abc import Collection
from pathlib import Path

from harness.errors import StudyError
from tests.sweeps.fake_study import run, study
from tests.sweeps.kill_stages import arm

STEPS, RUNG = 6, 4
BEST, FAILS_ONCE, FAILS = "x=11", "x=-1 fail_at=3 failures=1", "x=-2 fail_at=3"
DRAWN = 6
SEARCH = study(
    BEST,
    FAILS_ONCE,
    FAILS,
    objective={"metric": "score", "direction": "maximize"},
    base=[f"steps={STEPS}", "step_s=0.05"],
    seeds=[1],
    parallel=3,
    space={"x": {"low": 0.0, "high": 10.0}},
    n_trials=DRAWN,
    sampler="random",
    pruning={"pruner": "halving", "options": {"rungs": [RUNG], "keep": 2}},
    promotion={"keep": 2, "rungs": [[2], [3]]},
)
"""Three listed trials and six drawn ones; half of those that come to step 4 go on, and of these the best to more seeds.

The one that fails once is the worst of the eight that come to the rung: whether it is tried again before or after the
rung is decided, four go on.
"""

LOOK_S = 0.05
"""Between two looks of a driver at a study that another one drives."""


def fork(folder: Path, url: str, log: Path, stages: Collection[str], group: str, seed: str) -> int:
    """Starts a driver that dies at one of these stages, likely at one of the group (kill_stages); its pid.

    It waits while another one drives, and ends with code 0 when the study is over, else with 70 and its error in `log`.
    """
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        arm(stages, group, log.with_suffix(".kills"), random.Random(seed))
        drive(folder, url)
        code = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def drive(folder: Path, url: str) -> None:
    """Works off the study; waits while another driver has it."""
    while True:
        try:
            run(SEARCH, folder, storage=url)
            return
        except StudyError as error:
            if "must have one driver at a time" not in str(error):
                raise
        time.sleep(LOOK_S)
