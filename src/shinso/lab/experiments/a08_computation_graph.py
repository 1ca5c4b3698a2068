"""f = xy + z as a graph with its values and gradients, and an operation that a user writes."""

from __future__ import annotations

import functools

import numpy as np

from shinso import ops
from shinso.cell import Array
from shinso.checking import compare
from shinso.graph import Function, Tensor, numerical_gradient
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.ops.arithmetic import Add, Multiply
from shinso.viz.graph import graph
from shinso.viz.numbers import number

X, Y, Z = -2.0, 5.0, -4.0
AT = {"x": 0.6, "w": 1.5, "b": -0.5}


class Bell(Function):
    """y = exp(−x²), the bell curve. dx = −2xy dy."""

    def forward(self, x: Array) -> Array:
        """The value; x and y are kept for backward."""
        self.x, self.y = x, np.exp(-x * x)
        return self.y

    def backward(self, dy: Array) -> Array:
        """The gradient that arrives, times the slope."""
        return -2 * self.x * self.y * dy


def bell(x: Tensor) -> Tensor:
    """The bell curve of each element."""
    return Bell()(x)


def leaves(**values: float) -> dict[str, Tensor]:
    """Named numbers, in float64, whose gradients are wanted."""
    return {name: Tensor(np.array(v), requires_grad=True) for name, v in values.items()}


def gradients(of: Tensor, inputs: dict[str, Tensor]) -> dict[str, float]:
    """d(of)/d(each input), by one backward pass. The graph stays, to be drawn."""
    of.backward(retain_graph=True)
    return {name: float(np.asarray(t.grad)) for name, t in inputs.items()}


def work(settings: Settings) -> Outcome:
    """Differentiate f by hand, by backward and by differences; then an op of our own."""
    numbers = leaves(x=X, y=Y, z=Z)
    q = numbers["x"] * numbers["y"]
    f = q + numbers["z"]
    found = gradients(f, numbers)
    by_hand = {"x": Y, "y": X, "z": 1.0}
    own = leaves(**AT)
    curve = bell(own["w"] * own["x"] + own["b"])
    own_found = gradients(curve, own)
    points = np.random.default_rng(settings.seed).uniform(-3, 3, 1000)
    verdicts = [
        Verdict(
            Text(f"∂f/∂{name} at (−2, 5, −4)", f"(−2, 5, −4) での ∂f/∂{name}"),
            found[name], by_hand[name], 0.0, "=",
        )
        for name in found
    ]  # fmt: skip
    verdicts += [
        Verdict(
            Text("our own op at 1,000 points: backward against central differences, largest gap",
                 "自作の演算、1,000 点:逆伝播と中心差分の差の最大"),
            gap_of_bell(points), 0.0, 1e-6, "≤",
        ),
        Verdict(
            Text("our own op, compiled against NumPy: largest gap of value and gradient",
                 "自作の演算、コンパイル版と NumPy:値と勾配の差の最大"),
            compare("bell", bell, [Tensor(points, requires_grad=True)]).largest, 0.0, 1e-12, "≤",
        ),
    ]  # fmt: skip
    drawings = _figures((f, numbers | {"f": f}), (curve, own | {"y": curve}))
    return Outcome(verdicts, [_table(q, f, found), _own_table(curve, own, own_found)], drawings)


def gap_of_bell(points: Array) -> float:
    """The largest difference of backward and central differences. points: (n,) float64."""
    x = Tensor(points, requires_grad=True)
    ops.sum(bell(x)).backward()
    numeric = numerical_gradient(lambda p: ops.sum(bell(Tensor(p))), points)
    return float(np.abs(x.grad - numeric).max())


def _table(q: Tensor, f: Tensor, found: dict[str, float]) -> Table:
    rows = [
        ("q = x·y", number(q.item()), "∂q/∂x = y, ∂q/∂y = x", number(1.0)),
        ("f = q + z", number(f.item()), "∂f/∂q = 1, ∂f/∂z = 1", number(1.0)),
        ("x", number(X), "∂f/∂q · ∂q/∂x", number(found["x"])),
        ("y", number(Y), "∂f/∂q · ∂q/∂y", number(found["y"])),
        ("z", number(Z), "∂f/∂z", number(found["z"])),
    ]
    columns = (
        Text("node", "ノード"),
        Text("value", "値"),
        Text("local slopes, chain rule", "局所的な微分、連鎖律"),
        Text("gradient of f", "f の勾配"),
    )
    return Table(columns, rows)


def _own_table(curve: Tensor, own: dict[str, Tensor], found: dict[str, float]) -> Table:
    rows = []
    for name in own:
        numeric = numerical_gradient(functools.partial(_curve_with, name), AT[name]).item()
        rows.append((name, *map(number, (AT[name], found[name], numeric))))
    columns = (
        Text("input", "入力"),
        Text("value", "値"),
        Text("gradient, backward", "勾配(逆伝播)"),
        Text("gradient, differences", "勾配(差分)"),
    )
    caption = Text(
        f"exp(−(wx + b)²) = {curve.item():.6f}, with an op that shinso does not have.",
        f"exp(−(wx + b)²) = {curve.item():.6f}。shinso にはない演算を自作した。",
    )
    return Table(columns, rows, caption)


def _curve_with(name: str, value: Array) -> float:
    """The same formula in NumPy, with another value for one input."""
    at = AT | {name: float(value)}
    return float(np.exp(-((at["w"] * at["x"] + at["b"]) ** 2)))


def _figures(
    first: tuple[Tensor, dict[str, Tensor]], own: tuple[Tensor, dict[str, Tensor]]
) -> list[Figure]:
    captions = {
        "graph": Text(
            "f = xy + z at x = −2, y = 5, z = −4. Blue: values, going right. Orange: gradients of "
            "f, going left, each the one behind it times the local slope.",
            "f = xy + z、x = −2、y = 5、z = −4。青は右へ流れる値。橙は左へ流れる f の勾配で、"
            "一つ後ろの勾配に局所的な微分を掛けたもの。",
        ),
        "own": Text(
            "A graph with the operation Bell, which is defined on this page.",
            "このページで定義した演算 Bell を含む計算グラフ。",
        ),
    }
    return [
        Figure(name, graph(of, names=names), captions[name])
        for name, (of, names) in (("graph", first), ("own", own))
    ]


EXPERIMENT = Experiment(
    name="a8-computation-graph",
    rows=("A8",),
    title=Text("The computation graph", "計算グラフ"),
    question=Text(
        "How does a program differentiate any formula without knowing calculus?",
        "微分法を知らないプログラムが、どんな式でも微分できるのはなぜか。",
    ),
    claim=Text(
        "Every operation knows only its own forward and backward; the graph of f = xy + z does the "
        "rest. A new operation is written the same way.",
        "どの演算も自分の順伝播と逆伝播しか知らない。あとは f = xy + z のグラフが行う。新しい演算も"
        "同じように書ける。",
    ),
    text=Text(
        """Operations are nodes, values are edges. While Python computes forward, shinso writes down
        which operation made which value. Backward walks the same graph from the result to the
        inputs: it starts with ∂f/∂f = 1, and each node multiplies what arrives by its own slope and
        hands it on. That is the chain rule, and it is all of backpropagation.

        Each node keeps from the forward pass what it needs for the slope: the multiplication keeps
        both factors, the addition nothing. This is why training takes more memory than prediction.
        One backward pass gives the gradients of all inputs at once, for about the price of two
        forward passes; differences would need two passes for each input.

        An operation is a class with forward and backward in plain NumPy. Bell, below, is not part
        of shinso. It was written for this page, goes through the same gradient check as all others,
        and the compiler turns it into machine code like them.

        Where texts slip: backpropagation is not gradient descent. It computes the gradient; what
        one does with it is the optimizer's affair. And it is neither symbolic differentiation nor
        finite differences: the numbers are exact up to rounding.""",
        """演算がノード、値が辺である。Python が順伝播を計算する間に、shinso はどの演算がどの値を
        作ったかを記録する。逆伝播は同じグラフを結果から入力へたどる。∂f/∂f = 1 から始め、各ノー
        ドは届いた勾配に自分の微分を掛けて次へ渡す。これが連鎖律であり、誤差逆伝播法のすべてであ
        る。

        各ノードは微分に必要なものを順伝播のときに覚えておく。乗算は両方の因数を、加算は何も覚え
        ない。学習が予測より多くのメモリを使うのはこのためである。一度の逆伝播で、順伝播およ
        そ 2 回分の計算ですべての入力の勾配が得られる。差分なら入力ごとに順伝播が 2 回要る。

        演算は、forward と backward を普通の NumPy で書いたクラスである。下の Bell は shinso には
        なく、このページのために書いた。ほかの演算と同じ勾配確認を通り、同じようにコンパイルされ
        て機械語になる。

        誤りやすい点。誤差逆伝播法は勾配降下法ではない。勾配を計算するだけで、それをどう使うかは
        最適化手法の仕事である。また数式処理による微分でも差分でもない。得られる数値は丸め誤差を
        除いて正確である。""",
    ),
    work=work,
    formulas=(
        r"f=xy+z,\qquad q=xy",
        r"\frac{\partial f}{\partial x}=\frac{\partial f}{\partial q}\,\frac{\partial q}"
        r"{\partial x}=1\cdot y,\quad\frac{\partial f}{\partial y}=1\cdot x,\quad"
        r"\frac{\partial f}{\partial z}=1",
        r"y=e^{-x^2},\qquad\frac{\partial L}{\partial x}=-2xy\,\frac{\partial L}{\partial y}",
    ),
    code=(Multiply, Add, Bell),
)
