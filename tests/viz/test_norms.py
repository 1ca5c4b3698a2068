"""The best point in a ball, against formulas and against trying many."""

import numpy as np
import pytest

from shinso.viz.norms import border, constrained_optimum, norm_balls, quadratic, size

TILTED = np.array([[2.0, 0.9], [0.9, 1.0]])


def by_multiplier(c, a, radius):
    """For p = 2: (A + λ I) w = A c, with λ > 0 such that ‖w‖ = r."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        w = np.linalg.solve(a + middle * np.eye(2), a @ c)
        low, high = (middle, high) if np.linalg.norm(w) > radius else (low, middle)
    return w


@pytest.mark.parametrize("matrix", [None, TILTED])
@pytest.mark.parametrize("center", [(1.5, 0.4), (-2.0, 3.0), (0.0, -1.2), (1.2, 1e-4), (5, -5)])
def test_l2_agrees_with_the_multiplier(center, matrix):
    c, a = np.array(center, dtype=float), np.eye(2) if matrix is None else matrix
    for radius in (1.0, 0.3):
        found = constrained_optimum(2, center, matrix, radius)
        np.testing.assert_allclose(found, by_multiplier(c, a, radius), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(np.linalg.norm(found), radius, rtol=1e-14)


def quadratics(w, c, a):
    return np.einsum("ni,ij,nj->n", w - c, a, w - c)


def test_l2_of_a_circle_points_at_the_centre():
    np.testing.assert_allclose(constrained_optimum(2, (3.0, 4.0)), [0.6, 0.8], rtol=1e-14)


def test_l1_is_exactly_zero_at_a_corner():
    assert constrained_optimum(1, (1.5, 0.4)).tolist() == [1, 0]
    assert constrained_optimum(1, (-0.3, 2.0), radius=0.5).tolist() == [0, -0 + 0.5]
    assert constrained_optimum(0.5, (1.5, 0.8)).tolist() == [1, 0]
    # Soft thresholding: not at a corner, both weights lose the same.
    np.testing.assert_allclose(constrained_optimum(1, (1.0, 0.6)), [0.7, 0.3], rtol=1e-14)


def test_the_largest_value_clips():
    np.testing.assert_allclose(constrained_optimum(np.inf, (1.5, 0.4)), [1, 0.4], rtol=1e-14)
    assert constrained_optimum(np.inf, (3, -2)).tolist() == [1, -1]


@pytest.mark.parametrize("p", [0.3, 0.5, 0.9, 1, 1.1, 1.5, 2, 3, 4, 20, np.inf])
@pytest.mark.parametrize("center", [(1.5, 0.4), (-0.8, 1.3), (1.1, -1.1), (2.0, 0.0)])
@pytest.mark.parametrize("matrix", [None, TILTED])
def test_nothing_on_the_border_is_better(p, center, matrix):
    c, a = np.array(center), np.eye(2) if matrix is None else matrix
    found = constrained_optimum(p, center, matrix)
    assert size(found, p) <= 1 + 1e-12
    best = quadratics(border(p, 1.0, 20_000), c, a).min()
    assert quadratic(found, c, a) <= best + 1e-12
    assert best - quadratic(found, c, a) < 1e-3  # and it is no better than possible


def test_a_centre_within_is_the_optimum():
    for p in (0.5, 1, 2, np.inf):
        assert constrained_optimum(p, (0.1, -0.1), TILTED).tolist() == [0.1, -0.1]
    assert constrained_optimum(2, (0, 0)).tolist() == [0, 0]


def test_border():
    for p in (0.5, 1, 2, 4, np.inf):
        line = border(p, 2.0, 80)
        np.testing.assert_allclose(size(line, p), 2.0)
        np.testing.assert_allclose(line[0], line[-1], atol=1e-12)
    assert size(np.array([3.0, 4.0]), 2) == 5
    assert size(np.array([1.0, 4.0]), 0.5) == 9
    assert size(np.zeros(2), 1) == 0


def test_picture():
    picture = norm_balls((1, 2, np.inf))
    titles = [axes.get_title() for axes in picture.axes]
    assert titles[0] == "p = 1:  w = (1.000, 0)"
    assert titles[1].startswith("p = 2:  w = (0.966, 0.258")
    assert titles[2].startswith("p = ∞")
    markers = {x.get_label(): x.get_xydata()[0] for x in picture.axes[1].lines}
    np.testing.assert_allclose(markers["unconstrained minimum"], [1.5, 0.4])
    np.testing.assert_allclose(
        markers["constrained minimum"], np.array([1.5, 0.4]) / np.hypot(1.5, 0.4)
    )
    assert picture.encoded("png", 40).startswith(b"\x89PNG")


def test_the_optimum_lies_on_a_contour():
    axes = norm_balls((2,), matrix=TILTED).axes[0]
    lines = next(c for c in axes.collections if hasattr(c, "levels"))
    found = constrained_optimum(2, (1.5, 0.4), TILTED)
    value = quadratic(found, np.array([1.5, 0.4]), TILTED)
    assert np.isclose(lines.levels, value).sum() == 1


def test_a_centre_within_is_drawn():
    norm_balls((1, 2), center=(0.1, 0.2)).encoded("png", 30)
    norm_balls((1,), center=(0, 0), radius=2).encoded("png", 30)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"p": 0}, "p of a norm is above 0, not 0"),
        ({"p": float("nan")}, "p of a norm"),
        ({"center": (1, 2, 3)}, "center is two numbers"),
        ({"matrix": [[1, 2], [2, 1]]}, "positive definite"),
        ({"matrix": [[1, 0.5], [0, 1]]}, "symmetric"),
        ({"radius": 0}, "radius is a length above 0"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        constrained_optimum(**{"p": 2, "center": (1.5, 0.4), **options})


def test_no_norms():
    with pytest.raises(ValueError, match="there are no norms"):
        norm_balls(())
