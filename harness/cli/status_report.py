"""The screen of `entrocraft status`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.cli.places import plain
from harness.cli.tables import plain_table
from sweeps.jobs.gpu_hours import JOB_HOURS, Hours, total
from sweeps.status import CANCELLED, DAMAGED, INTERRUPTED, QUEUED, RunStatus, StudyStatus, TrialStatus

WIDE = 10_000
"""Columns where the output is no terminal: a row stays a line."""
TROUBLED = ("failed", INTERRUPTED, DAMAGED)
NOTHING = "no study and no run here; start one: entrocraft sweep study=demo"


def console() -> Console:
    """Of the standard output."""
    found = Console()
    return found if found.is_terminal else Console(width=WIDE)


def screen(studies: list[StudyStatus], runs: list[RunStatus]) -> Group:
    """Everything, in the order given."""
    parts: list[RenderableType] = [part for study in studies for part in _study(study)]
    if runs:
        parts += [_table(map(_cells, runs)), *_troubles(runs), *_hours(runs)]
    return Group(*(parts or [Text(NOTHING)]))


def fitting(shown: Group, terminal: Console) -> Text:
    """What of it fits on the terminal, with a line that says what does not."""
    lines = terminal.render_lines(shown, pad=False)
    text = ["".join(segment.text for segment in line).rstrip() for line in lines]
    if len(text) > terminal.height:
        most = max(0, terminal.height - 1)
        text = [*text[:most], f"... {len(text) - most} more lines: entrocraft status without --watch"]
    return Text("\n".join(text), no_wrap=True)


def _study(study: StudyStatus) -> Iterator[RenderableType]:
    runs = [run for trial in study.trials for run in trial.runs]
    yield Text(plain(f"{study.title} ({study.name}), in {study.path}; {_driver(study)}"))
    if study.note:
        yield Text(plain(f"  shown from its folders: {study.note}"))
    if study.cancelled is not None:
        yield Text(plain(f"  cancelled {study.cancelled}; withdraw that: entrocraft retry {study.path}"))
    if study.requests:
        yield Text(f"  requests that no driver has taken up: {study.requests}; a sweep of the study takes them up")
    counts = [f"trials: {_counted(trial.state for trial in study.trials)}"] if study.trials else []
    counts += [f"runs: {_counted(_state(run) for run in runs)}"] if runs else []
    yield Text(plain("  " + "; ".join([*counts])))
    yield from _hours(runs)
    if study.budget is not None:
        spent = sum(each.paid for each in total(run.hours for run in runs if run.hours is not None))
        yield Text(f"  budget: {spent:.3g} of {study.budget:.6g} hours spent")
    if study.ended is not None and study.ended.unaffordable:
        yield Text("  the budget does not pay the next run to its end: the sweep with --budget +HOURS goes on")
    if study.ended is not None and study.ended.used_up:
        yield Text("  the sampler found no configuration any more that was not there already")
    yield _table(cells for trial in study.trials for cells in _trial(trial))
    yield from _troubles(runs)


def _driver(study: StudyStatus) -> str:
    """The driver in words; one on another machine may be dead, which its last renewal lets a reader guess."""
    if (driver := study.driver) is None:
        return "no driver"
    job = f", Slurm job {driver.job}" if driver.job else ""
    renewed = f"last renewed {driver.renewed_s_ago:.0f} s ago"
    return f"driver: process {driver.pid} on {driver.host} (since {driver.since}, {renewed}{job})"


def _trial(trial: TrialStatus) -> Iterator[dict[str, str]]:
    """A row for the trial, and one for each of its runs."""
    value = "" if trial.value is None else f"{trial.value:.4g} (n={trial.n})"
    yield {"run": trial.name, "trial": trial.title, "state": trial.state, "value": value}
    yield from ({**_cells(run), "trial": ""} for run in trial.runs)


def _cells(run: RunStatus) -> dict[str, str]:
    """Column -> text; a column without any text is left out of the table."""
    figures = {"entropy": run.entropy, "target": run.target, "reward": run.score}
    hours = run.hours
    about = "~" if hours is not None and hours.estimated else ""
    unit = hours.unit if hours is not None else JOB_HOURS
    return {
        "run": run.name,
        "trial": run.title,
        "state": _state(run),
        "step": f"{run.step}/{run.steps}" if run.steps is not None else "",
        **{name: "" if value is None else f"{value:.3f}" for name, value in figures.items()},
        "job": run.job or "",
        "node": run.node or "",
        "attempt": str(run.attempt or ""),
        unit: f"{about}{_number(hours.paid)}" if hours is not None and (hours.paid or run.attempt) else "",
        f"{unit} lost": f"{about}{_number(hours.lost)}" if hours is not None and hours.lost else "",
        "alarms": ", ".join(run.alarms),
    }


def _state(run: RunStatus) -> str:
    return f"{run.state} ({run.waits_for})" if run.state == QUEUED and run.waits_for else run.state


def _table(rows: Iterable[dict[str, str]]) -> Table:
    cells = list(rows)
    columns = list(dict.fromkeys(column for row in cells for column in row))
    shown = [column for column in columns if any(row.get(column) for row in cells)]
    return plain_table(shown, ([plain(row.get(column, "")) for column in shown] for row in cells))


def _troubles(runs: Iterable[RunStatus]) -> Iterator[Text]:
    """A line for each run that failed once or is not as it should be: the cause of its job's end, and its reason."""
    for run in runs:
        ended = f"{run.cause}: {run.detail}" if run.cause is not None and run.detail else run.cause
        if run.state == CANCELLED and run.cancelled is not None:
            yield Text(plain(f"{run.name} cancelled {run.cancelled}"), style="yellow")
        elif run.state in TROUBLED:
            said = [run.reason, *([ended] if (run.detail or "") not in (run.reason or "") else [])]
            text = "; ".join(each for each in said if each) or "its process is gone without a word"
            yield Text(plain(f"{run.name} {run.state}: {text}"), style="red")
        elif run.reason is not None:
            yield Text(plain(f"{run.name} {run.state}, had failed before: {run.reason}"))


def _hours(runs: Iterable[RunStatus]) -> Iterator[Text]:
    for each in total(run.hours for run in runs if run.hours is not None):
        if each.paid or each.queued:
            yield Text(f"  {_sum(each)}")


def _sum(hours: Hours) -> str:
    parts = {name: getattr(hours, name) for name in ("useful", "replayed", "starting", "lost", "open")}
    shown = ", ".join(f"{name} {_number(value)}" for name, value in parts.items() if value)
    about = " (partly estimated)" if hours.estimated else ""
    queued = f"; queued {_number(hours.queued)}, not paid" if hours.queued else ""
    return f"{hours.unit}{about}: {_number(hours.paid)} used{f': {shown}' if shown else ''}{queued}"


def _number(hours: float) -> str:
    """With as many decimals as three digits need."""
    return f"{hours:.0f}" if hours >= 100 else f"{hours:.1f}" if hours >= 10 else f"{hours:.2f}"


def _counted(states: Iterable[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in Counter(states).most_common())
