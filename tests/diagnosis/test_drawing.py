from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from ganlab.diagnosis.drawing import draw_verdict
from ganlab.diagnosis.evidence import Evidence
from tests.diagnosis.made_up import COUNTS, LOSSES, series, verdict


def labels(figure: Figure) -> list[str]:
    return [axes.get_title("left").split(";")[0] for axes in figure.axes]


class TestDrawVerdict:
    @pytest.mark.parametrize(
        ("signal", "label"),
        [
            ("lost_class_mass", "samples, as shares"),
            ("relative_vendi", "variety (Vendi score)"),
            ("fid_over_best", "FID, lower is better"),
            ("d_acc_real", "what the discriminator gets right, as shares"),
            ("r_v", "mean score by the discriminator"),
            ("non_finite", "gradient norms"),
        ],
    )
    def test_shows_the_curve_that_convinced(self, signal: str, label: str) -> None:
        snapshots = [{**row, "vendi": 5.0, "d_train": 0.9} for row in COUNTS]
        curves = LOSSES | {"d_acc_real": series(0.9), "grad_g": series(2.0)}
        evidence = Evidence("x", curves, tuple(snapshots), {"fid": series(20.0)})
        assert labels(draw_verdict(evidence, verdict("c_t", signal))) == ["losses", label]

    @pytest.mark.parametrize(("signal", "shares"), [("good", True), ("d_acc_real", True), ("fid_over_best", False)])
    def test_shares_are_drawn_from_0_to_1(self, signal: str, shares: bool) -> None:
        curves = LOSSES | {"d_acc_real": series(0.9)}
        evidence = Evidence("x", curves, tuple(COUNTS), {"fid": series(0.8)})
        limits = draw_verdict(evidence, verdict(signal)).axes[1].get_ylim()
        assert (limits == (-0.03, 1.03)) is shares

    def test_losses_alone(self) -> None:
        assert labels(draw_verdict(Evidence("x", LOSSES), verdict("d_loss"))) == ["losses"]

    def test_halves_of_the_loss_win_over_the_whole(self) -> None:
        halves = {"d_loss_real": series(0.5), "d_loss_fake": series(0.7)}
        figure = draw_verdict(Evidence("x", LOSSES | halves, family="cross_entropy"), verdict())
        legend = figure.axes[0].get_legend()
        assert legend is not None
        assert [text.get_text() for text in legend.get_texts()] == ["D real", "D fake", "G", "chance, 0.69"]
