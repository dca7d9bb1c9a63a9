"""What a trainer's file of options beside a log says of the run: the loss's family and the plan."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path

import numpy as np

from ganlab.config.objectives import Family
from ganlab.diagnosis.readers.lines import lines
from ganlab.diagnosis.readers.log import Log
from ganlab.text import excerpt

FILES = ("opt.txt", "train_opt.txt", "options.yml", "*.yml", "*.yaml", "hparams.yaml")
"""Files of options, as patterns of names."""

MAX_LINES = 2000

LOSS = re.compile(r"^\s*[\"']?(?:gan_mode|gan_type|adv_loss|gan_loss)[\"']?\s*:\s*[\"']?(?P<loss>[\w+-]+)")
EPOCHS = re.compile(r"^\s*(?:n_epochs|n_epochs_decay|niter|niter_decay)\s*:\s*(?P<epochs>[0-9]{1,7})\b")
STEPS = re.compile(r"^\s*(?:total_iter|total_iters|niter)\s*:\s*(?P<steps>[0-9_]{1,15}|[0-9.]+e[0-9]+)\s*(?:#.*)?$")

FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("vanilla", "bce", "nsgan", "logistic", "gan", "original", "minimax"), "cross_entropy"),
    **dict.fromkeys(("lsgan", "ls", "mse", "least_square", "least_squares"), "least_squares"),
    "hinge": "hinge",
    **dict.fromkeys(("wgan", "wgangp", "wgan-gp", "wgan_gp", "wasserstein"), "wasserstein"),
    "wgan_softplus": "cross_entropy",  # BasicSR's: the softplus of the logits
    **dict.fromkeys(("ragan", "rsgan", "rpgan", "relativistic"), "relativistic"),
}
"""Families by what options call the loss."""


def state_settings(log: Log, folder: Path) -> None:
    """State in a log's facts what the options in a folder say, where the log itself does not.

    The plan is the sum of pix2pix' `n_epochs` and `n_epochs_decay` (`niter`, `niter_decay`) in opt.txt, and BasicSR's
    `total_iter` in its YAML file. Two files that disagree on the loss say nothing.
    """
    files = [path for pattern in FILES for path in sorted(folder.glob(pattern)) if path.is_file()]
    losses: set[str] = set()
    for path in dict.fromkeys(files):
        epochs = 0
        for line in islice(lines(path), MAX_LINES):
            if found := LOSS.match(line):
                losses.add(found["loss"].lower())
            if path.suffix == ".txt" and (found := EPOCHS.match(line)):
                epochs += int(found["epochs"])
            elif path.suffix != ".txt" and log.facts.planned is None and (found := STEPS.match(line)):
                log.facts.planned = int(float(found["steps"].replace("_", "")))
        places = log.places()
        if epochs and np.isfinite(places["epoch"]).any() and not np.isfinite(places["epochs"]).any():
            log.set_place("epochs", np.where(np.isfinite(places["epoch"]), epochs, np.nan))
            log.facts.notes.append(f"{epochs:,} epochs are planned, says {excerpt(path.name)}")
    families = {FAMILIES[loss] for loss in losses if loss in FAMILIES}
    if log.facts.family is None and len(families) == 1 and len(losses) == 1:
        log.facts.family, log.facts.saturating = families.pop(), False
        log.facts.notes.append(f"the options beside the log name the loss {excerpt(losses.pop(), 40)}")
