"""The command line: `python -m tests.testbed up DIR`, `down DIR`, `status DIR`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from tests.testbed.cluster import Cluster
from tests.testbed.daemons import daemons
from tests.testbed.lifecycle import down, up
from tests.testbed.settings import ClusterError, Settings
from tests.testbed.texts import GPU_TYPE

TRY = """\
{export}
  sinfo
  srun --gres=gpu:{gpu}:4 printenv CUDA_VISIBLE_DEVICES
  sacct
  python -m tests.testbed down {folder}"""


def main(words: list[str] | None = None) -> int:
    """Exit code 0, or 1 where something was refused or failed (the reason is on stderr)."""
    given = _parser().parse_args(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `up` then stops what it has started
    try:
        if given.what == "up":
            cluster = up(
                given.folder,
                nodes=given.nodes,
                accounting=given.accounting,
                preempt_signal=given.preempt_signal,
                grace_time_s=given.grace_time,
                min_job_age_s=given.min_job_age,
                node_timeout_s=given.node_timeout,
            )
            settings = cluster.settings
            export = f"export SLURM_CONF={settings.conf}"
            print(TRY.format(export=export, gpu=GPU_TYPE, folder=settings.folder))
            return 0
        if given.what == "down":
            down(given.folder)
            return 0
        return _status(given.folder)
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1


def _status(folder: Path) -> int:
    """0 while every daemon runs, otherwise 1."""
    settings = Settings.load(folder)
    found = {daemon.name: daemon.pid() for daemon in daemons(settings)}
    for name, pid in found.items():
        print(f"{name:14} {'not running' if pid is None else pid}")
    if found["slurmctld"] is not None:
        print(Cluster(settings).run(["sinfo"], check=False).stdout, end="")
    return 0 if all(found.values()) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.testbed", description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    start = commands.add_parser("up", help="start a cluster, or a stopped one again")
    start.add_argument("--nodes", type=int, default=4, help="how many (default 4)")
    start.add_argument("--no-accounting", dest="accounting", action="store_false", help="without sacct")
    start.add_argument(
        "--no-preempt-signal", dest="preempt_signal", action="store_false", help="SIGTERM alone tells of a preemption"
    )
    start.add_argument("--grace-time", type=int, default=5, help="seconds a preempted job keeps (default 5)")
    start.add_argument("--min-job-age", type=int, default=3600, help="seconds squeue knows an ended job (default 3600)")
    start.add_argument(
        "--node-timeout", type=int, default=10, help="seconds of silence until a node is down (default 10)"
    )
    stop = commands.add_parser("down", help="stop it and its jobs; the folder stays")
    look = commands.add_parser("status", help="its daemons and nodes")
    for command in (start, stop, look):
        command.add_argument("folder", metavar="DIR", type=Path)
    return parser


if __name__ == "__main__":
    sys.exit(main())
