"""What a study has found so far, in words: the winner with what is known against it, or the Pareto front."""

from __future__ import annotations

import statistics

from harness.config.study import StudyConfig
from harness.errors import InputError
from sweeps.ranking.best import probability_best
from sweeps.ranking.pareto import front
from sweeps.status import StudyStatus, TrialStatus


def verdict(study: StudyConfig, status: StudyStatus) -> list[str]:
    """Some lines; none where fewer than two configurations have a value."""
    having = [trial for trial in status.trials if trial.values]
    if len(having) < 2:
        return []
    if study.also:
        return _front(study, having)
    lines = [*_best(study, having), *_bias(study)]
    pruned = sum(trial.state == "pruned" and not trial.values for trial in status.trials)
    if pruned:
        lines.append(f"{pruned} pruned configurations have no value: the comparison is of those that were not")
    return lines


def _best(study: StudyConfig, having: list[TrialStatus]) -> list[str]:
    """The winner with the probability that it is the best; without it where no noise was measured."""
    sign = 1 if study.objective.direction == "maximize" else -1
    titles = {trial.name: trial.title for trial in having}
    try:
        found = probability_best({trial.name: trial.values for trial in having}, study.objective.direction)
    except InputError:
        best = max(having, key=lambda trial: sign * statistics.fmean(trial.values.values()))
        return [
            f"best seen: {best.name} ({best.title}); no configuration has two seeds, so nothing is known of the noise "
            "from seed to seed: study.promotion or more study.seeds would tell"
        ]
    return [f"{found.text}", f"{found.winner} is {titles[found.winner]}"]


def _bias(study: StudyConfig) -> list[str]:
    if study.objective.steps != "best":
        return []
    return ["objective.steps=best takes the highest of several noisy values, so every value is biased to the good side"]


def _front(study: StudyConfig, having: list[TrialStatus]) -> list[str]:
    points = [tuple(statistics.fmean(each.values()) for each in (trial.values, *trial.also)) for trial in having]
    members = front(points, [objective.direction for objective in study.objectives])
    names = ", ".join(f"{having[place].name} ({having[place].title})" for place in members)
    return [f"Pareto front of {', '.join(each.text for each in study.objectives)}: {names}"]
