"""Studies: trials and runs of one question, worked off by a driver that may die at any moment.

    search/                            what may be tried next
    jobs/                              the jobs that runs are made by, and the rule what to do with a run
    pruning/, ranking/                 who is stopped early; who is best
    storage/                           the trials in Optuna
    budget/, lease/                    the GPU-hours; who drives
    snapshot/                          the code that jobs run

    study, driver, active, work        start a study; the driver's loop; trials and runs in work
    plan, objective, trials            from definition to overrides; a run's value; a trial
    asking, warm, pruner               what comes next; what other studies teach; the driver's part of pruning
    telling, tally                     a trial's end, and those told so far
    folder, checking                   the study's folder; what is refused before it is made
    cancel, requests                   what people ask for
    status, progress, ended            what is shown, and how it ended

Three records must agree: the study (Optuna), the run folders, and the jobs. `sweeps.jobs.reconcile` is the rule.
Nothing is imported here, so that `sweeps.status` can be used without the driver.
"""
