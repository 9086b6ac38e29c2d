"""The same sleeping runs as an application of Hydra, in the environment of hydra-submitit-launcher alone."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig


@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(config: DictConfig) -> float:
    """The job's number chooses its time, whatever the sampler has drawn."""
    index = HydraConfig.get().job.num
    sleep_s = json.loads(Path(config.case).read_text())["times"][index]
    stamp("index", index)
    stamp("run_began", time.time())
    time.sleep(sleep_s)
    stamp("run_ended", time.time())
    return sleep_s


def stamp(word: str, value: float) -> None:
    with Path(os.environ["MAKESPAN_STAMP"]).open("a") as file:
        file.write(f"{word} {value!r}\n")


if __name__ == "__main__":
    main()
