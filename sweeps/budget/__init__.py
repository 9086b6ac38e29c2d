"""The GPU-hours of a study: what it may cost, what was paid, what was granted, and what may still be started.

cost                               before anything is submitted
ledger, spending                   what the runs have cost, and what that allows
grants                             hours that people added
"""
