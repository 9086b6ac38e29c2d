"""What a test cluster needs of the machine."""

from __future__ import annotations

import os
import shutil

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
"""Where Debian has the daemons and the commands."""
PACKAGE_OF = {
    "munged": "munge",
    "slurmctld": "slurm-wlm",
    "slurmd": "slurm-wlm",
    "sbatch": "slurm-wlm",
}
PACKAGE_OF_ACCOUNTING = {
    "slurmdbd": "slurmdbd",
    "mariadbd": "mariadb-server-core",
    "mariadb-install-db": "mariadb-server-core",
    "mariadb": "mariadb-client-core",
}


def missing(accounting: bool = True) -> str | None:
    """What is missing, in words with the Debian packages to install; None where a cluster can be started."""
    needed = PACKAGE_OF | (PACKAGE_OF_ACCOUNTING if accounting else {})
    absent = {program: package for program, package in needed.items() if not shutil.which(program, path=PATH)}
    if absent:
        return f"no {', '.join(absent)} (Debian: {' '.join(dict.fromkeys(absent.values()))})"
    return None if os.geteuid() == 0 else "not root, and Slurm's daemons and fake GPUs want root"
