"""`launcher=slurm`: the runs of a study as jobs of a Slurm cluster. The one importer of submitit.

launcher   submits, follows and finds again; keeps the protocol of `sweeps.launcher`
job        what runs inside a job: the run's process, watched by the one that Slurm's signals reach
text       the job's script, rendered purely
commands   the one place that calls Slurm's other commands; `parse` and `records` are what they say, as data
ends       how a job ended, decided purely from what was said
"""
