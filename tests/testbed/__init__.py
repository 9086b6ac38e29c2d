"""A real Slurm cluster on this machine: fake GPUs, preemption and accounting, all in one folder (docs/slurm-testbed.md)."""
