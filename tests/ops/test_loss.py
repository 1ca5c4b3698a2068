"""What the table of cases cannot say about losses: relations, extremes, messages while tracing."""

import numpy as np
import pytest

from shinso import ops
from shinso.cell import overlaid
from shinso.graph import Tensor, no_grad
from shinso.graph.probe import Probe, ProbeOverlay

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e4])
def test_scores_of_any_size_give_finite_losses_and_gradients(dtype, scale):
    """conftest turns every overflow, invalid operation and division by zero into an error."""
    x = (RNG.standard_normal((50, 10)) * scale).astype(dtype)
    labels = RNG.integers(0, 10, 50)
    yes = RNG.integers(0, 2, (50, 10))
    for call in (
        lambda y: ops.cross_entropy(y, labels, label_smoothing=0.1),
        lambda y: ops.multi_margin_loss(y, labels, p=2),
        lambda y: ops.binary_cross_entropy_with_logits(y, yes, pos_weight=np.full(10, 3.0)),
        lambda y: ops.hinge_loss(y, 2 * yes - 1),
        lambda y: ops.huber_loss(y, yes),
    ):
        y = Tensor(x, requires_grad=True)
        loss = call(y)
        loss.backward()
        assert loss.dtype == y.grad.dtype == dtype
        assert np.isfinite(loss.item())
        assert np.isfinite(y.grad).all()


def test_cross_entropy_is_nll_of_log_softmax():
    x, t = RNG.standard_normal((6, 4, 3)), RNG.integers(0, 4, (6, 3))
    w = np.array([0.5, 1.0, 2.0, 3.0])
    for reduction in ("mean", "sum", "none"):
        both = (
            ops.cross_entropy(x, t, w, 2, reduction),
            ops.nll_loss(ops.log_softmax(x, 1), t, w, 2, reduction),
        )
        np.testing.assert_allclose(both[0].data, both[1].data, rtol=1e-12)


def test_labels_and_their_one_hot_form_agree():
    x, t = RNG.standard_normal((6, 4)), RNG.integers(0, 4, 6)
    hot = np.eye(4)[t]
    for reduction in ("mean", "sum", "none"):
        a = ops.cross_entropy(x, t, reduction=reduction, label_smoothing=0.1).data
        b = ops.cross_entropy(x, hot, reduction=reduction, label_smoothing=0.1).data
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_the_gradient_of_cross_entropy_is_said_minus_true():
    x = Tensor(RNG.standard_normal((5, 3)), requires_grad=True)
    t = RNG.integers(0, 3, 5)
    ops.cross_entropy(x, t, reduction="sum").backward()
    np.testing.assert_allclose(x.grad, ops.softmax(x, 1).data - np.eye(3)[t], atol=1e-15)


def test_logits_and_probabilities_give_one_binary_cross_entropy():
    x, t = RNG.standard_normal((4, 3)), RNG.uniform(size=(4, 3))
    a = ops.binary_cross_entropy(ops.sigmoid(x), t).item()
    assert ops.binary_cross_entropy_with_logits(x, t).item() == pytest.approx(a, rel=1e-12)


@pytest.mark.parametrize("wide", [np.float64, np.int64, np.uint8, bool])
def test_targets_of_another_dtype_do_not_widen_the_loss(wide):
    y = Tensor(np.full((2, 3), 0.25, dtype=np.float32), requires_grad=True)
    t = np.ones((2, 3), dtype=wide)
    for op in (
        "squared_error", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "hinge_loss",
        "cross_entropy", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div",
    ):  # fmt: skip
        y.grad = None
        loss = getattr(ops, op)(y, t)
        loss.backward()
        assert loss.dtype == y.grad.dtype == np.float32, op


def test_labels_and_weights_may_be_tensors():
    x, t, w = RNG.standard_normal((3, 4)), RNG.integers(0, 4, 3), RNG.uniform(size=4)
    expected = ops.cross_entropy(x, t, w).item()
    given = ops.cross_entropy(Tensor(x), Tensor(t), Tensor(w, requires_grad=True))
    assert given.item() == expected


def test_nothing_is_recorded_without_gradients():
    x = Tensor(RNG.standard_normal((3, 4)), requires_grad=True)
    with no_grad():
        assert not ops.cross_entropy(x, RNG.integers(0, 4, 3)).requires_grad


def test_a_wrong_label_is_found_while_tracing_too():
    x, t = Probe(np.zeros((2, 3))), Probe(np.array([0, 3]))
    with (
        overlaid(ProbeOverlay()),
        pytest.raises(ValueError, match=r"a label out of range was found; 3 classes.*0 to 2"),
    ):
        ops.cross_entropy(x, t)


def test_smooth_l1_is_another_name():
    assert ops.smooth_l1 is ops.smooth_l1_loss
