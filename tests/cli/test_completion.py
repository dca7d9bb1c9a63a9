"""What the shell offers at Tab, asked as bash asks it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.runs.directory import create_run
from ganlab.runs.status import RunStatus


def offered(line: str) -> list[str]:
    """Return what is offered for the last word of a line, which may be empty; bash also splits words at `=`."""
    words = ["ganlab", *line.replace("=", " = ").replace("  ", " ").split(" ")]
    if line.endswith("="):
        words.pop()
    asked = {"_GANLAB_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    result = CliRunner().invoke(app, [], env=asked, prog_name="ganlab")
    return result.output.split()


@pytest.fixture
def runs(tmp_path: Path, points: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs of one name and one of another, a sweep with a run, and a file."""
    monkeypatch.chdir(tmp_path)
    for age, (folder, name) in enumerate(
        (
            ("runs", "ring-20260101-120000-abcd"),
            ("runs", "ring-20260102-120000-abcd"),
            ("runs", "mine-20260102-120000-abcd"),
            ("runs/sweep-guide-abcdefgh/runs", "latent_1-s0-abcdefgh"),
        )
    ):
        run = create_run(Path(folder), points("generator.width=24"), name)
        run.write_status(RunStatus(status="finished"))
        os.utime(run.status_file, (age, age))
    Path("runs/sweep-guide-abcdefgh/spec.yaml").write_text("name: guide")
    Path("ring.log").write_text("")
    Path("ringing.yaml").write_text("extends: ring")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        # experiments and sweeps
        ("train ring_", ["ring_packed"]),
        ("train ring", ["ring", "ring_packed", "ringing.yaml"]),
        ("validate failures/latent", ["failures/latent_1"]),
        ("cp ring", ["ring", "ring_packed"]),
        ("sweep adam", ["adam_map"]),
        ("train nothing", []),
        # runs
        ("resume ", ["latent_1", "mine", "ring"]),
        ("evaluate ri", ["ring", "ring-20260102-120000-abcd", "ring-20260101-120000-abcd"]),
        ("compare mine lat", ["latent_1", "latent_1-s0-abcdefgh"]),
        ("diagnose ring", ["ring", "ring-20260102-120000-abcd", "ring-20260101-120000-abcd", "ring.log",
         "ringing.yaml"]),
        ("diagnose ringi", []),
        ("sample mi --runs-dir nowhere --step n", ["newest"]),
        ("resume --runs-dir nowhere r", []),
        ("report g", ["guide"]),
        ("report ", ["guide", "latent_1", "mine", "ring"]),
        # keys and their values
        ("train ring training.st", ["training.steps=15000", "training.steps="]),
        ("train ring generator.n", ["generator.name=", "generator.norm="]),
        ("train ring latent.dim=64 game.na", [f"game.name={name}" for name in ("standard", "conditional", "auxiliary",
         "infogan", "progressive", "cycle", "super_resolution", "paired")]),
        ("train ring loss=", ["minimax", "non_saturating", "least_squares", "hinge", "wasserstein", "relativistic",
         "relativistic_average"]),
        ("train ring training.steps=9 loss=h", ["hinge"]),
        ("train ring generator.name=dcgan generator.kernel", ["generator.kernel_size="]),  # not yet one for points
        ("train smoke generator.kernel_size=8 generator.kernel", ["generator.kernel_size=8", "generator.kernel_size="]),
        ("train ring monitor.tensorboard=", ["true", "false"]),
        ("train ring monitor.stop_on=mode_collapse/t", ["mode_collapse/total"]),
        ("train ring monitor.stop_on=healt", []),
        ("train ring expect=healt", ["healthy"]),
        ("train ring optimizer.l", ["optimizer.lr="]),
        ("resume mine generator.w", ["generator.width=24", "generator.width="]),
        ("resume mine --allow-change generator.wi", ["generator.width"]),
        ("sweep adam_map generator.kernel", ["generator.kernel_size=4", "generator.kernel_size="]),
        # verdicts
        ("train ring --fail-on div", ["diverged/phase_change", "diverged"]),
        ("diagnose mine --fail-on healthy,under", ["healthy,under_trained"]),
    ],
)  # fmt: skip
def test_what_is_offered(runs: Path, line: str, offers: list[str]) -> None:
    assert offered(line) == offers


def test_what_cannot_be_read_offers_what_every_experiment_has(runs: Path) -> None:
    Path("runs/mine-20260102-120000-abcd/config.yaml").write_text("{")
    for line in ("resume mine training.st", "train nowhere.yaml training.st", "train ring a=b training.st"):
        assert "training.steps=" in offered(line)
    Path("file").write_text("")
    assert offered("resume --runs-dir file r") == []


def test_bash_itself_asks_so_and_torch_stays_out(runs: Path) -> None:
    """The script that `--show-completion` prints, in a shell whose `ganlab` fails if torch was imported."""
    command = runs / "bin" / "ganlab"
    command.parent.mkdir()
    command.write_text(
        f"#!{sys.executable}\nimport sys\nfrom ganlab.cli.app import main\n"
        "try:\n    main()\nfinally:\n    assert not {'torch', 'scipy', 'matplotlib'} & set(sys.modules)\n"
    )
    command.chmod(0o755)
    script = CliRunner().invoke(app, ["--show-completion", "bash"], prog_name="ganlab").output
    asked = (
        f"{script}\nCOMP_WORDS=(ganlab resume mine generator.width = 24 loss = h); COMP_CWORD=8\n"
        'set -e; _ganlab_completion ganlab; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{command.parent}:{os.environ['PATH']}"
    shell = subprocess.run(
        ["bash", "-c", asked], capture_output=True, text=True, env={**os.environ, "PATH": path}, check=True
    )
    assert (shell.stdout, shell.stderr) == ("hinge\n", "")
