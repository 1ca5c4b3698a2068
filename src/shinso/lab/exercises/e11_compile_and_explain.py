"""Tasks of notebook 11, compiled steps."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from shinso import nn, ops, optim
from shinso.cell import Array
from shinso.compiler import TraceError, compile
from shinso.graph import Tensor
from shinso.lab.exercises.judging import Tasks, Wrong, array, close, function, holds, number
from shinso.lab.exercises.mistakes import mistake, parts
from shinso.lab.text import Text

RATE = 0.5


def _small_model() -> tuple[nn.Linear, Any]:
    model = nn.Linear(3, 4)
    rng = np.random.default_rng(0)
    for parameter in model.parameters():
        parameter.data = rng.normal(size=parameter.shape).astype(np.float32)
    return model, optim.SGD(model.parameters(), lr=RATE)


def _batch() -> tuple[Array, Array]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(6, 3)).astype(np.float32), np.array([0, 1, 2, 3, 0, 1])


def _make_step(make_step: Any) -> None:
    model, optimizer = _small_model()
    step, (x, t) = function(function(make_step)(model, optimizer)), _batch()
    before, w = _loss_and_gradient(model, x, t), model.weight.data.copy()
    loss = step(x, t)
    holds(isinstance(loss, Tensor), _not_a_tensor(loss))
    hint = Text(
        "the loss is ops.cross_entropy of model(x) and t",
        "損失は、model(x) と t の ops.cross_entropy",
    )
    close(loss, before[0], hint, 1e-5)
    after = model.weight.data
    hint = Text(
        "the weights stay what they were: gradients are used by optimizer.step()",
        "重みが変わらない。勾配を使うのは optimizer.step()",
    )
    holds(not np.array_equal(after, w), hint)
    hint = Text(
        "the weights do not change by −rate × gradient: backward once, one update",
        "重みの変化が −学習率 × 勾配でない。逆伝播を一度、更新を一度",
    )
    close(after, w - RATE * before[1], hint, 1e-5)
    _second_step(model, step, x, t)


def _second_step(model: nn.Linear, step: Any, x: Array, t: Array) -> None:
    """Judge another step: are the gradients of the first one gone?"""
    w, gradient = model.weight.data.copy(), _loss_and_gradient(model, x, t)[1]
    step(x, t)
    hint = Text(
        "in the second step the gradient of the first one is added again: set it back to zero",
        "二ステップ目に、一ステップ目の勾配がまた足されている。0 に戻そう",
    )
    close(model.weight.data, w - RATE * gradient, hint, 1e-5)


def _loss_and_gradient(model: nn.Linear, x: Array, t: Array) -> tuple[float, Array]:
    """Of a copy of a linear layer: the model itself keeps what it has."""
    copy = nn.Linear(3, 4)
    copy.load_state_dict(model.state_dict())
    loss = ops.cross_entropy(copy(x), t)
    loss.backward()
    return loss.item(), array(copy.weight.grad)


def _not_a_tensor(loss: Any) -> Text:
    if loss is None or loss is ...:
        return Text("the step has to return the loss", "ステップは損失を返す")
    return Text(
        f"return the loss as it is, a Tensor, and not a {type(loss).__name__}: compiled code knows "
        "no Python numbers while it is traced",
        f"損失は {type(loss).__name__} に変えず、Tensor のまま返そう。トレース中に値はない",
    )


def _largest_difference(difference: Any) -> None:
    difference = function(difference)
    a = np.array([[0.5, -2.0, 1.0], [0.0, 3.0, 1.5]])
    b = np.array([[1.5, 1.0, 1.0], [0.25, 1.0, 2.0]])  # a − b is between −3 and 2
    for first, second, signed in ((a, b, 2.0), (a[0], b[0], 0.0), (b, a, 3.0)):
        apart = np.abs(first - second)
        found = array(difference(first, second))
        holds(found.shape == (), Text("one number for the whole array", "配列全体で数一つ"))
        hint = Text(
            "a large negative difference counts, too: absolute values first",
            "大きな負の差も差である。先に絶対値を",
        )
        holds(signed == apart.max() or not np.isclose(found, signed), hint)
        mistake(found, apart.sum(), Text("the largest, not the sum", "和でなく最大値"))
        mistake(found, apart.mean(), Text("the largest, not the mean", "平均でなく最大値"))
        hint = Text("how far apart are they where they are furthest?", "最も離れた要素の差は?")
        close(found, apart.max(), hint)


ANEW = (False, True, False, True, True)
REASONS = (
    Text(
        "1: that is what a program is for: the same computation on other values",
        "1:同じ計算を別の値で行うためのプログラムである",
    ),
    Text("2: shapes are part of what was noted", "2:形は記録されたものの一部"),
    Text(
        "3: the optimizer keeps the rate in a cell, which every call reads anew: a schedule would "
        "be expensive otherwise",
        "3:学習率はセルにあり、呼び出しごとに読まれる。そうでないとスケジュールが高くつく",
    ),
    Text(
        "4: what layers do depends on the mode, as with dropout",
        "4:ドロップアウトのように、層のすることはモードによる",
    ),
    Text(
        "5: a Python number is part of the program; the function could have an if on it",
        "5:Python の数はプログラムの一部。関数はそれで if 分岐できる",
    ),
)


def _traced_anew(answers: Any) -> None:
    found = array(answers, (5,))
    for got, right, reason in zip(found, ANEW, REASONS, strict=True):
        close(got, right, reason)


def _shorter(shorter: Any) -> None:
    shorter = function(shorter)
    vectors = [np.array(v) for v in ([3.0, 4.0], [0.3, -0.4], [0.6, 0.8], [-6.0, 8.0])]
    for v in vectors:
        length = float(np.sqrt(v @ v))
        found = array(shorter(v.copy()), v.shape)
        hint = Text(
            f"a vector of length {length:g} is not longer than 1 and stays what it is",
            f"長さ {length:g} のベクトルは 1 より長くないので、そのまま",
        )
        holds(length > 1 or np.allclose(found, v), hint)
        hint = Text(
            f"a vector of length {length:g} becomes 1 long: divide by its length",
            f"長さ {length:g} のベクトルは長さ 1 に。長さで割ろう",
        )
        close(found, v / max(length, 1), hint)
    try:
        compiled = [compile(shorter)(v) for v in vectors[:2]]
    except TraceError as error:
        said = str(error).split("\n")[0]
        raise Wrong(
            Text(f"right in NumPy, but not compiled: {said}", f"NumPy では正しいが、{said}")
        ) from None
    for v, found in zip(vectors, compiled, strict=False):
        hint = Text("compiled it gives something else", "コンパイルすると別の値になる")
        close(found, shorter(v), hint)


def _product_flops(flops: Any) -> None:
    flops = function(flops)
    for n, k, m in ((2, 3, 5), (64, 100, 7)):
        found = number(flops(n, k, m))
        hint = Text("those are the multiplications; the additions?", "それは乗算。加算は?")
        mistake(found, n * k * m, hint)
        hint = Text("that many additions are needed exactly; count k instead of k − 1",
                    "正確にはそうだが、加算は k − 1 でなく k と数えよう")  # fmt: skip
        mistake(found, n * m * (2 * k - 1), hint)
        hint = Text(
            "there are n × m results: how many multiplications does one of them take?",
            "結果は n × m 個。その一つに乗算が何回?",
        )
        close(found, 2 * n * k * m, hint)


def _longest(longest: Any) -> None:
    longest = function(longest)
    for times in ((1.0, 4.0, 2.0, 1.0), (0.5, 0.2, 0.1, 0.1)):
        numbers = (0, 1, 3, 4)  # 2 is a call of NumPy
        kernels = [
            SimpleNamespace(number=n, seconds=s * 1e-6) for n, s in zip(numbers, times, strict=True)
        ]
        found = parts(longest(SimpleNamespace(kernels=tuple(kernels))), "number, share")
        best = int(np.argmax(times))
        hint = Text(
            "the number of the kernel with the most seconds", "seconds が最大のカーネルの number"
        )
        close(number(found[0]), numbers[best], hint)
        share = number(found[1])
        mistake(share, 100 * max(times) / sum(times), Text("from 0 to 1", "0 から 1 で"))
        hint = Text(
            "its seconds divided by the sum of all kernels' seconds",
            "そのカーネルの seconds を、全カーネルの seconds の和で割る",
        )
        close(share, max(times) / sum(times), hint)


def _share_of_peak(share: Any) -> None:
    share = function(share)
    for flops, size, seconds in ((8e6, 1e4, 4e-4), (1e4, 8e6, 2e-3)):
        speed, bandwidth = 4e10, 1e10
        compute, memory = flops / speed, size / bandwidth
        found = number(share(flops, size, seconds, speed, bandwidth))
        wrongs = (
            (min(compute, memory) / seconds,
             Text("the slower of the two decides", "遅いほうが決める")),
            ((compute + memory) / seconds,
             Text("both go on at once: not the sum", "同時に進むので、和ではない")),
            (seconds / max(compute, memory),
             Text("a share is at most 1: the other way round", "割合は 1 以下。逆数に")),
        )  # fmt: skip
        for wrong, hint in wrongs:
            mistake(found, wrong, hint, 1e-9)
        hint = Text(
            "flops ÷ speed and size ÷ bandwidth are two times; which counts?",
            "flops ÷ speed と size ÷ bandwidth は時間。どちらが効くか",
        )
        close(found, max(compute, memory) / seconds, hint, 1e-9)


TASKS: Tasks = {
    "11.1": _make_step,
    "11.2": _largest_difference,
    "11.3": _traced_anew,
    "11.4": _shorter,
    "11.5": _product_flops,
    "11.6": _longest,
    "11.7": _share_of_peak,
}
