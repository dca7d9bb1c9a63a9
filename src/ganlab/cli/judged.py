"""What `ganlab diagnose` shows of a run that it judged: the verdict, and what treating the run found or could find."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from ganlab.cli.completion import DEFAULT_RUNS
from ganlab.cli.console import console, print_json
from ganlab.cli.verdict_panel import print_remarks, show_verdict
from ganlab.diagnosis.sessions import Judged, Target
from ganlab.diagnosis.verdict import Verdict
from ganlab.verdicts import accuses


def show_judged(judged: Judged, target: Target, path: str, runs_dir: Path, as_json: bool) -> None:
    """Print the panel; or the verdict for machines, with what else there is to say on standard error.

    Args:
        judged: the verdict.
        target: what was judged.
        path: what the user calls it.
        runs_dir: the folder of runs in which it was found.
        as_json: print for machines.
    """
    if as_json:
        print_json(judged.verdict.as_json())
        print_remarks(judged)
        return
    gaps: list[str] = []
    advice = treatment_words(judged.verdict, target, path, runs_dir, gaps)
    show_verdict(console(), replace(judged, remarks=(*judged.remarks, *gaps)), advice)


def treatment_words(verdict: Verdict, target: Target, path: str, runs_dir: Path, gaps: list[str]) -> str:
    """Return what treating a run found, or the command that treats it; empty if there is nothing to treat.

    `gaps` takes what could not be read.
    """
    run, evidence = target.run, verdict.judged_on
    if run is None or evidence is None or evidence.experiment is None or not accuses(verdict.name):
        return ""
    from ganlab.report.treatments import treatment_of

    treated = treatment_of(run, gaps)
    if treated is not None:
        page = treated.folder / run.page.name
        return f"treated: {treated.words}; see {page if page.is_file() else treated.folder}"
    if not target.has_ended() or not any(remedy.change for remedy in verdict.remedies):
        return ""
    where = "" if runs_dir == DEFAULT_RUNS else f" --runs-dir {shlex.quote(str(runs_dir))}"
    return f"`ganlab treat {shlex.quote(path)}{where}` tries these next to controls"
