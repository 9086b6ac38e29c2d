"""RunFolder: the parts of a run folder under one name; each part's module states its guarantees."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import RunFolderError
from harness.runs import attempts, checkpoints, pauses, provenance, samples
from harness.runs.atomic import remove_leftovers, write_file
from harness.runs.manifest import (
    SCHEMA,
    Manifest,
    RunState,
    merged,
    now,
    read_manifest,
    write_manifest,
)
from harness.runs.metrics import MetricsWriter, Record, last_record, read_records, stitch


class RunFolder:
    """A run's folder. Reading needs nothing; whoever writes holds ``RunLock(path)``."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.manifest_path = self.path / "manifest.json"
        self.metrics_path = self.path / "metrics.jsonl"
        self.samples_path = self.path / "samples"
        self.checkpoints_path = self.path / "checkpoints"
        self.log_path = self.path / "log.txt"
        self.stop_path = self.path / "stop"
        self.pause_path = self.path / "pause"
        self.cancelled_path = self.path / "cancelled"
        self.done_path = self.path / "DONE"
        self._writer: MetricsWriter | None = None

    @classmethod
    def create(
        cls,
        path: Path | str,
        config: Mapping[str, Any],
        schedule: Mapping[str, Any] | None = None,
        origin: provenance.Provenance | None = None,
    ) -> RunFolder:
        """Makes the folder and its manifest, state CREATED; refused where a manifest already is.

        ``config`` is the resolved configuration; its ``seed`` and ``trainer.{steps,threads,device}`` are
        repeated at the manifest's top level. ``schedule`` is BandSchedule.to_dict(), horizon included.
        """
        run = cls(path)
        if run.exists():
            raise RunFolderError(
                "a run must be created in a folder without one",
                f"{str(run.path)!r}, which has a manifest",
                "Resume that run, or choose another folder.",
            )
        origin = origin or provenance.collect()
        run_id = secrets.token_hex(4)
        trainer = config["trainer"]
        run.path.mkdir(parents=True, exist_ok=True)
        manifest = Manifest(
            schema=SCHEMA,
            run_id=run_id,
            state=RunState.CREATED,
            reason=None,
            config=dict(config),
            schedule=dict(schedule) if schedule is not None else None,
            seed=config["seed"],
            steps=trainer["steps"],
            git=origin.git,
            packages=origin.packages,
            host=origin.host,
            python=origin.python,
            threads=trainer["threads"],
            device=trainer["device"],
            attempts=[],
            created=now(),
            started=None,
            ended=None,
            wandb_id=run_id,
        )
        write_manifest(run.manifest_path, manifest)
        return run

    def exists(self) -> bool:
        """Whether the folder has a manifest."""
        return self.manifest_path.is_file()

    # --- manifest -----------------------------------------------------------------------------------

    def manifest(self) -> Manifest:
        return read_manifest(self.manifest_path)

    def update(self, **fields: Any) -> Manifest:
        """Replaces fields of the manifest atomically and returns it; unknown fields are refused."""
        manifest = merged(self.manifest(), fields)
        write_manifest(self.manifest_path, manifest)
        return manifest

    def begin_attempt(self, from_step: int) -> int:
        """Enters a new attempt that continues after ``from_step`` (0: from the start); its number, from 1.

        Earlier attempts without an end were killed: they get that outcome and the last step they wrote.
        """
        last = self.last_record()
        manifest = attempts.begun(self.manifest(), from_step, last)
        write_manifest(self.manifest_path, manifest)
        remove_leftovers(self.samples_path)
        return len(manifest["attempts"])

    def end_attempt(self, outcome: RunState, to_step: int, reason: str | None = None) -> None:
        """Ends the present attempt STOPPED, FAILED or COMPLETE; a stop request ends with it."""
        write_manifest(self.manifest_path, attempts.ended(self.manifest(), outcome, to_step, reason))
        self.clear_stop()

    def record_death(self, reason: str) -> None:
        """Writes FAILED for a process that died without doing so; whoever calls it holds the lock."""
        last = self.last_record()
        write_manifest(self.manifest_path, attempts.buried(self.manifest(), reason, last))
        self.clear_stop()

    # --- metrics and samples ------------------------------------------------------------------------

    def append_metrics(self, step: int, data: Mapping[str, float | None], attempt: int) -> None:
        """Appends one record, whole; the first call cuts off what a killed writer left unterminated."""
        if self._writer is None:
            self._writer = MetricsWriter(self.metrics_path)
        self._writer.append(step, data, attempt)

    def metrics(self) -> list[Record]:
        """One record a step across all attempts, ascending by step."""
        return stitch(read_records(self.metrics_path))

    def last_record(self) -> Record | None:
        """The record written last, at a cost that does not grow with the run."""
        return last_record(self.metrics_path)

    def write_samples(self, step: int, rows: Iterable[Mapping[str, Any]]) -> None:
        samples.write_samples(self.samples_path, step, rows)

    def samples(self, step: int) -> list[dict[str, Any]]:
        return samples.read_samples(self.samples_path, step)

    def samples_steps(self) -> list[int]:
        return samples.samples_steps(self.samples_path)

    # --- checkpoints --------------------------------------------------------------------------------

    @contextmanager
    def writing_checkpoint(self, step: int) -> Iterator[Path]:
        """Yields a temporary folder that becomes the checkpoint of ``step``; metrics reach the disk first."""
        with checkpoints.writing(self.checkpoints_path, step) as temporary:
            yield temporary
            if self._writer is not None:
                self._writer.sync()

    def checkpoint_dir(self, step: int) -> Path:
        """Where the checkpoint of ``step`` is, or would be."""
        return self.checkpoints_path / checkpoints.step_name(step)

    def checkpoint_steps(self) -> list[int]:
        return checkpoints.steps_in(self.checkpoints_path)

    def latest_checkpoint(self) -> int | None:
        """Step of the newest complete checkpoint, or None."""
        return max(self.checkpoint_steps(), default=None)

    def retain_checkpoints(self, keep: int) -> list[int]:
        """Removes all but the newest ``keep`` (at least 1) checkpoints; the steps removed."""
        return checkpoints.retain(self.checkpoints_path, keep)

    # --- requests and markers -----------------------------------------------------------------------

    def request_stop(self, asker: str = "") -> None:
        """Asks the run's process to checkpoint at the end of its step and end as STOPPED.

        ``asker`` is who asks: a job that is about to lose its machine withdraws its own request when it starts again.
        """
        # Whoever asks does not hold the lock, so it may leave no temporary file here.
        self.stop_path.write_text(asker)

    def stop_requested(self, step: int | None = None) -> bool:
        """Whether it shall checkpoint and end as STOPPED now: a stop request, or a pause at `step`, the step it has
        done, or before it. Raises RunFolderError where the pause cannot be read."""
        if self.stop_path.exists():
            return True
        pause = None if step is None else self.paused_at()
        return step is not None and pause is not None and pause <= step

    def pause_at(self, step: int | None) -> None:
        """Asks the run to checkpoint and end as STOPPED at the end of `step` exactly, or at once where that is behind
        it; None withdraws that. Unlike a stop request it stays: a run that is started again meanwhile ends again."""
        pauses.write(self.pause_path, step)

    def paused_at(self) -> int | None:
        """The step it shall not go beyond; None where nobody asked."""
        return pauses.read(self.pause_path)

    def stop_asker(self) -> str | None:
        """Who asked it to stop; None where nobody did."""
        try:
            return self.stop_path.read_text()
        except FileNotFoundError:
            return None

    def clear_stop(self) -> None:
        """Withdraws a stop request; done before a run is started again, never by its own start."""
        self.stop_path.unlink(missing_ok=True)

    def cancel(self, reason: str) -> None:
        """Marks the run as not to be started again by a sweep, until the mark is withdrawn."""
        self.cancelled_path.write_text(reason)

    def cancelled(self) -> str | None:
        """Why it is not to be started again; None where it is not cancelled."""
        try:
            return self.cancelled_path.read_text()
        except FileNotFoundError:
            return None

    def withdraw_cancel(self) -> None:
        self.cancelled_path.unlink(missing_ok=True)

    def mark_done(self) -> None:
        """Writes the completion marker, after everything else."""
        write_file(self.done_path, now().encode() + b"\n")

    def is_done(self) -> bool:
        return self.done_path.exists()
