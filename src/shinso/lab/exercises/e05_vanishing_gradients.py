"""Tasks of notebook 5, vanishing gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso import data, models, nn
from shinso.cell import Array
from shinso.lab.exercises.judging import MISSING, Tasks, array, close, function, holds, number
from shinso.lab.exercises.mistakes import mistake
from shinso.lab.text import Text
from shinso.viz.inside import gradients

HIDDEN = 5
LEAST = 0.1
"""What the first layer's gradient is at least, as a share of the last one's."""


def _largest(slope: Any) -> None:
    found = number(slope)
    hint = Text(
        "that is the output at x = 0; now y (1 − y) there",
        "それは x = 0 での出力。そこでの y (1 − y) は",
    )
    mistake(found, 0.5, hint)
    mistake(found, 0.0, Text("the slope there, not the place", "場所でなく、そこでの傾き"))
    mistake(found, 1.0, Text("that is the largest slope of tanh", "それは tanh の最大の傾き"))
    hint = Text(
        "y (1 − y) is largest in the middle of 0 and 1", "y (1 − y) は 0 と 1 の真ん中で最大"
    )
    close(found, 0.25, hint)


def _chain(at_best: Any) -> None:
    found = number(at_best)
    mistake(
        found,
        2.5,
        Text("factors of a chain are multiplied, not added", "連鎖では足すのでなく掛ける"),
    )
    hint = Text(
        "ten slopes, each at its largest, one after the other", "最大の傾きを十回、続けて掛ける"
    )
    close(found / 0.25**10, 1.0, hint, 1e-3)


def _weight_gradients(model: nn.Module, x: Array, t: Array) -> dict[str, Array]:
    """The loss's gradients of all weights, from the input to the output."""
    every = gradients(model, nn.CrossEntropyLoss(), x, t)["weight"]
    return {name: g for name, g in every.items() if g.ndim >= 2}


def _sizes(measure: Any) -> None:
    measure = function(measure)
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(20, 6)).astype(np.float32), rng.integers(0, 3, 20)
    for hidden in ((5,), (7, 4, 5)):
        model = models.MLP(6, hidden, 3, activation="tanh")
        found = array(measure(model, x, t))
        of_weights = _weight_gradients(model, x, t)
        right = np.array([g.std() for g in of_weights.values()])
        both = 2 * len(right)
        hint = Text("the biases are in it, too: leave them out", "バイアスも入っている。除こう")
        holds(found.shape != (both,), hint)
        mistake(found * 1e3, right[::-1] * 1e3, Text("the input's layer first", "入力側の層を先に"))
        means = np.array([g.mean() for g in of_weights.values()])
        mistake(
            found * 1e3,
            means * 1e3,
            Text(
                "the mean is near 0 where signs differ: the standard deviation",
                "符号が混ざると平均は 0 に近い。標準偏差を",
            ),
        )
        hint = Text(
            "the standard deviation of each weight's gradient", "それぞれの重みの勾配の標準偏差"
        )
        holds(found.shape == right.shape, hint)
        close(found / right, np.ones(len(right)), hint, 1e-3)


def _factor(factor: Any) -> None:
    factor = function(factor)
    for q, n in ((0.1, 4), (0.5, 7)):
        sizes = [3.0 * q ** (n - 1 - i) for i in range(n)]
        found = number(factor(list(sizes)))
        mistake(
            found,
            1 / q,
            Text(
                "the wrong way round: backward goes from last to first",
                "逆である。逆伝播は最後から最初へ進む",
            ),
        )
        mistake(
            found,
            q ** (n - 1),
            Text(
                "that is the factor of all layers; one of them is a root of it",
                "それは全層での倍率。一層分はその累乗根",
            ),
        )
        mistake(
            found,
            q ** ((n - 1) / n),
            Text("between n layers there are n − 1 steps", "n 個の層の間には n − 1 歩ある"),
        )
        hint = Text("solve first = q^(n−1) · last for q", "最初 = q^(n−1) × 最後 を q について解く")
        close(found, q, hint)


def _cure(make_model: Any) -> None:
    model = function(make_model)()
    holds(model is not Ellipsis, MISSING)
    holds(isinstance(model, nn.Module), Text("return an nn.Module", "nn.Module を返そう"))
    images, labels = data.load("digits").train.arrays
    x, t = (images[:200] / 16).astype(np.float32).reshape(-1, 64), labels[:200]
    found = [float(g.std()) for g in _weight_gradients(model, x, t).values()]
    deep = len(found) - 1
    hint = Text(
        f"it has {deep} hidden layers, not {HIDDEN}", f"隠れ層は {deep} で、{HIDDEN} に足りない"
    )
    holds(deep >= HIDDEN, hint)
    share = found[0] / found[-1] if found[-1] > 0 else 0.0
    hint = Text(
        f"the first layer's gradient is {share:.2g} of the last one's: which slope, which weights?",
        f"最初の層の勾配は最後の層の {share:.2g} 倍しかない。傾きは、重みは?",
    )
    holds(share >= LEAST, hint)


TASKS: Tasks = {
    "5.1": _largest,
    "5.2": _chain,
    "5.3": _sizes,
    "5.4": _factor,
    "5.5": _cure,
}
