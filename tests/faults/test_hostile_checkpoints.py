"""Row 10: checkpoints that want to run code, eat memory, or are not what they say."""

from __future__ import annotations

import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

import ganlab
from ganlab.errors import RunError
from ganlab.runs.directory import RunDirectory
from ganlab.training import session
from ganlab.training.checkpoint import MANIFEST, NUMBERS, TENSORS, checkpoint_path, manifest_of

OVERRIDES = ("training.device=cpu", "training.steps=8", "monitor.checkpoint_every=2", "monitor.snapshot_every=4")

Files = dict[str, bytes]
Attack = Callable[[Files, Path], Any]


class Payload:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = str(mark)

    def __reduce__(self) -> Any:
        return (os.system, (f"touch '{self.mark}'",))


def pickled(files: Files, mark: Path) -> None:
    files[TENSORS] = pickle.dumps(Payload(mark))


def torch_saved(files: Files, mark: Path) -> None:
    torch.save({"generator/x": Payload(mark)}, mark.parent / "saved")
    files[TENSORS] = (mark.parent / "saved").read_bytes()


def old_torch_saved(files: Files, mark: Path) -> None:
    torch.save(Payload(mark), mark.parent / "saved", _use_new_zipfile_serialization=False)
    files[TENSORS] = (mark.parent / "saved").read_bytes()


def pickled_numbers(files: Files, mark: Path) -> None:
    files[NUMBERS] = pickle.dumps(Payload(mark))


def pickled_both(files: Files, mark: Path) -> None:
    pickled(files, mark)
    pickled_numbers(files, mark)


def zipped(files: Files, mark: Path) -> None:
    with zipfile.ZipFile(mark.parent / "bomb", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("archive/data.pkl", bytes(50_000_000))
    files[TENSORS] = (mark.parent / "bomb").read_bytes()


def header(size: int | None, content: Any, body: bytes = b"") -> Callable[[Files, Path], None]:
    """Return an attack by a safetensors file with this header, and a length that may be a lie."""

    def attack(files: Files, mark: Path) -> None:
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        files[TENSORS] = struct.pack("<Q", len(text) if size is None else size) + text + body

    return attack


def tensor(change: Callable[[dict[str, torch.Tensor]], Any]) -> Attack:
    """Return an attack by tensors that were changed and saved again."""

    def attack(files: Files, mark: Path) -> None:
        tensors = load(files[TENSORS])
        change(tensors)
        files[TENSORS] = save(tensors)

    return attack


def numbers(change: Callable[[dict[str, Any]], Any]) -> Attack:
    """Return an attack by numbers that were changed and written again."""

    def attack(files: Files, mark: Path) -> None:
        values = json.loads(files[NUMBERS])
        files[NUMBERS] = json.dumps(change(values) or values).encode()

    return attack


def named(tensors: dict[str, torch.Tensor], group: str, ending: str = "") -> str:
    return next(name for name in sorted(tensors) if name.startswith(group) and name.endswith(ending))


def change(group: str, function: Callable[[torch.Tensor], torch.Tensor], ending: str = "") -> Attack:
    """Return an attack that changes the first tensor of a group."""

    def swap(tensors: dict[str, torch.Tensor]) -> None:
        name = named(tensors, group, ending)
        tensors[name] = function(tensors[name]).contiguous()

    return tensor(swap)


GROUPS = ("generator/", "discriminator/", "average/", "optimizer/generator/", "optimizer/discriminator/")
ATTACKS: dict[str, Attack] = {
    "a pickle": pickled,
    "a torch.save file": torch_saved,
    "an old torch.save file": old_torch_saved,
    "a pickle for numbers": pickled_numbers,
    "pickles for both": pickled_both,
    "a zip bomb": zipped,
    "an empty file": lambda files, mark: files.update({TENSORS: b""}),
    "a huge header": header(2**62, {}),
    "a header beyond the end": header(10**8, {}),
    "a negative length": header(2**64 - 1, {}),
    "a header of brackets": header(None, b"[" * 100_000),
    "a header of another type": header(None, [1, 2]),
    "an absurd shape": header(
        None, {"generator/x": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}}, bytes(4)
    ),
    "a shape that overflows": header(
        None, {"generator/x": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 0]}}
    ),
    "offsets outside": header(None, {"generator/x": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}),
    "offsets that overlap": header(
        None,
        {k: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for k in ("generator/x", "generator/y")},
        bytes(4),
    ),
    "an unknown type": header(None, {"generator/x": {"dtype": "EVIL", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
    "no tensors": header(None, {}),
    "numbers nested deep": lambda files, mark: files.update({NUMBERS: b"[" * 200_000 + b"]" * 200_000}),
    "numbers nested deep in an object": lambda files, mark: files.update(
        {NUMBERS: b'{"a":' * 100_000 + b"1" + b"}" * 100_000}
    ),
    "numbers not UTF-8": lambda files, mark: files.update({NUMBERS: b"\xff\xfe\x00"}),
    "numbers a list": numbers(lambda values: [values]),
    "numbers text": numbers(lambda values: "step"),
    "numbers null": lambda files, mark: files.update({NUMBERS: b"null"}),
    "a number of many digits": lambda files, mark: files.update({NUMBERS: b'{"step": ' + b"9" * 100_000 + b"}"}),
    **{
        f"step {step!r}": numbers(lambda values, step=step: values.update(step=step))
        for step in (None, "4", 4.0, True, -1, 2, 10**30, [4], {"x": 4}, float("nan"))
    },
    "no step": numbers(lambda values: values.pop("step") and None),
    **{
        f"experiment {value!r}": numbers(lambda values, value=value: values.update(experiment=value))
        for value in (None, "x", [], {}, [["seed", 0]], {"seed": 0}, {"__class__": "os.system"})
    },
    "no experiment": numbers(lambda values: values.pop("experiment") and None),
    "an experiment of another type": numbers(lambda values: values["experiment"].update(training="fast")),
    "an experiment with NaN": numbers(
        lambda values: values["experiment"]["optimizer"]["generator"].update(lr=float("nan"))
    ),
    "an experiment with a hostile name": numbers(lambda values: values["experiment"].update(name="../../escaped")),
    "an experiment with an unknown key": numbers(lambda values: values["experiment"].update(module="os")),
    "an experiment of other networks": numbers(lambda values: values["experiment"]["generator"].update(width=17)),
    "an experiment of monstrous networks": numbers(
        lambda values: values["experiment"]["generator"].update(width=4096, depth=64)
    ),
    "an experiment that cannot be": numbers(lambda values: values["experiment"]["generator"].update(norm="instance")),
    **{
        f"{key} {value!r}": numbers(lambda values, key=key, value=value: values.update({key: value}))
        for key in ("optimizers", "scalers")
        for value in (None, "x", [], {"generator": "SGD", "discriminator": "Adam"}, {"generator": 5})
    },
    **{
        f"{group} a tensor missing": tensor(lambda tensors, group=group: tensors.pop(named(tensors, group)))
        for group in GROUPS
    },
    **{
        f"{group} all tensors missing": tensor(
            lambda tensors, group=group: [tensors.pop(name) for name in list(tensors) if name.startswith(group)]
        )
        for group in GROUPS
    },
    **{
        f"{group} a tensor more": tensor(
            lambda tensors, group=group: tensors.update({f"{group}0/evil": torch.zeros(3)})
        )
        for group in GROUPS
    },
    **{f"{group} float64": change(group, lambda value: value.double()) for group in GROUPS},
    **{f"{group} integers": change(group, lambda value: value.to(torch.int32)) for group in GROUPS},
    **{f"{group} another shape": change(group, lambda value: value.new_zeros(7, 5, 3)) for group in GROUPS},
    **{f"{group} a scalar": change(group, lambda value: value.new_zeros(())) for group in GROUPS[:3]},
    "optimiser state a scalar": change("optimizer/generator/", lambda value: value.new_zeros(()), "exp_avg"),
    "optimiser state flattened": change("optimizer/generator/", lambda value: value.flatten(), "exp_avg"),
    "a step count of a shape": change("optimizer/generator/", lambda value: value.new_zeros(3), "step"),
    "a foreign group": tensor(lambda tensors: tensors.update({"evil/x": torch.zeros(3)})),
    "a foreign player": tensor(lambda tensors: tensors.update({"optimizer/evil/0/step": torch.zeros(())})),
    "no group": tensor(lambda tensors: tensors.update({"x": torch.zeros(3)})),
    "a name of dots": tensor(lambda tensors: tensors.update({"../../x": torch.zeros(3)})),
}
HARMLESS_TO_SAMPLE = (
    "optimizer/",
    "optimiser",
    "discriminator/",
    "scalers",
    "optimizers",
    "a step count",
    "a foreign",
    "no group",
    "a name",
)
"""What an attack may touch that a sample has no use for: it must then end well, and without the payload."""


def attacked(run: RunDirectory, attack: Attack, mark: Path) -> None:
    """Let an attack change the newest checkpoint, with a manifest that vouches for it."""
    folder = checkpoint_path(run.checkpoints, 4)
    files = {name: (folder / name).read_bytes() for name in (TENSORS, NUMBERS)}
    attack(files, mark)
    for name, content in {**files, MANIFEST: manifest_of(files)}.items():
        (folder / name).write_bytes(content)


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("every", [9, pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_no_payload_runs_and_every_error_is_a_message(
    every: int,
    points: Any,
    runs: Any,
    child: Any,
    cli: Any,
    copy_of: Any,
    differences: Any,
    figure: Any,
    tmp_path: Path,
) -> None:
    experiment = points(*OVERRIDES)
    whole, broken = runs.whole(experiment), runs.interrupted(experiment, 4)
    mark = tmp_path / "executed"
    chosen = [name for number, name in enumerate(ATTACKS) if number % every == 0]
    wrong = []
    executed = clean = tried = 0
    for name in chosen:
        run = copy_of(broken)
        attacked(run, ATTACKS[name], mark)

        def draw(run: RunDirectory = run) -> str:
            try:
                ganlab.load_run(run.path).generator()
                ganlab.load_run(run.path).generator(live=True)
            except RunError as error:
                return f"refused {error}"
            return "loaded"

        loaded = child(draw).wait()
        live = ["--live"] if name.startswith("generator/") else []
        sampled = cli("sample", str(run.path), "--out", "samples.npz", "--force", "-n", "4", *live, cwd=tmp_path)
        resumed = child(lambda run=run: session.resume(run)).wait()
        executed += mark.exists()
        mark.unlink(missing_ok=True)
        tried += 3
        harmless = name.startswith(HARMLESS_TO_SAMPLE)
        ends = {
            "load": loaded.code == 0 and loaded.value.startswith("loaded" if harmless else "refused"),
            "sample": sampled.code == (0 if harmless else 2),
            # Refused, or gone on from the checkpoint before with the right numbers.
            "resume": resumed.code == 2 or (resumed.code == 0 and not differences(run, whole)),
        }
        said = loaded.output + sampled.output + resumed.output
        if not all(ends.values()) or "Traceback" in said:
            wrong.append(f"{name}: {ends}\n{loaded}\n{sampled.output}\n{resumed.output}")
        clean += sum(ends.values())
    figure(10, "hostile checkpoints loaded, sampled, resumed; payloads executed", executed, tried)
    figure(10, "hostile checkpoints loaded, sampled, resumed; refused with a message or passed over", clean, tried)
    assert not wrong, "\n\n".join(wrong)
    assert (executed, clean) == (0, tried)


@pytest.mark.usefixtures("no_plots")
@pytest.mark.parametrize("name", [TENSORS, NUMBERS, MANIFEST])
@pytest.mark.parametrize("kind", ["endless device", "pipe", "folder", "link to nowhere"])
def test_what_is_no_file_is_not_read(
    name: str, kind: str, points: Any, runs: Any, child: Any, copy_of: Any, differences: Any
) -> None:
    experiment = points(*OVERRIDES)
    run = copy_of(runs.interrupted(experiment, 4))
    path = checkpoint_path(run.checkpoints, 4) / name
    path.unlink()
    if kind == "endless device":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere")
    ended = child(lambda: session.resume(run)).wait()
    assert ended.code == 0, ended.output
    assert run.status().resumed[-1].step == 2
    assert not differences(run, runs.whole(experiment))


@pytest.mark.usefixtures("no_plots")
def test_links_out_of_the_run_are_dropped_and_not_followed(
    points: Any, runs: Any, child: Any, copy_of: Any, tmp_path: Path
) -> None:
    """A checkpoint that is a link to a folder elsewhere: pruning it removes the link, nothing behind it."""
    run = copy_of(runs.interrupted(points(*OVERRIDES), 4))
    outside = tmp_path / "outside"
    checkpoint_path(run.checkpoints, 2).rename(outside)
    checkpoint_path(run.checkpoints, 2).symlink_to(outside)
    checkpoint_path(run.checkpoints, 1).symlink_to(tmp_path)
    before = {path: path.read_bytes() for path in outside.iterdir()}
    ended = child(lambda: session.resume(run)).wait()
    assert ended.code == 0, ended.output
    assert {path: path.read_bytes() for path in outside.iterdir()} == before
    assert not any(path.is_symlink() for path in run.checkpoints.iterdir())


DAMAGES: list[Any] = [
    b"",
    b"[]",
    b"{}",
    b"[" * 100_000,
    {"status": "dancing"},
    {"status": ["running"]},
    {"schema": "one"},
    {"schema": 99},
    {"schema": None},
    {"threads": "two"},
    {"threads": -3},
    {"threads": True},
    {"device": 5},
    {"data": None},
    {"data": {}},
    {"data": {"fingerprint": 7}},
    {"resumed": "never"},
    {"resumed": None},
    {"versions": [1]},
    {"steps": "many"},
]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: repr(damage)[:40])
def test_a_hostile_run_json_is_refused(damage: Any, points: Any, runs: Any, cli: Any, copy_of: Any) -> None:
    run = copy_of(runs.interrupted(points(*OVERRIDES), 4))
    if isinstance(damage, bytes):
        run.status_file.write_bytes(damage)
    else:
        run.status_file.write_text(json.dumps({**json.loads(run.status_file.read_text()), **damage}))
    ended = cli("resume", str(run.path), cwd=run.path)
    if ended.code == 0:
        assert damage == {"steps": "many"}, "what the experiment says itself is written anew"
    else:
        assert ended.code == 2, ended.output
        assert "run.json" in ended.output or "fingerprint" in ended.output
    assert "Traceback" not in ended.output


def test_hostile_run_jsons_are_listed(points: Any, runs: Any, cli: Any, copy_of: Any, tmp_path: Path) -> None:
    run = copy_of(runs.interrupted(points(*OVERRIDES), 4))
    whole = json.loads(run.status_file.read_text())
    for number, damage in enumerate(DAMAGES):
        (tmp_path / "runs" / str(number)).mkdir(parents=True)
        content = damage if isinstance(damage, bytes) else json.dumps({**whole, **damage}).encode()
        (tmp_path / "runs" / str(number) / "run.json").write_bytes(content)
    ended = cli("ls", "runs", cwd=tmp_path)
    assert ended.code == 0, ended.output
    assert len(ended.output.splitlines()) == 1 + len(DAMAGES)


@pytest.mark.parametrize("line", ["{", "[]", "null", '{"step": "3"}', '{"step": 1e999}', "\x00", "[" * 5000])
def test_hostile_snapshots_are_refused(line: str, points: Any, runs: Any, child: Any, copy_of: Any) -> None:
    run = copy_of(runs.interrupted(points(*OVERRIDES), 4))
    run.snapshots.write_text(line + "\n" + run.snapshots.read_text())
    ended = child(lambda: session.resume(run)).wait()
    assert ended.code == 2, ended.output
    assert "snapshots.jsonl" in ended.output


@pytest.mark.parametrize(
    "lines", ["step,time\n1\n", "step\n", "\n\n\n", "a,b\n1,2\n", "\x00\x00\n", "step,time\nx,y\n1,2\n"]
)
def test_a_hostile_history_is_refused(lines: str, points: Any, runs: Any, child: Any, copy_of: Any) -> None:
    run = copy_of(runs.interrupted(points(*OVERRIDES), 4))
    run.history.write_text(lines)
    ended = child(lambda: session.resume(run)).wait()
    assert ended.code == 2, ended.output
    assert "history.csv" in ended.output
