"""Backward against central differences: every operation, whole networks, and wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from shinso import models, nn, ops
from shinso.cell import Array
from shinso.graph import (
    Function,
    GradientError,
    Tensor,
    check_gradient,
    no_grad,
    numerical_gradient,
)
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.ops.cases import CASES, Case
from shinso.ops.softmax import Softmax
from shinso.viz.curves import curves
from shinso.viz.picture import Picture
from shinso.viz.style import say

RTOL = 1e-6
STEPS = 10.0 ** np.arange(0, -14.1, -0.25)
"""Step sizes h of the picture with the V."""


def smooth_cases() -> dict[str, list[Case]]:
    """By operation, the cases of the table in which the derivative exists at the inputs."""
    found: dict[str, list[Case]] = {}
    for case in CASES:
        if case.differentiable and case.smooth:
            found.setdefault(case.op, []).append(case)
    return found


def call_of(case: Case) -> Callable[..., Any]:
    """The call that a case describes, as a function of its inputs; random ones draw the same."""

    def call(*inputs: Any) -> Any:
        if case.random:
            ops.manual_seed(0)
        return case.call(getattr(ops, case.op), list(inputs))

    return call


def passes(f: Callable[..., Any], *inputs: Any, parameters: Sequence[Tensor] = ()) -> bool:
    """Whether `check_gradient` finds nothing, at a relative tolerance of 1e-6."""
    try:
        check_gradient(f, *inputs, parameters=parameters, rtol=RTOL)
    except GradientError:
        return False
    return True


def worst_error(f: Callable[..., Any], *inputs: Array) -> float:
    """The largest difference of backward and the central difference, element by element.

    Of L = Σ weight · output with random weights; relative to the largest element of that input's
    gradient, or to |L| / 1000 where that is larger (below it, rounding of L is all one sees).
    """
    leaves = [Tensor(x, requires_grad=True) if x.dtype.kind == "f" else x for x in inputs]
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(y.shape) for y in _outputs(f(*leaves))]

    def loss(*given: Any) -> Tensor:
        pairs = zip(_outputs(f(*given)), weights, strict=True)
        return sum((ops.sum(y * w) for y, w in pairs), Tensor(np.float64(0)))

    total = loss(*leaves)
    total.backward()
    errors = [0.0]
    for i, x in enumerate(leaves):
        if isinstance(x, Tensor) and x.size:
            numeric = numerical_gradient(
                lambda v, i=i: loss(*inputs[:i], v, *inputs[i + 1 :]),  # type: ignore[misc]
                inputs[i],
            )
            errors.append(_relative(x.grad, numeric, abs(total.item())))
    return max(errors)


def _relative(analytic: Array | None, numeric: Array, loss: float) -> float:
    analytic = np.zeros_like(numeric) if analytic is None else analytic
    largest = max(float(np.abs(analytic).max()), float(np.abs(numeric).max()), 1e-3 * loss)
    return float(np.abs(analytic - numeric).max()) / largest if largest else 0.0


def _outputs(y: Any) -> list[Tensor]:
    several = y if isinstance(y, (tuple, list)) else (y,)
    return [t for t in several if t.dtype.kind == "f"]


def _operations(settings: Settings, outcome: Outcome) -> None:
    known = smooth_cases()
    passed, errors = 0, {}
    for op in settings.track(known):
        cases = known[op]
        passed += all(passes(call_of(case), *case.arrays()) for case in cases)
        each = cases[:1] if settings.fast else cases
        errors[op] = max(worst_error(call_of(case), *case.arrays()) for case in each)
    claim = Text("operations of which every case passes the check at 1e-6",
                 "すべてのケースが 1e-6 で検査に合格する演算の数")  # fmt: skip
    worst = max(errors, key=lambda op: errors[op])
    outcome.verdicts += [
        Verdict(claim, passed, len(known), relation="="),
        Verdict(Text(f"the largest relative error of any element ({worst})",
                     f"全要素で最大の相対誤差({worst})"), errors[worst], RTOL, relation="≤"),
    ]  # fmt: skip
    outcome.figures.append(Figure("operations", operations_picture(errors), _CAPTIONS["ops"]))
    outcome.tables.append(_operations_table(known, errors))
    outcome.notes.append(_left_out(known))


def _operations_table(known: dict[str, list[Case]], errors: dict[str, float]) -> Table:
    cells = [(op, str(len(known[op])), _small(errors[op])) for op in sorted(errors)]
    three = [sum(cells[i : i + 3], ()) for i in range(0, len(cells), 3)]
    columns = (Text("operation", "演算"), Text("cases", "ケース"), Text("error", "誤差"))
    caption = Text("Every operation: how many cases, and the worst relative error.",
                   "すべての演算:ケースの数と最大の相対誤差。")  # fmt: skip
    return Table(columns * 3, three, caption)


def _left_out(known: dict[str, list[Case]]) -> Text:
    count = sum(len(cases) for cases in known.values())
    none = sorted({case.op for case in CASES} - set(known))
    return Text(
        f"{count} of the table's {len(CASES)} cases are checked. In the others no difference finds "
        "the slope: huge inputs, no inputs, a backward that is meant to differ from the derivative "
        f"(shake-shake), and operations whose gradient is none or 0: {', '.join(none)}.",
        f"表の {len(CASES)} ケースのうち {count} を検査した。残りは差分では傾きを測れない。"
        "極端に大きい入力、空の入力、逆伝播をわざと微分と変えてあるもの(shake-shake)、"
        f"勾配がないか 0 の演算({', '.join(none)})である。",
    )


def _networks(settings: Settings, outcome: Outcome) -> None:
    rng = np.random.default_rng(settings.seed)
    ops.manual_seed(settings.seed)
    chosen: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
        "MLP 64-30-10": (models.MLP(64, (30,), activation="tanh"), (3, 64)),
        "LeNet-5": (models.LeNet5(activation="tanh", pool="avg"), (2, 1, 32, 32)),
    }
    if not settings.fast:
        chosen["EfficientNet-B0"] = (models.create("efficientnet_b0"), (1, 3, 32, 32))
    held, tensors = 0, 0
    for model, shape in chosen.values():
        model.double().eval()
        parameters = list(model.parameters())
        tensors += len(parameters)
        x, t = rng.standard_normal(shape), np.arange(shape[0])
        held += passes(lambda v, m=model, t=t: ops.cross_entropy(m(v), t), x, parameters=parameters)
    names = ", ".join(chosen)
    claim = Text(
        f"whole networks that pass, loss included, {tensors} parameter tensors ({names})",
        f"損失まで含めて合格するネットワークの数。パラメータのテンソルは {tensors} 個({names})",
    )
    outcome.verdicts.append(Verdict(claim, held, len(chosen), relation="="))


class PlusSoftmax(Softmax):
    """Softmax with the printed slip: ∂pᵢ/∂xₖ = +pᵢ pₖ for i ≠ k."""

    def backward(self, dy: Array) -> Array:
        """A plus where a minus belongs."""
        others = (dy * self.p).sum(axis=self.axis, keepdims=True) - dy * self.p
        return self.p * (dy * (1 - self.p) + others)


class ForgetfulCentre(Function):
    """y = x - mean x, whose backward forgets that the mean moves, too."""

    def forward(self, x: Array) -> Array:
        """x - mean x."""
        return x - x.mean(axis=0)

    def backward(self, dy: Array) -> Array:
        """dy, where dy - mean dy is right."""
        return dy


class NearlySquare(Function):
    """y = x², whose backward is one part in 10 000 too large."""

    def forward(self, x: Array) -> Array:
        """x²."""
        self.x = x
        return x * x

    def backward(self, dy: Array) -> Array:
        """2.0002 x where 2 x is right."""
        return dy * 2.0002 * self.x


_WRONG: dict[str, tuple[Callable[[Any], Any], Text]] = {
    "PlusSoftmax": (
        lambda x: PlusSoftmax(-1)(x),
        Text("+pᵢpₖ instead of −pᵢpₖ", "−pᵢpₖ を +pᵢpₖ とした"),
    ),
    "ForgetfulCentre": (
        lambda x: ForgetfulCentre()(x),
        Text("the mean's own gradient is missing", "平均を通る勾配がない"),
    ),
    "NearlySquare": (
        lambda x: NearlySquare()(x),
        Text("1.0001 times too large", "1.0001 倍になっている"),
    ),
}


def _wrong_ones(settings: Settings, outcome: Outcome) -> None:
    x = np.random.default_rng(settings.seed).standard_normal((4, 5))
    caught = sum(not passes(f, x) for f, _ in _WRONG.values())
    claim = Text(
        "deliberately wrong backwards that are caught", "わざと誤らせた逆伝播のうち見つかる数"
    )
    outcome.verdicts.append(Verdict(claim, caught, len(_WRONG), relation="="))
    rows = [(name, slip, _small(worst_error(f, x))) for name, (f, slip) in _WRONG.items()]
    columns = (Text("operation", "演算"), Text("what is wrong", "誤り"), Text("error", "誤差"))
    caption = Text("Three wrong backwards.", "誤った逆伝播三つ。")
    outcome.tables.append(Table(columns, rows, caption, numbers=False))


def difference_errors(dtype: Any = np.float64) -> tuple[Array, Array]:
    """Errors of the forward and the central difference of the sigmoid, one for each of STEPS.

    The root of the mean square over 201 points from -4 to 4; the slope is backward's, in float64.
    """
    points = np.linspace(-4, 4, 201)
    x = Tensor(points, requires_grad=True)
    ops.sum(ops.sigmoid(x)).backward()
    here = points.astype(dtype)

    def f(step: float) -> Array:
        with no_grad():
            return np.asarray(ops.sigmoid(here + dtype(step)).data)

    def error(difference: Array, width: float) -> float:
        return float(np.sqrt(np.mean((difference / dtype(width) - x.grad) ** 2)))

    forward = np.array([error(f(h) - f(0.0), h) for h in STEPS])
    central = np.array([error(f(h) - f(-h), 2 * h) for h in STEPS])
    return forward, central


def order(errors: Array, low: float, high: float) -> float:
    """The slope of log error against log h for h from low to high."""
    inside = (low * 0.99 <= STEPS) & (high * 1.01 >= STEPS)
    return float(np.polyfit(np.log10(STEPS[inside]), np.log10(errors[inside]), 1)[0])


def _step(settings: Settings, outcome: Outcome) -> None:
    forward, central = difference_errors()
    single = difference_errors(np.float32)[1]
    best = float(np.log10(STEPS[central.argmin()]))
    outcome.verdicts += [
        Verdict(Text("the error of the forward difference falls as h to the power",
                     "前進差分の誤差は h の何乗で減るか"), order(forward, 1e-6, 1e-2), 1, 0.1, "="),
        Verdict(Text("the error of the central difference falls as h to the power",
                     "中心差分の誤差は h の何乗で減るか"), order(central, 1e-3, 1e-1), 2, 0.1, "="),
        Verdict(Text("log₁₀ of the best h in float64, in theory that of the cube root of 2.2e-16",
                     "float64 で最良の h の log₁₀。理論では 2.2e-16 の立方根"),
                best, float(np.log10(np.finfo(np.float64).eps) / 3), 1.0, "="),
        Verdict(Text("in float32 no h gets below 1e-6", "float32 ではどの h も 1e-6 を下回らない"),
                float(single.min()), 1e-6, relation=">"),
    ]  # fmt: skip
    picture = step_picture(forward, central, single)
    outcome.figures.append(Figure("step", picture, _CAPTIONS["step"]))


def work(settings: Settings) -> Outcome:
    """Check all operations, some networks and some wrong backwards; then vary the step."""
    outcome = Outcome()
    for name in settings.only or tuple(_PARTS):
        _PARTS[name](settings, outcome)
    return outcome


_PARTS: dict[str, Callable[[Settings, Outcome], None]] = {
    "step": _step, "operations": _operations, "networks": _networks, "wrong": _wrong_ones,
}  # fmt: skip


def step_picture(forward: Array, central: Array, single: Array) -> Picture:
    """Error against step, both axes logarithmic: the V."""
    lines = {
        say("forward difference", "前進差分"): forward,
        say("central difference", "中心差分"): central,
        say("central, float32", "中心差分(float32)"): single,
        _limit(): np.full(len(STEPS), RTOL),
    }
    ylabel = say("error of the slope (RMS)", "傾きの誤差(RMS)")
    return curves(lines, STEPS, xlabel=say("step h", "刻み幅 h"), ylabel=ylabel, log=True,
                  logx=True, ylim=(1e-13, 10))  # fmt: skip


def operations_picture(errors: dict[str, float]) -> Picture:
    """The operations in order of their worst errors, beside the limit."""
    values = np.sort(list(errors.values()))
    lines = {say("operations", "演算"): values, _limit(): np.full(len(values), RTOL)}
    xlabel = say("operations, in order of error", "演算(誤差の小さい順)")
    ylabel = say("worst relative error", "最大の相対誤差")
    return curves(lines, xlabel=xlabel, ylabel=ylabel, log=True, ylim=(1e-14, 1e-4))


def _limit() -> str:
    return say("limit of the check", "検査の限度")


def _small(value: float) -> str:
    return f"{value:.1e}".replace("-", "−") if value else "0"


_CAPTIONS = {
    "step": Text(
        "The slope of the sigmoid by differences. From right to left the error falls, as h and as "
        "h², until rounding takes over and it rises as 1/h.",
        "シグモイド関数の傾きを差分で求めたときの誤差。右から左へ h、h² に比例して減り、やがて"
        "丸め誤差が 1/h に比例して増える。",
    ),
    "ops": Text(
        "For each operation the worst element of its gradient, backward against central "
        "difference with h = 1e-6.",
        "演算ごとに、逆伝播と h = 1e-6 の中心差分を比べ、最も悪い要素の相対誤差を示す。",
    ),
}  # fmt: skip

EXPERIMENT = Experiment(
    name="a10-gradient-check",
    rows=("A10",),
    title=Text("The gradient check", "勾配確認"),
    question=Text(
        "Backward is written by hand, operation by operation. How does one know that it is right?",
        "逆伝播は演算ごとに手で書いた式である。それが正しいことはどう確かめるのか。",
    ),
    claim=Text(
        "Every operation's backward agrees with central differences to a relative 1e-6 in float64, "
        "whole networks do, and wrong backwards are caught.",
        "すべての演算の逆伝播は float64 の中心差分と相対誤差 1e-6 で一致し、"
        "ネットワーク全体でも一致する。誤った逆伝播は見つかる。",
    ),
    text=Text(
        """Move one input by ±h and see how the result moves: that is the slope, and it needs no
        calculus. It costs two forward passes for every number, so nobody trains that way. But
        nothing can go wrong in it, which makes it the judge of backward.

        Look at the V. With a large h the curve's bend spoils the quotient: by h for the forward
        difference, by h² for the central one. With a small h the two values agree in nearly all of
        their digits, and their difference is rounding divided by h. The best h is where both are
        equal, near the cube root of the machine's precision: 1e-5 to 1e-6 in float64. "As small as
        possible", which one sometimes reads, is wrong.

        Check in float64: in float32 the bottom of the V lies above 1e-6. Compare relative to the
        size of the gradient. And keep away from kinks: at ReLU's 0 the difference gives 1/2, which
        is neither the slope on the left nor the convention (0).

        A whole network is checked in one go by moving along a random direction, which costs two
        passes for each parameter tensor; only where that fails shinso goes element by element. The
        networks here have smooth activations: in one of many thousand ReLUs a step along a random
        direction crosses a kink now and then.""",
        """入力を ±h だけ動かし、結果がどれだけ動くかを見る。それが傾きであり、微分の公式はいらな
        い。数値一つに順伝播が二回必要なので、学習には使えない。しかし間違えようがないので、逆伝播の
        審判になる。

        V 字形に注目してほしい。h が大きいと曲線の曲がりが商を狂わせる。前進差分では h に、中心差分
        では h² に比例する。h が小さいと二つの値がほとんどの桁で一致し、その差は丸め誤差を h で割っ
        たものになる。最良の h は両者が釣り合うところ、計算機イプシロンの立方根の付近で、float64 な
        ら 1e-5 から 1e-6 である。「h は小さいほどよい」という説明を見かけるが、誤りである。

        検査は float64 で行う。float32 では V の底が 1e-6 より上にある。誤差は勾配の大きさに対する相
        対値で見る。折れ点は避ける。ReLU の 0 での差分は 1/2 になり、左側の傾きとも約束の値 0 とも違
        う。

        ネットワーク全体は、乱数で選んだ方向に沿って動かすことで一度に検査できる。パラメータのテンソ
        ル一つにつき順伝播二回で済み、不合格のときだけ要素ごとに調べる。ここのネットワークの活性化関
        数は滑らかなものにしてある。何万もの ReLU があると、一歩のうちにどれかが折れ点をまたぐことが
        ある。""",
    ),
    work=work,
    formulas=(
        r"\frac{\partial f}{\partial x_i}\approx\frac{f(x+h e_i)-f(x-h e_i)}{2h}",
        r"\mathrm{error}(h)\approx\frac{h^2}{6}\left|f'''(x)\right|"
        r"+\frac{\varepsilon\left|f(x)\right|}{h}",
        r"h_{\mathrm{best}}\sim\sqrt[3]{\varepsilon}\approx 6\times 10^{-6}",
    ),
    code=(numerical_gradient, PlusSoftmax),
    parts=tuple(_PARTS),
)  # fmt: skip
