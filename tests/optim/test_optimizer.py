"""The frame of all optimizers: parameters, groups, cells, steps, saving, copies."""

import copy
import pickle

import numpy as np
import pytest

from shinso import optim
from shinso.cell import Cell, version
from shinso.graph import Tensor, no_grad
from shinso.optim.rules import average, descend

NAMES = ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW", "Adadelta", "NAdam", "RAdam"]
RICH = {
    "SGD": {"momentum": 0.9, "dampening": 0.1},
    "Adagrad": {"lr_decay": 0.1},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Adam": {"amsgrad": True},
}


def param(*shape, dtype=np.float64, seed=0):
    return Tensor(np.random.default_rng(seed).standard_normal(shape), dtype, True)


def train(optimizer, steps, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        for group in optimizer.param_groups:
            for p in group["params"]:
                p.grad = rng.standard_normal(p.shape)
        optimizer.step()
        optimizer.zero_grad()


def test_parameters_may_be_tensors_pairs_or_groups():
    a, b, c = param(2), param(3), param(4)
    plain = optim.SGD(iter([a, b, c]))
    assert plain.param_groups[0]["params"] == (a, b, c)
    named = optim.SGD([("w", a), ("b", b)])
    assert named.param_groups[0]["param_names"] == ("w", "b")
    grouped = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    assert [group["lr"] for group in grouped.param_groups] == [0.1, 0.5]
    grouped.add_param_group({"params": [("c", c)], "momentum": 0.9})
    assert set(grouped.state[c]) == {"momentum_buffer"}
    assert grouped.state[a] == {}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: optim.SGD([]), ValueError, "got no parameters"),
        (lambda: optim.SGD(param(2)), TypeError, "list of Tensors"),
        (lambda: optim.SGD(3), TypeError, "not int"),
        (lambda: optim.SGD({param(2)}), TypeError, "a set has no order"),
        (lambda: optim.SGD([{"params": {param(2)}}]), TypeError, "a set has no order"),
        (lambda: optim.SGD([np.zeros(2)]), TypeError, "parameter 0 is a ndarray"),
        (lambda: optim.SGD([("w", 1.0)]), TypeError, "parameter 'w' is a float"),
        (lambda: optim.SGD([("w", param(2)), param(1)]), ValueError, "names to all"),
        (lambda: optim.SGD([Tensor([1, 2])]), TypeError, "int64; only float"),
        (lambda: optim.SGD([param(2), {"params": []}]), TypeError, "mixture"),
        (lambda: optim.SGD([{"weights": []}]), TypeError, 'key "params"'),
        (lambda: optim.SGD([param(2)], lr=-1), ValueError, "lr=-1 is out of range"),
        (lambda: optim.SGD([param(2)], lr=float("nan")), ValueError, "lr=nan"),
        (lambda: optim.SGD([param(2)], lr=float("inf")), ValueError, "finite"),
        (lambda: optim.SGD([param(2)], lr="0.1"), TypeError, "lr takes a number"),
        (lambda: optim.SGD([param(2)], momentum=True), TypeError, "momentum takes a number"),
        (lambda: optim.SGD([param(2)], nesterov=1), TypeError, "nesterov takes True or False"),
        (lambda: optim.SGD([param(2)], nesterov=True), ValueError, "needs momentum > 0"),
        (lambda: optim.SGD([param(2)], penalty=0.1), TypeError, r"such as L1\(1e-4\)"),
        (lambda: optim.Adam([param(2)], betas=0.9), TypeError, "betas takes two numbers"),
        (lambda: optim.Adam([param(2)], betas=(0.9, 1.0)), ValueError, "less than 1"),
        (lambda: optim.Adam([param(2)], eps=-1e-8), ValueError, "eps=-1e-08"),
        (lambda: optim.Adadelta([param(2)], rho=1.5), ValueError, "between 0 and 1"),
        (
            lambda: optim.SGD([{"params": [param(2)], "momentun": 0.9}]),
            ValueError,
            "Did you mean 'momentum'",
        ),
    ],
)
def test_messages(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_parameter_twice_or_not_a_leaf():
    import shinso.ops  # noqa: F401  (binds the operators of Tensor)

    a = param(2)
    with pytest.raises(ValueError, match="parameter 1 appears twice"):
        optim.SGD([a, a])
    optimizer = optim.SGD([a])
    with pytest.raises(ValueError, match="appears twice"):
        optimizer.add_param_group({"params": [a]})
    assert len(optimizer.param_groups) == 1
    with pytest.raises(ValueError, match="result of an operation"):
        optim.SGD([a * 2])
    with no_grad(), pytest.raises(ValueError, match="result of an operation"):
        optim.SGD([a * 2])
    with pytest.raises(ValueError, match="result of an operation"):
        optim.SGD([a.detach()])


def test_a_parameter_without_gradient_is_left_alone():
    a, b = param(2), param(3)
    optimizer = optim.Adam([a, b], weight_decay=0.1)
    before = b.numpy()
    a.grad = np.ones(2)
    optimizer.step()
    np.testing.assert_array_equal(b.data, before)
    assert optimizer.state[a]["step"].data == 1
    assert optimizer.state[b]["step"].data == 0


def test_zero_grad():
    a = param(2)
    optimizer = optim.SGD([a])
    a.grad = np.ones(2)
    optimizer.zero_grad()
    assert a.grad is None


def test_a_gradient_of_another_dtype_does_not_change_the_parameter():
    a = param(2, dtype=np.float32)
    optimizer = optim.Adam([a])
    a.grad = np.ones(2)
    before = version()
    optimizer.step()
    assert a.dtype == np.float32
    assert version() == before


def test_the_model_may_change_its_dtype():
    a = param(2, dtype=np.float32)
    optimizer = optim.SGD([a], momentum=0.9)
    train(optimizer, 1)
    a.data = a.data.astype(np.float64)
    train(optimizer, 2)
    assert a.dtype == np.float64
    assert optimizer.state[a]["momentum_buffer"].data.dtype == np.float64


@pytest.mark.parametrize("name", NAMES)
def test_state_is_allocated_at_once_and_stays_in_place(name):
    a = param(3, 2)
    optimizer = getattr(optim, name)([a], **RICH.get(name, {}))
    cells = dict(optimizer.state[a])
    before = version()
    train(optimizer, 3)
    assert version() == before, "a step must not look like a change of the program"
    assert optimizer.state[a] == cells
    assert all(isinstance(cell, Cell) for cell in cells.values())


@pytest.mark.parametrize("name", NAMES)
def test_saved_and_loaded_it_goes_on_to_the_same_bits(name):
    first = [param(3, 2), param(4, seed=1)]
    straight = getattr(optim, name)(first, **RICH.get(name, {}))
    train(straight, 5)
    saved = straight.state_dict()
    weights = [p.numpy() for p in first]
    train(straight, 5, seed=1)

    second = [Tensor(w, requires_grad=True) for w in weights]
    resumed = getattr(optim, name)(second, lr=0.7)
    resumed.load_state_dict(saved)
    cells = [dict(resumed.state[p]) for p in second]
    resumed.load_state_dict(saved)
    assert [resumed.state[p] for p in second] == cells, "loading must keep the cells"
    train(resumed, 5, seed=1)
    for p, q in zip(first, second, strict=True):
        np.testing.assert_array_equal(p.data, q.data)


def test_state_dict_has_pytorchs_layout_and_is_a_copy():
    a, b, c = param(2), param(3), param()
    optimizer = optim.Adam([{"params": [("a", a), ("b", b)]}, {"params": [("c", c)], "lr": 0.5}])
    saved = optimizer.state_dict()
    assert set(saved) == {"state", "param_groups"}
    assert [group["params"] for group in saved["param_groups"]] == [[0, 1], [2]]
    assert saved["param_groups"][0]["param_names"] == ["a", "b"]
    assert saved["param_groups"][1]["lr"] == 0.5
    assert set(saved["state"][1]) == {"step", "exp_avg", "exp_avg_sq"}
    train(optimizer, 1)
    assert saved["state"][0]["step"] == 0
    assert not saved["state"][0]["exp_avg"].any()


def copies():
    return pytest.mark.parametrize(
        "duplicate",
        [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))],
        ids=["copy", "pickle"],
    )


@copies()
@pytest.mark.parametrize("name", NAMES)
def test_a_copy_goes_on_to_the_same_bits(duplicate, name):
    a, b = param(3, 2), param(4, seed=1)
    optimizer = getattr(optim, name)([("a", a), ("b", b)], **RICH.get(name, {}))
    optimizer.param_groups[0]["initial_lr"] = 0.3
    train(optimizer, 3)
    (c, d), other = duplicate(((a, b), optimizer))
    assert other.param_groups[0]["params"] == (c, d), "a copy keeps the tie to its copied model"
    assert other.param_groups[0]["initial_lr"] == 0.3
    kept = a.numpy()
    train(other, 3, seed=1)
    np.testing.assert_array_equal(a.data, kept)
    train(optimizer, 3, seed=1)
    np.testing.assert_array_equal(a.data, c.data)
    np.testing.assert_array_equal(b.data, d.data)
    other.param_groups[0]["lr"] = 0.5
    assert optimizer.param_groups[0]["lr"] != 0.5


def test_a_user_writes_an_optimizer():
    class SignDescent(optim.Optimizer):
        def __init__(self, params, lr=1e-3, beta=0.9):
            super().__init__(params, {"lr": lr, "beta": beta})

        def allocate(self, w, options):
            return {"mean": np.zeros_like(w)}

        @staticmethod
        def rule(dtype, *, lr, beta):
            down, share = (-lr).astype(dtype), (1 - beta).astype(dtype)

            def update(w, g, state):
                mean = average(state["mean"], g, share)
                return descend(w, np.sign(mean), down), {"mean": mean}

            return update

    a = Tensor(np.array([1.0, -1.0]), requires_grad=True)
    optimizer = SignDescent([a], lr=0.25)
    a.grad = np.array([3.0, -5.0])
    optimizer.step()
    np.testing.assert_array_equal(a.data, [0.75, -0.75])


def test_an_optimizer_without_rule_says_so():
    a = param(1)
    optimizer = optim.Optimizer([a], {"lr": 0.1})
    a.grad = np.ones(1)
    with pytest.raises(NotImplementedError, match="must define rule"):
        optimizer.step()


def test_repr_shows_the_options():
    text = repr(optim.Adam([param(2)], lr=0.25))
    assert "Adam(" in text
    assert "lr=0.25" in text
    assert "betas=(0.9, 0.999)" in text


def test_zero_grad_can_fill_with_zeros():
    p = Tensor([1.0, 2.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is None
    (p * p).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0.0, 0.0]
    optimizer.zero_grad()
    assert p.grad is None
