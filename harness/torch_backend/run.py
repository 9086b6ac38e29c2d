"""A run from its folder: start or go on, one record a step, checkpoints, and an end that the folder states."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch

from harness.assets import model_folder
from harness.config import RunConfig
from harness.errors import ConfigError
from harness.runs import RunFolder, RunState
from harness.torch_backend.threads import set_threads
from harness.torch_backend.trainer import Trainer

OnStep = Callable[[int, Mapping[str, float]], None]


def execute(folder: RunFolder, on_step: OnStep | None = None) -> RunState:
    """Train the run of `folder` from where it stands to its end or to a stop request; COMPLETE or STOPPED.

    The caller holds the run's lock and records a failure. `on_step` sees each record after it is on disk.
    """
    config = RunConfig.from_dict(folder.manifest()["config"])
    if config.trainer.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "trainer.device must be a device of this machine", "'cuda', and torch finds none", "Set trainer.device=cpu."
        )
    set_threads(config.trainer.threads)
    newest = folder.latest_checkpoint()
    checkpoint = None if newest is None else folder.checkpoint_dir(newest)
    trainer = Trainer(config, model_folder(config.model.path), checkpoint)
    loop = _Loop(folder, config, trainer, folder.begin_attempt(trainer.progress.step), on_step)
    outcome = loop.run()
    folder.end_attempt(outcome, trainer.progress.step)
    if outcome is RunState.COMPLETE:
        folder.mark_done()
    return outcome


class _Loop:
    def __init__(
        self, folder: RunFolder, config: RunConfig, trainer: Trainer, attempt: int, on_step: OnStep | None
    ) -> None:
        self.folder, self.config, self.trainer, self.attempt, self.on_step = (
            folder,
            config,
            trainer,
            attempt,
            on_step,
        )

    def run(self) -> RunState:
        progress, steps = self.trainer.progress, self.config.trainer.steps
        if progress.step == 0:
            self._record({})
        while progress.step < steps:
            if self.folder.stop_requested(progress.step):
                self._save()
                return RunState.STOPPED
            metrics = self.trainer.step()
            self._record(metrics)
            if progress.step % self.config.checkpoint.every == 0:
                self._save()
        self._save()
        return RunState.COMPLETE

    def _record(self, metrics: dict[str, float]) -> None:
        """Append the record of the present step, with a validation where one is due."""
        step, config = self.trainer.progress.step, self.config
        if step in (0, config.trainer.steps) or step % config.validation.every == 0:
            started = time.perf_counter()
            validation = self.trainer.validate()
            # Samples first: a record that says mean@n must have its samples on disk.
            self.folder.write_samples(step, validation.samples)
            metrics = {**metrics, **validation.metrics, "timing_s/testing": time.perf_counter() - started}
        self.folder.append_metrics(step, metrics, self.attempt)
        if self.on_step is not None:
            self.on_step(step, metrics)

    def _save(self) -> None:
        step = self.trainer.progress.step
        if step == 0 or step in self.folder.checkpoint_steps():
            return
        with self.folder.writing_checkpoint(step) as temporary:
            self.trainer.save(temporary)
        self.folder.retain_checkpoints(self.config.checkpoint.keep)
