"""The experiments and sweeps that come with ganlab."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ganlab.errors import ConfigError
from ganlab.text import closest, short

SWEEPS = "sweeps/"
"""Where the shipped sweeps are, among the shipped experiments."""


def shipped_configs() -> Path:
    """Return the folder of shipped experiments: inside an installed ganlab, else `configs/` of the checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "shipped_configs"
    return installed if installed.is_dir() else package.parents[1] / "configs"


def find_config(name: str, folder: Path | None = None) -> Path:
    """Return the file of a shipped experiment or sweep, named as its list does, with or without `.yaml`.

    Args:
        name: what the user calls it.
        folder: where a file of that name was looked for; None if only a shipped one is wanted.

    Raises:
        ConfigError: there is no experiment of that name.
    """
    wanted = name.removesuffix(".yaml")
    names = _names()
    if wanted in names:
        return shipped_configs() / f"{wanted}.yaml"
    raise _unknown("experiment", name, names, folder)


def is_shipped(name: str) -> bool:
    """Return whether there is a shipped experiment or sweep of that name, with or without `.yaml`."""
    return name.removesuffix(".yaml") in _names()


def shipped_as(name: str, sweeps: bool) -> str | None:
    """Return the name of the shipped experiment, or sweep, so called with or without its folder; None if none is."""
    wanted = name.removesuffix(".yaml")
    names = [known for known in _names() if known.startswith(SWEEPS) == sweeps]
    return wanted if wanted in names else next((known for known in names if known.endswith(f"/{wanted}")), None)


def find_sweep(name: str, folder: Path | None = None) -> Path:
    """Return the file of a shipped sweep, with or without `sweeps/` and `.yaml`, or else of the experiment so named.

    Args:
        name: what the user calls it.
        folder: where a file of that name was looked for; None if only a shipped one is wanted.

    Raises:
        ConfigError: there is no experiment of that name.
    """
    wanted = name.removesuffix(".yaml")
    names = _names()
    for known in (SWEEPS + wanted, wanted):
        if known in names:
            return shipped_configs() / f"{known}.yaml"
    sweeps = [known.removeprefix(SWEEPS) for known in names if known.startswith(SWEEPS)]
    raise _unknown("sweep", name, sweeps, folder)


def list_configs() -> list[tuple[str, str]]:
    """Return name and description of each shipped experiment, in alphabetical order."""
    return [(name, _description(name)) for name in _names() if not name.startswith(SWEEPS)]


def list_sweeps() -> list[tuple[str, str]]:
    """Return name and description of each shipped sweep, in alphabetical order."""
    return [(name, _description(name)) for name in _names() if name.startswith(SWEEPS)]


def _names() -> list[str]:
    folder = shipped_configs()
    files = sorted(path for path in folder.rglob("*.yaml") if path.is_file())
    return [path.relative_to(folder).with_suffix("").as_posix() for path in files]


def _unknown(kind: str, name: str, names: list[str], folder: Path | None) -> ConfigError:
    near = (_beside(name, folder) if folder is not None else None) or _meant(name, names)
    guess = f"did you mean {near}? " if near else ""
    listed = "`ganlab ls configs` lists those that are shipped"
    if kind == "sweep":
        listed = f"the shipped ones are {', '.join(names)}" if names else "none is shipped"
    return ConfigError(f"no {kind} '{short(name)}': neither a file nor one of the shipped {kind}s", f"{guess}{listed}")


def _beside(name: str, folder: Path) -> str | None:
    """Return the file that was probably meant by a name with a folder in front."""
    front, last = os.path.split(name)
    files = {file.stem: file.name for file in (folder / front).glob("*.yaml")} if front else {}
    near = closest(last.removesuffix(".yaml"), files)
    return os.path.join(front, files[near]) if near else None


def _meant(name: str, names: list[str]) -> str | None:
    """Return the shipped one that was probably meant; its folder may be left out, or another be in front."""
    wanted = name.removesuffix(".yaml")
    bare = {known.rpartition("/")[2]: known for known in reversed(names)}
    near = closest(wanted, names) or closest(wanted.rpartition("/")[2], bare)
    return near if near in names or near is None else bare[near]


def _description(name: str) -> str:
    """Return the first sentence of the opening comment, behind the editor's line and the command that runs it."""
    lines: list[str] = []
    for line in (shipped_configs() / f"{name}.yaml").read_text(encoding="utf-8").splitlines():
        text = line.lstrip("# ").rstrip()
        if not line.startswith("#") or (lines and not text):
            break
        if text and not text.startswith(("yaml-language-server:", "ganlab ")):
            lines.append(text)
    return re.split(r"(?<=[.?!])\s+(?=[A-Za-z`])", " ".join(lines), maxsplit=1)[0]
