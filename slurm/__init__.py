"""`launcher=slurm`: the runs of a study as jobs of a Slurm cluster. The one importer of submitit.

launcher, cancelling       submits, follows and finds again; keeps the protocol of `sweeps.jobs.launcher`
executor, text             submitting with submitit; the job's script, rendered purely
watching                   a job that watches a process for Slurm's signals: of a run (`job`), of a command
                           (`command_job`, of which a folder has one: `single`)
starts, accounting, jobs   what jobs wrote about themselves, what Slurm said of them, both for readers
commands, parse, records   the one place that calls Slurm's other commands; what they print, as data
sight, ends                what is seen of a job that is gone; how it ended (pure)
check                      what a cluster's settings mean for a study (pure)
"""
