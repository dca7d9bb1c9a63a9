"""The experiments that come with ganlab."""

from __future__ import annotations

import difflib
from pathlib import Path

from ganlab.errors import ConfigError


def shipped_configs() -> Path:
    """Return the folder of shipped experiments: inside an installed ganlab, else `configs/` of the checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "shipped_configs"
    return installed if installed.is_dir() else package.parents[1] / "configs"


def find_config(name: str) -> Path:
    """Return the file of a shipped experiment, named as `ganlab ls configs` does, with or without `.yaml`.

    Raises:
        ConfigError: there is none of that name.
    """
    names = [known for known, _ in list_configs()]
    wanted = name.removesuffix(".yaml")
    if wanted in names:
        return shipped_configs() / f"{wanted}.yaml"
    # Reading YAML is not needed to list names: `ganlab ls` stays quick.
    from ganlab.config.yaml_text import safe

    close = difflib.get_close_matches(wanted[:100], names, n=1)
    guess = f"did you mean {close[0]}? " if close else ""
    raise ConfigError(
        f"no experiment '{safe(name)}': neither a file nor one of the shipped experiments",
        f"{guess}`ganlab ls configs` lists those that are shipped",
    )


def list_configs() -> list[tuple[str, str]]:
    """Return name and description of each shipped experiment, in alphabetical order."""
    folder = shipped_configs()
    files = sorted(path for path in folder.rglob("*.yaml") if path.is_file())
    return [(path.relative_to(folder).with_suffix("").as_posix(), _description(path)) for path in files]


def _description(path: Path) -> str:
    """Return the first line of the opening comment that is neither the editor's nor the command that runs the file."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        text = line.lstrip("# ").rstrip()
        if text and not text.startswith(("yaml-language-server:", "ganlab ")):
            return text
    return ""
