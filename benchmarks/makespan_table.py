"""From the results of the cases to tables: medians and ranges over the seeds. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.makespan_schedule import list_makespan

PARTS = ("handover_s", "schedule_s", "launch_s", "startup_s", "finish_s", "end_s")

LONGER_S = (60.0, 600.0, 3600.0)
COMPARED = ("list_s", "slurm_off_s", "processes_off_s", "explained_s", "bound_s")


def spread(values: Sequence[float]) -> str:
    """`median (lowest to highest)`."""
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def table(results: Sequence[Mapping[str, Any]], slots: int) -> str:
    """Ratios of each variant, then the seconds of its jobs, as Markdown. `results`: see `makespan.result`."""
    variants = sorted({(each["parallel"], each["tool"]) for each in results}, key=lambda v: (v[0], v[1] != "ours"))
    by_variant = {v: [each for each in results if (each["parallel"], each["tool"]) == v] for v in variants}
    return "\n".join(
        [*_ratios(by_variant), "", *_seconds(by_variant), "", *_pairs(by_variant), *_longer(by_variant, slots)]
    )


Variants = Mapping[tuple[int, str], Sequence[Mapping[str, Any]]]


def _ratios(variants: Variants) -> list[str]:
    lines = [
        "| sweep | jobs handed to Slurm | seeds | to list scheduling | Slurm's own delay off | process starts off, too "
        "| all parts put back | to the lower bound |",
        "|---" * 8 + "|",
    ]
    for (parallel, tool), found in variants.items():
        ratios = [spread([each["makespan_s"] / each[name] for each in found]) for name in COMPARED]
        lines.append(f"| {tool} | {parallel} | {len(found)} | {' | '.join(ratios)} |")
    return lines


def _seconds(variants: Variants) -> list[str]:
    names = [part.removesuffix("_s") for part in PARTS]
    lines = [
        f"| seconds a job, median | {' | '.join(names)} | sum, mean | of it Slurm's | submission | notice "
        "| wall, median |",
        "|---" * (len(PARTS) + 6) + "|",
    ]
    for (parallel, tool), found in variants.items():
        jobs = [job for each in found for job in each["overheads"]]
        medians = [f"{statistics.median([job[part] for job in jobs]):.2f}" for part in PARTS]
        whole = statistics.fmean(sum(job[part] for part in PARTS) for job in jobs)
        slurm = statistics.fmean(job["schedule_s"] + job["launch_s"] + job["end_s"] for job in jobs)
        own = [_median([value for each in found for value in each[name]]) for name in ("submit_s", "notice_s")]
        wall = statistics.median([each["wall_s"] for each in found])
        row = [f"{tool}, {parallel}", *medians, f"{whole:.2f}", f"{slurm:.2f}", *own, f"{wall:.1f}"]
        lines.append(f"| {' | '.join(row)} |")
    return lines


def _pairs(variants: Variants) -> list[str]:
    """hydra's makespan over ours, seed by seed, at the same number of jobs handed to Slurm."""
    lines = []
    for parallel in sorted({parallel for parallel, _ in variants}):
        tools = [{each["seed"]: each for each in variants.get((parallel, tool), ())} for tool in ("ours", "hydra")]
        seeds = sorted(tools[0].keys() & tools[1].keys())
        if seeds:
            ratios = [tools[1][seed]["makespan_s"] / tools[0][seed]["makespan_s"] for seed in seeds]
            barrier = [tools[1][seed]["batch_s"] / tools[1][seed]["list_s"] for seed in seeds]
            lines.append(
                f"hydra / ours, {parallel} jobs handed to Slurm: {spread(ratios)}; "
                f"of a barrier alone, computed: {spread(barrier)}"
            )
    return lines


def _longer(variants: Variants, slots: int) -> list[str]:
    """What the measured overheads of ours would make of longer runs; a hydra batch is no list schedule."""
    lines = []
    for (parallel, tool), found in variants.items():
        for mean_s in LONGER_S if tool == "ours" else ():
            ratios = [_stretched(each, slots, mean_s) for each in found]
            lines.append(
                f"ours, {parallel} jobs handed to Slurm, the same overheads on runs of {mean_s:g} s on average, "
                f"computed: {spread(ratios)} times list scheduling"
            )
    return lines


def _stretched(found: Mapping[str, Any], slots: int, mean_s: float) -> float:
    factor = mean_s / statistics.fmean(found["times"])
    times = [time * factor for time in found["times"]]
    extra = [sum(job[part] for part in PARTS) for job in found["overheads"]]
    whole = [time + more for time, more in zip(times, extra, strict=True)]
    return list_makespan(whole, slots) / list_makespan(times, slots)


def _median(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f}" if values else "-"
