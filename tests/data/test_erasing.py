"""Cutout and random erasing: what is hidden, where, how often, and what is refused."""

import numpy as np
import pytest

from shinso.data import ArrayDataset, Compose, Cutout, DataLoader, RandomErasing
from shinso.data.erasing import rectangles


def rng(seed=0):
    return np.random.default_rng(seed)


def ones(n=200, c=3, h=12, w=9, dtype=np.float32):
    return np.ones((n, c, h, w), dtype)


def test_rectangles():
    marked = rectangles(np.array([[-1, 2]]), np.array([[1, 3]]), np.array([[2, 9]]), 2, (4, 4))
    assert marked.shape == (1, 2, 4, 4)
    assert np.argwhere(marked[0, 0]).tolist() == [[0, 1], [0, 2]]
    assert np.argwhere(marked[0, 1]).tolist() == [[2, 3], [3, 3]]
    assert not rectangles(np.array([0]), np.array([0]), 0, 5, (3, 3)).any()


def boxes(hidden):
    """Top, bottom, left, right of what is hidden in each image; it must be one full rectangle."""
    for each in hidden:
        rows, columns = np.flatnonzero(each.any(axis=1)), np.flatnonzero(each.any(axis=0))
        if len(rows):
            found = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
            assert each[found[0] : found[1], found[2] : found[3]].all()
            yield found


def test_cutout_hides_a_square_that_may_reach_over_the_border():
    x = ones(4000, 2, 8, 6)
    given = x.copy()
    y = Cutout(4)(x, rng())
    assert np.array_equal(x, given)
    assert y.dtype == x.dtype
    hidden = y[:, 0] == 0
    assert np.array_equal(hidden, y[:, 1] == 0)
    found = list(boxes(hidden))
    assert len(found) == 4000
    # Every pixel is as likely as any other to be the middle: 8 × 6 places, cut at the border.
    expected = {
        (max(r - 2, 0), min(r + 2, 8), max(c - 2, 0), min(c + 2, 6))
        for r in range(8)
        for c in range(6)
    }
    assert set(found) == expected
    counts = np.array([found.count(place) for place in expected])
    assert counts.sum() == 4000
    middle = hidden[:, 4, 3].mean()
    assert middle == pytest.approx(16 / 48, abs=0.04)
    assert hidden[:, 0, 0].mean() == pytest.approx(3 * 3 / 48, abs=0.03)


def test_cutout_sizes_holes_and_value():
    odd = Cutout(3)(ones(300), rng())[:, 0] == 0
    assert max(odd.sum(axis=(1, 2))) == 9
    wide = list(boxes(Cutout((2, 5), value=7)(ones(300), rng())[:, 0] == 7))
    assert max(bottom - top for top, bottom, _, _ in wide) == 2
    assert max(right - left for _, _, left, right in wide) == 5
    assert (Cutout(2, holes=2)(ones(), rng())[:, 0] == 0).sum(axis=(1, 2)).max() == 8
    assert (Cutout(99)(ones(), rng()) == 0).all()
    assert Cutout(2, value=9)(ones(dtype=np.uint8), rng()).dtype == np.uint8


def test_random_erasing_draws_areas_and_shapes():
    x = ones(3000, 1, 32, 32)
    y = RandomErasing(p=1)(x, rng())[:, 0] == 0
    areas = y.sum(axis=(1, 2)) / 32**2
    assert (areas > 0).all()
    assert areas.min() >= 0.01  # 0.02, but for rounding to whole pixels
    assert areas.max() <= 0.35
    assert areas.mean() == pytest.approx((0.02 + 0.33) / 2, abs=0.01)
    ratios = np.array([(b - t) / (r - left) for t, b, left, r in boxes(y)])
    assert (np.log(ratios) > 0).mean() == pytest.approx(0.5, abs=0.05)
    assert ratios.max() > 2
    assert ratios.min() < 1 / 2
    assert y.mean(axis=0).min() > 0  # every pixel is hidden in some image


def test_random_erasing_strikes_a_share_of_the_images():
    x = ones(2000)
    assert np.array_equal(RandomErasing(p=0)(x, rng()), x)
    struck = (RandomErasing(p=0.3)(x, rng()) == 0).any(axis=(1, 2, 3))
    assert struck.mean() == pytest.approx(0.3, abs=0.04)


def test_random_erasing_keeps_an_image_that_nothing_fits():
    x = ones(20, 1, 4, 40)
    assert np.array_equal(RandomErasing(p=1, scale=(1, 1), ratio=(1, 1))(x, rng()), x)
    assert np.array_equal(RandomErasing(p=1)(ones(5, 1, 1, 1), rng()), ones(5, 1, 1, 1))


def test_random_erasing_values():
    x = ones(400)
    y = RandomErasing(p=1, value=(5, 6, 7))(x, rng())
    assert [set(np.unique(y[:, c])) for c in range(3)] == [{1, 5}, {1, 6}, {1, 7}]
    noise = RandomErasing(p=1, value="random")(x, rng())
    assert noise.dtype == np.float32
    new = noise[noise != 1]
    assert new.mean() == pytest.approx(0, abs=0.02)
    assert new.std() == pytest.approx(1, abs=0.02)
    pixels = RandomErasing(p=1, value="random")(ones(dtype=np.uint8), rng())
    assert pixels.dtype == np.uint8
    assert pixels.max() > 200
    assert RandomErasing(value="random")(ones(dtype=np.float64), rng()).dtype == np.float64
    some = RandomErasing(p=0.5, value="random")(x, rng())
    whole = (some == 1).all(axis=(1, 2, 3))
    assert 100 < whole.sum() < 300


@pytest.mark.parametrize("transform", [Cutout(3), RandomErasing(), RandomErasing(value="random")])
def test_only_images_and_with_a_generator(transform):
    with pytest.raises(ValueError, match=r"takes images \(N, C, H, W\)"):
        transform(np.zeros((2, 3)), rng())
    with pytest.raises(ValueError, match="needs a generator"):
        transform(ones())
    assert transform(ones(0), rng()).shape == (0, 3, 12, 9)
    assert np.array_equal(transform(ones(), rng(3)), transform(ones(), rng(3)))


def test_wrong_arguments():
    for wrong in (0, -2, (1, 2, 3)):
        with pytest.raises(ValueError, match="size"):
            Cutout(wrong)
    with pytest.raises(ValueError, match="holes must be 1 or greater"):
        Cutout(holes=0)
    with pytest.raises(ValueError, match="no uint8 pixel"):
        Cutout(2, value=0.5)(ones(dtype=np.uint8), rng())
    with pytest.raises(ValueError, match="p must lie between 0 and 1"):
        RandomErasing(p=2)
    for scale in ((0, 0.3), (0.5, 0.1), (0.1, 1.1), (0.1,)):
        with pytest.raises(ValueError, match=r"scale is .* at most 1"):
            RandomErasing(scale=scale)
    with pytest.raises(ValueError, match="ratio is"):
        RandomErasing(ratio=(-1, 2))
    with pytest.raises(ValueError, match="got 'noise'"):
        RandomErasing(value="noise")
    with pytest.raises(ValueError, match="one for each of the 3 channels"):
        RandomErasing(p=1, value=(1, 2))(ones(), rng())


def test_threads_and_resuming_change_no_bit():
    data = ArrayDataset(rng().random((23, 1, 8, 8), dtype=np.float32), np.arange(23))
    steps = Compose([Cutout(3), RandomErasing(value="random")])

    def batches(workers, start=0):
        loader = DataLoader(data, 5, True, workers, seed=4, transform=steps)
        return [x.tobytes() for x, _ in loader.batches(2, start)]

    assert batches(0) == batches(3)
    assert batches(0)[2:] == batches(0, 2)
