"""Mixup and CutMix: the formula, the draws, the targets, and how a DataLoader uses them."""

import numpy as np
import pytest

from shinso.data import (
    ArrayDataset,
    CutMix,
    DataError,
    DataLoader,
    Mixup,
    OneHot,
    RandomChoice,
    RandomCrop,
)

N, CLASSES = 40, 4


def rng(seed=0):
    return np.random.default_rng(seed)


X = rng(1).random((N, 2, 8, 6), dtype=np.float32)
T = rng(2).integers(0, CLASSES, N)
# Image i is full of the number i: what came from where can be read off.
FULL = np.broadcast_to(np.arange(N, dtype=np.float32)[:, None, None, None], (N, 1, 8, 6))


def mix_of_two(values):
    """The share of the first example in each mixture of FULL and OneHot(N)."""
    y, t = values
    for i in range(N):
        parts = np.flatnonzero(t[i])
        assert len(parts) in (1, 2)
        assert t[i].sum() == pytest.approx(1)
        assert i in parts
    return np.array([t[i, i] for i in range(N)]), y


@pytest.mark.parametrize("per_image", [False, True])
def test_mixup_is_a_convex_combination(per_image):
    share, y = mix_of_two(Mixup(1.0, N, per_image)(FULL, np.arange(N), rng()))
    _, t = Mixup(1.0, N, per_image)(FULL, np.arange(N), rng())
    for i in range(N):
        expected = t[i] @ np.arange(N)
        np.testing.assert_allclose(y[i], expected, rtol=1e-5)
    assert len(np.unique(share[share < 1].round(5))) == (1 if not per_image else (share < 1).sum())


def test_mixup_of_a_batch_by_hand():
    y, t = Mixup(0.7, CLASSES)(X, T, rng(5))
    draw = rng(5)
    partner = draw.permutation(N)
    draw.random(1)
    share = np.float32(draw.beta(0.7, 0.7, 1)[0])
    assert np.array_equal(y, share * X + (1 - share) * X[partner])
    hot = OneHot(CLASSES)(T)
    assert np.array_equal(t, share * hot + (1 - share) * hot[partner])
    assert (y.dtype, t.dtype) == (np.float32, np.float32)


def test_draws_follow_beta():
    """Variance of Beta(a, a) is 1 / (4 (2 a + 1)); its mean ½."""
    x, t = np.zeros((4000, 1), np.float32), np.arange(4000) % 2
    for alpha in (0.2, 1.0, 5.0):
        _, shares = Mixup(alpha, 2, per_image=True)(x, t, rng())
        mixed = shares[(shares > 0).all(axis=1), 0]
        assert mixed.mean() == pytest.approx(0.5, abs=0.03)
        assert mixed.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.15)


@pytest.mark.parametrize("per_image", [False, True])
def test_cutmix_pastes_a_rectangle_and_counts_its_area(per_image):
    for seed in range(20):
        transform = CutMix(1.0, N, per_image)
        share, y = mix_of_two(transform(FULL, np.arange(N), rng(seed)))
        for i in range(N):
            own = y[i, 0] == i
            if share[i] < 1:
                assert share[i] == pytest.approx(own.mean(), abs=1e-6)
                rows, columns = np.flatnonzero((~own).any(1)), np.flatnonzero((~own).any(0))
                assert (~own)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
                assert len(np.unique(y[i, 0][~own])) <= 1
        if not per_image:
            masks = [(y[i, 0] != i).tobytes() for i in range(N) if (y[i, 0] != i).any()]
            assert len(set(masks)) <= 1


def test_cutmix_is_cut_off_at_the_border():
    """Whole rectangles would cover 1 - λ, on average half of the image; cut off, less."""
    x = np.broadcast_to(np.arange(2000.0).reshape(2000, 1, 1, 1), (2000, 1, 20, 20))
    y, t = CutMix(1.0, 2, per_image=True)(x, np.arange(2000) % 2, rng())
    areas = (y != x).mean(axis=(1, 2, 3))
    assert 0.25 < areas.mean() < 0.45
    assert areas.max() > 0.9
    assert areas.min() == 0
    own = t[np.arange(2000), np.arange(2000) % 2]
    other = (y.max(axis=(1, 2, 3)) + y.min(axis=(1, 2, 3)) - x[:, 0, 0, 0]) % 2 != x[:, 0, 0, 0] % 2
    np.testing.assert_allclose(own, np.where(other, 1 - areas, 1), atol=1e-6)


def test_cutmix_keeps_integers():
    pixels = (X * 255).astype(np.uint8)
    y, t = CutMix(1.0, CLASSES)(pixels, T, rng())
    assert (y.dtype, t.dtype) == (np.uint8, np.float32)


@pytest.mark.parametrize("kind", [Mixup, CutMix])
def test_targets(kind):
    soft = OneHot(CLASSES)(T).astype(np.float64) * 0.9 + 0.1 / CLASSES
    _, t = kind(1.0, CLASSES)(X, soft, rng())
    assert t.dtype == np.float64
    np.testing.assert_allclose(t.sum(axis=1), 1)
    numbers = rng().random((N, 1), dtype=np.float32)
    _, t = kind(1.0)(X, numbers, rng())
    assert t.shape == (N, 1)
    for wrong, error, says in (
        (T.astype(np.float32), ValueError, r"shares \(40, 4\), got an array of shape \(40,\)"),
        (T[:-1], ValueError, "40 inputs, but 39 targets"),
        (T + 1, ValueError, "label 4 is out of range"),
    ):
        with pytest.raises(error, match=says):
            kind(1.0, CLASSES)(X, wrong, rng())
    with pytest.raises(TypeError, match="give num_classes"):
        kind(1.0)(X, T, rng())
    given_x, given_t = X.copy(), T.copy()
    kind(1.0, CLASSES)(X, T, rng())
    assert np.array_equal(X, given_x)
    assert np.array_equal(T, given_t)


@pytest.mark.parametrize("kind", [Mixup, CutMix])
def test_p_and_small_batches(kind):
    y, t = kind(1.0, CLASSES, p=0)(X, T, rng())
    assert np.array_equal(y, X)
    assert np.array_equal(t, OneHot(CLASSES)(T))  # of one shape, whether mixed or not
    struck = [not np.array_equal(kind(1.0, CLASSES, p=0.5)(X, T, rng(s))[0], X) for s in range(100)]
    assert 25 < sum(struck) < 75
    for n in (0, 1):
        y, t = kind(1.0, CLASSES)(X[:n], T[:n], rng())
        assert np.allclose(y, X[:n])
        assert t.shape == (n, CLASSES)


@pytest.mark.parametrize("kind", [Mixup, CutMix])
def test_wrong_arguments(kind):
    for alpha in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="alpha must be a number greater than 0"):
            kind(alpha, 3)
    with pytest.raises(ValueError, match="num_classes"):
        kind(1.0, 0)
    with pytest.raises(ValueError, match="p must lie"):
        kind(1.0, 3, p=-0.1)
    with pytest.raises(ValueError, match="needs a generator"):
        kind(1.0, CLASSES)(X, T)
    with pytest.raises((TypeError, ValueError), match="takes"):
        kind(1.0, CLASSES)(np.zeros((N, 3), np.int64), T, rng())


def test_random_choice():
    both = RandomChoice([Mixup(1.0, CLASSES), lambda x, t, rng: (x, t)], p=[0.25, 0.75])
    kept = sum(both(X, T, rng(seed))[1] is T for seed in range(400))
    assert 250 < kept < 350
    assert "Mixup(alpha=1.0" in repr(both)
    with pytest.raises(ValueError, match="at least one"):
        RandomChoice([])
    with pytest.raises(ValueError, match="2 probabilities that add up to 1"):
        RandomChoice([both, both], p=[0.5, 0.4])
    with pytest.raises(TypeError, match="no transform"):
        RandomChoice([3])
    with pytest.raises(ValueError, match="needs a generator"):
        both(X, T)


def test_a_loader_mixes_after_its_transforms_with_draws_of_its_own():
    data = ArrayDataset(X, T)

    def first(**options):
        return next(DataLoader(data, 8, True, seed=3, **options).batches(1))

    mix = Mixup(0.5, CLASSES)
    x, _ = first()
    y, t = first(batch_transform=mix)
    assert t.shape == (8, CLASSES)
    moved, same = first(transform=RandomCrop((8, 6), padding=2), batch_transform=mix)
    assert np.array_equal(same, t)  # what the transform draws does not matter
    assert not np.array_equal(moved, y)
    _, hot = first(target_transform=OneHot(CLASSES), batch_transform=mix)
    assert np.array_equal(hot, t)
    assert not np.array_equal(x, y)


def test_threads_and_resuming_change_no_bit():
    def batches(workers, start=0, seed=4):
        mix = RandomChoice([Mixup(0.4, CLASSES, per_image=True), CutMix(1.0, CLASSES)])
        loader = DataLoader(ArrayDataset(X, T), 7, True, workers, seed=seed, batch_transform=mix)
        return [part.tobytes() for batch in loader.batches(2, start) for part in batch]

    assert batches(0) == batches(3)
    assert batches(0)[4:] == batches(0, 2)
    assert batches(0) != batches(0, seed=5)


def test_a_loader_says_what_a_batch_transform_needs():
    with pytest.raises(DataError, match="delivers 1 array"):
        list(DataLoader(ArrayDataset(X), batch_transform=Mixup(1.0, CLASSES)))
    with pytest.raises(TypeError, match=r"must return the pair \(x, t\), not ndarray"):
        list(DataLoader(ArrayDataset(X, T), batch_transform=lambda x, t, rng: x))
    three = ArrayDataset(X, np.arange(N), T)
    batch = next(iter(DataLoader(three, 5, batch_transform=Mixup(1.0, CLASSES))))
    assert [part.shape for part in batch] == [(5, 2, 8, 6), (5,), (5, CLASSES)]
    assert batch[1].tolist() == [0, 1, 2, 3, 4]
