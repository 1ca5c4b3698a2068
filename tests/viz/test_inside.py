"""What is inside a model: outputs of layers and gradients, with nothing disturbed."""

import numpy as np
import pytest

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.ops.random import get_rng_state
from shinso.viz.inside import activations, gradients

X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
T = np.array([0, 1, 0, 1, 1])


def network():
    return nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Sequential(nn.ReLU()),
        nn.Linear(4, 2),
    )  # fmt: skip


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 3)

    def forward(self, x):
        return self.f(ops.relu(self.f(x)))


def state_of(model):
    numbers = {name: array.tobytes() for name, array in model.state_dict().items()}
    modes = [m.training for m in model.modules()]
    grads = [None if p.grad is None else p.grad.copy() for p in model.parameters()]
    return numbers, modes, [g if g is None else g.tolist() for g in grads], repr(get_rng_state())


def test_activations_are_those_of_the_layers_in_their_order():
    model = network()
    model.eval()
    found = activations(model, X)
    assert list(found) == ["0", "1", "2", "3.0", "4"]
    y = X
    for name, layer in zip(found, (*model[:3], model[3], model[4]), strict=True):
        y = layer(y).data
        np.testing.assert_array_equal(found[name], y)


def test_activations_run_in_evaluation_mode_and_change_nothing():
    model = network()
    model[0].eval()
    ops.mse_loss(model(X), np.zeros((5, 2), np.float32)).backward()
    before = state_of(model)
    found = activations(model, Tensor(X))
    np.testing.assert_array_equal(found["2"], found["1"])  # nothing is dropped
    assert state_of(model) == before


def test_chosen_layers_and_unknown_ones():
    model = network()
    assert list(activations(model, X, ["3", "1"])) == ["1", "3"]
    assert list(activations(model, X, "4")) == ["4"]
    with pytest.raises(ValueError, match=r"no layer 'hidden'; it has 0, 1, 2, 3, 3\.0, 4"):
        activations(model, X, ["hidden"])


def test_a_layer_that_runs_twice_and_a_model_that_is_a_layer():
    model = Twice()
    found = activations(model, X)
    assert list(found) == ["f", "f#2"]
    np.testing.assert_array_equal(found["f#2"], model(X).data)
    assert list(activations(nn.Linear(3, 1), X)) == ["(model)"]
    assert list(gradients(model, ops.cross_entropy, X, T % 3)["output"]) == ["f", "f#2"]


def test_of_several_outputs_the_first_counts():
    class Two(nn.Module):
        def forward(self, x):
            return ops.relu(x), x

    found = activations(nn.Sequential(Two()), Tensor(X))
    np.testing.assert_array_equal(found["0"], np.maximum(X, 0))


def test_gradients_are_those_that_backward_finds():
    model = network().double()
    model.eval()
    x = X.astype(np.float64)
    found = gradients(model, ops.cross_entropy, x, T)
    hidden = model[0](x)
    hidden.retain_grad()
    rest = nn.Sequential(*model[1:])
    ops.cross_entropy(rest(hidden), T).backward()
    np.testing.assert_allclose(found["output"]["0"], hidden.grad)
    assert list(found["output"]) == ["0", "1", "2", "3.0", "4"]
    assert found["output"]["4"].dtype == np.float64
    assert set(found["weight"]) == {name for name, _ in model.named_parameters()}
    for name, p in model.named_parameters():
        np.testing.assert_allclose(found["weight"][name], p.grad)


def test_gradients_that_meet_at_a_branch_are_summed():
    class Branch(nn.Module):
        def __init__(self):
            super().__init__()
            self.f = nn.Linear(3, 2)

        def forward(self, x):
            y = self.f(x)
            return y * 2.0 + y * 3.0

    found = gradients(Branch(), lambda y, t: y.sum(), X, None)
    np.testing.assert_array_equal(found["output"]["f"], np.full((5, 2), 5.0))


def test_gradients_change_nothing_and_leave_out_what_does_not_matter():
    model = network()
    model.register_parameter("unused", nn.Parameter([1.0]))
    ops.cross_entropy(model(X), T).backward()
    before = state_of(model)
    found = gradients(model, nn.CrossEntropyLoss(), X, T)
    assert state_of(model) == before
    assert "unused" not in found["weight"]
    assert found["output"]["2"].shape == (5, 4)
