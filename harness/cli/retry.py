"""`entrocraft retry`: another try for what failed, was cancelled or pruned."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from harness.cli.command import Command
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.runs import RunFolder
    from sweeps.folder import StudyFolder
    from sweeps.status import StudyStatus


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="RUN|TRIAL|STUDY",
        help="runs or trials (STUDY/t0003) that failed, were cancelled or pruned, or a study that was cancelled",
    )
    parser.add_argument("--failed", action="store_true", help="every failed trial of the study (or of the one here)")


def call(given: argparse.Namespace) -> int:
    from harness.cli.places import run_at, runs_of_trial, studies_here, study_at, study_of

    if not given.targets and not given.failed:
        raise ConfigError("a retry needs a run, a study or --failed", "nothing", "Try: entrocraft retry t0003-s1.")
    targets = given.targets or [str(study.path) for study in _the_one(studies_here())]
    runs: list[RunFolder] = []
    for text in targets:
        if (study := study_at(text)) is not None:
            _retry_study(study, given.failed)
        elif given.failed:
            from harness.cli.places import no_study

            raise no_study(text)
        elif trial := runs_of_trial(text):
            runs += trial
        else:
            runs.append(run_at(text, begun=False))
    by_study: dict[str, list[RunFolder]] = {}
    for run in runs:
        of = study_of(run)
        if of is None:
            _retry_alone(run)
        else:
            by_study.setdefault(str(of.path), []).append(run)
    for path, some in by_study.items():
        _retry_runs(path, some)
    return 0


def _the_one(studies: list[StudyFolder]) -> list[StudyFolder]:
    if len(studies) != 1:
        names = ", ".join(repr(study.path.name) for study in studies) or "none"
        raise ConfigError("--failed needs one study", names, "Name it: entrocraft retry --failed STUDY.")
    return studies


def _retry_study(study: StudyFolder, failed: bool) -> None:
    """Withdraws every mark; asks for another try of what had been cancelled, with `failed` of all that failed."""
    from harness.cli.places import plain
    from sweeps.cancel import cancelled_runs, withdraw
    from sweeps.status import shown_study

    was = study.cancelled()
    marked = cancelled_runs(study)
    study.withdraw_cancel()  # first: a driver marks the runs of a cancelled study
    for run in marked:
        withdraw(run)
    seen = shown_study(study.path)
    names = {run.path.name.rsplit("-s", 1)[0] for run in marked}
    names |= {trial.name for trial in seen.trials if failed and trial.state == "failed"}
    if was is None and not names:
        hint = f"Failed trials: entrocraft retry --failed {study.path}."
        raise ConfigError("a study to retry must be cancelled, or have runs that are", f"{study.path.name!r}", hint)
    if was is not None:
        print(plain(f"{study.path.name} is no longer cancelled"))
    _ask(study, seen, names, len(marked))


def _retry_runs(path: str, runs: list[RunFolder]) -> None:
    from sweeps.cancel import withdraw
    from sweeps.folder import StudyFolder
    from sweeps.status import study_status

    study = StudyFolder(path)
    if (reason := study.cancelled()) is not None:
        raise ConfigError(
            "a run must not be retried while its whole study is cancelled",
            f"{study.path.name!r}, cancelled {reason}",
            f"Withdraw that: entrocraft retry {study.path}.",
        )
    seen = study_status(path)
    states = {run.name: (run.state, trial) for trial in seen.trials for run in trial.runs}
    idle = [
        run.path.name for run in runs if states[run.path.name][0] not in ("failed", "cancelled", "cancelling", "pruned")
    ]
    idle = [name for name in idle if states[name][1].state != "failed"]
    if idle:
        name = idle[0]
        raise ConfigError("a run to retry must have failed, or be cancelled or pruned", f"{name!r}, {states[name][0]}")
    withdrawn = sum([withdraw(run) for run in runs])
    names = {run.path.name.rsplit("-s", 1)[0] for run in runs}
    _ask(study, seen, names, withdrawn)
    chosen = {run.path.name for run in runs}
    for name, (state, trial) in states.items():
        if trial.name in names and state in ("cancelled", "cancelling") and name not in chosen:
            print(f"note: {name} of the same trial stays cancelled, so the trial fails again: entrocraft retry {name}")


def _ask(study: StudyFolder, seen: StudyStatus, names: set[str], withdrawn: int) -> None:
    """Leaves the request for the driver, and says what happens and what to type."""
    from harness.cli.places import plain
    from harness.config.study_file import shipped
    from sweeps.cancel import who
    from sweeps.requests import ask_retry

    if withdrawn:
        print(f"marks withdrawn from {withdrawn} runs")
    if names:
        ask_retry(study, names, who())
        print(f"asked for another try: {', '.join(sorted(names))}; their runs go on from their checkpoints")
    if seen.driver is not None:
        print(f"the driver (process {seen.driver.pid} on {seen.driver.host}) takes it up at its next look")
    else:
        name = seen.name if seen.name in shipped() else "FILE.yaml"
        print("no driver works on the study: give the command that began it again, with the same overrides:")
        print(plain(f"  entrocraft sweep study={name} ... --dir {shlex.quote(str(study.path.parent))}"))


def _retry_alone(run: RunFolder) -> None:
    from harness.cli.places import plain
    from harness.runs.imported import require_made_here
    from sweeps.cancel import withdraw

    require_made_here(run, "to be retried", "Train it again where it was made, and import that.")
    if not withdraw(run):
        raise ConfigError(
            "a run without a study must be cancelled to be retried",
            f"{run.path.name!r}, which is not",
            "It goes on with the command that began it.",
        )
    print(plain(f"{run.path.name} is no longer cancelled: it goes on with the command that began it"))


COMMAND = Command(
    help="another try for what failed, was cancelled or pruned",
    description=(
        "Give another try to runs that failed, were cancelled or pruned, from their checkpoints: marks of `cancel`\n"
        "are withdrawn, and a trial that is told as failed or pruned is asked for again. One that was pruned is\n"
        "spared from then on: no pruner stops it again. The study's driver takes that up, the one at work or the\n"
        "next one."
    ),
    examples=(
        "entrocraft retry demo/t0003",
        "entrocraft retry demo/t0003-s1",
        "entrocraft retry --failed demo",
        "entrocraft retry demo",
    ),
    arguments=arguments,
    call=call,
)
