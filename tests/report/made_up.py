"""Facts of studies that nobody ran."""

from __future__ import annotations

import math
import random
from dataclasses import replace

from study_report.facts import Budget, Configuration, Goal, StudyFacts
from sweeps.jobs.gpu_hours import GPU_HOURS, Hours, total
from sweeps.status import RunStatus

MADE = "2026-11-30T12:00:00+00:00"
METRIC = "val-core/math/acc/mean@32"
HOSTILE = '"><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>\u202e\x1b[31m $\\frac{$ {{7*7}}'


def study(configurations: tuple[Configuration, ...] = (), **changes: object) -> StudyFacts:
    """A study of one objective with these configurations."""
    plain = StudyFacts(
        name="search",
        title="Start and end of the schedule, learning rate and gamma",
        path="/data/studies/search",
        goals=(Goal(METRIC, "maximize"),),
        seeds=(1, 2),
        sampler="tpe",
        base=("trainer.steps=300", "method=entrocraft"),
        planned=max(len(configurations), 1),
        configurations=configurations,
        made=MADE,
        hours=tuple(total(hours for each in configurations for hours in each.hours)),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def rich(count: int = 60, seed: int = 0, **changes: object) -> StudyFacts:
    """A search of `count` configurations over schedules, in which start and end matter; some were pruned or failed."""
    made = tuple(configuration(number, count, random.Random(1000 * seed + number)) for number in range(count))
    facts = study(made, planned=count + 20, goals=(Goal(METRIC, "maximize"), Goal("gpu_hours", "minimize")))
    spent = facts.hours[0].paid if facts.hours else 0.0
    return replace(
        facts, **{"budget": Budget(spent, 1.3 * spent, GPU_HOURS), "started": MADE, "ended": MADE, **changes}
    )  # type: ignore[arg-type]


def configuration(number: int, count: int, dice: random.Random) -> Configuration:
    """One whose score has a peak at a start of 0.6 and an end of 0.15 nats per token."""
    start, end = dice.uniform(0.2, 1.0), dice.uniform(0.02, 0.5)
    rate, gamma, family = 10 ** dice.uniform(-6, -4), dice.choice(["1", "10", "inf"]), dice.choice(["linear", "cosine"])
    params = {
        "schedule": family,
        "schedule.start": f"{start:.6f}",
        "schedule.end": f"{end:.6f}",
        "trainer.lr": f"{rate:.3g}",
        "method.gamma": gamma,
    }
    quality = 0.42 - 0.25 * (start - 0.6) ** 2 - 0.6 * (end - 0.15) ** 2 - 0.004 * (math.log10(rate) + 5) ** 2
    luck = dice.random()
    state = "failed" if luck < 0.06 else "pruned" if luck < 0.22 else "complete" if number < count - 4 else "running"
    rung = int(quality > 0.405 and state == "complete")
    seeds = (1, 2, 3, 4) if rung else (1, 2)
    values = {seed: quality + dice.gauss(0, 0.008) for seed in seeds} if state == "complete" else {}
    paid = Hours(
        GPU_HOURS, dice.uniform(3, 5), dice.uniform(0, 0.3), 0.4, 0.5 * (luck < 0.2), queued=dice.uniform(0, 2)
    )
    shape = [math.cos(math.pi * step / 299) / 2 + 0.5 if family == "cosine" else 1 - step / 299 for step in range(300)]
    reason = {"failed": "the loss is not finite at step 12", "pruned": "t0003 and 11 others were better at step 100"}
    return Configuration(
        name=f"t{number:04d}",
        title=" ".join(f"{key}={value}" for key, value in params.items()),
        state=state,
        params=params,
        value=sum(values.values()) / len(values) if values else None,
        n=len(values),
        values=values,
        also=({seed: paid.paid + 3 * start for seed in values},) if values else (),
        rung=rung,
        reason=reason.get(state),
        curve=tuple((step + 1, end + (start - end) * shape[step]) for step in range(0, 300, 23)),
        runs=(RunStatus(f"t{number:04d}-s1", "", "", state, 300, 300, 1, reason=reason.get(state)),),
        hours=(paid,),
    )
