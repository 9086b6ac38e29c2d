"""Studies: trials and runs of one question, worked off by a driver that may die at any moment.

    study, driver, active, work        start a study; the driver's loop; trials and runs in work
    reconcile, policy, ends            what to do with a run, how often and how soon again, why its job ended (pure)
    launcher, journal                  the protocol that starts jobs, the local one; what was started and how it ended
    store, trials, plan, objective     Optuna; a trial; from definition to overrides; a run's value
    promotion, best, pareto            who gets more seeds; which is best, and how surely; several objectives (pure)
    folder, lease, claims, claim       the study's folder; who drives it
    cancel, requests, driver_job       what people ask for; the driver as a job
    status, jobs, gpu_hours, progress, cost   what is shown, what it took, what it may cost
    snapshot                           the code that jobs run

Three records must agree: the study (Optuna), the run folders, and the jobs. `reconcile` is the rule.
Nothing is imported here, so that `sweeps.status` can be used without the driver.
"""
