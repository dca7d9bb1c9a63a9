"""One factor at a time: what of our runs could be why they differ from the guide's figures, docs/guide/one_factor.json.

    python -m docs.make.one_factor           all, about 15 minutes of processor time; those measured before are kept
    python -m docs.make.guide                docs/guide.md, which shows them

Each run is one of ours with a single change: a setting that the guide's code and ours may not share, or what Keras does
and PyTorch does not. Those that no experiment can say are made on the networks and the game before the first step.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from docs.make.guide import LEVELS, course
from ganlab.config.experiment import Experiment
from ganlab.config.load import apply_overrides, load_experiment
from ganlab.data import load
from ganlab.games.rounds import Draw, Round
from ganlab.objectives.parts import Trace
from ganlab.runs.files import write_json
from ganlab.training.optimizers import build_optimizer
from ganlab.training.process import process_settings
from ganlab.training.step import train_step
from ganlab.training.workbench import Workbench, build_workbench

MEASURED = Path(__file__).parents[1] / "guide" / "one_factor.json"
COMMAND = "python -m docs.make.one_factor"
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Study:
    """A run of ours that misses a figure of the guide.

    Attributes:
        config: the experiment.
        steps: steps that show whether it does.
        last: iterations at the end whose medians are compared.
    """

    config: str
    steps: int
    last: int = 100


STUDIES = {
    "a": Study("failures/guide_mixed_batch_norm", steps=30, last=10),
    "b": Study("failures/adam_1e-3_beta_09", steps=600),
    "collapse": Study("failures/latent_1", steps=600),
}
"""The guide's runs that miss a figure: the first at full size, where it takes 30 iterations, the others reduced."""


@dataclass(frozen=True)
class Factor:
    """A single change.

    Attributes:
        words: what is changed.
        overrides: how an experiment says it.
        halved: whether batches have half the size.
        act: how it is made where no experiment can say it.
        studies: the runs that it is a change of.
    """

    words: str
    overrides: tuple[str, ...] = ()
    halved: bool = False
    act: Callable[[Workbench], None] | None = None
    studies: tuple[str, ...] = tuple(STUDIES)


def norms(bench: Workbench) -> list[nn.BatchNorm2d]:
    """Return the discriminator's layers of batch normalisation."""
    return [layer for layer in bench.state.discriminator.modules() if isinstance(layer, nn.BatchNorm2d)]


def keras_epsilon(bench: Workbench) -> None:
    """Add 1e-3 to the variance, as Keras does; PyTorch adds 1e-5."""
    for layer in norms(bench):
        layer.eps = 1e-3


def unit_scales(bench: Workbench) -> None:
    """Start the scales at 1, as Keras does; DCGAN's start is N(1, .02)."""
    for layer in norms(bench):
        nn.init.ones_(layer.weight)


def frozen_norms(bench: Workbench) -> None:
    """Let the generator be judged with running statistics of momentum .99: a layer that Keras freezes, from TF 2 on."""
    judge = bench.game.generator_loss
    discriminator = bench.state.discriminator
    for layer in norms(bench):
        layer.momentum = 0.01

    def judged(round: Round) -> Tensor:
        discriminator.eval()
        loss = judge(round)
        discriminator.train()
        return loss

    bench.game.generator_loss = judged  # type: ignore[method-assign]


def shared_norms(bench: Workbench) -> None:
    """Let the generator's update move the discriminator's scales and shifts too, where only its weights are frozen."""
    own = [parameter for layer in norms(bench) for parameter in layer.parameters()]
    optimizer = bench.state.generator_optimizer
    optimizer.parameters = [*optimizer.parameters, *own]
    optimizer.optimizer = build_optimizer(optimizer.parameters, optimizer.options)
    judge = bench.game.generator_loss

    def judged(round: Round) -> Tensor:
        for parameter in own:
            parameter.requires_grad_(True)
        return judge(round)

    bench.game.generator_loss = judged  # type: ignore[method-assign]


def shared_latents(bench: Workbench) -> None:
    """Update the generator on the latents that the discriminator has just seen."""
    draw = bench.game.inputs

    def drawn(stream: str, count: int, number: int = 0, held_out: bool = False) -> Draw:
        return draw(stream.replace("latent/generator", "latent/discriminator"), count, number, held_out)

    bench.game.inputs = drawn  # type: ignore[method-assign]


def narrow_dense(bench: Workbench) -> None:
    """Start the discriminator's last layer at N(0, .02) as the others; Keras's Dense starts Glorot uniform."""
    nn.init.normal_(bench.state.discriminator.output.weight, 0.0, 0.02)  # type: ignore[arg-type, union-attr]


def keras_slope(bench: Workbench) -> None:
    """Give the rectifiers Keras's own slope of .3 instead of the guide's .2."""
    for network in (bench.state.generator, bench.state.discriminator):
        for layer in network.modules():
            if isinstance(layer, nn.LeakyReLU):
                layer.negative_slope = 0.3


def keras_clipping(bench: Workbench) -> None:
    """Clip probabilities to [1e-7, 1 - 1e-7] as Keras's cross-entropy does: no gradient comes from beyond."""
    most = float(np.log((1 - 1e-7) / 1e-7))
    bench.state.discriminator.register_forward_hook(lambda _layer, _inputs, scores: scores.clamp(-most, most))


FACTORS = {
    "none": Factor("none: our run"),
    "seed": Factor("another seed", ("seed=1",)),
    "norm_none": Factor("no batch norm in D, as printed", ("discriminator.norm=none",)),
    "frozen": Factor("G judged with D's running statistics, momentum .99 (Keras, frozen)", act=frozen_norms),
    "shared_norms": Factor("G's update also moves the scales and shifts of D's batch norm", act=shared_norms),
    "epsilon": Factor("batch norm's epsilon 1e-3 (Keras)", act=keras_epsilon),
    "unit_scales": Factor("batch norm's scales start at 1 (Keras)", act=unit_scales),
    "summed": Factor("D: one update on the sum", ("training.discriminator_batches=summed",), studies=("b", "collapse")),
    "mixed": Factor(
        "D: real and fake in one batch", ("training.discriminator_batches=mixed",), studies=("b", "collapse")
    ),
    "rate": Factor(
        "Adam at 1e-3 with beta1 .9", ("optimizer.lr=1e-3", "optimizer.betas=[0.9, 0.999]"), studies=("a", "collapse")
    ),
    "adam_epsilon": Factor("Adam's epsilon 1e-8 (PyTorch)", ("optimizer.eps=1e-8",)),
    "glorot": Factor("all weights start Glorot uniform", ("weight_init.name=xavier",)),
    "dense": Factor("D's last layer starts at N(0, .02)", act=narrow_dense),
    "generator_norm": Factor("batch norm in G too", ("generator.norm=batch",)),
    "slope": Factor("LeakyReLU with slope .3 (Keras)", act=keras_slope),
    "clipping": Factor("probabilities clipped at 1e-7 (Keras)", act=keras_clipping),
    "latents": Factor("G updated on D's latents", act=shared_latents),
    "smoothing": Factor("targets .9 for real images", ("stabilizers=[{name: label_smoothing}]",)),
    "half": Factor("half the images in each batch", halved=True),
    "digits": Factor("all ten digits", ("data.classes=[0,1,2,3,4,5,6,7,8,9]",)),
}
"""The changes, by the name under which they are kept."""


def changed(study: Study, factor: Factor) -> Experiment:
    """Return the experiment with the change, as far as it can say it."""
    experiment = load_experiment(study.config)
    overrides = list(factor.overrides)
    if factor.halved:
        training = experiment.training
        overrides += [f"training.batch_size={training.batch_size // 2}"]
        overrides += [f"training.generator_batch_size={training.generator_batch // 2}"]
    return apply_overrides(experiment, [*overrides, f"training.steps={study.steps}", "training.ema=0"])


def seen(trace: Trace) -> dict[str, float]:
    """Return the losses and accuracies of one step."""
    shares = {"d_acc_real": trace.real_scores > 0, "d_acc_fake": trace.fake_scores <= 0}
    values = {**trace.losses, **{key: right.float().mean() for key, right in shares.items()}}
    return {key: float(values[key]) for key in LEVELS}


def measure(study: Study, factor: Factor) -> Mapping[str, Any]:
    """Train a run with a single change and return what its curves show."""
    experiment = changed(study, factor)
    with process_settings(CPU, experiment.training, threads=1):
        bench = build_workbench(experiment, load(experiment.data, experiment.training.batch_size), CPU)
        if factor.act is not None:
            factor.act(bench)
        rows = [seen(train_step(bench.state, bench.game, bench.feed)) for _ in range(study.steps)]
    curves = {key: np.array([row[key] for row in rows]) for key in LEVELS}
    return course(np.arange(1, study.steps + 1), curves, study.last)


def main() -> None:
    """Measure what is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=f"of {', '.join(STUDIES)}; all if left out")
    found = json.loads(MEASURED.read_text())["runs"] if MEASURED.is_file() else {}
    for key in parser.parse_args().studies or STUDIES:
        for name, factor in FACTORS.items():
            if key in factor.studies and name not in found.setdefault(key, {}):
                found[key][name] = measure(STUDIES[key], factor)
                print(f"{key}: {factor.words}", flush=True)
            words = {name: factor.words for name, factor in FACTORS.items()}
            write_json(MEASURED, {"command": COMMAND, "changes": words, "runs": found})


if __name__ == "__main__":
    main()
