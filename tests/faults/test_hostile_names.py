"""Row 12: names and texts that want to leave the runs folder, or to be active where they are shown."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import ganlab
from ganlab.config.load import dump_experiment
from ganlab.errors import ConfigError
from ganlab.runs.directory import RunDirectory
from tests.report.browser.visiting import inline_code

OVERRIDES = ("training.device=cpu", "training.steps=2", "monitor.checkpoint_every=2", "monitor.snapshot_every=2")
ESCAPE = "\x1b[31mred\x1b]0;title\x07"
MARKUP = "[bold red]loud[/bold red] [link=file:///etc/passwd]x[/link] :smiley:"
HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>"

NAMES = [
    "../escaped",
    "../../escaped",
    "/tmp/escaped",
    "a/b",
    "a\\b",
    "..",
    ".",
    ".hidden",
    "-rf",
    "~",
    "~root",
    "$HOME",
    "`id`",
    "a b",
    "a\nb",
    "a\n",
    "a\r",
    "a\tb",
    "a\0b",
    "",
    " ",
    "x" * 65,
    "x" * 5000,
    "CON:",
    "a:b",
    "a*",
    "a?",
    "\u202egnp.exe",
    "a\u2028b",
    "\uff0e\uff0e\uff0fescaped",
    "n\u0303",
    "a\u200bb",
    "\ufeffa",
    "\u0661",
    ESCAPE,
    MARKUP,
    HTML,
    "{0}",
    "%s",
    "name: x",
    "!!python/object/apply:os.system [id]",
]
TEXTS = [
    ESCAPE,
    MARKUP,
    HTML,
    "\u202egnp.exe",
    "a\u2028b\u0085c",
    "line\nline",
    "\x9b31m",
    "x" * 5000,
    "'\"`$(id)",
    "\ud800",
]
# What no terminal may get from us: control characters but newline, and marks that turn the direction of text.
ACTIVE = {chr(code) for code in [*range(10), *range(11, 32), *range(127, 160), 0x202A, 0x202B, 0x202D, 0x202E, 0x2028]}


@pytest.fixture
def world(tmp_path: Path, points: Any) -> Path:
    """Return a folder to work in, with a runs folder and an experiment; nothing beside it or above it may change."""
    sentinel = tmp_path / "outside"
    sentinel.mkdir()
    (sentinel / "file").write_text("untouched")
    work = tmp_path / "inside" / "work"
    (work / "runs").mkdir(parents=True)
    (work / "toy.yaml").write_text(dump_experiment(points(*OVERRIDES)))
    return work


def contents(work: Path) -> dict[str, bytes | None]:
    """Return everything two folders up that is not below the runs folder."""
    top = work.parents[1]
    inside = work / "runs"
    return {
        str(path.relative_to(top)): path.read_bytes() if path.is_file() else None
        for path in top.rglob("*")
        if inside not in path.parents
    }


def active(output: str) -> set[str]:
    """Return the active characters in an output."""
    return ACTIVE & set(output)


def test_names_are_letters_digits_and_three_marks(points: Any, figure: Any) -> None:
    refused = 0
    for name in NAMES:
        with pytest.raises(ConfigError) as caught:
            points(f"name={json.dumps(name)}")
        refused += not active(str(caught.value))
    figure(12, "hostile names of a run; refused", refused, len(NAMES))
    assert refused == len(NAMES)


def commands(text: str, run: str) -> list[list[str]]:
    """Return command lines with a text in every place that takes one. A place that cannot hold it is left out."""
    found = [
        ["train", "toy.yaml", "--name", text],
        ["train", "toy.yaml", f"name={text}"],
        ["train", "toy.yaml", f"{text}=1"],
        ["train", "toy.yaml", text],
        ["train", text],
        ["train", "toy.yaml", "--device", text],
        ["train", "toy.yaml", "--dry-run", f"data={{name: folder, path: {json.dumps(text)}}}"],
        ["train", f"--{text}"],
        ["validate", text],
        ["validate", "toy.yaml", f"claim={json.dumps(text)}", "training.steps=0"],
        ["resume", text],
        ["resume", run, text],
        ["resume", run, "--allow-change", text, "seed=4"],
        ["sample", text],
        ["sample", run, "--step", text],
        ["sample", run, "--step", "\u00b2"],
        ["sample", run, "-n", text],
        ["export", text],
        ["diagnose", text],
        ["diagnose", run, text],
        ["diagnose", run, "--real", text, "--samples", "toy.yaml"],
        ["diagnose", run, "--samples", text],
        ["diagnose", run, "--loss", text],
        ["diagnose", run, "--map", f"d_loss={text}"],
        ["diagnose", run, "--map", text],
        ["diagnose", run, "--fail-on", text],
        ["evaluate", text],
        ["evaluate", run, "--step", text],
        ["ls", text],
        ["schema", text],
        ["ls", "runs", "--runs-dir", text],
        ["cp", text],
        ["cp", "ring", f"runs/{text.replace('/', '|')}.yaml"],
        [text],
    ]
    return [line for line in found if not any("\0" in word or "\ud800" in word for word in line)]


def hostile_run(points: Any, runs: Any, place: Path) -> str:
    """Put a finished run into a runs folder and return its name."""
    made = runs.whole(points(*OVERRIDES))
    target = place / "runs" / made.path.name
    subprocess.run(["cp", "-r", made.path, target], check=True)
    return target.name


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("every", [31, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])])
def test_nothing_outside_and_nothing_active(
    every: int, world: Path, points: Any, runs: Any, cli: Any, figure: Any
) -> None:
    run = hostile_run(points, runs, world)
    lines = [line for text in dict.fromkeys([*NAMES, *TEXTS]) for line in commands(text, run)]
    # One text in all places, and all texts in the places that name files.
    chosen = lines[:: every if every > 1 else 1]
    before = contents(world)
    escapes = loud = 0
    wrong = []
    for line in chosen:
        ended = cli(*line, cwd=world)
        after = contents(world)
        escapes += after != before
        loud += bool(active(ended.output))
        if ended.code not in (0, 2) or after != before or active(ended.output):
            wrong.append(f"{str(line)[:200]}: {ended.code}, {set(after) ^ set(before)}, {ended.output[-300:]!r}")
        before = after
    figure(12, "hostile text anywhere on the command line; escapes from the runs folder", escapes, len(chosen))
    figure(12, "hostile text anywhere on the command line; outputs with active characters", loud, len(chosen))
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("text", TEXTS[:-1], ids=ascii)
def test_text_of_an_experiment_is_shown_as_it_is(text: str, world: Path, cli: Any) -> None:
    """A claim is free text: control characters are refused, markup and HTML are letters like others."""
    claim = f"claim={json.dumps(text, ensure_ascii=False)}"
    coloured = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    for command, environment in (
        (["train", "toy.yaml", claim], coloured),
        (["train", "toy.yaml", claim, "--dry-run"], {}),
        (["validate", "toy.yaml", claim], {}),
    ):
        ended = cli(*command, cwd=world, **environment)
        assert ended.code in (0, 2), ended.output
        assert "\x1b]" not in ended.output
        assert "\x1b[31mred" not in ended.output
        assert environment or not active(ended.output), ended.output
        if text in (MARKUP, HTML) and command[0] == "validate":
            assert text in ended.output.replace("\n  ", " ")


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize(
    "name", [ESCAPE.replace("/", ""), MARKUP.replace("/", "|"), "a\nb", "\u202egnp.exe", "<b>x", "x" * 200]
)
def test_a_folder_with_a_hostile_name(name: str, world: Path, points: Any, runs: Any, cli: Any) -> None:
    """Somebody else may have named the folder of a run, or the file of an experiment."""
    run = world / "runs" / hostile_run(points, runs, world)
    hostile = run.rename(run.with_name(f"{name}tail"))
    config = (world / "toy.yaml").rename(world / f"{name}.yaml")
    (world / "runs" / f"{name}tail2").mkdir()
    (world / "runs" / f"{name}tail2" / "run.json").write_text("{")
    before = contents(world)
    for command in (
        ["ls", "runs"],
        ["ls", "runs", "--json"],
        ["sample", "tail", "--out", "runs/samples.png", "--force"],
        ["sample", str(hostile), "--out", "runs/samples.png", "--force"],
        ["diagnose", "tail"],
        ["diagnose", str(hostile)],
        ["diagnose", f"{hostile}2", f"{hostile}2", "--json"],
        ["evaluate", str(hostile), "-n", "16"],
        ["evaluate", f"{hostile}2"],
        ["resume", str(hostile)],
        ["resume", str(hostile), "training.steps=3"],
        ["resume", f"{hostile}2"],
        ["validate", config.name],
        ["train", config.name],
    ):
        ended = cli(*command, cwd=world)
        assert ended.code in (0, 2), f"{command}: {ended.output}"
        assert not active(ended.output), f"{command}: {ended.output!r}"
    assert contents(world) == before
    # By a part of its name, which is as good as any.
    shutil.rmtree(world / "runs" / f"{name}tail2")
    for command in (["resume", "tail", "training.steps=4"], ["sample", "tail", "--out", "runs/samples.png", "--force"]):
        ended = cli(*command, cwd=world)
        assert ended.code == 0, ended.output
        assert not active(ended.output), f"{command}: {ended.output!r}"
    assert contents(world) == before
    assert not active(RunDirectory(hostile).log.read_text())


def losses(rows: int = 40) -> list[str]:
    """Return cells of a log of two losses; the second is NaN at the end."""
    return [f"{step},{1.3 + step % 7 / 50},{'nan' if step > 30 else 0.9}" for step in range(1, rows + 1)]


def hostile_evidence(text: str, run: str, place: Path) -> dict[str, list[str]]:
    """Write a text into every place of the files that `diagnose` reads, and return what to call it with, by place.

    A folder's name holds what it can of it.
    """
    name = "n" + "".join(c for c in text if c not in "/\0\ud800")[:60]
    shutil.copytree(place / "runs" / run, place / "runs" / "words")
    words = RunDirectory(place / "runs" / "words")
    rows = [json.loads(line) for line in words.snapshots.read_text().splitlines()]
    for row in rows:
        row |= {"classes": [text] * len(row["classes"]), "protocol": {text: text}, text: 1}
    words.snapshots.write_text("".join(json.dumps(row) + "\n" for row in rows))
    status = {"reason": text, "loss": text, "name": text, "non_finite": {"step": 1, "tensor": text, "layer": text}}
    words.status_file.write_text(json.dumps(words.status().as_json() | status))
    files = {
        "columns.csv": "\n".join(
            [f"step,{text},d_loss,g_loss", *(line.replace(",", ",1,", 1) for line in losses()), ""]
        ),
        "alone.csv": "\n".join([f"step,{text},d_loss {text}", *losses(), ""]),
        "keys.jsonl": "".join(
            json.dumps({"step": n, text: 1, "d_loss": 1.0, f"g_loss/{text}": 0.5, "who": text}) + "\n"
            for n in range(40)
        ),
        "console.log": "".join(f"{text} [{n}/40] Loss_D: 1.{n} Loss_G: 0.5 {text}\n" for n in range(40)),
        "config.yaml": f"name: {text}\n",
    }
    for file, content in files.items():
        (place / "runs" / file).write_bytes(content.encode(errors="surrogatepass"))
    samples = np.random.default_rng(0).integers(0, 255, (32, 8, 8), dtype=np.uint8)
    with zipfile.ZipFile(place / "runs" / "names.npz", "w") as archive:
        for step in (1, 2):
            buffer = io.BytesIO()
            np.save(buffer, samples)
            member = text.replace("\ud800", "").replace("\0", "")[:200]
            archive.writestr(f"{member}_{step}.npy", buffer.getvalue())
    folder = place / "runs" / name / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(samples):
        Image.fromarray(sample).save(folder / f"{name}{number}.png")
    csv = "runs/columns.csv"
    return {
        "words of a run": ["runs/words"],
        "columns": [csv],
        "the only columns": ["runs/alone.csv"],
        "keys": ["runs/keys.jsonl"],
        "lines of a console": ["runs/console.log"],
        "names of arrays": [csv, "--samples", "runs/names.npz", "--real", "mnist[8]"],
        "names of pictures": [csv, "--samples", f"runs/{name}/{name}", "--real", "mnist[8]"],
        "names of real pictures": [csv, "--samples", "runs/names.npz", "--real", f"runs/{name}/{name}"],
    }


SHOWN: dict[str, tuple[list[str], dict[str, str]]] = {
    "panel": ([], {}),
    "terminal": ([], {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "100"}),
    "table": (["runs/config.yaml"], {}),
    "json": (["--json", "--out", "runs/out"], {}),
}


@pytest.mark.parametrize("every", [101, pytest.param(5, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
@pytest.mark.usefixtures("no_plots")
def test_evidence_of_others_is_read_and_shown_as_it_is(
    every: int, world: Path, points: Any, runs: Any, cli: Any, figure: Any
) -> None:
    run = hostile_run(points, runs, world)
    texts = list(dict.fromkeys([*TEXTS, *NAMES]))
    before = contents(world)
    wrong, escapes, loud, tried = [], 0, 0, 0
    for number, text in enumerate(texts):
        chosen = [(number * 8 + part, show) for part in range(8) for show in range(4)]
        chosen = [(part % 8, show) for part, show in chosen if (part * 4 + show) % every == 0]
        if not chosen:
            continue
        evidence = list(hostile_evidence(text, run, world).items())
        for part, show in chosen:
            (where, arguments), (how, (more, environment)) = evidence[part], list(SHOWN.items())[show]
            ended = cli("diagnose", *arguments, *more, cwd=world, **environment)
            after = contents(world)
            found = active_views(ended.output, world / "runs" / "out", terminal=how == "terminal")
            tried += 1
            escapes += after != before
            loud += bool(found)
            if ended.code not in (0, 2) or "Traceback" in ended.output or after != before or found:
                wrong.append(f"{text[:80]!r} in {where}, {how}: {ended.code}, {found}, {ended.output[-600:]!r}")
        for path in (world / "runs").iterdir():
            if path.name != run:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    figure(12, "hostile text in files given to `ganlab diagnose`; escapes from the runs folder", escapes, tried)
    figure(
        12, "hostile text in files given to `ganlab diagnose`; views with active characters or elements", loud, tried
    )
    assert not wrong, "\n\n".join(wrong)


def active_views(output: str, out: Path, terminal: bool) -> set[str]:
    """Return what is active in an output, verdict.json, its picture and its page; our own colours are not."""
    if terminal:
        found = {"colours of a text"} if "\x1b[31mred" in output else set()
        found |= active(re.sub(r"\x1b\[[0-9;]*m", "", output))
    else:
        found = active(output)
        if "loud" in output and "[bold red]loud" not in output:
            found.add("markup")
    if (out / "verdict.json").is_file():
        found |= active((out / "verdict.json").read_text())
        told = json.loads((out / "verdict.json").read_text())
        found |= active(json.dumps(told, ensure_ascii=False))
        for element in ElementTree.parse(out / "plots" / "verdict.svg").iter():
            tag = element.tag.rpartition("}")[2]
            links = [value for key, value in element.attrib.items() if key.endswith("href") and value[0] != "#"]
            # Pictures that are part of the file: nothing is loaded from elsewhere.
            links = [value for value in links if tag != "image" or not value.startswith("data:image/png;base64,")]
            scripts = [key for key in element.attrib if key.lower().startswith("on")]
            found |= {tag} & {"script", "a", "foreignObject", "img", "iframe"} | {*links, *scripts}
    if (out / "page.html").is_file():
        page = (out / "page.html").read_text()
        found |= active(page) | set(inline_code(out / "page.html"))
        if page.count("<script") != 2:  # the data, and ours
            found.add("a script on the page")
    return found


@pytest.mark.parametrize("shape", ["absolute", "parent", "long", "file", "folder with things", "newline"])
def test_out_goes_where_it_says_or_nowhere(shape: str, world: Path, points: Any, runs: Any, cli: Any) -> None:
    run = hostile_run(points, runs, world)
    outs = {
        "absolute": f"{world.parents[1]}/elsewhere/x.png",
        "parent": "toy.yaml/../x/y.png",
        "long": "x" * 5000 + ".png",
        "file": "toy.yaml",
        "folder with things": "runs",
        "newline": "a\n\x1b[31m.png",
    }
    before = contents(world)
    for command in ("sample", "export"):
        ended = cli(command, run, "--out", outs[shape], cwd=world)
        assert ended.code in (0, 2), ended.output
        assert "Traceback" not in ended.output
        assert not active(ended.output)
    added = set(contents(world)) - set(before)
    assert all(contents(world)[name] == content for name, content in before.items())
    if shape != "newline":
        assert not {name for name in added if not name.startswith("elsewhere")}


def test_a_link_in_a_run_is_not_written_through(world: Path, points: Any, runs: Any, child: Any) -> None:
    """config.yaml, run.json and pictures are replaced, whatever they were; what a link points to stays."""
    run = RunDirectory(world / "runs" / hostile_run(points, runs, world))
    victim = world.parents[1] / "outside" / "file"
    for path in (run.config, run.status_file):
        copy = path.with_name(f"real-{path.name}")
        path.rename(copy)
        path.symlink_to(copy)
    picture = run.samples / "step_0000004.png"
    picture.symlink_to(victim)
    from ganlab.training import session

    ended = child(lambda: session.resume(run, ["training.steps=4"])).wait()
    assert ended.code == 0, ended.output
    assert victim.read_text() == "untouched"
    assert not run.status_file.is_symlink()


@pytest.mark.parametrize("arguments", [["train", "toy.yaml", "--name", f"../{ESCAPE}"], ["validate", MARKUP]])
def test_the_real_command_line(arguments: list[str], world: Path) -> None:
    command = [sys.executable, "-m", "ganlab", *arguments]
    ended = subprocess.run(command, cwd=world, capture_output=True, text=True, timeout=100)
    assert ended.returncode == 2, ended.stderr
    assert not active(ended.stdout + ended.stderr)
    assert "Traceback" not in ended.stderr
    assert MARKUP not in arguments or MARKUP[:60] in ended.stderr.replace("\n", "")
    assert not os.listdir(world / "runs")


@pytest.mark.parametrize("reference", ["", ".", "..", "/", "\0", "x" * 5000, "*", "[bold]", "../*", "~"])
def test_references_through_the_python_interface(reference: str, world: Path) -> None:
    with pytest.raises(ganlab.errors.RunError):  # type: ignore[attr-defined]
        ganlab.load_run(reference, runs_dir=world / "runs")
