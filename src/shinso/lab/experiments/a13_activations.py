"""Activations forward and backward: their curves, their slopes, and what is convention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso import nn, ops
from shinso.cell import Array
from shinso.graph import Tensor, numerical_gradient
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.models import activation_layer
from shinso.models.activations import ACTIVATIONS
from shinso.ops.activation import ReLU, Sigmoid, Tanh
from shinso.viz.curves import curves
from shinso.viz.legend import legend_below
from shinso.viz.picture import Picture, grid
from shinso.viz.style import BLUE, ORANGE, say, styled

X = np.linspace(-6, 6, 1201)
"""Where everything is measured; 0 is one of the points."""
KINKS = {
    "step": (0.0,), "relu": (0.0,), "leaky_relu": (0.0,), "prelu": (0.0,), "relu6": (0.0, 6.0),
    "selu": (0.0,), "elu": (0.0,), "hardswish": (-3.0, 3.0), "hardsigmoid": (-3.0, 3.0),
}  # fmt: skip
"""Where a slope jumps (or, for ELU, bends): no difference can be compared there."""
DEPTH = 10


def forward_and_slope(f: Callable[[Any], Any], x: Array) -> tuple[Array, Array]:
    """y = f(x) and dy/dx by backward, (n,) each, in float64."""
    leaf = Tensor(np.asarray(x, dtype=np.float64), requires_grad=True)
    y = f(leaf)
    ops.sum(y).backward()
    return y.data, np.zeros_like(leaf.data) if leaf.grad is None else leaf.grad


def layers() -> dict[str, nn.Module]:
    """Every activation by name, in float64."""
    return {name: activation_layer(name).double() for name in ACTIVATIONS}


def softmax_of(x: Array) -> Array:
    """Rows of logits (x, 0, 0): three classes, of which one competes with two equal ones."""
    return np.stack([x, 0 * x, 0 * x], axis=1)


def softmax_slope(x: Array) -> tuple[Array, Array]:
    """The first probability of softmax (x, 0, 0), and its slope in x, by backward."""
    leaf = Tensor(softmax_of(x), requires_grad=True)
    p = ops.softmax(leaf)
    p.backward(np.eye(3)[np.zeros(len(x), dtype=int)])
    assert leaf.grad is not None
    return p.data[:, 0], leaf.grad[:, 0]


def worst_slope_error() -> float:
    """The largest error of any slope against central differences, a step away from the kinks."""
    worst = 0.0
    for name, layer in layers().items():
        away = np.ones(len(X), dtype=bool)
        for kink in KINKS.get(name, ()):
            away &= np.abs(X - kink) > 1e-4
        x = X[away][::10]
        numeric = numerical_gradient(lambda v, f=layer: ops.sum(f(v)), x)  # type: ignore[misc]
        worst = max(worst, float(np.abs(forward_and_slope(layer, x)[1] - numeric).max()))
    return worst


def chain_slopes(f: Callable[[Any], Any], depth: int, x: Array) -> Array:
    """The slopes of f(f(… f(x))), depth times, at the points x."""

    def chain(y: Any) -> Any:
        for _ in range(depth):
            y = f(y)
        return y

    return forward_and_slope(chain, x)[1]


def work(settings: Settings) -> Outcome:
    """Values and slopes of all activations."""
    found = {name: forward_and_slope(layer, X) for name, layer in layers().items()}
    largest = {name: float(slope.max()) for name, (_, slope) in found.items()}
    at_0 = {name: float(slope[X == 0][0]) for name, (_, slope) in found.items()}
    return Outcome(
        [
            Verdict(_largest("sigmoid"), largest["sigmoid"], 0.25, 1e-12, "="),
            Verdict(_largest("tanh"), largest["tanh"], 1.0, 1e-12, "="),
            Verdict(_largest("ReLU"), largest["relu"], 1.0, relation="="),
            Verdict(_RELU, at_0["relu"], 0.0, relation="="),
            Verdict(_STEP, float(np.abs(found["step"][1]).max()), 0.0, relation="="),
            Verdict(_IDENTITY, float(np.abs(found["identity"][1] - 1).max()), 0.0, relation="="),
            Verdict(_SOFTMAX, float(softmax_slope(X)[1].max()), 0.25, 1e-4, "="),
            Verdict(_TWO, two_classes(), 1e-15, relation="≤"),
            Verdict(
                _SIGN, float(ops.sigmoid(np.array(2.0)).data), 1 / (1 + np.exp(-2)), 1e-15, "="
            ),
            Verdict(_DIFFERENCES, worst_slope_error(), 1e-6, relation="≤"),
            Verdict(
                _CHAIN, float(chain_slopes(ops.sigmoid, DEPTH, X).max()), 0.25**DEPTH, relation="≤"
            ),
        ],
        [_table(found, largest)],
        [
            Figure("curves", curves_picture(found), _CAPTIONS["curves"]),
            Figure("chain", chain_picture(), _CAPTIONS["chain"]),
        ],
    )


def two_classes() -> float:
    """Softmax of (x, 0) against the sigmoid of x: the largest difference."""
    p = ops.softmax(np.stack([X, 0 * X], axis=1)).data[:, 0]
    return float(np.abs(p - ops.sigmoid(X).data).max())


def _table(found: dict[str, tuple[Array, Array]], largest: dict[str, float]) -> Table:
    points = [int(np.argmin(np.abs(X - x))) for x in (-2, 0, 2)]
    rows = [
        (name, *(_number(y[i]) for i in points), *(_number(s[i]) for i in points), _number(most))
        for (name, (y, s)), most in zip(found.items(), largest.values(), strict=True)
    ]
    columns = (
        Text("activation", "活性化関数"),
        "f(−2)", "f(0)", "f(2)", "f′(−2)", "f′(0)", "f′(2)",
        Text("largest f′", "f′ の最大"),
    )  # fmt: skip
    caption = Text(
        "All activations that shinso has, by backward; slopes at kinks are conventions.",
        "shinso にあるすべての活性化関数。傾きは逆伝播の値で、折れ点での値は約束である。",
    )
    return Table(columns, rows, caption)


def _number(value: float) -> str:
    return f"{value + 0.0:.4f}".replace("-", "−")


@styled
def curves_picture(found: dict[str, tuple[Array, Array]]) -> Picture:
    """Six activations, each with its slope."""
    panels = {
        say("step", "ステップ関数"): found["step"],
        say("identity", "恒等関数"): found["identity"],
        say("sigmoid", "シグモイド関数"): found["sigmoid"],
        "tanh": found["tanh"],
        "ReLU": found["relu"],
        say("softmax of (x, 0, 0), first p", "softmax (x, 0, 0) の p₁"): softmax_slope(X),
    }
    picture, axes = grid(2, 3, 10.5, 6.4, sharex=True)
    for ax, (name, (y, slope)) in zip(axes, panels.items(), strict=True):
        jump = np.abs(np.diff(y, append=y[-1])) > 0.5
        ax.plot(X, np.where(jump, np.nan, y), color=BLUE, label="f(x)")
        broken = np.abs(np.diff(slope, append=slope[-1])) > 0.5
        ax.plot(X, np.where(broken, np.nan, slope), "--", color=ORANGE, label="f′(x)")
        ax.set_title(name)
        ax.set_ylim((-1.25, 1.25) if y.min() < -0.5 else (-0.15, 1.25))
        ax.set_xticks((-6, -3, 0, 3, 6))
    for ax in axes[3:]:
        ax.set_xlabel("x")
    legend_below(picture, axes[0])
    return picture


def chain_picture() -> Picture:
    """The slope of a chain at x = 1 against its length."""
    depths = np.arange(1, DEPTH + 1)
    chosen = {"ReLU": ops.relu, "tanh": ops.tanh, say("sigmoid", "シグモイド"): ops.sigmoid}
    lines = {
        name: [chain_slopes(f, int(n), np.ones(1))[0] for n in depths] for name, f in chosen.items()
    }
    lines["0.25ⁿ"] = list(0.25**depths)
    return curves(
        lines,
        depths,
        xlabel=say("activations in a row, n", "続けて通す回数 n"),
        ylabel=say("slope of the whole at x = 1", "x = 1 での全体の傾き"),
        log=True,
        markers=True,
    )


def _largest(name: str) -> Text:
    return Text(f"largest slope of {name}", f"{name} の傾きの最大")


_RELU = Text("ReLU′(0), by convention", "ReLU′(0)(約束)")
_STEP = Text("largest slope of the step, anywhere", "ステップ関数の傾きの絶対値の最大")
_IDENTITY = Text(
    "slope of the identity: largest distance from 1", "恒等関数の傾きと 1 との差の最大"
)
_SOFTMAX = Text("largest slope of a probability of softmax", "softmax の確率の傾きの最大")
_TWO = Text(
    "softmax of (x, 0) against sigmoid(x): largest difference",
    "softmax (x, 0) と sigmoid(x) の差の最大",
)
_SIGN = Text(
    "sigmoid(2) is 1 / (1 + e⁻²), not 1 / (1 + e²)",
    "sigmoid(2) は 1 / (1 + e⁻²)。1 / (1 + e²) ではない",
)
_DIFFERENCES = Text(
    f"all {len(ACTIVATIONS)} activations: slopes against central differences, away from kinks",
    f"全 {len(ACTIVATIONS)} 種:折れ点以外での傾きと中心差分の差の最大",
)
_CHAIN = Text(
    f"largest slope of {DEPTH} sigmoids in a row, at most 0.25 to the {DEPTH}th",
    f"シグモイド関数を {DEPTH} 回通したときの傾きの最大。0.25 の {DEPTH} 乗以下",
)
_CAPTIONS = {
    "curves": Text(
        "Each activation (solid) and its slope (dashed), both as shinso computes them.",
        "活性化関数(実線)とその傾き(破線)。どちらも shinso で計算した値。",
    ),
    "chain": Text(
        "What is left of a gradient after n activations, for the input 1 and without any weights. "
        "Dotted: the most that sigmoids can leave.",
        "活性化関数を n 回通ったあとに残る勾配。入力は 1、重みは考えていない。"
        "点線はシグモイド関数で残りうる最大の値。",
    ),
}

EXPERIMENT = Experiment(
    name="a13-activations",
    rows=("A13",),
    title=Text("Activations, forward and backward", "活性化関数の順伝播と逆伝播"),
    question=Text(
        "What does each activation do to a value on its way forward, and to a gradient on its way "
        "back?",
        "活性化関数は、順伝播で値に、逆伝播で勾配に何をするのか。",
    ),
    claim=Text(
        "The largest slope of the sigmoid is 0.25, that of tanh and ReLU 1; the step has slope 0; "
        "ReLU′(0) is 0 by convention.",
        "傾きの最大はシグモイド関数で 0.25、tanh と ReLU で 1。ステップ関数の傾きは 0。"
        "ReLU′(0) は約束により 0 である。",
    ),
    text=Text(
        """Without an activation a stack of layers is one matrix product. With one, backward
        multiplies by its slope, and so the slope decides what can be learned. The step has slope 0
        everywhere: no gradient comes through, which is why the first networks with it could not
        be trained in depth. The identity passes all, and bends nothing; it belongs at the output
        of a regression.

        The sigmoid is 1 / (1 + e⁻ˣ). With e⁺ˣ, a common misprint, it would fall instead of rise.
        Its slope y(1 − y) is at most 0.25, at x = 0, and nearly 0 beyond ±5. Each sigmoid on the
        way back takes three quarters or more of a gradient: ten of them leave less than a
        millionth. That of tanh, 1 − y², is at most 1, but only at 0.

        ReLU has slope 1 wherever x > 0, so nothing shrinks. At 0 it has a kink and no derivative.
        One takes 0, as PyTorch and TensorFlow do; any number from 0 to 1 would do. Below 0 it
        passes nothing at all, and the leaky kinds mend that.

        Softmax is an activation of a whole row: each probability depends on all logits. For two
        classes it is the sigmoid of their difference.""",
        """活性化関数がなければ、層をいくつ重ねても一つの行列積にすぎない。逆伝播では傾きが掛かるの
        で、何が学習できるかは傾きで決まる。ステップ関数の傾きはどこでも 0 で、勾配が通らない。それ
        を使った初期のネットワークを深くできなかった理由である。恒等関数はすべてを通すが何も曲げな
        い。回帰の出力に使う。

        シグモイド関数は 1 / (1 + e⁻ˣ) である。よくある誤植の e⁺ˣ では増加ではなく減少してしまう。傾
        き y(1 − y) は x = 0 で最大の 0.25、±5 の外ではほぼ 0 になる。シグモイド関数を一つさかのぼる
        たびに勾配の四分の三以上が失われ、十回で百万分の一以下になる。tanh の傾き 1 − y² の最大は 1
        だが、それは 0 でだけである。

        ReLU の傾きは x > 0 でつねに 1 なので、勾配が縮まない。0 は折れ点で、微分は存在しな
        い。PyTorch や TensorFlow と同じく 0 と約束する。0 から 1 のどの値でも差し支えない。負の側で
        はまったく通さないので、それを補う Leaky ReLU などがある。

        ソフトマックス関数は一行全体の活性化関数で、どの確率もすべてのロジットに依存する。2 クラスな
        ら、ロジットの差のシグモイド関数に等しい。""",
    ),
    work=work,
    formulas=(
        r"\sigma(x)=\frac{1}{1+e^{-x}},\qquad\sigma'=\sigma(1-\sigma)\le\frac{1}{4}",
        r"\tanh'x=1-\tanh^2x\le 1",
        r"\mathrm{ReLU}(x)=\max(x,0),\qquad\mathrm{ReLU}'(0):=0",
    ),
    code=(Sigmoid, Tanh, ReLU),
)
