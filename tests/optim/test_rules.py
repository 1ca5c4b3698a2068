"""Every optimizer: PyTorch's numbers step by step, traceable, and true to the parameter's dtype."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from shinso import optim
from shinso.cell import overlaid
from shinso.graph import Tensor
from shinso.graph.probe import Probe, ProbeOverlay
from shinso.optim.rules import average, descend

GOLDEN = Path(__file__).parent.parent / "golden"
TABLE = runpy.run_path(str(GOLDEN / "optim_cases.py"))
CASES = [
    pytest.param(name, label, arguments, id=f"{name}-{label}")
    for name, labels in TABLE["OPTIMIZERS"].items()
    for label, arguments in labels.items()
]
every_case = pytest.mark.parametrize(("name", "label", "arguments"), CASES)


def make(name, arguments, dtype=np.float64):
    params = [Tensor(w.astype(dtype), requires_grad=True) for w in TABLE["start"]()]
    groups = [{"params": params[:2]}, {"params": params[2:], **TABLE["SECOND_GROUP"]}]
    return params, getattr(optim, name)(groups, **arguments)


def give_gradients(params, step, wrap=lambda array: array):
    for p, made in zip(params, TABLE["slopes"](step), strict=True):
        if made is None:
            p.grad = None
        else:
            slope, noise = made
            p.grad = slope * p.data + wrap(noise.astype(p.dtype))


@every_case
def test_golden(name, label, arguments):
    golden = np.load(GOLDEN / "optim" / "optimizers.npz")
    key = f"{name}/{label}"
    assert str(golden[f"{key}/arguments"]) == json.dumps(arguments), "run make_optim.py again"
    params, optimizer = make(name, arguments)
    for step in range(TABLE["STEPS"]):
        give_gradients(params, step)
        optimizer.step()
        for i, p in enumerate(params):
            expected = golden[f"{key}/weights{i}"][step]
            np.testing.assert_allclose(p.data, expected, rtol=1e-11, atol=1e-12)


@every_case
def test_probe_nothing_escapes(name, label, arguments):
    params, optimizer = make(name, arguments)
    give_gradients(params, 1)
    optimizer.step()
    before = optimizer.state_dict()
    weights = [p.numpy() for p in params]
    with overlaid(ProbeOverlay()):
        for step in (2, 3, 4):
            give_gradients(params, step, Probe)
            optimizer.step()
            optimizer.zero_grad()
        assert all(isinstance(p.data, Probe) for p in params)
        probed = [p.data.array for p in params]
    for p, w in zip(params, weights, strict=True):
        np.testing.assert_array_equal(p.data, w)
    for index, arrays in optimizer.state_dict()["state"].items():
        for slot, array in arrays.items():
            np.testing.assert_array_equal(array, before["state"][index][slot])
    for step in (2, 3, 4):
        give_gradients(params, step)
        optimizer.step()
        optimizer.zero_grad()
    for p, w in zip(params, probed, strict=True):
        # NumPy's power differs in the last bit between scalars and the 0-d arrays of probes.
        np.testing.assert_allclose(p.data, w, rtol=1e-14, atol=1e-15)


@every_case
def test_float32_stays_float32(name, label, arguments):
    wide, wide_optimizer = make(name, arguments)
    params, optimizer = make(name, arguments, np.float32)
    shapes = [p.shape for p in params]
    for step in range(5):
        for group, made in ((wide, wide_optimizer), (params, optimizer)):
            give_gradients(group, step)
            made.step()
    assert [p.dtype for p in params] == [np.float32] * 3
    assert [p.shape for p in params] == shapes
    for p in params:
        for slot, cell in optimizer.state[p].items():
            assert cell.data.dtype == {"step": np.int64, "mu_product": np.float64}.get(
                slot, np.float32
            )
    for p, reference in zip(params, wide, strict=True):
        np.testing.assert_allclose(p.data, reference.data, rtol=1e-4, atol=1e-5)


@every_case
def test_odd_shapes(name, label, arguments):
    """Empty, 0-d and single-element parameters; a zero gradient; a huge one."""
    shapes = [(0,), (2, 0), (), (1, 1), (3,)]
    params = [Tensor(np.ones(s, np.float32), requires_grad=True) for s in shapes]
    optimizer = getattr(optim, name)(params, **arguments)
    for _ in range(6):
        for p in params:
            p.grad = np.zeros_like(p.data)
        params[-1].grad = np.array([1e-30, 1e15, -1e15], np.float32)
        optimizer.step()
    assert [p.shape for p in params] == shapes
    assert all(np.isfinite(p.data).all() for p in params)


@every_case
def test_gradients_and_earlier_views_are_left_alone(name, label, arguments):
    params, optimizer = make(name, arguments)
    give_gradients(params, 1)
    kept = [p.grad.copy() for p in params]
    optimizer.step()
    for p, g in zip(params, kept, strict=True):
        np.testing.assert_array_equal(p.grad, g)


@every_case
def test_goes_downhill_or_uphill(name, label, arguments):
    """A bowl, ½Σw²: 30 steps lower it, or with maximize raise it."""
    p = Tensor(np.array([1.0, -2.0, 3.0]), requires_grad=True)
    optimizer = getattr(optim, name)([p], **arguments)
    before = np.square(p.data).sum()
    for _ in range(30):
        p.grad = p.numpy()
        optimizer.step()
    assert (np.square(p.data).sum() > before) == arguments.get("maximize", False)


def test_every_optimizer_is_in_the_table():
    optimizers = {
        name
        for name in optim.__all__
        if isinstance(getattr(optim, name), type)
        and issubclass(getattr(optim, name), optim.Optimizer)
    }
    assert optimizers - {"Optimizer"} == set(TABLE["OPTIMIZERS"])


def test_average_and_descend():
    old, new = np.array([1.0, 2.0]), np.array([3.0, 2.0])
    np.testing.assert_allclose(average(old, new, np.float64(0.25)), [1.5, 2.0])
    np.testing.assert_allclose(descend(old, new, np.float64(-0.5)), [-0.5, 1.0])
    np.testing.assert_array_equal(old, [1.0, 2.0])


def test_adagrad_slows_down_where_rmsprop_goes_on():
    """A long slope with gradient 1 throughout: AdaGrad's steps shrink like 1/√t."""
    ways = {}
    for name in ("Adagrad", "RMSprop"):
        p = Tensor(np.zeros(1), requires_grad=True)
        optimizer = getattr(optim, name)([p], lr=0.1)
        for _ in range(100):
            p.grad = np.ones(1)
            optimizer.step()
        halfway = p.numpy()
        for _ in range(900):
            p.grad = np.ones(1)
            optimizer.step()
        ways[name] = float(p.data[0] / halfway[0])
    assert ways["Adagrad"] < 4
    assert ways["RMSprop"] > 4.5


def test_momentum_crosses_a_ravine_sooner():
    """f = ½(x² + 50y²): after 60 steps momentum is nearer to the bottom than plain descent."""
    heights = []
    for momentum in (0.0, 0.9):
        p = Tensor(np.array([10.0, 1.0]), requires_grad=True)
        optimizer = optim.SGD([p], lr=0.01, momentum=momentum)
        for _ in range(60):
            p.grad = p.data * np.array([1.0, 50.0])
            optimizer.step()
        heights.append(float(np.sum(np.square(p.data) * [0.5, 25.0])))
    assert heights[1] < heights[0] / 10
