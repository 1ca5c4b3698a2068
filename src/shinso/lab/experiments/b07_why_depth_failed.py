"""Why deep networks did not learn before 2006, and four cures, measured layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso import nn, optim
from shinso.cell import Array
from shinso.classical import DBNClassifier, StackedAutoEncoder
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.models import MLP
from shinso.nn import init
from shinso.ops.random import manual_seed
from shinso.train import History, Trainer
from shinso.viz.curves import curves
from shinso.viz.histograms import sizes
from shinso.viz.picture import Picture
from shinso.viz.style import say
from shinso.viz.watch import Watch

WIDTH, DEPTH = 100, 6
PLAIN = "sigmoid"
LITTLE, ENOUGH = 0.01, 0.1
"""A first layer that gets less than a hundredth of the last one's gradient, or over a tenth."""


@dataclass(frozen=True)
class Found:
    """A run. history: its numbers; watch: what was seen inside; accuracy: of the test images."""

    history: History
    watch: Watch
    accuracy: float


def deep(features: int, activation: str = PLAIN, batch_norm: bool = False) -> MLP:
    """Six hidden layers, and the usual first weights: uniform over ±1/√inputs."""
    return MLP(features, (WIDTH,) * DEPTH, 10, activation, batch_norm=batch_norm)


def linear_layers(model: MLP) -> list[nn.Linear]:
    """All of them, from the input to the scores."""
    return [layer for layer in model.modules() if isinstance(layer, nn.Linear)]


def with_he(features: int) -> MLP:
    """ReLU, and weights of variance 2 / inputs."""
    model = deep(features, "relu")
    for layer in linear_layers(model):
        init.he_normal_(layer.weight)
    return model


def pretrained(features: int, weights: Sequence[Array], biases: Sequence[Array]) -> MLP:
    """Sigmoids whose layers begin where unsupervised learning left them. weights: (in, out)."""
    model = deep(features)
    for layer, w, b in zip(linear_layers(model)[:-1], weights, biases, strict=True):
        layer.weight.data = np.ascontiguousarray(w.T)
        assert layer.bias is not None
        layer.bias.data = b
    return model


def by_autoencoders(part: Part, epochs: int, seed: int) -> MLP:
    """Each layer learns to reconstruct what the layer below gives; no labels."""
    coder = StackedAutoEncoder(
        (WIDTH,) * DEPTH, pretrain_epochs=epochs, batch_size=40, max_iter=0, random_state=seed
    ).fit(*part)
    return pretrained(part[0].shape[1], coder.weights_, coder.biases_)


def by_boltzmann_machines(part: Part, epochs: int, seed: int) -> MLP:
    """Each layer is a restricted Boltzmann machine on the layer below; no labels.

    It learns from pixels of 0 and 1, which is what its units are: grey ones would be taken for
    noise, and on small images layer after layer would then lose what tells them apart.
    """
    black_and_white = (part[0] > 0.5).astype(part[0].dtype)
    stack = DBNClassifier(
        (WIDTH,) * DEPTH, pretrain_epochs=epochs, batch_size=10, max_iter=0,
        top_algorithm="cd", random_state=seed,
    ).fit(black_and_white, part[1])  # fmt: skip
    return pretrained(part[0].shape[1], stack.weights_, stack.hidden_biases_)


def _starts(part: Part, epochs: int, seed: int) -> dict[str, Callable[[], MLP]]:
    features = part[0].shape[1]
    return {
        PLAIN: lambda: deep(features),
        "autoencoders": lambda: by_autoencoders(part, epochs, seed),
        "RBMs": lambda: by_boltzmann_machines(part, epochs, seed),
        "ReLU, He": lambda: with_he(features),
        "batch norm": lambda: deep(features, batch_norm=True),
    }


def work(settings: Settings) -> Outcome:
    """Train each with the same plain gradient descent, and look inside all the time."""
    train, test = rows_and_classes(settings)
    # As many updates of an RBM in either form, about 6 000.
    epochs, unsupervised = (20, 40) if settings.fast else (6, 1)
    outcome = Outcome()
    found = {}
    starts = _starts(train, unsupervised, settings.seed)
    for name in settings.track(starts):
        manual_seed(settings.seed)
        found[name] = fit(starts[name](), train, test, epochs, settings.seed)
    outcome.verdicts += _verdicts(found)
    outcome.figures += [
        Figure("gradients", _by_layer(found, "gradient"), _CAPTIONS["gradients"]),
        Figure("updates", _by_layer(found, "update"), _CAPTIONS["updates"]),
        Figure("accuracy", _accuracy_picture(found), _CAPTIONS["accuracy"]),
    ]
    for i, (name, run) in enumerate(found.items()):
        caption = Text(
            f"{name}: {_CAPTIONS['over'].en}", f"{_label(name).ja}:{_CAPTIONS['over'].ja}"
        )
        outcome.figures.append(Figure(f"sizes-{i + 1}", sizes(run.watch, "update"), caption))
    outcome.tables.append(_table(found))
    return outcome


def fit(model: MLP, train: Part, test: Part, epochs: int, seed: int) -> Found:
    """Stochastic gradient descent with a little momentum; 20 looks inside."""
    watch = Watch(every=max(1, epochs * len(train[0]) // 20 // 20), examples=200)
    rule = optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), rule, metrics=["accuracy"], callbacks=[watch],
        progress=False, seed=seed,
    )  # fmt: skip
    history = trainer.fit(train, epochs=epochs, validation=test, batch_size=20)
    return Found(history, watch, history.records[-1]["val_accuracy"])


def of_hidden(watch: Watch, kind: str, moment: int) -> Array:
    """Sizes (standard deviations) at the hidden layers, the first first: gradients of their
    outputs, or updates of their weights. moment: which of the watch's looks."""
    seen = watch.snapshots[moment].of[kind]
    order = [int(name.split(".")[1]) for name in seen.layers]
    if kind == "gradient":  # of what goes into a layer of weights: the output of an activation
        linear = [int(n.split(".")[1]) for n in watch.snapshots[moment].of["weight"].layers]
        chosen = [order.index(i - 1) for i in linear[1:]]
    else:
        chosen = list(range(len(order) - 1))
    sizes_found: Array = seen.std[chosen]
    return sizes_found


def first_over_last(watch: Watch, kind: str, moment: int = 0) -> float:
    """What the first hidden layer gets, as a share of what the last one gets."""
    found = of_hidden(watch, kind, moment)
    return float(found[0] / found[-1])


def _verdicts(found: dict[str, Found]) -> list[Verdict]:
    verdicts = []
    kinds = {
        "gradient": Text("gradient", "勾配"),
        "update": Text("update of the weights", "重みの更新量"),
    }
    for kind, words in kinds.items():
        for name, run in found.items():
            mended = name != PLAIN
            claim = Text(
                f"{_label(name).en}: {words.en} at the start, first hidden layer over last",
                f"{_label(name).ja}:学習開始時の{words.ja}、最初の隠れ層と最後の隠れ層の比",
            )
            wanted, relation = (ENOUGH, "≥") if mended else (LITTLE, "≤")
            number = first_over_last(run.watch, kind)
            verdicts.append(Verdict(claim, number, wanted, 0.0, relation))
    for name, run in found.items():
        if name != PLAIN:
            claim = Text(
                f"{_label(name).en}: test accuracy, against the plain sigmoid network",
                f"{_label(name).ja}:テスト正解率、対策なしとの比較",
            )
            plain = 100 * found[PLAIN].accuracy
            verdicts.append(Verdict(claim, 100 * run.accuracy, plain, 0.0, ">", "%"))
    return verdicts


def _label(name: str) -> Text:
    return Text(*_NAMES[name])


_NAMES = {
    PLAIN: ("plain sigmoids", "対策なし(シグモイド)"),
    "autoencoders": ("pretrained by autoencoders", "自己符号化器で事前学習"),
    "RBMs": ("pretrained by RBMs", "RBM で事前学習"),
    "ReLU, He": ("ReLU and He's weights", "ReLU と He の初期値"),
    "batch norm": ("sigmoids with batch normalization", "バッチ正規化つきシグモイド"),
}


def _by_layer(found: dict[str, Found], kind: str) -> Picture:
    words = {
        "gradient": say("gradient of the output (std)", "出力に関する勾配の標準偏差"),
        "update": say(
            "update of the weights in one step (std)", "1 ステップの重みの更新量の標準偏差"
        ),
    }
    return curves(
        {say(*_NAMES[name]): of_hidden(run.watch, kind, 0) for name, run in found.items()},
        range(1, DEPTH + 1),
        xlabel=say("hidden layer (1 is next to the input)", "隠れ層(1 が入力側)"),
        ylabel=words[kind],
        log=True,
        markers=True,
    )


def _accuracy_picture(found: dict[str, Found]) -> Picture:
    lines: dict[str, Any] = {
        say(*_NAMES[name]): 100 * np.array(run.history.history["val_accuracy"])
        for name, run in found.items()
    }
    epochs = len(next(iter(lines.values())))
    return curves(
        lines,
        range(1, epochs + 1),
        xlabel=say("epoch", "エポック"),
        ylabel=say("test accuracy, %", "テスト正解率(%)"),
        ylim=(0, 102),
    )


def _table(found: dict[str, Found]) -> Table:
    rows: list[tuple[Text | str, ...]] = []
    for name, run in found.items():
        ratios = [
            f"{first_over_last(run.watch, kind, moment):.2g}"
            for kind in ("gradient", "update")
            for moment in (0, -1)
        ]
        rows.append((_label(name), *ratios, f"{100 * run.accuracy:.1f} %"))
    columns = (
        Text("network", "ネットワーク"),
        Text("gradient, start", "勾配、開始時"),
        Text("gradient, end", "勾配、終了時"),
        Text("update, start", "更新量、開始時"),
        Text("update, end", "更新量、終了時"),
        Text("test accuracy", "テスト正解率"),
    )
    caption = Text(
        "First hidden layer over last (1: all layers move alike), and what came of it.",
        "最初の隠れ層と最後の隠れ層の比(1 ならどの層も同じだけ動く)と、その結果。",
    )
    return Table(columns, rows, caption)


_CAPTIONS = {
    "gradients": Text(
        "Before the first step: how much gradient arrives at each hidden layer.",
        "最初の更新の前に、各隠れ層へ届く勾配の大きさ。",
    ),
    "updates": Text(
        "And how far the first step moves its weights.", "最初の更新で重みが動く大きさ。"
    ),
    "accuracy": Text(
        "The same data, the same gradient descent, the same depth.",
        "同じデータ、同じ勾配降下法、同じ深さ。",
    ),
    "over": Text("updates of each layer over training.", "学習中の各層の更新量。"),
}

EXPERIMENT = Experiment(
    name="b7-why-depth-failed",
    rows=("B7",),
    title=Text("Why depth failed", "なぜ深くできなかったか"),
    question=Text(
        "Backpropagation was known in 1986. Why did deep networks have to wait until 2006?",
        "誤差逆伝播法は 1986 年に知られていた。なぜ深いネットワークは 2006 年まで待たねばならなか"
        "ったのか。",
    ),
    claim=Text(
        "With sigmoids gradients shrink towards the input, so the first layers hardly move. "
        "Pretraining, ReLU with He's weights and batch normalization mend it.",
        "シグモイドでは勾配が入力側ほど小さく、最初の層はほとんど動かない。事前学習、"
        "ReLU と He の"
        "初期値、バッチ正規化がこれを直す。",
    ),
    text=Text(
        """A weight moves by the learning rate times its gradient. When every layer on the way down
        passes on a small part only, the first layers get next to nothing and stay as random as
        they began, and the last layers must make do with what such layers let through. Three
        hidden layers were already too many.

        In 2006 the way out was to give each layer something to learn of its own, without labels:
        to be a restricted Boltzmann machine, or an autoencoder, on the layer below. Layers that
        carry information from the start need only a little more. Since about 2011 ReLU, suitable
        first weights and, from 2015, batch normalization let gradients through without it.

        Look at updates, not only at gradients. That a gradient is small does not matter where an
        optimizer rescales it, as Adam does; a small share of signal in noise does.""",
        """重みは学習率と勾配の積だけ動く。下へ伝わる途中の各層が勾配のわずかな部分しか通さなけ
        れば、最初の層にはほとんど何も届かず、乱数のまま変わらない。最後の層は、そのような層を通
        り抜けたものだけで間に合わせるしかない。隠れ層は 3 層でもう多すぎた。

        2006 年の解決法は、どの層にもラベルなしで自分の学ぶことを与えることだった。すなわち、下
        の層の上の制限ボルツマンマシン(RBM)や自己符号化器として学習させる。最初から情報を運ぶ層
        なら、あと少しの学習で済む。2011 年ごろからは ReLU と適切な初期値、2015 年からはバッチ正
        規化により、事前学習なしで勾配が通るようになった。

        勾配だけでなく更新量を見よう。Adam のように勾配の大きさを直す手法では、勾配が小さいこと
        自体は問題にならない。問題は、雑音の中の信号の割合が小さいことである。""",
    ),
    work=work,
    formulas=(
        r"\Delta W^{(l)}=-\epsilon\,\frac{\partial E}{\partial W^{(l)}},\qquad"
        r"\left\|\frac{\partial E}{\partial h^{(1)}}\right\|\lesssim"
        r"\left(\tfrac{1}{4}\max_l\|W^{(l)}\|\right)^{L-1}"
        r"\left\|\frac{\partial E}{\partial h^{(L)}}\right\|",
    ),
    code=(by_autoencoders, by_boltzmann_machines, with_he),
    data=("mnist",),
)
