import numpy as np
import pytest

from shinso.classical import running
from shinso.classical.coding import Coder, Noise
from shinso.classical.running import Report
from shinso.classical.seeding import stream

NONE = Noise("none", 0.0, 0.0, 1.0)
SILENT = Report(0, "", 1)


def coder(dtype=np.float64, **options):
    chosen = {"activation": "logistic", "unit": True, "tied": True, "noise": NONE, **options}
    return Coder(5, 3, np.random.default_rng(0), dtype, **chosen)


def test_noise():
    x = np.full((400, 50), 0.5)
    with stream(0):
        masked = Noise("masking", 0.3, 0.0, 1.0).add(x)
        peppered = Noise("salt_and_pepper", 0.4, -2.0, 3.0).add(x)
        noisy = Noise("gaussian", 0.2, 0.0, 1.0).add(x)
    assert set(np.unique(masked)) == {0, 0.5}
    assert (masked == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert set(np.unique(peppered)) == {-2, 0.5, 3}
    assert (peppered == -2).mean() == pytest.approx(0.2, abs=0.02)
    assert (peppered == 3).mean() == pytest.approx(0.2, abs=0.02)
    assert noisy.mean() == pytest.approx(0.5, abs=0.01)
    assert noisy.std() == pytest.approx(0.2, abs=0.01)
    assert NONE.add(x) is x
    assert Noise("masking", 0.0, 0.0, 1.0).add(x) is x
    assert Noise("masking", 0.5, 0.0, 1.0).between(-1, 2) == Noise("masking", 0.5, -1, 2)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("unit", [True, False])
def test_loss_and_gradient(tied, unit):
    c = coder(tied=tied, unit=unit)
    x = np.random.default_rng(1).random((4, 5))

    def loss():
        h = 1 / (1 + np.exp(-(x @ c.weight.data + c.bias.data)))
        z = h @ c.decoder_weight() + c.decoder_bias.data
        if not unit:
            return 0.5 * np.square(z - x).sum() / 4
        p = 1 / (1 + np.exp(-z))
        return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum() / 4

    value = c.loss(x)
    assert float(value.data) == pytest.approx(loss())
    value.backward()
    gradient = np.array(c.weight.grad)
    w = c.weight.numpy()
    ends = []
    for sign in (1, -1):
        moved = w.copy()
        moved[2, 1] += sign * 1e-6
        c.weight.data = moved
        ends.append(loss())
    assert gradient[2, 1] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4)


def test_a_linear_autoencoder_finds_the_principal_plane():
    """With as many units as the data have directions nothing is lost."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5))
    c = Coder(5, 8, rng, np.float64, activation="tanh", unit=False, tied=False, noise=NONE)
    with stream(0) as order:
        c.fit(x, order, SILENT, solver="adam", learning_rate=0.01, batch_size=20, epochs=150)
    z = c.encode(x) @ c.decoder_weight() + c.decoder_bias.data
    assert np.square(z - x).mean() < 0.02 * x.var()


def test_compiled_is_the_same(monkeypatch):
    x = np.random.default_rng(0).random((50, 5)).astype(np.float32)
    found = []
    for cost in (np.inf, 0.0):
        monkeypatch.setattr(running, "COMPILING", cost)
        c = coder(np.float32, noise=Noise("masking", 0.3, 0.0, 1.0))
        with stream(0) as order:
            c.fit(x, order, SILENT, solver="adam", learning_rate=0.01, batch_size=20, epochs=2)
        found.append(c.weight.numpy())
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)
