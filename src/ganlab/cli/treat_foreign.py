"""What `ganlab treat` says about a run of other code: its remedies in words, and an experiment that resembles it."""

from __future__ import annotations

from pathlib import Path

from ganlab.cli.console import console, print_json, say
from ganlab.errors import GanlabError
from ganlab.runs.files import atomic_write, require_place
from ganlab.text import printable
from ganlab.treatment.foreign import analogy_text
from ganlab.verdicts import accuses, words


def show_foreign(reference: str, runs_dir: Path, loss: str | None, target: Path | None, as_json: bool) -> None:
    """Print the remedies, likeliest first, and write the experiment if a file is named.

    Raises:
        GanlabError: it cannot be read, nothing is wrong with it, or the file cannot be written.
    """
    if target is not None:
        if target.exists():
            raise GanlabError(f"{target} exists already", "choose another name with --as-experiment")
        require_place(target, "choose another name with --as-experiment")

    from ganlab.api import diagnose

    verdict = diagnose(reference, loss=loss, runs_dir=runs_dir)
    if not accuses(verdict.name):
        missing = "; ".join(f"{each.what}: {each.how}" for each in verdict.missing)
        raise GanlabError(
            f"{reference} is {words(verdict.name)}: {verdict.summary}", missing or "there is nothing to cure"
        )
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(target, analogy_text(verdict, str(target), loss).encode())
    if as_json:
        remedies = [
            {key: getattr(each, key) for key in ("name", "why", "source", "record")} for each in verdict.remedies
        ]
        experiment = None if target is None else str(target)
        print_json({"source": verdict.source, "verdict": verdict.name, "remedies": remedies, "experiment": experiment})
        return
    out = console()
    say(out, printable(f"{verdict.source}: {words(verdict.name)}. Other code made it, so nothing is trained."))
    for number, each in enumerate(verdict.remedies, start=1):
        say(out, printable(f"  {number}. {each.why} ({'; '.join(filter(None, (each.source, each.record)))})"))
    if target is None:
        say(out, "--as-experiment FILE writes a small experiment that resembles it, to train and to treat")
    else:
        say(out, printable(f"an analogy to it, to train and to treat: {target}"))
