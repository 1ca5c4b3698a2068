"""Random Fourier features against the exact RBF kernel: how fast their error falls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shinso.cell import Array
from shinso.classical import KernelRidge, RandomFourierFeatures
from shinso.classical.kernels import kernel_matrix
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.viz.curves import curves
from shinso.viz.picture import Picture, grid
from shinso.viz.style import BLUE, ORANGE, say, styled

SIZES = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
VARIANTS = ("cos", "cos_sin")
ALPHA = 0.1
PAIRS = 300
"""Examples whose kernel matrix is compared."""


def features(kind: str, size: int, gamma: float, seed: int) -> RandomFourierFeatures:
    """φ with D = size random frequencies."""
    return RandomFourierFeatures(gamma=gamma, n_components=size, variant=kind, random_state=seed)


def kernel_error(kind: str, size: int, x: Array, gamma: float, seed: int) -> float:
    """Root mean square of φ(xᵢ)·φ(xⱼ) − k(xᵢ, xⱼ) over all pairs of different rows of x."""
    phi = features(kind, size, gamma, seed).fit_transform(x)
    wrong = phi @ phi.T - kernel_matrix(x, x, "rbf", gamma, 0, 0.0)
    pairs = ~np.eye(len(x), dtype=bool)
    return float(np.sqrt(np.square(wrong[pairs]).mean()))


def slope(sizes: Sequence[float], errors: Sequence[float]) -> float:
    """Of log error against log D, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])


def work(settings: Settings) -> Outcome:
    """Compare kernel matrices for growing D, then accuracies of ridge regression on top."""
    train, test = _in_float64(settings)
    gamma = 1.0 / (train[0].shape[1] * float(train[0].var()))
    outcome = Outcome()
    errors = _errors(settings, train[0][:PAIRS], gamma)
    for kind in VARIANTS:
        claim = Text(
            f"slope of log error against log D, {kind}", f"log 誤差の log D に対する傾き、{kind}"
        )
        outcome.verdicts.append(Verdict(claim, slope(SIZES, errors[kind]), -0.5, 0.1, "="))
    outcome.figures.append(Figure("error", _error_picture(errors), _CAPTIONS["error"]))
    outcome.figures.append(Figure("kernel", kernel_picture(settings.seed), _CAPTIONS["kernel"]))
    exact, approximate = accuracies(settings, train, test, gamma)
    claim = Text(
        f"accuracy of the exact kernel minus that of {SIZES[-1]} features",
        f"厳密なカーネルの正解率から特徴 {SIZES[-1]} 個の正解率を引いた差",
    )
    found = 100 * (exact - approximate[-1])
    outcome.verdicts.append(Verdict(claim, found, 0.0, 1.0, "≤", "%"))
    picture = _accuracy_picture(exact, approximate)
    outcome.figures.append(Figure("accuracy", picture, _CAPTIONS["accuracy"]))
    outcome.tables.append(_table(errors, exact, approximate))
    return outcome


def _in_float64(settings: Settings) -> tuple[Part, Part]:
    """All of the digits; 6 000 training and all test images of MNIST."""
    (x, y), (test_x, test_y) = rows_and_classes(settings)
    return (x[:6000].astype(float), y[:6000]), (test_x.astype(float), test_y)


def _errors(settings: Settings, x: Array, gamma: float) -> dict[str, list[float]]:
    """For each variant and D the root mean square error over several draws of the features."""
    draws = 5 if settings.fast else 20
    found: dict[str, list[float]] = {kind: [] for kind in VARIANTS}
    for size in settings.track(SIZES, "D ="):
        for kind in VARIANTS:
            each = [kernel_error(kind, size, x, gamma, settings.seed + i) for i in range(draws)]
            found[kind].append(float(np.sqrt(np.square(each).mean())))
    return found


def accuracies(
    settings: Settings, train: Part, test: Part, gamma: float
) -> tuple[float, list[float]]:
    """Of kernel ridge regression on ±1 targets, and of plain ridge regression on features."""
    (x, y), (test_x, test_y) = train, test
    targets = 2.0 * np.eye(10)[y] - 1
    model = KernelRidge(ALPHA, kernel="rbf", gamma=gamma).fit(x, targets)
    exact = float((model.predict(test_x).argmax(axis=1) == test_y).mean())
    approximate = []
    for size in settings.track(SIZES, "ridge, D ="):
        phi = features("cos", size, gamma, settings.seed).fit(x)
        linear = KernelRidge(ALPHA, kernel="linear").fit(phi.transform(x), targets)
        said = linear.predict(phi.transform(test_x)).argmax(axis=1)
        approximate.append(float((said == test_y).mean()))
    return exact, approximate


def _error_picture(errors: dict[str, list[float]]) -> Picture:
    reference = errors["cos"][0] * np.sqrt(SIZES[0] / np.array(SIZES))
    return curves(
        {**errors, "1/√D": reference},
        SIZES,
        xlabel=say("D, random frequencies", "D(乱数の周波数の個数)"),
        ylabel=say("RMS error of the kernel", "カーネルの誤差(二乗平均平方根)"),
        log=True,
        logx=True,
        markers=True,
    )


def _accuracy_picture(exact: float, approximate: Sequence[float]) -> Picture:
    return curves(
        {
            say("random Fourier features", "ランダムフーリエ特徴"): 100 * np.array(approximate),
            say("exact kernel", "厳密なカーネル"): np.full(len(SIZES), 100 * exact),
        },
        SIZES,
        xlabel=say("D, random features", "D(乱数特徴の個数)"),
        ylabel=say("test accuracy, %", "テスト正解率(%)"),
        logx=True,
        markers=True,
    )


@styled
def kernel_picture(seed: int) -> Picture:
    """φ(x)·φ(0) over x for three D, eight draws each, and the exact kernel exp(−x²/2)."""
    picture, axes = grid(1, 3, 10.0, 3.8, sharey=True)
    x = np.linspace(-6, 6, 241)[:, np.newaxis]
    for ax, size in zip(axes, (4, 32, 512), strict=True):
        for i in range(8):
            phi = features("cos_sin", size, 0.5, seed + i).fit(x)
            values = phi.transform(x) @ phi.transform(np.zeros((1, 1))).T
            ax.plot(x, values, color=BLUE, linewidth=0.8, alpha=0.7)
        ax.plot(x, np.exp(-0.5 * x**2), color=ORANGE, linestyle="--")
        ax.set_title(f"D = {size}")
        ax.set_xlabel("x")
    axes[0].set_ylabel("k(x, 0)")
    axes[0].plot([], [], color=BLUE, linewidth=0.8, label=say("eight draws", "8 回の抽選"))
    axes[0].plot([], [], color=ORANGE, linestyle="--", label=say("exact", "厳密"))
    picture.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return picture


def _table(errors: dict[str, list[float]], exact: float, approximate: Sequence[float]) -> Table:
    rows = [
        (str(size), f"{a:.4f}", f"{b:.4f}", f"{100 * c:.2f} %")
        for size, a, b, c in zip(SIZES, *errors.values(), approximate, strict=True)
    ]
    rows.append(("∞", "0", "0", f"{100 * exact:.2f} %"))
    columns = (
        "D",
        Text("error, cos", "誤差、cos"),
        Text("error, cos_sin", "誤差、cos_sin"),
        Text("test accuracy (cos)", "テスト正解率(cos)"),
    )
    caption = Text(
        f"Kernel matrices of {PAIRS} images; ridge regression with α = {ALPHA}. The last row is "
        "the exact kernel.",
        f"画像 {PAIRS} 枚のカーネル行列。リッジ回帰は α = {ALPHA}。最後の行は厳密なカーネル。",
    )
    return Table(columns, rows, caption)


_CAPTIONS = {
    "error": Text(
        "On logarithmic axes a power of D is a line; its slope is the exponent.",
        "両対数軸では D のべき乗は直線になり、傾きが指数である。",
    ),
    "kernel": Text(
        "A kernel as an average of cosines: with 4 of them it is a wave, with 512 nearly a bell.",
        "余弦の平均としてのカーネル。4 個では波、512 個ではほぼ釣鐘形になる。",
    ),
    "accuracy": Text(
        "A linear model on enough random features classifies as well as the exact kernel.",
        "十分な個数の乱数特徴の上の線形モデルは、厳密なカーネルと同じだけ正しく分類する。",
    ),
}

EXPERIMENT = Experiment(
    name="b1-random-fourier-features",
    rows=("B1",),
    title=Text("A kernel from random cosines", "乱数の余弦からつくるカーネル"),
    question=Text(
        "A kernel machine compares every example with every other one. Can a few hundred random "
        "cosines replace it?",
        "カーネル法はすべてのデータの組を比べる。数百個の乱数の余弦でその代わりになるのか。",
    ),
    claim=Text(
        "The inner product of D random Fourier features approaches the RBF kernel with an error "
        "that falls as 1/√D.",
        "D 個のランダムフーリエ特徴の内積は RBF カーネルに近づき、誤差は 1/√D で減る。",
    ),
    text=Text(
        """The RBF kernel depends on x − z only, so by Bochner's theorem it is the Fourier
        transform of a probability density: here a normal one with variance 2γ. That makes the
        kernel an expected value of cos(w·(x − z)), and an expected value can be estimated by an
        average over draws of w.

        An average of D independent draws has a standard deviation of σ/√D. Nothing else is behind
        the rate: it does not depend on how many numbers an example has. To halve the error takes
        four times the features.

        There are two ways to write the features: √(2/D) cos(w·x + b) with a random phase b, or
        the pair cos(w·x), sin(w·x) without one. The factor differs: for D pairs it is √(1/D),
        which texts that copy the one formula into the other get wrong. Pairs give 2D columns, and
        a smaller error for near points, since φ(x)·φ(x) = 1 holds exactly.

        What it saves: n examples cost the exact kernel n² numbers and n³/3 multiplications, the
        features nD and nD². With n = 60 000 the kernel matrix alone takes 29 GB.""",
        """RBF カーネルは x − z だけで決まるので、ボホナーの定理により、ある確率密度(ここでは分
        散 2γ の正規分布)のフーリエ変換である。したがってカーネルは cos(w·(x − z)) の期待値であ
        り、期待値は w を何度も引いた平均で推定できる。

        独立な D 回の平均の標準偏差は σ/√D である。1/√D という速さの理由はこれだけで、データの次
        元にはよらない。誤差を半分にするには特徴が 4 倍いる。

        特徴の書き方は二つある。乱数の位相 b をもつ √(2/D) cos(w·x + b) と、位相のな
        い cos(w·x)、sin(w·x) の対である。係数が異なり、D 対のときは √(1/D) となる。一方の式を他
        方に写して誤る教科書がある。対では列が 2D 個になるが、φ(x)·φ(x) = 1 が厳密に成り立つの
        で、近い点どうしの誤差が小さい。

        節約できる量:n 個のデータに対し厳密なカーネルは n² 個の数と n³/3 回の乗算、特徴は nD 個
        と nD² 回で済む。n = 60 000 ではカーネル行列だけで 29 GB になる。""",
    ),
    work=work,
    formulas=(
        r"k(x,z)=e^{-\gamma\|x-z\|^2}=\mathbb{E}_{w\sim N(0,\,2\gamma I)}\left[\cos w^\top(x-z)"
        r"\right]",
        r"\phi(x)=\sqrt{\tfrac{2}{D}}\,\cos(W^\top x+b),\qquad b_j\sim U(0,2\pi)",
        r"\phi(x)=\sqrt{\tfrac{1}{D}}\,\left[\cos(W^\top x),\;\sin(W^\top x)\right]",
    ),
    code=(kernel_error, kernel_matrix),
    data=("mnist",),
)
