"""MNIST with the methods between the first and the third generation, beside what was published.

Accuracies and times of others: G.-B. Huang, E. Cambria and colleagues' table of multilayer extreme
learning machines beside deep networks (2013), as course texts repeat it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from shinso import classical
from shinso.classical.recipes import MNIST
from shinso.lab.experiment import Experiment, Outcome, Settings, Table, Verdict
from shinso.lab.samples import rows_and_classes
from shinso.lab.text import Text

TOLERANCE = 0.15
_THEIR_TIME = {"elm": "< 7.5 min", "dbn": "5.7 h", "dbm": "19 h", "sae": "> 17 h", "sdae": "> 17 h"}
_PRETRAINED: Mapping[str, Any] = {
    "hidden_layer_sizes": (150, 150),
    "pretrain_epochs": 20,
    "batch_size": 20,
    "max_iter": 40,
    "dropout": 0.2,
    "input_dropout": 0.1,
}
"""For few and small images: fewer units and less dropout, but many updates."""

_SMALLER: Mapping[str, Mapping[str, Any]] = {
    "elm": {"n_hidden": 1000, "image_shape": (8, 8)},
    "dbn": {**_PRETRAINED, "learning_rate_init": 3e-3},
    "dbm": {**_PRETRAINED, "learning_rate_init": 3e-3, "joint_epochs": 20},
    "sae": _PRETRAINED,
    "sdae": _PRETRAINED,
}
"""What is other in the quick form, for 8×8 pixels."""


def work(settings: Settings) -> Outcome:
    """Train every recipe on all images, count right answers on the test images."""
    (x, y), (test_x, test_y) = rows_and_classes(settings)
    outcome, rows = Outcome(), []
    base = classical.LogisticRegression(max_iter=200, tol=1e-3).fit(x, y)
    plain = 100 * float(base.score(test_x, test_y))
    for name in settings.track(settings.only or tuple(MNIST)):
        recipe = MNIST[name]
        changed = _SMALLER[name] if settings.fast else {}
        model = getattr(classical, recipe.method)(**{**recipe.arguments, **changed})
        start = time.perf_counter()
        model.fit(x, y)
        seconds = time.perf_counter() - start
        accuracy = 100 * float((model.predict(test_x) == test_y).mean())
        if settings.fast:
            claim = Text(
                f"{recipe.method} is better than softmax regression on the digits",
                f"{recipe.method} は digits でソフトマックス回帰に勝る",
            )
            verdict = Verdict(claim, accuracy, plain, 0.0, ">", "%")
        else:
            claim = Text(f"{recipe.method} on MNIST", f"MNIST での {recipe.method}")
            verdict = Verdict(claim, accuracy, recipe.published, TOLERANCE, unit="%")
        outcome.verdicts.append(verdict)
        rows.append(
            (
                recipe.method,
                f"{accuracy:.2f} %",
                f"{seconds:.0f}",
                f"{recipe.published:.2f} %",
                _THEIR_TIME[name],
            )
        )
    rows.append(("LogisticRegression", f"{plain:.2f} %", "", "", ""))
    columns = (
        Text("method", "手法"),
        Text("test accuracy", "テスト正解率"),
        Text("seconds", "秒"),
        Text("published, MNIST", "公表値(MNIST)"),
        Text("their time", "公表の学習時間"),
    )
    outcome.tables.append(Table(columns, rows))
    if settings.fast:
        outcome.notes.append(_NOTE)
    return outcome


_NOTE = Text(
    "The quick form has 1 437 images to learn from and 360 to test with: one image is 0.28 %, and "
    "the standard error of such an accuracy about 1 %.",
    "短縮版の訓練画像は 1 437 枚、テスト画像は 360 枚である。1 枚が 0.28 % にあたり、正解率の標準"
    "誤差は"
    "およそ 1 % である。",
)


EXPERIMENT = Experiment(
    name="b3-mnist-2006",
    rows=("B3", "B4", "B5", "B6"),
    title=Text("Deep before deep learning", "深層学習以前の深層"),
    question=Text(
        "Around 2006 networks were made deep by learning one layer after the other, or by not "
        "learning most of it at all. How good was that, and how long does it take now?",
        "2006 年ごろ、深いネットワークは一層ずつ学習するか、大部分を学習しないことで作られてい"
        "た。"
        "どれほどの精度で、いまならどれだけの時間で済むのか。",
    ),
    claim=Text(
        "Such methods reach 98.6 to 99.05 % on MNIST, in minutes instead of hours.",
        "これらの手法は MNIST で 98.6〜99.05 % に達し、何時間ではなく数分で学習できる。",
    ),
    text=Text(
        """A deep belief network learns each layer as a restricted Boltzmann machine on the layer
        below, a stacked autoencoder as a network that reconstructs its own input, and a deep
        Boltzmann machine learns all its layers together afterwards. Then labels come in, and
        backpropagation fine-tunes everything. An extreme learning machine draws its hidden layer
        at random and solves for the output weights in one step.

        The published figures are those of one table, with their authors' hardware of 2013.""",
        """深層信念ネットワーク(DBN)は各層を、下の層の上の制限ボルツマンマシンとして学習する。
        積層自己符号化器の各層は、自分の入力を復元するネットワークとして学習する。深層ボルツマン
        マシン(DBM)はさらに全層を一緒に学習する。その後ラベルを使い、誤差逆伝播法で全体を微調整
        する。 ELM は隠れ層を乱数で決め、出力の重みだけを一度に解く。

        公表値は 2013 年の一つの表のもので、計算機もその著者たちのもの。""",
    ),
    work=work,
    formulas=(
        r"p(v,h)\propto\exp(a^\top v+b^\top h+v^\top W h)",
        r"W\leftarrow W+\eta\left(\langle v h^\top\rangle_{\mathrm{data}}-"
        r"\langle v h^\top\rangle_{\mathrm{model}}\right)",
    ),
    parts=tuple(MNIST),
    data=("mnist",),
)
