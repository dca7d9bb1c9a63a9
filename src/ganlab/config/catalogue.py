"""What an experiment can be made of, by kind: the name of each part and what it is, in a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ganlab.config.data import DATA
from ganlab.config.games import GAMES
from ganlab.config.networks import NETWORKS
from ganlab.config.objectives import LOSSES
from ganlab.config.optimizer import OPTIMIZERS
from ganlab.config.penalties import PENALTIES
from ganlab.config.stabilizers import STABILIZERS
from ganlab.verdicts import KINDS, rank


def _documented(classes: Iterable[tuple[str, type]]) -> dict[str, str]:
    return {name: (options.__doc__ or "").splitlines()[0] for name, options in classes}


CATALOGUE: Mapping[str, Mapping[str, str]] = {
    "networks": {
        name: f"{what} Makes {NETWORKS[name].generator.sizes.words}."
        for name, what in _documented((name, entry.generator) for name, entry in NETWORKS.items()).items()
    },
    "games": _documented((name, entry.options) for name, entry in GAMES.items()),
    "losses": {name: entry.summary for name, entry in LOSSES.items()},
    "penalties": _documented((name, entry.options) for name, entry in PENALTIES.items()),
    "stabilizers": _documented((name, entry.options) for name, entry in STABILIZERS.items()),
    "optimizers": _documented(OPTIMIZERS.items()),
    "data": _documented((name, entry.options) for name, entry in DATA.items()),
    "failures": {name: KINDS[name].meaning for name in sorted(KINDS, key=rank)},
}
