"""The trials of a study in Optuna: where they are, how that is opened, written by the driver and read by everybody.

store, reading                     the trials, written and read
place                              a SQLite file of the study's folder, or a database of a team
optuna_storages, schema, outage    opening it, whatever its version is and whether its server is there
"""
