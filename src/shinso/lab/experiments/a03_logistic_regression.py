"""The sigmoid unit, trained by gradient descent, against a reference logistic regression."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression as Reference

from shinso import classical, models, nn, ops
from shinso.cell import Array
from shinso.compiler import compile
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import rows_and_classes
from shinso.lab.text import Text
from shinso.ops import sigmoid, softmax
from shinso.optim import SGD
from shinso.viz.images import image_grid
from shinso.viz.picture import Picture, one_axes
from shinso.viz.style import BLUE, ORANGE, say, styled

TOLERANCE = 1e-3
EXAMPLES = {True: 500, False: 3_000}
"""Of the digits in the quick form, of MNIST in the full one."""
MOST_STEPS = 100_000

Solution = tuple[Array, Array]
"""Weights (units, d) and biases (units,)."""


def train(unit: nn.Module, layer: nn.Linear, loss: Any, x: Array, t: Array, c: float) -> Solution:
    """Gradient descent with Nesterov's momentum on the mean loss + ‖w‖² / 2cn.

    unit: gives the scores that the loss takes; layer: its weights, which are penalized, and bias.
    x (n, d), t (n,). It ends when 100 steps move no weight by more than 1e-7. Rate and momentum
    follow from the largest and the least curvature (Nesterov 2004): nothing is tuned.
    """
    decay = 1 / (c * len(x))
    spread = float(np.linalg.norm(np.hstack([x, np.ones((len(x), 1))]), 2)) ** 2 / len(x)
    curvature = decay + spread * (0.25 if len(layer.weight) == 1 else 0.5)
    root = math.sqrt(decay / curvature)
    assert layer.bias is not None
    groups = [{"params": [layer.weight], "weight_decay": decay}, {"params": [layer.bias]}]
    rule = SGD(groups, lr=1 / curvature, momentum=(1 - root) / (1 + root), nesterov=True)

    @compile
    def step() -> None:
        loss(unit(x), t).backward()
        rule.step()
        rule.zero_grad()

    for _ in range(0, MOST_STEPS, 100):
        before = layer.weight.numpy()
        for _ in range(100):
            step()
        if np.abs(layer.weight.data - before).max() < 1e-7:
            break
    return layer.weight.numpy(), layer.bias.numpy()


def train_sigmoid(x: Array, t: Array, c: float) -> Solution:
    """A sigmoid unit for classes 0 and 1."""
    unit = models.LogisticRegression(x.shape[1]).double()
    return train(unit, unit.linear, ops.binary_cross_entropy_with_logits, x, t.astype(float), c)


def train_softmax(x: Array, t: Array, c: float) -> Solution:
    """A softmax layer with a unit for each class."""
    layer = nn.Linear(x.shape[1], int(t.max()) + 1).double()
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return train(layer, layer, ops.cross_entropy, x, t, c)


def reference(x: Array, t: Array, c: float) -> Solution:
    """What scikit-learn finds."""
    found = Reference(C=c, tol=1e-8, max_iter=10_000).fit(x, t)
    return found.coef_, found.intercept_


def estimator(x: Array, t: Array, c: float) -> Solution:
    """What shinso's estimator finds, by L-BFGS."""
    found = classical.LogisticRegression(C=c, tol=1e-8, max_iter=10_000).fit(x, t)
    return found.coef_, found.intercept_


def apart(a: Solution, b: Solution) -> float:
    """The largest difference of two solutions. Biases of a softmax count up to a constant."""
    shift = [s[1] - s[1].mean() if len(s[1]) > 1 else s[1] for s in (a, b)]
    return float(max(np.abs(a[0] - b[0]).max(), np.abs(shift[0] - shift[1]).max()))


def difference_of(solution: Solution) -> Solution:
    """The sigmoid unit that equals a softmax with two classes: w = w₁ − w₀, b = b₁ − b₀."""
    return tuple(part[1:] - part[:1] for part in solution)  # type: ignore[return-value]


def identity_gap(x: Array, seed: int) -> float:
    """|softmax(z)₁ − σ(z₁ − z₀)|, the largest over x, for random weights."""
    w = np.random.default_rng(seed).standard_normal((x.shape[1], 2))
    z = x @ w
    return float(np.abs(softmax(z).data[:, 1] - sigmoid(z[:, 1] - z[:, 0]).data).max())


def work(settings: Settings) -> Outcome:
    """Odd against even digits by a sigmoid unit, all ten by a softmax, each solved three ways."""
    (x, digit), (test, test_digit) = rows_and_classes(settings)
    c = 1.0 if settings.fast else 0.01
    n = EXAMPLES[settings.fast]
    x, digit = x[:n].astype(np.float64), digit[:n]
    odd = digit % 2
    solvers = {"descent": train_sigmoid, "estimator": estimator, "reference": reference}
    settings.say("odd or even digits", 0.0)
    sigmoids = {n: solve(x, odd, c) for n, solve in solvers.items()}
    solvers["descent"] = train_softmax
    settings.say("ten classes", 0.3)
    softmaxes = {n: solve(x, digit, c) for n, solve in solvers.items()}
    settings.say("a softmax of two units", 0.8)
    two = difference_of(train_softmax(x, odd, c))
    twice = reference(x, odd, 2 * c)
    verdicts = [
        *_agreement("sigmoid", "シグモイド", sigmoids),
        *_agreement("softmax", "ソフトマックス", softmaxes),
        Verdict(
            Text("softmax with 2 classes, w₁ − w₀, against the sigmoid with 2C",
                 "2 クラスのソフトマックスの w₁ − w₀ と、2C のシグモイド"),
            apart(two, twice), 0.0, TOLERANCE, "≤",
        ),
        Verdict(
            Text("softmax(z)₁ = σ(z₁ − z₀) for random weights: largest difference",
                 "乱数の重みで softmax(z)₁ = σ(z₁ − z₀):差の最大"),
            identity_gap(x, settings.seed), 0.0, 1e-12, "≤",
        ),
    ]  # fmt: skip
    same_c = apart(two, sigmoids["reference"])
    table = _table(sigmoids, softmaxes, (test, test_digit), same_c)
    note = Text(f"Solved on {n:,} images with C = {c:g}.", f"{n:,} 枚の画像、C = {c:g} で解いた。")
    return Outcome(verdicts, [table], _figures(sigmoids, softmaxes, test, test_digit), [note])


def _agreement(en: str, ja: str, found: dict[str, Solution]) -> list[Verdict]:
    names = {
        "descent": Text("gradient descent", "勾配降下法"),
        "estimator": Text("shinso's estimator", "shinso の推定器"),
    }
    return [
        Verdict(
            Text(f"{en}, {name.en} against scikit-learn: largest difference of a weight",
                 f"{ja}、{name.ja}と scikit-learn:重みの差の最大"),
            apart(found[key], found["reference"]), 0.0, TOLERANCE, "≤",
        )
        for key, name in names.items()
    ]  # fmt: skip


def _accuracy(solution: Solution, x: Array, t: Array) -> float:
    scores = x @ solution[0].T + solution[1]
    said = scores[:, 0] > 0 if scores.shape[1] == 1 else scores.argmax(axis=1)
    return 100 * float((said == t).mean())


def _table(
    sigmoids: dict[str, Solution],
    softmaxes: dict[str, Solution],
    test: tuple[Array, Array],
    same_c: float,
) -> Table:
    x, digit = test
    rows = []
    for name in sigmoids:
        both = (sigmoids[name], softmaxes[name])
        sizes = [f"{np.linalg.norm(s[0]):.4f}" for s in both]
        right = [
            f"{_accuracy(s, x, t):.2f} %" for s, t in zip(both, (digit % 2, digit), strict=True)
        ]
        rows.append((_NAMES[name], sizes[0], right[0], sizes[1], right[1]))
    columns = (
        Text("solved by", "解法"),
        Text("odd or even: ‖w‖", "奇数か偶数か:‖w‖"),
        Text("test accuracy", "テスト正解率"),
        Text("ten digits: ‖W‖", "数字 10 クラス:‖W‖"),
        Text("test accuracy", "テスト正解率"),
    )
    caption = Text(
        f"The same solution three times. With the same C, not 2C, the 2-class softmax is off by "
        f"{same_c:.2g}: see the text.",
        f"三つとも同じ解。2C ではなく同じ C を使うと 2 クラスのソフトマックスは {same_c:.2g} "
        "ずれる(本文を参照)。",
    )
    return Table(columns, rows, caption)


_NAMES = {
    "descent": Text("gradient descent", "勾配降下法"),
    "estimator": Text("classical.LogisticRegression", "classical.LogisticRegression"),
    "reference": Text("scikit-learn", "scikit-learn"),
}


def _figures(
    sigmoids: dict[str, Solution], softmaxes: dict[str, Solution], test: Array, digit: Array
) -> list[Figure]:
    w, b = sigmoids["descent"]
    weights = softmaxes["descent"][0]
    side = round(weights.shape[1] ** 0.5)
    return [
        Figure(
            "sigmoid",
            draw_sigmoid(test @ w[0] + b[0], digit % 2),
            Text("The unit's output is a probability: among test digits with a score near z, the "
                 "share of odd ones is near σ(z).",
                 "ユニットの出力は確率である。スコアが z に近いテスト画像のうち、奇数の割合は"
                 " σ(z) に近い。"),
        ),
        Figure(
            "weights",
            image_grid(weights.reshape(-1, side, side), columns=5, titles=range(10), signed=True),
            Text("The ten units of the softmax as images: ink on red speaks for the digit, ink on "
                 "blue against it.",
                 "ソフトマックスの 10 ユニットの重みを画像にしたもの。赤い画素の線はその数字に"
                 "有利、青い画素の線は不利に働く。"),
        ),
    ]  # fmt: skip


@styled
def draw_sigmoid(scores: Array, odd: Array) -> Picture:
    """σ(z), and the share of ones among examples in bins of z."""
    picture, axes = one_axes()
    z = np.linspace(-8, 8, 400)
    axes.plot(z, sigmoid(z).data, color=BLUE, label="σ(z) = 1 / (1 + e⁻ᶻ)")
    order = np.argsort(scores)
    bins = [b for b in np.array_split(order, 12) if len(b)]
    at = [scores[b].mean() for b in bins]
    share = [odd[b].mean() for b in bins]
    label = say("share of odd digits, test", "奇数の割合(テスト)")
    axes.plot(at, share, "o", color=ORANGE, markersize=8, label=label)
    axes.set(xlim=(-8, 8), ylim=(-0.03, 1.03))
    axes.set_xlabel(say("score z = w·x + b", "スコア z = w·x + b"))
    axes.set_ylabel(say("probability of odd", "奇数である確率"))
    axes.legend(loc="upper left")
    return picture


EXPERIMENT = Experiment(
    name="a3-logistic-regression",
    rows=("A3",),
    title=Text("A sigmoid unit is logistic regression", "シグモイドユニットはロジスティック回帰"),
    question=Text(
        "Statisticians fit logistic regressions, neural networks train sigmoid units. Is it the "
        "same?",
        "統計学はロジスティック回帰を当てはめ、ニューラルネットワークはシグモイドユニットを学習する。"
        "同じものなのか。",
    ),
    claim=Text(
        "Gradient descent finds the reference's weights to 1e-3; a softmax with two classes is a "
        "sigmoid with w = w₁ − w₀.",
        "勾配降下法は参照実装の重みを 1e-3 まで見つける。2 クラスのソフトマックスは w = w₁ − w₀ の"
        "シグモイドである。",
    ),
    text=Text(
        """Replace the perceptron's step by the sigmoid, and squared error by the cross-entropy −log
        p of the true class. The unit then models the probability of a class, and the loss has one
        minimum only: whoever gets there has the same weights. Here are three ways: plain descent
        with momentum, L-BFGS, and scikit-learn.

        With more classes there is one unit for each, and the softmax makes probabilities of their
        scores. Adding a vector to all weights changes nothing, so for two classes only w₁ − w₀
        counts, and that is the sigmoid's w. A penalty makes the choice unique, but it counts twice
        as many weights: the best split is w₁ = w/2 = −w₀, whose squares sum to ½‖w‖². So the
        softmax with C equals the sigmoid with 2C, not with C.

        Where texts slip: the sigmoid is 1/(1 + e^(−x)); without the minus it falls. And without a
        penalty, on data that a line parts, there is no solution at all: the loss falls towards 0
        while the weights grow for ever.""",
        """パーセプトロンのステップ関数をシグモイド関数に、二乗誤差を正解クラスの交差エントロピー
        誤差 −log p に替える。するとユニットはクラスの確率を表し、損失の極小はただ一つになる。だ
        れが解いても重みは同じである。ここではモメンタムつきの勾配降下法、L-BFGS、scikit-learn の
        三通りで解く。

        クラスが多ければクラスごとにユニットを置き、ソフトマックス関数がスコアを確率にする。全ク
        ラスの重みに同じベクトルを足しても何も変わらないので、2 クラスでは w₁ − w₀ だけが意味をも
        ち、それがシグモイドの w である。正則化を加えると解は一つに決まるが、重みの数は 2 倍あ
        る。最良の分け方は w₁ = w/2 = −w₀ で、二乗和は ½‖w‖² になる。したがって C のソフトマック
        スに等しいのは、C ではなく 2C のシグモイドである。

        誤りやすい点。シグモイド関数は 1/(1 + e^(−x)) であり、負号がないと減少関数になる。また直
        線で分けられるデータに正則化なしで当てはめると解は存在しない。損失は 0 に近づき、重みは限
        りなく大きくなる。""",
    ),
    work=work,
    formulas=(
        r"\sigma(z)=\frac{1}{1+e^{-z}},\qquad"
        r"\mathrm{softmax}(z)_1=\frac{e^{z_1}}{e^{z_0}+e^{z_1}}=\sigma(z_1-z_0)",
        r"L=-\frac{1}{n}\sum_i\log p(y_i\mid x_i)+\frac{1}{2Cn}\|w\|^2",
    ),
    code=(models.LogisticRegression, train),
    data=("mnist",),
)
