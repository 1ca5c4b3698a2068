"""Tasks of notebook 4, backpropagation on paper."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso import ops
from shinso.cell import Array
from shinso.graph import Tensor
from shinso.lab.exercises.judging import Tasks, array, close, function, holds, number
from shinso.lab.exercises.mistakes import mistake, parts
from shinso.lab.text import Text
from shinso.ops.softmax import stable_softmax

_CHAIN = Text(
    "the gradient that arrives is missing: the chain rule multiplies it in",
    "届いた勾配がない。連鎖律ではそれを掛ける",
)


def _sum_and_product(dx: Any, dy: Any, dz: Any) -> None:
    found = number(dx), number(dy), number(dz)
    hint = Text(
        "× switches: x gets the value of y, and y that of x", "× は入れ替える。x には y の値"
    )
    mistake(found[:2], (-2, 5), hint)
    mistake(
        found[2], 3, Text("+ hands on the 1, not the value of z", "+ が渡すのは z の値でなく 1")
    )
    close(found[2], 1, Text("z: + hands on the gradient as it is", "z:+ は勾配をそのまま渡す"))
    close(found[0], 5, Text("x: 1 times the value of y", "x:1 に y の値を掛ける"))
    close(found[1], -2, Text("y: 1 times the value of x, with its sign", "y:1 に x の値。符号も"))


def _max_and_branch(dx: Any, dy: Any, dz: Any) -> None:
    found = number(dx), number(dy), number(dz)
    branch = Text(
        "x is used twice: add what comes back from both", "x は二度使われる。両方から足す"
    )
    mistake(found[0], 5, branch)
    mistake(found[0], 3, branch)
    hint = Text("max gives nothing to the side that lost", "max は、小さかった側には何も渡さない")
    close(found[1], 0, hint)
    hint = Text("z: × switches, and + hands on: the value of the max", "z:× は入れ替え、+ は渡す")
    close(found[2], 3, hint)
    hint = Text(
        "x: through the max comes x + z, through the sum comes the max",
        "x:max を通して x + z、和を通して max の値が来る",
    )
    close(found[0], 8, hint)


def _sigmoid(backward: Any) -> None:
    backward = function(backward)
    rng = np.random.default_rng(0)
    dy, x = rng.normal(size=(2, 3, 4))
    y = 1 / (1 + np.exp(-x))
    found = backward(dy, y)
    mistake(found, y * (1 - y), _CHAIN)
    again = 1 / (1 + np.exp(-y))
    hint = Text("y is the output already: no further sigmoid", "y はもう出力。シグモイドは要らない")
    mistake(found, dy * again * (1 - again), hint)
    mistake(found, -dy * y * (1 - y), Text("look at the sign", "符号を見よう"))
    mistake(found, dy * (1 - y), Text("a factor y is missing", "因子 y が足りない"))
    close(found, dy * y * (1 - y), Text("dy · y · (1 − y)", "dy · y · (1 − y)"))


def _affine(backward: Any) -> None:
    backward = function(backward)
    rng = np.random.default_rng(1)
    for n, before, after in ((3, 3, 3), (5, 4, 2)):
        dy, x = rng.normal(size=(n, after)), rng.normal(size=(n, before))
        w = rng.normal(size=(before, after))
        dx, dw, db = parts(backward(dy, x, w), "dX, dW, db")
        square = n == before == after
        _affine_input(dx, dy, w, square)
        _affine_weight(dw, dy, x, square)
        _affine_bias(db, dy)


def _affine_input(dx: Any, dy: Array, w: Array, square: bool) -> None:
    if square:
        mistake(dx, dy @ w, Text("dX: W must be transposed", "dX:W は転置する"))
        mistake(dx, w.T @ dy, Text("dX: dY stands on the left", "dX:dY は左に来る"))
    close(dx, dy @ w.T, Text("dX = dY Wᵀ", "dX = dY Wᵀ"))


def _affine_weight(dw: Any, dy: Array, x: Array, square: bool) -> None:
    if square:
        mistake(dw, x @ dy, Text("dW: X must be transposed", "dW:X は転置する"))
    hint = Text("dW has the shape of W: (in, out)", "dW は W と同じ形、(in, out)")
    mistake(dw, dy.T @ x, hint)
    hint = Text("dW: no 1/N here, it is in dY already", "dW:1/N は要らない。dY に入っている")
    mistake(dw, x.T @ dy / len(x), hint)
    close(dw, x.T @ dy, Text("dW = Xᵀ dY", "dW = Xᵀ dY"))


def _affine_bias(db: Any, dy: Array) -> None:
    hint = Text(
        "db: one b serves all examples: the sum goes over the examples",
        "db:一つの b がすべての例に使われる。和は例についてとる",
    )
    found = array(db)
    mistake(found, dy.sum(axis=1), hint)
    mistake(found, dy.sum(), hint)
    mistake(found, dy.mean(axis=0), Text("db: a sum, no mean", "db:平均でなく和"))
    mistake(found, dy, hint)
    close(found, dy.sum(axis=0), Text("db = Σ dY, of shape (out,)", "db = Σ dY、形は (out,)"))


def _softmax(slopes: Any) -> None:
    slopes = function(slopes)
    p = stable_softmax(np.array([0.3, -1.2, 2.0, 0.1]))
    found, product = array(slopes(p), (4, 4)), np.outer(p, p)
    hint = Text("for i ≠ k there is a minus sign", "i ≠ k ではマイナスが付く")
    mistake(found, np.where(np.eye(4) == 1, np.diag(p) - product, product), hint)
    mistake(
        found,
        np.diag(p * (1 - p)),
        Text(
            "the others depend on x_k, too, through the denominator",
            "ほかのクラスも、分母を通して x_k に依存する",
        ),
    )
    hint = Text("on the diagonal the numerator counts, too", "対角では分子の分も加わる")
    mistake(found, -product, hint)
    hint = Text("the whole matrix has the wrong sign", "行列全体の符号が逆である")
    mistake(found, product - np.diag(p), hint)
    hint = Text(
        "p_k (1 − p_k) where i = k, −p_i p_k elsewhere", "i = k で p_k (1 − p_k)、ほかで −p_i p_k"
    )
    close(found, np.diag(p) - product, hint)


def _loss(backward: Any) -> None:
    backward = function(backward)
    rng = np.random.default_rng(2)
    for n, classes in ((4, 3), (6, 6)):
        x, t = rng.normal(size=(n, classes)), np.eye(classes)[rng.integers(0, classes, n)]
        p, found = stable_softmax(x), backward(x, t)
        mistake(found, (t - p) / n, Text("the sign: p − t", "符号:p − t"))
        mistake(found, p - t, Text("the loss is a mean: 1/N", "損失は平均なので 1/N が付く"))
        hint = Text("divide by the number of examples only", "割るのは例の数だけ")
        mistake(found, (p - t) / x.size, hint)
        hint = Text("x are scores: softmax first", "x はスコア。まずソフトマックスを")
        mistake(found, (x - t) / n, hint)
        hint = Text(
            "softmax goes over the classes, axis 1", "ソフトマックスはクラス(軸 1)についてとる"
        )
        mistake(found, (stable_softmax(x, axis=0) - t) / n, hint)
        close(found, (p - t) / n, Text("(p − t) / N", "(p − t) / N"))


def _network(gradients: Any) -> None:
    gradients = function(gradients)
    rng = np.random.default_rng(3)
    for n, before, hidden, classes in ((5, 3, 4, 2), (7, 2, 3, 4)):
        x, t = rng.normal(size=(n, before)), np.eye(classes)[rng.integers(0, classes, n)]
        shapes = (before, hidden), (hidden,), (hidden, classes), (classes,)
        arrays = [rng.normal(size=shape) for shape in shapes]
        found = parts(gradients(x, t, *arrays), "dW1, db1, dW2, db2")
        _compared(found, *_by_graph(x, t, arrays))


def _by_graph(x: Array, t: Array, arrays: list[Array]) -> tuple[list[Array], list[Array]]:
    """The four gradients by shinso's graph, and those of the first layer without the sigmoid."""
    w1, b1, w2, b2 = (Tensor(a, requires_grad=True) for a in arrays)
    hidden = ops.sigmoid(x @ w1 + b1)
    hidden.retain_grad()
    ops.cross_entropy(hidden @ w2 + b2, t).backward()
    assert hidden.grad is not None
    right = [np.asarray(p.grad) for p in (w1, b1, w2, b2)]
    return right, [x.T @ hidden.grad, hidden.grad.sum(axis=0)]


def _compared(found: tuple[Any, ...], right: list[Array], forgotten: list[Array]) -> None:
    w1, b1, w2, b2 = (array(part) for part in found)
    hint = Text(
        "the second layer comes first: its dY is loss_backward", "まず二層目。dY は loss_backward"
    )
    close(w2, right[2], Text("dW2: the input of that layer is H", "dW2:その層の入力は H"))
    close(b2, right[3], hint)
    sigmoid = Text(
        "between the layers the gradient goes back through the sigmoid",
        "二つの層の間で、勾配はシグモイド関数も逆に通る",
    )
    mistake(w1, forgotten[0], sigmoid)
    mistake(b1, forgotten[1], sigmoid)
    hint = Text(
        "first layer: its dY is what comes back through the sigmoid, its input X",
        "一層目:dY はシグモイド関数を逆に通ってきたもの、入力は X",
    )
    holds(w1.shape == right[0].shape, hint)
    close(w1, right[0], hint)
    close(b1, right[1], hint)


TASKS: Tasks = {
    "4.1": _sum_and_product,
    "4.2": _max_and_branch,
    "4.3": _sigmoid,
    "4.4": _affine,
    "4.5": _softmax,
    "4.6": _loss,
    "4.7": _network,
}
