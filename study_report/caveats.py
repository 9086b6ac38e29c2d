"""What the reader of the page must not conclude: its bad news, computed from the study."""

from __future__ import annotations

import math
from collections.abc import Iterator

from study_report.estimates import Noise, lead_by_chance
from study_report.facts import COMPLETE, FAILED, PRUNED, StudyFacts
from study_report.text import counted, number

FEW_SEEDS = 5
FEW_DF = 10
MOST_NAMES = 8


def caveats(facts: StudyFacts, noise: Noise | None) -> list[str]:
    """Sentences for the top of the page, the most important first."""
    return [*_standing(facts), *_comparison(facts, noise), *_absent(facts), *_numbers(facts)]


def _standing(facts: StudyFacts) -> Iterator[str]:
    if facts.note is not None:
        yield f"The database of the study cannot be read, so this is what its run folders say: {facts.note}"
    if not facts.configurations:
        yield "The study has no configuration yet."
    elif not facts.ranked():
        yield "No configuration is complete with a finite value: there is nothing to compare yet."
    if facts.configurations and not facts.over:
        yield "The study is not over: everything here may change."


def _comparison(facts: StudyFacts, noise: Noise | None) -> Iterator[str]:
    ranked = facts.ranked()
    if not ranked:
        return
    count, least = len(ranked), min(each.n for each in ranked)
    if noise is None:
        yield (
            "No configuration has two seeds, so the noise between seeds is unknown: no difference on this page can be "
            "told from luck. Give the study two seeds or more."
        )
    elif count > 1:
        open_ = sum(not noise.resolved(ranked[0], other) for other in ranked[1:])
        rest = counted(count - 1, "other configuration")
        yield (
            f"{open_} of the {rest} cannot be told from the best one, {ranked[0].name} (differences within 95 % of the "
            "noise between seeds; each comparison by itself, none corrected for their number)."
            if open_
            else f"The best one, {ranked[0].name}, differs from each of the {rest} by more than the noise between "
            "seeds (95 %, each comparison by itself, none corrected for their number)."
        )
    if count > 1:
        lead = "" if noise is None else _lead(count, noise, least)
        yield (
            f"The best of {count} was chosen for its score, so that is too good to be expected again{lead}. Run it "
            "on new seeds before you report it."
        )
    if noise is not None and noise.df < FEW_DF:
        yield f"The noise between seeds is itself estimated from little: {counted(noise.df, 'degree')} of freedom."
    few = sum(each.n < FEW_SEEDS for each in ranked)
    if few:
        yield f"{few} of {count} complete configurations have fewer than {FEW_SEEDS} seeds (the least: {least})."
    if len({each.n for each in ranked}) > 1:
        yield "Configurations have different numbers of seeds: means over few vary more, and lead by luck more often."


def _lead(count: int, noise: Noise, seeds: int) -> str:
    lead = lead_by_chance(noise.standard_error(seeds), count)
    return (
        f": {count} equal ones with {counted(seeds, 'seed')} each would show one ahead by about {number(lead)} by luck"
    )


def _absent(facts: StudyFacts) -> Iterator[str]:
    counts = facts.counts
    if failed := counts.get(FAILED, 0):
        yield (
            f"{counted(failed, 'configuration')} failed and {'is' if failed == 1 else 'are'} in no figure: where "
            "failing depends on the parameters, what is shown is too favourable."
        )
    if pruned := counts.get(PRUNED, 0):
        yield (
            f"{counted(pruned, 'configuration')} {'was' if pruned == 1 else 'were'} pruned before the end and "
            f"{'is' if pruned == 1 else 'are'} not ranked: a slow starter may be among them."
        )


def _numbers(facts: StudyFacts) -> Iterator[str]:
    odd = [each.name for each in facts.configurations if each.state == COMPLETE and not each.scored]
    if odd:
        names = ", ".join(odd[:MOST_NAMES]) + (f" and {len(odd) - MOST_NAMES} more" if len(odd) > MOST_NAMES else "")
        yield f"Without a finite value, and so in no figure: {names}."
    partly = [each.name for each in facts.ranked() if not all(map(math.isfinite, each.values.values()))]
    if partly:
        yield f"Some seeds of {', '.join(partly[:MOST_NAMES])} have no finite value."
    for goal in facts.goals:
        if goal.steps == "best":
            yield f"{goal.metric} is the best recorded step of each run: a maximum over noise, too good by itself."
