"""Tasks of notebook 2, the perceptron and XOR."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso import nn, ops, optim
from shinso.cell import Array
from shinso.graph import Tensor, no_grad
from shinso.lab.exercises.judging import (
    MISSING,
    Tasks,
    Wrong,
    array,
    close,
    function,
    holds,
    number,
)
from shinso.lab.exercises.mistakes import mistake, parts
from shinso.lab.text import Text

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
AND, XOR = np.array([0, 0, 0, 1]), np.array([0, 1, 1, 0])


def fires(x: Array, w: Array, b: Array | float) -> Array:
    """What step units give: 1 where w·x + b > 0. x (n, d), w (units, d) or (d,), b to fit."""
    return (x @ w.T + b > 0).astype(np.float64)


def _unit(unit: Any) -> None:
    unit = function(unit)
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(40, 3)), np.array([1.0, -2.0, 0.5]), -0.7
    found, score = array(unit(x, w, b), (40,)), x @ w + b
    mistake(
        found,
        score,
        Text(
            "that is the sum; now 1 where it is above 0, else 0",
            "それは和。0 より大きいところで 1、ほかは 0 に",
        ),
    )
    mistake(found, fires(x, w, np.zeros(1)), Text("b does nothing in it", "b が効いていない"))
    mistake(found, score <= 0, Text("0 and 1 are the wrong way round", "0 と 1 が逆である"))
    close(found, score > 0, Text("1 where w·x + b > 0, else 0", "w·x + b > 0 で 1、ほかは 0"))
    at_zero = unit(np.zeros((1, 3)), w, 0.0)
    hint = Text(
        "at exactly 0 the unit gives 0: > and not ≥", "ちょうど 0 では 0 を出す。≥ でなく >"
    )
    close(at_zero, [0.0], hint)


def _and(w: Any, b: Any) -> None:
    weights, bias = array(w, (2,)), number(b)
    for corner, wanted, got in zip(CORNERS, AND, fires(CORNERS, weights, bias), strict=True):
        x = f"({corner[0]:.0f}, {corner[1]:.0f})"
        more = Text(
            f"for {x} the sum is not above 0: more weight, or a larger b",
            f"{x} で和が 0 を超えない。重みか b を大きく",
        )
        less = Text(
            f"for {x} the sum is above 0: the threshold is too low, and b is minus that",
            f"{x} で和が 0 を超える。しきい値 (−b) が低い",
        )
        holds(got == wanted, more if wanted else less)


def _rule(learn: Any) -> None:
    learn = function(learn)
    w, b, x, rate = np.array([0.3, -0.2]), 0.1, np.array([1.0, 2.0]), 0.5
    for t, y in ((1.0, 0.0), (0.0, 1.0)):
        bias = b + 0.4 * y  # w·x + b is 0 or above it: y
        w_after, b_after = parts(learn(w.copy(), bias, x, t, rate), "w, b")
        step = rate * (t - y)
        _wrong_steps(w_after, w, x, step, rate)
        close(w_after, w + step * x, Text("w + rate·(t − y)·x", "w + 学習率·(t − y)·x"))
        hint = Text(
            "b learns like a weight whose input is always 1",
            "b は、入力がいつも 1 である重みと同じように学ぶ",
        )
        close(b_after, bias + step, hint)
    w_after, b_after = parts(learn(w.copy(), b, x, 0.0, rate), "w, b")
    hint = Text(
        "where the answer is right already, nothing may change: t − y is 0 there",
        "すでに正しいところでは何も変えない。そこでは t − y が 0",
    )
    close(w_after, w, hint)
    close(b_after, b, hint)


def _wrong_steps(found: Any, w: Array, x: Array, step: float, rate: float) -> None:
    mistake(
        found,
        w - step * x,
        Text("it moves away: look at the sign of t − y", "逆へ動いている。t − y の符号を見よう"),
    )
    mistake(
        found, w + step / rate * x, Text("the learning rate does nothing", "学習率が効いていない")
    )
    mistake(
        found,
        w + step,
        Text(
            "each weight moves in proportion to its own input x",
            "それぞれの重みは、自分の入力 x に比例して動く",
        ),
    )


def _most(count: Any) -> None:
    found = number(count)
    hint = Text(
        "XOR is not linearly separable: all four is what no line can do",
        "XOR は線形分離可能でない。四つとも、は直線にはできない",
    )
    mistake(found, 4, hint)
    close(
        found,
        3,
        Text(
            "draw the four points and move a ruler: cut off one corner",
            "四点を描いて定規を動かそう。角を一つ切り落とすと?",
        ),
    )


def _two_layers(w1: Any, b1: Any, w2: Any, b2: Any) -> None:
    hidden = fires(CORNERS, array(w1, (2, 2)), array(b1, (2,)))
    output = fires(hidden, array(w2, (2,)), number(b2))
    if np.array_equal(output, XOR):
        return
    table = ", ".join(f"({a:.0f}, {b:.0f})" for a, b in hidden)
    holds(
        len(np.unique(hidden, axis=0)) < 4 or not _separable_already(hidden),
        Text(
            f"the hidden units give {table}: that is XOR again; let one be OR and one NAND",
            f"隠れ層の出力 {table} はまた XOR。OR と NAND にしよう",
        ),
    )
    holds(
        _parted(hidden),
        Text(
            f"the hidden units give {table}: the two classes cannot be told apart by that",
            f"隠れ層の出力 {table} では二つのクラスが区別できない",
        ),
    )
    wrong = ", ".join(f"({a:.0f}, {b:.0f})" for a, b in CORNERS[output != XOR])
    raise Wrong(
        Text(
            f"the output is wrong for {wrong}; the hidden units give {table}",
            f"{wrong} で出力が違う。隠れ層の出力は {table}",
        )
    )


def _separable_already(hidden: Array) -> bool:
    """Whether four different hidden outputs are only the corners in another order."""
    ones, zeros = hidden[XOR == 1], hidden[XOR == 0]
    return bool(np.array_equal(ones.sum(axis=0), zeros.sum(axis=0)))


def _parted(hidden: Array) -> bool:
    """Whether no hidden output belongs to both classes."""
    ones = {tuple(row) for row in hidden[XOR == 1]}
    return not ones & {tuple(row) for row in hidden[XOR == 0]}


def _trainable(make_model: Any) -> None:
    make_model = function(make_model)
    for _ in range(3):  # learning may get stuck once or twice
        model = make_model()
        holds(model is not Ellipsis, MISSING)
        holds(isinstance(model, nn.Module), Text("return an nn.Module", "nn.Module を返そう"))
        before = [p.numpy() for p in model.parameters()]
        scores = _learned(model)
        after = [p.data for p in model.parameters()]
        hint = Text(
            "the hidden weights do not move: is the activation's slope 0 everywhere?",
            "隠れ層の重みが動かない。活性化関数の傾きがどこでも 0 ではないか",
        )
        holds(not any(map(np.array_equal, before, after)), hint)
        hint = Text(
            "linear layers alone are one linear layer: put a non-linear function between them",
            "線形の層だけを重ねても線形の層一つと同じ。間に非線形の関数を",
        )
        holds(abs(scores[1] + scores[2] - scores[0] - scores[3]) > 1e-3, hint)
        if np.array_equal(scores > 0, XOR == 1):
            return
    hint = Text(
        "500 steps of Adam do not learn XOR with it: more units, or a smoother activation?",
        "500 ステップでも XOR を学ばない。ユニットを増やすか、より滑らかな関数に",
    )
    raise Wrong(hint)


def _learned(model: nn.Module) -> Array:
    """The scores of the four corners after 500 steps of Adam."""
    x, t = Tensor(CORNERS.astype(np.float32)), XOR[:, None].astype(np.float32)
    shape = model(x).shape
    hint = Text(
        f"the output is {shape}, and should be (4, 1): one score each",
        f"出力の形が {shape}。一例に一つ、(4, 1) にする",
    )
    holds(shape == (4, 1), hint)
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    for _ in range(500):
        ops.binary_cross_entropy_with_logits(model(x), t).backward()
        optimizer.step()
        optimizer.zero_grad()
    with no_grad():
        return array(model(x))[:, 0]


TASKS: Tasks = {
    "2.1": _unit,
    "2.2": _and,
    "2.3": _rule,
    "2.4": _most,
    "2.5": _two_layers,
    "2.6": _trainable,
}
