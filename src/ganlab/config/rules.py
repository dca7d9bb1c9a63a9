"""Rules that involve several sections of an experiment.

What options can tell from themselves alone, their class checks (`Options.check`). A rule compares them with the rest of
the experiment: a function here, under its topic, decorated with the options class that it is about. `problems` applies
it to every instance of that class, or of one derived from it, also to those inside other options.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from ganlab.config.base import Options, Problem
from ganlab.config.data import DataOptions, ImageOptions, LabelledOptions
from ganlab.config.experiment import Experiment
from ganlab.config.games import (
    GAMES,
    ConditionalGameOptions,
    CycleGameOptions,
    GameOptions,
    InfoGameOptions,
    PairedGameOptions,
    ProgressiveGameOptions,
    SuperResolutionGameOptions,
)
from ganlab.config.networks import (
    NETWORKS,
    AttentionOptions,
    ConvolutionalOptions,
    DiscriminatorOptions,
    NetworkOptions,
    Sizes,
    feature_maps,
    map_sizes,
)
from ganlab.config.objectives import FIXED_LEVELS, LOSSES
from ganlab.config.optimizer import AdamOptions, SgdOptions
from ganlab.config.penalties import PenaltyOptions
from ganlab.config.stabilizers import (
    AdaOptions,
    AugmentationOptions,
    DiffAugmentOptions,
    FarSightedOptions,
    FeatureMatchingOptions,
    LabelSmoothingOptions,
    PackingOptions,
    ReplayOptions,
    StabilizerOptions,
    TopKOptions,
    UnrollingOptions,
)
from ganlab.config.training import TrainingOptions
from ganlab.domain import Domain, Images, Points

Subject = TypeVar("Subject", bound=Options)
Rule = Callable[[Subject, str, Experiment], Iterator[Problem]]
"""Takes options, their path and the whole experiment; yields what is wrong with them together."""

RULES: dict[type[Options], list[Rule[Any]]] = {}
"""Every rule, by the options class that it is about."""


def rule(about: type[Subject]) -> Callable[[Rule[Subject]], Rule[Subject]]:
    """Register a function as a rule about an options class and those derived from it."""

    def register(function: Rule[Subject]) -> Rule[Subject]:
        RULES.setdefault(about, []).append(function)
        return function

    return register


def problems(experiment: Experiment) -> list[Problem]:
    """Return why an experiment cannot be run although each of its values is valid."""
    found: list[Problem] = []
    for path, options in _options_in(experiment, ""):
        found += options.check(path)
        for about in reversed(type(options).__mro__):
            for function in RULES.get(about, ()):
                found += function(options, path, experiment)
    return found


def _options_in(options: Options, path: str) -> Iterator[tuple[str, Options]]:
    """Yield options and all options inside them, with their paths, the inner ones first."""
    for key, value in options:
        below = f"{path}.{key}" if path else key
        if isinstance(value, Options):
            yield from _options_in(value, below)
        elif isinstance(value, tuple):
            for index, entry in enumerate(value):
                if isinstance(entry, Options):
                    yield from _options_in(entry, f"{below}.{index}")
    yield path, options


def _either(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


# Data


@rule(DataOptions)
def a_batch_can_be_filled(data: DataOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """The remaining training samples fill at least one batch."""
    size, needed = data.known_size, experiment.training.batch_size
    if isinstance(data, LabelledOptions) and data.class_sizes and not data.class_numbers():
        return  # the classes are wrong, which is reported by itself
    if size is not None and size < needed:
        thinned = isinstance(data, ImageOptions) and data.keep_densest < 1
        key = "keep_densest" if thinned and data.fraction == 1 else "fraction"
        fuller = [f"raise {path}.fraction"] if data.fraction < 1 else []
        denser = [f"raise {path}.keep_densest"] if thinned else []
        classes = [f"allow more {path}.classes"] if getattr(data, "classes", None) else []
        smaller = [f"lower training.batch_size to at most {size}"] if size else []
        yield Problem(
            f"{path}.{key}",
            f"leaves {size} training samples, fewer than one batch of {needed}",
            " or ".join([*fuller, *denser, *classes, *smaller]),
            (f"{path}.keep_densest", f"{path}.classes", f"{path}.name", "training.batch_size"),
        )


# Networks and the data


@rule(NetworkOptions)
def images_for_convolutions(network: NetworkOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Only some networks can make or judge points."""
    domain = experiment.data.domain
    if network.images_only and isinstance(domain, Points):
        yield Problem(
            f"{path}.name",
            f"{network.name} works on images, but data.name {experiment.data.name} has points of {domain.dimensions} "
            "coordinates",
            f"set {path}.name to mlp",
            ("data.name",),
        )


@rule(NetworkOptions)
def images_of_a_size_it_makes(network: NetworkOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Most networks make or judge images of certain sizes only."""
    domain, generator = experiment.data.domain, experiment.generator
    if _fits(network, domain) or (path == "discriminator" and generator.sizes is network.sizes):
        return  # of two players with one rule, the generator is the one that is named
    assert isinstance(domain, Images)
    both = path == "generator" and experiment.discriminator.sizes is network.sizes
    near = _either(_written(*size) for size in network.sizes.near(domain.height, domain.width))
    fitting = [
        name
        for name, entry in NETWORKS.items()
        for other in (entry.generator if path == "generator" else entry.discriminator,)
        if other
        and (other.starts_from, other.grows, other.enlarges) == (network.starts_from, network.grows, network.enlarges)
        and other.sizes.has(domain.height, domain.width)
    ]
    keys = f"{path}.name" + " and discriminator.name" * both
    yield Problem(
        f"{path}.name",
        f"{network.name} {'makes' if path == 'generator' else 'judges'} {network.sizes.words}, but data.image_size is "
        f"{_written(domain.height, domain.width)}",
        f"set data.image_size to {near}, to which pictures are resized"
        + (f", or {keys} to {_either(fitting)}" if fitting else ""),
        ("data.image_size", "data.name"),
    )


def _fits(network: NetworkOptions, domain: Domain) -> bool:
    """Whether a network makes or judges images of the data's size; what is no image is another rule's affair."""
    return not isinstance(domain, Images) or network.sizes.has(domain.height, domain.width)


def _written(height: int, width: int) -> str:
    """Return a size as data.image_size takes it."""
    return str(height) if height == width else f"[{height}, {width}]"


def _by(height: int, width: int) -> str:
    """Return a size in words."""
    return f"{height} x {width}"


@rule(ConvolutionalOptions)
def kernels_fit(network: ConvolutionalOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Kernels must not exceed what the smallest feature map can use."""
    domain = experiment.data.domain
    if isinstance(domain, Points) or not _fits(network, domain):
        return
    _, innermost, *_ = map_sizes(domain.height, domain.width)  # what the innermost strided layer halves, or makes
    smallest = min(innermost)
    largest = 2 * smallest - 1
    size = _by(domain.height, domain.width) if domain.height != domain.width else domain.height
    if network.kernel_size > largest:
        yield Problem(
            f"{path}.kernel_size",
            f"{network.kernel_size} is larger than its feature map: the smallest strided layer at {size} pixels "
            f"sees {_by(*innermost)}, and only {largest} x {largest} taps can ever reach it",
            f"choose {path}.kernel_size from 1 to {largest}",
            ("data.image_size", "data.name", f"{path}.name"),
        )


@rule(AttentionOptions)
def attention_has_a_map(network: AttentionOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Attention is on one of the network's hidden maps."""
    domain = experiment.data.domain
    if network.attention is None or isinstance(domain, Points) or not _fits(network, domain):
        return
    *hidden, side = feature_maps(domain.side)
    if network.attention not in hidden:
        yield Problem(
            f"{path}.attention",
            f"at {side} pixels no hidden map is {network.attention} x {network.attention}",
            f"its maps are {', '.join(map(str, reversed(hidden)))}; null leaves attention out",
            ("data.image_size", "data.name", f"{path}.name"),
        )


# Networks and the game


@rule(GameOptions)
def the_generator_takes_what_the_game_gives(game: GameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """The generator starts from what the game gives it: latents or images."""
    generator = experiment.generator
    if generator.starts_from != game.starts_from:
        fitting = [name for name, entry in NETWORKS.items() if entry.generator.starts_from == game.starts_from]
        yield Problem(
            "generator.name",
            f"{generator.name} starts from {generator.starts_from}, and the {game.name} game gives it "
            f"{game.starts_from}",
            f"set generator.name to {_either(fitting)}, or {path}.name to a game for it",
            (f"{path}.name",),
        )


@rule(GameOptions)
def classes_for_conditional_norms(game: GameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Batch normalisation by class needs classes."""
    if experiment.generator.norm == "conditional_batch" and not game.asks_for_classes:
        fitting = [name for name, entry in GAMES.items() if entry.options.asks_for_classes]
        yield Problem(
            "generator.norm",
            f"conditional_batch needs labels, and the {game.name} game has none",
            f"set generator.norm to batch, or {path}.name to {_either(fitting)}",
            (f"{path}.name",),
        )


@rule(GameOptions)
def networks_grow_if_the_game_does(game: GameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Networks that grow and a game that lets them grow need each other."""
    players = {"generator": experiment.generator, "discriminator": experiment.discriminator}
    growing = [name for name, entry in NETWORKS.items() if entry.generator.grows]
    if game.grows:
        for player, network in players.items():
            if not network.grows:
                yield Problem(
                    f"{player}.name",
                    f"{network.name} cannot grow, which the {game.name} game requires",
                    f"set {player}.name to {_either(growing)}, or {path}.name to standard",
                    (f"{path}.name",),
                )
    elif any(network.grows for network in players.values()):
        fitting = _either(name for name, entry in GAMES.items() if entry.options.grows)
        yield Problem(
            f"{path}.name",
            f"{_either(growing)} networks grow during the game, and the {game.name} game does not let them",
            f"set {path}.name to {fitting}, or other networks",
            ("generator.name", "discriminator.name"),
        )


@rule(GameOptions)
def the_generator_enlarges_if_the_game_asks(game: GameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Generators that enlarge images and the game that gives them small ones need each other."""
    generator = experiment.generator
    if generator.enlarges and not game.enlarges:
        fitting = _either(name for name, entry in GAMES.items() if entry.options.enlarges)
        yield Problem(
            "generator.name",
            f"{generator.name} enlarges images, and the {game.name} game has none to enlarge",
            f"set {path}.name to {fitting}",
            (f"{path}.name",),
        )
    if game.enlarges and generator.starts_from == "images" and not generator.enlarges:
        fitting = _either(name for name, entry in NETWORKS.items() if entry.generator.enlarges)
        yield Problem(
            "generator.name",
            f"{generator.name} keeps the size of an image, and the {game.name} game enlarges it",
            f"set generator.name to {fitting}",
            (f"{path}.name",),
        )


# Games and the rest


@rule(ConditionalGameOptions)
def labels_are_known(game: ConditionalGameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """There are labels, and their number is known before the networks are built."""
    data, known = experiment.data, experiment.data.class_count
    if known == 0:
        yield Problem(
            f"{path}.name",
            f"the {game.name} game needs labelled data, and data.name {data.name} has no labels",
            f"set {path}.name to standard, or data.name to a labelled set such as mnist",
            ("data.name",),
        )
    elif known is None and game.classes is None:
        yield Problem(
            f"{path}.classes",
            f"is not set, and the number of classes of data.name {data.name} is known only after loading",
            f"set {path}.classes to the number of class folders",
            ("data.name", f"{path}.name"),
        )
    elif known is not None and game.classes not in (None, known):
        yield Problem(
            f"{path}.classes",
            f"{game.classes} is not the number of classes of data.name {data.name}, {known}",
            f"leave {path}.classes out",
            ("data.name",),
        )


@rule(InfoGameOptions)
def codes_leave_noise(game: InfoGameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """The codes leave some latent dimensions for noise."""
    if game.codes >= experiment.latent.dim:
        yield Problem(
            f"{path}.categories",
            f"{game.categories} categories and {game.continuous} continuous codes take {game.codes} latent "
            f"dimensions, and latent.dim {experiment.latent.dim} leaves none for noise",
            f"raise latent.dim above {game.codes}, or lower {path}.categories or {path}.continuous",
            ("latent.dim", f"{path}.continuous"),
        )


@rule(ProgressiveGameOptions)
def sizes_double(game: ProgressiveGameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """The sizes are the last feature maps of a network for the data's images."""
    domain = experiment.data.domain
    if isinstance(domain, Points) or not _fits(experiment.generator, domain) or domain.height != domain.width:
        return
    known, side = feature_maps(domain.side), domain.side
    odd = next((size for size in game.sizes if size < 1 or side % size), None)
    if odd is not None:
        reason = f"{odd} does not divide the image's {side} pixels"
    elif game.sizes[0] < known[0]:
        reason = f"{game.sizes[0]} is below the smallest map of networks for {side} pixels, {known[0]}"
    elif list(game.sizes) != known[-len(game.sizes) :]:
        reason = f"{list(game.sizes)} do not double, each from the one before, up to the image's {side} pixels"
    else:
        return
    hint = f"choose {known}, or leave out the first of these"
    yield Problem(f"{path}.sizes", reason, hint, ("data.image_size", "data.name"))


@rule(ProgressiveGameOptions)
def growing_is_not_compiled(game: GameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Every step of a fade would need another compiled program."""
    if experiment.training.compile:
        yield Problem(
            "training.compile",
            "networks that grow would be compiled again at every step of a fade",
            "set training.compile to false",
            (f"{path}.name",),
        )


@rule(CycleGameOptions)
def domains_are_alike(game: CycleGameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Both domains are images of one shape."""
    here, there = game.source.shape, experiment.data.shape
    if len(here) != 3 or len(there) != 3:
        yield Problem(f"{path}.source", "the cycle game translates images, not points", "choose image data")
    elif here[0] != there[0]:
        yield Problem(
            f"{path}.source",
            f"{game.source.name} has {here[0]} channels and data.name {experiment.data.name} has {there[0]}: cycle "
            "and identity losses compare images of both domains",
            "choose domains with the same number of channels, for instance folders with the same grayscale",
            ("data.name", "data.grayscale"),
        )
    elif here != there:
        yield Problem(
            f"{path}.source.image_size",
            f"{_written(*here[1:])} pixels is not the {_written(*there[1:])} of data.image_size",
            f"set {path}.source.image_size to {_written(*there[1:])}",
            ("data.image_size",),
        )


@rule(CycleGameOptions)
def what_a_cycle_does_not_do(game: GameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """The cycle game has no gradient penalties and updates on the sum of both losses only."""
    if experiment.penalties:
        yield Problem(
            "penalties",
            "the cycle game has no gradient penalties: its two discriminators are trained on their losses alone",
            "leave penalties out",
            (f"{path}.name",),
        )
    if experiment.training.discriminator_batches != "summed":
        yield Problem(
            "training.discriminator_batches",
            f"the cycle game has no {experiment.training.discriminator_batches} batches",
            "set training.discriminator_batches to summed",
            (f"{path}.name",),
        )


@rule(SuperResolutionGameOptions)
def images_to_enlarge(game: SuperResolutionGameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Super-resolution needs images whose sides it can divide."""
    domain = experiment.data.domain
    if isinstance(domain, Points):
        yield Problem(f"{path}.name", "super-resolution works on images, not on points", "choose image data")
    elif domain.height % game.factor or domain.width % game.factor:
        near = Sizes("", lambda side: side % game.factor == 0).near(domain.height, domain.width)
        yield Problem(
            f"{path}.factor",
            f"data.image_size {_written(domain.height, domain.width)} cannot be made {game.factor} times smaller in "
            "whole pixels",
            f"set data.image_size to {_either(_written(*size) for size in near)}",
            ("data.image_size", "data.name"),
        )


@rule(PairedGameOptions)
def images_to_rotate(game: PairedGameOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """There are images that the game can rotate, and the generator can see class and angle."""
    data = experiment.data
    if not isinstance(data, ImageOptions):
        yield Problem(f"{path}.name", "the paired game rotates images, not points", "choose image data")
    elif not data.rotated:
        yield Problem(
            "data.rotated",
            "is 0, so the paired game would have nothing to rotate",
            "set data.rotated to the largest angle in degrees, such as 45",
            (f"{path}.name",),
        )
    if experiment.generator.norm == "instance":
        yield Problem(
            "generator.norm",
            "instance normalisation takes the mean out of each map, and the paired game tells class and angle by "
            "constant maps: the generator would hardly see them",
            "set generator.norm to batch",
            (f"{path}.name",),
        )


# Objectives


@rule(TrainingOptions)
def comparing_needs_both(training: TrainingOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """A loss that compares reals with fakes needs both in one update, and as many of each if it pairs them."""
    compares = LOSSES[experiment.loss].compares
    if compares and training.discriminator_batches == "separate":
        yield Problem(
            "loss",
            f"{experiment.loss} compares the scores of reals with those of fakes, and with "
            f"{path}.discriminator_batches separate no update has both",
            f"set {path}.discriminator_batches to summed",
            (f"{path}.discriminator_batches",),
        )
    if compares == "pairs" and training.generator_batch != training.batch_size:
        yield Problem(
            f"{path}.generator_batch_size",
            f"{training.generator_batch} is not the {training.batch_size} of {path}.batch_size, and {experiment.loss} "
            "pairs each fake with a real",
            f"leave {path}.generator_batch_size out, or set loss to relativistic_average",
            (f"{path}.batch_size", "loss"),
        )


@rule(PackingOptions)
def a_pack_has_no_class(packing: PackingOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """What a head says is of one sample."""
    if experiment.game.heads(experiment.data):
        yield Problem(
            path,
            f"in the {experiment.game.name} game the discriminator has to say something of each sample, and packing "
            f"shows it {packing.size} of them as one",
            "remove packing, or set game.name to standard",
            ("game.name",),
        )


@rule(PackingOptions)
def batches_fill_packs(packing: PackingOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """No sample of a batch is left over."""
    training = experiment.training
    sizes = {"batch_size": training.batch_size}
    if training.generator_batch_size is not None:
        sizes["generator_batch_size"] = training.generator_batch_size
    for key, size in sizes.items():
        if size % packing.size:
            yield Problem(
                f"{path}.size",
                f"batches of {size} do not divide into packs of {packing.size}",
                f"set training.{key} to a multiple of {packing.size}",
                (f"training.{key}",),
            )


@rule(TopKOptions)
def fakes_that_are_left_out(stabilizer: TopKOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """In the end at least one fake is left out, and a loss that pairs each fake with a real has none to spare."""
    if LOSSES[experiment.loss].compares == "pairs":
        yield Problem(
            path,
            f"{experiment.loss} pairs each fake with a real, and top_k leaves out fakes",
            "remove top_k, or set loss to relativistic_average",
            ("loss",),
        )
    size = experiment.training.generator_batch // experiment.joined
    if max(1, round(size * stabilizer.share)) >= size:
        yield Problem(
            f"{path}.share",
            f"{stabilizer.share} of the {size} {'packs' if experiment.joined > 1 else 'fakes'} in a batch of the "
            "generator is all of them, so that top_k leaves out none",
            f"lower {path}.share, or raise the batch size" if size > 1 else "raise the batch size, or remove top_k",
            ("training.batch_size", "training.generator_batch_size"),
        )


@rule(FeatureMatchingOptions)
def features_of_one_discriminator(
    stabilizer: FeatureMatchingOptions, path: str, experiment: Experiment
) -> Iterator[Problem]:
    """The features are those of the discriminator that there is; where they replace the scores, no score counts."""
    for number, other in enumerate(experiment.stabilizers):
        if isinstance(other, FarSightedOptions):
            yield Problem(
                path,
                f"feature_matching looks at layers of the discriminator, and {other.name} at one with other weights",
                f"remove feature_matching or {other.name}",
                (f"stabilizers.{number}",),
            )
        if stabilizer.replaces and isinstance(other, TopKOptions):
            yield Problem(
                f"{path}.replaces",
                "the features replace the loss whose fakes top_k chooses, which would then change nothing",
                f"set {path}.replaces to false, or remove top_k",
                (f"stabilizers.{number}",),
            )


@rule(StabilizerOptions)
def one_discriminator(stabilizer: StabilizerOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """What changes the generator's loss would ask only one of two discriminators."""
    changes_the_loss = isinstance(stabilizer, TopKOptions | FeatureMatchingOptions)
    if changes_the_loss and isinstance(experiment.game, CycleGameOptions):
        yield Problem(
            path,
            f"{stabilizer.name} is for games with one discriminator, and the cycle game has two",
            f"remove {stabilizer.name}",
            ("game.name",),
        )


@rule(PenaltyOptions)
def reals_and_fakes_together(penalty: PenaltyOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """A penalty on reals and fakes together, such as on points between them, needs both in one update."""
    if penalty.looks_at == "both" and experiment.training.discriminator_batches == "separate":
        yield Problem(
            path,
            f"{penalty.name} needs reals and fakes in one update, but training.discriminator_batches is separate",
            "set training.discriminator_batches to summed",
            ("training.discriminator_batches",),
        )


@rule(PenaltyOptions)
def a_gradient_a_sample(penalty: PenaltyOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """The gradient of a score may have to be that of its own sample alone.

    Batch normalisation mixes the features themselves. A minibatch layer only adds a few: Karras et al. 2018 use it with
    WGAN-GP.
    """
    if penalty.sample_by_sample and experiment.discriminator.has_batch_norm:
        yield Problem(
            path,
            f"{penalty.name} penalises the gradient of each sample, which batch normalisation in the discriminator "
            "mixes",
            "set discriminator.norm to layer, spectral or none",
            ("discriminator.norm", "discriminator.name"),
        )


@rule(FarSightedOptions)
def one_loss_to_look_through(stabilizer: FarSightedOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Each player has one loss, a function of both networks, that can be differentiated twice."""
    game, training = experiment.game, experiment.training
    if game.starts_from == "images" or game.grows:
        yield Problem(
            path,
            f"{stabilizer.name} differentiates one player's loss by the other's weights, which the {game.name} game "
            "has no form for: its players' losses have terms of their own, or its networks grow",
            f"remove {stabilizer.name}, or set game.name to standard",
            ("game.name",),
        )
    if training.discriminator_batches == "separate":
        yield Problem(
            path,
            f"{stabilizer.name} needs the discriminator's loss on reals and fakes at once, but "
            "training.discriminator_batches is separate",
            "set training.discriminator_batches to summed",
            ("training.discriminator_batches",),
        )
    if training.compile or training.precision == "float16":
        key, value = ("compile", "false") if training.compile else ("precision", "float32")
        yield Problem(
            path,
            f"{stabilizer.name} differentiates gradients, which "
            + ("compiled networks cannot" if training.compile else "float16 scales for one player only"),
            f"set training.{key} to {value}",
            (f"training.{key}",),
        )


@rule(FarSightedOptions)
def pairs_in_the_generators_update(
    stabilizer: FarSightedOptions, path: str, experiment: Experiment
) -> Iterator[Problem]:
    """It computes the discriminator's loss on the generator's batches too, penalties included."""
    training = experiment.training
    penalty = next((each for each in experiment.penalties if each.pairs), None)
    if penalty and training.generator_batch != training.batch_size:
        yield Problem(
            "training.generator_batch_size",
            f"{training.generator_batch} is not the {training.batch_size} of training.batch_size: {stabilizer.name} "
            f"asks for the discriminator's loss on the generator's fakes too, and {penalty.name} pairs each with one "
            "real sample",
            f"leave training.generator_batch_size out, or remove {stabilizer.name} or {penalty.name}",
            (path, "training.batch_size", "penalties"),
        )


@rule(FarSightedOptions)
def derivatives_that_there_are(stabilizer: FarSightedOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """PyTorch has no third derivative of instance normalisation."""
    penalty = next((each for each in experiment.penalties if each.of_gradients), None)
    if penalty and experiment.discriminator.norm == "instance":
        yield Problem(
            path,
            f"{stabilizer.name} differentiates the gradients that {penalty.name} penalises, and PyTorch cannot do that "
            "through instance normalisation",
            f"set discriminator.norm to layer, spectral or none, or remove {stabilizer.name} or {penalty.name}",
            ("discriminator.norm", "discriminator.name", "penalties"),
        )


@rule(UnrollingOptions)
def updates_that_can_be_foreseen(unrolling: UnrollingOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """The discriminator's optimiser is one whose update is differentiated."""
    optimizer = experiment.optimizer.discriminator
    plain = type(optimizer) is AdamOptions or (isinstance(optimizer, SgdOptions) and optimizer.momentum == 0)
    if not plain or optimizer.weight_decay:
        yield Problem(
            "optimizer.discriminator",
            "unrolling foresees the updates of Adam, or of gradient descent without momentum, and no weight decay",
            "set optimizer.discriminator.name to adam and its weight_decay to 0",
            (path,),
        )


@rule(LabelSmoothingOptions)
def labels_to_smooth(stabilizer: LabelSmoothingOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Only losses with target labels can smooth them."""
    if not LOSSES[experiment.loss].has_labels:
        fitting = [name for name, entry in LOSSES.items() if entry.has_labels]
        yield Problem(
            path,
            f"the {experiment.loss} loss has no target labels to smooth",
            f"remove label_smoothing, or set loss to {_either(fitting)}",
            ("loss",),
        )


@rule(AugmentationOptions)
def images_to_change(augmentation: AugmentationOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Augmentations are changes of images, and one of them is enough."""
    if isinstance(experiment.data.domain, Points):
        yield Problem(
            path,
            f"{augmentation.name} shifts, cuts and recolours images, and data.name {experiment.data.name} has points",
            f"remove {augmentation.name}, or choose image data",
            ("data.name",),
        )
    other = next((each for each in experiment.stabilizers if isinstance(each, AugmentationOptions)), augmentation)
    if other is not augmentation:
        yield Problem(
            path,
            f"{augmentation.name} and {other.name} would both change each image, one after the other",
            f"remove one of them: {other.name} or {augmentation.name}",
        )


@rule(DiffAugmentOptions)
def a_pixel_is_changed(augmentation: DiffAugmentOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """What is moved or cut is at least a pixel."""
    domain = experiment.data.domain
    if isinstance(domain, Points):
        return
    side = min(domain.height, domain.width)
    for kind in ("translation", "cutout"):
        share = getattr(augmentation, kind)
        if kind in augmentation.policy and int(side * share + 0.5) == 0:
            yield Problem(
                f"{path}.{kind}",
                f"{share} of {side} pixels is less than half a pixel, so that nothing is changed",
                f"raise {path}.{kind} to at least {math.ceil(500 / side) / 1000}, or leave {kind} out of {path}.policy",
                ("data.image_size", "data.name"),
            )


@rule(DiffAugmentOptions)
def a_colour_is_changed(augmentation: DiffAugmentOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Colours are changed by at least one of the three amounts."""
    amounts = ["brightness", "contrast", *["saturation"] * experiment.data.has_colours]
    if "color" in augmentation.policy and not any(getattr(augmentation, each) for each in amounts):
        grey = "" if experiment.data.has_colours else f", and {experiment.data.name} has no colours to saturate"
        yield Problem(
            f"{path}.policy",
            f"color changes nothing: {' and '.join(amounts)} are 0{grey}",
            f"raise {path}.brightness, or leave color out of {path}.policy",
            (f"{path}.brightness", f"{path}.contrast", "data.name"),
        )


@rule(AdaOptions)
def some_augmentation_is_seen(ada: AdaOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Hue and saturation change colour images alone."""
    domain = experiment.data.domain
    if isinstance(domain, Images) and not experiment.data.has_colours and {*ada.augmentations} <= {"hue", "saturation"}:
        yield Problem(
            f"{path}.augmentations",
            f"{' and '.join(ada.augmentations)} change colours, and the images of {experiment.data.name} have none",
            f"add brightness, translation or another kind to {path}.augmentations",
            ("data.name",),
        )


@rule(AdaOptions)
def overfitting_can_be_measured(ada: AdaOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """The controller needs scores whose sign says real or fake, of one discriminator."""
    if ada.target is None:
        return
    fixed = f"set {path}.target to null and {path}.p to a probability"
    family = LOSSES[experiment.loss].family
    if family not in FIXED_LEVELS:
        yield Problem(
            f"{path}.target",
            f"the share of reals that the discriminator calls real moves p, and scores of the {experiment.loss} loss "
            "have no level that divides reals from fakes",
            f"{fixed}, or use diff_augment, or set loss to non_saturating",
            ("loss",),
        )
    if isinstance(experiment.game, CycleGameOptions):
        yield Problem(
            f"{path}.target",
            "the cycle game has two discriminators, and the overfitting of one would move p for both",
            f"{fixed}, or use diff_augment",
            ("game.name",),
        )


@rule(ReplayOptions)
def old_fakes_are_like_new_ones(replay: ReplayOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """A fake in the pool is a sample and nothing more."""
    game = experiment.game
    for stabilizer in experiment.stabilizers:
        if isinstance(stabilizer, FarSightedOptions):
            yield Problem(
                path,
                f"{stabilizer.name} differentiates the discriminator's loss by the newest fakes, and replay puts older "
                "ones in the place of some",
                f"remove replay or {stabilizer.name}",
            )
    if game.heads(experiment.data):
        reason = (
            f"in the {game.name} game fakes are judged together with what was asked for, and the pool keeps samples"
        )
    elif isinstance(game, CycleGameOptions):
        reason = "the cycle game has a pool of its own, game.pool"
    elif game.grows:
        reason = f"in the {game.name} game older fakes have fewer pixels"
    else:
        return
    yield Problem(path, reason, "remove replay, or set game.name to standard", ("game.name",))


@rule(ReplayOptions)
def batches_fill_the_pool(replay: ReplayOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """Each batch has what is kept of it, and room for old fakes as well as new ones."""
    size = experiment.training.batch_size
    if replay.keep > size:
        yield Problem(
            f"{path}.keep",
            f"{replay.keep} fakes cannot be kept of a batch of {size}",
            f"set {path}.keep to at most {size}",
            ("training.batch_size",),
        )
    if not 0 < round(replay.share * size) < size:
        yield Problem(
            f"{path}.share",
            f"{replay.share} of a batch of {size} is {'no fake' if replay.share < 0.5 or size == 1 else 'every fake'}",
            f"choose {path}.share so that at least one fake is from the pool and one is new"
            if size > 1
            else "raise training.batch_size, or remove replay",
            ("training.batch_size",),
        )


# Training


@rule(TrainingOptions)
def batch_statistics_need_two(training: TrainingOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """The variance of one sample is 0."""
    sizes = {
        "generator": min(training.batch_size, training.generator_batch),
        "discriminator": training.batch_size // experiment.joined,
    }
    for player, size in sizes.items():
        network: NetworkOptions = getattr(experiment, player)
        packs = "packs" if player == "discriminator" and experiment.joined > 1 else "samples"
        if network.has_batch_norm and size < 2:
            yield Problem(
                f"{path}.batch_size",
                f"batch normalisation in the {player} needs at least 2 {packs} in a batch",
                f"raise the batch size or set {player}.norm to another norm",
                (f"{player}.norm", f"{player}.name", f"{path}.generator_batch_size"),
            )


@rule(DiscriminatorOptions)
def batches_to_compare(network: DiscriminatorOptions, path: str, experiment: Experiment) -> Iterator[Problem]:
    """A minibatch layer sees several samples at once, all real or all generated."""
    if network.minibatch == "none":
        return
    training = experiment.training
    if training.discriminator_batches == "mixed":
        yield Problem(
            f"{path}.minibatch",
            f"{network.minibatch} says how alike the samples of a batch are, but with training.discriminator_batches "
            "mixed reals and fakes are in one batch",
            "set training.discriminator_batches to summed",
            ("training.discriminator_batches",),
        )
    if min(training.batch_size, training.generator_batch) // experiment.joined < 2:
        yield Problem(
            f"{path}.minibatch",
            f"{network.minibatch} compares the {'packs' if experiment.joined > 1 else 'samples'} of a batch, and there "
            "is only one",
            f"raise the batch size or set {path}.minibatch to none",
            ("training.batch_size", "training.generator_batch_size"),
        )
