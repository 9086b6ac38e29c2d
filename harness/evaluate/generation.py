"""Samples from the workers' processes, one after the other as they come."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from harness.errors import ConfigError, EvaluationError
from harness.evaluate.job import Wanted, job_of
from harness.evaluate.platforms import environment
from harness.evaluate.settings import EvalSettings
from harness.processes import die_with_parent, end

COMMAND = (sys.executable, "-m", "harness.evaluate.worker")
LOG_LINES = 30


def generated(
    model: Path, settings: EvalSettings, platform: str, wanted: Wanted, workers: int, log: Path
) -> Generator[dict[str, Any]]:
    """The lines of the workers (`harness.evaluate.worker`): their versions, and one for each entry of `wanted`, whose
    index is its `request`. Every worker has a copy of the model and each `workers`-th entry.

    Raises:
        ConfigError: the longest prompt and answer do not fit the model, or there are too few GPUs.
        EvaluationError: a worker died; the message quotes the log. What the others draw comes all the same.
    """
    shares = [wanted[first::workers] for first in range(workers)]
    environments = [environment(platform, worker, workers) for worker in range(workers)]
    processes: list[subprocess.Popen[bytes]] = []
    count = 0
    try:
        for share, variables in zip(shares, environments, strict=True):
            if share:
                processes.append(_started(job_of(model, settings, platform, share), variables, log))
        for worker, line in _lines(processes):
            if "refused" in line:
                raise _no_room(line["refused"], settings)
            if "request" in line:
                count += 1
                line["request"] = worker + workers * line["request"]
            yield line
        codes = [process.wait() for process in processes]
    finally:
        for process in processes:
            end(process)
    if any(codes) or count != len(wanted):
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])
        raise EvaluationError(
            "vLLM must draw every sample that is asked for",
            f"exit code {', '.join(map(str, codes))} after {count} of {len(wanted)}",
            f"The same command goes on. See {log}; its last lines:\n{tail}",
        )


def _started(job: dict[str, Any], variables: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as errors:
        process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(variables),
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(job).encode())
        process.stdin.close()
    except BrokenPipeError:  # it died at its start; its log says why
        pass
    return process


def _lines(processes: Sequence[subprocess.Popen[bytes]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """(number of the worker, what it said) until all have closed their standard output."""
    said: SimpleQueue[tuple[int, bytes | None]] = SimpleQueue()

    def read(worker: int, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.put((worker, line))
        said.put((worker, None))

    for worker, process in enumerate(processes):
        Thread(target=read, args=(worker, process), daemon=True).start()
    left = len(processes)
    while left:
        worker, line = said.get()
        if line is None:
            left -= 1
        elif line.endswith(b"\n"):  # the last one of a killed worker may be a part
            yield worker, json.loads(line)


def _no_room(found: Mapping[str, int], settings: EvalSettings) -> ConfigError:
    longest, room = found["longest_prompt"], found["room"]
    return ConfigError(
        f"prompt and answer must fit the model's {room} positions",
        f"a prompt of {longest} tokens and --max-new-tokens {settings.max_new_tokens}",
        f"Give --max-new-tokens {room - longest} or less." if room > longest else "Choose another model.",
    )
