"""Every fake command begins here: `launch.py COMMAND FOLDER ARGUMENTS...`."""

import sys
import time
from importlib import import_module

from database import Database

MODULES = {
    "sbatch": "submit",
    "scancel": "control",
    "scontrol": "control",
    "sacct": "show",
    "sacctmgr": "show",
    "sinfo": "show",
    "squeue": "show",
    "srun": "step",
    "supervise": "supervise",
}


def main(command, folder, arguments):
    if command == "srun":
        return import_module("step").main(arguments)
    database = Database(folder)
    if command == "supervise":
        return import_module("supervise").main(database, arguments)
    if delay := database.get(f"hang:{command}"):
        time.sleep(float(delay))
    if problem := _planned_failure(database, command):
        code, text = problem
        print(text, file=sys.stderr)
        return code
    import_module("engine").advance(database)
    return getattr(import_module(MODULES[command]), command)(database, arguments)


def _planned_failure(database, command):
    """Exit code and text of a failure that a test asked for; None where there is none."""
    if database.get(f"fail:{command}") is None:
        return None
    with database:
        times, code, text = database.get(f"fail:{command}", "0 0 ").split(" ", 2)
        if times == "0":
            return None
        database.set(f"fail:{command}", f"{int(times) - (int(times) > 0)} {code} {text}")
    return int(code), text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
