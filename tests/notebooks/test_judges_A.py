"""Answers to the tasks of notebooks 2 to 4: right ones, and typical mistakes with their hints."""

import numpy as np

import shinso
from shinso import Function, nn, ops
from shinso.lab import check


def operation(forward, backward):
    """An operation from two functions of (self, …)."""
    return type("Mine", (Function,), {"forward": forward, "backward": backward})


# -- 2: the perceptron and XOR ---------------------------------------------------------------------


def unit(x, w, b):
    return np.where(x @ w + b > 0, 1, 0)


def rosenblatt(w, b, x, t, rate):
    error = t - unit(x, w, b)
    return w + rate * error * x, b + rate * error


def test_a_unit(refused):
    assert check("2.1", unit)
    assert check("2.1", lambda x, w, b: x @ w + b > 0)
    refused("2.1", lambda x, w, b: x @ w + b, hint="that is the sum")
    refused("2.1", lambda x, w, b: np.where(x @ w > 0, 1, 0), hint="b does nothing")
    refused("2.1", lambda x, w, b: 1 - unit(x, w, b), hint="wrong way round")
    refused("2.1", lambda x, w, b: np.where(x @ w + b >= 0, 1, 0), hint="> and not ≥")
    refused("2.1", lambda x, w, b: unit(x, w, b)[:, None], hint="shape is (40, 1)")
    refused("2.1", lambda x, w, b: ..., hint="fill it in")


def test_and(refused):
    assert check("2.2", [1, 1], -1.5)
    assert check("2.2", np.array([0.4, 0.3]), -0.6)
    refused("2.2", [1, 1], -0.5, hint="(0, 1) the sum is above 0")
    refused("2.2", [1, 1], -2, hint="(1, 1) the sum is not above 0")
    refused("2.2", [1, 1, 1], -2, hint="shape is (3,)")


def test_rosenblatts_rule(refused):
    assert check("2.3", rosenblatt)
    refused("2.3", lambda w, b, x, t, rate: rosenblatt(w, b, x, t, -rate), hint="sign")
    refused("2.3", lambda w, b, x, t, rate: rosenblatt(w, b, x, t, 1), hint="learning rate does")

    def without_bias(w, b, x, t, rate):
        return rosenblatt(w, b, x, t, rate)[0], b

    def without_input(w, b, x, t, rate):
        error = t - unit(x, w, b)
        return w + rate * error, b + rate * error

    def always(w, b, x, t, rate):
        return w + rate * (2 * t - 1) * x, b + rate * (2 * t - 1)

    refused("2.3", without_bias, hint="b learns like a weight")
    refused("2.3", without_input, hint="its own input")
    refused("2.3", always, hint="nothing may change")
    refused("2.3", lambda *a: rosenblatt(*a)[0], hint="return 2 things: w, b")


def test_a_line_for_xor(refused):
    assert check("2.4", 3)
    refused("2.4", 4, hint="not linearly separable")
    refused("2.4", 2, hint="ruler")


def test_two_layers_by_hand(refused):
    assert check("2.5", [[1, 1], [-1, -1]], [-0.5, 1.5], [1, 1], -1.5)
    assert check("2.5", [[1, -1], [-1, 1]], [-0.5, -0.5], [1, 1], -0.5)
    refused("2.5", [[1, 0], [0, 1]], [-0.5, -0.5], [1, 1], -0.5, hint="XOR again")
    refused("2.5", [[1, 1], [1, 1]], [-1.5, -1.5], [1, 1], -0.5, hint="cannot be told apart")
    refused("2.5", [[1, 1], [-1, -1]], [-0.5, 1.5], [1, 1], -0.5, hint="wrong for (0, 0), (1, 1)")
    refused("2.5", [[1, 1]], [-0.5, 1.5], [1, 1], -1.5, hint="(2, 2)")


def test_two_layers_that_learn(refused):
    def around(*between):
        return lambda: nn.Sequential(nn.Linear(2, 8), *between, nn.Linear(8, 1))

    shinso.manual_seed(0)
    assert check("2.6", around(nn.Tanh()))
    refused("2.6", around(), hint="a non-linear function between them")
    refused("2.6", around(nn.Step()), hint="the hidden weights do not move")
    refused("2.6", lambda: nn.Linear(2, 2), hint="(4, 2), and should be (4, 1)")
    refused("2.6", lambda: 3, hint="return an nn.Module")


# -- 3: a layer of your own ------------------------------------------------------------------------


def test_softsign(refused):
    def forward(self, x):
        self.x = x
        return x / (1 + np.abs(x))

    def told(backward, hint):
        refused("3.1", operation(forward, backward), hint=hint)

    assert check("3.1", operation(forward, lambda self, dy: dy / (1 + np.abs(self.x)) ** 2))
    assert check("3.1", operation(forward, lambda self, dy: (dy / (1 + np.abs(self.x)) ** 2,)))
    told(lambda self, dy: 1 / (1 + np.abs(self.x)) ** 2, "dy is missing")
    told(lambda self, dy: dy / (1 + np.abs(self.x)), "a square below")
    told(lambda self, dy: dy * np.sign(self.x) / (1 + np.abs(self.x)) ** 2, "no sign")
    told(lambda self, dy: dy / (1 + np.abs(self.missing)), "AttributeError")
    told(lambda self, dy: ..., "fill it in")
    refused("3.1", operation(lambda self, x: np.tanh(x), lambda self, dy: dy), hint="forward is")


def test_taking_the_mean_away(refused):
    def forward(self, x):
        return x - x.mean(axis=1, keepdims=True)

    def told(backward, hint):
        refused("3.2", operation(forward, backward), hint=hint)

    assert check("3.2", operation(forward, forward))
    told(lambda self, dy: dy, "the way through the mean")
    told(lambda self, dy: dy - dy.mean(axis=0), "which axis")
    told(lambda self, dy: dy - dy.mean(axis=1), "keepdims=True")
    told(lambda self, dy: dy - dy.sum(axis=1, keepdims=True), "1/n")
    told(lambda self, dy: dy + dy.mean(axis=1, keepdims=True), "so its gradient is")


def test_scale(refused):
    def forward(self, x, g):
        self.x, self.g = x, g
        return x * g

    def told(backward, hint):
        refused("3.3", operation(forward, backward), hint=hint)

    assert check(
        "3.3", operation(forward, lambda self, dy: (dy * self.g, (dy * self.x).sum(axis=0)))
    )
    assert check("3.3", operation(forward, lambda self, dy: (dy * self.g, dy * self.x)))
    told(lambda self, dy: (dy * self.g, (dy * self.x).sum(axis=1)), "along which g was repeated")
    told(lambda self, dy: (dy * self.g, (dy * self.x).mean(axis=0)), "no mean")
    told(lambda self, dy: (dy * self.x, dy * self.g), "exchanged")
    told(lambda self, dy: dy * self.g, "return 2 things")


def test_normalize(refused):
    def forward(self, x):
        self.r = np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-6)
        self.y = x / self.r
        return self.y

    def back(mean, sign=-1):
        return lambda self, dy: (dy + sign * self.y * mean(dy * self.y)) / self.r

    def told(backward, hint):
        refused("3.4", operation(forward, backward), hint=hint)

    good = back(lambda a: a.mean(axis=1, keepdims=True))
    assert check("3.4", operation(forward, good))
    told(lambda self, dy: dy / self.r, "the way through r")
    told(back(lambda a: a.mean(axis=1, keepdims=True), sign=1), "minus")
    told(back(lambda a: a.sum(axis=1, keepdims=True)), "1/d makes a mean")
    told(back(lambda a: a.mean(axis=0)), "which axis")
    told(back(lambda a: a.mean(axis=1)), "keepdims=True")
    for wrong, hint in (
        (lambda self, x: x / np.sqrt((x**2).sum(axis=1, keepdims=True)), "1/d is missing"),
        (lambda self, x: x / np.sqrt((x**2).mean(axis=0)), "which axis"),
        (lambda self, x: x / (x**2).mean(axis=1, keepdims=True), "the root is missing"),
    ):
        self_contained = operation(wrong, lambda self, dy: dy)
        refused("3.4", self_contained, hint=hint)


class Gained(nn.Module):
    """A right answer to 3.5, to be spoiled by subclasses."""

    def __init__(self, features):
        super().__init__()
        self.gain = nn.Parameter([1.0] * features)

    def forward(self, x):
        return self.gain * self.normal(x)

    def normal(self, x):
        return x / ops.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-6)


def test_layer(refused):
    class NoParameter(Gained):
        def __init__(self, features):
            super().__init__(features)
            del self.gain
            self.gain = shinso.tensor([1.0] * features)

    class NotOne(Gained):
        def __init__(self, features):
            super().__init__(features)
            self.gain = nn.Parameter([0.0] * features)

    class Unused(Gained):
        def forward(self, x):
            return self.normal(x)

    class Cut(Gained):
        def forward(self, x):
            return self.normal(x) * self.gain.data

    assert check("3.5", Gained)
    refused("3.5", NoParameter, hint="one nn.Parameter of shape (features,)")
    refused("3.5", NotOne, hint="the gain starts at 1")
    refused("3.5", Unused, hint="the gain does nothing")
    refused("3.5", Cut, hint="no gradient reaches the gain")


def test_trainable_network(refused):
    def with_mine(*layers):
        return lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10), *layers)

    shinso.manual_seed(0)
    assert check("3.6", with_mine(Gained(10)))
    refused("3.6", with_mine(), hint="no layer of yours")
    refused("3.6", with_mine(Gained(10), nn.Step()), hint="of the test digits right")
    refused("3.6", with_mine(Gained(10), nn.Linear(10, 3)), hint="(2, 3), and should be (2, 10)")
    refused("3.6", lambda: ..., hint="fill it in")


# -- 4: backpropagation on paper -------------------------------------------------------------------


def test_small_graphs(refused):
    assert check("4.1", 5, -2, 1)
    refused("4.1", -2, 5, 1, hint="× switches")
    refused("4.1", 5, -2, 3, hint="hands on the 1")
    refused("4.1", 5, 2, 1, hint="with its sign")
    assert check("4.2", 8, 0, 3)
    refused("4.2", 5, 0, 3, hint="used twice")
    refused("4.2", 3, 0, 3, hint="used twice")
    refused("4.2", 8, 5, 3, hint="nothing to the side that lost")
    refused("4.2", 8, 0, 5, hint="z: × switches")
    refused("4.2", 8, ..., 3, hint="fill it in")


def test_sigmoid(refused):
    assert check("4.3", lambda dy, y: dy * y * (1 - y))
    refused("4.3", lambda dy, y: y * (1 - y), hint="the gradient that arrives")
    refused("4.3", lambda dy, y: -dy * y * (1 - y), hint="sign")
    refused("4.3", lambda dy, y: dy * (1 - y), hint="a factor y")


def test_affine(refused):
    def told(answer, hint):
        refused("4.4", answer, hint=hint)

    assert check("4.4", lambda d, x, w: (d @ w.T, x.T @ d, d.sum(axis=0)))
    told(lambda d, x, w: (d @ w, x.T @ d, d.sum(axis=0)), "W must be transposed")
    told(lambda d, x, w: (w.T @ d, x.T @ d, d.sum(axis=0)), "dY stands on the left")
    told(lambda d, x, w: (d @ w.T, x @ d, d.sum(axis=0)), "X must be transposed")
    told(lambda d, x, w: (d @ w.T, d.T @ x, d.sum(axis=0)), "the shape of W")
    told(lambda d, x, w: (d @ w.T, x.T @ d, d.sum(axis=1)), "over the examples")
    told(lambda d, x, w: (d @ w.T, x.T @ d, d.mean(axis=0)), "no mean")
    told(lambda d, x, w: d @ w.T, "return 3 things")


def test_softmax(refused):
    assert check("4.5", lambda p: np.diag(p) - np.outer(p, p))
    plus = np.outer
    refused("4.5", lambda p: plus(p, p) + np.diag(p - 2 * p**2), hint="a minus sign")
    refused("4.5", lambda p: np.diag(p * (1 - p)), hint="the others depend on x_k")
    refused("4.5", lambda p: -np.outer(p, p), hint="the numerator counts")
    refused("4.5", lambda p: p * (1 - p), hint="shape is (4,)")


def softmax(x, axis=1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def test_cross_entropy(refused):
    assert check("4.6", lambda x, t: (softmax(x) - t) / len(x))
    refused("4.6", lambda x, t: (t - softmax(x)) / len(x), hint="p − t")
    refused("4.6", lambda x, t: softmax(x) - t, hint="1/N")
    refused("4.6", lambda x, t: (softmax(x) - t) / x.size, hint="number of examples")
    refused("4.6", lambda x, t: (softmax(x, axis=0) - t) / len(x), hint="axis 1")
    refused("4.6", lambda x, t: (x - t) / len(x), hint="softmax first")


def test_network(refused):
    def network(slope, scale=1.0):
        def gradients(x, t, w1, b1, w2, b2):
            h = 1 / (1 + np.exp(-(x @ w1 + b1)))
            d = scale * (softmax(h @ w2 + b2) - t) / len(x)
            da = (d @ w2.T) * slope(h)
            return x.T @ da, da.sum(axis=0), h.T @ d, d.sum(axis=0)

        return gradients

    assert check("4.7", network(lambda h: h * (1 - h)))
    refused("4.7", network(lambda h: 1), hint="back through the sigmoid")
    refused("4.7", network(lambda h: h), hint="first layer")
    refused("4.7", network(lambda h: h * (1 - h), scale=-1), hint="dW2")
