"""First weights: which let a signal through ten layers, and which do not."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from shinso import nn, optim
from shinso.cell import Array
from shinso.graph import Tensor
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.models import MLP
from shinso.nn import init
from shinso.ops.random import manual_seed
from shinso.train import Trainer
from shinso.viz.curves import curves
from shinso.viz.histograms import activation_histograms
from shinso.viz.inside import activations
from shinso.viz.style import say

Init = Callable[[Tensor], Tensor]

STARTS: dict[str, Init] = {
    "zeros": init.zeros_,
    "N(0, 1)": init.normal_,
    "N(0, 0.01²)": partial(init.normal_, std=0.01),
    "Xavier normal": init.xavier_normal_,
    "Xavier uniform": init.xavier_uniform_,
    "He normal": init.he_normal_,
    "He uniform": init.he_uniform_,
    "orthogonal": init.orthogonal_,
}
ACTIVATIONS = ("sigmoid", "tanh", "relu")
DEPTH, WIDTH = 10, 100
SHOWN = (
    ("sigmoid", "N(0, 1)"), ("sigmoid", "N(0, 0.01²)"), ("sigmoid", "Xavier normal"),
    ("tanh", "Xavier normal"), ("relu", "Xavier normal"), ("relu", "He normal"),
)  # fmt: skip


def network(features: int, activation: str, start: str, depth: int = DEPTH, seed: int = 0) -> MLP:
    """A multilayer perceptron whose weights all begin in the same way, and biases at 0."""
    manual_seed(seed)
    model = MLP(features, (WIDTH,) * depth, 10, activation)
    for layer in model.modules():
        if isinstance(layer, nn.Linear) and layer.bias is not None:
            STARTS[start](layer.weight)
            init.zeros_(layer.bias)
    return model


def outputs(model: MLP, x: Array) -> list[Array]:
    """What each hidden layer gives, after its activation: arrays (n, WIDTH)."""
    count = len(model.layers) // 2
    found = activations(model, x, [f"layers.{2 * i + 1}" for i in range(count)])
    return list(found.values())


def spread(values: Array) -> float:
    """Standard deviation of all values together, as histograms show it."""
    return float(values.std(dtype=float))


def signal(values: Array) -> float:
    """Standard deviation from example to example, root mean square over the units."""
    return float(np.sqrt(values.var(axis=0, dtype=float).mean()))


def distinct_rows(weight: Array) -> int:
    """How many units of a layer have weights of their own (to 1e-4 of the largest)."""
    grain = max(float(np.abs(weight).max()) * 1e-4, 1e-30)
    return len(np.unique(np.round(weight / grain), axis=0))


def work(settings: Settings) -> Outcome:
    """Send images through networks that learned nothing yet; then train some of them."""
    train, test = rows_and_classes(settings)
    scale, middle = float(train[0].std()), float(train[0].mean())
    train, test = ((train[0] - middle) / scale, train[1]), ((test[0] - middle) / scale, test[1])
    x = train[0][:500]
    outcome = Outcome()
    outcome.verdicts += [
        *_alike(settings, train),
        *_piles(x, settings.seed),
        *_suits(x, settings.seed),
    ]
    for activation in ("tanh", "relu", "sigmoid"):
        outcome.figures.append(_by_layer(x, activation, settings.seed))
    outcome.figures += [_histograms(x, a, s, settings.seed) for a, s in SHOWN]
    outcome.tables.append(_accuracies(settings, train, test))
    outcome.notes.append(_NOTE)
    return outcome


def fit(model: MLP, train: Part, settings: Settings, epochs: int) -> Trainer:
    """Train with momentum; the same for all."""
    rule = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), rule, metrics=["accuracy"], progress=False,
        seed=settings.seed, clip_grad_norm=10.0,
    )  # fmt: skip
    trainer.fit(train, epochs=epochs, batch_size=32)
    return trainer


def _alike(settings: Settings, train: Part) -> list[Verdict]:
    """Units that begin alike stay alike: count those with weights of their own after training."""
    verdicts = []
    for start, relation, wanted in (("zeros", "=", 1), ("Xavier normal", "=", WIDTH)):
        model = network(train[0].shape[1], "sigmoid", start, 2, settings.seed)
        fit(model, train, settings, 3 if settings.fast else 1)
        weights = [p.numpy() for p in model.parameters() if p.ndim == 2]
        counts = [distinct_rows(w) for w in weights[:-1]]
        claim = Text(
            f"{start}: units with weights of their own after training, of {WIDTH} (hidden layers, "
            "mean)",
            f"{start}:学習後に自分だけの重みをもつユニットの数({WIDTH} 個中、隠れ層の平均)",
        )
        verdicts.append(Verdict(claim, float(np.mean(counts)), wanted, 0.0, relation))
    return verdicts


def _piles(x: Array, seed: int) -> list[Verdict]:
    """Where the sigmoids of the fifth layer are."""
    large = outputs(network(x.shape[1], "sigmoid", "N(0, 1)", 5, seed), x)[-1]
    small = outputs(network(x.shape[1], "sigmoid", "N(0, 0.01²)", 5, seed), x)[-1]
    at_ends = 100 * float(((large < 0.1) | (large > 0.9)).mean())
    in_the_middle = 100 * float((np.abs(small - 0.5) < 0.1).mean())
    return [
        Verdict(
            Text("N(0, 1), sigmoid: outputs within 0.1 of 0 or 1",
                 "N(0, 1)、sigmoid:0 か 1 から 0.1 以内の出力"),
            at_ends, 50, unit="%",
        ),
        Verdict(
            Text("N(0, 0.01²), sigmoid: outputs within 0.1 of 0.5",
                 "N(0, 0.01²)、sigmoid:0.5 から 0.1 以内の出力"),
            in_the_middle, 99, unit="%",
        ),
    ]  # fmt: skip


_FACTOR = 3.0
"""By how much a standard deviation may change over ten layers and still count as kept."""


def _suits(x: Array, seed: int) -> list[Verdict]:
    """Standard deviations of the tenth layer over those of the first; 1 would be ideal."""
    each = [
        ("Xavier normal", "tanh", spread, ">"), ("orthogonal", "tanh", spread, ">"),
        ("N(0, 0.01²)", "tanh", spread, "<"), ("He normal", "relu", spread, ">"),
        ("Xavier normal", "relu", spread, "<"), ("Xavier normal", "sigmoid", spread, ">"),
        ("Xavier normal", "sigmoid", signal, ">"),
    ]  # fmt: skip
    verdicts = []
    for start, activation, measure, relation in each:
        words = _WORDS[measure]
        suits = Text("suits", "に合う") if relation == ">" else Text("does not suit", "に合わない")
        claim = Text(
            f"{start} {suits.en} {activation}: tenth layer over first, {words.en}",
            f"{start} は {activation} {suits.ja}:第 10 層と第 1 層の比、{words.ja}",
        )
        found = _ratio(x, activation, start, measure, seed)
        verdicts.append(Verdict(claim, found, 1 / _FACTOR, 0.0, relation))
    return verdicts


def _ratio(
    x: Array, activation: str, start: str, measure: Callable[[Array], float], seed: int
) -> float:
    """The smaller of last over first and first over last, mean over five networks."""
    logs = []
    for s in range(5):
        found = outputs(network(x.shape[1], activation, start, DEPTH, seed + s), x)
        logs.append(math.log(measure(found[-1]) / measure(found[0])))
    return math.exp(-abs(float(np.mean(logs))))


def _by_layer(x: Array, activation: str, seed: int) -> Figure:
    """The signal's standard deviation, layer by layer, for each start but zeros."""
    chosen = [s for s in STARTS if s != "zeros" and "uniform" not in s]
    lines = {
        s: [signal(o) for o in outputs(network(x.shape[1], activation, s, DEPTH, seed), x)]
        for s in chosen
    }
    picture = curves(
        lines,
        range(1, DEPTH + 1),
        xlabel=say("hidden layer", "隠れ層"),
        ylabel=say("standard deviation over examples", "データ間の標準偏差"),
        title=activation,
        log=True,
        markers=True,
    )
    caption = Text(
        f"How much of the difference between images is left after each layer: {activation}.",
        f"各層の後に画像どうしの違いがどれだけ残るか:{activation}。",
    )
    return Figure(f"layers-{activation}", picture, caption)


def _histograms(x: Array, activation: str, start: str, seed: int) -> Figure:
    model = network(x.shape[1], activation, start, 5, seed)
    picture = activation_histograms(model, x, layers=[f"layers.{2 * i + 1}" for i in range(5)])
    number = SHOWN.index((activation, start)) + 1
    caption = Text(
        f"Outputs of five layers of {WIDTH} units before any learning: {activation}, {start}.",
        f"学習前の 5 層({WIDTH} ユニット)の出力:{activation}、{start}。",
    )
    return Figure(f"outputs-{number}", picture, caption)


def _accuracies(settings: Settings, train: Part, test: Part) -> Table:
    """What each start comes to, with five hidden layers and the same short training."""
    epochs = 4 if settings.fast else 1
    rows = []
    for start in settings.track(STARTS):
        cells = []
        for activation in ACTIVATIONS:
            model = network(train[0].shape[1], activation, start, 5, settings.seed)
            score = fit(model, train, settings, epochs).evaluate(test)["accuracy"]
            cells.append(f"{100 * score:.1f} %")
        rows.append((start, *cells))
    caption = Text(
        f"Test accuracy after {epochs} epochs, five hidden layers of {WIDTH} units, momentum.",
        f"{epochs} エポック後のテスト正解率。{WIDTH} ユニットの隠れ層 5 層、モメンタム。",
    )
    return Table((Text("first weights", "重みの初期値"), *ACTIVATIONS), rows, caption)


_WORDS = {
    spread: Text("standard deviation of all values", "全出力の標準偏差"),
    signal: Text("standard deviation over examples", "データ間の標準偏差"),
}

_NOTE = Text(
    "Ratios are of the smaller to the larger, geometric means over five networks: 1 is ideal, and "
    "over 1/3 counts as kept. In the table look at the sigmoid with N(0, 1): piled up as its "
    "outputs are, it learns while Xavier's does not. With 100 units a layer multiplies what tells "
    "images apart by up to ¼·√100 = 2.5 there, and by ¼ with Xavier's weights.",
    "比は小さい方を大きい方で割ったもので、5 個のネットワークの幾何平均。1 が理想で、1/3 を超えれ"
    "ば保たれた"
    "とみなす。表では N(0, 1) の sigmoid を見てほしい。出力は両端に偏っているのに学習でき、"
    "Xavier では"
    "学習できない。100 ユニットの層は画像の違いを、前者では最大で ¼·√100 = 2.5 倍、Xavier で"
    "は ¼ 倍に"
    "するからである。",
)

EXPERIMENT = Experiment(
    name="c2-initialization",
    rows=("C2",),
    title=Text("Where weights begin", "重みの初期値"),
    question=Text(
        "Before anything is learned, what do the first weights make of a signal that passes ten "
        "layers?",
        "まだ何も学習していないとき、重みの初期値は 10 層を通る信号をどう変えるのか。",
    ),
    claim=Text(
        "With zeros all weights of a layer move alike; N(0, 1) piles sigmoids up at 0 and 1, "
        "N(0, 0.01²) at 0.5; Xavier suits sigmoid and tanh, He suits ReLU.",
        "0 で始めると層の重みはすべて同じように動く。N(0, 1) ではシグモイドの出力が 0 と 1 に、"
        "N(0, 0.01²) では 0.5 に偏る。Xavier は sigmoid と tanh に、He は ReLU に適する。",
    ),
    text=Text(
        """Units that begin with the same weights get the same gradients and stay the same for
        ever: a hundred of them compute one number. So first weights are random, and the question
        is how large.

        A sum of n terms has n times the variance of one. For the variance to stay as it is,
        weights need the variance 1/n; Xavier (Glorot and Bengio) takes the mean of the numbers of
        inputs and outputs for n, so that gradients keep their size, too. ReLU throws half of the
        square away, which He's factor of 2 makes good. Do not take the standard deviation for the
        variance: He's standard deviation is √(2/n).

        Often repeated: Xavier suits the sigmoid. Look twice. The histogram of all outputs does
        stay wide, because units differ. But what tells one image from another shrinks by 4 or so
        with every layer: Xavier's derivation takes the slope at 0 to be 1, which is true of tanh,
        while the sigmoid's is 1/4. So the claim holds by one measure and fails by the other;
        deep sigmoid networks need another cure.""",
        """同じ重みで始めたユニットは同じ勾配を受け取り、いつまでも同じままである。100 個あって
        も一つの数しか計算しない。だから初期値は乱数にする。問題はその大きさである。

        n 個の和の分散は 1 個の分散の n 倍になる。分散を保つには重みの分散を 1/n とすればよ
        い。Xavier (Glorot と Bengio)は n に入力数と出力数の平均をとり、勾配の大きさも保とうとす
        る。ReLU は二乗の半分を捨てるので、He の初期値は 2 倍して補う。分散と標準偏差を取り違え
        ないこと。He の標準偏差は√(2/n) である。

        「Xavier はシグモイドに適する」とよくいわれるが、よく見る必要がある。全出力のヒストグラ
        ムは、ユニットごとの違いのおかげで確かに広いままである。しかし画像を見分けるための違い
        は、層ごとにおよそ 4 分の 1 に縮む。Xavier の導出は原点での傾きを 1 とする。tanh ではそ
        うだが、シグモイドの傾きは 1/4 である。つまりこの主張は一方の尺度では成り立ち、他方では
        成り立たない。深いシグモイドのネットワークには別の対策がいる。""",
    ),
    work=work,
    formulas=(
        r"\mathrm{Var}\left[\sum_{i=1}^{n} w_i x_i\right]=n\,\mathrm{Var}[w]\,\mathrm{E}[x^2]",
        r"\text{Xavier: }\mathrm{Var}[w]=\frac{2}{n_{\mathrm{in}}+n_{\mathrm{out}}}",
        r"\text{He: }\mathrm{Var}[w]=\frac{2}{n_{\mathrm{in}}}",
    ),
    code=(init.xavier_normal_, init.he_normal_, init.orthogonal_, network),
    data=("mnist",),
)  # fmt: skip
