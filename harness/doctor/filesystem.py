"""The folder of the studies: drivers and jobs meet there, so nodes must see the same files and the same locks.

Facts: proc_pid_mountinfo(5), nfs(5) for `nolock` and `local_lock`, Lustre's mount.lustre(8) for `flock`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.doctor.finding import Finding, missing, ok, warning

WHAT = "studies folder"
SPACE = "disk space"
MEMORY = ("tmpfs", "ramfs")
LOCAL = ("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "overlay", "f2fs", "vfat")
NFS = ("nfs", "nfs4")
SHARED = ("gpfs", "beegfs", "beegfs_nodev", "ceph", "fuse.ceph", "panfs", "pvfs2", "afs", "wekafs", "fuse.glusterfs")
TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", "/run")
GIGABYTE = 10**9
LITTLE_GB = 10.0
LEAST_BYTES = 65_536
"""`harness.execute` takes a disk with less for a full one."""
SHARE = "Give a folder that all nodes share: --dir DIR."


@dataclass(frozen=True)
class Mount:
    """A mounted file system."""

    point: str
    kind: str
    options: tuple[str, ...]
    """Of the mount, and of the file system."""


def mounts(mountinfo: str) -> list[Mount]:
    """The lines of /proc/self/mountinfo that can be read, in their order."""
    found = []
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        left, right = before.split(), after.split()
        if separator and len(left) > 5 and right:
            options = (*left[5].split(","), *(right[2].split(",") if len(right) > 2 else ()))
            found.append(Mount(_plain(left[4]), right[0], options))
    return found


def mount_of(path: str, known: list[Mount]) -> Mount | None:
    """The file system of an absolute path; of several at one point the one that was mounted last."""
    above = [mount for mount in known if PurePosixPath(path).is_relative_to(mount.point)]
    depth = max((len(PurePosixPath(mount.point).parts) for mount in above), default=0)
    return next((mount for mount in reversed(above) if len(PurePosixPath(mount.point).parts) == depth), None)


def judge_folder(path: str, mount: Mount | None, may_write: bool, between_nodes: bool) -> Finding:
    """Whether studies are safe in the absolute folder `path`; `between_nodes`: their runs are jobs of a cluster."""
    if not may_write:
        return missing(
            WHAT, f"{path}: not to be written", "Let its owner allow it, or choose another: --dir DIR.", True
        )
    if mount is None:
        return warning(WHAT, f"{path}: its file system is not known", SHARE)
    found = f"{path} on {mount.kind}"
    if "ro" in mount.options:
        return missing(WHAT, f"{found}, read-only", "Mount it for writing, or choose another: --dir DIR.", True)
    if mount.kind in MEMORY:
        return warning(WHAT, f"{found}: in memory, gone at the next restart", SHARE)
    if not between_nodes:
        return ok(WHAT, found)
    if any(PurePosixPath(path).is_relative_to(folder) for folder in TEMPORARY):
        return warning(WHAT, f"{found}: a temporary folder, of each node its own", SHARE)
    if mount.kind in LOCAL:
        return warning(WHAT, f"{found}: on this machine alone, unless it is shared from here", SHARE)
    if mount.kind in NFS:
        return _nfs(found, mount.options)
    if mount.kind == "lustre":
        if "flock" in mount.options:
            return ok(WHAT, f"{found}, with flock")
        return warning(WHAT, f"{found} without flock: a run's lock is not seen by other nodes", "Mount with -o flock.")
    if mount.kind in SHARED:
        return ok(WHAT, found)
    return warning(WHAT, f"{found}: a kind that is not known here", "See that all nodes share it, and its locks.")


def judge_space(free_bytes: int, total_bytes: int) -> Finding:
    """Of the disk of the studies."""
    found = f"{free_bytes / GIGABYTE:,.4g} GB free of {total_bytes / GIGABYTE:,.4g}"
    if free_bytes < LEAST_BYTES:
        return missing(SPACE, found, "Make room: no checkpoint fits.", needed=True)
    if free_bytes < LITTLE_GB * GIGABYTE:
        return warning(SPACE, found, "`entrocraft sweep ... --dry-run` says what the checkpoints of a study take.")
    return ok(SPACE, found)


def existing(path: Path) -> Path:
    """The path, or the folder above it that exists already; absolute, links followed."""
    path = path.resolve()
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _nfs(found: str, options: tuple[str, ...]) -> Finding:
    local = [text for text in options if text == "nolock" or text in ("local_lock=all", "local_lock=flock")]
    if local:
        return warning(
            WHAT,
            f"{found} with {local[0]}: a run's lock is not seen by other nodes",
            "Mount it without nolock and with local_lock=none; until then start no run by hand beside a sweep.",
        )
    return ok(WHAT, found)


def _plain(text: str) -> str:
    """Without the octal escapes of blanks and the like."""
    return re.sub(r"\\([0-7]{3})", lambda escape: chr(int(escape[1], 8)), text)
