"""Parameter groups: options that can be read and written like those of a dict."""

import gc
import weakref

import numpy as np
import pytest

from shinso import optim
from shinso.cell import overlaid, version
from shinso.graph import Tensor
from shinso.graph.probe import Probe, ProbeError, ProbeOverlay


def param(*shape):
    return Tensor(np.ones(shape), requires_grad=True)


def test_a_number_is_written_into_its_cell():
    p = param(2)
    optimizer = optim.SGD([p], lr=0.5)
    group = optimizer.param_groups[0]
    cell = group._cells["lr"][0]
    before = version()
    group["lr"] = 0.25
    assert version() == before, "a new learning rate must not re-trace"
    assert group._cells["lr"][0] is cell
    assert type(group["lr"]) is float
    assert (group["lr"], cell.data.dtype, cell.data.shape) == (0.25, np.float64, ())
    p.grad = np.ones(2)
    optimizer.step()
    np.testing.assert_array_equal(p.data, [0.75, 0.75])


@pytest.mark.parametrize("value", [1, np.float32(1), np.array(1.0), Tensor(1.0), np.int64(1)])
def test_numbers_of_every_kind(value):
    group = optim.SGD([param(2)]).param_groups[0]
    group["lr"] = value
    assert group["lr"] == 1.0
    assert type(group["lr"]) is float


def test_betas_are_a_pair():
    group = optim.Adam([param(2)]).param_groups[0]
    group["betas"] = [0.5, 0.75]
    assert group["betas"] == (0.5, 0.75)
    with pytest.raises(TypeError, match="two numbers"):
        group["betas"] = (0.5,)
    with pytest.raises(ValueError, match="less than 1"):
        group["betas"] = (0.5, 1.5)
    assert group["betas"] == (0.5, 0.75)


def test_a_flag_counts_as_a_change_of_the_program():
    optimizer = optim.Adam([param(2)])
    group = optimizer.param_groups[0]
    before = version()
    group["amsgrad"] = False
    assert version() == before
    group["amsgrad"] = True
    assert version() > before
    assert "max_exp_avg_sq" in optimizer.state[group["params"][0]]
    with pytest.raises(TypeError, match="True or False"):
        group["amsgrad"] = 0.5


def test_turning_the_momentum_on_makes_room_for_it_at_once():
    p = param(2)
    optimizer = optim.SGD([p], lr=1.0)
    group = optimizer.param_groups[0]
    before = version()
    group["momentum"] = 0.5
    assert version() > before
    assert set(optimizer.state[p]) == {"momentum_buffer"}
    before = version()
    group["momentum"] = 0.75
    assert version() == before
    for _ in range(2):
        p.grad = np.ones(2)
        optimizer.step()
    np.testing.assert_array_equal(p.data, 1 - 1 - 1.75)
    group["momentum"] = 0
    assert optimizer.state[p] == {}
    p.grad = np.ones(2)
    optimizer.step()
    np.testing.assert_array_equal(p.data, 1 - 1 - 1.75 - 1)


def test_turning_the_weight_decay_on():
    p = param(2)
    optimizer = optim.SGD([p], lr=0.5)
    optimizer.param_groups[0]["weight_decay"] = 0.5
    p.grad = np.zeros(2)
    optimizer.step()
    np.testing.assert_array_equal(p.data, [0.75, 0.75])


def test_adding_a_group_counts_as_a_change_of_the_program():
    optimizer = optim.SGD([param(2)])
    before = version()
    optimizer.add_param_group({"params": [param(3)]})
    assert version() > before


def test_it_is_a_mapping():
    p = param(2)
    group = optim.SGD([("w", p)], lr=0.5).param_groups[0]
    assert dict(group) == {
        "params": (p,), "param_names": ("w",), "lr": 0.5, "momentum": 0.0, "dampening": 0.0,
        "weight_decay": 0.0, "nesterov": False, "maximize": False, "penalty": None,
    }  # fmt: skip
    assert len(group) == len(list(group)) == 9
    assert "initial_lr" not in group
    assert group.setdefault("initial_lr", 0.25) == 0.25
    assert group["initial_lr"] == 0.25
    assert "param_names" not in optim.SGD([p]).param_groups[0]
    assert "lr=0.5" in repr(group)
    with pytest.raises(KeyError):
        group["betas"]


def test_what_cannot_be_written():
    group = optim.SGD([param(2)]).param_groups[0]
    with pytest.raises(ValueError, match="Did you mean 'lr'"):
        group["lrr"] = 0.1
    with pytest.raises(ValueError, match="add_param_group"):
        group["params"] = []
    with pytest.raises(TypeError, match="cannot be deleted"):
        del group["lr"]
    with pytest.raises(ValueError, match=r"lr=-0.1 is out of range"):
        group["lr"] = -0.1
    with pytest.raises(TypeError, match="lr takes a number"):
        group["lr"] = np.ones(2)
    with pytest.raises(TypeError, match="lr takes a number"):
        group["lr"] = None
    assert group["lr"] == 1e-3


def test_inside_a_trace_writes_go_to_the_overlay_and_reads_raise():
    p = param(2)
    optimizer = optim.SGD([p], lr=0.5)
    group = optimizer.param_groups[0]
    with overlaid(ProbeOverlay()):
        group["lr"] = Probe(np.float64(0.25))
        p.grad = Probe(np.ones(2))
        optimizer.step()
        np.testing.assert_array_equal(p.data.array, [0.75, 0.75])
        with pytest.raises(ProbeError):
            group["lr"]
        group["lr"] = 0.125
        optimizer.step()
        np.testing.assert_array_equal(p.data.array, [0.625, 0.625])
    assert group["lr"] == 0.5
    np.testing.assert_array_equal(p.data, [1, 1])


def test_groups_do_not_keep_the_optimizer_alive():
    optimizer = optim.Adam([param(2)])
    alive = weakref.ref(optimizer)
    gc.disable()
    try:
        del optimizer
        assert alive() is None
    finally:
        gc.enable()
