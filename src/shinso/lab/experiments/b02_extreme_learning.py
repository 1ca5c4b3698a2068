"""Extreme learning machines: with cosines the same as random Fourier features, to the last bits."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from shinso import nn, optim
from shinso.cell import Array
from shinso.classical import ELMClassifier, ELMRegressor, RandomFourierFeatures
from shinso.classical.kernels import kernel_matrix
from shinso.classical.ridge import ridge
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.models import MLP
from shinso.ops.random import manual_seed
from shinso.train import Trainer
from shinso.viz.curves import curves
from shinso.viz.style import say

ACTIVATIONS = ("sigmoid", "tanh", "relu", "cos")
WIDTHS = (25, 50, 100, 200, 400, 800, 1600)
SEEDS = 3
ALPHA = 1e-2
Predict = Callable[[Array], Array]
COMPARED = 200
"""Hidden units of the two machines that are compared number by number."""


def work(settings: Settings) -> Outcome:
    """Compare with random Fourier features, then measure accuracy by width and activation."""
    train, test = rows_and_classes(settings)
    outcome = Outcome()
    outcome.verdicts += _same(train, test, settings.seed)
    found = _by_width(settings, train, test)
    outcome.verdicts += [_grows(name, found[name]) for name in ACTIVATIONS]
    lines = {name: 100 * np.mean(found[name], axis=1) for name in ACTIVATIONS}
    picture = curves(
        lines,
        WIDTHS,
        xlabel=say("hidden units", "隠れユニット数"),
        ylabel=say("test accuracy, %", "テスト正解率(%)"),
        logx=True,
        markers=True,
    )
    outcome.figures.append(Figure("width", picture, _CAPTION))
    table, times = _beside_backpropagation(settings, train, test)
    outcome.tables += [_width_table(found), table]
    claim = Text(
        "so many times less time than backpropagation, same width",
        "同じ幅の誤差逆伝播法に対し学習時間が何分の一か",
    )
    outcome.verdicts.append(Verdict(claim, times, 5.0))
    return outcome


def difference_from_features(kind: str, train: Part, test: Part, seed: int) -> float:
    """Largest difference between an ELM's predictions and ridge regression on Fourier features.

    Both get the same W and b, in float64. kind: "cos" or "cos_sin".
    """
    x, y = train[0][: 5 * COMPARED].astype(float), np.eye(10)[train[1][: 5 * COMPARED]]
    columns = COMPARED // 2 if kind == "cos_sin" else COMPARED
    phi = RandomFourierFeatures(
        gamma=0.05, n_components=columns, variant=kind, random_state=seed
    ).fit(x)
    elm = ELMRegressor(
        COMPARED, activation=kind, weights=phi.random_weights_, biases=phi.random_offset_,
        alpha=ALPHA,
    ).fit(x, y)  # fmt: skip
    h, seen = phi.transform(x), test[0].astype(float)
    output = np.linalg.solve(h.T @ h + ALPHA * np.eye(COMPARED), h.T @ y)
    return float(np.abs(elm.predict(seen) - phi.transform(seen) @ output).max())


def distance_from_kernel(x: Array, units: int, seed: int) -> float:
    """RMS of H Hᵀ − K relative to K's: H the hidden layer of a cos ELM, K the RBF kernel."""
    gamma = 1.0 / (x.shape[1] * float(x.var()))
    phi = RandomFourierFeatures(gamma=gamma, n_components=units, random_state=seed)
    h = phi.fit_transform(x)
    k = kernel_matrix(x, x, "rbf", gamma, 0, 0.0)
    return float(np.linalg.norm(h @ h.T - k) / np.linalg.norm(k))


def _same(train: Part, test: Part, seed: int) -> list[Verdict]:
    verdicts = []
    for kind in ("cos", "cos_sin"):
        claim = Text(
            f"largest difference of predictions, ELM({kind}) and random Fourier features",
            f"予測の差の最大値、ELM({kind})とランダムフーリエ特徴",
        )
        found = difference_from_features(kind, train, test, seed)
        verdicts.append(Verdict(claim, found, 0.0, 1e-10, "="))
    claim = Text(
        "relative distance of H Hᵀ from the RBF kernel, 4 096 cos units",
        "H Hᵀ と RBF カーネルの相対距離、cos ユニット 4 096 個",
    )
    found = distance_from_kernel(train[0][:300].astype(float), 4096, seed)
    return [*verdicts, Verdict(claim, found, 0.05, 0.0, "≤")]


def elm(activation: str, width: int, features: int, seed: int) -> ELMClassifier:
    """Random weights of a size that keeps the sums xW about 1, whatever the activation."""
    return ELMClassifier(
        width, activation=activation, alpha=ALPHA, weights="normal",
        weight_scale=3 / np.sqrt(features), random_state=seed,
    )  # fmt: skip


def _by_width(settings: Settings, train: Part, test: Part) -> dict[str, list[list[float]]]:
    """Test accuracies by activation, width and seed."""
    (x, y), (test_x, test_y) = train, test
    found: dict[str, list[list[float]]] = {}
    for name in settings.track(ACTIVATIONS):
        found[name] = [
            [
                float(elm(name, w, x.shape[1], settings.seed + s).fit(x, y).score(test_x, test_y))
                for s in range(SEEDS)
            ]
            for w in WIDTHS
        ]
    return found


def _grows(name: str, found: list[list[float]]) -> Verdict:
    """The widest against the narrowest."""
    gain = 100 * float(np.mean(found[-1]) - np.mean(found[0]))
    claim = Text(
        f"{name}: accuracy gained from {WIDTHS[0]} to {WIDTHS[-1]} units",
        f"{name}:{WIDTHS[0]} 個から {WIDTHS[-1]} 個に増やして上がる正解率",
    )
    return Verdict(claim, gain, 0.0, 0.0, ">", "%")


def _width_table(found: dict[str, list[list[float]]]) -> Table:
    rows = [(str(w), *(_mean(found[n][i]) for n in ACTIVATIONS)) for i, w in enumerate(WIDTHS)]
    caption = Text(
        f"Test accuracy in %, mean and standard deviation of {SEEDS} seeds.",
        f"テスト正解率(%)。乱数の種 {SEEDS} 個の平均と標準偏差。",
    )
    return Table((Text("units", "ユニット数"), *ACTIVATIONS), rows, caption)


def _mean(shares: list[float]) -> str:
    return f"{100 * np.mean(shares):.2f} ± {100 * np.std(shares):.2f}"


def _beside_backpropagation(settings: Settings, train: Part, test: Part) -> tuple[Table, float]:
    """A row each for the ELM and the same network with every weight learned; how much slower."""
    width, epochs = (400, 30) if settings.fast else (1600, 5)
    rows, seconds = [], []
    for name, learn in ((_NAMES[0], _solved), (_NAMES[1], _descended)):
        start = time.perf_counter()
        predict = learn(train, width, epochs, settings.seed)
        seconds.append(time.perf_counter() - start)
        accuracy = 100 * float((predict(test[0]) == test[1]).mean())
        rows.append((name, str(width), f"{accuracy:.2f} %", f"{seconds[-1]:.2f}"))
    columns = (
        Text("learning", "学習法"),
        Text("units", "ユニット数"),
        Text("test accuracy", "テスト正解率"),
        Text("seconds", "秒"),
    )
    caption = Text(
        f"The same sigmoid network; backpropagation made {epochs} passes over the data.",
        f"同じシグモイドのネットワーク。誤差逆伝播法はデータを {epochs} 周した。",
    )
    return Table(columns, rows, caption), seconds[1] / seconds[0]


def _solved(train: Part, width: int, epochs: int, seed: int) -> Predict:
    return elm("sigmoid", width, train[0].shape[1], seed).fit(*train).predict


def _descended(train: Part, width: int, epochs: int, seed: int) -> Predict:
    manual_seed(seed)
    model = MLP(train[0].shape[1], (width,), 10, "sigmoid")
    rule = optim.Adam(model.parameters(), lr=3e-3)
    trainer = Trainer(model, nn.CrossEntropyLoss(), rule, progress=False, seed=seed)
    trainer.fit(train, epochs=epochs, batch_size=32)
    return lambda x: trainer.predict(x).argmax(axis=1)


_NAMES = (
    Text("ELM, solved at once", "ELM、一度に解く"),
    Text("backpropagation, Adam", "誤差逆伝播法、Adam"),
)


_CAPTION = Text(
    "More random features leave the output more to pick from. With about as many units as examples "
    "(1 437 in the quick form) and a small α there can be a dip: the output then also fits noise.",
    "乱数特徴が多いほど出力層の選択肢が増える。ユニット数がデータ数(短縮版では 1 437)に近く α が"
    "小さいと、"
    "出力が雑音にも合わせてしまい、落ち込むことがある。",
)

EXPERIMENT = Experiment(
    name="b2-extreme-learning",
    rows=("B2",),
    title=Text("A hidden layer that never learns", "学習しない隠れ層"),
    question=Text(
        "An extreme learning machine draws its hidden layer at random and leaves it so. What does "
        "it compute, and how good is it?",
        "エクストリームラーニングマシン(ELM)は隠れ層を乱数で決めたまま変えない。何を計算し、どれ"
        "ほど"
        "正しいのか。",
    ),
    claim=Text(
        "With cos as its activation an ELM is the same as ridge regression on random Fourier "
        "features; with any activation it gets better as it gets wider.",
        "活性化関数が cos の ELM はランダムフーリエ特徴の上のリッジ回帰と同じであり、どの活性化関"
        "数でも"
        "幅を広げると良くなる。",
    ),
    text=Text(
        """Only the output weights B are learned, and for those the squared error is a parabola:
        one system of linear equations gives the best B at once. There is no learning rate, no
        epoch and no local minimum. The price is width, since hidden units that do not learn must be
        many to contain useful ones.

        Take cos for the activation, normal weights and an even phase, and the hidden layer is the
        feature map of random Fourier features: an ELM is then kernel ridge regression in small,
        under another name. The two programs here get the same W and b, and their predictions agree
        to rounding.

        The size of the random weights matters as much as their number. Too small and every unit is
        linear; too large and sigmoids are 0 or 1. Here the weights are N(0, 9/features).""",
        """学習するのは出力の重み B だけであり、それについて二乗誤差は放物面である。連立一次方程
        式を一度解けば最良の B が得られる。学習率もエポックも局所解もない。代償は幅である。学習
        しないユニットの中に役に立つものが含まれるには、数が要る。

        活性化関数に cos、重みに正規分布、位相に一様分布をとれば、隠れ層はランダムフーリエ特徴そ
        のものである。このとき ELM は、名前の違う小さなカーネルリッジ回帰である。ここでは二つの
        プログラムに同じ W と b を与え、予測が丸め誤差の範囲で一致することを見る。

        乱数の重みは個数と同じくらい大きさも重要である。小さすぎればどのユニットも線形になり、大
        きすぎればシグモイドは 0 か 1 になる。ここでは N(0, 9/入力数) とした。""",
    ),
    work=work,
    formulas=(
        r"H=g(XW+b),\qquad B=(H^\top H+\alpha I)^{-1}H^\top Y,\qquad \hat{Y}=HB",
        r"g(z)=\sqrt{\tfrac{2}{D}}\cos z\;\Rightarrow\;HH^\top\approx K",
    ),
    code=(difference_from_features, ridge),
    data=("mnist",),
)
