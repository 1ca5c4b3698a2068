"""Mean and standard deviation per channel."""

import numpy as np
import pytest

from shinso.data import mean_and_std, splits


@pytest.mark.parametrize("shape", [(7, 3, 4, 5), (9, 2), (1, 1, 3, 3), (5, 4, 6)])
@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_as_numpy_has_it(shape, chunk, monkeypatch):
    monkeypatch.setattr(splits, "CHUNK_BYTES", chunk)
    x = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    axes = (0, *range(2, len(shape)))
    mean, std = mean_and_std(x, 255)
    np.testing.assert_allclose(mean, (x / 255).mean(axis=axes), rtol=1e-12)
    np.testing.assert_allclose(std, (x / 255).std(axis=axes), rtol=1e-12)
    assert all(type(value) is float for value in (*mean, *std))


def test_a_constant_channel_gets_deviation_one():
    x = np.full((100, 3), 0.1, dtype=np.float32)
    x[0, 1] = 5
    assert mean_and_std(x)[1][0] == 1.0
    assert mean_and_std(x)[1][1] < 1.0
    assert mean_and_std(np.full((3, 1, 2, 2), 255, np.uint8), 255) == ((1.0,), (1.0,))


def test_a_mean_far_from_zero_keeps_its_digits():
    x = np.random.default_rng(0).normal(1e8, 1.0, (1000, 1))
    assert mean_and_std(x)[1][0] == pytest.approx(x.std(), rel=1e-9)


def test_refuses():
    for shape in ((3,), (0, 3), (3, 0, 2)):
        with pytest.raises(ValueError, match="mean_and_std needs data"):
            mean_and_std(np.zeros(shape))
