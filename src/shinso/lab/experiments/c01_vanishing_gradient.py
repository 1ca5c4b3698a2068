"""Vanishing gradients: sigmoid, tanh and ReLU in the same deep network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shinso import nn, optim
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.models import MLP
from shinso.nn import init
from shinso.ops.activation import ReLU, Sigmoid, Tanh
from shinso.ops.random import manual_seed
from shinso.train import History, Trainer
from shinso.viz.curves import curves
from shinso.viz.histograms import histograms
from shinso.viz.inside import gradients
from shinso.viz.picture import Picture
from shinso.viz.style import say
from shinso.viz.watch import Watch

ACTIVATIONS = ("sigmoid", "tanh", "relu")
WIDTH, DEEP, TRAINED = 100, 10, 5
"""Units of a layer; layers through which gradients are measured; layers of what is trained."""


def network(features: int, activation: str, depth: int, seed: int) -> MLP:
    """Hidden layers of one width with the first weights that suit the activation.

    Xavier's for sigmoid and tanh, He's for ReLU; biases 0.
    """
    manual_seed(seed)
    model = MLP(features, (WIDTH,) * depth, 10, activation)
    fill = init.he_normal_ if activation == "relu" else init.xavier_normal_
    for layer in model.modules():
        if isinstance(layer, nn.Linear) and layer.bias is not None:
            fill(layer.weight)
            init.zeros_(layer.bias)
    return model


def gradient_sizes(model: MLP, x: Array, t: Array) -> Array:
    """Root mean square of the loss's gradient at each hidden layer's output, the first first."""
    found = gradients(model, nn.CrossEntropyLoss(), x, t)["output"]
    names = [f"layers.{i}" for i in range(1, len(model.layers) - 1, 2)]
    return np.array([np.sqrt(np.square(found[n].astype(float)).mean()) for n in names])


def factor(sizes: Array) -> float:
    """By what a gradient is multiplied from one hidden layer to the one below, on average."""
    return float((sizes[0] / sizes[-1]) ** (1 / (len(sizes) - 1)))


def work(settings: Settings) -> Outcome:
    """Measure gradients before training, then train and watch."""
    train, test = rows_and_classes(settings)
    outcome = Outcome()
    sizes = {a: _mean_sizes(train, a, settings.seed) for a in ACTIVATIONS}
    outcome.verdicts += _factors(sizes)
    outcome.figures.append(Figure("layers", _layers_picture(sizes), _CAPTIONS["layers"]))
    runs = _train_all(settings, train, test)
    outcome.verdicts += _slower({a: [h for h, _ in runs[a]] for a in ACTIVATIONS})
    outcome.figures.append(Figure("accuracy", _accuracy_picture(runs), _CAPTIONS["accuracy"]))
    for activation in ACTIVATIONS:
        watch = runs[activation][0][1]
        for what in ("activation", "gradient"):
            words = _CAPTIONS[what]
            caption = Text(f"{activation}: {words.en}", f"{activation}:{words.ja}")
            outcome.figures.append(
                Figure(f"{what}s-{activation}", histograms(watch, what), caption)
            )
    outcome.tables.append(_table(sizes, runs))
    return outcome


def _mean_sizes(train: Part, activation: str, seed: int) -> Array:
    """Gradient sizes of ten-layer networks before training, geometric mean of five."""
    x, t = train[0][:500], train[1][:500]
    each = [gradient_sizes(network(x.shape[1], activation, DEEP, seed + i), x, t) for i in range(5)]
    means: Array = np.exp(np.log(each).mean(axis=0))
    return means


def _factors(sizes: Mapping[str, Array]) -> list[Verdict]:
    """The sigmoid's factor is its slope at 0, with Xavier's weights; He's makes ReLU's 1."""
    words = Text("gradient's factor per layer", "1 層ごとの勾配の倍率")
    expected = {"sigmoid": ("=", 0.25, 0.05), "tanh": ("≥", 0.7, 0.0), "relu": ("=", 1.0, 0.2)}
    verdicts = []
    for name, (relation, wanted, tolerance) in expected.items():
        claim = Text(f"{name}: {words.en}", f"{name}:{words.ja}")
        verdicts.append(Verdict(claim, factor(sizes[name]), wanted, tolerance, relation))
    return verdicts


def fit(activation: str, train: Part, test: Part, epochs: int, seed: int) -> tuple[History, Watch]:
    """Five hidden layers, momentum, the same for all. Returns history and what was seen."""
    model = network(train[0].shape[1], activation, TRAINED, seed)
    rule = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    watch = Watch(every=max(1, epochs * len(train[0]) // 32 // 30))
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), rule, metrics=["accuracy"], callbacks=[watch],
        progress=False, seed=seed,
    )  # fmt: skip
    return trainer.fit(train, epochs=epochs, validation=test, batch_size=32), watch


Runs = dict[str, list[tuple[History, Watch]]]


def _train_all(settings: Settings, train: Part, test: Part) -> Runs:
    epochs, seeds = (15, 3) if settings.fast else (6, 2)
    runs: Runs = {}
    for name in settings.track(ACTIVATIONS):
        runs[name] = [fit(name, train, test, epochs, settings.seed + i) for i in range(seeds)]
    return runs


def curve(histories: list[History]) -> Array:
    """Test accuracy by epoch in %, mean over the runs."""
    mean: Array = 100 * np.mean([h.history["val_accuracy"] for h in histories], axis=0)
    return mean


def _slower(histories: Mapping[str, list[History]]) -> list[Verdict]:
    """Accuracy, averaged over all epochs: whoever learns sooner has more of it."""
    mean = {name: float(curve(each).mean()) for name, each in histories.items()}
    verdicts = []
    for name in ("tanh", "relu"):
        claim = Text(
            f"{name} learns sooner than sigmoid: test accuracy, mean over the epochs",
            f"{name} は sigmoid より早く学習する:テスト正解率の全エポック平均",
        )
        verdicts.append(Verdict(claim, mean[name], mean["sigmoid"], 0.0, ">", "%"))
    return verdicts


def _layers_picture(sizes: Mapping[str, Array]) -> Picture:
    return curves(
        sizes,
        range(1, DEEP + 1),
        xlabel=say("hidden layer (1 is next to the input)", "隠れ層(1 が入力側)"),
        ylabel=say("RMS gradient of the output", "出力に関する勾配(二乗平均平方根)"),
        log=True,
        markers=True,
    )


def _accuracy_picture(runs: Runs) -> Picture:
    lines = {name: curve([h for h, _ in each]) for name, each in runs.items()}
    epochs = len(next(iter(lines.values())))
    return curves(
        lines,
        range(1, epochs + 1),
        xlabel=say("epoch", "エポック"),
        ylabel=say("test accuracy, %", "テスト正解率(%)"),
        ylim=(0, 102),
    )


def _table(sizes: Mapping[str, Array], runs: Runs) -> Table:
    rows = []
    for name in ACTIVATIONS:
        end = curve([h for h, _ in runs[name]])[-1]
        first, last = sizes[name][0], sizes[name][-1]
        rows.append(
            (name, f"{first:.2e}", f"{last:.2e}", f"{factor(sizes[name]):.3f}", f"{end:.1f} %")
        )
    columns = (
        Text("activation", "活性化関数"),
        Text("gradient, layer 1", "勾配、第 1 層"),
        Text(f"gradient, layer {DEEP}", f"勾配、第 {DEEP} 層"),
        Text("factor per layer", "1 層ごとの倍率"),
        Text("test accuracy at the end", "最後のテスト正解率"),
    )
    caption = Text(
        f"Gradients of {DEEP} layers before training; accuracy of {TRAINED} layers after it.",
        f"勾配は学習前の {DEEP} 層、正解率は学習後の {TRAINED} 層のネットワーク。",
    )
    return Table(columns, rows, caption)


_CAPTIONS = {
    "layers": Text(
        "A straight line on this axis means: every layer multiplies the gradient by the same "
        "factor.",
        "この軸で直線になるのは、どの層も勾配に同じ倍率を掛けるということである。",
    ),
    "accuracy": Text(
        "The same network, data and steps; only the activation (and what suits it as first "
        "weights) differs. Means of several seeds.",
        "同じネットワーク、同じデータ、同じ更新。違うのは活性化関数(とそれに合う初期値)だけ。複数"
        "の"
        "乱数の種の平均。",
    ),
    "activation": Text("outputs of the layers over training.", "学習中の各層の出力。"),
    "gradient": Text("gradients of these outputs.", "それらの出力に関する勾配。"),
}

EXPERIMENT = Experiment(
    name="c1-vanishing-gradient",
    rows=("C1",),
    title=Text("The vanishing gradient", "勾配消失"),
    question=Text(
        "What does backpropagation leave of a gradient on its way down through ten layers?",
        "誤差逆伝播法で 10 層を下るとき、勾配はどれだけ残るのか。",
    ),
    claim=Text(
        "With sigmoids the gradient shrinks to about a quarter with every layer; with tanh and "
        "ReLU, started rightly, it does not, and they learn sooner.",
        "シグモイドでは勾配が層ごとに約 4 分の 1 に縮む。適切に始めた tanh と ReLU では縮まず、早"
        "く"
        "学習する。",
    ),
    text=Text(
        """On its way from one layer to the one below, the gradient is multiplied by the slope of
        the activation and by the weights. The sigmoid's slope σ(1 − σ) is 1/4 at most; tanh's is 1
        at 0; ReLU's is 1 for half of the units and 0 for the rest. At 0 itself ReLU has no
        derivative; by convention we use 0, as the frameworks do.

        The weights matter as much. Xavier's are made to multiply by 1, so what is left of the
        sigmoid is its slope: (1/4)¹⁰ is a millionth. ReLU loses half of the square, and He's
        weights double it. With larger weights a sigmoid network can be made not to shrink
        gradients at the start, but then its units saturate as it learns.

        Watch the histograms: outputs on top of one another mean that a layer says the same about
        every image. Gradients that are a thin line mean that the layer is not told anything.""",
        """勾配は一つ下の層へ伝わるとき、活性化関数の傾きと重みを掛けられる。シグモイドの傾
        き σ(1 − σ) は最大でも 1/4、tanh の傾きは原点で 1、ReLU の傾きは半分のユニットで 1、残り
        で 0 である。ReLU は 0 では微分できない。慣例により、ほかのフレームワークと同じく 0 とす
        る。

        重みも同じだけ効く。Xavier の初期値は倍率が 1 になるように作られているので、シグモイドで
        は傾きだけが残る。(1/4)¹⁰ は 100 万分の 1 である。ReLU は二乗の半分を失い、He の初期値が
        それを 2 倍にして補う。重みを大きくすればシグモイドでも最初は勾配が縮まないようにできる
        が、学習するうちにユニットが飽和する。

        ヒストグラムを見よう。出力が一か所に重なっていれば、その層はどの画像にも同じことしか言っ
        ていない。勾配が細い線なら、その層には何も伝わっていない。""",
    ),
    work=work,
    formulas=(
        r"\frac{\partial E}{\partial h^{(l-1)}}=W^{(l)\top}\left(f'(z^{(l)})\odot"
        r"\frac{\partial E}{\partial h^{(l)}}\right)",
        r"\sigma'(z)=\sigma(z)\,(1-\sigma(z))\le\tfrac{1}{4},\qquad\tanh'(z)=1-\tanh^2 z\le 1",
    ),
    code=(Sigmoid, Tanh, ReLU, gradient_sizes),
    data=("mnist",),
)
