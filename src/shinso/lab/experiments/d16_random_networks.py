"""Stochastic depth, Swapout, Shake-Shake and ShakeDrop: training draws, evaluation expects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso import models, nn
from shinso.cell import Array
from shinso.graph import no_grad, tensor
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.learning import Plan, error, few, learn, pictures
from shinso.lab.text import Text
from shinso.ops.random import manual_seed
from shinso.ops.shake import Shake
from shinso.viz.picture import Picture, grid
from shinso.viz.style import BLUE, ORANGE, say, styled

DRAWS = 4_000
LAYERS: dict[str, nn.Module] = {
    "StochasticDepth": nn.StochasticDepth(0.4),
    "Swapout": nn.Swapout(0.7, 0.5),
    "ShakeShake": nn.ShakeShake(),
    "ShakeDrop": nn.ShakeDrop(0.5),
}
"""Layers of which each is asked that often."""


FAST = Plan(200, 30, 6, 2)
FULL = Plan(2000, 20, 12, 2)


def draws(layer: nn.Module, count: int, seed: int) -> tuple[Array, float]:
    """What a layer makes of 1 (and of −2 as a second input) in so many draws, and in evaluation."""
    manual_seed(seed)
    inputs = [np.full((1, 1), value, np.float32) for value in (1.0, -2.0)][: _inputs(layer)]
    with no_grad():
        layer.train()
        drawn = np.array([layer(*inputs).item() for _ in range(count)])
        expected = float(layer.eval()(*inputs).item())
    return drawn, expected


def _inputs(layer: nn.Module) -> int:
    return 2 if isinstance(layer, nn.Swapout | nn.ShakeShake) else 1


def coefficients(layer: nn.Module, count: int, seed: int) -> tuple[Array, Array]:
    """What the first input is multiplied by forward, and its gradient backward: (count,) each."""
    manual_seed(seed)
    layer.train()
    x = tensor(np.ones((count, 1), np.float32), requires_grad=True)
    zeros = [np.zeros((count, 1), np.float32)] * (_inputs(layer) - 1)
    y = layer(x, *zeros)
    y.sum().backward()
    assert x.grad is not None
    return y.data[:, 0].astype(np.float64), np.asarray(x.grad)[:, 0].astype(np.float64)


def networks(width: int, channels: int) -> dict[str, Callable[[], nn.Module]]:
    """One network of two even branches, and the same idea with each kind of noise."""
    small: dict[str, Any] = {
        "num_classes": 10,
        "in_channels": channels,
        "layers": (1, 1, 1),
        "width": width,
    }
    return {
        "none": lambda: models.ShakeShakeNet(**small, forward="even", backward="even"),
        "stochastic depth": lambda: models.ShakeShakeNet(
            **small, forward="even", backward="even", drop_path=0.5
        ),
        "shake-shake": lambda: models.ShakeShakeNet(**small),
        "swapout": lambda: models.SwapoutResNet(**small),
        "shakedrop": lambda: models.ShakeDropPyramidNet(**small, alpha=3 * width),
    }


def work(settings: Settings) -> Outcome:
    """Compare means of draws with evaluation; forward with backward; train on few images."""
    outcome = Outcome()
    if settings.wants("expectation"):
        _expectation(settings, outcome)
    if settings.wants("coefficients"):
        _coefficients(settings, outcome)
    if settings.wants("training"):
        _training(settings, outcome)
    return outcome


def _expectation(settings: Settings, outcome: Outcome) -> None:
    rows = []
    for name, layer in LAYERS.items():
        drawn, expected = draws(layer, DRAWS, settings.seed)
        deviation = drawn.std() / np.sqrt(DRAWS)
        off = abs(drawn.mean() - expected) / deviation
        outcome.verdicts.append(
            Verdict(Text(f"{name}: mean of {DRAWS} draws minus evaluation, in standard errors",
                         f"{name}:{DRAWS} 回の平均と評価モードの値の差(標準誤差の単位)"),
                    float(off), 4.0, 0.0, "≤")
        )  # fmt: skip
        rows.append((name, f"{drawn.mean():.4f}", f"{expected:.4f}", f"{drawn.std():.3f}"))
    columns = (
        Text("layer", "層"),
        Text("mean of draws", "引いた値の平均"),
        Text("evaluation", "評価モード"),
        Text("deviation of draws", "引いた値の標準偏差"),
    )
    outcome.tables.append(Table(columns, rows, _INPUTS))


def _coefficients(settings: Settings, outcome: Outcome) -> None:
    shaken = {
        "Shake-Shake": nn.ShakeShake(),
        "Shake-Keep": nn.ShakeShake(backward="keep"),
        "ShakeDrop": nn.ShakeDrop(1.0, level="image"),
    }
    found = {name: coefficients(layer, 4000, settings.seed) for name, layer in shaken.items()}
    for name, (a, b) in found.items():
        same = name == "Shake-Keep"
        claim = Text(f"{name}: correlation of forward α and backward β",
                     f"{name}:順伝播の α と逆伝播の β の相関係数")  # fmt: skip
        correlation = float(np.corrcoef(a, b)[0, 1])
        outcome.verdicts.append(Verdict(claim, correlation, float(same), 0.05, "="))
    outcome.figures.append(Figure("coefficients", _scatter(found), _COEFFICIENTS))


@styled
def _scatter(found: dict[str, tuple[Array, Array]]) -> Picture:
    picture, axes = grid(1, len(found), 9.6, 3.6)
    for ax, (name, (a, b)) in zip(axes, found.items(), strict=True):
        ax.plot(a[:600], b[:600], ".", color=BLUE, markersize=4)
        ax.plot([a.mean()], [b.mean()], "D", color=ORANGE, markersize=8)
        ax.set_title(name)
        ax.set_xlabel(say("forward α", "順伝播の α"))
    axes[0].set_ylabel(say("backward β", "逆伝播の β"))
    return picture


def _training(settings: Settings, outcome: Outcome) -> None:
    plan = FAST if settings.fast else FULL
    train, test = pictures(settings)
    makers = networks(plan.width, train[0].shape[1])
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in makers}
    for name in settings.track(makers):
        for seed in range(settings.seed, settings.seed + plan.seeds):
            some = few(train, plan.images, seed)
            manual_seed(seed)
            trainer = learn(
                makers[name](), some, epochs=plan.epochs, lr=0.05, batch_size=32, seed=seed
            )
            found[name].append((error(trainer, some), error(trainer, test)))
    tests = {name: float(np.mean([e for _, e in each])) for name, each in found.items()}
    outcome.verdicts += [
        Verdict(Text(f"{_KINDS[name].en}: test error minus that without noise, in points",
                     f"{_KINDS[name].ja}:テスト誤り率 − 雑音なし(ポイント)"),
                tests[name] - tests["none"], 0.0, 0.0, "<")
        for name in tests if name != "none"
    ]  # fmt: skip
    rows = [
        (_KINDS[name], f"{np.mean([e for e, _ in each]):.1f} %",
         ", ".join(f"{e:.1f}" for _, e in each), f"{tests[name]:.1f} %")
        for name, each in found.items()
    ]  # fmt: skip
    columns = (
        Text("noise", "雑音"),
        Text("training error", "訓練誤り率"),
        Text("test errors (%) by seed", "テスト誤り率(%)、種ごと"),
        Text("mean", "平均"),
    )
    caption = Text(f"{plan.images} training images, {plan.epochs} epochs.",
                   f"訓練画像 {plan.images} 枚、{plan.epochs} エポック。")  # fmt: skip
    outcome.tables.append(Table(columns, rows, caption))


_KINDS = {
    "none": Text("none", "なし"),
    "stochastic depth": Text("stochastic depth", "確率的深さ"),
    "shake-shake": Text("shake-shake", "Shake-Shake"),
    "swapout": Text("swapout", "Swapout"),
    "shakedrop": Text("shakedrop", "ShakeDrop"),
}
_INPUTS = Text(
    "Of the input 1, and −2 as the second input (F(x), or the second branch).",
    "入力は 1、二つ目の入力(F(x) または二つ目の枝)は −2。",
)
_COEFFICIENTS = Text(
    "What a branch is multiplied by forward (α) and its gradient backward (β), 600 draws; the "
    "diamond is the mean.",
    "枝に順伝播で掛かる数 α と、その勾配に逆伝播で掛かる数 β。600 回分。菱形は平均。",
)

EXPERIMENT = Experiment(
    name="d16-random-networks",
    rows=("D16",),
    title=Text("Networks drawn at random", "ランダムに選ばれるネットワーク"),
    question=Text(
        "Dropout leaves out units. What if whole layers are left out, mixed or even turned round?",
        "ドロップアウトはユニットを抜く。層を丸ごと抜いたり、混ぜたり、逆向きにしたりするとどうな"
        "るか。",
    ),
    claim=Text(
        "Evaluation takes the expected value of what training draws; Shake-Shake and ShakeDrop "
        "multiply the gradient by other numbers than the values; on few images such noise helps.",
        "評価時は、学習時に引く値の期待値を使う。Shake-Shake と ShakeDrop は勾配に、順伝播とは別の"
        "数を"
        "掛ける。訓練画像が少ないとき、こうした雑音は役に立つ。",
    ),
    text=Text(
        """Stochastic depth leaves out whole residual blocks, the later the more often: what learns
        is short, what is used is deep. Swapout lets every unit draw whether it gets 0, x, F(x) or
        x + F(x). Shake-Shake has two branches, mixed with α and 1 − α, and ShakeDrop multiplies a
        single branch, sometimes even by a negative number. In evaluation nothing is drawn: each
        layer takes the mean of what it would draw. The table checks it, layer by layer.

        Layer by layer only: behind a ReLU or a batch norm the mean of the outputs is no longer the
        output of the means. That is why Swapout's authors average over 30 random networks instead.

        The two shakes do something that no derivative does. Forward the branch is multiplied by α,
        backward its gradient by another number β, drawn by itself. Look at the clouds: where β is
        kept equal to α all points lie on a line, else there is no relation. In the code, backward
        simply uses another array than forward; a gradient check would fail, as it should.

        On few images the noise is meant to keep the network from learning them by heart. It also
        slows learning down (the papers train for 500 and 1 800 epochs), so in a short run it may
        help little or harm: see the training errors.""",
        """確率的深さ(stochastic depth)は残差ブロックを丸ごと抜く。後ろほどよく抜く。学習するのは
        浅いネットワーク、使うのは深いネットワークである。Swapout では各ユニットが 0、x、F(x)、x +
        F(x) のどれになるかを引く。Shake-Shake は二つの枝を α と 1 − α で混ぜ、ShakeDrop は一つの
        枝に、ときには負の数まで掛ける。評価時は何も引かず、引くはずの値の平均を使う。表は層ごとに
        それを確かめている。

        ただし層ごとの話である。ReLU やバッチ正規化を通ると、出力の平均はもはや平均の出力ではな
        い。Swapout の著者たちが評価時にも 30 個のランダムなネットワークを平均したのはそのためであ
        る。

        二つの Shake は、どんな微分もしないことをする。順伝播では枝に α を掛け、逆伝播では勾配に、
        別に引いた数β を掛ける。図を見てほしい。β を α と等しく保てば点は直線に並び、そうでなけれ
        ば関係がない。コードでは、逆伝播が順伝播とは別の配列を使うだけである。勾配確認をすれば不合
        格になるが、それで正しい。

        訓練画像が少ないとき、雑音は丸暗記を防ぐためにある。しかし学習を遅くもする(論文は 500 エ
        ポックや 1800 エポック学習している)ので、短い学習ではあまり役に立たず、害になることもあ
        る。訓練誤り率を見てほしい。""",
    ),
    work=work,
    formulas=(
        r"y=x+\frac{b}{1-p}F(x),\quad b\in\{0,1\}",
        r"y=\Theta_1\odot x+\Theta_2\odot F(x)",
        r"y=x+\alpha F_1(x)+(1-\alpha)F_2(x),\quad "
        r"\frac{\partial E}{\partial F_1}\leftarrow\beta\,\frac{\partial E}{\partial y}",
        r"y=x+(b+\alpha-b\alpha)F(x)",
    ),
    code=(Shake, draws, coefficients),
    parts=("expectation", "coefficients", "training"),
    data=("cifar10",),
)
