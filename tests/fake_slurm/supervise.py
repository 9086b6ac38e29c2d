"""A job's supervisor, its slurmstepd: starts the script, passes signals on, ends the job and writes how."""

import json
import os
import signal
import sys
import time

import engine
import processes

LOOK_S = 1.0
"""Wishes come with SIGUSR1; a command that was killed between the wish and the signal costs this at most."""
WAKE = {signal.SIGCHLD, signal.SIGUSR1}
GONE = "gone"


def supervise(database, job_id):
    # Blocked before anything else: a wish may come at any time, and is kept until it is waited for.
    signal.pthread_sigmask(signal.SIG_BLOCK, WAKE)
    with database:
        job = database.job(job_id)
        if job is None or job["supervisor"] != os.getpid():
            return
    why, status = Attempt(database, job).run()
    with database:
        job = database.job(job_id)
        if job is not None and job["supervisor"] == os.getpid():
            engine.end(database, job, why, status)
    engine.advance(database)
    if why == "requeued" and (delay := database.number("requeue_delay_s")):
        time.sleep(delay)
        engine.advance(database)


class Attempt:
    """One start of a job's script, until none of its processes is left."""

    def __init__(self, database, job):
        self._database = database
        self._job = job
        self._script = None
        self._status = None

    def run(self):
        """What ended it (see `engine.end`), and the wait status of the script, None where it never ran or ended."""
        job = self._job
        warn_at = job["started"] + job["limit_s"] - job["signal_s"] if job["signal"] and job["limit_s"] else None
        over_at = job["started"] + job["limit_s"] if job["limit_s"] else None
        stop_at = None
        if not self._start():
            return "no_output", None
        while not self._over():
            if self._abandoned():
                return self._end("cancel", 0.0)
            wish = self._wish()
            now = time.time()
            if wish in (GONE, "oom"):
                return self._end(wish, 0.0)
            if wish in ("cancel", "requeued"):
                return self._end(wish, self._database.number("kill_wait_s"))
            if wish == "preempt" and stop_at is None:
                self._warn()
                stop_at = now + self._database.number("grace_s")
            if stop_at is not None and now >= stop_at:
                self._preempt()
                continue  # as requeued, or as cancelled in this moment
            if warn_at is not None and now >= warn_at:
                self._warn()
                warn_at = None
            if over_at is not None and now >= over_at:
                return self._end("timeout", self._database.number("kill_wait_s"))
            times = [moment for moment in (warn_at, over_at, stop_at) if moment is not None]
            self._sleep(min([LOOK_S, *(moment - now for moment in times)]))
        # The script ended by itself; whatever it left behind goes, and a wish that came before wins.
        return self._end(self._wish(finished=True), self._database.number("kill_wait_s"))

    def _start(self):
        job = self._job
        try:
            os.chdir(job["workdir"])
        except OSError:
            os.chdir("/tmp")  # as Slurm does
        script = os.path.join(self._database.folder, "spool", f"{job['id']}.{job['restarts']}")
        with open(script, "wb") as file:
            file.write(job["script"])
        os.chmod(script, 0o700)
        actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
        flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if job["append"] else os.O_TRUNC)
        out = job["stdout"]
        actions.append((os.POSIX_SPAWN_OPEN, 1, out, flags, 0o644))
        same = job["stderr"] in ("", out)
        err = (os.POSIX_SPAWN_DUP2, 1, 2) if same else (os.POSIX_SPAWN_OPEN, 2, job["stderr"], flags, 0o644)
        unblocked = {"setsigmask": [], "setsigdef": [signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGPIPE]}
        command = [*_interpreter(job["script"]), script]
        try:
            self._script = os.posix_spawn(
                command[0], command, self._environment(), file_actions=[*actions, err], setsid=True, **unblocked
            )
        except OSError:
            return False
        return True

    def _environment(self):
        job = self._job
        made = {
            "SLURM_JOB_ID": job["id"],
            "SLURM_JOBID": job["id"],
            "SLURM_JOB_NAME": job["name"],
            "SLURM_JOB_USER": job["user"],
            "SLURM_CLUSTER_NAME": "fake",
            "SLURM_JOB_NODELIST": job["node"],
            "SLURM_NODELIST": job["node"],
            "SLURM_JOB_NUM_NODES": job["nodes"],
            "SLURM_NNODES": job["nodes"],
            "SLURM_NTASKS": job["tasks"],
            "SLURM_NPROCS": job["tasks"],
            "SLURM_SUBMIT_DIR": job["workdir"],
            "SLURMD_NODENAME": job["node"],
            "SLURM_NODEID": 0,
            "SLURM_PROCID": 0,
            "SLURM_LOCALID": 0,
            "SLURM_TASK_PID": os.getpid(),
            processes.CLUSTER: self._database.folder,
            processes.JOB: job["id"],
        }
        # As Slurm: a job that was never requeued has no restart count, and one without GPUs no devices.
        if job["restarts"]:
            made["SLURM_RESTART_COUNT"] = job["restarts"]
        if job["gpus"]:
            made["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, range(job["gpus"])))
            made["SLURM_GPUS_ON_NODE"] = job["gpus"]
        return {**json.loads(job["env"]), **{name: str(value) for name, value in made.items()}}

    def _over(self):
        """Whether the script has ended; then its status is kept."""
        if self._status is None:
            pid, status = os.waitpid(self._script, os.WNOHANG)
            if pid:
                self._status = status
        return self._status is not None

    def _wish(self, finished=False):
        """What somebody asked for; after the script's end only what the controller decided before it."""
        with self._database:
            job = self._database.job(self._job["id"])
            if job is None:
                return GONE
            wish = job["wish"]
            if finished:
                self._database.change(job["id"], state="COMPLETING")
                return "" if wish == "preempt" else wish
            return wish

    def _abandoned(self):
        """Whether the test that made the cluster was killed, and so could not end it; nothing starts any more then."""
        pid, birth = self._database.get("owner").split()
        if processes.birth(pid) == birth:
            return False
        self._database.set("slots", 0)
        return True

    def _preempt(self):
        """The grace time is over: back into the queue."""
        with self._database:
            job = self._database.job(self._job["id"])
            if job is None or job["wish"] != "preempt":
                return
            if job["requeueable"]:
                self._database.end_attempt(job, "PREEMPTED")
            else:
                self._database.change(job["id"], wish="cancel")

    def _warn(self):
        """The job's own --signal: to the processes of its steps, or with B: to the script alone."""
        if not self._job["signal"]:
            return
        steps = processes.find(self._database.folder, self._job["id"], steps_only=True)
        processes.send([self._script] if self._job["signal_batch"] else steps, self._job["signal"])

    def _end(self, why, wait_s):
        """SIGTERM to all, SIGKILL to who is left after `wait_s`, until nobody is left."""
        cluster, job_id = self._database.folder, self._job["id"]
        if why != GONE:
            with self._database:
                if self._database.job(job_id) is not None:
                    self._database.change(job_id, state="COMPLETING")
        until = time.monotonic() + wait_s
        pids = processes.find(cluster, job_id)
        if wait_s:
            # A real `scontrol requeue` is gone by the time its job hears of it; in Python it needs some moments more.
            processes.send([pid for pid in pids if not processes.is_command(pid)], signal.SIGTERM)
        while time.monotonic() < until and (pids := processes.find(cluster, job_id)):
            self._sleep(0.02)
            self._over()
        processes.kill(cluster, job_id)
        while not self._over():
            self._sleep(0.02)
        if (later := self._wish()) in ("cancel", "requeued", GONE):
            why = later  # asked for while the job was ending
        return why, self._status

    def _sleep(self, seconds):
        signal.sigtimedwait(WAKE, max(0.0, seconds))


def _interpreter(script):
    """What the first line names, as execve reads it: a path, and at most one argument."""
    first = script.split(b"\n", 1)[0][2:].decode().strip()
    return first.split(None, 1)


def main(database, arguments):
    supervise(database, int(arguments[0]))
    return 0


if __name__ == "__main__":
    sys.exit("Started by engine.py.")
