"""Gates of backpropagation: add distributes, multiply switches, max routes, branches add."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso import ops
from shinso.cell import Array
from shinso.graph import Tensor, numerical_gradient
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict, Words
from shinso.lab.text import Text
from shinso.ops.arithmetic import Add, Maximum, Multiply
from shinso.viz.graph import graph
from shinso.viz.numbers import number

AT = {"x": 2.0, "y": -5.0, "z": 4.0, "w": 1.0}
POINTS = 1000
_NAMES = {
    "add": Text("add", "加算"),
    "multiply": Text("multiply", "乗算"),
    "max": Text("max", "max"),
}


def example(x: Any, y: Any, z: Any, w: Any) -> dict[str, Tensor]:
    """f = (x + y)·max(z, w) + x·w, with everything on the way."""
    s, m = ops.add(x, y), ops.maximum(z, w)
    p, q = ops.mul(s, m), ops.mul(x, w)
    return {"s": s, "m": m, "p": p, "q": q, "f": ops.add(p, q)}


def gradients_everywhere() -> tuple[dict[str, Tensor], dict[str, float]]:
    """All tensors of the example, and the gradient of f for each."""
    numbers = {n: Tensor(np.array(v), requires_grad=True) for n, v in AT.items()}
    tensors = {**numbers, **example(**numbers)}
    for tensor in tensors.values():
        tensor.retain_grad()
    tensors["f"].backward(retain_graph=True)
    return tensors, {name: float(np.asarray(t.grad)) for name, t in tensors.items()}


Gate = Callable[[Any, Any], Tensor]
Rule = Callable[[Array, Array, Array], tuple[Array, Array]]
RULES: dict[str, tuple[Gate, Rule]] = {
    "add": (ops.add, lambda x, y, d: (d, d)),
    "multiply": (ops.mul, lambda x, y, d: (d * y, d * x)),
    "max": (ops.maximum, lambda x, y, d: (d * (x > y), d * (y > x))),
}
"""What each gate does with the gradient d that arrives."""


def gap(gate: Gate, rule: Rule, seed: int) -> float:
    """The largest difference of a gate's gradients from the rule and from central differences."""
    x, y, d = np.random.default_rng(seed).uniform(-3, 3, (3, POINTS))
    tensors = [Tensor(v, requires_grad=True) for v in (x, y)]
    gate(*tensors).backward(d)
    numeric = (
        numerical_gradient(lambda v: ops.sum(gate(Tensor(v), y) * d), x),
        numerical_gradient(lambda v: ops.sum(gate(x, Tensor(v)) * d), y),
    )
    found = [np.asarray(t.grad) for t in tensors]
    gaps = [
        np.abs(a - b).max()
        for other in (rule(x, y, d), numeric)
        for a, b in zip(found, other, strict=True)
    ]
    return float(max(gaps))


def work(settings: Settings) -> Outcome:
    """One graph with all gates, by numbers; then each gate at a thousand random points."""
    tensors, d = gradients_everywhere()
    v = {name: t.item() for name, t in tensors.items()}
    tie = [Tensor(np.array(3.0), requires_grad=True) for _ in range(2)]
    ops.maximum(*tie).backward()
    verdicts = [
        Verdict(Text("add distributes: ∂f/∂y = ∂f/∂s", "加算は配る:∂f/∂y = ∂f/∂s"),
                d["y"], d["s"], 0.0, "="),
        Verdict(Text("multiply switches: ∂f/∂s = ∂f/∂p · m", "乗算は入れ替える:∂f/∂s = ∂f/∂p · m"),
                d["s"], d["p"] * v["m"], 0.0, "="),
        Verdict(Text("multiply switches: ∂f/∂m = ∂f/∂p · s", "乗算は入れ替える:∂f/∂m = ∂f/∂p · s"),
                d["m"], d["p"] * v["s"], 0.0, "="),
        Verdict(Text("max routes to the larger: ∂f/∂z = ∂f/∂m",
                     "max は大きい方へ流す:∂f/∂z = ∂f/∂m"),
                d["z"], d["m"], 0.0, "="),
        Verdict(Text("branches add: ∂f/∂x = ∂f/∂s + w", "分岐は足す:∂f/∂x = ∂f/∂s + w"),
                d["x"], d["s"] + v["w"], 0.0, "="),
        Verdict(Text("nothing through max, all by the other branch: ∂f/∂w = 0 + x",
                     "max からは 0、もう一方の枝から全部:∂f/∂w = 0 + x"),
                d["w"], v["x"], 0.0, "="),
    ]  # fmt: skip
    verdicts += [
        Verdict(
            Text(f"{_NAMES[name].en} at {POINTS:,} random points: largest gap from its rule and "
                 "from differences",
                 f"{_NAMES[name].ja}、乱数 {POINTS:,} 点:規則および差分との差の最大"),
            gap(gate, rule, settings.seed), 0.0, 1e-6, "≤",
        )
        for name, (gate, rule) in RULES.items()
    ]  # fmt: skip
    verdicts.append(
        Verdict(Text("a tie at max: each side gets half", "max が同点:両側に半分ずつ"),
                float(np.asarray(tie[0].grad)), 0.5, 0.0, "=")
    )  # fmt: skip
    return Outcome(verdicts, [_rules(), _table(v, d)], [_figure(tensors)])


def _rules() -> Table:
    side = Text("dz if it is the larger, else 0", "大きい側なら dz、でなければ 0")
    rows: list[tuple[Words, ...]] = [
        (_NAMES["add"], "z = x + y", "dz", "dz", Text("distributes", "配る")),
        (_NAMES["multiply"], "z = x·y", "y·dz", "x·dz", Text("switches", "入れ替える")),
        (_NAMES["max"], "z = max(x, y)", side, side, Text("routes", "流す先を選ぶ")),
        (Text("branch", "分岐"), "u₁ = x, u₂ = x", "du₁ + du₂", "", Text("adds", "足す")),
    ]
    columns = (Text("gate", "ゲート"), Text("forward", "順伝播"), "dx", "dy", Text("it", "働き"))
    return Table(columns, rows, numbers=False)


def _table(values: dict[str, float], found: dict[str, float]) -> Table:
    formulas = {
        "s": "s = x + y",
        "m": "m = max(z, w)",
        "p": "p = s·m",
        "q": "q = x·w",
        "f": "f = p + q",
    }
    rows = [(formulas.get(n, n), number(values[n]), number(found[n])) for n in values]
    return Table(
        (Text("node", "ノード"), Text("value", "値"), Text("gradient of f", "f の勾配")), rows
    )


def _figure(tensors: dict[str, Tensor]) -> Figure:
    names = {name: tensors[name] for name in (*AT, "f")}
    caption = Text(
        "f = (x + y)·max(z, w) + x·w at x = 2, y = −5, z = 4, w = 1. Blue: values. Orange: "
        "gradients of f. x and w are used twice: their gradients add.",
        "f = (x + y)·max(z, w) + x·w、x = 2、y = −5、z = 4、w = 1。青は値、橙は f の勾配。"
        "x と w は二度使われ、勾配は足される。",
    )
    return Figure("gates", graph(tensors["f"], names=names), caption)


EXPERIMENT = Experiment(
    name="a9-gates",
    rows=("A9",),
    title=Text("Gates of backpropagation", "逆伝播のゲート"),
    question=Text(
        "What does each kind of node do with the gradient that arrives?",
        "届いた勾配を、各種のノードはどうするのか。",
    ),
    claim=Text(
        "Add distributes, multiply switches, max routes, and where a value branches, gradients "
        "add.",
        "加算は配り、乗算は入れ替え、max は流す先を選び、値が分岐するところでは勾配が足される。",
    ),
    text=Text(
        """Four rules are enough to follow a gradient through most networks by eye. An addition
        hands what arrives to both sides, unchanged: this is why shortcuts (ResNet, D11) let
        gradients through. A multiplication hands each side the gradient times the other side's
        value. A maximum hands all to the larger side and nothing to the other: so do max pooling
        and ReLU, which is max(0, x). Where a value is used twice, its gradients add.

        Look at w in the figure: max took z, so nothing comes that way. But w is used in x·w as
        well, and from there comes x = 2. At x the two branches bring 4 and 1, together 5.

        The multiplication explains why inputs are scaled: in w·x the gradient of w is x, so an
        input a thousand times as large makes the steps of its weight a thousand times as large.

        Where texts slip: at a tie the maximum has no derivative, and one must agree on something.
        shinso gives each side half; others give all to the first. For ReLU at 0 shinso takes 0, as
        the frameworks do. And a second use adds to a gradient, it does not replace it: whoever
        forgets zero_grad() adds that of the step before as well.""",
        """四つの規則があれば、多くのネットワークの勾配を目で追える。加算は届いた勾配をそのまま両
        側へ渡す。ショートカット (ResNet、D11)が勾配を通すのはこのためである。乗算は、届いた勾配
        に相手側の値を掛けて渡す。max は大きい側に全部を渡し、他方には何も渡さない。最大プーリン
        グも、max(0, x) である ReLU も同じである。値が 2 回使われるところでは勾配が足される。

        図の w を見よ。max は z を選んだので、そこからは何も来ない。しかし w は x·w でも使われ、
        そこから x = 2 が来る。 x では二つの枝から 4 と 1 が来て、合わせて 5 になる。

        乗算の規則は、入力をそろえる理由も説明する。w·x で w の勾配は x だから、入力が千倍なら重
        みの一歩も千倍になる。

        誤りやすい点。同点のとき max は微分できず、取り決めが要る。shinso は半分ずつ渡し、最初の
        ものに全部渡す流儀もある。 0 での ReLU の微分は、ほかのフレームワークと同じく 0 とする。
        また 2 回目の使用は勾配に足されるのであって、置き換えるのではない。zero_grad() を忘れる
        と、前のステップの勾配まで足される。""",
    ),
    work=work,
    formulas=(
        r"z=x+y:\quad dx=dz,\quad dy=dz",
        r"z=xy:\quad dx=y\,dz,\quad dy=x\,dz",
        r"z=\max(x,y):\quad dx=\mathbb{1}[x>y]\,dz,\quad dy=\mathbb{1}[y>x]\,dz",
        r"\frac{\partial f}{\partial x}=\sum_k\frac{\partial f}{\partial u_k}"
        r"\frac{\partial u_k}{\partial x}",
    ),
    code=(Add, Multiply, Maximum),
)
