"""Tasks of notebook 12, residual networks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Tensor, no_grad
from shinso.lab.exercises.judging import Tasks, array, close, function, holds, number
from shinso.lab.exercises.mistakes import mistake
from shinso.lab.text import Text
from shinso.nn.module import Module


def _rms(rms: Any) -> None:
    rms = function(rms)
    rng = np.random.default_rng(0)
    for shape in ((5,), (4, 6)):
        g = rng.normal(size=shape) + 0.5
        found = array(rms(g.copy()))
        hint = Text("one number for the whole array", "配列全体で数一つ")
        holds(found.shape == (), hint)
        mistake(found, np.mean(g**2), Text("the root is missing", "平方根が抜けている"))
        mistake(found, np.sqrt(np.sum(g**2)), Text("a mean, not a sum", "和でなく平均"))
        mistake(
            found,
            g.std(),
            Text("nothing is subtracted: square g itself", "平均は引かず、g 自身を二乗する"),
        )
        mistake(
            found,
            np.abs(np.mean(g)),
            Text("square first, then take the mean", "先に二乗し、それから平均を"),
        )
        hint = Text("square, mean, root, in that order", "二乗、平均、平方根の順に")
        close(found, np.sqrt(np.mean(g**2)), hint)


def _left(share: Any) -> None:
    found = number(share)
    mistake(
        found, 0.5 * 20, Text("the factors multiply, they do not add", "足すのでなく、掛け合わせる")
    )
    hint = Text(
        "after two layers 0.5 × 0.5 is left; after 20?", "二層で 0.5 × 0.5 になる。20 層では?"
    )
    holds(math.isclose(found, 0.5**20, rel_tol=1e-3), hint)


def _residual(block: Any) -> None:
    made = _made(block, 5)
    hint = Text(
        "it has two linear layers: 2 × (5 × 5 + 5) parameters for a width of 5",
        "全結合層は二つ。幅 5 ならパラメータは 2 × (5 × 5 + 5) 個",
    )
    holds(sum(p.size for p in made.parameters()) == 60, hint)
    x = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    _judge_block(made, x, x)


def _made(block: Any, *sizes: int) -> Module:
    """A block with random weights, and without missing parts."""
    made = function(block)(*sizes)
    hint = Text("a class derived from nn.Module is asked for", "nn.Module を継承したクラスを")
    holds(isinstance(made, Module), hint)
    rng = np.random.default_rng(1)
    for parameter in made.parameters():
        parameter.data = rng.normal(size=parameter.shape).astype(np.float32)
    return made


def _run(block: Module, x: Array) -> Array:
    with no_grad():
        return array(block(Tensor(x)))


def _judge_block(block: Module, x: Array, shortcut: Array) -> None:
    """Judge y = shortcut + F(x). The block's weights are first, then second, in their order."""
    w1, b1, w2, b2 = (p.data for p in list(block.parameters())[:4])
    hidden = x @ w1.T + b1
    inner = np.maximum(hidden, 0) @ w2.T + b2
    found = _run(block, x)
    holds(
        found.shape == shortcut.shape,
        Text(
            f"the output is {found.shape} and should be {shortcut.shape}",
            f"出力の形が {found.shape}。{shortcut.shape} のはず",
        ),
    )
    wrongs = (
        (inner, Text("that is F(x) alone: add x", "それは F(x) だけ。x を加えよう")),
        (
            np.maximum(shortcut + inner, 0),
            Text("nothing after the addition: x must get through", "加算のあとには何も置かない"),
        ),
        (
            shortcut + np.maximum(inner, 0),
            Text("no ReLU after the second layer", "二つ目の層のあとに ReLU は置かない"),
        ),
        (
            shortcut + hidden @ w2.T + b2,
            Text("the ReLU between the two layers is missing", "二つの層の間の ReLU がない"),
        ),
        (np.maximum(inner, 0), Text("that is the plain block", "それはプレーンなブロック")),
        (shortcut * inner, Text("added, not multiplied", "掛けるのでなく、足す")),
    )
    for wrong, hint in wrongs:
        mistake(found, wrong, hint, 1e-4)
    hint = Text(
        "y is the shortcut plus second(relu(first(x)))",
        "y は、ショートカットと second(relu(first(x))) の和",
    )
    close(found, shortcut + inner, hint, 1e-4)


def _slopes(one: Any, many: Any) -> None:
    one, many = function(one), function(many)
    for s in (0.3, 0.0, -2.0):
        found = number(one(s))
        hint = Text("x itself contributes, too", "x そのものの分もある")
        holds(s == 0 or found != s, hint)
        close(found, 1 + s, Text("differentiate x + F(x)", "x + F(x) を微分しよう"))
    for s, n in ((0.5, 3), (-0.2, 4)):
        found = number(many(s, n))
        mistake(
            found,
            1 + s**n,
            Text("every block has its own shortcut", "ショートカットは各ブロックにある"),
        )
        mistake(found, s**n, Text("that is without shortcuts", "それはショートカットのない場合"))
        mistake(
            found, 1 + n * s, Text("that is only its first part", "それは展開した最初の部分だけ")
        )
        mistake(found, n * (1 + s), Text("slopes in a row multiply", "続けた傾きは掛け合わさる"))
        hint = Text(
            "the chain rule multiplies the slopes of all blocks",
            "連鎖律では、全ブロックの傾きを掛け合わせる",
        )
        close(found, (1 + s) ** n, hint)


def _paths(paths: Any, through: Any) -> None:
    paths, through = function(paths), function(through)
    for n in (1, 3, 10):
        found = number(paths(n))
        hint = Text(
            "each block doubles the number: draw two blocks and follow every line",
            "ブロックごとに二倍になる。二つ描いて線をすべてたどろう",
        )
        close(found, 2**n, hint)
    for n, k in ((3, 0), (3, 1), (10, 4), (6, 6)):
        found = number(through(n, k))
        hint = Text(
            "which of the blocks also matters, not only how many: choose k of n",
            "何個かだけでなく、どれを通るかも問題。n 個から k 個を選ぶ",
        )
        for wrong in (k, 2**k, n, math.perm(n, k)):
            holds(found != wrong or wrong == math.comb(n, k), hint)
        hint = Text(
            "it is a binomial coefficient; the sum over all k is the number of all paths",
            "二項係数である。すべての k についての和が経路の総数になる",
        )
        close(found, math.comb(n, k), hint)


def _projected(block: Any) -> None:
    wide = _made(block, 3, 5)
    weights = [p for p in wide.parameters() if p.shape == (5, 3)]
    hint = Text(
        "with 3 inputs and 5 outputs the shortcut needs a layer of its own, from 3 to 5",
        "入力 3、出力 5 では、ショートカットに 3 から 5 への層が要る",
    )
    holds(len(weights) == 2, hint)
    hint = Text("the projection has no bias", "射影にバイアスはない")
    holds(sum(p.size for p in wide.parameters()) == 20 + 30 + 15, hint)
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    _judge_block(wide, x, x @ weights[1].data.T)
    same = _made(block, 5, 5)
    hint = Text(
        "with as many outputs as inputs x goes through as it is: no projection",
        "出力と入力の数が同じなら、x はそのまま通す。射影は置かない",
    )
    holds(sum(p.size for p in same.parameters()) == 60, hint)
    x = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    _judge_block(same, x, x)


TASKS: Tasks = {
    "12.1": _rms,
    "12.2": _left,
    "12.3": _residual,
    "12.4": _slopes,
    "12.5": _paths,
    "12.6": _projected,
}
