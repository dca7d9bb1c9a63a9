"""What the columns of a log mean: by the trainer that wrote them, else by the words that their names are made of.

`trainers.yaml` holds an entry for each trainer. The words below serve where no trainer is recognised, and for columns
that its entry does not name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from ganlab.config.objectives import Family
from ganlab.diagnosis.evidence import SIGNALS
from ganlab.diagnosis.readers.log import Name
from ganlab.diagnosis.readers.series import POSSIBLE
from ganlab.text import closest, quoted

QUALITY = tuple(POSSIBLE)
"""Curves of published metrics, as in `Evidence.quality`."""

CONTROLS = ("lr_g", "lr_d", "augment")
"""Curves of what steers the training, as in `Evidence.controls`."""

BOTH = {"d_acc": ("d_acc_real", "d_acc_fake"), "lr": ("lr_g", "lr_d")}
"""Quantities of which one column may stand for two: one accuracy over reals and fakes, one learning rate."""

QUANTITIES = (*SIGNALS, *QUALITY, *CONTROLS, *BOTH)
"""What is read from a log, and what `--map` can name a column for, in addition to `step` and `epoch`."""

LOSS_TERMS = ("generator total", "other term")
"""Numbers that are never judged by their level: what G minimises as a whole, and terms that have nothing to do with D.
If one of them is NaN, so is the gradient."""

OTHERS = (*LOSS_TERMS, "penalty", "class accuracy", "other score", "time", "settings")
"""What other numbers a log holds: they are understood, and judge nothing. `other score` is one on another scale than
the loss's, or taken at another time; `settings` are constants and counters."""

WORDS = {
    "D": "discriminator discriminators discrim discr disc dis netd critic d",
    "G": "generator generators gen netg g",
    "loss": "losses loss error err cost",
    "real": "real true",
    "fake": "fakes fake generated synthetic",
    "accuracy": "accuracy acc",
    "score": "scores score probability prob output out logits logit pred",
    "gradient": "gradients gradient grads grad",
    "norm": "norm",
    "train": "training train",
    "held out": "validation valid val test eval",
    "mean": "mean average avg",
    "adversarial": "adversarial adv gan",
    "total": "total tot overall",
    "step": "step iter batch",
    "epoch": "epoch",
    "metric": "metrics metric",
    "rate": "lr learningrate",
    "penalty": "penalty regularization gp r1 r2",
    "class": "classification class cls aux auxiliary",
    "other": (
        "l1 l2 mse mae pixel pixels pix cycle cyc identity idt perceptual percep vgg lpips content feature "
        "features feat fm matching kl kld commitment commit vq quant codebook reconstruction recon rec nll style tv "
        "ssim mel stft info sync duration dur pitch latent nce contrastive supervised entropy"
    ),
    "time": "time eta elapsed seconds secs sec duration",
}
"""What the parts of a column's name mean; separators and case do not count, so `lossD`, `D_loss`, `Loss/D` are one."""

ALONE = {
    **dict.fromkeys(("l",), "loss"),
    **dict.fromkeys(("augment", "aug", "ada"), "augment"),
    **dict.fromkeys(("id", "ds", "sty", "fea", "per", "grl", "pl", "path", "ppl"), "other"),
    **dict.fromkeys(("reg", "pen", "wd", "lecam", "cr"), "penalty"),
    **dict.fromkeys(("lrs", "rate", "learning"), "rate"),
    **dict.fromkeys(("s", "mem", "memory", "gpu", "cpu", "gb", "fps", "speed", "data", "hours", "min"), "time"),
    **dict.fromkeys(("alpha", "beta", "gamma", "lambda", "weight", "seed", "size", "tick", "lod", "scale"), "setting"),
    **dict.fromkeys(("ema", "smooth", "smoothed", "running"), "mean"),
    **dict.fromkeys(("net", "network", "model", "of", "the", "value", "current", "p"), "metric"),
    **dict.fromkeys(("hinge", "bce", "lsgan", "wgan", "dcgan", "logistic"), "metric"),
    **dict.fromkeys(("wasserstein", "emd", "distance"), "distance"),
}
"""Words that count only if they stand alone in a name."""

ABBREVIATED = {"dl": "D", "ld": "D", "gl": "G", "lg": "G"}
"""Two letters for the loss of D or G."""

WITHOUT = re.compile(r"\b(?:wo|w/o|without|no|excl)[\W_]*(?:gp|r1|reg|penalty)\b", re.IGNORECASE)
"""What says that a loss is the one before penalties."""

HALVES = {"r": "real", "f": "fake"}
"""Letters that mean a half where a name says that it is a loss of D."""

SPELLINGS = sorted(((word, role) for role, words in WORDS.items() for word in words.split()), key=lambda w: -len(w[0]))

MEANINGS: dict[frozenset[str], str] = {
    frozenset(roles.split()): quantity
    for quantity, spellings in {
        "d_loss": ("D loss", "D loss real fake", "D real fake"),
        "d_loss_real": ("D loss real", "loss real"),
        "d_loss_fake": ("D loss fake", "loss fake"),
        "g_loss": ("G loss", "G loss fake"),
        "d_acc_real": ("D accuracy real", "accuracy real"),
        "d_acc_fake": ("D accuracy fake", "accuracy fake"),
        "d_acc": ("D accuracy", "accuracy"),
        "d_real": ("D real", "D score real", "score real"),
        "d_fake": ("D fake", "D score fake", "score fake"),
        "grad_d": ("gradient D", "gradient norm D"),
        "grad_g": ("gradient G", "gradient norm G"),
        "grad_g_output": ("gradient G score", "gradient norm G score"),
        "lr_d": ("D rate",),
        "lr_g": ("G rate",),
        "lr": ("rate",),
        "augment": ("augment",),
        "time": ("time",),
    }.items()
    for roles in spellings
}
"""Quantities by the set of parts that must occur in a name, in addition to those that MODIFIERS allows."""

MODIFIERS = {"train": 0, "step": 0, "metric": 0, "adversarial": 1, "mean": 1, "total": 1, "epoch": 2, "held out": 4}
"""Parts that may stand in any name; where two columns fit, the one with the lower sum is taken."""

WHOLE_NAMES = {
    **dict.fromkeys(("dx",), "d_real"),
    **dict.fromkeys(("dgz", "dgz1", "dgx"), "d_fake"),
    "dgz2": "other score",
    **dict.fromkeys(("psnr",), "other score"),
    **dict.fromkeys(("fid", "fidscore", "frechetinceptiondistance", "fid50kfull", "fid50k", "fid10k", "fid5k"), "fid"),
    **dict.fromkeys(("kid", "kidscore", "kidmean", "kernelinceptiondistance", "kid50kfull", "kid50k"), "kid"),
    **dict.fromkeys(
        ("inceptionscore", "inceptionscoremean", "inceptionmean", "is", "ismean", "is50kmean"), "inception_score"
    ),
    **dict.fromkeys(("f8", "f8score", "prdf8"), "f8"),
    **dict.fromkeys(("f18", "f18score", "prdf18"), "f1_8"),
    **dict.fromkeys(("op", "opacc", "classacc", "clsacc", "auxacc"), "class accuracy"),
}
"""Names that say it as a whole: D(x), D(G(z)) and published metrics."""

ACTORS = frozenset(("actor", "policy", "reward", "rewards", "rew", "rollout"))
"""Words that reinforcement learning has beside its critic."""

PLAYERS = re.compile(
    r"[a-z]|[0-9]{1,4}|ab|ba|[xy]2[xy]|[ab]2[ab]|global|local|patch|pixel|face|image|img|video|vid|frame|temporal|time|freq"
    r"|mpd|msd|mrd|mbd|left|right|low|high|hr|lr|coarse|fine"
)
"""What may tell one of several players from the others in a name, if there are several."""

KIND = frozenset(("loss", "accuracy", "score", "gradient", "other", "class", "penalty", "rate", "time", "augment"))
"""Parts that say what kind of number it is."""


class Meaning(NamedTuple):
    """What a column is taken for.

    Attributes:
        quantity: one of QUANTITIES or OTHERS; None: its name says nothing sure.
        player: which of several games it belongs to.
        rank: how roundabout its name says it; 0: plainly.
        guess: why it was taken for that, if its name alone does not say it.
        adversarial: whether the name says that it is the adversarial part of a loss.
    """

    quantity: str | None
    player: str = ""
    rank: int = 0
    guess: str = ""
    adversarial: bool = False


NOTHING = Meaning(None)
SETTING = Meaning("settings", guess="argparse prints it among the arguments")


@dataclass(frozen=True)
class Trainer:
    """An entry of trainers.yaml.

    Attributes:
        name: what it is called.
        source: where it comes from: repository or paper.
        signatures: lists of columns; one that is there as a whole tells the trainer. Spelt exactly.
        absent: columns that it never has.
        places: what it prints of the place besides (`epochs`, `iterations`); what it never prints starts with `no `.
        players: names of its players, for `{player}` in patterns.
        columns: patterns of its columns, by quantity; case and separators do not count, and `*` stands for anything.
        family: of its losses, if it has no other.
        usual: the family that it trains with unless it is told otherwise.
        saturating: as in Evidence.
        weighted: whether G's adversarial loss is one term of a larger one.
        plain_term: whether that term is printed before it is weighted.
        judged: what is judged of it, in words.
        example: what it prints, in its own form with invented numbers: text, or numbers by column.
        reads: what must be read from the example, by quantity (`A/d_loss` for the player A); of the last row.
    """

    name: str
    source: str
    signatures: tuple[tuple[str, ...], ...]
    columns: Mapping[str, tuple[str, ...]]
    example: str | Mapping[str, float]
    reads: Mapping[str, float]
    judged: str = ""
    absent: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    players: tuple[str, ...] = ()
    family: Family | None = None
    usual: Family | None = None
    saturating: bool | None = None
    weighted: bool = False
    plain_term: bool = False

    def meaning(self, name: Name) -> Meaning | None:
        """Return what a column of this trainer is; None if its entry does not name it."""
        text, best = _plain(str(name)), None
        for length, pattern, quantity in self._patterns:
            found = pattern.fullmatch(text)
            if found is None or (best is not None and best[0] >= length):
                continue
            before = found["before"] or ""
            if before and (length < 4 or (_sided(before) and not _sided(text[len(before) :]))):
                continue
            player = found["player"] if "player" in pattern.groupindex else ""
            rank = sum(MODIFIERS.get(role, 0) for role in (*_roles(before)[0], found["logged"]))
            best = (length, Meaning(quantity, self._player(player), rank, "", quantity == "g_loss"))
        return best[1] if best else None

    @cached_property
    def _patterns(self) -> list[tuple[int, re.Pattern[str], str]]:
        """How many letters each pattern of a column fixes, its expression, and the quantity."""
        player = f"(?P<player>{'|'.join(each.lower() for each in self.players)})"
        found = []
        for quantity, patterns in self.columns.items():
            for pattern in patterns:
                pieces = re.split(r"(\{player\}|\*)", pattern)
                fixed = [re.sub(r"[^a-z0-9]+", " ", piece.lower()) for piece in pieces[::2]]
                free = [".*" if piece == "*" else player for piece in pieces[1::2]]
                text = "".join(map("".join, zip(fixed, [*free, ""], strict=True))).strip()
                length = sum(len(piece.replace(" ", "")) for piece in fixed)
                found.append((length, re.compile(rf"(?:(?P<before>.*) )?{text}(?: (?P<logged>step|epoch))?"), quantity))
        return found

    def _player(self, found: str) -> str:
        return next((player for player in self.players if player.lower() == found.lower()), found)

    def fits(self, names: Collection[str], printed: Collection[str]) -> int:
        """Return how many columns of a log this trainer explains; 0 if it is not the one that wrote it.

        Args:
            names: the columns.
            printed: what the log prints of places: `epoch`, `epochs`, `iteration`, `iterations`.
        """
        for place in self.places:
            if (place.removeprefix("no ") in printed) is place.startswith("no "):
                return 0
        if any(_is_there(each, names, self.players) for each in self.absent):
            return 0
        if not any(all(_is_there(each, names, self.players) for each in signature) for signature in self.signatures):
            return 0
        return sum(self.meaning(Name(each)) is not None for each in names)


def _is_there(pattern: str, names: Collection[str], players: Sequence[str]) -> bool:
    """Tell whether a column is spelt like a pattern of a signature, at least from a separator on.

    Lightning adds `_step` and `_epoch` to what is logged as both.
    """
    wanted = re.escape(pattern).replace(r"\{player\}", f"(?:{'|'.join(map(re.escape, players))})")
    exact = re.compile(rf"(?:.*[/. |:-])?{wanted}(?:_step|_epoch)?")
    return any(exact.fullmatch(name) for name in names)


@lru_cache(maxsize=1)
def trainers() -> tuple[Trainer, ...]:
    """Return the entries of trainers.yaml."""
    text = files("ganlab.diagnosis.readers").joinpath("trainers.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return tuple(_entry(each) for each in yaml.load(text, Loader=loader))


def _entry(values: dict[str, Any]) -> Trainer:
    columns = {
        quantity: (patterns,) if isinstance(patterns, str) else tuple(patterns)
        for quantity, patterns in values.pop("columns").items()
    }
    lists: dict[str, Any] = {key: tuple(values.pop(key)) for key in ("absent", "places", "players") if key in values}
    signatures = tuple(tuple(each) for each in values.pop("signatures"))
    return Trainer(**values, **lists, columns=columns, signatures=signatures)


def _plain(text: str) -> str:
    """Return a name in lower case with one space for all that separates its words."""
    return re.sub(r"[^a-z0-9]+", " ", text[:200].lower()).strip()


def recognise(names: Iterable[Name], printed: Collection[str]) -> Trainer | None:
    """Return the trainer that explains most columns of a log, among those whose signature is there.

    Args:
        names: the columns.
        printed: what the log prints of places, as in `Trainer.fits`.
    """
    texts = [str(name) for name in names][:500]
    scored = [(trainer.fits(texts, printed), max(map(len, trainer.signatures)), trainer) for trainer in trainers()]
    best = max(scored, key=lambda each: each[:2], default=None)
    return best[2] if best is not None and best[0] else None


def by_name(name: str) -> Trainer | None:
    """Return the entry of a trainer."""
    return next((each for each in trainers() if each.name == name), None)


def understand(names: Sequence[Name], trainer: Trainer | None = None) -> dict[Name, Meaning]:
    """Return what each column of a log is taken for, each for itself and then all together.

    Args:
        names: the columns.
        trainer: who wrote them, if known.
    """
    found: dict[Name, Meaning] = {}
    for name in names:
        own = trainer.meaning(name) if trainer is not None else None
        found[name] = own if own is not None else meaning(name)
    _settle_halves(found)
    _settle_players(found, trainer)
    _settle_bare(found)
    _settle_totals(found)
    _settle_actors(found)
    return found


def meaning(name: Name | str) -> Meaning:
    """Return what the words of a column's name say, or NOTHING."""
    given = Name(name) if isinstance(name, str) else name
    if given.label in QUANTITIES and not given.heading and given.columns == 1:
        return Meaning(given.label)
    if (whole := _whole(given)) is not None:
        return whole
    roles, left = _roles(given.label)
    above, above_left = _roles(given.heading) if given.heading else (frozenset(), ())
    side, kind = roles & {"D", "G"}, roles & KIND
    if not (side and kind):
        if not kind:
            roles |= above & KIND
        if not side:
            roles |= above & {"D", "G"}
            left = (*left, *above_left) if "D" in above or "G" in above else left
        roles |= above & {"real", "fake", "held out", "adversarial"}
    if given.heading and above == {"D"} and not left and roles in ({"D", "real"}, {"D", "fake"}):
        half = "real" if "real" in roles else "fake"
        return Meaning(f"d_loss_{half}", "", 4, f"it stands below {quoted(given.heading)}")
    if {"D", "loss"} <= roles and len(left) == 1 and left[0] in HALVES:
        roles, left = roles | {HALVES[left[0]]}, ()
    quantity, rank = _quantity(roles)
    if quantity is None or len(left) > 1 or (left and not PLAYERS.fullmatch(left[0])):
        return Meaning(quantity) if quantity in OTHERS else SETTING if given.heading == "Namespace" else NOTHING
    if given.columns > 1:
        # Several numbers under one name that no entry explains: the first, unless others say the same.
        rank += 2 * given.column
        if quantity not in OTHERS and given.column:
            return NOTHING
    return Meaning(quantity, left[0] if left else "", rank, "", "adversarial" in roles)


def _quantity(roles: frozenset[str]) -> tuple[str | None, int]:
    """Return the quantity that some roles say together, and how roundabout."""
    rank = sum(MODIFIERS.get(role, 0) for role in roles)
    if "setting" in roles or (roles and roles <= {"step", "epoch", "train", "held out", "mean"}):
        return "settings", 0
    if roles & {"other", "class"}:
        if "accuracy" in roles:
            return ("class accuracy" if "class" in roles else None), 0
        return (None if "gradient" in roles else "other score" if "score" in roles else "other term"), 0
    if "penalty" in roles:
        return "penalty", 0
    if "distance" in roles:
        return "other score", 0  # a critic's gap, with either sign
    if "time" in roles:
        return "time", 0
    if {"G", "accuracy"} <= roles:
        return "other score", 0
    plain = roles.difference(MODIFIERS)
    if "total" in roles and plain <= {"D", "G", "loss"} and plain:
        return ("generator total", 0) if "D" not in plain else ("d_loss", rank) if "G" not in plain else (None, 0)
    if "adversarial" in roles and plain <= {"loss"}:
        return "g_loss", rank + 2
    if "adversarial" in roles and len(plain) == 1 and plain <= {"D", "G"}:
        plain |= {"loss"}  # `G_GAN`
    return MEANINGS.get(plain), rank


EVALUATED = ("current", "new", "evaluating", "evaluated", "evaluation", "computed", "calculated", "test", "model")
"""Words before a metric's name that say nothing more than that it was evaluated."""

FID = re.compile(r"fid[0-9]{1,5}k?(?:full)?")
"""FIDs by the number of samples, or by the size of the pictures."""


def _whole(name: Name) -> Meaning | None:
    """Return what a name says as a whole; what only says where it stands may be left out: `metrics/fid50k_full`."""
    squeezed = re.sub("(?:mean|avg|average)$", "", squeeze(name.label)) or squeeze(name.label)
    while squeezed not in WHOLE_NAMES:
        if FID.fullmatch(squeezed):
            return Meaning("fid", "", 1)
        words = (*EVALUATED, *(word for role in ("metric", "held out", "train") for word in WORDS[role].split()))
        prefix = next((word for word in words if squeezed.startswith(word)), "")
        if not prefix:
            return None
        squeezed = squeezed[len(prefix) :]
    quantity = WHOLE_NAMES[squeezed]
    if name.columns > 1 and quantity == "d_fake" and name.column:
        return Meaning("other score")
    return Meaning(quantity)


def squeeze(name: str) -> str:
    """Return a name in lower case, its letters and digits only; at most 100 of them."""
    return "".join(character for character in name[:200].lower() if character.isascii() and character.isalnum())[:100]


@lru_cache(maxsize=4096)
def _roles(text: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the roles of the words in a name, and the words that are none of WORDS."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", WITHOUT.sub(" adv ", text[:200].replace("_", " ")))
    roles: set[str] = set()
    left: list[str] = []
    for token in re.findall(r"[a-z0-9]+", words.lower()):
        if token in ABBREVIATED:
            found: frozenset[str] | None = frozenset((ABBREVIATED[token], "loss"))
        else:
            found = frozenset((ALONE[token],)) if token in ALONE else _parts(token[:100])
        if found is None and (one := re.fullmatch(r"([a-z]+)([0-9]{1,3})|([dg])([abxy])", token)):
            found = _parts(one[1] or one[3])  # errD0: D of the first scale; DA: D of the domain A
            left += [one[2] or one[4]] * (found is not None)
        if found is None:
            left.append(token)
        else:
            roles |= found
    if not roles and not left and any(character.isalpha() for character in text):
        left.append(text[:60])
    return frozenset(roles), tuple(left)


@lru_cache(maxsize=4096)
def _parts(text: str) -> frozenset[str] | None:
    """Return the roles of the words that are run together in a text, or None if it is not made of WORDS."""
    if not text:
        return frozenset()
    for word, role in SPELLINGS:
        if text.startswith(word):
            rest = _parts(text[len(word) :])
            if rest is not None:
                return rest | {role}
    return None


def whose(name: Name) -> str:
    """Return `D` or `G` if a column's name or heading says whose it is; else nothing."""
    sides = (_roles(name.label)[0] & {"D", "G"}) or (_roles(name.heading)[0] & {"D", "G"})
    return next(iter(sides)) if len(sides) == 1 else ""


def _sided(text: str) -> bool:
    """Tell whether words name D or G: what follows them is theirs, whatever it is called elsewhere."""
    return bool(_roles(text)[0] & {"D", "G"})


def _settle_players(found: dict[Name, Meaning], trainer: Trainer | None) -> None:
    """Believe in several players only if a loss is there for two of them; else such a name is a roundabout one."""
    known: set[str] = set()
    if trainer is not None and len({each.player for each in found.values()} & set(trainer.players)) > 1:
        known.update(trainer.players)
    for quantities in (("d_loss", "d_loss_real", "d_loss_fake"), ("g_loss",)):
        players = {each.player for each in found.values() if each.quantity in quantities and each.player}
        known |= players if len(players) > 1 else set()
    for name, each in found.items():
        if each.player and each.player not in known:
            found[name] = each._replace(player="", rank=each.rank + 3)
    if not known:
        return
    theirs = {each.quantity for each in found.values() if each.player}
    for name, each in found.items():
        if not each.player and each.quantity in theirs and each.quantity in ("d_loss", "g_loss"):
            total = "generator total" if each.quantity == "g_loss" else f"another {each.quantity}"
            found[name] = each._replace(quantity=total, guess="a total over several players")


def _settle_halves(found: dict[Name, Meaning]) -> None:
    """Take `fake` alone behind `Accuracy real` for the other half of it."""
    before: tuple[Name, str] | None = None
    for name, each in found.items():
        roles, left = _roles(name.label)
        if each.quantity is None and before is not None and roles == {"fake"} and not left and not name.heading:
            half = before[1].removesuffix("real") + "fake"
            if all(other.quantity != half for other in found.values()):
                found[name] = each._replace(quantity=half, rank=4, guess=f"it stands behind {quoted(str(before[0]))}")
        before = (name, each.quantity) if each.quantity is not None and each.quantity.endswith("_real") else None


def _settle_bare(found: dict[Name, Meaning]) -> None:
    """Take `D` and `G` (or `Dis` and `Gen`) alone for losses, and `C loss` for D's, if no other name is one."""
    losses = {each.quantity for each in found.values()}
    bare: dict[str, Name] = {}
    for name, each in found.items():
        roles, left = _roles(name.label)
        if each.quantity is not None or name.column or name.heading:
            continue
        roles -= {"metric", "train", "mean"}
        if not left and roles in ({"D"}, {"G"}):
            bare.setdefault("d_loss" if "D" in roles else "g_loss", name)
        elif roles == {"loss"} and left == ("c",):
            bare.setdefault("d_loss", name)
    known = {*losses, *bare}
    if "g_loss" not in known or not known & {"d_loss", "d_loss_real"}:
        return
    if len(bare) > 1 and all(name.label in ("d", "g") for name in bare.values()):
        return  # small letters are a distance and gravity as well
    for quantity, name in bare.items():
        if quantity not in losses:
            found[name] = Meaning(quantity, "", 4, "no other name is such a loss")


def _settle_totals(found: dict[Name, Meaning]) -> None:
    """Tell the adversarial part of G's loss from its total, where a log holds both or the total's other terms."""
    parts = {each.player for each in found.values() if each.quantity == "g_loss" and each.adversarial}
    theirs = [name for name, each in found.items() if each.quantity == "other term" and whose(name) == "G"]
    for name, each in found.items():
        if each.quantity != "g_loss" or each.adversarial:
            continue
        if each.player in parts or "" in parts:
            found[name] = each._replace(quantity="generator total", guess="its adversarial part stands beside it")
        elif theirs:
            guess = f"it is the sum with {quoted(str(theirs[0]))}"
            found[name] = each._replace(quantity="generator total", guess=guess)
    if any(each.quantity in ("d_loss", "g_loss", "d_loss_real") for each in found.values()):
        return
    for name, each in found.items():
        # Without any loss, `D_real` may be a score or half a loss: nothing tells.
        if each.quantity in ("d_real", "d_fake") and _roles(name.label)[0] <= {"D", "real", "fake"}:
            whole = WHOLE_NAMES.get(squeeze(name.label))
            found[name] = each if whole or name.label in QUANTITIES else NOTHING


def _settle_actors(found: dict[Name, Meaning]) -> None:
    """Forget a critic beside an actor or a reward, unless there is a generator: it is one of reinforcement learning."""
    words = {word for name in found for word in _plain(f"{name.heading} {name.label}").split()}
    if not words & ACTORS or any(whose(name) == "G" or each.quantity == "g_loss" for name, each in found.items()):
        return
    for name in found:
        if "critic" in _plain(f"{name.heading} {name.label}"):
            found[name] = NOTHING


def proposal(name: Name) -> str | None:
    """Return the quantity that a name which says nothing sure is nearest to, if any is near."""
    roles, _ = _roles(f"{name.heading} {name.label}")
    text = squeeze(name.label)
    if roles & {"penalty", "time", "setting", "other", "class", "rate", "gradient", "step", "epoch"}:
        return None
    letters = re.findall(r"(?<![A-Z])[DG](?![a-z])", name.label)
    side = (
        "D" if "D" in roles or letters[:1] == ["D"] or re.match(r"d|critic|c[0-9]?(?:loss|$)", text) else
        "G" if "G" in roles or letters[:1] == ["G"] or text.startswith("g") else ""
    )  # fmt: skip
    if "accuracy" in roles:
        return "d_acc"
    if side:
        half = "_real" if "real" in roles else "_fake" if "fake" in roles else ""
        return f"{side.lower()}_loss{half if side == 'D' else ''}"
    return closest(name.label, [each for each in QUANTITIES if each != "lr"]) if "loss" not in roles else None
