"""Row 3: bytes flipped, cut off or deleted in the newest checkpoint."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ganlab.errors import RunError
from ganlab.training import session
from ganlab.training.checkpoint import MANIFEST, NUMBERS, TENSORS, checkpoint_path, checkpoint_steps, read_checkpoint

OVERRIDES = ("training.device=cpu", "training.steps=8", "monitor.checkpoint_every=2", "monitor.snapshot_every=4")
FILES = (TENSORS, NUMBERS, MANIFEST)


def damages(files: dict[str, bytes], count: int, chance: random.Random) -> Iterator[tuple[str, bytes | None]]:
    """Yield a file and what becomes of it: a bit or a byte flipped, the end cut off, the file gone."""
    for number in range(count):
        name = FILES[number % len(FILES)]
        content = files[name]
        at = chance.randrange(len(content))
        if number % 4 == 0:
            yield name, content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
        elif number % 4 == 1:
            yield name, content[:at] + bytes([(content[at] + chance.randrange(1, 256)) % 256]) + content[at + 1 :]
        elif number % 4 == 2:
            yield name, content[:at]
        else:
            yield name, None if chance.random() < 0.2 else content + b"\n"


def write(path: Path, content: bytes | None) -> None:
    """Replace a file's content, or delete it."""
    path.unlink()
    if content is not None:
        path.write_bytes(content)


@pytest.mark.parametrize("count", [200, pytest.param(20_000, marks=pytest.mark.slow)])
def test_every_damage_is_seen(count: int, points: Any, runs: Any, copy_of: Any, figure: Any) -> None:
    run = copy_of(runs.interrupted(points(*OVERRIDES), 4))
    newest = checkpoint_path(run.checkpoints, 4)
    files = {name: (newest / name).read_bytes() for name in FILES}
    # Of the manifest every byte is tried: nothing else vouches for it.
    whole, chance = files[MANIFEST], random.Random(0)
    flips = [
        (MANIFEST, whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        for at in range(len(whole))
    ]
    seen = tried = 0
    for name, content in [*flips, *damages(files, count, chance)]:
        write(newest / name, content)
        try:
            read_checkpoint(newest)
        except RunError as error:
            seen += "cannot be used" in error.message
        tried += 1
        (newest / name).write_bytes(files[name])
    assert read_checkpoint(newest).step == 4
    figure(3, "bytes of a checkpoint flipped, cut off or deleted; detected", seen, tried)
    assert seen == tried


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("count", [6, pytest.param(60, marks=pytest.mark.slow)])
def test_the_run_goes_on_from_the_one_before_and_says_so(
    count: int, points: Any, runs: Any, child: Any, copy_of: Any, differences: Any, figure: Any
) -> None:
    experiment = points(*OVERRIDES)
    whole, broken = runs.whole(experiment), runs.interrupted(experiment, 4)
    good = 0
    files = {name: (checkpoint_path(broken.checkpoints, 4) / name).read_bytes() for name in FILES}
    for name, content in damages(files, count, random.Random(1)):
        run = copy_of(broken)
        write(checkpoint_path(run.checkpoints, 4) / name, content)
        ended = child(lambda run=run: session.resume(run)).wait()
        assert ended.code == 0, ended.output
        said = [line for line in run.log.read_text().splitlines() if "warning" in line and "step_0000004" in line]
        assert run.status().resumed[-1].step == 2
        good += len(said) == 1 and not differences(run, whole)
    figure(3, "newest checkpoint damaged, resumed from the one before with a warning; identical", good, count)
    assert good == count


def test_with_no_good_checkpoint_left_the_run_is_refused(points: Any, runs: Any, child: Any, copy_of: Any) -> None:
    run = copy_of(runs.interrupted(points(*OVERRIDES), 4))
    before = run.status_file.read_bytes()
    for step in checkpoint_steps(run.checkpoints):
        write(checkpoint_path(run.checkpoints, step) / TENSORS, b"")
    ended = child(lambda: session.resume(run)).wait()
    assert ended.code == 2
    assert "no checkpoint that can be used" in ended.output
    assert run.status_file.read_bytes() == before


def test_a_damaged_newest_checkpoint_is_not_sampled_silently(points: Any, runs: Any, copy_of: Any, cli: Any) -> None:
    run = copy_of(runs.interrupted(points(*OVERRIDES), 4))
    write(checkpoint_path(run.checkpoints, 4) / TENSORS, b"")
    ended = cli("sample", str(run.path), "--out", "samples.png", cwd=run.path)
    assert ended.code == 2, ended.output
    assert "--step 2" in ended.output
    assert cli("sample", str(run.path), "--out", "samples.png", "--step", "2", cwd=run.path).code == 0
