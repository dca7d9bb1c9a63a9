from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ganlab.diagnosis.drawing import PROOFS, draw_verdict
from ganlab.diagnosis.evidence import Evidence
from ganlab.plots.figures import DPI, Curve
from ganlab.plots.lettering import width_of
from ganlab.plots.verdicts import Panel, annotated_curves
from tests.diagnosis.made_up import COUNTS, LOSSES, STEPS, series, verdict


def labels(figure: Figure) -> list[str]:
    """Titles of the panels, without the strip above them."""
    panels = [axes for axes in figure.axes if axes.lines or axes.images]
    return [axes.get_title("left").split(";")[0] for axes in panels]


class TestDrawVerdict:
    @pytest.mark.parametrize(
        ("signal", "label"),
        [
            ("lost_class_mass", "samples, as shares"),
            ("relative_vendi", "variety (Vendi score)"),
            ("fid_over_best", "FID, lower is better"),
            ("d_acc_real", "discriminator accuracy"),
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

    @pytest.mark.parametrize(("accuracy", "label"), [(True, "discriminator accuracy"), (False, "samples, as shares")])
    def test_a_verdict_on_losses_alone_shows_who_wins(self, accuracy: bool, label: str) -> None:
        """Good samples that are 0 throughout say less."""
        curves = LOSSES | ({"d_acc_real": series(1.0), "d_acc_fake": series(1.0)} if accuracy else {})
        figure = draw_verdict(Evidence("x", curves, tuple(COUNTS)), verdict("d_loss", "g_loss"))
        assert labels(figure) == ["losses", label]

    def test_losses_alone(self) -> None:
        assert labels(draw_verdict(Evidence("x", LOSSES), verdict("d_loss"))) == ["losses"]

    def test_halves_of_the_loss_win_over_the_whole(self) -> None:
        halves = {"d_loss_real": series(0.5), "d_loss_fake": series(0.7)}
        figure = draw_verdict(Evidence("x", LOSSES | halves, family="cross_entropy"), verdict())
        legend = figure.axes[0].get_legend()
        assert legend is not None
        assert [text.get_text() for text in legend.get_texts()] == ["D real", "D fake", "G", "chance, 0.69"]

    def test_samples_are_drawn_beside_the_curves(self) -> None:
        picture = np.full((60, 60, 3), 7, np.uint8)
        figure = draw_verdict(Evidence("x", LOSSES), verdict(), ("Samples at step 500", picture))
        np.testing.assert_array_equal(figure.axes[-1].images[0].get_array(), picture)
        assert labels(figure)[-1] == "Samples at step 500"

    @pytest.mark.parametrize("player", ["", " of discriminator 2", " of " + "x" * 90])
    def test_titles_end_before_the_legends(self, player: str) -> None:
        curves = {"d_loss_real": series(0.5), "d_loss_fake": series(0.7), "g_loss": series(0.8)}
        losses = draw_verdict(Evidence("x", curves, family="cross_entropy"), verdict()).axes[0]
        values = np.ones(len(STEPS))
        panels = [
            Panel(
                proof.label + player,
                [Curve(name, STEPS.astype(float), values, colour) for name, colour in proof.curves.values()],
                log=proof.log,
                shares=proof.shares,
            )
            for proof in PROOFS
        ]
        figure = annotated_curves("x", "", panels)
        for axes in (losses, *figure.axes):
            renderer = FigureCanvasAgg(axes.figure).get_renderer()
            legend, title = axes.get_legend(), axes.get_title("left")
            assert legend is not None
            width = width_of(title, 8.5)
            start = axes.get_window_extent(renderer).x0 + width * DPI
            assert start < legend.get_window_extent(renderer).x0, title
