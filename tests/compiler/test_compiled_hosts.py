"""Steps that call NumPy in the middle (host nodes), with everything else compiled around it."""

import numpy as np
import pytest

import shinso

Z = np.random.default_rng(0).standard_normal((4, 3))


@pytest.mark.parametrize(
    "fn",
    [
        lambda z: np.linalg.qr(z)[0],
        lambda z: np.linalg.qr(z),
        lambda z: (np.linalg.qr(z)[1] + 1, np.linalg.qr(z * 2)[0]),
        lambda z: np.linalg.svd(np.tanh(z))[1].sum() * np.linalg.inv(z.T @ z),
        lambda z: np.linalg.inv(np.linalg.inv(z.T @ z)),
    ],
)
def test_results_of_numpy_inside_a_step(fn):
    made, plain = shinso.compile(fn)(Z), fn(Z)
    if not isinstance(plain, tuple):
        made, plain = (made,), (plain,)
    for a, b in zip(made, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11)
