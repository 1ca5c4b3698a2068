"""Tasks of notebook 6, initialization."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso import models
from shinso.cell import Array
from shinso.lab.exercises.judging import Tasks, close, function, holds, number
from shinso.lab.exercises.mistakes import mistake
from shinso.lab.text import Text
from shinso.ops.random import manual_seed

_ROOT = Text(
    "that is the variance; the standard deviation is its root", "それは分散。標準偏差はその平方根"
)


def _different(count: Any) -> None:
    found = number(count)
    hint = Text("there are 50 units, but do they differ?", "ユニットは 50 だが、違いはあるか")
    mistake(found, 50, hint)
    hint = Text("one feature there is, 50 times", "特徴がないわけではない。同じものが 50 個ある")
    mistake(found, 0, hint)
    hint = Text(
        "the units differ by next to nothing: what are 50 copies worth?",
        "ユニットどうしの差はほとんどない。50 の写しは何個分か",
    )
    close(found, 1, hint)


def _variance(of_output: Any) -> None:
    of_output = function(of_output)
    for n, std, variance in ((100, 0.02, 2.0), (7, 3.0, 0.5)):
        found, right = number(of_output(n, std, variance)), n * std**2 * variance
        hint = Text(
            "std is a standard deviation; its square is the variance",
            "std は標準偏差。その二乗が分散",
        )
        mistake(found, n * std * variance, hint)
        hint = Text(
            "n terms are added, and so are their variances", "n 個の項を足すと分散も足される"
        )
        mistake(found, std**2 * variance, hint)
        mistake(found, n * std**2, Text("the inputs' variance is missing", "入力の分散がない"))
        hint = Text("variance is the square already", "variance は、もう二乗になっている")
        mistake(found, n * std**2 * variance**2, hint)
        mistake(
            found, np.sqrt(right), Text("no root: the variance", "平方根は要らない。分散である")
        )
        hint = Text(
            "each of the n terms has the variance std² · variance",
            "n 個の項の分散は、それぞれ std² × 入力の分散",
        )
        close(found, right, hint)


def _keeping(std: Any) -> None:
    std = function(std)
    for n in (4, 100):
        found = number(std(n))
        mistake(found, 1 / n, _ROOT)
        hint = Text("more inputs need smaller weights", "入力が多いほど重みは小さく")
        mistake(found, np.sqrt(n), hint)
        hint = Text("solve n · std² = 1 for std", "n · std² = 1 を std について解く")
        close(found, 1 / np.sqrt(n), hint)


def _xavier(std: Any) -> None:
    std = function(std)
    for fan_in, fan_out in ((100, 50), (3, 21)):
        found, total = number(std(fan_in, fan_out)), fan_in + fan_out
        mistake(found, 2 / total, _ROOT)
        hint = Text("the mean of the two, not their sum", "二つの和でなく平均")
        mistake(found, np.sqrt(1 / total), hint)
        for n in (fan_in, fan_out):
            mistake(found, 1 / np.sqrt(n), Text("both numbers count", "両方の数を使う"))
        hint = Text(
            "√6 is the bound of the uniform distribution", "√6 は一様分布の端。標準偏差ではない"
        )
        mistake(found, np.sqrt(6 / total), hint)
        hint = Text(
            "1/√n, with n the mean of fan_in and fan_out", "1/√n で、n は fan_in と fan_out の平均"
        )
        close(found, np.sqrt(2 / total), hint)


def _he(std: Any) -> None:
    std = function(std)
    for fan_in in (50, 8):
        found = number(std(fan_in))
        mistake(found, 2 / fan_in, _ROOT)
        mistake(
            found,
            1 / np.sqrt(fan_in),
            Text("half is lost: make up for it", "半分が失われる。補おう"),
        )
        hint = Text(
            "the variance doubles, not the standard deviation", "2 倍は標準偏差でなく分散に"
        )
        mistake(found, 2 / np.sqrt(fan_in), hint)
        mistake(found, np.sqrt(0.5 / fan_in), Text("larger, not smaller", "小さくでなく大きく"))
        hint = Text("fan_in · std² must be 2 now", "今度は fan_in · std² を 2 にする")
        close(found, np.sqrt(2 / fan_in), hint)


def _initialize(fill: Any) -> None:
    fill = function(fill)
    manual_seed(0)
    model = models.MLP(200, (300, 100), 150)
    before = [p.numpy() for p in model.parameters()]
    fill(model)
    after = [p.data for p in model.parameters()]
    hint = Text("the weights are as they were before", "重みが前のままである")
    holds(not all(map(np.array_equal, before, after)), hint)
    for p in after:
        if p.ndim == 2:
            _he_weight(p)
        else:
            close(p, np.zeros(p.shape), Text("biases start at 0", "バイアスは 0 から始まる"))


def _he_weight(w: Array) -> None:
    """A weight (out, in), whose standard deviation is known to about 1 %."""
    fan_out, fan_in = w.shape
    found = float(w.std())
    hint = Text("the weights are all the same", "重みがみな同じである")
    holds(found > 0, hint)
    hint = Text("a weight is (out, in): fan_in is shape[1]", "重みは (out, in)。fan_in は shape[1]")
    mistake(found / np.sqrt(2 / fan_out), 1.0, hint, 0.03)
    hint = Text("that is Xavier's; for ReLU take He's", "それは Xavier の初期値。ReLU には He を")
    mistake(found / np.sqrt(2 / (fan_in + fan_out)), 1.0, hint, 0.03)
    mistake(found / (2 / fan_in), 1.0, _ROOT, 0.03)
    hint = Text(
        f"a weight {w.shape} has the standard deviation {found:.3g}: is that he_std(fan_in)?",
        f"形が {w.shape} の重みの標準偏差が {found:.3g}。he_std(fan_in) だろうか",
    )
    close(found / np.sqrt(2 / fan_in), 1.0, hint, 0.03)
    close(float(w.mean()) / found, 0.0, Text("the mean is 0", "平均は 0"), 0.05)


TASKS: Tasks = {
    "6.1": _different,
    "6.2": _variance,
    "6.3": _keeping,
    "6.4": _xavier,
    "6.5": _he,
    "6.6": _initialize,
}
