"""Lines over a common axis."""

import numpy as np
import pytest

from shinso.viz.curves import curves
from shinso.viz.legend import legend_below
from shinso.viz.picture import one_axes
from shinso.viz.style import language, styled


def draw(lines, x=None, **options):
    return curves(lines, x, xlabel="step", ylabel="loss", **options)


def drawn(picture):
    return {line.get_label(): line.get_xydata() for line in picture.axes[0].lines}


def test_numbers_stand_where_they_belong():
    lines = {"a": [3.0, 1.0], "b": np.array([1, 2, 4], dtype=np.float32)}
    found = drawn(draw(lines))
    np.testing.assert_array_equal(found["a"], [[0, 3], [1, 1]])
    np.testing.assert_array_equal(found["b"], [[0, 1], [1, 2], [2, 4]])
    np.testing.assert_array_equal(drawn(draw({"a": [3.0, 1.0]}, [5, 7]))["a"], [[5, 3], [7, 1]])


def test_lines_differ_in_more_than_colour():
    picture = draw({str(i): [i, i + 1] for i in range(14)}, markers=True)
    lines = picture.axes[0].lines
    assert len({(x.get_color(), x.get_linestyle()) for x in lines}) == 14
    assert len({(x.get_marker(), x.get_linestyle()) for x in lines}) == 14
    assert len({x.get_color() for x in lines}) == 7


def test_a_legend_only_for_several():
    assert draw({"a": [1, 2]}).legends == []
    (legend,) = draw({"a": [1, 2], "b": [2, 3]}).legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]


def test_scales_and_limits():
    (axes,) = draw({"a": [1, 0, 100]}, [1, 10, 100], log=True, logx=True, ylim=(0.5, 200)).axes
    assert (axes.get_yscale(), axes.get_xscale()) == ("log", "log")
    assert axes.get_ylim() == (0.5, 200)
    (axes,) = draw({"a": [1, 2]}, title="T").axes
    assert (axes.get_yscale(), axes.get_title(), axes.get_xlabel()) == ("linear", "T", "step")


def test_gaps_and_single_points():
    picture = draw({"a": [1, np.nan, 3], "b": [2.0]}, log=True)
    assert np.isnan(drawn(picture)["a"][1, 1])
    assert picture.encoded("png", 50).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("lines", "x", "options", "message"),
    [
        ({}, None, {}, "there are no lines"),
        ({"a": []}, None, {}, r"line 'a' has shape \(0,\)"),
        ({"a": [[1]]}, None, {}, r"line 'a' has shape \(1, 1\)"),
        ({"a": [1, 2]}, [1], {}, r"line 'a' has 2 numbers, and x has shape \(1,\)"),
        ({"a": [1, -2]}, None, {"log": True}, "line 'a' has negative y"),
        ({"a": [0, 0]}, None, {"log": True}, "none above 0"),
        ({"a": [1, 2]}, [-1, 1], {"logx": True}, "line 'a' has negative x"),
    ],
)
def test_errors(lines, x, options, message):
    with pytest.raises(ValueError, match=message):
        draw(lines, x, **options)


@styled
def with_legend(names, width):
    picture, axes = one_axes(width, 3.0)
    for name in names:
        axes.plot([1, 2], label=name)
    return picture, legend_below(picture, axes)


@pytest.mark.parametrize("width", [3.0, 5.0, 7.0, 10.0])
@pytest.mark.parametrize("names", [["損失"] * 9, ["a longer name", "b", "c", "d", "another one"]])
def test_a_legend_lies_inside_the_picture_and_below_the_axes(names, width):
    with language("ja"):
        picture, legend = with_legend(names, width)
        picture.encoded("png", 50)
    box = legend.get_window_extent().transformed(picture.transFigure.inverted())
    assert box.x0 >= 0
    assert box.x1 <= 1
    assert box.y1 <= picture.axes[0].get_position().y0


def test_a_legend_wastes_no_column():
    _, legend = with_legend(["a" * 12] * 5, 7.0)
    assert legend._ncols == 3  # two rows: 3 and 2, not 4 and 1


def test_no_legend_without_names():
    assert with_legend([], 7.0)[1] is None
