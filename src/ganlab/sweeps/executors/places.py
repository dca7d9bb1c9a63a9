"""Where a sweep's runs are trained, as its user says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ganlab.sweeps.executors import Executor
from ganlab.sweeps.executors.local import LocalExecutor, default_workers, threads_of
from ganlab.sweeps.folder import SweepFolder

Place = Literal["local", "ray", "slurm"]


@dataclass(frozen=True)
class Resources:
    """What runs are trained on.

    Attributes:
        place: `local`, worker processes on this machine; `ray` or `slurm`, a cluster.
        workers: local: runs side by side; None: one a GPU, else one a core.
        address: ray: the cluster's address.
        cpus: ray, slurm: cores of a run.
        gpus: ray, slurm: GPUs of a run.
        slurm: slurm: parameters of submitit, such as `slurm_partition`.
    """

    place: Place = "local"
    workers: int | None = None
    address: str = "auto"
    cpus: int = 1
    gpus: float = 0
    slurm: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Local workers."""
        return self.workers or default_workers()


def make_executor(resources: Resources, folder: SweepFolder) -> Executor:
    """Return who trains the runs of a sweep.

    Raises:
        GanlabError: the cluster cannot be reached, or its client is not installed.
    """
    if resources.place == "ray":
        from ganlab.sweeps.executors.ray import RayExecutor

        return RayExecutor(resources.address, resources.cpus, resources.gpus)
    if resources.place == "slurm":
        from ganlab.sweeps.executors.slurm import SlurmExecutor

        gpus = {"gpus_per_node": int(resources.gpus)} if resources.gpus else {}
        return SlurmExecutor(folder.path / "slurm", {"cpus_per_task": resources.cpus, **gpus, **resources.slurm})
    return LocalExecutor(resources.width, threads_of(resources.width), folder.log)
