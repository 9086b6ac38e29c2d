"""A run without training: counts its steps through the run folder as a real one does. `fake_run.py RUN_DIR`.

Its configuration says how long a step takes and where it fails. Each step leaves its pid in RUN/pulse: two
processes at work at once would be seen there, whatever the locks say.
"""

import os
import signal
import sys
import time

from harness.errors import LockHeldError
from harness.runs import RunFolder, RunLock, RunState


def main(path: str) -> int:
    run = RunFolder(path)
    try:
        with RunLock(path):
            return work(run)
    except LockHeldError:
        return 4


def work(run: RunFolder) -> int:
    manifest = run.manifest()
    if manifest["state"] is RunState.COMPLETE:
        return 0
    fake, steps = manifest["config"]["fake"], manifest["steps"]
    step = run.latest_checkpoint() or 0
    attempt = run.begin_attempt(step)
    while step < steps:
        if run.stop_requested(step):
            save(run, step)
            run.end_attempt(RunState.STOPPED, step)
            return 3
        time.sleep(fake["step_s"])
        step += 1
        if step == fake["fail_at"] and attempt <= fake["failures"]:
            run.end_attempt(RunState.FAILED, step - 1, "the fake ran out of luck")
            return 1
        if step == fake["die_at"]:
            print("Segmentation fault (as it were)", flush=True)
            os._exit(139)
        if step == fake["kill_at"] and attempt <= fake["kills"]:
            os.kill(os.getpid(), signal.SIGKILL)
        with (run.path / "pulse").open("a") as pulse:
            pulse.write(f"{os.getpid()}\n")
        figures = {"value": manifest["seed"] * step, "score": manifest["config"]["x"] + manifest["seed"] / 100}
        run.append_metrics(step, {**figures, "control/entropy": 0.5}, attempt)
        if step % 5 == 0:
            save(run, step)
    run.end_attempt(RunState.COMPLETE, step)
    run.mark_done()
    return 0


def save(run: RunFolder, step: int) -> None:
    if step and run.latest_checkpoint() != step:
        with run.writing_checkpoint(step) as folder:
            (folder / "state").write_text(str(step))
        run.retain_checkpoints(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
