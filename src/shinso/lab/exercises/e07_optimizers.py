"""Tasks of notebook 7, optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.lab.exercises.judging import Tasks, close, function, number
from shinso.lab.exercises.mistakes import mistake, parts
from shinso.lab.text import Text

EPS = 0.05
"""Larger than usual, so that its place is seen."""

_SIGN = Text("w goes against the gradient: minus", "w は勾配の逆へ進む。マイナスである")
_ROOT = Text("divide by the root of s, not by s", "s でなく、その平方根で割る")
_INSIDE = Text("eps stands outside the root", "eps は平方根の外にある")
_EPS = Text("eps is missing", "eps がない")
_STALE = Text("the new s divides, not the one before", "割るのは、前の s でなく新しい s")


def _drawn(seed: int, count: int) -> Array:
    """Some arrays (count, 5) of random numbers."""
    return np.random.default_rng(seed).normal(size=(count, 5))


def _momentum(step: Any) -> None:
    step = function(step)
    w, v, g = _drawn(0, 3)
    for rate, mu in ((0.1, 0.9), (0.3, 0.5)):
        new_w, new_v = parts(step(w.copy(), v.copy(), g.copy(), rate, mu), "w, v")
        right = mu * v - rate * g
        hint = Text("v: the gradient counts with a minus", "v:勾配にはマイナスが付く")
        mistake(new_v, mu * v + rate * g, hint)
        hint = Text("v: this form has the learning rate in v", "v:この形では v の中に学習率がある")
        mistake(new_v, mu * v - g, hint)
        mistake(new_v, mu * v + g, hint)
        hint = Text("v: no 1 − μ in this form", "v:この形に 1 − μ はない")
        mistake(new_v, mu * v - (1 - mu) * rate * g, hint)
        close(
            new_v,
            right,
            Text("v: μ times the old v, minus rate · g", "v:前の v の μ 倍から(学習率 × g)を引く"),
        )
        mistake(
            new_w, w - right, Text("w: add v, its sign is in it", "w:v を足す。符号は v の中にある")
        )
        hint = Text("w: with the new v, not the one before", "w:前の v でなく、新しい v で")
        mistake(new_w, w + v, hint)
        hint = Text("w: the rate is in v already", "w:学習率はもう v に入っている")
        mistake(new_w, w + rate * right, hint)
        close(new_w, w + right, Text("w: the old w plus the new v", "w:前の w に新しい v を足す"))


def _terminal(times: Any) -> None:
    found = number(times)
    hint = Text(
        "the first step is one; the velocity goes on growing",
        "一歩目は 1 倍だが、速度は増えつづける",
    )
    mistake(found, 1, hint)
    mistake(found, 1.9, Text("that is after two steps", "それは二歩目"))
    mistake(found, 9, Text("the present step counts, too", "いまの一歩の分も数える"))
    hint = Text(
        "add up 1 + μ + μ² + …, or set v = μv − ε∇E", "1 + μ + μ² + … を足す。または v = μv − ε∇E"
    )
    close(found, 10, hint)


def _adagrad(step: Any) -> None:
    step = function(step)
    w, before, g = _drawn(1, 3)
    s = before**2
    for rate in (0.5, 1.5):
        new_w, new_s = parts(step(w.copy(), s.copy(), g.copy(), rate, EPS), "w, s")
        mistake(new_s, s + g, Text("s: the gradient is squared", "s:勾配は二乗する"))
        hint = Text("s: the old s is part of it, it only grows", "s:前の s に足す。増えるだけ")
        mistake(new_s, g**2, hint)
        close(new_s, s + g**2, Text("s: the old s plus g²", "s:前の s に g² を足す"))
        _divided(new_w, w, g, s, s + g**2, rate)


def _rmsprop(step: Any) -> None:
    step = function(step)
    w, before, g = _drawn(2, 3)
    s = before**2
    for rate, alpha in ((0.5, 0.9), (0.1, 0.6)):
        new_w, new_s = parts(step(w.copy(), s.copy(), g.copy(), rate, alpha, EPS), "w, s")
        right = alpha * s + (1 - alpha) * g**2
        mistake(new_s, s + g**2, Text("s: that is AdaGrad's sum", "s:それは AdaGrad の和"))
        hint = Text("s: an average, so g² counts 1 − α", "s:平均なので g² には 1 − α が付く")
        mistake(new_s, alpha * s + g**2, hint)
        hint = Text("s: the gradient is squared", "s:勾配は二乗する")
        mistake(new_s, alpha * s + (1 - alpha) * g, hint)
        hint = Text(
            "s: α is the part that is kept, exchanged here", "s:α は残す割合。逆になっている"
        )
        mistake(new_s, (1 - alpha) * s + alpha * g**2, hint)
        close(
            new_s,
            right,
            Text("s: α times the old s, and 1 − α of g²", "s:前の s の α 倍と、g² の 1 − α 倍"),
        )
        _divided(new_w, w, g, s, right, rate)


def _divided(found: Any, w: Array, g: Array, old: Array, s: Array, rate: float) -> None:
    """A step of rate · g / (√s + eps); old: s before it."""
    root = np.sqrt(s)
    mistake(found, w + rate * g / (root + EPS), _SIGN)
    mistake(found, w - rate * g / (s + EPS), _ROOT)
    mistake(found, w - rate * g / np.sqrt(s + EPS), _INSIDE)
    mistake(found, w - rate * g / root, _EPS)
    mistake(found, w - rate * g / (np.sqrt(old) + EPS), _STALE)
    mistake(found, w - g / (root + EPS), Text("the learning rate is missing", "学習率がない"))
    hint = Text("w: rate · g / (√s + eps) is taken away", "w:rate · g / (√s + eps) を引く")
    close(found, w - rate * g / (root + EPS), hint)


def _adam(step: Any) -> None:
    step = function(step)
    w, m, before, g = _drawn(3, 4)
    v = before**2
    for t, (beta1, beta2) in ((1, (0.9, 0.999)), (3, (0.8, 0.9)), (4, (0.5, 0.7))):
        arrays = (a.copy() for a in (w, m, v, g))
        new_w, new_m, new_v = parts(step(*arrays, t, 0.2, beta1, beta2, EPS), "w, m, v")
        averages = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        _averages(new_m, new_v, *averages, 1 - beta1**t, 1 - beta2**t)
        _adam_step(new_w, w, *averages, (beta1, beta2), t)


def _averages(m: Any, v: Any, right_m: Array, right_v: Array, c1: float, c2: float) -> None:
    """Adam's two averages, and whether the corrected ones were returned instead."""
    hint = Text(
        "return m and v as they are before the correction", "m と v は補正する前のものを返す"
    )
    mistake(m, right_m / c1, hint)
    mistake(v, right_v / c2, hint)
    hint = Text("m: β₁ of the old m and 1 − β₁ of g", "m:前の m の β₁ 倍と、g の 1 − β₁ 倍")
    close(m, right_m, hint)
    hint = Text("v: β₂ of the old v and 1 − β₂ of g²", "v:前の v の β₂ 倍と、g² の 1 − β₂ 倍")
    close(v, right_v, hint)


def _adam_step(
    found: Any, w: Array, m: Array, v: Array, betas: tuple[float, float], t: int
) -> None:
    """Adam's step with the rate 0.2."""
    (c1, c2), (first1, first2) = (1 - b**t for b in betas), (1 - b for b in betas)

    def moved(m: Array, v: Array) -> Array:
        return w - 0.2 * m / (np.sqrt(v) + EPS)

    right = moved(m / c1, v / c2)
    mistake(found, moved(m, v), Text("the bias correction is missing", "バイアス補正がない"))
    both = Text("m and v are both corrected", "m と v の両方を補正する")
    mistake(found, moved(m / c1, v), both)
    mistake(found, moved(m, v / c2), both)
    if t > 1:
        hint = Text("the correction depends on t: βᵗ", "補正は t による。βᵗ である")
        mistake(found, moved(m / first1, v / first2), hint)
    mistake(found, 2 * w - right, _SIGN)
    inside = w - 0.2 * (m / c1) / np.sqrt(v / c2 + EPS)
    mistake(found, inside, _INSIDE)
    mistake(found, w - 0.2 * (m / c1) / np.sqrt(v / c2), _EPS)
    hint = Text("w: rate · m̂ / (√v̂ + eps) is taken away", "w:rate · m̂ / (√v̂ + eps) を引く")
    close(found, right, hint)


def _first_step(with_correction: Any, without: Any) -> None:
    found = number(with_correction), number(without)
    hint = Text(
        "with it m̂ = g and v̂ = g² after the first step: what is g / √g², in size?",
        "補正すると、一歩目の後で m̂ = g、v̂ = g²。g / √g² の大きさは",
    )
    close(found[0], 1, hint)
    mistake(found[1], 1, Text("without it m is 0.1 g only", "補正がないと m は 0.1 g しかない"))
    hint = Text("v is under a root: √0.001, not 0.001", "v には平方根が付く。0.001 でなく √0.001")
    mistake(found[1], 100, hint)
    mistake(found[1], 0.1, Text("v is too small, too: by which factor?", "v も小さすぎる。何倍か"))
    hint = Text("m = (1 − β₁) g and v = (1 − β₂) g²", "m = (1 − β₁) g と v = (1 − β₂) g²")
    close(found[1], 0.1 / np.sqrt(0.001), hint, 2e-3)


TASKS: Tasks = {
    "7.1": _momentum,
    "7.2": _terminal,
    "7.3": _adagrad,
    "7.4": _rmsprop,
    "7.5": _adam,
    "7.6": _first_step,
}
