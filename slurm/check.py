"""What Slurm and its settings mean for the jobs of a study: judgements on what its commands printed. Pure.

Facts: slurm.conf(5), https://slurm.schedmd.com/preempt.html and sinfo.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.config.resources import ResourcesConfig
from harness.doctor.finding import Finding, missing, ok, warning
from slurm.parse import setting
from slurm.records import Limits

SINFO_FORMAT = "%P|%a|%l|%D|%T|%G|%c|%m"
DOWN = ("down", "drain", "fail", "maint", "unk", "inval", "power")
MB_PER_GB = 1024
PREEMPTION = "preemption"


@dataclass(frozen=True)
class Nodes:
    """Some equal nodes of a partition, as sinfo has them."""

    partition: str
    default: bool
    up: bool
    limit_min: float | None
    """Of a job's time; None = none."""
    count: int
    state: str
    gpus: dict[str, int]
    """Type -> GPUs of a node; "" where the cluster names no type."""
    cpus: int
    mem_mb: int


def nodes(output: str) -> list[Nodes]:
    """What sinfo printed in SINFO_FORMAT; lines that are otherwise are left out."""
    found = []
    for line in output.splitlines():
        cells = line.strip().split("|")
        if len(cells) != len(SINFO_FORMAT.split("|")):
            continue
        name, up, limit, count, state, gres, cpus, memory = cells
        found.append(
            Nodes(
                name.rstrip("*"),
                name.endswith("*"),
                up == "up",
                minutes(limit),
                _int(count),
                state,
                _gpus(gres),
                _int(cpus),
                _int(memory),
            )
        )
    return found


def minutes(text: str) -> float | None:
    """Of Slurm's `days-hours:minutes:seconds` and its short forms; None for no limit."""
    days, _, clock = text.rpartition("-")
    parts = clock.split(":")
    if not all(part.isdecimal() for part in [*parts, *([days] if days else [])]):
        return None
    numbers = [int(part) for part in parts]
    if days:
        hours, minute, second = [*numbers, 0, 0][:3]
    else:
        hours, minute, second = [0, 0, 0, *numbers][-3:] if len(numbers) > 1 else [0, numbers[0], 0]
    return (int(days or 0) * 24 + hours) * 60 + minute + second / 60


def judge_partition(found: list[Nodes], asked: ResourcesConfig, needed: bool, key: str = "resources") -> Finding:
    """Whether a job of these resources, set under `key`, can ever start."""
    what = "partition" if key == "resources" else "driver's partition"
    names = list(dict.fromkeys(each.partition for each in found))
    chosen = [each for each in found if (each.partition == asked.partition if asked.partition else each.default)]
    if not chosen:
        wanted = repr(asked.partition) if asked.partition else "the default one"
        return missing(
            what, f"{wanted} is not there", f"Set {key}.partition to one of {', '.join(names) or 'none'}.", needed
        )
    name, limit = chosen[0].partition, chosen[0].limit_min
    if limit is not None and asked.walltime_min > limit:
        return missing(
            what,
            f"{name} allows {limit:g} min, {key}.walltime_min is {asked.walltime_min}",
            f"Set {key}.walltime_min={int(limit)}.",
            needed,
        )
    fitting = [each for each in chosen if _fits(each, asked)]
    if not fitting:
        return missing(
            what,
            f"no node of {name} has {_wanted(asked)}; it has {'; '.join(dict.fromkeys(map(_shown, chosen)))}",
            f"Ask for what a node has ({key}.*), or for another partition.",
            needed,
        )
    working = sum(each.count for each in fitting if each.up and not each.state.startswith(DOWN))
    if not working:
        return warning(what, f"{name}: all {sum(each.count for each in fitting)} nodes that fit are down", "`sinfo -R`")
    return ok(what, f"{name}: {working} nodes with {_shown(fitting[0])}")


def judge_gpus(found: list[Nodes]) -> Finding:
    """The partitions with GPUs."""
    kinds: dict[str, set[str]] = {}
    for each in found:
        if each.gpus:
            kinds.setdefault(each.partition, set()).add(_gpu_text(each.gpus))
    if not kinds:
        return warning("GPUs", "no partition has any", "`sinfo --format='%P %G'`; CPU runs go on without.")
    return ok("GPUs", "; ".join(f"{name}: {', '.join(sorted(texts))}" for name, texts in kinds.items()))


def judge_accounting(code: int, output: str) -> Finding:
    """By sacct's exit code and what it printed."""
    if code == 0:
        return ok("accounting", "sacct answers")
    said = " ".join(output.split())[:200]
    return warning(
        "accounting",
        f"sacct: {said or f'exit code {code}'}",
        "Ends of jobs are then told by the controller and by the jobs themselves: not why a node took one away.",
    )


def judge_limits(limits: Limits) -> Finding:
    """What the user may have in the queue."""
    texts = {"jobs at once": limits.max_jobs, "jobs waiting or running": limits.max_submit_jobs}
    found = ", ".join(f"{text}: {'no limit' if most is None else most}" for text, most in texts.items())
    if 0 in (limits.max_jobs, limits.max_submit_jobs):
        return warning("limits", found, "Ask for another account or QOS: `sacctmgr show assoc user=$USER`.")
    return ok("limits", found)


def judge_preemption(config: str, partition: str, asked: ResourcesConfig) -> Finding:
    """What becomes of a job when a more important one takes its node.

    Args:
        config: of `scontrol show config`.
        partition: of `scontrol show partition NAME --oneliner`; empty where nobody knows.
    """
    mode = (_key("PreemptMode", partition) or setting(config, "PreemptMode") or "OFF").upper()
    if setting(config, "PreemptType") in (None, "preempt/none") or "OFF" in mode:
        return ok(PREEMPTION, "off for these jobs")
    grace_s, kill_s = seconds(_key("GraceTime", partition)), seconds(setting(config, "KillWait"))
    if "CANCEL" in mode or ("REQUEUE" in mode and not asked.requeue):
        found = f"a preempted job is cancelled, after {grace_s} s (GraceTime)"
        return warning(PREEMPTION, found, "The driver submits it again; set resources.requeue=true where Slurm may.")
    if "SUSPEND" in mode or "GANG" in mode:
        return ok(PREEMPTION, "a preempted job is suspended, and goes on by itself")
    if "preempt_send_user_signal" not in (setting(config, "SlurmctldParameters") or ""):
        return warning(
            PREEMPTION,
            f"a preempted job gets SIGTERM and, after {kill_s} s (KillWait), SIGKILL: no preempt_send_user_signal",
            "Ask for SlurmctldParameters=preempt_send_user_signal; checkpoint.every bounds the steps that are lost.",
        )
    if grace_s < asked.signal_before_end_s:
        return warning(
            PREEMPTION,
            f"a preempted job has {grace_s} s for its checkpoint (GraceTime of the partition), "
            f"at a time limit {asked.signal_before_end_s} s (resources.signal_before_end_s)",
            "Where a checkpoint takes longer: a smaller checkpoint.every bounds the steps that are lost.",
        )
    return ok(PREEMPTION, f"a preempted job has {grace_s} s for its checkpoint (GraceTime), and comes back")


def judge_requeue(config: str, asked: ResourcesConfig) -> Finding:
    """Whether a job comes back under its number."""
    if not asked.requeue:
        return warning("requeue", "resources.requeue=false", "The driver must be there to submit a job again.")
    by_default = setting(config, "JobRequeue") == "1"
    return ok("requeue", "JobRequeue=1" if by_default else "JobRequeue=0; the jobs ask for it themselves")


def seconds(text: str | None) -> int:
    """Of "30 sec" and "5"; 0 where nothing is told."""
    found = re.match(r"[0-9]+", text or "")
    return int(found[0]) if found else 0


def _key(key: str, line: str) -> str | None:
    found = re.search(rf"(?:^| ){key}=(\S*)", line)
    return found[1] if found else None


def _gpus(gres: str) -> dict[str, int]:
    """Of "gpu:h100:8(S:0-1),shard:4"."""
    kinds: dict[str, int] = {}
    for kind, count in re.findall(r"(?:^|,)gpu(?::([^:,(]*[^:,(0-9][^:,(]*))?:([0-9]+)", gres):
        kinds[kind] = kinds.get(kind, 0) + int(count)
    return kinds


def _fits(each: Nodes, asked: ResourcesConfig) -> bool:
    has = each.gpus.get(asked.gpu_type, 0) if asked.gpu_type else sum(each.gpus.values())
    enough = each.cpus >= asked.cpus_per_task and each.mem_mb >= asked.mem_gb * MB_PER_GB
    return enough and has >= asked.gpus_per_node


def _wanted(asked: ResourcesConfig) -> str:
    gpus = [_gpu_text({asked.gpu_type or "": asked.gpus_per_node})] if asked.gpus_per_node else []
    return ", ".join([*gpus, f"{asked.cpus_per_task} CPUs", f"{asked.mem_gb} GB"])


def _shown(each: Nodes) -> str:
    return ", ".join(
        [*([_gpu_text(each.gpus)] if each.gpus else []), f"{each.cpus} CPUs", f"{each.mem_mb // MB_PER_GB} GB"]
    )


def _gpu_text(gpus: dict[str, int]) -> str:
    return " + ".join(f"{count} {kind or 'GPUs'}" for kind, count in gpus.items())


def _int(text: str) -> int:
    """Of "16" and "16+", which sinfo prints for nodes that differ."""
    return int(found[0]) if (found := re.match(r"[0-9]+", text)) else 0
