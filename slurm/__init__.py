"""Launching runs as Slurm jobs. Empty so far: the issue "Slurm for real" fills it."""
