"""Row 13: a run directory whose files are cut off, flipped, deleted, replaced, of wrong types or of a newer format.

`diagnose` and `evaluate` get it. Every verdict counts as confident here, so that none passes for being unsure of
itself anyway: the calibration table is replaced by one that was right in 98 of 100 runs, whatever the verdict.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from ganlab.cli.app import app
from ganlab.diagnosis import calibration
from ganlab.diagnosis.calibration import DOMAINS, SURE
from ganlab.diagnosis.evidence import Evidence
from ganlab.diagnosis.judge import diagnose
from ganlab.diagnosis.readers import ReadOptions, read
from ganlab.diagnosis.verdict import Verdict
from ganlab.errors import GanlabError
from ganlab.runs.directory import RunDirectory
from ganlab.training.checkpoint import MANIFEST, NUMBERS, TENSORS, checkpoint_path
from ganlab.verdicts import KINDS, failure_of

COMMON = ("training.device=cpu", "training.batch_size=64", "monitor.snapshot_samples=128")
NEVER_LEARNED = (*COMMON, "training.steps=120", "monitor.snapshot_every=15", "monitor.checkpoint_every=60")
GAUSSIAN = (
    *COMMON,
    *("data.modes=1", "data.radius=0.5", "data.std=0.3", "optimizer.lr=0.001", "generator.width=32"),
    *("discriminator.width=32", "training.steps=600", "monitor.snapshot_every=50", "monitor.checkpoint_every=300"),
)
"""A run that goes wrong at once, and one that takes shape, so that its verdict changes on the way."""

READ = ("history.csv", "snapshots.jsonl", "config.yaml", "run.json")
"""What diagnosis reads; it draws the last samples again."""

OTHER_TYPES: tuple[Any, ...] = (None, True, -1, 0, 3.5, 1e300, 10**30, "", "text", [], [1, "a"], {}, {"a": {}})

Change = Callable[[random.Random, bytes], bytes | None]


def flip(chance: random.Random, content: bytes) -> bytes:
    """One bit of one byte."""
    changed = bytearray(content)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def overwrite(chance: random.Random, content: bytes) -> bytes:
    """A block of bytes by others, or by zeros as a power cut leaves them."""
    at, length = chance.randrange(len(content)), chance.randint(1, 600)
    block = bytes(length) if chance.random() < 0.5 else chance.randbytes(length)
    return (content[:at] + block + content[at + length :])[: len(content)]


def cut(chance: random.Random, content: bytes) -> bytes:
    """The end is missing; every second time whole lines of it."""
    at = chance.randrange(len(content))
    return content[: content.rfind(b"\n", 0, at) + 1] if chance.random() < 0.5 else content[:at]


def drop_lines(chance: random.Random, content: bytes) -> bytes:
    """Some lines are missing, stand twice, or have changed places."""
    lines = content.splitlines(keepends=True)
    at, kind = chance.randrange(len(lines)), chance.randrange(3)
    if kind == 0:
        del lines[at : at + chance.randint(1, 5)]
    elif kind == 1:
        lines.insert(chance.randrange(len(lines)), lines[at])
    else:
        chance.shuffle(lines)
    return b"".join(lines)


def digit(chance: random.Random, content: bytes) -> bytes:
    """One digit by another, which leaves every format as it was."""
    places = [place for place, byte in enumerate(content) if 48 <= byte <= 57]
    changed = bytearray(content)
    changed[chance.choice(places)] = chance.choice(b"0123456789")
    return bytes(changed)


def gone(chance: random.Random, content: bytes) -> bytes | None:
    """Deleted, emptied, or replaced by what was never ours."""
    return chance.choice([None, b"", b"\n", b"null", b"[]", b"{}", b"\x80\x04N.", b"\xff" * 100, content[::-1]])


def other_type(chance: random.Random, content: bytes) -> bytes:
    """One value of a JSON object, of a line of them or of a YAML mapping by one of another type; CSV: one cell."""
    value = chance.choice(OTHER_TYPES)
    text = content.decode()
    if text.startswith("{") and text.count("\n{") == 0:
        return json.dumps(_replaced(chance, json.loads(text), value)).encode()
    if text.startswith("{"):
        rows = [json.loads(line) for line in text.splitlines()]
        at = chance.randrange(len(rows))
        rows[at] = _replaced(chance, rows[at], value)
        return "".join(json.dumps(row) + "\n" for row in rows).encode()
    if text.startswith("step,"):
        rows = [line.split(",") for line in text.splitlines()]
        row = chance.choice(rows)
        row[chance.randrange(len(row))] = chance.choice(["", "nan", "-inf", "1e999", "x", "'", "0x10", "-1", "9" * 40])
        return "".join(",".join(row) + "\n" for row in rows).encode()
    return yaml.safe_dump(_replaced(chance, yaml.safe_load(text), value)).encode()


def _replaced(chance: random.Random, values: Any, value: Any) -> Any:
    key = chance.choice(sorted(values))
    if isinstance(values[key], dict) and values[key] and chance.random() < 0.7:
        return {**values, key: _replaced(chance, values[key], value)}
    return {**values, key: value}


def newer(chance: random.Random, content: bytes) -> bytes:
    """A format of tomorrow: another schema, and keys or columns that nobody knows yet."""
    text = content.decode()
    if '"schema"' in text:
        return json.dumps({**json.loads(text), "schema": chance.choice([2, 3, 99])}).encode()
    if text.startswith("{"):
        return "".join(json.dumps({**json.loads(line), "tomorrow": 1}) + "\n" for line in text.splitlines()).encode()
    if text.startswith("step,"):
        return "".join(
            f"{line},{1 if number else 'tomorrow'}\n" for number, line in enumerate(text.splitlines())
        ).encode()
    return f"{text}tomorrow: 1\n".encode()


ANY_FILE: tuple[Change, ...] = (flip, overwrite, cut, gone)
CHANGES: tuple[Change, ...] = (flip, overwrite, cut, drop_lines, digit, gone, other_type, newer)


def damages(files: dict[str, bytes], count: int, seed: int) -> Iterator[dict[str, bytes | None]]:
    """Yield what becomes of one file in each trial, in every fifth of two; each kind of damage meets each file."""
    chance = random.Random(seed)
    names = sorted(files)
    for number in range(count):
        change = CHANGES[number % len(CHANGES)]
        name = names[number // len(CHANGES) % len(names)]
        if name.endswith(".npz"):
            change = chance.choice(ANY_FILE)
        found = {name: change(chance, files[name])}
        if number % 5 == 4:
            other = chance.choice(names)
            found[other] = chance.choice([flip, cut, gone])(chance, files[other])
        yield found


def put(run: RunDirectory, files: dict[str, bytes | None]) -> None:
    """Write files into a run, or delete them."""
    for name, content in files.items():
        if content is None:
            (run.path / name).unlink()
        else:
            (run.path / name).write_bytes(content)


def contents(run: RunDirectory) -> dict[str, bytes]:
    """Return every file of a run; its lock is none of them."""
    return {
        str(path.relative_to(run.path)): path.read_bytes()
        for path in run.path.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every verdict confident."""
    cells = [
        {"domain": domain, "accusing": accusing, "samples": 0, "snapshots": 0, "right": 98, "runs": 100}
        for domain in DOMAINS
        for accusing in (True, False)
    ]
    always = {"cells": cells, "verdicts": {"ours": dict.fromkeys(map(failure_of, KINDS), 100)}}
    monkeypatch.setattr(calibration, "table", lambda: always)


def judged(run: RunDirectory) -> tuple[Evidence, Verdict] | GanlabError:
    """Return what is known of a run and its verdict, or the user's error."""
    try:
        evidence = read(run.path, ReadOptions())
        return evidence, diagnose(evidence)
    except GanlabError as error:
        return error


def points_known(evidence: Evidence) -> int:
    """Return how much is known: points of all curves, statistics of all snapshots, and the experiment."""
    return (
        sum(len(curve) for curve in evidence.curves.values())
        + sum(value is not None for row in evidence.snapshots for value in row.values())
        + (evidence.experiment is not None)
    )


@pytest.mark.usefixtures("sure", "no_plots")
@pytest.mark.parametrize(
    ("overrides", "count"),
    [
        (NEVER_LEARNED, 160),
        pytest.param(NEVER_LEARNED, 3000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
        pytest.param(GAUSSIAN, 3000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)]),
    ],
    ids=["never_learned", "never_learned", "gaussian"],
)
def test_a_damaged_run_is_judged_by_what_is_left_or_refused(
    overrides: tuple[str, ...], count: int, points: Any, runs: Any, copy_of: Any, figure: Any
) -> None:
    run = copy_of(runs.whole(points(*overrides)))
    whole = judged(run)
    assert not isinstance(whole, GanlabError)
    known, verdict = points_known(whole[0]), whole[1]
    assert verdict.failure != "inconclusive"
    assert verdict.confidence > SURE
    files = {name: (run.path / name).read_bytes() for name in READ}
    tracebacks, wrong, untold, partial = [], [], [], 0
    for number, damage in enumerate(damages(files, count, seed=13)):
        put(run, damage)
        what = f"{number}: {CHANGES[number % len(CHANGES)].__name__} of {', '.join(damage)}"
        try:
            found = judged(run)
        except Exception as error:
            tracebacks.append(f"{what}: {error!r}")
        else:
            if not isinstance(found, GanlabError):
                wrong += [what] * is_wrong(found[1], verdict)
                # One value more or less is no gap: an empty cell says that there was nothing to measure.
                lost = known - points_known(found[0])
                partial += lost > 1
                untold += [what] * (lost > 1 and not found[1].notes)
            else:
                assert found.exit_code == 2
        put(run, dict(files))
    figure(13, "damaged runs diagnosed; tracebacks", len(tracebacks), count)
    figure(13, "damaged runs diagnosed; confident of another verdict", len(wrong), count)
    figure(13, "verdicts on a part of a run; gaps stated", partial - len(untold), partial)
    assert not tracebacks
    assert not wrong
    assert not untold


def is_wrong(found: Verdict, whole: Verdict) -> bool:
    """Tell whether a verdict on a damaged run is sure of something else than that on the whole one."""
    return found.failure != "inconclusive" and found.name != whole.name and found.confidence > SURE


@pytest.mark.usefixtures("sure", "no_plots")
@pytest.mark.parametrize("count", [8, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_the_command_writes_nothing_into_a_damaged_run(
    count: int, points: Any, runs: Any, copy_of: Any, tmp_path: Path, figure: Any
) -> None:
    run = copy_of(runs.whole(points(*NEVER_LEARNED)))
    files = contents(run)
    shown = {name: files[name] for name in (*READ, max(name for name in files if name.startswith("samples/shown")))}
    odd = []
    for number, damage in enumerate(damages(shown, count, seed=14)):
        put(run, damage)
        before = contents(run)
        out = tmp_path / "out"
        result = CliRunner().invoke(app, ["diagnose", str(run.path), "--json", "--out", str(out)])
        what = f"{number}: {CHANGES[number % len(CHANGES)].__name__} of {', '.join(damage)}: {result.output[-300:]}"
        if isinstance(result.exception, GanlabError):
            # What `main` makes an exit code of.
            odd += [what] * (result.exception.exit_code != 2 or out.exists())
        elif result.exit_code or json.loads(result.stdout) != json.loads((out / "verdict.json").read_text()):
            odd.append(f"{what} {result.exception!r}")
        odd += [f"{what}: the run was changed"] * (contents(run) != before)
        put(run, dict(shown))
        shutil.rmtree(out, ignore_errors=True)
    figure(
        13,
        "damaged runs given to `ganlab diagnose`; left as they are, with a verdict or exit 2",
        count - len(odd),
        count,
    )
    assert not odd, "\n".join(odd)


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("count", [10, pytest.param(300, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_a_damaged_run_is_evaluated_as_the_whole_one_or_refused(
    count: int, points: Any, runs: Any, copy_of: Any, figure: Any
) -> None:
    """Whatever is left of the run, an evaluation is that of the weights that were trained, or there is none."""
    run = copy_of(runs.whole(points(*NEVER_LEARNED)))
    files = contents(run)
    newest = str(checkpoint_path(run.checkpoints, 120).relative_to(run.path))
    used = {name: files[name] for name in (*READ, *(f"{newest}/{name}" for name in (MANIFEST, NUMBERS, TENSORS)))}
    command = ["evaluate", str(run.path), "-n", "32", "--json"]
    whole = json.loads(CliRunner().invoke(app, command).stdout)
    written = run.path / "evaluation.json"
    changed, tracebacks, wrong = [], [], []
    for number, damage in enumerate(damages_of_bytes(used, count)):
        put(run, damage)
        written.unlink(missing_ok=True)
        before = contents(run)
        result = CliRunner().invoke(app, command)
        what = f"{number}: {', '.join(damage)}: {result.exception!r}"
        after = contents(run)
        evaluation = after.pop("evaluation.json", None)
        changed += [what] * (after != before)
        if isinstance(result.exception, GanlabError):
            tracebacks += [what] * (result.exception.exit_code != 2 or evaluation is not None)
        elif result.exception is not None:
            tracebacks.append(what)
        else:
            wrong += [what] * (json.loads(result.stdout) != whole or evaluation is None)
        put(run, dict(used))
    figure(13, "damaged runs evaluated; tracebacks", len(tracebacks), count)
    figure(13, "damaged runs evaluated; other figures than of the whole run", len(wrong), count)
    assert not changed + tracebacks + wrong


def damages_of_bytes(files: dict[str, bytes], count: int) -> Iterator[dict[str, bytes | None]]:
    """Yield what becomes of one file in each trial, of kinds of damage that any file can have."""
    chance = random.Random(15)
    names = sorted(files)
    for number in range(count):
        name = names[number % len(names)]
        yield {name: chance.choice(ANY_FILE)(chance, files[name])}


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize(
    "name", ["history.csv", "snapshots.jsonl", "config.yaml", "run.json", "samples", "verdict.json"]
)
def test_a_folder_or_a_dead_link_in_a_files_place(name: str, points: Any, runs: Any, copy_of: Any) -> None:
    original = runs.whole(points(*NEVER_LEARNED))
    for replace in (Path.mkdir, lambda path: path.symlink_to("nowhere"), lambda path: path.symlink_to(path.name)):
        run = copy_of(original)
        place = run.path / name
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()
        replace(place)
        for command in (["diagnose", str(run.path), "--json"], ["evaluate", str(run.path), "-n", "16", "--json"]):
            result = CliRunner().invoke(app, command)
            assert result.exception is None or getattr(result.exception, "exit_code", 0) == 2, (command, result)
