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
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.makespan_case import Case
from benchmarks.makespan_measure import Measured, measure
from benchmarks.makespan_records import makespan, overheads
from benchmarks.makespan_schedule import batch_makespan, draw, list_makespan, lower_bound
from benchmarks.makespan_table import table
from tests.testbed import cluster
from tests.testbed.processes import wait


def main() -> int:
    given = _arguments()
    work: Path = given.work.absolute()
    if (work / "cases").exists():
        sys.exit(f"the work folder must be without the cases of an earlier benchmark: remove {work / 'cases'}")
    settings = {name: str(value) if isinstance(value, Path) else value for name, value in vars(given).items()}
    results: list[dict[str, Any]] = []
    with cluster(work / "slurm", nodes=given.slots) as slurm:
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            times = draw(seed, given.jobs, given.mean_s, given.sigma)
            for tool, parallel in [(t, n * given.slots) for n in (1, 2) for t in ("ours", "hydra")]:
                case = Case(tool, seed, tuple(times), parallel, given.poll_s)
                if not wait(lambda: set(slurm.node_states().values()) == {"idle"}, 30, poll_s=0.2):
                    sys.exit("the cluster must be idle before a case")
                measured = measure(case, work / "cases" / f"{seed}-{tool}-{parallel}", slurm, given.hydra.absolute())
                results.append(result(case, given.slots, measured))
                print(_line(results[-1]), flush=True)
                _save(work / "makespan.json", settings, results)
    print(f"\n{table(results)}\n\n{work / 'makespan.json'}")
    return 0


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
    about = {"settings": settings, "host": platform.processor() or platform.machine(), "time": time.time()}
    path.write_text(json.dumps({**about, "results": results}, indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="a folder with a short path")
    parser.add_argument("--hydra", type=Path, required=True, help="the interpreter with hydra-submitit-launcher")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=16)
    parser.add_argument("--slots", type=int, default=4, help="nodes of the cluster")
    parser.add_argument("--mean-s", type=float, default=10.0, help="mean run time")
    parser.add_argument("--sigma", type=float, default=0.8, help="of the logarithm of the run times")
    parser.add_argument("--poll-s", type=float, default=0.5, help="seconds between two looks of ours")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
