"""Which runs are stopped early, from their curves: rules without store or jobs. `sweeps.pruner` acts on them.

rules                              from the curves of all to who is stopped, waits or goes on
halving, guards                    rung-synchronous halving; runs of which nothing can come
optuna_pruners, pruner_options     Optuna's pruners, and the options that they take
curves                             what they all see of a configuration
"""
