"""Initial values: their spread is what the papers say."""

import math

import numpy as np
import pytest

from shinso import nn, ops
from shinso.nn import init


def weight(*shape):
    return nn.Parameter(np.zeros(shape, dtype=np.float32))


@pytest.fixture(autouse=True)
def seeded():
    ops.manual_seed(0)


@pytest.mark.parametrize(
    ("fill", "std"),
    [
        (lambda w: init.normal_(w, 1.0, 0.3), 0.3),
        (lambda w: init.uniform_(w, -1, 1), 1 / math.sqrt(3)),
        (init.xavier_uniform_, math.sqrt(2 / (300 + 200))),
        (init.xavier_normal_, math.sqrt(2 / (300 + 200))),
        (init.kaiming_uniform_, math.sqrt(2 / 300)),
        (init.he_normal_, math.sqrt(2 / 300)),
        (
            lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu"),
            math.sqrt(2 / 200),
        ),
        (init.lecun_normal_, math.sqrt(1 / 300)),
        (init.lecun_uniform_, math.sqrt(1 / 300)),
    ],
)
def test_spread(fill, std):
    w = fill(weight(200, 300))
    assert w.dtype == np.float32
    assert w.data.std() == pytest.approx(std, rel=0.02)


def test_constants():
    assert not init.zeros_(weight(2, 3)).data.any()
    assert (init.ones_(weight(3)).data == 1).all()
    assert (init.constant_(weight(3), 0.1).data == np.float32(0.1)).all()


def test_convolutions_count_the_field():
    w = init.kaiming_normal_(weight(64, 32, 5, 5))
    assert w.data.std() == pytest.approx(math.sqrt(2 / (32 * 25)), rel=0.02)


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 2, 3, 3)])
def test_orthogonal(shape):
    w = init.orthogonal_(weight(*shape).requires_grad_(), gain=2.0).data.reshape(shape[0], -1)
    small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-5)


def test_default_start_of_layers():
    layer = nn.Linear(400, 300)
    assert np.abs(layer.weight.data).max() <= 1 / 20
    assert layer.weight.data.std() == pytest.approx(1 / 20 / math.sqrt(3), rel=0.02)
    assert np.abs(layer.bias.data).max() <= 1 / 20


def test_the_same_seed_gives_the_same_network():
    ops.manual_seed(3)
    first = nn.Linear(4, 4).weight.numpy()
    ops.manual_seed(3)
    np.testing.assert_array_equal(first, nn.Linear(4, 4).weight.data)
    assert not np.array_equal(first, nn.Linear(4, 4).weight.data)


def test_bad_requests():
    with pytest.raises(ValueError, match=r"at least 2 axes.*\(3,\)"):
        init.xavier_normal_(weight(3))
    with pytest.raises(ValueError, match="fan_in"):
        init.kaiming_normal_(weight(3, 3), mode="fan")
    with pytest.raises(ValueError, match="no gain is known for 'mish'"):
        init.calculate_gain("mish")
    with pytest.raises(ValueError, match="2 axes"):
        init.orthogonal_(weight(3))


def test_the_cut_normal_distribution():
    w = init.trunc_normal_(weight(200, 300), std=0.1, a=-0.2, b=0.1)
    assert w.dtype == np.float32
    assert w.data.min() >= np.float32(-0.2)
    assert w.data.max() <= np.float32(0.1)
    assert w.data.max() > 0.099
    # Mean and deviation of N(0, 1) between -2 and 1, times 0.1.
    density = [math.exp(-z * z / 2) / math.sqrt(2 * math.pi) for z in (-2, 1)]
    share = 0.5 * (math.erf(1 / math.sqrt(2)) + math.erf(2 / math.sqrt(2)))
    mean = (density[0] - density[1]) / share
    variance = 1 + (-2 * density[0] - density[1]) / share - mean**2
    assert w.data.mean() == pytest.approx(0.1 * mean, rel=0.03)
    assert w.data.std() == pytest.approx(0.1 * math.sqrt(variance), rel=0.02)
    assert init.trunc_normal_(weight(0, 3)).shape == (0, 3)
    for a, b in ((5, 6), (1, -1), (math.nan, 1)):
        with pytest.raises(ValueError, match="once in a thousand or less"):
            init.trunc_normal_(weight(3), a=a, b=b)
