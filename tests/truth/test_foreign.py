"""Logs of other code against an index of right verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from truth.foreign import UNREAD, counts, figures, judged, right_verdicts

INDEX = """# Logs
Some words | that are no log.

NN | source | right verdict | why
01.log | somewhere | diverged, or convergence_failure/discriminator_dominates | NaN
02.csv | somewhere | inconclusive (healthy if the metric counts) | short
03.log | somewhere | degraded (mild; healthy not) | 57 % worse
04.log | somewhere | inconclusive | no log of a GAN
05.log | somewhere | inconclusive | not there
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "INDEX.md").write_text(INDEX)
    rows = "".join(f"step {step} d_loss: nan g_loss: nan\n" for step in range(10, 100, 10))
    (tmp_path / "01.log").write_text("step 0 d_loss: 1.2 g_loss: 0.9\n" + rows)
    (tmp_path / "02.csv").write_text("step,d_loss,g_loss\n0,1.3,0.8\n10,1.2,0.9\n")
    (tmp_path / "03.log").write_text((tmp_path / "01.log").read_text())
    (tmp_path / "04.log").write_text("Nothing but words.\n")
    return tmp_path


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("degraded AND convergence_failure/discriminator_dominates (either)",
         ("degraded", "convergence_failure/discriminator_dominates")),
        ("never_learned (frozen or vanishing_gradient defensible)",
         ("never_learned", "convergence_failure/frozen", "convergence_failure/vanishing_gradient")),
        ("degraded (mild; healthy not)", ("degraded",)),
        ("inconclusive, not diverged", ("inconclusive",)),
        ("convergence_failure", ("convergence_failure",)),
        ("convergence_failure/frozen", ("convergence_failure/frozen",)),
    ],
)  # fmt: skip
def test_the_right_verdicts_of_a_cell(cell: str, names: tuple[str, ...]) -> None:
    assert right_verdicts(cell) == names


def test_logs_are_counted_by_what_was_said_of_them(folder: Path) -> None:
    cases = judged(folder, "all")
    assert [(each.number, each.verdict, each.hit, each.accused) for each in cases] == [
        ("01", "diverged", True, False),
        ("02", "inconclusive", True, False),
        ("03", "diverged", False, True),
        ("04", UNREAD, False, False),
    ]
    assert counts(cases) == {"logs": 4, "read": 3, "decided": 2, "right": 2, "accused": 1, "flattered": 0}


def test_halves_are_kept_apart_and_nothing_of_a_log_is_written(folder: Path) -> None:
    odd, even = judged(folder, "odd"), judged(folder, "even")
    assert [each.number for each in odd] == ["01", "03"]
    assert [each.number for each in even] == ["02", "04"]
    text = json.dumps(figures(odd, "odd"))
    assert str(folder) not in text
    assert "1.2" not in text
    assert "--numbers odd" in text
