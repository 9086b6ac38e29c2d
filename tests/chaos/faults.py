"""Every kind of fault, under its name.

A fault is a generator that strikes: it yields the seconds that it wants to wait and returns what it hit, in words, or
None where it hit nothing (no such job now, or the job was over before): then it counts as nothing and is tried again.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.chaos import faults_disk, faults_processes, faults_slurm
from tests.chaos.waiting import Strike
from tests.chaos.world import World

Fault = Callable[[World], Strike]

FAULTS: dict[str, Fault] = {
    "driver_kill": faults_processes.driver_kill,
    "driver_kill_at_submission": faults_processes.driver_kill_at_submission,
    "step_kill": faults_processes.step_kill,
    "run_kill": faults_processes.run_kill,
    "torn_line": faults_processes.torn_line,
    "scancel": faults_slurm.scancel,
    "preemption": faults_slurm.preemption,
    "requeue": faults_slurm.requeue,
    "usr2": faults_slurm.usr2,
    "node_down": faults_slurm.node_down,
    "sacct_down": faults_slurm.sacct_down,
    "controller_down": faults_slurm.controller_down,
    "disk_full": faults_disk.disk_full,
}
