"""`ganlab diagnose` as its user meets it: real runs, logs, damage, scripts that read the exit code."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.cli.verdict_panel import show_verdict
from ganlab.cli.verdict_table import show_table
from ganlab.config.experiment import Experiment
from ganlab.diagnosis.evidence import Evidence, Series
from ganlab.diagnosis.findings import Contribution, Finding, Missing, Remedy
from ganlab.diagnosis.sessions import Judged
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import RunError
from ganlab.runs.directory import RunDirectory

runner = CliRunner()

VERDICT = Verdict(
    failure="mode_collapse",
    variant="partial",
    confidence=0.93,
    basis="13 of 14 such runs",
    severity=0.5,
    onset_step=1200,
    summary="Half of the classes are missing.",
    contributing=(Contribution("convergence_failure", "discriminator_dominates", 120, (120, 400)),),
    evidence=(Finding("lost_class_mass", 0.498, 0.1, (1200, 2000), "a paper", "Classes 4 and 5 are missing."),),
    missing=(Missing("held-out scores", "log them"),),
    remedies=(
        Remedy("A larger latent.", "Radford et al. 2015", {"latent.dim": 64, "penalties": [{"name": "r1"}]}),
        Remedy("Show D several samples at once.", "Lin 2018"),
    ),
    source="runs/one",
    steps=(1, 2000),
    notes=("lossD was taken for d_loss",),
)


def ganlab(*arguments: object) -> Any:
    """Run a command in this process; a GanlabError comes back as the result's exception."""
    return runner.invoke(app, ["diagnose", *map(str, arguments)])


def write_log(path: Path, rows: int = 400, broken_at: int | None = None) -> Path:
    """A CSV of a quiet run, whose losses are NaN from a step on."""
    draw = np.random.default_rng(0)
    lines = ["step,d_loss,g_loss"]
    for step in range(1, rows + 1):
        d_loss, g_loss = (1.3 + draw.normal(0, 0.05), 0.9 + draw.normal(0, 0.05))
        broken = broken_at is not None and step >= broken_at
        lines.append(f"{step},nan,nan" if broken else f"{step},{d_loss:.4f},{g_loss:.4f}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, points: Any) -> Path:
    from ganlab.api import train

    folder = tmp_path_factory.mktemp("diagnose") / "runs"
    train(points("name=first"), runs_dir=folder)
    train(points("name=second", "expect=healthy"), runs_dir=folder)
    return folder


def written_at(run: Path) -> dict[Path, int]:
    """When each file of a run was last written; its lock is none of them."""
    return {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file() and path.name != ".lock"}


@contextmanager
def held_by_another(run: Path) -> Iterator[subprocess.Popen[str]]:
    """A live process that writes to a run."""
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom ganlab.runs.directory import RunDirectory\n"
        f"with RunDirectory(Path({str(run)!r})).held():\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        yield holder
    finally:
        holder.kill()
        holder.wait()


class TestOneRun:
    def test_says_what_it_is_and_writes_it_into_the_run(self, runs: Path) -> None:
        result = ganlab("first", "--runs-dir", runs)
        assert result.exit_code == 0, result.output
        run = next(runs.glob("first*"))
        told = json.loads((run / "verdict.json").read_text())
        assert told["schema"] == 1
        assert result.output.splitlines()[0] == str(run)
        assert result.output.splitlines()[2].startswith("Too early to tell: 20 of the 100 updates")
        assert {"verdict.png", "verdict.svg", "samples.png"} <= {path.name for path in (run / "plots").iterdir()}
        assert str(run / "plots" / "samples.png") in result.output
        assert not list(run.rglob(".tmp-*"))

    def test_json_is_verdict_json_and_all_there_is_on_stdout(self, runs: Path) -> None:
        run = next(runs.glob("first*"))
        result = ganlab(run, "--json")
        assert json.loads(result.stdout) == json.loads((run / "verdict.json").read_text())

    def test_out_leaves_the_run_alone(self, runs: Path, tmp_path: Path) -> None:
        run = next(runs.glob("second*"))
        before = written_at(run)
        result = ganlab(run, "--out", tmp_path / "deep" / "er")
        assert result.exit_code == 0, result.output
        assert written_at(run) == before
        assert (tmp_path / "deep" / "er" / "verdict.json").is_file()
        assert (tmp_path / "deep" / "er" / "plots" / "verdict.png").is_file()

    def test_a_run_that_is_being_written_is_judged_and_left_alone(self, runs: Path, tmp_path: Path) -> None:
        run = next(runs.glob("second*"))
        with held_by_another(run) as holder:
            before = written_at(run)
            result = ganlab(run)
            assert result.exit_code == 0, result.output
            assert re.search(f"nothing was written: .* is in use by process {holder.pid}", result.output)
            assert ganlab(run, "--out", tmp_path).exit_code == 0
            assert written_at(run) == before
        assert (tmp_path / "verdict.json").is_file()

    def test_a_run_that_cannot_be_written_is_judged(self, runs: Path, tmp_path: Path) -> None:
        run = tmp_path / "run"
        original = RunDirectory(next(runs.glob("first*")))
        run.mkdir()
        for file in (original.config, original.status_file, original.history, original.snapshots):
            (run / file.name).write_bytes(file.read_bytes())
        (run / "plots").write_text("a file where the folder should be")
        result = ganlab(run, "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["source"] == str(run)
        assert "nothing was written" in result.stderr

    def test_damaged_samples_cost_their_sheet_only(self, runs: Path, tmp_path: Path) -> None:
        run = next(runs.glob("second*"))
        shown = max((run / "samples").glob("shown_*.npz"))
        content = shown.read_bytes()
        shown.write_bytes(content[:100])
        try:
            result = ganlab(run, "--out", tmp_path)
        finally:
            shown.write_bytes(content)
        assert result.exit_code == 0, result.output
        assert "no sheet of samples" in result.output
        assert (tmp_path / "plots" / "verdict.png").is_file()
        assert not (tmp_path / "plots" / "samples.png").exists()


class TestForeignLogs:
    def test_nothing_is_written_beside_them(self, tmp_path: Path) -> None:
        log = write_log(tmp_path / "log.csv", broken_at=300)
        result = ganlab(log)
        assert result.exit_code == 0, result.output
        assert "Diverged, since step 300" in result.output
        assert list(tmp_path.iterdir()) == [log]

    def test_unless_out_is_given(self, tmp_path: Path) -> None:
        ganlab(write_log(tmp_path / "log.csv", broken_at=300), "--out", tmp_path / "out")
        assert json.loads((tmp_path / "out" / "verdict.json").read_text())["failure"] == "diverged"
        assert (tmp_path / "out" / "plots" / "verdict.svg").is_file()

    def test_losses_alone_prove_no_health(self, tmp_path: Path) -> None:
        result = ganlab(write_log(tmp_path / "log.csv"), "--fail-on", "healthy")
        assert result.exit_code == 0
        assert "Inconclusive" in result.output
        assert "--samples" in result.output

    def test_columns_can_be_named(self, tmp_path: Path) -> None:
        log = write_log(tmp_path / "log.csv", broken_at=300)
        log.write_text(log.read_text().replace("d_loss,g_loss", "alpha,omega"))
        result = ganlab(log, "--map", "d_loss=alpha", "--map", "g_loss=omega")
        assert "Diverged" in result.output, result.output

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--map", "los=d_loss"], "--map los=...: there is no such quantity"),
            (["--map", "d_loss=lossD"], "has no such column"),
            (["--map", "d_loss"], "OURS=THEIRS"),
            (["--map", "d_loss="], "OURS=THEIRS"),
            (["--map", "d_loss=d_loss", "--map", "d_loss=g_loss"], "names two columns for d_loss: d_loss and g_loss"),
            (["--map", "d_loss=g_loss", "--map", "fid=g_loss"], "for two quantities"),
            (["--loss", "nonsense"], "nonsense"),
            (["--fail-on", "collapse"], "'collapse' is not a verdict"),
            (["--fail-on", "mode_collapse/cyclic"], "no variant 'cyclic'"),
            (["--fail-on", ""], "not a verdict"),
            (["--watch", "another.csv"], "one run at a time"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, tmp_path: Path, arguments: list[str], message: str) -> None:
        error = ganlab(write_log(tmp_path / "log.csv"), *arguments).exception
        assert message in str(error)
        assert error.exit_code == 2

    def test_an_out_that_cannot_be_written_is_refused(self, tmp_path: Path) -> None:
        log = write_log(tmp_path / "log.csv")
        error = ganlab(log, "--out", log).exception
        assert "cannot be written" in str(error)
        assert error.exit_code == 2


class TestStandardInput:
    LOG = "iter 10 D loss: 1.3 G loss: 0.9\niter 20 D loss: 1.2 G loss: 0.8\niter 30 D loss: nan G loss: nan"

    def given(self, *arguments: object) -> Any:
        return runner.invoke(app, ["diagnose", *map(str, arguments)], input=self.LOG)

    def test_is_judged_to_its_last_line(self) -> None:
        result = self.given("-", "--json", "--fail-on", "diverged")
        assert result.exit_code == 3
        verdict = json.loads(result.stdout)
        assert (verdict["source"], verdict["failure"], verdict["steps"]) == ("standard input", "diverged", [10, 30])

    def test_is_shown_and_stands_among_others(self, tmp_path: Path) -> None:
        assert self.given("-", "--show").stdout.startswith("standard input\nformat: a text log\nrows: 3\n")
        result = self.given(write_log(tmp_path / "log.csv"), "-")
        assert [line.split()[0] for line in result.stdout.splitlines()[1:]] == [str(tmp_path / "log.csv"), "-"]

    @pytest.mark.parametrize("arguments", [["-"], ["-", "--show"]])
    def test_errors_call_it_by_its_name(self, arguments: list[str]) -> None:
        result = runner.invoke(app, ["diagnose", *arguments], input="")
        assert str(result.exception).startswith("standard input is empty")

    def test_cannot_be_watched_and_leaves_nothing_behind(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        assert "--watch follows a file" in str(self.given("-", "--watch").exception)
        assert self.given("-").exit_code == 0
        assert list(tmp_path.iterdir()) == []


class TestFailOn:
    @pytest.mark.parametrize(
        ("names", "code"), [("diverged", 3), ("mode_collapse, diverged", 3), ("mode_collapse,oscillation", 0)]
    )
    def test_exit_code(self, tmp_path: Path, names: str, code: int) -> None:
        assert ganlab(write_log(tmp_path / "log.csv", broken_at=300), "--fail-on", names).exit_code == code


class TestSeveral:
    def test_a_table_and_the_damaged_one_loses_no_other(self, runs: Path, tmp_path: Path) -> None:
        log, damaged = write_log(tmp_path / "log.csv", broken_at=300), tmp_path / "damaged.csv"
        damaged.write_bytes(b"\x00\xff")
        result = ganlab("second", damaged, log, "nobody", "--runs-dir", runs)
        assert result.exit_code == 2
        lines = result.stdout.splitlines()
        assert [line.split()[0] for line in lines] == ["run", "second", str(damaged), str(log), "nobody"]
        assert "not judged" in lines[2]
        assert "Diverged" in lines[3]
        assert "no: healthy" in lines[1] or "yes" in lines[1]
        assert "nobody" in result.stderr

    def test_json_is_a_list(self, tmp_path: Path) -> None:
        log = write_log(tmp_path / "log.csv", broken_at=300)
        result = ganlab(log, tmp_path / "missing", "--json", "--fail-on", "diverged")
        assert result.exit_code == 3
        first, second = json.loads(result.stdout)
        assert first["failure"] == "diverged"
        assert second["source"] == str(tmp_path / "missing")
        assert set(second) == {"source", "error", "hint"}

    def test_out_holds_a_folder_each(self, tmp_path: Path) -> None:
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir()
        logs = [write_log(tmp_path / folder / "metrics.csv", broken_at=300) for folder in ("a", "b")]
        assert ganlab(*logs, "--out", tmp_path / "out").exit_code == 0
        assert sorted(path.parent.name for path in (tmp_path / "out").glob("*/verdict.json")) == [
            "1-metrics.csv",
            "2-metrics.csv",
        ]


class TestWatch:
    def test_each_new_verdict_is_a_line_and_fail_on_ends_it_at_once(self, tmp_path: Path) -> None:
        log = write_log(tmp_path / "log.csv", 200)

        def grow() -> None:
            time.sleep(1.0)
            write_log(log, 400, broken_at=300)

        growing = threading.Thread(target=grow)
        growing.start()
        result = ganlab(log, "--watch", "--every", "0.1", "--json", "--fail-on", "diverged")
        growing.join()
        assert result.exit_code == 3, result.output
        verdicts = [json.loads(line) for line in result.stdout.splitlines()]
        assert [(each["failure"], each["steps"][1]) for each in verdicts] == [("inconclusive", 200), ("diverged", 400)]

    def test_says_why_and_ends_where_the_log_has_reached_its_plan(self, tmp_path: Path) -> None:
        log = tmp_path / "train.log"
        rows = (f"Epoch [1/1] Step [{row}/300], d_loss: 1.2{row % 7}, g_loss: 0.8{row % 5}\n" for row in range(1, 301))
        log.write_text("".join(rows))
        lines = ganlab(log, "--watch", "--every", "0.1").stdout.splitlines()
        assert lines[0] == "step 300: Inconclusive"
        assert lines[1].startswith("  Nothing is proved: ")

    def test_ends_with_the_run(self, runs: Path, tmp_path: Path) -> None:
        """The process that holds the run is killed, which leaves the status `running` behind."""
        run = RunDirectory(next(runs.glob("second*")))
        status = run.status()
        run.write_status(status.changed(status="running"))
        try:
            with held_by_another(run.path) as holder:
                threading.Timer(1.5, holder.kill).start()
                started = time.monotonic()
                result = ganlab(run.path, "--watch", "--every", "0.1", "--out", tmp_path)
                assert time.monotonic() - started > 1
        finally:
            run.write_status(status)
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith("step 20: ")
        assert (tmp_path / "verdict.json").is_file()

    def test_a_log_that_says_nothing_yet_is_waited_for(self, tmp_path: Path) -> None:
        log = tmp_path / "train.log"
        log.write_text("loading data\n")
        writer = threading.Timer(1.0, write_log, [log, 400, 300])
        writer.start()
        result = ganlab(log, "--watch", "--every", "0.1", "--fail-on", "diverged")
        writer.join()
        assert result.exit_code == 3, result.output
        assert "waiting" in result.stderr

    @pytest.mark.parametrize(
        ("number", "before", "code"),
        [
            (signal.SIGINT, signal.SIG_DFL, 130),
            # As a background job of a shell that is not interactive inherits it.
            (signal.SIGINT, signal.SIG_IGN, 130),
            (signal.SIGTERM, signal.SIG_DFL, 75),
            (signal.SIGTERM, signal.SIG_IGN, 75),
        ],
    )
    def test_a_signal_ends_it_whatever_was_inherited(
        self, number: signal.Signals, before: signal.Handlers, code: int, tmp_path: Path
    ) -> None:
        log = write_log(tmp_path / "log.csv")
        # A signal is noticed long before the next look.
        command = [sys.executable, "-m", "ganlab", "diagnose", str(log), "--watch", "--every", "600"]
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(number, before),
        )
        assert process.stdout is not None
        assert "Inconclusive" in process.stdout.readline()
        process.send_signal(number)
        _, messages = process.communicate(timeout=60)
        assert process.returncode == code
        assert messages.startswith(f"error: {number.name}: {log} is no longer watched")

    def test_ctrl_c_is_answered_by_a_word(self) -> None:
        code = (
            "import os, signal, sys, threading\n"
            "from ganlab.cli.app import main\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()\n"
            "sys.argv = ['ganlab', 'diagnose', '-']\n"
            "main()\n"
        )
        # It waits for a log that does not come.
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            assert process.stderr.read() == b"interrupted\n"
            assert process.wait(timeout=60) == 130


class TestPanel:
    @staticmethod
    def shown(judged: Judged, **options: Any) -> str:
        out = Console(file=io.StringIO(), markup=False, highlight=False, emoji=False, soft_wrap=True, **options)
        show_verdict(out, judged)
        return out.file.getvalue()  # type: ignore[attr-defined]

    def judged(self, **changes: Any) -> Judged:
        steps = np.arange(1, 2001)
        curves = {"d_loss": Series(steps, np.linspace(1.4, 0.1, 2000)), "g_loss": Series(steps, np.ones(2000))}
        experiment = Experiment(expect=("healthy",))
        evidence = Evidence("runs/one", curves, experiment=experiment)
        return Judged(replace(VERDICT, judged_on=evidence), **changes)

    def test_plain_lines_hold_everything(self) -> None:
        text = self.shown(self.judged(files=[Path("plots/verdict.png")], remarks=["nothing was written"]))
        for words in (
            "Mode collapse, partial, since step 1,200",
            "Half of the classes are missing.",
            "confidence 93 % (13 of 14 such runs); severity 0.50; judged on steps 1 to 2,000",
            "not as expected: healthy",
            "Classes 4 and 5 are missing. (lost_class_mass 0.498 against 0.1; steps 1,200 to 2,000; a paper)",
            "1. Convergence failure, discriminator dominates from step 120 (seen over steps 120 to 400)",
            'latent.dim: 100 -> 64; penalties: [] -> [{"name": "r1"}]: A larger latent. (Radford et al. 2015)',
            "Show D several samples at once. (Lin 2018)",
            "held-out scores: log them",
            "lossD was taken for d_loss",
            "nothing was written",
            "plots/verdict.png",
            "d_loss  █████▇▇▇▇▇▆",
            "1.38 -> 0.116",
            "step 1,200 ▲",
        ):
            assert words in text, words
        assert "\x1b" not in text
        assert "╭" not in text

    def test_the_onset_stands_below_its_place_in_the_sparkline(self) -> None:
        lines = self.shown(self.judged()).splitlines()
        course_line = next(line for line in lines if "d_loss  " in line)
        onset_line = next(line for line in lines if "▲" in line)
        # Step 1,200 of 2,000 lies in the 24th of 40 places, counted from 0 at the first bar.
        assert onset_line.index("▲") - course_line.index("█") == 23

    def test_a_foreign_run_has_no_old_values(self) -> None:
        text = self.shown(Judged(VERDICT))
        assert "latent.dim: 64; penalties" in text
        assert "expected" not in text

    @pytest.mark.parametrize(
        ("failure", "code"), [("healthy", "32"), ("inconclusive", "33"), ("under_trained", "33"), ("diverged", "31")]
    )
    def test_in_a_terminal_the_colour_tells(self, failure: str, code: str) -> None:
        judged = Judged(replace(VERDICT, failure=failure, variant=None))
        terminal = {"force_terminal": True, "width": 90, "color_system": "standard"}
        text = self.shown(judged, **terminal)
        assert text.startswith(f"\x1b[{code}m╭")
        assert all(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) == 90 for line in text.splitlines())
        assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", self.shown(judged, no_color=True, **terminal))

    @pytest.mark.parametrize("terminal", [True, False])
    def test_text_of_others_is_shown_as_it_is(self, terminal: bool) -> None:
        hostile = "[bold red]x[/bold red]\x1b]0;title\x07 :smile:"
        values = {
            **vars(VERDICT),
            "source": hostile,
            "summary": hostile,
            "basis": hostile,
            "notes": (hostile,),
            "evidence": (Finding(hostile, 1.0, None, (1, 1), hostile, hostile),),
            "missing": (Missing(hostile, hostile),),
            "remedies": (Remedy(hostile, hostile, {hostile: hostile}),),
        }
        judged = Judged(Verdict(**values), [Path(hostile)], [hostile])
        text = self.shown(judged, force_terminal=terminal, width=400, color_system=None)
        assert "\x1b]" not in text
        assert "\x07" not in text
        assert text.count("[bold red]x[/bold red]") >= 12

    def test_table_never_cuts_a_name(self) -> None:
        out = Console(file=io.StringIO(), width=40, soft_wrap=True)
        name = "runs/" + "n" * 80
        show_table(out, [(name, Judged(VERDICT)), ("[b]", RunError("damaged"))])
        lines = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
        assert lines[1].split() == [name, "Mode", "collapse,", "partial", "93", "%", "1,200", "0.50", "-"]
        assert lines[2].split() == ["[b]", "not", "judged"]


@pytest.mark.parametrize("how", [[], ["--watch"], ["--show"]])
def test_real_data_without_samples_are_not_left_aside_in_silence(tmp_path: Path, how: list[str]) -> None:
    log = tmp_path / "log.csv"
    write_log(log)
    error = ganlab(log, "--real", "mnist", *how).exception
    assert "there are no samples to hold against it" in str(error)


def test_help_shows_an_example_without_torch() -> None:
    code = (
        "import sys\nsys.argv = ['ganlab', 'diagnose', '--help']\nfrom ganlab.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'matplotlib', 'scipy'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ}
    )
    assert "Example: ganlab diagnose" in " ".join(result.stdout.split())


@pytest.mark.parametrize("kind", ["losses", "broken", "swinging", "fid", "console"])
def test_a_log_is_judged_without_what_takes_long_to_import(tmp_path: Path, kind: str) -> None:
    log = tmp_path / "log"
    if kind in ("losses", "broken"):
        write_log(log, broken_at=300 if kind == "broken" else None)
    elif kind == "swinging":
        rows = [f"{step},{1.3 + np.sin(step / 6):.4f},{0.9 - 0.4 * np.sin(step / 6):.4f}" for step in range(900)]
        log.write_text("\n".join(["step,d_loss,g_loss", *rows, ""]))
    elif kind == "fid":
        log.write_text("step,fid\n" + "".join(f"{100 * row},{30 + row + row % 3}\n" for row in range(40)))
    else:
        log.write_text("".join(f"iter {row}: d_loss: 1.2{row % 7}, g_loss: 0.8{row % 5}\n" for row in range(500)))
    code = (
        f"import sys\nsys.argv = ['ganlab', 'diagnose', {str(log)!r}]\nfrom ganlab.cli.app import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code, ended.code\n"
        "heavy = {'torch', 'matplotlib', 'scipy', 'PIL'} & sys.modules.keys()\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
