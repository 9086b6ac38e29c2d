"""The `resources` group: what a Slurm job of one run asks for, and how its shell is set up.

Texts of `#SBATCH` lines keep to the alphabet that Slurm's own grammar needs: sbatch splits those lines at spaces,
drops backslashes and takes `#` for a comment, so that anything else would ask for something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from harness.config.fields import count, matching, ruled, within
from harness.config.group import Group
from harness.errors import ConfigError

NAMES = r"[A-Za-z0-9_.,:@/-]+"
NAMES_TEXT = "letters, digits and _ . , : @ / -"
HOSTS = r"[A-Za-z0-9_.,:@/\[\]-]+"
FEATURES = r"[A-Za-z0-9_.,:@/&|*\[\]()-]+"
GPU_TYPE = r"[A-Za-z0-9_.-]+"
MODULE = re.compile(r"[A-Za-z0-9_.+=@/:][A-Za-z0-9_.+=@/:-]*")
CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]")
"""Characters that end a line or act on a terminal; in a line of a shell a tab is meant."""
SECRET = re.compile(r"\b(\w*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?))=[\"']?(?![\"'$`\s]|$)", re.IGNORECASE)
"""The assignment of a literal to a variable that is called like a secret."""
LONGEST_SIGNAL_S = 65535
"""Slurm keeps the time of `--signal` in 16 bits."""


@dataclass(frozen=True)
class ResourcesConfig(Group):
    """Of every job of a study: one run, one node. No part of what a run computes, nor of its hash."""

    KEY: ClassVar[str] = "resources"

    requeue: bool
    """Whether Slurm may start the job again itself, after a preemption or when its node fails."""
    nodes: int = ruled("must be 1: one node per run", lambda value: value == 1, 1)
    gpus_per_node: int = count(0, 8)
    """0 = a run on the CPU."""
    gpu_type: str | None = matching(GPU_TYPE, "letters, digits and _ . -", "h100")
    """As the cluster calls it, `sinfo --format=%G`; null = any."""
    cpus_per_task: int = count(1, 8)
    """CPUs of the job: a job has one task."""
    mem_gb: int = count(1, 64)
    """Memory of the node in units of 1024 MB, as Slurm counts."""
    walltime_min: int = count(1, 240)
    """Time limit of one job, minutes. A run that has not ended by then goes on in the next job."""
    partition: str | None = matching(NAMES, NAMES_TEXT, "gpu")
    account: str | None = matching(NAMES, NAMES_TEXT, "mylab")
    qos: str | None = matching(NAMES, NAMES_TEXT, "normal")
    constraint: str | None = matching(FEATURES, NAMES_TEXT + " & | * [ ] ( )", "ib&nvme")
    """Features that the node must have."""
    exclude: str | None = matching(HOSTS, NAMES_TEXT + " [ ]", "gpu[1-2]")
    """Nodes to keep away from."""
    reservation: str | None = matching(NAMES, NAMES_TEXT, "maintenance")
    python: str | None = matching(r"/[^\x00-\x1f\x7f]*", "the path of an interpreter, from /", "/opt/env/bin/python")
    """Interpreter of the job; null = the one that submits. In a container: a script that starts the container's."""
    modules: tuple[str, ...] = ruled(
        "must list names of environment modules: letters, digits and _ . + = @ / : -",
        lambda values: all(MODULE.fullmatch(name) for name in values),
        "[cuda/13.0]",
    )
    """Loaded in this order; one that cannot be loaded ends the job. `module` must be in the environment that submits,
    as Lmod exports it; where it is not, write `source .../init/bash` and `module load NAME` under `setup`."""
    setup: tuple[str, ...] = ruled(
        "must list lines of shell without control characters, none of them an #SBATCH line: sbatch would not read it",
        lambda lines: (
            not any(CONTROL.search(line.replace("\t", " ")) or line.lstrip().startswith("#SBATCH") for line in lines)
        ),
        "['source env.sh']",
    )
    """Run word for word before the run, after the modules: your own bash. A line that fails ends the job."""
    signal_before_end_s: int = within(1, LONGEST_SIGNAL_S, 300)
    """Seconds before the time limit at which the run is asked to checkpoint; Slurm may ask 60 s earlier."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.walltime_min * 60 <= self.signal_before_end_s:
            raise ConfigError(
                "resources.walltime_min must be longer than resources.signal_before_end_s",
                f"{self.walltime_min} min ({self.walltime_min * 60} s), {self.signal_before_end_s} s",
                f"Set resources.walltime_min={self.signal_before_end_s // 60 + 10}, or a shorter signal_before_end_s.",
            )
        if self.gpu_type is not None and self.gpus_per_node == 0:
            raise ConfigError(
                "resources.gpu_type needs GPUs",
                f"gpu_type {self.gpu_type!r}, gpus_per_node 0",
                "Set resources.gpus_per_node=1 or more, or resources.gpu_type=null.",
            )
        for line in self.setup:
            if found := SECRET.search(line):  # the value stays out of the message, too
                raise ConfigError(
                    "resources.setup must not hold a secret: the job's text is kept in the run folder",
                    f"a value for {found[1]}",
                    f"Export it before the sweep (jobs inherit the environment), or {found[1]}=$(cat FILE).",
                )
