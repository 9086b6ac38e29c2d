"""Studies: trials and runs of one question, worked off by a driver that may die at any moment.

Three records must agree: the study (Optuna), the run folders, and the processes. `reconcile` is the rule.
Nothing is imported here, so that `sweeps.status` can be used without the driver.
"""
