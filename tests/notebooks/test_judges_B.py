"""Judges of notebooks 8 to 12: what is right goes by, each typical mistake gets its own hint."""

import math

import numpy as np
import pytest

from shinso import Tensor, models, nn, ops
from shinso.lab.exercises.checking import all_tasks
from shinso.lab.exercises.judging import MISSING, Wrong


def judge(task, *answers):
    """The hint to an answer, None if it is right."""
    try:
        all_tasks()[task](*answers)
    except Wrong as wrong:
        return wrong.hint.en
    return None


def refused(task, said, *answers):
    hint = judge(task, *answers)
    assert hint is not None, f"{task}: a wrong answer was taken for right"
    assert said in hint, hint


# -- 8: overfitting --------------------------------------------------------------------------------


def accuracy(scores, t):
    return np.mean(scores.argmax(axis=1) == t)


def test_accuracy():
    assert judge("8.1", accuracy) is None
    refused("8.1", "counts", lambda s, t: np.sum(s.argmax(1) == t))
    refused("8.1", "per cent", lambda s, t: 100 * accuracy(s, t))
    refused("8.1", "errors", lambda s, t: 1 - accuracy(s, t))
    refused("8.1", "one number", lambda s, t: s.argmax(1) == t)
    refused("8.1", "in each row", lambda s, t: np.mean(s.argmin(1) == t))


def test_penalty_gradient():
    assert judge("8.2", lambda w, k: k * w) is None
    refused("8.2", "½", lambda w, k: 2 * k * w)
    refused("8.2", "λ has", lambda w, k: w)
    refused("8.2", "sign", lambda w, k: -k * w)
    refused("8.2", "L1", lambda w, k: k * np.sign(w))
    refused("8.2", "itself", lambda w, k: k / 2 * w**2)
    refused("8.2", "shape", lambda w, k: k / 2 * np.sum(w**2))
    refused("8.2", "differentiate", lambda w, k: k * w / 2)


def test_what_decay_leaves():
    assert judge("8.3", 0.95**100) is None
    refused("8.3", "one step", 0.95)
    refused("8.3", "lost", 1 - 0.95**100)
    refused("8.3", "multiply", 0.5**100)


def dropout(x, p, training, rng):
    return x * (rng.random(x.shape) >= p) / (1 - p) if training else x


def test_dropout():
    def fixed(x, p, training, rng):
        return dropout(x, p, training, np.random.default_rng(0))

    def rows(x, p, training, rng):
        return x * (rng.random((len(x), 1)) >= p) / (1 - p) if training else x

    assert judge("8.4", dropout) is None
    refused("8.4", "expected value", lambda x, p, tr, r: x * (r.random(x.shape) >= p))
    refused("8.4", "of dropping", lambda x, p, tr, r: x * (r.random(x.shape) < p) / p)
    refused("8.4", "1 − p", lambda x, p, tr, r: x * (r.random(x.shape) >= p) / p)
    refused("8.4", "test time", lambda x, p, tr, r: dropout(x, p, True, r))
    refused("8.4", "draw anew", fixed)
    refused("8.4", "each element", rows)
    refused("8.4", "nothing is set to 0", lambda x, p, tr, r: x)


def early_stopping(losses, patience, better=lambda new, best, before: new < best, late=0):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        if better(losses[epoch], losses[best], losses[epoch - 1]):
            best, waited = epoch, 0
        else:
            waited += 1
        if waited == patience + late:
            break
    return best, epoch


def test_early_stopping():
    def never_reset(losses, patience):
        waited = 0
        for epoch in range(1, len(losses)):
            waited += losses[epoch] >= min(losses[:epoch])
            if waited == patience:
                break
        return int(np.argmin(losses[: epoch + 1])), epoch

    assert judge("8.5", early_stopping) is None
    refused("8.5", "starts the count again", never_reset)
    refused("8.5", "as soon as", lambda x, p: early_stopping(x, p, late=1))
    refused("8.5", "not with", lambda x, p: early_stopping(x, p, lambda n, b, before: n < before))
    refused("8.5", "only as low", lambda x, p: early_stopping(x, p, lambda n, b, before: n <= b))
    refused("8.5", "not the last one", lambda x, p: (early_stopping(x, p)[1],) * 2)
    refused("8.5", "up to which epoch", lambda x, p: (0, early_stopping(x, p)[1]))
    refused("8.5", "2 things", lambda x, p: early_stopping(x, p)[1])


# -- 9: LeNet --------------------------------------------------------------------------------------


def test_side():
    assert judge("9.1", lambda h, f, p=0, s=1: (h + 2 * p - f) // s + 1) is None
    refused("9.1", "first place", lambda h, f, p=0, s=1: (h + 2 * p - f) // s)
    refused("9.1", "both sides", lambda h, f, p=0, s=1: (h + p - f) // s + 1)
    refused("9.1", "both sides", lambda h, f, p=0, s=1: (h - f) // s + 1)
    refused("9.1", "does not fit", lambda h, f, p=0, s=1: (h + 2 * p - f) / s + 1)
    refused("9.1", "does not fit", lambda h, f, p=0, s=1: math.ceil((h + 2 * p - f) / s) + 1)
    refused("9.1", "how far", lambda h, f, p=0, s=1: h)


def test_sides():
    assert judge("9.2", [28, 14, 10, 5]) is None
    refused("9.2", "convolution 1", [32, 16, 12, 6])
    refused("9.2", "pooling 1", [28, 27, 23, 22])
    refused("9.2", "pooling 2", [28, 14, 10, 9])


RIGHT = [156, 2416, 48120, 10164, 850]
WORK = [117600, 240000, 48000, 10080, 840]


def changed(numbers, i, to):
    return [to if j == i else n for j, n in enumerate(numbers)]


def test_parameters():
    assert judge("9.3", RIGHT) is None
    refused("9.3", "bias", [150, 2400, 48000, 10080, 840])
    refused("9.3", "only one bias", changed(RIGHT, 3, 10080))
    refused("9.3", "6 channels", changed(RIGHT, 1, 416))
    refused("9.3", "16 maps", changed(RIGHT, 2, 26 * 120))
    refused("9.3", "× outputs", changed(RIGHT, 0, 3))
    refused("9.3", MISSING.en, [..., 1, 2, 3, 4])


def test_multiplications():
    assert judge("9.4", WORK) is None
    refused("9.4", "every place", changed(WORK, 0, 150))
    refused("9.4", "bias", changed(WORK, 1, 2416 * 100))
    refused("9.4", "one of them takes", changed(WORK, 2, 120))


def lenet(activation=nn.ReLU, pool=nn.MaxPool2d, without=None, end=(), inputs=400):
    layers = [
        nn.Conv2d(1, 6, 5), activation(), pool(2), nn.Conv2d(6, 16, 5), activation(), pool(2),
        nn.Flatten(), nn.Linear(inputs, 120), activation(), nn.Linear(120, 84), activation(),
        nn.Linear(84, 10), *end,
    ]  # fmt: skip
    return nn.Sequential(*(layer for i, layer in enumerate(layers) if i != without))


def test_network():
    assert judge("9.5", lenet()) is None
    assert judge("9.5", models.LeNet5()) is None
    assert judge("9.5", lenet(nn.Tanh, nn.AvgPool2d)) is None
    refused("9.5", "a network", [1, 2])
    refused("9.5", "linear 1", lenet(inputs=256))
    refused("9.5", "where are the activations", lenet(nn.Identity))
    refused("9.5", "softmax", lenet(end=[nn.Softmax()]))
    refused("9.5", "last layer", lenet(end=[nn.ReLU()]))
    for position, layer in ((4, "convolution 2"), (8, "linear 1"), (10, "linear 2")):
        refused("9.5", f"no activation after {layer}", lenet(without=position))
    refused("9.5", "the layers are there", lenet(nn.Softplus))


def test_network_without_a_bias():
    layers = list(lenet())
    layers[0] = nn.Conv2d(1, 6, 5, bias=False)
    refused("9.5", "61700 parameters", nn.Sequential(*layers))


def test_small():
    assert judge("9.6", 8, 64) is None
    refused("9.6", "first one gives", 1, 64)
    refused("9.6", "halve", 8, 256)
    refused("9.6", "all maps", 8, 16)


# -- 10: inside a CNN ------------------------------------------------------------------------------


def test_width():
    assert judge("10.1", 5) is None
    refused("10.1", "first layer", 3)
    refused("10.1", "overlap", 6)
    refused("10.1", "draw", 7)


def test_strongest():
    def order(values, count):
        return np.argsort(-values)[:count]

    def peaks(maps, channel):
        return maps[:, channel].max(axis=(1, 2))

    assert judge("10.2", lambda m, c, n: order(peaks(m, c), n)) is None
    assert judge("10.2", lambda m, c, n: order(peaks(m, c), n).tolist()) is None
    refused("10.2", "weakest", lambda m, c, n: order(-peaks(m, c), n))
    refused("10.2", "not the mean", lambda m, c, n: order(m[:, c].mean(axis=(1, 2)), n))
    refused("10.2", "one channel", lambda m, c, n: order(m.max(axis=(1, 2, 3)), n))
    refused("10.2", "values", lambda m, c, n: np.sort(peaks(m, c))[::-1][:n])
    refused("10.2", "numbers of images", lambda m, c, n: order(peaks(m, c), len(m)))


def gradient_of(score):
    def saliency(model, x, target):
        pixels = Tensor(x, requires_grad=True)
        score(model(pixels), target).backward()
        return pixels.grad

    return saliency


def test_saliency():
    right = gradient_of(lambda y, c: y[:, c].sum())
    assert judge("10.3", right) is None
    refused("10.3", "signs", lambda m, x, c: np.abs(right(m, x, c)))
    refused("10.3", "class target", gradient_of(lambda y, c: y.sum()))
    refused("10.3", "softmax", gradient_of(lambda y, c: ops.softmax(y)[:, c].sum()))
    refused("10.3", "not the mean", gradient_of(lambda y, c: y[:, c].mean()))
    refused("10.3", "pixels.grad", gradient_of(lambda y, c: -y[:, c].sum()))


def test_cam():
    def mean(g):
        return g.mean(axis=(2, 3), keepdims=True)

    assert judge("10.4", lambda a, g: np.maximum((mean(g) * a).sum(axis=1), 0)) is None
    refused("10.4", "missing", lambda a, g: (mean(g) * a).sum(axis=1))
    refused("10.4", "first the sum", lambda a, g: np.maximum(mean(g) * a, 0).sum(axis=1))
    refused("10.4", "not for each place", lambda a, g: np.maximum((g * a).sum(axis=1), 0))
    refused("10.4", "not a mean", lambda a, g: np.maximum((mean(g) * a).mean(axis=1), 0))
    refused("10.4", "shape", lambda a, g: np.maximum(mean(g) * a, 0))
    total = lambda g: g.sum(axis=(2, 3), keepdims=True)  # noqa: E731
    refused("10.4", "mean over", lambda a, g: np.maximum((total(g) * a).sum(axis=1), 0))


def test_alpha():
    assert judge("10.5", lambda w, c, h, width: w[c] / (h * width)) is None
    refused("10.5", "one part", lambda w, c, h, width: w[c])
    refused("10.5", "class c", lambda w, c, h, width: w[:, c])
    refused("10.5", "differentiate", lambda w, c, h, width: w[c] / h)


def occlusion(score, image, size, fill, sign=1, copy=True):
    height, width = image.shape
    fall = np.zeros((height - size + 1, width - size + 1))
    before = score(image)
    for i, j in np.ndindex(fall.shape):
        covered = image.copy() if copy else image
        covered[i : i + size, j : j + size] = fill
        fall[i, j] = sign * (before - score(covered))
    return fall


def test_occlusion():
    assert judge("10.6", occlusion) is None
    refused("10.6", "a copy", lambda *a: occlusion(*a, copy=False))
    refused("10.6", "positive", lambda *a: occlusion(*a, sign=-1))
    refused("10.6", "fill", lambda f, x, size, fill: occlusion(f, x, size, 0.0))
    refused("10.6", "places", lambda f, x, size, fill: np.zeros(x.shape))
    refused("10.6", "rows i to", lambda *a: 2 * occlusion(*a))


# -- 11: compile and explain -----------------------------------------------------------------------


def steps(update=True, zero=True, backward=1, result=lambda loss: loss, loss_of=ops.cross_entropy):
    def make(model, optimizer):
        def step(x, t):
            loss = loss_of(model(x), t)
            for _ in range(backward):
                (loss if backward == 1 else loss_of(model(x), t)).backward()
            if update:
                optimizer.step()
            if zero:
                optimizer.zero_grad()
            return result(loss)

        return step

    return make


def test_make_step():
    assert judge("11.1", steps()) is None
    refused("11.1", "stay what they were", steps(update=False))
    refused("11.1", "added again", steps(zero=False))
    refused("11.1", "once", steps(backward=2))
    refused("11.1", "return the loss", steps(result=lambda loss: None))
    refused("11.1", "a Tensor", steps(result=lambda loss: loss.item()))
    refused("11.1", "cross_entropy", steps(loss_of=lambda y, t: 2 * ops.cross_entropy(y, t)))


def test_largest_difference():
    assert judge("11.2", lambda a, b: np.abs(a - b).max()) is None
    refused("11.2", "negative", lambda a, b: (a - b).max())
    refused("11.2", "sum", lambda a, b: np.abs(a - b).sum())
    refused("11.2", "mean", lambda a, b: np.abs(a - b).mean())
    refused("11.2", "one number", lambda a, b: np.abs(a - b))


def test_traced_anew():
    right = [False, True, False, True, True]
    assert judge("11.3", right) is None
    for i, said in enumerate(("1: ", "2: ", "3: ", "4: ", "5: ")):
        refused("11.3", said, changed(right, i, not right[i]))
    refused("11.3", MISSING.en, [..., True, False, True, True])


def test_shorter():
    def length(v):
        return np.sqrt(np.sum(v * v))

    assert judge("11.4", lambda v: v / np.maximum(length(v), 1)) is None
    assert judge("11.4", lambda v: np.where(length(v) > 1, v / length(v), v)) is None
    refused("11.4", "not compiled", lambda v: v / length(v) if length(v) > 1 else v)
    refused("11.4", "not compiled", lambda v: v / max(float(length(v)), 1))
    refused("11.4", "stays what it is", lambda v: v / length(v))
    refused("11.4", "becomes 1 long", lambda v: v)


def test_product_flops():
    assert judge("11.5", lambda n, k, m: 2 * n * k * m) is None
    refused("11.5", "additions?", lambda n, k, m: n * k * m)
    refused("11.5", "instead of k − 1", lambda n, k, m: n * m * (2 * k - 1))
    refused("11.5", "n × m results", lambda n, k, m: 2 * n * m)


def test_longest():
    def longest(report, pick=max):
        kernel = pick(report.kernels, key=lambda k: k.seconds)
        return kernel.number, kernel.seconds / sum(k.seconds for k in report.kernels)

    def place(report):
        times = [k.seconds for k in report.kernels]
        return int(np.argmin(times)), longest(report)[1]

    assert judge("11.6", longest) is None
    refused("11.6", "number of the kernel", lambda r: longest(r, min))
    refused("11.6", "number of the kernel", place)
    refused("11.6", "0 to 1", lambda r: (longest(r)[0], 100 * longest(r)[1]))
    refused("11.6", "divided", lambda r: (longest(r)[0], r.kernels[0].seconds))
    refused("11.6", "2 things", lambda r: longest(r)[0])


def test_share_of_peak():
    def share(flops, size, seconds, speed, bandwidth):
        return max(flops / speed, size / bandwidth) / seconds

    assert judge("11.7", share) is None
    refused("11.7", "slower", lambda f, b, s, v, w: min(f / v, b / w) / s)
    refused("11.7", "slower", lambda f, b, s, v, w: f / v / s if b > f else share(f, b, s, v, w))
    refused("11.7", "not the sum", lambda f, b, s, v, w: (f / v + b / w) / s)
    refused("11.7", "other way round", lambda *a: 1 / share(*a))
    refused("11.7", "two times", lambda f, b, s, v, w: f / s)


# -- 12: residual networks -------------------------------------------------------------------------


def test_rms():
    assert judge("12.1", lambda g: np.sqrt(np.mean(g**2))) is None
    refused("12.1", "root", lambda g: np.mean(g**2))
    refused("12.1", "not a sum", np.linalg.norm)
    refused("12.1", "subtracted", np.std)
    refused("12.1", "square first", lambda g: np.sqrt(np.mean(g) ** 2))
    refused("12.1", "one number", np.abs)


def test_what_is_left():
    assert judge("12.2", 0.5**20) is None
    refused("12.2", "do not add", 10)
    refused("12.2", "after two layers", 0.5 / 20)


def block(forward, sizes=lambda n: (n, n)):
    class Block(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.first = nn.Linear(*sizes(width))
            self.second = nn.Linear(width, width)

        def forward(self, x):
            return forward(self, x)

    return Block


def inner(self, x):
    return self.second(ops.relu(self.first(x)))


def test_residual():
    assert judge("12.3", block(lambda self, x: x + inner(self, x))) is None
    refused("12.3", "F(x) alone", block(inner))
    refused("12.3", "nothing after", block(lambda self, x: ops.relu(x + inner(self, x))))
    refused("12.3", "no ReLU after", block(lambda self, x: x + ops.relu(inner(self, x))))
    refused("12.3", "between", block(lambda self, x: x + self.second(self.first(x))))
    refused("12.3", "plain block", block(lambda self, x: ops.relu(inner(self, x))))
    refused("12.3", "added", block(lambda self, x: x * inner(self, x)))
    refused("12.3", "nn.Module", lambda width: width)
    refused("12.3", MISSING.en, block(lambda self, x: ...))


def test_slopes():
    def right(s, n):
        return (1 + s) ** n

    assert judge("12.4", lambda s: 1 + s, right) is None
    refused("12.4", "x itself", lambda s: s, right)
    refused("12.4", "differentiate", lambda s: 1, right)
    refused("12.4", "its own shortcut", lambda s: 1 + s, lambda s, n: 1 + s**n)
    refused("12.4", "without shortcuts", lambda s: 1 + s, lambda s, n: s**n)
    refused("12.4", "multiply", lambda s: 1 + s, lambda s, n: n * (1 + s))
    refused("12.4", "first part", lambda s: 1 + s, lambda s, n: 1 + n * s)


def test_paths():
    assert judge("12.5", lambda n: 2**n, math.comb) is None
    refused("12.5", "doubles", lambda n: n + 1, math.comb)
    refused("12.5", "choose k", lambda n: 2**n, math.perm)
    refused("12.5", "choose k", lambda n: 2**n, lambda n, k: n)
    refused("12.5", "binomial", lambda n: 2**n, lambda n, k: 2 ** (n + k))


def projected(always=False, bias=False, shortcut=True):
    class Projected(nn.Module):
        def __init__(self, inputs, outputs):
            super().__init__()
            self.first = nn.Linear(inputs, outputs)
            self.second = nn.Linear(outputs, outputs)
            self.projection = None
            if always or inputs != outputs:
                self.projection = nn.Linear(inputs, outputs, bias=bias)

        def forward(self, x):
            around = x if self.projection is None else self.projection(x)
            return around + inner(self, x) if shortcut else inner(self, x)

    return Projected


def test_projected():
    assert judge("12.6", projected()) is None
    refused("12.6", "no projection", projected(always=True))
    refused("12.6", "no bias", projected(bias=True))
    refused("12.6", "F(x) alone", projected(shortcut=False))


@pytest.mark.parametrize("task", [t for t in all_tasks() if int(t.split(".")[0]) in range(8, 13)])
def test_nonsense_is_refused(task):
    for answer in (..., "no", [1, 2], lambda *a: None):
        parts = {"9.6": 2, "12.4": 2, "12.5": 2}.get(task, 1)
        with pytest.raises((Wrong, TypeError, ValueError, AttributeError)):
            all_tasks()[task](*[answer] * parts)
