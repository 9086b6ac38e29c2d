"""Launching runs as Slurm jobs. Nothing is imported here, so that `slurm.commands` loads no framework."""
