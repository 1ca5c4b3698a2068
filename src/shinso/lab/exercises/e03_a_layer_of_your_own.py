"""Tasks of notebook 3, a layer of your own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso import data, nn, optim
from shinso.cell import Array
from shinso.graph import Tensor
from shinso.lab.exercises.judging import MISSING, Tasks, array, close, function, holds
from shinso.lab.exercises.mistakes import mistake, parts
from shinso.lab.text import Text
from shinso.train import Trainer

ENOUGH = 0.85
"""The share of the test digits that the network gets right."""

_CHAIN = Text("dy is missing: the chain rule multiplies it in", "dy がない。連鎖律では dy を掛ける")
_AXIS = Text(
    "numbers of different rows are mixed: which axis goes along a row?",
    "別の行の数が混ざっている。行に沿う軸はどれか",
)
_KEEP = Text(
    "a mean of each row must stay a column to meet its own row: keepdims=True",
    "行ごとの平均は、縦に並んだままで自分の行と出会うように。keepdims=True",
)


def _both(made: Any, x: Array, dy: Array) -> tuple[Any, Any]:
    """What an operation gives forward, and backward as the only gradient."""
    operation = function(made)()
    y = operation.forward(x.copy())
    dx = operation.backward(dy.copy())
    return y, dx[0] if isinstance(dx, (tuple, list)) and len(dx) == 1 else dx


def _softsign(made: Any) -> None:
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 3, 4))
    y, dx = _both(made, x, dy)
    close(y, x / (1 + np.abs(x)), Text("forward is x / (1 + |x|)", "forward は x / (1 + |x|)"))
    slope = 1 / (1 + np.abs(x)) ** 2
    mistake(dx, slope, _CHAIN)
    hint = Text("the slope has a square below", "傾きの分母には二乗がある")
    mistake(dx, dy / (1 + np.abs(x)), hint)
    hint = Text("no sign: the slope is positive everywhere", "傾きはどこでも正で、符号は要らない")
    mistake(dx, dy * np.sign(x) * slope, hint)
    close(dx, dy * slope, Text("dy times 1 / (1 + |x|)²", "dy に 1 / (1 + |x|)² を掛ける"))


def _centre(made: Any) -> None:
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(2, 4, 4))
    y, dx = _both(made, x, dy)
    hint = Text("forward takes each row's mean away", "forward は各行の平均を引く")
    close(y, x - x.mean(axis=1, keepdims=True), hint)
    hint = Text("the way through the mean is still missing", "平均を通る道がまだない")
    mistake(dx, dy, hint)
    mistake(dx, dy - dy.mean(axis=0), _AXIS)
    mistake(dx, dy - dy.mean(axis=1), _KEEP)
    hint = Text("the share of each in the mean is 1/n", "一つの値が平均に占める割合は 1/n")
    mistake(dx, dy - dy.sum(axis=1, keepdims=True), hint)
    hint = Text("the mean of dy, not of x", "x でなく dy の平均")
    mistake(dx, dy - x.mean(axis=1, keepdims=True), hint)
    hint = Text(
        "the mean was taken away, so its gradient is, too", "平均は引いたので、勾配でも引く"
    )
    mistake(dx, dy + dy.mean(axis=1, keepdims=True), hint)
    close(dx, dy - dy.mean(axis=1, keepdims=True), Text("dy minus its row's mean", "dy − 行の平均"))


def _scale(made: Any) -> None:
    made = function(made)
    rng = np.random.default_rng(2)
    for rows, columns in ((3, 3), (5, 2)):
        x, dy = rng.normal(size=(2, rows, columns))
        g = rng.normal(size=columns)
        operation = made()
        close(operation.forward(x, g), x * g, Text("forward is x · g", "forward は x · g"))
        dx, dg = parts(operation.backward(dy), "dx, dg")
        hint = Text("for x the slope of x·g is g", "x から見た x·g の傾きは g")
        mistake(dx, dy * x, Text("dx and dg are exchanged", "dx と dg が逆になっている"))
        close(dx, dy * g, hint)
        _gain(array(dg), dy * x)


def _gain(dg: Array, each: Array) -> None:
    """The gradient of the gain; in the shape of y the graph adds it up itself."""
    if dg.shape == each.shape:
        close(dg, each, Text("for g the slope of x·g is x", "g から見た x·g の傾きは x"))
        return
    hint = Text(
        "the sum goes over the axis along which g was repeated",
        "和は、g がくり返された方向の軸でとる",
    )
    mistake(dg, each.sum(axis=1), hint)
    holds(dg.shape == each.shape[1:], hint)
    mistake(dg, each.mean(axis=0), Text("add up, no mean", "平均ではなく、足し合わせる"))
    close(dg, each.sum(axis=0), Text("the sum of dy · x over the rows", "dy · x を行について足す"))


def _normalize(made: Any) -> None:
    rng = np.random.default_rng(3)
    x, dy = rng.normal(size=(2, 4, 4))
    found, dx = _both(made, x, dy)
    r = np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-6)
    y = x / r
    _normalized(found, x, y)
    mistake(dx, dy / r, Text("the way through r is still missing", "r を通る道がまだない"), 1e-4)
    along = dy * y
    mistake(
        dx,
        (dy + y * along.mean(axis=1, keepdims=True)) / r,
        Text("a larger r makes y smaller: minus", "r が大きいほど y は小さい。だからマイナス"),
        1e-4,
    )
    hint = Text("1/d makes a mean of the sum", "1/d があるので、和でなく平均")
    mistake(dx, (dy - y * along.sum(axis=1, keepdims=True)) / r, hint, 1e-4)
    mistake(dx, (dy - y * along.mean(axis=0)) / r, _AXIS, 1e-4)
    mistake(dx, (dy - y * along.mean(axis=1)) / r, _KEEP, 1e-4)
    hint = Text("compare with the formula, term by term", "式と一項ずつ比べよう")
    close(dx, (dy - y * along.mean(axis=1, keepdims=True)) / r, hint, 1e-4)


def _normalized(found: Any, x: Array, y: Array) -> None:
    """Forward, for ε up to some 0.00001."""
    mistake(found, x / np.sqrt((x**2).mean(axis=0)), _AXIS, 1e-4)
    mistake(found, x / np.sqrt((x**2).mean(axis=1)), _KEEP, 1e-4)
    mistake(
        found,
        x / np.sqrt((x**2).sum(axis=1, keepdims=True)),
        Text("1/d is missing: the mean of the squares", "1/d がない。二乗の平均である"),
        1e-4,
    )
    mistake(
        found,
        x / (x**2).mean(axis=1, keepdims=True),
        Text("the root is missing", "平方根がない"),
        1e-4,
    )
    mistake(
        found,
        x / x.std(axis=1, keepdims=True),
        Text(
            "nothing is subtracted here: no standard deviation",
            "ここでは平均を引かない。標準偏差ではない",
        ),
        1e-4,
    )
    close(found, y, Text("y = x / √(mean of x² + ε)", "y = x / √(x² の平均 + ε)"), 1e-4)


def _layer(made: Callable[[int], nn.Module]) -> None:
    layer = function(made)(5)
    holds(isinstance(layer, nn.Module), Text("a layer is an nn.Module", "層は nn.Module である"))
    shapes = [p.shape for p in layer.parameters()]
    hint = Text(
        f"its parameters have the shapes {shapes}: one nn.Parameter of shape (features,) is needed",
        f"パラメータの形が {shapes}。(features,) の nn.Parameter が一つ要る",
    )
    holds(shapes == [(5,)], hint)
    (gain,) = layer.parameters()
    close(gain, np.ones(5), Text("the gain starts at 1", "倍率ははじめ 1 である"))
    rng = np.random.default_rng(4)
    for rows in (3, 2):  # twice: an operation is made anew for every call
        x = rng.normal(size=(rows, 5)).astype(np.float32)
        gain.data = rng.normal(size=5).astype(np.float32)
        gain.grad = None
        _one_call(layer, gain, x)


def _one_call(layer: nn.Module, gain: nn.Parameter, x: Array) -> None:
    """Forward and backward of the layer, with float32's precision."""
    y = layer(Tensor(x))
    normal = x / np.sqrt((x**2).mean(axis=1, keepdims=True))
    mistake(y, normal, Text("the gain does nothing in it", "倍率が効いていない"), 1e-3)
    close(y, normal * gain.data, Text("normalize, then scale", "正規化してから倍率を掛ける"), 1e-3)
    hint = Text(
        "no gradient reaches the gain: use operations, not .data",
        "倍率に勾配が届かない。.data でなく演算を使おう",
    )
    holds(y.requires_grad, hint)
    y.sum().backward()
    holds(gain.grad is not None, hint)
    hint = Text("the gradient of the gain is wrong: see 3.3", "倍率の勾配が違う。3.3 を見よう")
    close(gain.grad, normal.sum(axis=0), hint, 1e-3)


def _trainable(make_model: Any) -> None:
    model = function(make_model)()
    holds(model is not Ellipsis, MISSING)
    holds(isinstance(model, nn.Module), Text("return an nn.Module", "nn.Module を返そう"))
    own = [m for m in model.modules() if not type(m).__module__.startswith("shinso.")]
    holds(own, Text("there is no layer of yours in it yet", "自分の層がまだ入っていない"))
    right = _learned(model)
    hint = Text(
        f"after ten epochs it gets {right:.0%} of the test digits right, and should reach "
        f"{ENOUGH:.0%}",
        f"十エポック後のテスト用の数字の正解率は {right:.0%}。{ENOUGH:.0%} に届くはず",
    )
    holds(right >= ENOUGH, hint)


def _learned(model: nn.Module) -> float:
    """The share of the test digits that are right after ten epochs of Adam."""
    digits = data.load("digits")
    (x, t), (x_test, t_test) = (
        ((images / 16).astype(np.float32), labels)
        for images, labels in (digits.train.arrays, digits.test.arrays)
    )
    array(model(Tensor(x[:2])), (2, 10))
    optimizer = optim.Adam(model.parameters(), lr=0.005)
    trainer = Trainer(model, nn.CrossEntropyLoss(), optimizer, progress=False, compile=False)
    trainer.fit((x, t), epochs=10)
    return float(np.mean(trainer.predict(x_test).argmax(axis=1) == t_test))


TASKS: Tasks = {
    "3.1": _softsign,
    "3.2": _centre,
    "3.3": _scale,
    "3.4": _normalize,
    "3.5": _layer,
    "3.6": _trainable,
}
