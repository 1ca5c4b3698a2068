"""Answers to the tasks of notebooks 5 to 7: right ones, and typical mistakes with their hints."""

import numpy as np

import shinso
from shinso import models, nn
from shinso.lab import check
from shinso.viz.inside import gradients

# -- 5: vanishing gradients ------------------------------------------------------------------------


def test_slopes(refused):
    assert check("5.1", 0.25)
    refused("5.1", 0.5, hint="output at x = 0")
    refused("5.1", 1, hint="tanh")
    refused("5.1", 0.3, hint="in the middle")
    assert check("5.2", 0.25**10)
    refused("5.2", 2.5, hint="multiplied, not added")
    refused("5.2", 0.25**9, hint="ten slopes")
    refused("5.2", 0, hint="ten slopes")


def test_gradient_sizes(refused):
    def measure(model, x, t, keep="weight", of=np.std, order=1):
        found = gradients(model, nn.CrossEntropyLoss(), x, t)["weight"]
        return [float(of(g)) for name, g in found.items() if name.endswith(keep)][::order]

    assert check("5.3", measure)
    refused("5.3", lambda m, x, t: measure(m, x, t, keep=""), hint="biases")
    refused("5.3", lambda m, x, t: measure(m, x, t, order=-1), hint="input's layer first")
    refused("5.3", lambda m, x, t: measure(m, x, t, of=np.mean), hint="the mean is near 0")
    refused("5.3", lambda m, x, t: measure(m, x, t, of=np.max), hint="standard deviation of each")


def test_factor(refused):
    def root(s, n):
        return (s[0] / s[-1]) ** (1 / n)

    assert check("5.4", lambda s: root(s, len(s) - 1))
    refused("5.4", lambda s: 1 / root(s, len(s) - 1), hint="wrong way round")
    refused("5.4", lambda s: s[0] / s[-1], hint="a root of it")
    refused("5.4", lambda s: root(s, len(s)), hint="n − 1 steps")


def test_cure(refused):
    def deep(count=5, he=False, **options):
        def make():
            shinso.manual_seed(0)
            model = models.MLP(64, (50,) * count, 10, **options)
            for p in model.parameters() if he else ():
                nn.init.he_normal_(p) if p.ndim == 2 else nn.init.zeros_(p)
            return model

        return make

    assert check("5.5", deep(he=True))
    assert check("5.5", deep(activation="sigmoid", batch_norm=True))
    refused("5.5", deep(activation="sigmoid"), hint="e-05 of the last one's")
    refused("5.5", deep(activation="relu"), hint="which weights")
    refused("5.5", deep(count=2, he=True), hint="2 hidden layers")


# -- 6: initialization -----------------------------------------------------------------------------


def test_spread(refused):
    assert check("6.1", 1)
    refused("6.1", 50, hint="do they differ")
    refused("6.1", 0, hint="50 times")
    assert check("6.2", lambda n, std, variance: n * std**2 * variance)
    refused("6.2", lambda n, std, variance: n * std * variance, hint="its square")
    refused("6.2", lambda n, std, variance: std**2 * variance, hint="n terms are added")
    refused("6.2", lambda n, std, variance: n * std**2, hint="inputs' variance is missing")
    assert check("6.3", lambda n: n**-0.5)
    refused("6.3", lambda n: 1 / n, hint="its root")
    refused("6.3", lambda n: n**0.5, hint="smaller weights")


def test_xavier_and_he(refused):
    assert check("6.4", lambda i, o: (2 / (i + o)) ** 0.5)
    refused("6.4", lambda i, o: 2 / (i + o), hint="its root")
    refused("6.4", lambda i, o: (1 / (i + o)) ** 0.5, hint="not their sum")
    refused("6.4", lambda i, o: i**-0.5, hint="both numbers")
    refused("6.4", lambda i, o: (6 / (i + o)) ** 0.5, hint="uniform")
    assert check("6.5", lambda i: (2 / i) ** 0.5)
    refused("6.5", lambda i: i**-0.5, hint="half is lost")
    refused("6.5", lambda i: 2 / i, hint="its root")
    refused("6.5", lambda i: 2 / i**0.5, hint="the variance doubles")


def test_initialize(refused):
    def fill(std, bias=nn.init.zeros_):
        def initialize(model):
            for layer in model.modules():
                if isinstance(layer, nn.Linear):
                    nn.init.normal_(layer.weight, std=std(*layer.weight.shape))
                    bias(layer.bias)

        return initialize

    assert check("6.6", fill(lambda o, i: (2 / i) ** 0.5))
    refused("6.6", lambda model: None, hint="as they were before")
    refused("6.6", fill(lambda o, i: (2 / o) ** 0.5), hint="fan_in is shape[1]")
    refused("6.6", fill(lambda o, i: (2 / (i + o)) ** 0.5), hint="Xavier's")
    refused("6.6", fill(lambda o, i: 2 / i), hint="its root")
    refused("6.6", fill(lambda o, i: (2 / i) ** 0.5, nn.init.ones_), hint="biases start at 0")
    refused("6.6", fill(lambda o, i: 0.03), hint="is that he_std(fan_in)")


# -- 7: optimizers ---------------------------------------------------------------------------------


def test_momentum(refused):
    def with_v(velocity, position=lambda w, v, old: w + v):
        def step(w, v, g, rate, mu):
            new = velocity(v, g, rate, mu)
            return position(w, new, v), new

        return step

    def good(v, g, rate, mu):
        return mu * v - rate * g

    assert check("7.1", with_v(good))
    refused("7.1", with_v(lambda v, g, rate, mu: mu * v + rate * g), hint="counts with a minus")
    refused("7.1", with_v(lambda v, g, rate, mu: mu * v - g), hint="learning rate in v")
    refused("7.1", with_v(good, lambda w, v, old: w - v), hint="its sign is in it")
    refused("7.1", with_v(good, lambda w, v, old: w + old), hint="the new v")
    refused("7.1", lambda w, v, g, rate, mu: w + v, hint="return 2 things: w, v")
    assert check("7.2", 10)
    refused("7.2", 1, hint="goes on growing")
    refused("7.2", 9, hint="the present step")


def divided(w, g, s, rate, eps):
    return w - rate * g / (np.sqrt(s) + eps)


def test_adagrad_and_rmsprop(refused):
    def told(task, wrong, hint):
        refused(task, wrong, hint=hint)

    assert check("7.3", lambda w, s, g, r, e: (divided(w, g, s + g**2, r, e), s + g**2))
    told("7.3", lambda w, s, g, r, e: (divided(w, g, s, r, e), s + g**2), "the new s")
    told("7.3", lambda w, s, g, r, e: (w, s + g), "squared")
    told("7.3", lambda w, s, g, r, e: (w, g**2), "only grows")
    told("7.3", lambda w, s, g, r, e: (w - r * g / np.sqrt(s + g**2 + e), s + g**2), "outside")
    told("7.3", lambda w, s, g, r, e: (w - r * g / (s + g**2 + e), s + g**2), "not by s")
    told("7.3", lambda w, s, g, r, e: (divided(w, g, s + g**2, -r, e), s + g**2), "minus")

    def rms(first, second, step=divided):
        def rule(w, s, g, rate, alpha, eps):
            s = first(alpha) * s + second(alpha) * g**2
            return step(w, g, s, rate, eps), s

        return rule

    assert check("7.4", rms(lambda a: a, lambda a: 1 - a))
    told("7.4", rms(lambda a: 1, lambda a: 1), "AdaGrad")
    told("7.4", rms(lambda a: a, lambda a: 1), "an average")
    told("7.4", rms(lambda a: 1 - a, lambda a: a), "exchanged")
    inside = rms(lambda a: a, lambda a: 1 - a, lambda w, g, s, r, e: w - r * g / np.sqrt(s + e))
    told("7.4", inside, "outside")
    without = rms(lambda a: a, lambda a: 1 - a, lambda w, g, s, r, e: w - r * g / np.sqrt(s))
    told("7.4", without, "eps is missing")


def test_adam(refused):
    def adam(correct, keep=lambda m, m_hat: m):
        def step(w, m, v, g, t, rate, beta1, beta2, eps):
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
            c1, c2 = correct(beta1, beta2, t)
            return divided(w, m / c1, v / c2, rate, eps), keep(m, m / c1), v

        return step

    def both(a, b, t):
        return 1 - a**t, 1 - b**t

    assert check("7.5", adam(both))
    refused("7.5", adam(lambda a, b, t: (1, 1)), hint="correction is missing")
    refused("7.5", adam(lambda a, b, t: (1 - a**t, 1)), hint="both corrected")
    refused("7.5", adam(lambda a, b, t: (1 - a, 1 - b)), hint="depends on t")
    refused("7.5", adam(both, keep=lambda m, m_hat: m_hat), hint="before the correction")
    assert check("7.6", 1, 0.1 / np.sqrt(0.001))
    assert check("7.6", 1, 3.16)
    refused("7.6", 1, 1, hint="0.1 g only")
    refused("7.6", 1, 100, hint="under a root")
    refused("7.6", 3.16, 1, hint="m̂ = g")
