"""The makespan of a sweep on a real Slurm cluster: ours, hydra's, and list scheduling of the same run times.

    make bench-makespan

Jobs that sleep log-normal times, each asking for all of a node, so that there are as many slots as nodes. Ours and
hydra-optuna-sweeper over hydra-submitit-launcher sweep the same times in the same order, one after the other for each
seed: as many jobs handed to Slurm at once as there are slots, then twice as many, which Slurm queues itself. A
makespan goes from the first submission that the controller took to the last end that it saw. It is compared with list
scheduling of the times alone, and ("Slurm's own delay off") of the times plus what each job itself waited for Slurm
while a slot was free for it: scheduling, launch, end (`makespan_records.Overheads`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.makespan_case import Case
from benchmarks.makespan_measure import Measured, measure
from benchmarks.makespan_records import makespan, overheads
from benchmarks.makespan_schedule import batch_makespan, draw, list_makespan, lower_bound
from benchmarks.makespan_table import table
from tests.testbed import ClusterError, cluster

RESULTS = "makespan.json"
SETTINGS = ("jobs", "slots", "mean_s", "sigma", "poll_s")


def main() -> int:
    given = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # the cluster is stopped then, too
    work: Path = given.work.absolute()
    settings = {name: getattr(given, name) for name in SETTINGS}
    results = _earlier(work / RESULTS, settings)
    done = {(each["seed"], each["tool"], each["parallel"]) for each in results}
    try:
        with cluster(work / "slurm", nodes=given.slots) as slurm:
            for case in _cases(given):
                if (case.seed, case.tool, case.parallel) in done:
                    continue
                folder = work / "cases" / f"{case.seed}-{case.tool}-{case.parallel}"
                shutil.rmtree(folder, ignore_errors=True)  # of a benchmark that was interrupted
                measured = measure(case, folder, slurm, given.hydra.absolute())
                results.append(result(case, given.slots, measured))
                print(_line(results[-1]), flush=True)
                _save(work / RESULTS, settings, results)
    except (ClusterError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{table(results, given.slots)}\n\n{work / RESULTS}")
    return 0


def _cases(given: argparse.Namespace) -> Iterator[Case]:
    """Ours and hydra in turns, so that the machine's noise falls on both."""
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        times = tuple(draw(seed, given.jobs, given.mean_s, given.sigma))
        for parallel in (given.slots, 2 * given.slots):
            for tool in ("ours", "hydra"):
                yield Case(tool, seed, times, parallel, given.poll_s)


def result(case: Case, slots: int, measured: Measured) -> dict[str, Any]:
    """Times in seconds; `overheads` of each job in the order of the times."""
    extra = overheads(measured.jobs, slots)
    pairs = list(zip(case.times, extra, strict=True))
    with_slurm = [time + job.slurm_s for time, job in pairs]
    with_processes = [time + job.slurm_s + job.process_s for time, job in pairs]
    with_all = [time + job.slurm_s + job.process_s + job.handover_s for time, job in pairs]
    return {
        "tool": case.tool,
        "seed": case.seed,
        "parallel": case.parallel,
        "times": list(case.times),
        "makespan_s": makespan(measured.jobs),
        "wall_s": measured.wall_s,
        "list_s": list_makespan(case.times, slots),
        "slurm_off_s": list_makespan(with_slurm, slots),
        "processes_off_s": list_makespan(with_processes, slots),
        "explained_s": list_makespan(with_all, slots),
        "batch_s": batch_makespan(case.times, slots, case.parallel),
        "bound_s": lower_bound(case.times, slots),
        "overheads": [asdict(job) for job in extra],
        "submit_s": measured.submit_s,
        "notice_s": measured.notice_s,
    }


def _line(found: dict[str, Any]) -> str:
    ratios = [found["makespan_s"] / found[name] for name in ("list_s", "slurm_off_s", "bound_s")]
    return (
        f"seed {found['seed']:3} {found['tool']:5} {found['parallel']:3} at once: {found['makespan_s']:6.1f} s; "
        f"list {ratios[0]:.3f}, Slurm's delay off {ratios[1]:.3f}, bound {ratios[2]:.3f}; wall {found['wall_s']:.1f} s"
    )


def _save(path: Path, settings: dict[str, Any], results: list[dict[str, Any]]) -> None:
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps({"settings": settings, "results": results}, indent=1))
    temporary.replace(path)


def _earlier(path: Path, settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The results that are there already: started again, the benchmark goes on."""
    if not path.exists():
        return []
    saved = json.loads(path.read_text())
    if saved["settings"] != settings:
        sys.exit(f"the settings must be those of the results in {path}: {saved['settings']}; choose another folder")
    return list(saved["results"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="a folder with a short path")
    parser.add_argument("--hydra", type=Path, required=True, help="the interpreter with hydra-submitit-launcher")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=14)
    parser.add_argument("--slots", type=int, default=4, help="nodes of the cluster")
    parser.add_argument("--mean-s", type=float, default=12.0, help="mean run time")
    parser.add_argument("--sigma", type=float, default=0.8, help="of the logarithm of the run times")
    parser.add_argument("--poll-s", type=float, default=0.2, help="seconds between two looks of ours, a 60th of a run")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
