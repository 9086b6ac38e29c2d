"""The state of a fake cluster: one SQLite file, changed in transactions that exclude each other."""

import os
import sqlite3
import time

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, name TEXT, user TEXT, script BLOB, env BLOB, workdir TEXT, stdout TEXT, stderr TEXT,
    append INTEGER, requeueable INTEGER, limit_s REAL, signal INTEGER, signal_s REAL, signal_batch INTEGER,
    gpus INTEGER, nodes INTEGER, tasks INTEGER,
    state TEXT, reason TEXT, restarts INTEGER, node TEXT, slot INTEGER,
    submitted REAL, started REAL, ended REAL, code INTEGER, sig INTEGER,
    supervisor INTEGER, birth TEXT, wish TEXT, purged INTEGER, unaccounted INTEGER);
CREATE INDEX IF NOT EXISTS by_state ON jobs (state);
CREATE TABLE IF NOT EXISTS past (
    id INTEGER, state TEXT, node TEXT, submitted REAL, started REAL, ended REAL, code INTEGER, sig INTEGER);
CREATE INDEX IF NOT EXISTS by_id ON past (id);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT);
"""
LIVE = ("PENDING", "RUNNING", "COMPLETING")

DEFAULTS = {
    "slots": "2",  # jobs at once
    "kill_wait_s": "2",  # from SIGTERM to SIGKILL
    "grace_s": "2",  # of a preemption, from the job's --signal to SIGTERM
    "requeue_delay_s": "0",  # from a requeue to the next start; until then sacct has only the attempts before
    "sacct_lag_s": "0",  # how long after its end accounting still says RUNNING
    "sacct_new_s": "0",  # how long after its submission accounting does not know a job
    "sacct_forgets_names": "0",  # 1: JobName is "allocation", which Slurm 22.05 was seen to write now and then
    "submit_limit": "-1",  # jobs of the user that may wait or run, -1 for any number
    "lose_answers": "0",  # the next calls of sbatch that submit and then fail
}
"""Settings of the cluster. `fail:COMMAND` is "TIMES CODE TEXT", TIMES -1 for ever; `hang:COMMAND` is seconds."""


class Database:
    """An open state. `with database:` is a transaction that no other process is in at the same time."""

    def __init__(self, folder):
        self.folder = folder
        self._db = sqlite3.connect(os.path.join(folder, "state.db"), timeout=30, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # Processes may die at any moment, the machine need not: nothing waits for the disk.
        self._db.execute("PRAGMA synchronous=OFF")

    def __del__(self):
        self._db.close()

    def create(self):
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.executescript(SCHEMA)
        for name, value in DEFAULTS.items():
            self.set(name, value)

    def __enter__(self):
        self._db.execute("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind, error, trace):
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")

    def rows(self, query, *values):
        return self._db.execute(query, values).fetchall()

    def row(self, query, *values):
        return self._db.execute(query, values).fetchone()

    def do(self, query, *values):
        return self._db.execute(query, values).lastrowid

    def job(self, job_id):
        return self.row("SELECT * FROM jobs WHERE id = ?", int(job_id))

    def change(self, job_id, **values):
        columns = ", ".join(f"{name} = ?" for name in values)
        self.do(f"UPDATE jobs SET {columns} WHERE id = ?", *values.values(), int(job_id))

    def get(self, name, default=None):
        row = self.row("SELECT value FROM settings WHERE name = ?", name)
        return default if row is None else row["value"]

    def number(self, name):
        return float(self.get(name))

    def set(self, name, value):
        self.do("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, str(value))

    def end_attempt(self, job, state):
        """Moves the attempt to the past and counts a restart: what Slurm does at once when it requeues a job.

        The job keeps its slot and node, COMPLETING, while its processes end; `back_in_queue` is the rest.
        """
        now = time.time()
        values = (job["id"], state, job["node"], job["submitted"], job["started"], now, job["code"], job["sig"])
        self.do("INSERT INTO past VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *values)
        again = {"restarts": job["restarts"] + 1, "submitted": now, "started": None, "ended": None, "code": 0, "sig": 0}
        self.change(job["id"], state="COMPLETING", wish="requeued", **again)

    def back_in_queue(self, job_id):
        nowhere = {"node": "", "slot": None, "supervisor": None, "wish": ""}
        self.change(job_id, state="PENDING", reason="BeginTime", **nowhere)
