"""`entrocraft cancel`: stop runs or a whole study, and start nothing of it again."""

from __future__ import annotations

import argparse
import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.cli.command import Command
from harness.errors import ConfigError, SchedulerError

if TYPE_CHECKING:
    from harness.runs import RunFolder
    from sweeps.folder import StudyFolder
    from sweeps.status import RunStatus

OVER = ("complete",)
OVER_IN_A_STUDY = ("complete", "failed", "damaged", "pruned")
"""A whole study's mark is enough for these: only what was cancelled comes back when it is withdrawn."""
NOT_RUNNING = ("waiting", "queued", "created", "stopped", "interrupted")
RUNNING = ("running", "cancelling")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("targets", nargs="+", metavar="STUDY|RUN", help="a study or its name, or runs such as t0003-s1")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--now", action="store_true", help="end running runs at once, without a checkpoint")


@dataclass(frozen=True)
class Target:
    """The studies and runs that are meant, with what is seen of the runs; each run once."""

    studies: list[StudyFolder]
    of_studies: dict[str, RunStatus]
    """Path -> a run of one of the studies."""
    named: dict[str, RunStatus]
    """Path -> a run that was named itself."""

    @property
    def runs(self) -> dict[str, RunStatus]:
        return self.of_studies | self.named

    def to_mark(self) -> list[RunStatus]:
        """Of a study those that have begun, since it has a mark of its own."""
        marked = [run for run in self.named.values() if run.state not in OVER]
        kept = ("waiting", *OVER_IN_A_STUDY)
        return marked + [run for run in self.of_studies.values() if run.state not in kept and run not in marked]

    def in_states(self, *states: str) -> list[RunStatus]:
        return [run for run in self.runs.values() if run.state in states]


def call(given: argparse.Namespace) -> int:
    from harness.cli.places import plain
    from sweeps.cancel import cancel_runs, who

    target = chosen(given.targets)
    marked = target.to_mark()
    if not marked and not target.studies:
        raise ConfigError("a run must be open to be cancelled", "complete ones only", "Look: entrocraft status.")
    print(_plan(target, given.now))
    if not given.yes and not _agreed():
        print("nothing was done")
        return 1
    by = who()
    for study in target.studies:
        study.cancel(f"by {by}")  # first: from now on its driver begins nothing
    cancel_runs(map(_folder, marked), by, [_folder(run) for run in marked if run.state in RUNNING])
    for line in _end_jobs([_folder(run) for run in marked], given.now):
        print(line)
    again = plain(shlex.join(given.targets))
    print(f"cancelled; watch it: entrocraft status; undo it: entrocraft retry {again}")
    return 0


def chosen(texts: list[str]) -> Target:
    """Raises RunFolderError where one is neither a study nor a run."""
    from harness.cli.looking import Watcher
    from harness.cli.places import run_at, study_at
    from sweeps.status import shown_study

    watcher = Watcher()
    studies: list[StudyFolder] = []
    of_studies: dict[str, RunStatus] = {}
    named: dict[str, RunStatus] = {}
    for text in texts:
        if (study := study_at(text)) is not None:
            studies.append(study)
            seen = shown_study(study.path, watcher.show)
            of_studies |= {run.path: run for trial in seen.trials for run in trial.runs}
        else:
            run = watcher.show(run_at(text, begun=False), "")
            named[run.path] = run
    return Target(studies, of_studies, named)


def _plan(target: Target, now: bool) -> str:
    from harness.cli.places import plain

    names = [f"the study {study.path.name!r}" for study in target.studies]
    names += [plain(run.name) for run in target.named.values()]
    running, waiting = target.in_states(*RUNNING), target.in_states(*NOT_RUNNING)
    rest = len(target.runs) - len(running) - len(waiting)
    how = "killed at once, back to their last checkpoints" if now else "stop after their step, with a checkpoint"
    lines = [
        f"to be cancelled: {', '.join(names)}",
        f"  {len(running)} running: {how}",
        f"  {len(waiting)} waiting: are not started",
        *([f"  {rest} over: stay as they are"] if rest else []),
        *(["  trials that have not begun are not begun"] if target.studies else []),
    ]
    return "\n".join(lines)


def _agreed() -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("cancelling must be agreed to", "no terminal to ask on", "Add --yes.")
    try:
        return input("cancel them? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _end_jobs(runs: list[RunFolder], now: bool) -> list[str]:
    """Ends what waits, and with `now` what runs; what was ended, in words. Nothing that was marked is unmarked."""
    from slurm.cancelling import SlurmCanceller
    from slurm.starts import FOLDER
    from sweeps.jobs.launcher import Canceller, LocalLauncher

    of_slurm = [run for run in runs if (run.path / FOLDER).is_dir()]
    local = [run for run in runs if run not in of_slurm]
    cancellers: list[tuple[Canceller, list[RunFolder]]] = [(SlurmCanceller(), of_slurm), (LocalLauncher(), local)]
    said: list[str] = []
    for canceller, some in cancellers:
        try:
            said += [f"ended {each}" for each in canceller.cancel(some, now)]
        except SchedulerError as error:
            said.append(f"jobs in the queue stay for now, and end by themselves when they start: {error}")
    return said


def _folder(run: RunStatus) -> RunFolder:
    from harness.runs import RunFolder

    return RunFolder(run.path)


COMMAND = Command(
    help="stop runs or a study, and start nothing of it again",
    description=(
        "Stop runs, or everything of a study: running runs end after their step with a checkpoint, waiting\n"
        "jobs leave the queue, and no driver starts anything of it until `entrocraft retry`. It asks first."
    ),
    examples=(
        "entrocraft cancel demo",
        "entrocraft cancel demo/t0003-s1 demo/t0003-s2 --yes",
        "entrocraft cancel studies/demo --now --yes",
    ),
    arguments=arguments,
    call=call,
)
