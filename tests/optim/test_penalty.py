"""Penalties: values, gradients, thresholds, and their way through an optimizer."""

import json

import numpy as np
import pytest

from shinso import optim
from shinso.cell import overlaid
from shinso.graph import Tensor, numerical_gradient
from shinso.graph.probe import Probe, ProbeOverlay
from shinso.optim import L1, L2, Elastic, PNorm
from shinso.optim.penalty import Penalty, penalty_from_dict

PENALTIES = [
    L1(0.3), L1(0.3, proximal=True), L2(0.3), Elastic(0.3, 0.2), Elastic(0.3, 0.2, proximal=True),
    PNorm(0.3, 0.5), PNorm(0.3, 1), PNorm(0.3, 1.5), PNorm(0.3, 2), PNorm(0.3, 4),
]  # fmt: skip
every_penalty = pytest.mark.parametrize("penalty", PENALTIES, ids=str)


@every_penalty
def test_the_gradient_agrees_with_finite_differences(penalty):
    w = np.array([[0.5, -1.5, 2.0], [-0.25, 3.0, 0.125]])
    numeric = numerical_gradient(penalty.cost, w)
    np.testing.assert_allclose(penalty.gradient(w), numeric, rtol=1e-7, atol=1e-9)


@every_penalty
def test_the_slope_at_zero_is_zero_and_near_zero_is_bounded(penalty):
    w = np.array([0.0, -0.0, 1e-300, -1e-38])
    slope = penalty.gradient(w)
    np.testing.assert_array_equal(slope[:2], 0)
    assert np.abs(slope).max() <= 0.3 * 1e-4**-0.5 * (1 + 1e-12)


@every_penalty
def test_value(penalty):
    a, b = np.array([[1.0, -2.0]]), np.array(3.0)
    expected = {
        "L1": 0.3 * 6,
        "L2": 0.15 * 14,
        "Elastic": 0.3 * 6 + 0.1 * 14,
    }.get(type(penalty).__name__)
    if expected is None:
        expected = 0.3 / penalty.p * (1 + 2**penalty.p + 3**penalty.p)
    tensors = [Tensor(a), Tensor(b)]
    assert penalty.value(tensors) == pytest.approx(expected, rel=1e-14)
    assert penalty.value(tensors[1]) == pytest.approx(float(penalty.cost(b)), rel=1e-14)
    assert penalty.value([]) == 0
    assert penalty.value([Tensor(np.zeros((0, 3)))]) == 0


def test_p_norm_generalises_the_others():
    w = np.array([0.5, -2.0, 0.0])
    np.testing.assert_array_equal(PNorm(0.3, 1).gradient(w), L1(0.3).gradient(w))
    np.testing.assert_allclose(PNorm(0.3, 2).gradient(w), L2(0.3).gradient(w), rtol=1e-15)
    np.testing.assert_allclose(PNorm(2.0, 4).gradient(w), 2 * w**3)


@every_penalty
def test_probe_nothing_escapes(penalty):
    p = Tensor(np.array([0.5, -1.5, 0.0, 1e-3]), requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1, momentum=0.9, penalty=penalty)

    def run(wrap):
        for _ in range(2):
            p.grad = wrap(np.array([0.1, 0.2, 0.0, 0.0]))
            optimizer.step()
        return p.data, penalty.value([p])

    with overlaid(ProbeOverlay()):
        weights, value = run(Probe)
        assert isinstance(weights, Probe)
        assert isinstance(value, Probe)
    plain, number = run(lambda array: array)
    np.testing.assert_array_equal(weights.array, plain)
    assert value.array == number


@every_penalty
def test_float32_stays_float32(penalty):
    w = np.array([0.5, -1.5, 0.0, 1e-30], np.float32)
    assert penalty.gradient(w).dtype == np.float32
    assert penalty.cost(w).dtype == np.float64
    p = Tensor(w, requires_grad=True)
    p.grad = np.ones_like(w)
    optim.Adam([p], penalty=penalty).step()
    assert p.dtype == np.float32


def test_l2_is_weight_decay_for_sgd():
    ways = []
    for options in ({"penalty": L2(0.1)}, {"weight_decay": 0.1}):
        p = Tensor(np.array([1.0, -2.0]), requires_grad=True)
        optimizer = optim.SGD([p], lr=0.1, momentum=0.9, **options)
        for _ in range(5):
            p.grad = np.sin(p.data)
            optimizer.step()
        ways.append(p.numpy())
    np.testing.assert_allclose(*ways, rtol=1e-14)


def test_a_penalty_shrinks_weights_uphill_too():
    p = Tensor(np.array([1.0]), requires_grad=True)
    p.grad = np.zeros(1)
    optim.SGD([p], lr=0.1, maximize=True, penalty=L2(1.0)).step()
    np.testing.assert_allclose(p.data, [0.9])


def test_thresholding_makes_exact_zeros_where_the_gradient_does_not():
    """Least squares towards (1, 0.05, -0.05, 0): small components vanish."""
    target = np.array([1.0, 0.05, -0.05, 0.0])
    found = {}
    for proximal in (False, True):
        p = Tensor(np.full(4, 0.5), requires_grad=True)
        optimizer = optim.SGD([p], lr=0.07, penalty=L1(0.1, proximal=proximal))
        for _ in range(200):
            p.grad = p.data - target
            optimizer.step()
        found[proximal] = p.numpy()
    np.testing.assert_allclose(found[True], [0.9, 0, 0, 0], atol=1e-5)
    assert np.count_nonzero(found[True]) == 1
    assert np.count_nonzero(found[False]) == 4


def test_elastic_thresholding_finds_the_minimum():
    """½(w − t)² + 0.1|w| + 0.5w²: at w = (|t| − 0.1)/2 or 0."""
    target = np.array([1.0, -0.5, 0.05])
    p = Tensor(np.zeros(3), requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1, penalty=Elastic(0.1, 1.0, proximal=True))
    for _ in range(200):
        p.grad = p.data - target
        optimizer.step()
    np.testing.assert_allclose(p.data, [0.45, -0.2, 0], atol=1e-8)
    assert p.data[2] == 0


def test_a_penalty_belongs_to_its_group():
    a, b = (Tensor(np.ones(1), requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([{"params": [a], "penalty": L2(1.0)}, {"params": [b]}], lr=0.5)
    a.grad, b.grad = np.zeros(1), np.zeros(1)
    optimizer.step()
    np.testing.assert_array_equal([a.data[0], b.data[0]], [0.5, 1.0])
    optimizer.param_groups[1]["penalty"] = L1(1.0)
    optimizer.step()
    np.testing.assert_array_equal([a.data[0], b.data[0]], [0.25, 0.5])


@every_penalty
def test_plain_values_and_back(penalty):
    values = json.loads(json.dumps(penalty.to_dict()))
    assert penalty_from_dict(values) == penalty


@pytest.mark.parametrize(
    "values", [{}, {"kind": "L3"}, {"kind": "L1"}, {"kind": "L2", "strength": 1, "p": 2}]
)
def test_values_of_no_penalty(values):
    with pytest.raises(ValueError, match="describes no penalty"):
        penalty_from_dict(values)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L1(-0.1), "strength=-0.1"),
        (lambda: L2(float("nan")), "strength=nan"),
        (lambda: Elastic(0.1, "a"), "l2='a'"),
        (lambda: PNorm(0.1, 0), "greater than 0"),
        (lambda: PNorm(0.1, 0.5, floor=0), "greater than 0"),
    ],
)
def test_messages(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_penalty_of_ones_own_is_saved_and_loaded():
    class Pull(Penalty):
        def cost(self, w):
            return np.sum(np.square(w - 1), dtype=np.float64) / 2

        def gradient(self, w):
            return w - 1

    p = Tensor(np.zeros(1), requires_grad=True)
    optimizer = optim.SGD([p], lr=0.5, penalty=Pull())
    p.grad = np.zeros(1)
    optimizer.step()
    assert p.data[0] == 0.5
    optimizer.load_state_dict(optimizer.state_dict())
    assert isinstance(optimizer.param_groups[0]["penalty"], Pull)
    with pytest.raises(ValueError, match="describes no penalty"):
        optim.SGD([p]).load_state_dict(optimizer.state_dict())
    with pytest.raises(NotImplementedError, match="cost and gradient"):
        Penalty().cost(p.data)
    with pytest.raises(NotImplementedError, match="cost and gradient"):
        Penalty().gradient(p.data)
