"""States that do not fit are refused whole, with every difference named."""

import copy
import re

import numpy as np
import pytest

from shinso import optim
from shinso.graph import Tensor


def param(*shape):
    return Tensor(np.ones(shape), requires_grad=True)


def make():
    return optim.Adam(
        [{"params": [("w", param(2, 3)), ("b", param(3))]}, {"params": [("c", param())]}]
    )


def change(path, value):
    def edit(state):
        *way, last = path
        for key in way:
            state = state[key]
        if value is None:
            del state[last]
        else:
            state[last] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (change(["state"], None), 'no "state" and "param_groups"'),
        (change(["param_groups", 1], None), "it has 1 parameter groups, not 2"),
        (change(["param_groups", 0, "params"], [0]), "group 0: it has 1 parameters, not 2"),
        (
            change(["param_groups", 0, "param_names"], ["w", "x"]),
            "group 0: it is of w, x, not w, b",
        ),
        (change(["param_groups", 1, "lr"], None), "group 1: it lacks the option lr"),
        (
            change(["param_groups", 1, "momentum"], 0.9),
            "group 1: it has an unknown option momentum",
        ),
        (change(["param_groups", 0, "lr"], -1.0), "group 0: lr=-1.0 is out of range"),
        (change(["param_groups", 0, "initial_lr"], "x"), "group 0: initial_lr takes a number"),
        (change(["param_groups", 0, "amsgrad"], 1), "group 0: amsgrad takes True or False"),
        (change(["param_groups", 0, "penalty"], {"kind": "L3"}), "describes no penalty"),
        (change(["param_groups", 0, "amsgrad"], True), "parameter 'w' lacks max_exp_avg_sq"),
        (change(["state", 2], None), "not that of the parameters 0 to 2"),
        (change(["state", 1, "exp_avg"], None), "parameter 'b' lacks exp_avg"),
        (change(["state", 1, "mean"], np.zeros(3)), "parameter 'b' has an unknown mean"),
        (
            change(["state", 0, "exp_avg"], np.zeros((3, 2))),
            "exp_avg of parameter 'w' is (3, 2), not (2, 3)",
        ),
        (change(["state", 1, "exp_avg"], np.array(["a"] * 3)), "exp_avg of parameter 'b' is <U1"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(edit, message):
    optimizer = make()
    state = make().state_dict()
    state["param_groups"][1]["lr"] = 0.5
    state["state"][0]["exp_avg"] += 1
    edit(state)
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        optimizer.load_state_dict(state)
    assert "this state does not fit Adam" in str(raised.value)
    assert optimizer.param_groups[1]["lr"] == 1e-3
    assert not optimizer.state[optimizer.param_groups[0]["params"][0]]["exp_avg"].data.any()


def test_all_differences_at_once():
    state = make().state_dict()
    del state["state"][0]["step"]
    state["state"][1]["exp_avg"] = np.zeros(4)
    with pytest.raises(ValueError, match=r"'w' lacks step; .*'b' is \(4,\)"):
        make().load_state_dict(state)


def test_contradicting_options():
    a = param(2)
    state = optim.SGD([a], momentum=0.9, nesterov=True).state_dict()
    state["param_groups"][0]["momentum"] = 0.0
    with pytest.raises(ValueError, match="needs momentum > 0"):
        optim.SGD([a]).load_state_dict(state)


def test_the_loaded_state_is_not_changed():
    state = optim.SGD([param(2)], penalty=optim.L1(0.1), momentum=0.9).state_dict()
    kept = copy.deepcopy(state)
    optim.SGD([param(2)]).load_state_dict(state)
    assert state["param_groups"] == kept["param_groups"]


def test_options_and_penalties_are_loaded():
    optimizer = optim.SGD([param(2)])
    penalty = optim.Elastic(0.1, 0.2, proximal=True)
    other = optim.SGD([param(2)], 0.5, 0.9, nesterov=True, penalty=penalty)
    other.param_groups[0]["initial_lr"] = 0.75
    optimizer.load_state_dict(other.state_dict())
    group = optimizer.param_groups[0]
    assert (group["lr"], group["momentum"], group["nesterov"]) == (0.5, 0.9, True)
    assert group["penalty"] == penalty
    assert group["initial_lr"] == 0.75


def test_a_state_without_names_fits_an_optimizer_with_names():
    state = optim.SGD([param(2)], lr=0.5).state_dict()
    optimizer = optim.SGD([("w", param(2))])
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] == 0.5
