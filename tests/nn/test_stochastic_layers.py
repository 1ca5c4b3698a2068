"""Layers that leave out, swap, shake or join at random: modes, seeds, compiled runs, messages."""

import math

import numpy as np
import pytest

import shinso
from shinso import nn, ops
from shinso.cell import overlaid
from shinso.graph import Tensor, check_gradient
from shinso.graph.probe import Probe, ProbeOverlay
from shinso.nn.fractal_join import whole_column
from shinso.ops.random import generator_cell


@pytest.fixture(autouse=True)
def fresh_seed():
    ops.manual_seed(0)
    yield
    ops.manual_seed(0)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


class Joined(nn.Module):
    """A join of three, with rows that are chosen for it."""

    def __init__(self, p=0.5, level="image", ratio=0.5):
        super().__init__()
        self.join, self.ratio = nn.FractalJoin(p, level), ratio

    def forward(self, *inputs):
        rows = inputs[0].shape[0] if self.join.level == "image" else 1
        chosen = None
        if self.training and self.ratio:
            chosen = whole_column(rows, len(inputs), self.ratio)
        return self.join(inputs, chosen)


# name: layer, number of inputs, what it multiplies each input by in evaluation
LAYERS = {
    "StochasticDepth": (nn.StochasticDepth(0.4), (1.0,)),
    "StochasticDepth/batch": (nn.StochasticDepth(0.4, "batch"), (1.0,)),
    "DropPath": (nn.DropPath(0.4), (1.0,)),
    "Swapout": (nn.Swapout(0.75, 0.5), (0.75, 0.5)),
    "ShakeShake/keep": (nn.ShakeShake(backward="keep"), (0.5, 0.5)),
    "ShakeShake": (nn.ShakeShake(), (0.5, 0.5)),
    "ShakeShake/channel": (nn.ShakeShake("shake", "even", "channel"), (0.5, 0.5)),
    "ShakeDrop": (nn.ShakeDrop(0.5), (0.5,)),
    "ShakeDrop/pixel": (nn.ShakeDrop(1.0, (0, 1), (0, 1), "pixel"), (0.5,)),
    "ShakeDrop/fixed": (nn.ShakeDrop(0.5, (0.25, 0.25), (0.25, 0.25)), (0.625,)),
    "FractalJoin/local": (Joined(ratio=0), (1 / 3,) * 3),
    "FractalJoin/global": (Joined(ratio=1.0), (1 / 3,) * 3),
    "FractalJoin/batch": (Joined(level="batch"), (1 / 3,) * 3),
}
# Backward is the derivative of forward.
EXACT = {name for name in LAYERS if "Shake" not in name} | {"ShakeShake/keep", "ShakeDrop/fixed"}


def inputs_of(name, dtype=np.float64):
    return [draw(6, 4, 2, 2, seed=i).astype(dtype) for i in range(len(LAYERS[name][1]))]


@pytest.mark.parametrize("name", LAYERS)
def test_evaluation_takes_the_expected_value_and_draws_nothing(name):
    layer, weights = LAYERS[name]
    given = inputs_of(name)
    before = generator_cell().numpy()
    y = layer.eval()(*given).data
    layer.train()
    np.testing.assert_array_equal(generator_cell().data, before)
    expected = sum(w * x for w, x in zip(weights, given, strict=True))
    np.testing.assert_allclose(y, expected, rtol=1e-14)


@pytest.mark.parametrize("name", LAYERS)
def test_training_repeats_with_the_seed_and_can_be_probed(name):
    layer, given = LAYERS[name][0], inputs_of(name)
    plain = layer(*given).data
    assert any((layer(*given).data != plain).any() for _ in range(8))
    ops.manual_seed(0)
    with overlaid(ProbeOverlay()):
        probed = layer(*[Probe(x) for x in given]).data
        assert isinstance(probed, Probe)
        np.testing.assert_array_equal(probed.array, plain)
    ops.manual_seed(0)
    np.testing.assert_array_equal(layer(*given).data, plain)
    ops.manual_seed(0)
    assert layer(*inputs_of(name, np.float32)).dtype == np.float32


@pytest.mark.parametrize("name", sorted(EXACT))
def test_gradient_is_the_derivative(name):
    def call(*inputs):
        ops.manual_seed(0)
        return LAYERS[name][0](*inputs)

    check_gradient(call, *inputs_of(name))


@pytest.mark.parametrize("name", LAYERS)
def test_compiled_draws_the_same(name):
    layer = LAYERS[name][0]

    def run(*inputs):
        y = layer(*inputs)
        (y * y).sum().backward()
        return y

    def arrays(call):
        ops.manual_seed(5)
        inputs = [Tensor(x, requires_grad=True) for x in inputs_of(name)]
        return [call(*inputs).data, *(x.grad for x in inputs)]

    step = shinso.compile(run, keep_grads=True)
    plain = arrays(run)
    for _ in range(2):
        for a, b in zip(plain, arrays(step), strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)


def test_nothing_is_left_out_with_p_0_and_everything_with_p_1():
    x = draw(5, 3)
    for layer in (nn.StochasticDepth(0.0), nn.DropPath(), nn.DropPath(0), nn.ShakeDrop(0.0)):
        np.testing.assert_array_equal(layer(x).data, x)
    for layer in (nn.StochasticDepth(1.0), nn.StochasticDepth(1, "batch"), nn.DropPath(1.0)):
        np.testing.assert_array_equal(layer(x).data, 0 * x)
    np.testing.assert_array_equal(nn.ShakeDrop(1.0, (0, 0), (0, 0))(x).data, 0 * x)
    np.testing.assert_array_equal(nn.Swapout(1.0, 1.0)(x, 2 * x).data, 3 * x)
    np.testing.assert_array_equal(nn.Swapout(0.0, 0.0)(x, 2 * x).data, 0 * x)
    np.testing.assert_allclose(nn.FractalJoin(0.0)([x, 2 * x]).data, 1.5 * x, rtol=1e-15)
    ends = {float(nn.FractalJoin(1.0)([x, 2 * x]).data[0, 0] / x[0, 0]) for _ in range(30)}
    assert ends == {1.0, 2.0}  # one always stays


def test_swapout_can_draw_in_evaluation():
    layer = nn.Swapout(0.5, 0.5, stochastic=True).eval()
    y = layer(np.ones(200), np.full(200, 10.0)).data
    assert set(np.unique(y)) == {0.0, 1.0, 10.0, 11.0}


@pytest.mark.parametrize("level", ["batch", "image"])
def test_a_join_leaves_out_as_often_as_it_should(level):
    """Three paths, each there with probability q, but never none: the exact distribution."""
    n, q = 1500, 0.6
    join = nn.FractalJoin(1 - q, level)
    paths = [np.full((n if level == "image" else 1, 1), v) for v in (1.0, 10.0, 100.0)]
    runs = 1 if level == "image" else n
    y = np.concatenate([join(paths).data.ravel() for _ in range(runs)])
    assert len(y) == n
    wanted = {
        (1 + 10 + 100) / 3: q**3,
        5.5: q**2 * (1 - q),
        50.5: q**2 * (1 - q),
        55.0: q**2 * (1 - q),
        1.0: q * (1 - q) ** 2 + (1 - q) ** 3 / 3,
        10.0: q * (1 - q) ** 2 + (1 - q) ** 3 / 3,
        100.0: q * (1 - q) ** 2 + (1 - q) ** 3 / 3,
    }
    found = {value: np.isclose(y, value).mean() for value in wanted}
    assert sum(found.values()) == pytest.approx(1)
    for value, p in wanted.items():
        assert abs(found[value] - p) < 4 * math.sqrt(p * (1 - p) / n)


def test_a_chosen_path_counts_alone():
    rows = np.array([[False, True], [False, False], [True, False]])
    y = nn.FractalJoin(0.0, "image")([np.ones((3, 1)), np.full((3, 1), 5.0)], rows).data
    np.testing.assert_array_equal(y.ravel(), [5.0, 3.0, 1.0])


def test_whole_columns_are_chosen_evenly():
    n = 20_000
    chosen = whole_column(n, 3, 0.5)
    assert set(np.unique(chosen.sum(axis=1))) == {0, 1}
    assert abs(chosen.any(axis=1).mean() - 0.5) < 4 * 0.5 / math.sqrt(n)
    for share in chosen.mean(axis=0):
        assert abs(share - 1 / 6) < 4 * math.sqrt(5 / 36 / n)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.StochasticDepth(1.5), "between 0 and 1, not 1.5"),
        (lambda: nn.StochasticDepth(0.5, "rows"), "not 'rows'"),
        (lambda: nn.DropPath(-0.1), "drop_prob.*-0.1"),
        (lambda: nn.Swapout(2, 0.5), "p1=2"),
        (lambda: nn.Swapout(0.5, float("nan")), "p2=nan"),
        (lambda: nn.ShakeShake("keep"), "nothing before it"),
        (lambda: nn.ShakeShake("shake", "none"), "not 'none'"),
        (lambda: nn.ShakeShake(level="row"), "batch, image, channel, pixel, not 'row'"),
        (lambda: nn.ShakeDrop(1.1), "not 1.1"),
        (lambda: nn.ShakeDrop(0.5, (1, -1)), r"alpha as \(lowest, highest\).*\(1, -1\)"),
        (lambda: nn.ShakeDrop(0.5, (-1, 1), 0.5), "beta as.*not 0.5"),
        (lambda: nn.ShakeDrop(0.5, level="all"), "'all'"),
        (lambda: nn.FractalJoin(2), "not 2"),
        (lambda: nn.FractalJoin(level="pixel"), '"batch" or "image", not \'pixel\''),
        (lambda: nn.FractalJoin()([]), "got 0 inputs"),
        (lambda: nn.FractalJoin()([draw(2, 3), draw(2, 4)]), r"\(2, 3\), \(2, 4\)"),
        (lambda: nn.ShakeShake()(draw(2, 3), draw(3, 3)), "one shape"),
    ],
)
def test_messages(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_texts():
    assert repr(nn.StochasticDepth(0.25)) == "StochasticDepth(p=0.25, mode=row)"
    assert repr(nn.DropPath(0.1)) == "DropPath(drop_prob=0.1)"
    assert repr(nn.Swapout(1.0, 0.5)) == "Swapout(p1=1.0, p2=0.5)"
    assert "stochastic=True" in repr(nn.Swapout(1.0, 0.5, True))
    assert repr(nn.ShakeShake()) == "ShakeShake(forward=shake, backward=shake, level=image)"
    assert "alpha=(-1.0, 1.0)" in repr(nn.ShakeDrop(0.5))
    assert repr(nn.FractalJoin()) == "FractalJoin(p=0.15, level=batch)"
