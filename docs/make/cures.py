"""The page of cures: what each does, whose it is, when to choose it, and what it costs.

    python benchmarks/step_time.py --cures points > docs/cures/points.txt     # the costs, a minute each
    python benchmarks/step_time.py --cures images > docs/cures/images.txt
    python -m truth.cures run --into FOLDER                                   # the trials, some hours
    python -m truth.cures collect --into FOLDER
    python -m docs.make.cures            # writes docs/cures.md, and the README's sentence on trials

Names, sources, options and defaults are those of the options classes, and the verdicts those whose failures have the
cure among their remedies. Only the columns "for" and the cures that are neither a penalty nor a stabilizer are written
here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from docs.make.trials import Row, section, with_headline
from ganlab.config.base import Options
from ganlab.config.load import load_experiment
from ganlab.config.penalties import PENALTIES, PenaltyOptions
from ganlab.config.schema import descriptions
from ganlab.config.stabilizers import STABILIZERS
from ganlab.diagnosis.failures import FAILURES
from truth.cures import read_trials

PAGE = Path(__file__).parents[1] / "cures.md"
COSTS = PAGE.parent / "cures"
README = Path(__file__).parents[2] / "README.md"
KINDS = ("points", "images")
"""Data that the costs are of, a file and a column each."""

OPENING = """# Cures

Made by `python -m docs.make.cures` from the options classes in `src/ganlab/config/`.

Settings that keep a GAN from failing. Each verdict proposes those that fit its run, [`ganlab treat RUN`](treat.md)
tries them next to controls, and [benchmarks.md](benchmarks.md) compares some of them on four data sets. To choose one
yourself, start here (most of what comes first was verified in the trials below, or in the benchmark of few images):

| what you see | try first | then |
| --- | --- | --- |
| modes are missing, samples look alike | a larger `latent.dim` if it is small, `r1` | relativistic loss with \
`r1` and `r2`, `packing` |
| the generator goes from mode to mode | `r1` | `packing`, `lookahead` |
| losses circle or swing | `r1` | `optimism`, `lookahead`, `consensus` |
| the discriminator wins, the generator stops | spectral norm, `label_smoothing` | relativistic loss with `r1` \
and `r2`, a smaller discriminator |
| losses jump, NaN | `r1`, spectral norm | a lower learning rate, `gradient_clipping` |
| few training images, known by heart | `diff_augment` or `r1` | `ada`, `lecam`, dropout |

Penalties and stabilizers are lists in the experiment file:

```yaml
penalties:
  - {name: r1, weight: 1.0, every: 4}
stabilizers:
  - {name: packing, size: 2}
  - {name: lookahead}
```

On the command line a list is replaced as a whole: `ganlab train ring 'penalties=[{name: r1}]'`. Several cures can be
combined; `ganlab validate` refuses combinations that make no sense, with the reason. In the tables, D is the
discriminator and G the generator.
"""

HEADING = "## Parts\n"

COST = """The last two columns are the time of a training step with the cure at its defaults, as a multiple of the time
without it, on one thread: `points` on the small networks of `configs/ring.yaml`, in batches of 128; `images` on the
DCGAN of `configs/dcgan_mnist.yaml`, its generator half as wide and without batch norm in the discriminator (processor
time, `python benchmarks/step_time.py --cures`).
"""

FOR = {
    "r1": "oscillation, cycling, a discriminator that wins or overfits: the usual first choice",
    "r2": "missing modes, together with `r1` and `loss: relativistic` (R3GAN)",
    "wgan_gp": "`loss: wasserstein`, whose critic has to be kept from becoming ever steeper",
    "zero_centred_line": "exploding gradients and a discriminator that overfits",
    "dragan": "a discriminator that becomes steep around the reals and wins",
    "lecam": "few training images, also next to `diff_augment` or `ada`",
    "label_smoothing": "an overconfident discriminator; only for losses with target labels",
    "instance_noise": "a discriminator that wins because reals and fakes hardly overlap",
    "weight_clipping": "`loss: wasserstein` as first published; `wgan_gp` has taken its place",
    "packing": "missing modes, samples that look alike",
    "top_k": "stray samples between the modes",
    "feature_matching": "a generator that overtrains on the current discriminator",
    "unrolling": "missing modes and cycling, on small networks",
    "consensus": "oscillation, on small networks",
    "optimism": "players that circle each other",
    "lookahead": "players that circle each other, cycling",
    "gradient_clipping": "single batches that throw the networks far; divergence",
    "historical_averaging": "players that circle each other, cycling",
    "diff_augment": "few training images, with changes of fixed strength",
    "ada": "few training images, if the right strength is unknown",
    "replay": "a generator that returns to modes which the discriminator has forgotten",
}
"""When to choose each part."""

SETTINGS = (
    (
        "`loss: relativistic` with `r1` and `r2`",
        "D compares each real with a fake, and both penalties let the game converge (R3GAN: Huang et al. 2024).",
        "missing modes",
        "relativistic, r1 and r2",
    ),
    (
        "`every: 16` on a penalty",
        "Only each 16th update has the penalty, 16 times as strong (Karras et al. 2020, StyleGAN2, section 3.1).",
        "penalties that take too long",
        "r1, every: 16",
    ),
    (
        "`discriminator.minibatch: stddev`",
        "D's output sees the standard deviation of the batch (Karras et al. 2018, section 3).",
        "missing modes",
        "minibatch: stddev",
    ),
    (
        "`discriminator.minibatch: discrimination`",
        "D's output sees how close each sample is to the others, by trained measures (Salimans et al. 2016, section "
        "3.2).",
        "missing modes, with small batches",
        "minibatch: discrimination",
    ),
    (
        "`discriminator.dropout: 0.3`",
        "Training sets 30 % of each hidden layer's outputs to 0 (Srivastava et al. 2014).",
        "few training images",
        "dropout: 0.3",
    ),
    (
        "`discriminator.norm: spectral`",
        "Each weight is divided by its largest singular value (Miyato et al. 2018).",
        "a discriminator that becomes too steep",
        "spectral norm",
    ),
    (
        "`discriminator.activation: maxout`",
        "In `mlp`: each unit is the largest of `pieces` linear ones (Goodfellow et al. 2013).",
        "PacGAN's set-up of ring and grid",
        None,
    ),
    (
        "`generator.name`, `discriminator.name: resnet`",
        "A residual pair that trains without normalisation (Huang et al. 2024), or with SNGAN's (Miyato et al. 2018).",
        "recipes that go without batch normalisation, such as R3GAN's",
        None,
    ),
    (
        "`training.ema_half_life: 20000`",
        "The generator's moving average forgets half in that many samples, whatever the batch (Karras et al. 2022).",
        "samples that change from step to step; the average hides it but does not end it",
        None,
    ),
    (
        "`data.keep_densest: 0.5`",
        "Only the densest half of each class is trained on (instance selection: DeVries et al. 2020).",
        "better images at the price of variety",
        None,
    ),
)
"""Cures that are neither penalty nor stabilizer: how they are written, what they do, what for, their cost's name."""


def page(costs: Mapping[str, Mapping[str, str]], trials: Sequence[Row]) -> str:
    """Return the page, given how many times as long a step takes with each cure, by kind of data, and the trials."""

    def cost(name: str | None) -> str:
        return " | ".join(costs[kind].get(name, "-") if name else "-" for kind in KINDS)

    proposed = verdicts()
    lines = [OPENING, section(trials), HEADING, COST]
    for heading, parts in (("Penalties", PENALTIES), ("Stabilizers", STABILIZERS)):
        lines += [
            f"### {heading}\n",
            "| name | what it does | for | [verdicts](verdicts.md) that propose it | points | images |",
        ]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        for name, entry in parts.items():
            proposing = ", ".join(proposed.get(name, ()))
            cells = (f"`{name}`", summary(entry.options), FOR[name], proposing)
            lines.append(f"| {' | '.join(cells)} | {cost(name)} |")
        lines.append("")
    lines += [
        "## Other settings\n",
        "| setting | what it does | for | points | images |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [f"| {cell(a)} | {cell(b)} | {cell(c)} | {cost(d)} |" for a, b, c, d in SETTINGS]
    lines += ["", "## Options\n", "| cure | option | default | what it says |", "| --- | --- | --- | --- |"]
    lines.append(option("any penalty", "every", PenaltyOptions))
    lines += [
        option(f"`{name}`", key, entry.options)
        for name, entry in {**PENALTIES, **STABILIZERS}.items()
        for key in entry.options.model_fields
        if key != "name" and not (name in PENALTIES and key == "every")
    ]
    return "\n".join([*lines, ""])


def summary(options: type[Options]) -> str:
    """Return what an options class says that it is, in its first sentence."""
    return cell((options.__doc__ or "").splitlines()[0])


def cell(text: str) -> str:
    """Return text on one line, as a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def option(name: str, key: str, options: type[Options]) -> str:
    """Return the row of an option of a part."""
    return f"| {name} | `{key}` | {value(options.model_fields[key].default)} | {cell(descriptions(options)[key])} |"


def value(default: Any) -> str:
    """Return a default as YAML has it."""
    return json.dumps(default).replace('"', "")


def verdicts() -> dict[str, list[str]]:
    """Return the failures, without their variants, among whose remedies each part is, by the part's name."""
    runs = [load_experiment("dcgan_mnist"), load_experiment("ring", ["loss=wasserstein"])]
    found: dict[str, dict[str, None]] = {}
    for failure in FAILURES:
        changes = [cure.change(run) for cure in failure.cures if cure.change for run in runs]
        for name in dict.fromkeys(part["name"] for change in changes for part in added(change)):
            found.setdefault(name, {})[failure.name.partition("/")[0].replace("_", " ")] = None
    return {name: list(failures) for name, failures in found.items()}


def added(change: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Return the penalties and stabilizers of a remedy's change."""
    return [*change.get("penalties", ()), *change.get("stabilizers", ())]


def read_costs() -> dict[str, dict[str, str]]:
    """Return the multiples that `benchmarks/step_time.py --cures` printed, by kind of data and cure."""
    return {
        kind: dict(re.findall(r"^  (\S.*?) +(\d+\.\d+)$", (COSTS / f"{kind}.txt").read_text(), re.MULTILINE))
        for kind in KINDS
    }


if __name__ == "__main__":
    PAGE.write_text(page(read_costs(), read_trials()))
    README.write_text(with_headline(README.read_text(), read_trials()))
