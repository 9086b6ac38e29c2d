"""Studies: trials and runs of one question, worked off by a driver that may die at any moment.

    study, driver, active, work, telling    start a study; the driver's loop; trials and runs in work; a trial's end
    reconcile, policy, ends            what to do with a run, how often and how soon again, why its job ended (pure)
    launcher, journal                  the protocol that starts jobs, the local one; what was started and how it ended
    trials, tally, plan, objective     a trial; those told so far; from definition to overrides; a run's value
    store, reading, place, storage, schema, outage   Optuna: the trials, written and read; where, and opening that
    asking, canonical, warm            what comes next; equal configurations; what other studies teach the sampler
    proposing, drawing, samplers, points, nearest   a new configuration of the space; the space as Optuna has it
    promotion, best, pareto            who gets more seeds; which is the best, and of several objectives (pure)
    pruner, pruning, halving, optuna_pruners, curves, guards   who is stopped early: the driver's part, and the rules
    spending, ledger, grants, gpu_hours     the budget: what may be started, what was paid, what was granted
    folder, lease, claims, claim       the study's folder; who drives it
    cancel, requests, driver_job       what people ask for; the driver as a job
    status, jobs, progress, ended, cost     what is shown, how it ended, what it may cost
    snapshot                           the code that jobs run

Three records must agree: the study (Optuna), the run folders, and the jobs. `reconcile` is the rule.
Nothing is imported here, so that `sweeps.status` can be used without the driver.
"""
