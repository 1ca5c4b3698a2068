"""Functions of one and two variables, and paths over them."""

import numpy as np
import pytest

from shinso import optim
from shinso.viz.paths import checked_paths, lifted, within
from shinso.viz.surface import contours, line, surface

RANGES = (-2.0, 2.0), (-1.0, 1.0)


def bowl(x, y):
    return x**2 + 4 * y**2


def labelled(axes):
    return {x.get_label(): x for x in axes.lines if not x.get_label().startswith("_")}


def test_line_shows_the_function_and_the_path():
    path = optim.trajectory(lambda x: x**2, 1.5, steps=3, lr=0.25)
    picture = line(lambda x: x**2, -2, 2, paths={"SGD": path}, points=5)
    found = labelled(picture.axes[0])
    np.testing.assert_allclose(found["f(x)"].get_xydata()[:, 1], [4, 1, 0, 1, 4])
    np.testing.assert_allclose(found["SGD"].get_xydata()[:, 0], [1.5, 0.75, 0.375, 0.1875])
    np.testing.assert_allclose(found["SGD"].get_xydata()[:, 1], path**2)
    np.testing.assert_allclose(found["start"].get_xydata(), [[1.5, 2.25]])


def test_line_leaves_out_what_is_outside():
    picture = line(lambda x: x**2, -2, 2, paths={"far": np.array([[1.0], [1e9]])})
    axes = picture.axes[0]
    assert labelled(axes)["far"].get_xydata().tolist() == [[1, 1]]
    assert axes.get_xlim() == (-2, 2)
    assert axes.get_ylim()[1] < 5
    assert labelled(line(np.abs, -1, 1, paths={"gone": [[5.0]]}).axes[0]).keys() == {"f(x)"}


def test_contours_keep_their_range():
    path = np.array([[-1.0, 0.5], [1e6, -1e6], [0.0, 0.0]])
    picture = contours(bowl, *RANGES, paths={"far": path}, points=30, title="T")
    axes = picture.axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == RANGES
    np.testing.assert_array_equal(labelled(axes)["far"].get_xydata(), path)
    np.testing.assert_array_equal(labelled(axes)["start"].get_xydata(), [[-1, 0.5]])
    assert axes.get_title() == "T"
    assert picture.encoded("png", 50).startswith(b"\x89PNG")


def levels(picture):
    return next(c.levels for c in picture.axes[0].collections if c.filled)


def test_levels():
    even = levels(contours(bowl, *RANGES, points=21, levels=10))
    np.testing.assert_allclose(even, np.linspace(0, 8, 11))
    ratios = levels(contours(bowl, *RANGES, points=21, levels=10, log=True))
    np.testing.assert_allclose(np.diff(np.log(ratios)), np.log(ratios[1] / ratios[0]))
    assert ratios[0] > 0  # the zero in the middle is not a level
    np.testing.assert_allclose(ratios[-1], 8)


def test_where_a_function_is_not_finite_nothing_is_drawn():
    def half(x, y):
        return np.where(x > 0, bowl(x, y), np.nan)

    assert np.isfinite(levels(contours(half, *RANGES, points=20, log=True))).all()
    assert surface(half, *RANGES, points=20).encoded("png", 40).startswith(b"\x89PNG")


def test_surface_has_the_path_on_it():
    path = np.array([[-1.0, 0.5], [1.0, 0.5], [1.0, 0.25]])
    axes = surface(bowl, *RANGES, paths={"SGD": path}, points=20, elevation=20, azimuth=10).axes[0]
    assert (axes.elev, axes.azim) == (20, 10)
    x, y, z = (np.asarray(v, dtype=float) for v in axes.lines[0].get_data_3d())
    there = ~np.isnan(x)
    above = z[there] - bowl(x[there], y[there])
    np.testing.assert_allclose(above, above[0])
    assert 0 < above[0] < 0.03 * 8
    assert there.sum() > 40  # the line bends with the surface


def test_lifted_paths_are_cut_at_the_border():
    found = lifted(np.array([[0.0, 0.0], [4.0, 1.0], [4.0, 0.0]]), bowl, *RANGES)
    flat = found[~np.isnan(found[:, 0])]
    np.testing.assert_allclose(flat[0], [0, 0, 0])
    np.testing.assert_allclose(flat[-1], [2, 0.5, 5])
    assert np.isnan(lifted(np.array([[5.0, 0], [6, 0]]), bowl, *RANGES)).all()
    through = lifted(np.array([[0.0, -9.0], [0.0, 9.0]]), bowl, *RANGES)
    assert np.nanmin(through[:, 1]) == -1
    assert np.nanmax(through[:, 1]) == 1
    standing = lifted(np.array([[0.5, 0.5], [0.5, 0.5]]), bowl, *RANGES)
    assert standing[0].tolist() == [0.5, 0.5, 1.25]


def test_within():
    points = np.array([[0, 0], [2, 1], [2.1, 0], [0, -1.1]])
    assert within(points, *RANGES).tolist() == [[0, 0], [2, 1]]


def test_paths():
    assert checked_paths(None, 2) == {}
    assert checked_paths({"a": [1, 2, 3]}, 1)["a"].shape == (3, 1)
    for wrong in ([1.0, 2.0], [[1.0, 2.0, 3.0]], np.empty((0, 2))):
        with pytest.raises(ValueError, match=r"path 'a' has shape .* \(steps, 2\)"):
            contours(bowl, *RANGES, paths={"a": wrong})


@pytest.mark.parametrize("draw", [contours, surface])
@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (bowl, (1, 1), "the range of x goes from 1 to 1"),
        (bowl, (0, np.inf), "the range of x"),
        (lambda x, y: x[0], (0, 1), "f gave shape"),
        (lambda x, y: x * np.nan, (0, 1), "finite nowhere"),
    ],
)
def test_errors(draw, f, x, message):
    with pytest.raises(ValueError, match=message):
        draw(f, x, (0, 1))


def test_errors_of_contours():
    with pytest.raises(ValueError, match="logarithmic contours need f ≥ 0, and it goes down to -1"):
        contours(lambda x, y: x - 1, (0, 1), (0, 1), log=True)
    with pytest.raises(ValueError, match="f is 3 on the whole grid"):
        contours(lambda x, y: 0 * x + 3, (0, 1), (0, 1))
    with pytest.raises(ValueError, match="f is 0 on the whole grid"):
        contours(lambda x, y: 0 * x, (0, 1), (0, 1), log=True)
    with pytest.raises(ValueError, match="at least 2 points"):
        contours(bowl, *RANGES, points=1)
    with pytest.raises(ValueError, match="the range of x"):
        line(np.abs, 1, 0)
