"""What losses alone say and what they do not, by their family and by what the trainer makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ganlab.config.objectives import Family
from ganlab.diagnosis.evidence import Evidence

SILENT: Mapping[Family, tuple[str, str]] = {
    "wasserstein": (
        "a critic's losses have no level that is good or bad",
        "; a NaN, an explosion or a critic that runs away would show in them, and none does",
    ),
    "relativistic": (
        "relativistic losses have no fixed level, so that a discriminator's near 0 is no failure by itself",
        "; a NaN or an explosion would show in them, and neither does",
    ),
}
"""What the losses of a family without fixed levels say, in addition to nothing; and what goes on where all of them are
finite."""

WEIGHTED = (
    "the adversarial loss is one term of a larger one, with a weight that is not known, so that its level says little",
    "; a NaN or an explosion would show in it, and neither does",
)

PLAIN_TERM = (
    "the adversarial loss is one term of a larger one, whose other terms may carry the training, so that its level "
    "says little",
    WEIGHTED[1],
)

ANY = ("losses alone cannot distinguish a healthy run from a collapsed one", ", and these prove no failure")

NOTHING = "there is neither a loss nor a sample or a metric that could be judged"


class Made(NamedTuple):
    """What a trainer makes, and how a person finds out whether it is any good."""

    what: str
    look: str


TABLES = Made(
    "rows",
    "compare each column of generated rows with the real one, and how columns go together; then train a model on "
    "generated rows and test it on real ones",
)
SOUND = Made("sounds", "listen to the same few held-out sentences at several checkpoints")
SERIES = Made("series", "compare generated series with real ones: their range, spectrum and autocorrelation")
TRANSLATIONS = Made(
    "images", "look at what becomes of the same few held-out inputs at several checkpoints, next to what should"
)

MADE: Mapping[str, Made] = {
    **dict.fromkeys(("CTGAN", "SDV"), TABLES),
    **dict.fromkeys(("HiFi-GAN", "VITS", "VITS (TensorBoard)", "ParallelWaveGAN", "coqui vocoder"), SOUND),
    "TimeGAN": SERIES,
    **dict.fromkeys(
        (
            "CycleGAN", "pix2pix", "pix2pixHD", "SPADE", "CUT", "BasicSR", "GFPGAN", "KAIR", "MMagic", "StarGAN",
            "translation (PyTorch-GAN)", "ESRGAN (PyTorch-GAN)", "pix2pix (TensorFlow)", "EdgeConnect",
            "pix2pix (TensorFlow tutorial)", "CycleGAN (keras.io)", "Wav2Lip", "VQGAN", "LlamaGen tokenizer",
        ),
        TRANSLATIONS,
    ),
}  # fmt: skip
"""By the trainer's name in the vocabulary, where it makes no images out of noise."""


NAME_SAMPLES = "name samples and real data: --samples samples.npz --real mnist, or use ganlab.Monitor"
"""How images and points are judged here."""


def made_by(evidence: Evidence) -> Made | None:
    """Return what the trainer of a log makes; None if it is not known, or images out of noise."""
    return None if evidence.read is None or evidence.read.trainer is None else MADE.get(evidence.read.trainer)


def how_to_look(evidence: Evidence) -> str:
    """Say how to find out whether what a run makes is any good."""
    made = made_by(evidence)
    if made is None:
        return NAME_SAMPLES
    return f"{made.look}; {NAME_SAMPLES}" if made is TRANSLATIONS else made.look


def why_nothing(evidence: Evidence, broken: str = "") -> str:
    """Say why losses alone prove nothing, and what they would show: the end of a sentence.

    Args:
        evidence: of a run without samples and metrics.
        broken: what is not finite in them and when, as the end of a sentence; nothing if all is.
    """
    if not evidence.curves:
        return NOTHING
    family = None if evidence.families else evidence.family  # one of several that are tried, or known
    if family is not None and family in SILENT:
        why, finite = SILENT[family]
    elif evidence.weighted:
        why, finite = PLAIN_TERM if evidence.plain_term else WEIGHTED
    else:
        why, finite = ANY
    return why + (f"; {broken}" if broken else finite)
