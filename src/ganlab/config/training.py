"""How long, how large, how precise, and what is watched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ganlab import verdicts
from ganlab.config.base import Options, Problem, Suggested

BatchSize = Annotated[int, Field(ge=1, le=65536)]
Steps = Annotated[int, Field(ge=1, le=10**9)]
Updates = Annotated[int, Field(ge=1, le=1000)]


class TrainingOptions(Options):
    """The training loop."""

    steps: Steps = 2000
    """Number of training steps; a step is `discriminator_steps` and then `generator_steps` updates."""
    batch_size: BatchSize = 64
    """Real samples in one discriminator update, and the same number of generated ones."""
    generator_batch_size: BatchSize | None = None
    """Generated samples in one generator update. Left out: `batch_size`."""
    discriminator_steps: Updates = 1
    """Discriminator updates in a step."""
    generator_steps: Updates = 1
    """Generator updates in a step."""
    discriminator_batches: Literal["summed", "separate", "mixed"] = "summed"
    """`summed`: one update on the sum of both losses, reals and fakes each in a forward pass of their own.
    `separate`: one update on reals, then one on fakes. `mixed`: one forward pass over both together."""
    device: Annotated[str, Field(pattern=r"^(auto|cpu|mps|cuda(:\d{1,3})?)$")] = "auto"
    """`auto` (CUDA, else MPS, else CPU), `cpu`, `mps`, `cuda` or `cuda:N`."""
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    """Threads of the CPU. Left out: OMP_NUM_THREADS if set, else one where steps are short, else PyTorch's choice."""
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """Precision of the networks' forward passes (autocast); float16 scales its gradients."""
    compile: bool = False
    """Compile the networks with torch.compile: slower to start, faster on long runs."""
    deterministic: bool = False
    """Only deterministic algorithms. The CPU needs no such help; on CUDA it is what makes a resume bit for bit."""
    ema: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.999
    """Largest decay of the generator's moving average: min(ema, (1 + t) / (10 + t)) at step t. 0: none is kept."""

    ema_half_life: Annotated[int, Field(ge=1, le=10**12)] | None = None
    """Samples, `batch_size` a step, after which the moving average has kept half of what it was, as EDM says it (Karras
    et al. 2022): the largest decay is then .5 ** (batch_size / ema_half_life), whatever the batch. Left out: `ema`."""

    def check(self, path: str) -> Iterator[Problem]:
        """The decay is said once."""
        yield from super().check(path)
        if self.ema_half_life is not None and self.ema != type(self).model_fields["ema"].default:
            yield Problem(
                f"{path}.ema_half_life",
                f"gives the moving average another decay than {path}.ema {self.ema}",
                f"leave {path}.ema out"
                + ("; it asks for no average" if self.ema == 0 else f", or {path}.ema_half_life"),
                (f"{path}.ema",),
            )

    @property
    def ema_decay(self) -> float:
        """Largest decay of the generator's moving average in a step; 0: there is none."""
        return self.ema if self.ema_half_life is None else 0.5 ** (self.batch_size / self.ema_half_life)

    @property
    def generator_batch(self) -> int:
        """Generated samples in one generator update."""
        return self.generator_batch_size or self.batch_size


class MonitorOptions(Options):
    """What is watched and kept."""

    snapshot_every: Steps = 100
    """Steps between snapshots: a grid from fixed latents, statistics of a sample. The first and last step have one."""
    snapshot_samples: Annotated[int, Field(ge=16, le=100_000)] = 1000
    """Samples drawn for a snapshot's statistics, and the same number of real ones, if there are that many."""
    keep_samples: bool = False
    """Also keep each snapshot's sample as numbers, `samples/step_<step>.npz`, so that it can be judged again later."""
    checkpoint_every: Steps = 500
    """Steps between checkpoints. The last step has one."""
    keep_checkpoints: Annotated[int, Field(ge=2, le=10_000)] = 2
    """Newest checkpoints kept, at least 2; the best by snapshot quality is kept besides."""
    page: bool = True
    """At the end, also make `page.html`: all of the run in one file, to look at and to send."""
    tensorboard: bool = False
    """Also write TensorBoard event files (needs the `tensorboard` extra)."""
    stop_on: Annotated[
        tuple[str, ...], Field(strict=False), Suggested(tuple(filter(verdicts.accuses, verdicts.KINDS)))
    ] = ()
    """Verdicts, `failure` or `failure/variant`, that end a run early: when it reads as one at its newest snapshots, at
    least 3 that span a tenth of its steps. NaN and Inf end any run at once."""

    def check(self, path: str) -> Iterator[Problem]:
        """Only a failure ends a run."""
        for verdict in self.stop_on:
            if wrong := verdicts.refusal(verdict, accusing=True):
                yield Problem(f"{path}.stop_on", *wrong)
