"""What a sweep says while it goes on, and its last screen."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from harness.cli.tables import plain_table
from harness.cli.verdict import verdict
from harness.config.study import Point, StudyConfig
from harness.exits import Exit
from sweeps.progress import Progress
from sweeps.status import RunStatus, StudyStatus, TrialStatus

LINE_EVERY_S = 30.0
"""Between two lines of progress where the output is no terminal."""

COLUMNS = ("run", "trial", "state", "step", "entropy", "target", "reward", "alarms")


class Reporter:
    """A live screen on a terminal, a line now and then elsewhere; `observe` takes each poll."""

    def __init__(self, parallel: int) -> None:
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=4, transient=True)
        self._parallel = parallel
        self._started = time.monotonic()
        self._begun_at: float | None = None
        self._next_line = 0.0
        self._told = -1

    def __enter__(self) -> Reporter:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def observe(self, progress: Progress) -> None:
        if self._begun_at is None:
            self._begun_at = progress.fraction
        if self._console.is_terminal:
            self._live.update(self._screen(progress))
            return
        told = progress.complete + progress.pruned + len(progress.failures)
        if told != self._told or time.monotonic() >= self._next_line:
            self._told, self._next_line = told, time.monotonic() + LINE_EVERY_S
            alarms = "".join(f"; {run.name} {', '.join(run.alarms)}" for run in progress.runs if run.alarms)
            budget = f"; {progress.budget}" if progress.budget else ""
            line = f"{self._headline(progress)}  {self._remaining(progress)}{budget}{alarms}"
            print(line, file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """One line, above the screen."""
        print(text, file=sys.stderr, flush=True)

    def _screen(self, progress: Progress) -> Group:
        bar = Table.grid(padding=(0, 2))
        bar.add_row(ProgressBar(total=1.0, completed=progress.fraction, width=50), self._remaining(progress))
        begun = [run for run in progress.runs if run.state != "waiting"]
        runs = plain_table(COLUMNS, map(_cells, begun))
        failures = [Text(f"failed: {each.title}: {each.reason}", style="red") for each in progress.failures]
        notes = [Text(each) for each in (progress.budget, progress.note) if each is not None]
        return Group(Text(self._headline(progress)), bar, *notes, runs, *failures)

    def _headline(self, progress: Progress) -> str:
        stopping = ", stopping" if progress.stopping else ""
        pruned = f"{progress.pruned} pruned, " if progress.pruned else ""
        return (
            f"{progress.title}: {progress.complete} of {progress.trials} trials complete, "
            f"{pruned}{len(progress.failures)} failed{stopping} ({100 * progress.fraction:.0f} %)"
        )

    def _remaining(self, progress: Progress) -> str:
        elapsed = time.monotonic() - self._started
        gained = progress.fraction - (self._begun_at or 0.0)
        left = f", about {_clock(elapsed * (1 - progress.fraction) / gained)} left" if gained > 0.01 else ""
        return f"{_clock(elapsed)} so far{left}"


def print_plan(study: StudyConfig, points: Sequence[Point], folder: Path) -> None:
    """The trials that a sweep would run."""
    print(f"{study.title} ({study.name}), in {folder}")
    print(f"seeds {', '.join(map(str, study.seeds))}; {study.parallel} runs at a time")
    print(f"objective: {'; '.join(f'{each.direction} {each.text}' for each in study.objectives)}")
    for point in points:
        print(f"  {point.title}: {' '.join((*study.base, *point.overrides))}")
    if study.n_trials:
        dimensions = ", ".join(dimension.key for dimension in study.space)
        print(f"  {study.n_trials}{' more' if points else ''} drawn by {study.sampler} over {dimensions}")
    for constraint in study.constraints:
        print(f"  where {constraint.text}")
    for line in spending(study):
        print(f"  {line}")


def spending(study: StudyConfig) -> Iterator[str]:
    """How the study spends what it may: pruning, promotion and budget, a line each; nothing of what it does without."""
    pruning, guards = study.pruning.of(study.objective), study.pruning.guards
    if pruning.pruner != "none":
        settings = {"start": pruning.start, "every": pruning.every} if not pruning.rungs else {}
        options = ", ".join(f"{key} {value}" for key, value in {**settings, **pruning.options}.items())
        yield f"pruned by {pruning.pruner} on {pruning.metric}, {pruning.direction} ({options})"
    if guards.on:
        on = {key: value for key, value in asdict(guards).items() if value is not None}
        yield f"guards: {', '.join(f'{key} {value:g}' for key, value in on.items())}"
    if study.promotion is not None:
        rungs = "; then ".join(", ".join(map(str, rung)) for rung in study.promotion.rungs)
        yield f"one in {study.promotion.keep} promoted to seeds {rungs}"
    if study.budget is not None:
        yield f"budget: {study.budget:g} GPU-hours (hours of processes without GPUs)"
    if study.warm_start:
        yield f"the sampler learns from {', '.join(study.warm_start)}"


def print_result(study: StudyConfig, status: StudyStatus) -> int:
    """The last screen: every trial, the failures with their reasons, where the results are. The exit code."""
    columns = ("trial", "title", "state", *(objective.text for objective in study.objectives), "seeds")
    rows = [(each.name, each.title, each.state, *_values(study, each), str(each.n)) for each in status.trials]
    print(status.title)
    Console().print(plain_table(columns, rows))
    failed = [trial for trial in status.trials if trial.state == "failed"]
    for trial in failed:
        print(f"failed: {trial.title}: {trial.reason}")
    for trial in status.trials:
        if trial.state == "pruned":
            print(f"pruned: {trial.title}: {trial.reason}")
    for line in verdict(study, status):
        print(line)
    if status.note:
        print(f"shown from the run folders: {status.note}")
    print(f"results: {status.path}")
    print(f"figures: entrocraft figures {status.path} --out {status.path}/figures")
    print(f"table:   entrocraft compare {status.path}")
    print(f"report:  entrocraft report {status.path}")
    if status.ended is not None and status.ended.unaffordable:
        print("the budget does not pay the next run to its end: the same command with --budget +HOURS goes on")
        return Exit.STOPPED
    if any(trial.state not in ("complete", "failed", "pruned") for trial in status.trials):
        print("stopped; the same command goes on from here")
        return Exit.STOPPED
    return Exit.FAILED if failed else Exit.COMPLETE


def _cells(run: RunStatus) -> list[str]:
    figures = (run.entropy, run.target, run.score)
    return [run.name, run.title, run.state, f"{run.step}/{run.steps}", *map(_number, figures), ", ".join(run.alarms)]


def _values(study: StudyConfig, trial: TrialStatus) -> list[str]:
    """For each objective mean and standard error over the seeds."""
    each = [trial.values, *trial.also] if trial.values else [{} for _ in study.objectives]
    return [_with_error(list(values.values())) for values in each]


def _with_error(values: Sequence[float]) -> str:
    if not values:
        return "-"
    error = f" ± {_figure(statistics.stdev(values) / len(values) ** 0.5)}" if len(values) > 1 else ""
    return f"{_figure(statistics.fmean(values))}{error}"


def _figure(value: float) -> str:
    """Three decimals, and of less than a hundredth three digits."""
    return f"{value:.3g}" if 0 < abs(value) < 0.01 else f"{value:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
