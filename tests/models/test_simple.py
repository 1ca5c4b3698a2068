"""Neurons, perceptrons, logistic regression, polynomials and multilayer perceptrons."""

import numpy as np
import pytest

from shinso import models, nn, ops, optim
from shinso.graph import check_gradient

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)


@pytest.mark.parametrize(
    ("weights", "threshold", "truth"),
    [([1, 1], 1.5, [0, 0, 0, 1]), ([1, 1], 0.5, [0, 1, 1, 1]), ([-1, -1], -1.5, [1, 1, 1, 0])],
    ids=["AND", "OR", "NAND"],
)
def test_a_neuron_by_hand(weights, threshold, truth):
    neuron = models.McCullochPitts(weights, threshold)
    assert neuron(CORNERS).tolist() == truth
    assert list(neuron.parameters()) == []
    with pytest.raises(ValueError, match=r"McCullochPitts \(2 inputs\) got"):
        neuron(np.zeros((1, 3), dtype=np.float32))


def test_xor_is_a_network_of_three_neurons():
    nand = models.McCullochPitts([-1, -1], -1.5)(CORNERS).data
    or_ = models.McCullochPitts([1, 1], 0.5)(CORNERS).data
    both = models.McCullochPitts([1, 1], 1.5)(np.stack([nand, or_], axis=1))
    assert both.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("truth", [[0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0]])
def test_the_perceptron_learns_what_a_line_can_part(truth):
    ops.manual_seed(0)
    unit = models.Perceptron(2)
    assert unit.fit(CORNERS, truth)[-1] == 0
    assert unit.predict(CORNERS).tolist() == truth


def test_the_perceptron_never_learns_xor():
    unit = models.Perceptron(2)
    mistakes = unit.fit(CORNERS, [0, 1, 1, 0], epochs=200)
    assert len(mistakes) == 200
    assert min(mistakes) > 0


def test_the_rule_is_the_textbooks():
    unit = models.Perceptron(2, "sigmoid", lr=0.5)
    unit.weight.data = np.array([0.2, -0.1], dtype=np.float32)
    x = np.array([1.0, 2.0], dtype=np.float32)
    y = 1 / (1 + np.exp(-(0.2 - 0.2)))
    error = unit.learn(x, 1)
    assert error == pytest.approx(1 - y)
    slope = y * (1 - y)
    np.testing.assert_allclose(unit.weight.data, [0.2 + 0.5 * 0.5 * slope, -0.1 + 0.5 * slope])
    assert unit.bias.item() == pytest.approx(0.5 * 0.5 * slope)


def test_bad_calls_of_the_perceptron():
    with pytest.raises(ValueError, match='"step" or "sigmoid"'):
        models.Perceptron(2, "relu")
    with pytest.raises(ValueError, match="0 and 1"):
        models.Perceptron(2).fit(CORNERS, [-1, 1, 1, 1])
    with pytest.raises(ValueError, match=r"x \(N, 2\)"):
        models.Perceptron(2).fit(CORNERS, [1, 1])


def fit(model, loss, x, t, lr=0.5, steps=2000):
    optimizer = optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for _ in range(steps):
        value = loss(model(x), t)
        value.backward()
        optimizer.step()
        optimizer.zero_grad()
    return value.item()


def test_a_multilayer_perceptron_learns_xor():
    ops.manual_seed(1)
    model = models.MLP(2, (8,), 1, activation="tanh")
    t = np.array([[0], [1], [1], [0]], dtype=np.float32)
    assert fit(model, ops.binary_cross_entropy_with_logits, CORNERS, t, steps=500) < 0.05


def test_a_parabola_is_found_by_gradient_descent():
    model = models.Polynomial(2)
    x = np.linspace(-1, 1, 50, dtype=np.float32)
    t = 2 * x**2 - 3 * x + 1
    fit(model, ops.mse_loss, x, t, lr=0.2, steps=500)
    np.testing.assert_allclose(model.coefficients.data, [1, -3, 2], atol=1e-3)
    with pytest.raises(ValueError, match="degree"):
        models.Polynomial(-1)


def test_two_class_softmax_equals_the_sigmoid_with_the_difference_of_weights():
    """Train both on the same data: p = σ(w·x) and softmax agree, w = w₁ - w₀."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 2))
    t = (x @ [1.0, -2.0] + 0.5 + rng.standard_normal(200) > 0).astype(np.int64)
    binary = models.LogisticRegression(2).double()
    fit(binary, ops.binary_cross_entropy_with_logits, x, t.astype(np.float64), lr=1.0)
    softmax = models.LogisticRegression(2, 3).double()
    softmax.linear = nn.Linear(2, 2).double()
    fit(softmax, ops.cross_entropy, x, t, lr=1.0)
    w = softmax.linear.weight.data
    np.testing.assert_allclose(w[1] - w[0], binary.linear.weight.data[0], rtol=1e-5)


def test_an_mlp_takes_images_and_options():
    model = models.MLP(12, (5, 4), 3, activation="tanh", dropout=0.1, batch_norm=True)
    assert model(np.zeros((2, 3, 2, 2), dtype=np.float32)).shape == (2, 3)
    assert [type(m).__name__ for m in model.layers] == [
        "Linear", "BatchNorm1d", "Tanh", "Dropout", "Linear", "BatchNorm1d", "Tanh", "Dropout",
        "Linear",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="Did you mean 'sigmoid'"):
        models.MLP(2, activation="sigmoyd")


def test_gradient_of_a_whole_network():
    ops.manual_seed(0)
    model = models.MLP(4, (5, 3), 2, activation="tanh").double()
    x = np.random.default_rng(0).standard_normal((6, 4))
    t = np.array([0, 1, 1, 0, 1, 0])
    check_gradient(lambda x: ops.cross_entropy(model(x), t), x, parameters=list(model.parameters()))


def test_lenet_in_the_papers_form():
    model = models.LeNet5(10, 3, activation="tanh", pool="avg")
    assert model(np.zeros((2, 3, 32, 32), dtype=np.float32)).shape == (2, 10)
    with pytest.raises(ValueError, match="max"):
        models.LeNet5(pool="min")


def test_models_by_name():
    assert {"mlp", "lenet5", "logistic"} <= set(models.list())
    assert isinstance(models.create("lenet5", 7, (3, 32, 32)), models.LeNet5)
    assert models.create("mlp", 10, (784,), hidden=(30,)).layers[0].weight.shape == (30, 784)
    with pytest.raises(ValueError, match="Did you mean 'lenet5'"):
        models.create("lenet")
    with pytest.raises(ValueError, match="no option 'depth'"):
        models.create("mlp", depth=3)


def test_neurons_take_plain_lists():
    assert models.McCullochPitts([1, 1], threshold=1.5)([1, 1]).item() == 1
    output = models.Perceptron(2)([[0, 1], [1, 1]])
    assert (output.tolist(), output.dtype) == ([0.0, 0.0], np.float32)
