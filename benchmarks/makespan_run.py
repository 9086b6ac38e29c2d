"""A run that sleeps for its time and keeps its folder as a real one does: `makespan_run.py RUN_DIR`, inside a job."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from harness.runs import RunFolder, RunLock, RunState


def main(path: str) -> None:
    run = RunFolder(path)
    with RunLock(path):
        config = run.manifest()["config"]
        attempt = run.begin_attempt(0)
        stamp("index", config["index"])
        stamp("run_began", time.time())
        time.sleep(config["sleep_s"])
        stamp("run_ended", time.time())
        run.append_metrics(1, {"value": config["sleep_s"]}, attempt)
        run.end_attempt(RunState.COMPLETE, 1)
        run.mark_done()


def stamp(word: str, value: float) -> None:
    with Path(os.environ["MAKESPAN_STAMP"]).open("a") as file:
        file.write(f"{word} {value!r}\n")


if __name__ == "__main__":
    main(sys.argv[1])
