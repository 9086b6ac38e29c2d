"""What Slurm's commands say of jobs that are no longer in the queue: accounting first, then the controller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.errors import SchedulerError
from slurm.commands import Commands
from slurm.ends import Seen
from slurm.records import AccountedJob

UNHEARD = "allocation"
"""What accounting may call a job whose name it has not heard."""


def by_name(rows: Iterable[AccountedJob], ids: Mapping[str, str]) -> dict[str, list[AccountedJob]]:
    """Name -> the rows of that job, in their order. `ids` has the id of each name: Slurm uses ids again."""
    names: dict[str, list[str]] = {}
    for name, id in ids.items():
        names.setdefault(id, []).append(name)
    found: dict[str, list[AccountedJob]] = {}
    for row in rows:
        for name in names.get(row.job_id, ()):
            if row.name in (name, UNHEARD):
                found.setdefault(name, []).append(row)
    return found


def look(commands: Commands, name: str, id: str, rows: Sequence[AccountedJob]) -> Seen | None:
    """The last end of the job, from its accounting `rows`, else from the controller; None where neither has one."""
    if rows and (row := rows[-1]).state.ended:
        return Seen(row.state, row.exit_code, row.signal, row.elapsed_s, row.nodes)
    try:
        shown = commands.show_job(id)
    except SchedulerError:
        return None
    if shown is None or shown.name != name or not shown.state.ended:
        return None
    return Seen(shown.state, shown.exit_code, shown.signal, 0.0, shown.node)
