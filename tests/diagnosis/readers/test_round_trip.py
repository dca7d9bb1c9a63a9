"""Random histories in each form of text that trainers print: every number and every step comes back."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ganlab.diagnosis.readers.axis import axis_of
from ganlab.diagnosis.readers.log import Log
from ganlab.diagnosis.readers.text import MAX_LINE, read_text

PER_EPOCH = 100
EPOCHS = 50


class Row(NamedTuple):
    """Numbers at a step, from 0; spelled as they are printed."""

    step: int
    values: Sequence[str]

    @property
    def epoch(self) -> int:
        return self.step // PER_EPOCH

    @property
    def batch(self) -> int:
        return self.step % PER_EPOCH


class Form(NamedTuple):
    """How a trainer prints its rows.

    Attributes:
        line: one row; it may be several lines.
        names: of the values, as they are read.
        step: which step is read from a row, if not its own.
        every: the rows that are printed are at multiples of it.
        resumes: whether a resume shows in the steps.
        gaps: whether steps may be left out: where nothing says how long an epoch is, none may.
    """

    line: Callable[[Row], str]
    names: Sequence[str]
    step: Callable[[Row], int] = lambda row: row.step
    every: int = 1
    resumes: bool = True
    gaps: bool = True


def named(*names: str, by: str, between: str) -> Callable[[Row], str]:
    return lambda row: between.join(f"{name}{by}{value}" for name, value in zip(names, row.values, strict=False))


TWO = ("d_loss", "g_loss")
SIDES = ("D_A", "G_A", "cycle_A", "D_B", "G_B", "cycle_B")
colon, equals, spaces = (named(*TWO, by=by, between=between) for by, between in ((": ", " "), ("=", ", "), (" ", " ")))

FORMS: dict[str, Form] = {
    "name: value": Form(lambda r: f"step {r.step} {colon(r)}", TWO),
    "name=value": Form(lambda r: f"step={r.step}, {equals(r)}", TWO),
    "name value": Form(lambda r: f"step {r.step} {spaces(r)}", TWO),
    "pipes": Form(lambda r: f"iter {r.step} | {spaces(r).replace(' g_', ' | g_')}", TWO),
    "thousands": Form(lambda r: f"iter: {r.step:,}, {colon(r)}", TWO),
    "padded": Form(lambda r: f"[{r.epoch:3d}/{EPOCHS}] [{r.batch:4d}/{PER_EPOCH}] {colon(r)}", TWO),
    "zero-filled": Form(lambda r: f"Epoch {r.epoch:03d} | Step {r.batch:04d}/0{PER_EPOCH} | {colon(r)}", TWO),
    "epoch and batch": Form(
        lambda r: f"[Epoch {r.epoch}/{EPOCHS}] [Batch {r.batch}/{PER_EPOCH}] [D loss: {r.values[0]}] "
        f"[G loss: {r.values[1]}, adv: {r.values[2]}, pixel: {r.values[3]}] ETA: 1:02:03.5",
        ("D loss", "G loss", "G loss: adv", "G loss: pixel"),
    ),
    "columns under a name": Form(
        lambda r: f"[{r.epoch}/{EPOCHS}][{r.batch}/{PER_EPOCH}]\tLoss_D: {r.values[0]}\tD(G(z)): "
        f"{r.values[1]} / {r.values[2]}",
        ("Loss_D", "D(G(z)) [1]", "D(G(z)) [2]"),
    ),
    "x/y/z": Form(
        lambda r: f"step {r.step} D_real/D_fake/G: {'/'.join(r.values[:3])}", ("D_real", "D_fake", "G")
    ),
    "two directions": Form(
        lambda r: f"(epoch: {r.epoch + 1}, iters: {r.batch}, time: 0.5) {named(*SIDES, by=': ', between=' ')(r)} ",
        SIDES,
        every=20,
        gaps=False,
    ),
    "dict": Form(lambda r: f"{{'step': {r.step}, 'd_loss': {r.values[0]}, 'g_loss': {r.values[1]}}}", TWO),
    "nested dict": Form(
        lambda r: f"{{'step': {r.step}, 'D': {{'loss': np.float32({r.values[0]})}}, 'G': {{'loss': {r.values[1]}}}}}",
        ("D: loss", "G: loss"),
    ),
    "tensors": Form(
        lambda r: f"step {r.step} d_loss: tensor([{r.values[0]}], device='cuda:0') g_loss: tensor({r.values[1]})", TWO
    ),
    "list": Form(lambda r: f"step {r.step} losses: [{r.values[0]}, {r.values[1]}]", ("losses [1]", "losses [2]")),
    "several lines": Form(
        lambda r: f"[{r.epoch}/{EPOCHS}][{r.batch}/{PER_EPOCH}]\n\nd_loss: {r.values[0]}\ntime: 1:02\n"
        f"g_loss: {r.values[1]}",
        TWO,
    ),
    "loss at step": Form(lambda r: f"D loss at step {r.step}: {r.values[0]}\nG loss at step {r.step}: {r.values[1]}",
                         ("D loss", "G loss")),
    "logger": Form(
        lambda r: f"2024-01-{1 + r.step % 28:02d} 12:30:{r.step % 60:02d},123 - root - INFO - "
        f"step {r.step}: {colon(r)}",
        TWO,
    ),
    "tqdm": Form(
        lambda r: f"Epoch {r.epoch}: {r.batch:3d}%|{'#' * (r.batch // 10)}{' ' * 5}| {r.batch}/{PER_EPOCH} "
        f"[00:{r.batch % 60:02d}<01:00, 9.5it/s, {equals(r)}]",
        TWO,
    ),
    "colours": Form(lambda r: f"\x1b[32mstep {r.step}\x1b[0m {colon(r)}\r", TWO),
    "keras": Form(
        lambda r: f"Epoch {r.epoch + 1}/{EPOCHS}\n{PER_EPOCH}/{PER_EPOCH} [{'=' * 30}] - 2s 20ms/step"
        f" - d_loss: {r.values[0]} - g_loss: {r.values[1]}",
        TWO,
        step=lambda r: (r.epoch + 1) * PER_EPOCH,
        every=PER_EPOCH,
    ),
    "step first": Form(lambda r: f"{r.step} [D loss: {r.values[0]}] [G loss: {r.values[1]}]", ("D loss", "G loss")),
    "the guide": Form(lambda r: f">{r.step}, d1={r.values[0]}, d2={r.values[1]} g={r.values[2]}", ("d1", "d2", "g")),
    "epoch alone": Form(lambda r: f"Epoch: {r.epoch} {colon(r)}", TWO, step=lambda r: r.epoch, every=PER_EPOCH),
    "nothing but values": Form(colon, TWO, step=lambda r: -1, resumes=False),
    "table": Form(lambda r: f"{r.step:>12}{r.values[0]:>26}{r.values[1]:>26}", TWO),
}  # fmt: skip
HEADS = {"table": f"{'step':>12}{'d_loss':>26}{'g_loss':>26}\n"}

VALUES = st.one_of(
    st.sampled_from(["nan", "NaN", "-nan", "inf", "-inf", "Infinity", "0", "0.0", "1e-30", "-0.5", "+0.5", "100.0000"]),
    st.floats(-1e6, 1e6).map(repr),
    st.floats(0, 5).map(lambda value: f"{value:.4f}"),
    st.floats(-1e3, 1e3).map(lambda value: f"{value:.3e}"),
)


@st.composite
def histories(draw: st.DrawFn, form: Form) -> list[Row]:
    """Rows at multiples of `every` in every epoch on the way, with up to one resume."""
    count = draw(st.integers(4, 20))
    steps = [form.every * (draw(st.integers(0, int(form.gaps))) + place) for place in range(count)]
    steps = list(dict.fromkeys(steps))
    if form.resumes and len(steps) > 2 and draw(st.booleans()):
        steps += steps[draw(st.integers(1, len(steps) - 2)) :]
    return [Row(step, draw(st.lists(VALUES, min_size=6, max_size=6))) for step in steps]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_is_printed_is_read(tmp_path: Path, form: str, data: st.DataObject) -> None:
    printed = FORMS[form]
    rows = data.draw(histories(printed))
    (tmp_path / "log").write_text(HEADS.get(form, "") + "".join(printed.line(row) + "\n" for row in rows), newline="")
    log = read_text(tmp_path / "log")
    assert log is not None
    assert sum(log.facts.dropped.values()) == 0
    expected = [printed.step(row) for row in rows]
    if expected[0] >= 0:
        assert axis_of(log.places()).steps.tolist() == expected
    for place, name in enumerate(printed.names):
        at, values = column(log, name)
        assert at.tolist() == list(range(len(rows)))
        np.testing.assert_array_equal(values, [float(row.values[place]) for row in rows])


def column(log: Log, name: str) -> tuple[np.ndarray, np.ndarray]:
    found = {str(each): each for each in log.names}
    return log.column(found[name])


PIECES = st.sampled_from(
    (
        *("step ", "Epoch ", "[", "]", "(", ")", "{", "}", "|", ", ", ": ", "=", "/", " ", "  ", "\t", "d_loss", "."),
        *("tensor(", "%|###|", "- ", "12:30:45", "2024-01-15", "nan", "-inf", "1.#QNAN", "0.5", "1,250", "0,5"),
        *("G loss: ", "1e-5", "7", "it/s", " ms", "kimg ", "'a': ", "\r", "\n", "\b\b", "\x1b[1m", "\x00"),
        *("\u2501\u2501\u2501", "x.png", "/a/b/c1", "+-", "e"),
    )
)  # fmt: skip


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(text="'a': 1,2501,250")
@given(text=st.one_of(st.lists(PIECES, max_size=60).map("".join), st.text(max_size=200)))
def test_nothing_is_invented(tmp_path: Path, text: str) -> None:
    (tmp_path / "log").write_text(text, newline="", errors="replace")
    start = time.process_time()
    log = read_text(tmp_path / "log")
    assert time.process_time() - start < 2
    if log is None:
        return
    written = {float(number) for number in re.findall(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", text, re.ASCII)}
    written |= {float(number.replace(",", "")) for number in re.findall(r"[+-]?\d[\d,]*\.?\d*", text, re.ASCII)}
    written |= {-number for number in written} | {abs(number) for number in written}
    for name in log.names:
        values = log.column(name)[1]
        assert {float(each) for each in values[np.isfinite(values)]} <= written
    axis = axis_of(log.places())
    assert len(axis.steps) == log.count


@pytest.mark.parametrize(
    "piece",
    ["1", "a", " ", "(", "[", "a: 1 ", "a=1,", "1:", "1/", "1,", ":", "= ", "a" * 50 + " ", "(a", "a)", "[1]", "1.",
     "e1", "1-1-", "%|", "a/b/", "-", "=", "\t", "12:30", "nan ", "#", "/a/"],
)  # fmt: skip
def test_no_line_takes_long(tmp_path: Path, piece: str) -> None:
    line = (piece * MAX_LINE)[: MAX_LINE - 30]
    (tmp_path / "log").write_text(f"step 1 d_loss 0.5\n{line}\n{line} 1\nx: {line}: 2\nstep 2 d_loss 0.5\n")
    start = time.process_time()
    log = read_text(tmp_path / "log")
    assert time.process_time() - start < 2
    assert log is not None
    assert not any(math.isnan(value) for value in log.column(log.names[0])[1])
