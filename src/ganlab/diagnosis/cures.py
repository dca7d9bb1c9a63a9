"""The cures that several failures share, and in which order a failure tries them.

First what the run does otherwise than the recipes that work, as that is likely the cause; then what was shown to help
against this failure; then what is only practice. Those that a run already has, or that do not fit it, are left out.
"""

from __future__ import annotations

from dataclasses import replace

from ganlab.diagnosis.remedies import (
    Cure,
    added,
    another_seed,
    at_least,
    bounded_critic,
    current,
    doubled,
    equal_rates,
    fewer_updates,
    fuller_data,
    gradient_penalised_critic,
    halved,
    halved_rates,
    has_even_rates,
    has_huge_rates,
    has_low_rates,
    has_r1,
    longer,
    packed,
    relativistic_recipe,
    set_to,
    steadier_adam,
)

# What a run does otherwise than the recipes

STEADIER_ADAM = Cure(
    "steadier_adam",
    "Adam at 2e-4 with beta1 .5: smaller steps and less momentum keep the two networks in step",
    "Radford et al. 2015, section 3",
    steadier_adam,
    has_low_rates,
    glaring=has_huge_rates,
)
EQUAL_RATES = Cure(
    "equal_rates",
    "Give the generator the discriminator's learning rate: with less than a quarter of it, it cannot keep up",
    "Heusel et al. 2017; Zhang et al. 2018, whose discriminator has four times the rate",
    equal_rates,
    has_even_rates,
)
ONE_UPDATE_EACH = Cure(
    "one_update_each",
    "One update of each network per step, as in algorithm 1",
    "Goodfellow et al. 2014",
    fewer_updates("discriminator", "generator"),
)
ONE_DISCRIMINATOR_UPDATE = Cure(
    "one_discriminator_update",
    "One discriminator update per step gives the generator time to catch up",
    "Goodfellow et al. 2014, algorithm 1 (k = 1)",
    fewer_updates("discriminator"),
)
ONE_GENERATOR_UPDATE = Cure(
    "one_generator_update",
    "One generator update per step gives the discriminator time to follow",
    "Goodfellow et al. 2014, algorithm 1",
    fewer_updates("generator"),
)
FRESH_DISCRIMINATOR = replace(
    ONE_GENERATOR_UPDATE,
    why="One generator update per step: after many against the same discriminator, the next one sees through all fakes",
    seen=lambda evidence: True,  # where it wins this is the exception, and no log shows that it applies
)
NON_SATURATING = Cure(
    "non_saturating",
    "The non-saturating loss passes on a gradient however confident the discriminator is",
    "Goodfellow et al. 2014, section 3",
    lambda experiment: {"loss": "non_saturating"} if experiment.loss == "minimax" else {},
    seen=lambda evidence: evidence.saturating is False or evidence.family not in (None, "cross_entropy"),
)
FULLER_DATA = Cure("fuller_data", "Train on all of the data", "Karras et al. 2020 (ADA), figure 1", fuller_data)
LARGER_LATENT = Cure(
    "larger_latent",
    "A larger latent: too few numbers cannot represent all modes of the data",
    "Radford et al. 2015",
    at_least("latent.dim", 64),
    glaring=lambda experiment: current(experiment, "latent.dim", 64) <= 2,
)
BOUNDED_CRITIC = Cure(
    "gradient_penalty",
    "A gradient penalty: without one, nothing keeps a Wasserstein critic from becoming ever steeper",
    "Gulrajani et al. 2017",
    bounded_critic,
    seen=lambda evidence: evidence.family not in (None, "wasserstein"),
    price=1.5,
)
HALVED_RATES = Cure("halved_rates", "Halve the learning rate to take smaller steps", "practice", halved_rates)
LONGER = Cure("longer", "Train longer, if this was a short run", "practice", longer)

# What the discriminator minimises, and how steep it can get

R1 = Cure(
    "r1",
    "R1 keeps the discriminator flat near the data and damps the game's rotation",
    "Mescheder et al. 2018",
    added("penalties", name="r1", weight=10.0),
    has_r1,
    price=1.3,
)
DRAGAN = Cure(
    "dragan",
    "DRAGAN's penalty holds the discriminator's slope around the reals near 1",
    "Kodali et al. 2017",
    added("penalties", name="dragan", weight=10.0),
    price=1.5,
)
LECAM = Cure(
    "lecam",
    "LeCam regularisation keeps the scores of reals and fakes from drifting apart",
    "Tseng et al. 2021",
    added("penalties", name="lecam", weight=0.3),
)
SPECTRAL = Cure(
    "spectral_norm",
    "Spectral normalisation limits how steep the discriminator can get",
    "Miyato et al. 2018",
    set_to("discriminator.norm", "spectral"),
    price=1.5,
)
RELATIVISTIC = Cure(
    "relativistic",
    "A relativistic loss, which compares reals and fakes in pairs, does not settle where modes are missing; R1 and R2 "
    "let it converge",
    "Huang et al. 2024 (R3GAN)",
    relativistic_recipe,
    seen=lambda evidence: evidence.family == "relativistic",
    price=1.5,
)
PAIRED_SCORES = replace(
    RELATIVISTIC,
    why="A relativistic loss compares reals and fakes in pairs, which leaves the generator a gradient; R1 and R2 let "
    "it converge",
)
CRITIC = Cure(
    "wgan_gp_critic",
    "A Wasserstein critic with gradient penalty, five updates per step",
    "Gulrajani et al. 2017, algorithm 1",
    gradient_penalised_critic,
    seen=lambda evidence: evidence.family == "wasserstein",
    price=3.4,  # by the time of trials on images: five updates of the discriminator
)
LABEL_SMOOTHING = Cure(
    "label_smoothing",
    "One-sided label smoothing keeps the discriminator from becoming overconfident",
    "Salimans et al. 2016, section 3.4",
    added("stabilizers", name="label_smoothing", real=0.9),
)

# What the discriminator is shown

PACKING = Cure(
    "packing",
    "PacGAN: show the discriminator several samples at once, so that it sees that they are alike",
    "Lin et al. 2018",
    packed,
)
INSTANCE_NOISE = Cure(
    "instance_noise",
    "Instance noise makes the two distributions overlap again",
    "Sonderby et al. 2017",
    added("stabilizers", name="instance_noise", std=0.1),
)
DIFF_AUGMENT = Cure(
    "diff_augment",
    "DiffAugment: change reals and fakes alike, at random, so that no training image can be learned by heart",
    "Zhao et al. 2020",
    added("stabilizers", name="diff_augment"),
    seen=lambda evidence: "augment" in evidence.controls,
)
ADA = Cure(
    "ada",
    "Adaptive augmentation: as many changes of reals and fakes as the discriminator's overfitting asks for",
    "Karras et al. 2020 (ADA)",
    added("stabilizers", name="ada"),
    seen=lambda evidence: "augment" in evidence.controls,
)
REPLAY = Cure(
    "replay",
    "Experience replay: earlier fakes among the new ones keep the discriminator from forgetting them",
    "Shrivastava et al. 2017, section 2.3",
    added("stabilizers", name="replay"),
)

# How the players move

UNROLLING = Cure(
    "unrolling",
    "Unrolling the discriminator lets the generator anticipate its response",
    "Metz et al. 2017",
    added("stabilizers", name="unrolling", steps=5),
    price=10.9,
)
OPTIMISM = Cure(
    "optimism",
    "Optimistic steps, each corrected by the last one, spiral into the equilibrium instead of around it",
    "Daskalakis et al. 2018",
    added("stabilizers", name="optimism"),
)
LOOKAHEAD = Cure(
    "lookahead",
    "Lookahead: both networks go part of the way back every few steps, towards the middle of the orbit",
    "Chavdarova et al. 2021",
    added("stabilizers", name="lookahead"),
)
CONSENSUS = Cure(
    "consensus",
    "Consensus optimisation: both networks also make both gradients small, which damps the rotation",
    "Mescheder et al. 2017",
    added("stabilizers", name="consensus"),
    price=5.9,
)
HISTORICAL_AVERAGING = Cure(
    "historical_averaging",
    "Historical averaging pulls both networks towards the mean of their past weights",
    "Salimans et al. 2016, section 3.3",
    added("stabilizers", name="historical_averaging"),
)
CLIPPING = Cure(
    "gradient_clipping",
    "Clip the norm of both networks' gradients: no single batch can throw them far",
    "Pascanu et al. 2013",
    added("stabilizers", name="gradient_clipping"),
)
NARROWER_ORBIT = Cure(
    "halved_rates", "Halve the learning rate to narrow the orbit", "Mescheder et al. 2017", halved_rates
)
AVERAGE = Cure(
    "ema",
    "A moving average of the generator hides the cycle but does not end it",
    "Yazici et al. 2019",
    at_least("training.ema", 0.999),
)
ANOTHER_SEED = Cure(
    "another_seed",
    "Start again from before it happened, with another seed: dead networks do not recover",
    "practice",
    another_seed,
)

# The networks

MINIBATCH = Cure(
    "minibatch_stddev",
    "Minibatch standard deviation shows the discriminator how much the samples of a batch differ",
    "Karras et al. 2018, section 3",
    lambda experiment: (
        {"discriminator.minibatch": "stddev"} if current(experiment, "discriminator.minibatch") == "none" else {}
    ),
    price=1.4,
)
DROPOUT = Cure(
    "dropout",
    "Dropout in the discriminator makes it harder to learn images by heart",
    "Srivastava et al. 2014; practice",
    at_least("discriminator.dropout", 0.3),
    price=1.7,
)
SMALLER_DISCRIMINATOR = Cure(
    "smaller_discriminator",
    "A discriminator of half the width finds fewer differences, so that the generator can follow",
    "practice",
    halved("discriminator.width", 8),
)
LARGER_GENERATOR = Cure(
    "larger_generator",
    "A generator of twice the width has the capacity to catch up",
    "practice",
    doubled("generator.width", 32, 512),
)
LEAKY_RELU = Cure(
    "leaky_relu",
    "Leaky ReLU in the discriminator: units that have died pass no gradient on",
    "Radford et al. 2015",
    lambda experiment: (
        {"discriminator.activation": "leaky_relu"} if current(experiment, "discriminator.activation") == "relu" else {}
    ),
)

# What no setting does

BEST_SNAPSHOT = Cure(
    "best_snapshot", "Use the best snapshot (of a run of ganlab: `ganlab sample RUN --step best`)", "early stopping"
)

COLLAPSE_CURES = (
    LARGER_LATENT,
    STEADIER_ADAM,
    EQUAL_RATES,
    ONE_UPDATE_EACH,
    FULLER_DATA,
    PACKING,
    RELATIVISTIC,
    UNROLLING,
    MINIBATCH,
    CRITIC,
    R1,
)
"""For every kind of mode collapse."""

VICTORY_CURES = (
    NON_SATURATING,
    STEADIER_ADAM,
    EQUAL_RATES,
    ONE_DISCRIMINATOR_UPDATE,
    FRESH_DISCRIMINATOR,
    R1,
    INSTANCE_NOISE,
    LABEL_SMOOTHING,
    SPECTRAL,
    DRAGAN,
    SMALLER_DISCRIMINATOR,
    LARGER_GENERATOR,
    DROPOUT,
    PAIRED_SCORES,
    CRITIC,
)
"""For a discriminator that has won."""

CYCLING_CURES = (
    LARGER_LATENT,
    STEADIER_ADAM,
    ONE_UPDATE_EACH,
    UNROLLING,
    R1,
    PACKING,
    REPLAY,
    HISTORICAL_AVERAGING,
    LOOKAHEAD,
    NARROWER_ORBIT,
    AVERAGE,
)
"""For a generator that goes from mode to mode."""

ORBIT_CURES = (
    STEADIER_ADAM,
    R1,
    CONSENSUS,
    OPTIMISM,
    LOOKAHEAD,
    UNROLLING,
    NARROWER_ORBIT,
    HISTORICAL_AVERAGING,
    REPLAY,
    AVERAGE,
)
"""For a game whose players circle each other."""

OVERFIT_CURES = (FULLER_DATA, DIFF_AUGMENT, ADA, LECAM, R1, DROPOUT, BEST_SNAPSHOT)
"""For a discriminator or generator that knows the training images by heart."""
