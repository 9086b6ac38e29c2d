"""What a test cluster is made of: its folder, its size and the times that Slurm takes, fixed when it starts."""

from __future__ import annotations

import re
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from harness.errors import HarnessError

NAME_CHARACTERS = re.compile(r"[A-Za-z0-9._/-]+")
LONGEST_FOLDER = 60
"""Characters. A socket's path may have 107, and `FOLDER/spool/gpu12/gpu12_123456.4294967291` must fit."""
MOST_NODES = 32
PORT_OF_ACCOUNTING = 1
PORT_OF_FIRST_NODE = 11
PORTS = PORT_OF_FIRST_NODE + MOST_NODES
"""How many ports from `base_port` on a cluster may take."""


class ClusterError(HarnessError, RuntimeError):
    """A test cluster that cannot be started, does not answer, or is not there."""


@dataclass(frozen=True)
class Settings:
    """One cluster.

    Attributes:
        folder: absolute; everything of the cluster is in it.
        base_port: of slurmctld; the other daemons take ports counted from it (`PORT_OF_...`).
        nodes: they are called gpu1, gpu2 and so on, each with 16 CPUs and `gpus_per_node` H100s that do not exist.
        accounting: slurmdbd and MariaDB; without them `sacct` fails, as it does on many small clusters.
        preempt_signal: whether a preempted job is sent its `--signal` (by default SIGTERM alone) at the start of the
            grace time: `SlurmctldParameters=preempt_send_user_signal`, an administrator's choice.
        grace_time_s: from that signal to the end of a preempted job.
        min_job_age_s: how long squeue and scontrol know a job after its end.
        kill_wait_s: from SIGTERM to SIGKILL.
        node_timeout_s: how long a node may be silent before it is down and its jobs have failed.
    """

    folder: Path
    base_port: int
    host: str
    nodes: int = 4
    gpus_per_node: int = 8
    accounting: bool = True
    preempt_signal: bool = True
    grace_time_s: int = 5
    min_job_age_s: int = 3600
    kill_wait_s: int = 3
    node_timeout_s: int = 10

    def __post_init__(self) -> None:
        """Raises ClusterError: a folder that Slurm cannot take, or a number out of its range."""
        text = str(self.folder)
        if not self.folder.is_absolute() or not NAME_CHARACTERS.fullmatch(text):
            raise ClusterError(
                "The folder of a test cluster must be an absolute path of letters, digits and . _ - /, "
                "since slurm.conf has no quotes",
                repr(text),
                "Choose another folder.",
            )
        if len(text) > LONGEST_FOLDER:
            raise ClusterError(
                f"The folder of a test cluster must have at most {LONGEST_FOLDER} characters, "
                "since the paths of its sockets are limited",
                f"{len(text)}: {text}",
                "Choose a shorter one, such as /tmp/testbed.",
            )
        lowest = {"nodes": 1, "gpus_per_node": 1, "grace_time_s": 0, "min_job_age_s": 2, "kill_wait_s": 1}
        for name, least in (lowest | {"node_timeout_s": 3}).items():
            if getattr(self, name) < least:
                raise ClusterError(f"{name} must be a whole number >= {least}", repr(getattr(self, name)))
        if self.nodes > MOST_NODES:
            raise ClusterError(f"nodes must be a whole number <= {MOST_NODES}", repr(self.nodes))

    @property
    def conf(self) -> Path:
        """The value of SLURM_CONF, which makes a command speak to this cluster."""
        return self.folder / "etc" / "slurm.conf"

    @property
    def node_names(self) -> tuple[str, ...]:
        return tuple(f"gpu{number}" for number in range(1, self.nodes + 1))

    @property
    def ports(self) -> tuple[int, ...]:
        """Those on which its daemons listen."""
        accounting = (self.base_port + PORT_OF_ACCOUNTING,) if self.accounting else ()
        first = self.base_port + PORT_OF_FIRST_NODE
        return (self.base_port, *accounting, *range(first, first + self.nodes))

    def save(self) -> None:
        values = asdict(self) | {"folder": str(self.folder)}
        record(self.folder).write_bytes(orjson.dumps(values, option=orjson.OPT_INDENT_2))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Raises ClusterError: no cluster was ever started there, or its record is damaged."""
        try:
            values: dict[str, Any] = orjson.loads(record(folder).read_bytes())
            return cls(**values | {"folder": Path(values["folder"])})
        except (FileNotFoundError, NotADirectoryError):
            raise ClusterError("The folder must be one of a test cluster", repr(str(folder))) from None
        except (ValueError, TypeError, KeyError) as error:
            raise ClusterError(f"{record(folder)} must be what `up` wrote", str(error), "Remove the folder.") from None


def record(folder: Path) -> Path:
    """The file that makes a folder one of a test cluster."""
    return folder / "testbed.json"


def short_host() -> str:
    """What `hostname -s` prints."""
    return socket.gethostname().split(".")[0]
