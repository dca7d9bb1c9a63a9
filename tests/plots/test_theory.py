from __future__ import annotations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from ganlab.plots.theory import (
    MINIMAX,
    NON_SATURATING,
    Orbit,
    dirac_orbits,
    gaussians_apart,
    generator_losses,
    gradient_against_accuracy,
)

pytestmark = pytest.mark.filterwarnings("error")

LN2 = np.log(2)


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def is_whole(figure: Figure) -> bool:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    box = figure.get_tightbbox(canvas.get_renderer())  # type: ignore[no-untyped-call]
    width, height = figure.get_size_inches()
    return bool(box.x0 > -0.01 and box.y0 > -0.01 and box.x1 < width + 0.01 and box.y1 < height + 0.01)


class TestGaussiansApart:
    def test_equal_distributions_have_the_values_of_chance(self) -> None:
        at = gaussians_apart(np.zeros(1))
        assert at.divergence == pytest.approx(0, abs=1e-12)
        assert at.minimax == pytest.approx(-LN2)
        assert at.non_saturating == pytest.approx(LN2)
        assert at.d_minimax == at.d_non_saturating == at.d_divergence == 0

    def test_far_apart_the_divergence_is_ln_2(self) -> None:
        at = gaussians_apart(np.array([20.0, 30.0]))
        assert at.divergence == pytest.approx(LN2, rel=1e-9)
        assert at.minimax == pytest.approx(0, abs=1e-9)
        assert at.d_minimax.max() < 1e-15

    def test_slope_of_the_divergence_is_its_derivative(self) -> None:
        """The slopes are taken with D held fixed; of E log(1 - D*), by the envelope theorem, it is that of 2 JS."""
        distances = np.array([0.5, 1.0, 2.0, 4.0])
        at, width = gaussians_apart(distances), 1e-4
        above, below = (gaussians_apart(distances + sign * width).divergence for sign in (1, -1))
        assert at.d_divergence == pytest.approx((above - below) / (2 * width), rel=1e-6)
        assert at.d_minimax == pytest.approx(2 * at.d_divergence)

    def test_slopes_of_the_two_losses_are_that_of_the_kl_together(self) -> None:
        """Arjovsky & Bottou 2017, theorem 2.5: E -log D* follows KL(p_g || p_r) - 2 JS, and here KL = d^2 / 2."""
        distances = np.linspace(0, 12, 25)
        at = gaussians_apart(distances)
        assert at.d_non_saturating + at.d_minimax == pytest.approx(distances, abs=1e-12)
        assert at.non_saturating + at.minimax == pytest.approx(distances**2 / 2, abs=1e-9)


def test_generator_losses_are_drawn_as_they_are() -> None:
    figure = generator_losses()
    assert is_whole(figure)
    loss, _, gradient, _ = figure.axes
    scores = np.asarray(loss.lines[0].get_xdata(), float)
    minimax, non_saturating, of_minimax, of_non_saturating = (
        line.get_ydata() for line in (*loss.lines, *gradient.lines)
    )
    assert minimax == pytest.approx(np.log(1 - scores), abs=1e-9)
    assert non_saturating == pytest.approx(-np.log(scores), abs=1e-9)
    # The slope of each over the logit, the axis that both panels have.
    logits = np.log(scores / (1 - scores))
    assert of_minimax == pytest.approx(-np.gradient(minimax, logits), abs=1e-3)
    assert of_non_saturating == pytest.approx(-np.gradient(non_saturating, logits), abs=1e-3)
    assert [axes.get_yscale() for axes in figure.axes] == ["linear", "linear", "log", "log"]


def orbit(name: str, value: complex, measured: complex) -> Orbit:
    times = 0.1 * np.arange(100)
    spiral = np.exp(value * times)
    points = np.column_stack([spiral.real, spiral.imag])
    return Orbit(name, 2 * points, 1e-4 * points, 0.1, value, measured)


@pytest.mark.parametrize("count", [1, 5])
def test_dirac_orbits_stand_over_their_decay(count: int) -> None:
    shown = [orbit(f"game {number}", complex(-0.1 * number, 0.5), 0.0025 + 0.25j) for number in range(count)]
    figure = dirac_orbits(shown)
    assert is_whole(figure)
    assert len(figure.axes) == 2 * count
    for drawn, plane, decay in zip(shown, figure.axes[::2], figure.axes[1::2], strict=True):
        assert plane.get_title("left") == drawn.name
        assert np.asarray(plane.lines[0].get_xydata()) == pytest.approx(drawn.far)
        radius, theory = (np.asarray(line.get_ydata()) for line in decay.lines)
        assert radius == pytest.approx(theory), "a spiral decays as its eigenvalue says"
    told = words(figure)
    assert "theory +0.000 ± 0.500 i" in told
    assert "-0.000" not in told
    assert told.count("measured +0.003 ± 0.250 i") + told.count("measured +0.002 ± 0.250 i") == count


def history(rows: int, exponent: float) -> dict[str, np.ndarray]:
    accuracy = np.linspace(0.5, 1.0, rows)
    score = 1.01 - accuracy
    return {"d_acc_fake": accuracy, "d_fake": score, "grad_g_output": score**exponent}


def test_gradient_against_accuracy_draws_every_step_of_every_run() -> None:
    runs = {"minimax": history(201, 1.0), "non-saturating": history(201, 0.0)}
    runs["minimax"]["grad_g_output"][3:5] = np.nan, np.inf
    figure = gradient_against_accuracy(runs)
    assert is_whole(figure)
    left, right = figure.axes
    dots = [line for line in left.lines if line.get_linestyle() == "None"]
    medians = [line for line in left.lines if line.get_linestyle() != "None"]
    for lines in (dots, medians, right.lines):
        assert [to_hex(str(line.get_color())).upper() for line in lines] == [MINIMAX, NON_SATURATING]
    assert [np.size(line.get_xdata()) for line in dots] == [199, 201]
    assert np.asarray(dots[1].get_xdata()) == pytest.approx(100 * runs["non-saturating"]["d_acc_fake"])
    assert np.asarray(right.lines[0].get_xdata()) == pytest.approx(np.asarray(right.lines[0].get_ydata()))
    assert (np.diff(np.asarray(medians[0].get_ydata())) < 0).all(), "minimax falls as accuracy rises"
    told = words(figure)
    # Accuracies .9925, .995, .9975 and 1 are above .99; the median of .0175, .015, .0125 and .01 is .01375.
    assert "minimax 0.014 (4 steps)" in told
    assert "non-saturating 1 (4 steps)" in told
    assert "2 steps that are not finite" in told


def test_a_discriminator_that_is_never_sure_is_said_to_be() -> None:
    runs = {"minimax": {key: values[:50] for key, values in history(201, 1.0).items()}}
    assert "minimax none (no such step)" in words(gradient_against_accuracy(runs))
