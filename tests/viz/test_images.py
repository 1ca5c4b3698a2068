"""Grids of images: shapes, scales, places, letters."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from shinso import Tensor
from shinso.viz.images import as_images, image_grid, scales
from shinso.viz.style import language
from shinso.viz.tiles import check_columns, letters_width


def drawn(picture):
    """The arrays and places of the tiles, in order."""
    images = picture.axes[0].images
    return [np.asarray(i.get_array()) for i in images], [i.get_extent() for i in images]


def letters(picture):
    return [t for t in picture.axes[0].texts if t.get_text()]


@pytest.mark.parametrize(
    ("shape", "seen"),
    [((4, 5, 6), (5, 6)), ((4, 1, 5, 6), (5, 6)), ((4, 3, 5, 6), (5, 6, 3)), ((1, 1, 1), (1, 1))],
)
def test_each_image_is_drawn_once_and_upright(shape, seen):
    values = np.random.default_rng(0).uniform(size=shape)
    pixels, places = drawn(image_grid(values))
    assert [p.shape for p in pixels] == [seen] * shape[0]
    first = values[0].reshape(-1, *shape[-2:]).transpose(1, 2, 0)
    assert np.allclose(pixels[0].reshape(first.shape), first)
    left, right, bottom, top = places[0]
    assert left < right
    assert top < bottom  # inches from the upper edge


def test_tensors_and_titles_of_any_kind():
    picture = image_grid(Tensor(np.zeros((3, 2, 2), np.float32)), titles=np.array([7, 8, 9]))
    assert [t.get_text() for t in letters(picture)] == ["7", "8", "9"]
    assert min(t.get_fontsize() for t in letters(picture)) >= 11


@pytest.mark.parametrize(
    ("images", "low", "high"),
    [
        (np.full((2, 2, 2), 3, np.uint8), 0, 255),
        (np.full((2, 2, 2), 0.25), 0, 1),
        (np.array([[[0.0]], [[16.0]]]), 0, 16),
        (np.full((2, 2, 2), 7.0), 6.5, 7.5),
    ],
)
def test_brightness_has_one_scale(images, low, high):
    for image in image_grid(images).axes[0].images:
        assert image.get_clim() == (low, high)
        assert image.get_cmap().name == "gray"
        assert image.get_interpolation() == "nearest"


def test_signed_images_are_symmetric_around_zero_and_have_a_colour_bar():
    picture = image_grid(np.array([[[-1.0, 0.5]], [[0.0, 3.0]]]), signed=True)
    assert [i.get_clim() for i in picture.axes[0].images] == [(-3, 3)] * 2
    assert picture.axes[0].images[0].get_cmap().name == "RdBu_r"
    assert len(picture.axes) == 2


def test_own_scales_differ_from_image_to_image():
    values = np.array([[[0.0, 2.0]], [[-1.0, 5.0]]])
    pictures = image_grid(values, own_scale=True).axes[0].images
    assert [i.get_clim() for i in pictures] == [(0, 2), (-1, 5)]
    signed = image_grid(values, own_scale=True, signed=True)
    assert [i.get_clim() for i in signed.axes[0].images] == [(-2, 2), (-5, 5)]
    assert len(signed.axes) == 1


def test_zero_is_grey_in_signed_colours():
    values = np.zeros((1, 3, 1, 2))
    values[0, 0, 0, 1] = -2
    pixels, _ = drawn(image_grid(values, signed=True))
    assert pixels[0].tolist() == [[[0.5, 0.5, 0.5], [0.0, 0.5, 0.5]]]
    assert scales(as_images(np.zeros((2, 2, 2))), True, False) == [(-1, 1)] * 2


@pytest.mark.parametrize(
    ("count", "columns"),
    [
        (1, 1),
        (2, 2),
        (3, 3),
        (6, 3),
        (7, 4),
        (10, 5),
        (37, 8),
        (5, 5),
        (16, 4),
        (32, 8),
        (64, 8),
        (100, 10),
    ],
)
def test_columns_leave_few_places_empty(count, columns):
    assert check_columns(count, None) == columns
    assert check_columns(count, 5) == min(count, 5)


@pytest.mark.parametrize("count", [1, 2, 5, 12, 37, 100])
def test_tiles_do_not_overlap_and_fit_on_a_slide(count):
    picture = image_grid(np.zeros((count, 4, 6)), titles=range(count))
    _, places = drawn(picture)
    for (l1, r1, b1, t1), (l2, r2, b2, t2) in itertools.combinations(places, 2):
        assert max(l2 - r1, l1 - r2, t2 - b1, t1 - b2) > 0.05
    width, height = picture.get_size_inches()
    assert 1 < width < 14
    assert 1 < height < 13
    assert min(r - left for left, r, _, _ in places) >= 0.799


@pytest.mark.parametrize("name", ["en", "ja"])
def test_long_titles_do_not_touch(name):
    with language(name):
        titles = ["本当は 8、答えは 3" if name == "ja" else f"was 8, said {i}" for i in range(12)]
        picture = image_grid(np.zeros((12, 8, 8)), titles=titles, columns=6, title="x" * 30)
        FigureCanvasAgg(picture).draw()
        boxes = [t.get_window_extent() for t in letters(picture)]
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
        sheet = picture.bbox
        assert all(sheet.x0 <= b.x0 and b.x1 <= sheet.x1 for b in boxes)


def test_letters_are_measured_by_the_longest_line():
    assert letters_width("ab\nabcd") == letters_width("abcd")
    assert letters_width("画像") > letters_width("ab")


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((4, 4)), r"not \(4, 4\)"),
        (np.zeros((2, 4, 4, 3)), "move the channels forward"),
        (np.zeros((2, 2, 4, 4)), "are"),
        (np.zeros((0, 4, 4)), "no images"),
        (np.array([[[np.nan]]]), "not finite"),
    ],
)
def test_other_shapes_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        image_grid(images)


def test_as_many_titles_as_images_and_columns():
    with pytest.raises(ValueError, match="2 titles for 3 images"):
        image_grid(np.zeros((3, 2, 2)), titles=["a", "b"])
    with pytest.raises(ValueError, match="at least 1"):
        image_grid(np.zeros((3, 2, 2)), columns=0)


def test_the_same_picture_twice():
    values = np.random.default_rng(0).normal(size=(3, 4, 4))
    assert image_grid(values, signed=True).encoded() == image_grid(values, signed=True).encoded()
