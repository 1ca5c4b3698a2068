"""Optimizers on a ravine, at a saddle point, and on data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shinso import nn, optim
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.models import MLP
from shinso.ops.random import manual_seed
from shinso.optim.adam import adam
from shinso.optim.rmsprop import rmsprop
from shinso.optim.sgd import sgd
from shinso.optim.trajectory import trajectory
from shinso.train import History, Trainer
from shinso.viz.animation import descent
from shinso.viz.curves import curves
from shinso.viz.style import say
from shinso.viz.surface import contours, surface


@dataclass(frozen=True)
class Rule:
    """An optimizer with its options. rates: which learning rates to try on data."""

    kind: Callable[..., optim.Optimizer]
    options: Mapping[str, Any] = field(default_factory=dict)
    rates: tuple[float, ...] = (1e-3, 3e-3, 1e-2)


RULES = {
    "SGD": Rule(optim.SGD, rates=(0.1, 0.3, 1.0)),
    "momentum": Rule(optim.SGD, {"momentum": 0.9}, (0.01, 0.03, 0.1)),
    "Nesterov": Rule(optim.SGD, {"momentum": 0.9, "nesterov": True}, (0.01, 0.03, 0.1)),
    "AdaGrad": Rule(optim.Adagrad, rates=(0.01, 0.03, 0.1)),
    "RMSProp": Rule(optim.RMSprop, {"alpha": 0.9}),
    "Adadelta": Rule(optim.Adadelta, rates=(0.3, 1.0, 3.0)),
    "Adam": Rule(optim.Adam),
    "AdamW": Rule(optim.AdamW),
    "NAdam": Rule(optim.NAdam),
}
RAVINE_RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
RAVINE_STEPS, SADDLE_STEPS = 30, 150
SADDLE_RATE = 0.1
FAR, BESIDE = 2.0, 1e-3
"""Where a path to the saddle begins: so far up the ridge, so far beside it."""

ADAPTIVE = ("AdaGrad", "RMSProp", "Adam")


def ravine(x: Any, y: Any) -> Any:
    """½ · x²/10 + y²: twenty times steeper across than along."""
    return x**2 / 20 + y**2


def saddle(x: Any, y: Any) -> Any:
    """x² − y²: a valley along x, a ridge along y. The way out is y."""
    return x**2 - y**2


def turned(x: Any, y: Any) -> Any:
    """2xy, which is the same saddle turned by 45°: the way out is (x − y) / √2."""
    return 2 * x * y


def path(f: Callable[[Any, Any], Any], start: Any, steps: int, name: str, lr: float) -> Array:
    """The optimizer's way over f, (steps + 1, 2)."""
    rule = RULES[name]
    return trajectory(lambda w: f(w[0], w[1]), start, steps, lr, rule.kind, **rule.options)


def work(settings: Settings) -> Outcome:
    """Paths first, then training curves."""
    outcome = Outcome()
    outcome.verdicts += _forms()
    _on_the_ravine(outcome)
    _at_the_saddle(outcome)
    _on_data(settings, outcome)
    return outcome


# -- how the updates are written -------------------------------------------------------------------


def _forms() -> list[Verdict]:
    """The textbook's momentum against ours; where RMSProp has its ε."""
    start = np.array([-7.0, 2.0])
    ours = path(ravine, start, RAVINE_STEPS, "momentum", 0.1)
    theirs = textbook_momentum(start, RAVINE_STEPS, 0.1, 0.9)
    w = np.array([1.0])
    moved = trajectory(lambda w: 0.5 * w[0] ** 2, w, 1, 0.1, optim.RMSprop, alpha=0.9, eps=0.5)
    outside = 0.1 * 1.0 / (np.sqrt(0.1) + 0.5)
    inside = 0.1 * 1.0 / np.sqrt(0.1 + 0.5)
    step = float(moved[0, 0] - moved[1, 0])
    return [
        Verdict(
            Text("v ← μv − ε∇E, w ← w + v: largest distance from shinso's path",
                 "v ← μv − ε∇E、w ← w + v:shinso の経路との差の最大値"),
            float(np.abs(ours - theirs).max()), 0.0, 1e-12, "=",
        ),
        Verdict(
            Text(f"RMSProp's first step with ε = 0.5 outside the root (inside it: {inside:.4f})",
                 f"ε = 0.5 を根号の外に置いた RMSProp の第 1 歩(内側なら {inside:.4f})"),
            step, outside, 1e-12, "=",
        ),
    ]  # fmt: skip


def textbook_momentum(w: Array, steps: int, rate: float, mu: float) -> Array:
    """v ← μv − ε∇E, w ← w + v on the ravine, as textbooks write it: all points on the way."""
    v, points = np.zeros(2), [w]
    for _ in range(steps):
        v = mu * v - rate * np.array([w[0] / 10, 2 * w[1]])
        w = w + v
        points.append(w)
    return np.stack(points)


# -- the ravine ------------------------------------------------------------------------------------


def best_on_ravine(name: str) -> tuple[float, float, Array]:
    """The lowest value after 30 steps, the rate of RAVINE_RATES that gets there, and the path."""
    tried = []
    for lr in RAVINE_RATES:
        points = path(ravine, [-7.0, 2.0], RAVINE_STEPS, name, lr)
        if len(points) == RAVINE_STEPS + 1:
            tried.append((float(ravine(*points[-1])), lr, points))
    return min(tried, key=lambda t: t[0])


def _on_the_ravine(outcome: Outcome) -> None:
    best = {name: best_on_ravine(name) for name in RULES}
    others = ("momentum", "Nesterov", *ADAPTIVE)
    claim = Text(
        "ravine: the worst of momentum, Nesterov, AdaGrad, RMSProp and Adam after 30 steps, "
        "against plain SGD",
        "谷:30 ステップ後のモメンタム・Nesterov・AdaGrad・RMSProp・Adam のうち最悪の値と、SGD の値",
    )
    worst = max(best[name][0] for name in others)
    outcome.verdicts.append(Verdict(claim, worst, best["SGD"][0], 0.0, "<"))
    for i, group in enumerate((("SGD", "momentum", "Nesterov"), ADAPTIVE)):
        picture = contours(
            ravine, (-8, 6), (-3, 3), paths={n: best[n][2] for n in group}, log=True,
            title=say("30 steps in a ravine", "谷での 30 ステップ"),
        )  # fmt: skip
        outcome.figures.append(Figure(f"ravine-{i + 1}", picture, _CAPTIONS["ravine"]))
    rows = [(name, f"{lr:g}", f"{value:.3g}") for name, (value, lr, _) in best.items()]
    columns = (
        Text("optimizer", "最適化手法"),
        Text("best rate of those tried", "試した中で最良の学習率"),
        Text("f after 30 steps", "30 ステップ後の f"),
    )
    caption = Text("The ravine, from (−7, 2) with f = 6.45.", "谷。出発点は (−7, 2)、f = 6.45。")
    outcome.tables.append(Table(columns, rows, caption))


# -- the saddle ------------------------------------------------------------------------------------


def way_out(name: str, is_turned: bool) -> tuple[Array, Array]:
    """A path over the saddle, and how far out it is at each step."""
    if not is_turned:
        points = path(saddle, [FAR, BESIDE], SADDLE_STEPS, name, SADDLE_RATE)
        return points, np.abs(points[:, 1])
    start = np.array([FAR + BESIDE, FAR - BESIDE]) / np.sqrt(2)
    points = path(turned, start, SADDLE_STEPS, name, SADDLE_RATE)
    return points, np.abs(points[:, 0] - points[:, 1]) / np.sqrt(2)


def _at_the_saddle(outcome: Outcome) -> None:
    names = ("SGD", "momentum", *ADAPTIVE)
    found = {(n, t): way_out(n, t) for n in names for t in (False, True)}
    for t, where in ((False, _ALONG), (True, _ACROSS)):
        for name in ADAPTIVE:
            stalls = name == "AdaGrad"
            does = Text("stalls", "停滞する") if stalls else Text("leaves", "抜け出す")
            claim = Text(
                f"{name} {does.en}, {where.en}: distance on the way out after {SADDLE_STEPS} steps",
                f"{name} は{does.ja}、{where.ja}:{SADDLE_STEPS} ステップ後の出口方向の距離",
            )
            distance = float(found[name, t][1][-1])
            wanted, relation = (0.1, "≤") if stalls else (1.0, "≥")
            outcome.verdicts.append(Verdict(claim, distance, wanted, 0.0, relation))
        lines = {n: np.where(d > 3, np.nan, d) for n in names for d in [found[n, t][1]]}
        picture = curves(
            lines,
            xlabel=say("step", "ステップ"),
            ylabel=say("distance on the way out", "出口方向の距離"),
            title=say(f"{where.en}, rate {SADDLE_RATE}", f"{where.ja}、学習率 {SADDLE_RATE}"),
            log=True,
        )
        name = "turned" if t else "aligned"
        outcome.figures.append(Figure(f"saddle-{name}", picture, _CAPTIONS[name]))
    paths = {n: found[n, True][0] for n in reversed(ADAPTIVE)}
    outcome.figures += [
        Figure("surface", surface(turned, (-2, 2), (-2, 2), paths=paths), _CAPTIONS["surface"]),
        Figure("descent", descent(turned, (-2, 2), (-2, 2), paths), _CAPTIONS["descent"], "gif"),
    ]
    outcome.tables.append(_steps_table({k: v[1] for k, v in found.items()}))
    outcome.notes.append(_NOTE)


def _steps_table(distances: Mapping[tuple[str, bool], Array]) -> Table:
    """When each has left: is farther out than 1."""

    def left(d: Array) -> str:
        return str(int(np.argmax(d > 1))) if (d > 1).any() else "—"

    names = dict.fromkeys(name for name, _ in distances)
    rows = [(n, *(left(distances[n, t]) for t in (False, True))) for n in names]
    caption = Text(
        f"Steps until the distance on the way out is over 1; — not within {SADDLE_STEPS}.",
        f"出口方向の距離が 1 を超えるまでのステップ数。— は {SADDLE_STEPS} 以内に抜けない。",
    )
    return Table((Text("optimizer", "最適化手法"), _ALONG, _ACROSS), rows, caption)


# -- data ------------------------------------------------------------------------------------------


def train(name: str, lr: float, part: Part, epochs: int, seed: int) -> tuple[Trainer, History]:
    """The same network from the same start, with this optimizer."""
    manual_seed(seed)
    model = MLP(part[0].shape[1], (50,), 10)
    rule = RULES[name].kind(model.parameters(), lr=lr, **RULES[name].options)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), rule, metrics=["accuracy"], progress=False, seed=seed
    )
    return trainer, trainer.fit(part, epochs=epochs, batch_size=32 if epochs > 5 else 100)


def _on_data(settings: Settings, outcome: Outcome) -> None:
    part, test = rows_and_classes(settings)
    epochs = 10 if settings.fast else 3
    lines, rows = {}, []
    for name in settings.track(RULES):
        each = []
        for lr in RULES[name].rates:
            trainer, history = train(name, lr, part, epochs, settings.seed)
            each.append((history.records[-1]["loss"], lr, trainer, history))
        loss, lr, trainer, history = min(each, key=lambda e: e[0])
        accuracy = 100 * trainer.evaluate(test)["accuracy"]
        lines[name] = history.history["loss"]
        rows.append((name, f"{lr:g}", f"{lines[name][0]:.3f}", f"{loss:.4f}", f"{accuracy:.2f} %"))
    picture = curves(
        lines,
        range(1, epochs + 1),
        xlabel=say("epoch", "エポック"),
        ylabel=say("training loss", "訓練誤差"),
        log=True,
    )
    outcome.figures.append(Figure("training", picture, _CAPTIONS["training"]))
    columns = (
        Text("optimizer", "最適化手法"),
        Text("best of three rates", "3 つの学習率のうち最良"),
        Text("loss, epoch 1", "誤差、第 1 エポック"),
        Text("loss, last epoch", "誤差、最終エポック"),
        Text("test accuracy", "テスト正解率"),
    )
    outcome.tables.append(Table(columns, rows, Text("On images.", "画像での結果。")))


# -- words -----------------------------------------------------------------------------------------

_ALONG = Text("saddle along the axes", "軸に沿った鞍点")
_ACROSS = Text("saddle turned by 45°", "45° 回した鞍点")
_CAPTIONS = {
    "ravine": Text(
        "Each with the best of eight learning rates. Contours are spaced logarithmically.",
        "それぞれ 8 通りのうち最良の学習率。等高線は対数間隔。",
    ),
    "aligned": Text(
        "x² − y²: every coordinate has a step size of its own, so AdaGrad leaves as well. Lines "
        "end at 3.",
        "x² − y²:座標ごとに歩幅が違うので AdaGrad も抜け出す。線は 3 で打ち切った。",
    ),
    "turned": Text(
        "The same saddle turned by 45°: both coordinates remember the steep way down. Lines end "
        "at 3.",
        "同じ鞍点を 45° 回すと、どちらの座標も急な下りを覚えている。線は 3 で打ち切った。",
    ),
    "surface": Text(
        "Down the valley to the saddle, and away from it or not: AdaGrad stays there.",
        "谷を鞍点まで下り、そこから抜け出すか否か。AdaGrad はとどまる。",
    ),
    "descent": Text("The same paths step by step.", "同じ経路を 1 ステップずつ。"),
    "training": Text(
        "Mean loss of each epoch, each optimizer with the best of three rates.",
        "エポックごとの平均の誤差。手法ごとに 3 つのうち最良の学習率を使った。",
    ),
}
_NOTE = Text(
    f"All paths to the saddle begin {FAR:g} up the ridge and {BESIDE:g} beside it, with the rate "
    f"{SADDLE_RATE:g} for all. As the claim is usually drawn, along the axes, it does not hold for "
    "AdaGrad: dividing by the root of the sum of its own squares makes a tiny gradient as large as "
    "any other. It holds as soon as the valley and the way out share coordinates, as they do in a "
    "network.",
    f"鞍点への経路はすべて尾根から {BESIDE:g} だけ離れた距離 {FAR:g} の点から、"
    f"同じ学習率 {SADDLE_RATE:g} で始めた。よく描かれるように軸に沿った鞍点では、AdaGrad について"
    f"の主張は"
    "成り立たない。自分自身の二乗和の平方根で割ると、ごく小さな勾配もほかと同じ大きさになるからで"
    "ある。"
    "谷と出口が座標を共有すれば成り立ち、ネットワークではそれが普通である。",
)

EXPERIMENT = Experiment(
    name="c5-optimizers",
    rows=("C5",),
    title=Text("Nine ways downhill", "九通りの降り方"),
    question=Text(
        "How do SGD, momentum, AdaGrad, RMSProp and Adam differ where gradients mislead: in a "
        "ravine and at a saddle point?",
        "勾配が当てにならない谷や鞍点で、SGD・モメンタム・AdaGrad・RMSProp・Adam はどう違うのか。",
    ),
    claim=Text(
        "Momentum and adaptive rates get through a ravine sooner than plain SGD. AdaGrad stalls at "
        "a saddle point, RMSProp and Adam do not.",
        "モメンタムと適応的な学習率は SGD より早く谷を抜ける。AdaGrad は鞍点で停滞し、"
        "RMSProp と Adam "
        "は停滞しない。",
    ),
    text=Text(
        """In a ravine the gradient points across, not along. Plain SGD must keep its rate below
        the limit of the steep direction and so crawls in the flat one. Momentum averages the
        zigzag away and adds up what stays. Adaptive methods divide each coordinate by the size of
        its own gradients, so that steep and flat ones move alike.

        Momentum is v ← μv − ε∇E and then w ← w + v: the velocity is what is added. Some texts
        print the minus sign twice or the update without it. shinso, as PyTorch, writes v ← μv + g,
        w ← w − εv; the path is the same as long as ε is constant.

        AdaGrad divides by the root of the sum of all squares so far, which only grows. RMSProp
        takes a running mean instead and so forgets. Adam is RMSProp with momentum and a
        correction for the zeros that both averages start from. The ε that keeps from dividing by
        0 stands outside the root here, √s + ε, as in PyTorch; TensorFlow and some papers write
        √(s + ε). For a tiny s that is another step size.

        AdamW shrinks the weights apart from the gradient, NAdam looks ahead as Nesterov does, and
        Adadelta replaces the rate by the size of its own past steps, which makes its beginning
        slow.""",
        """谷では勾配は谷を横切る向きで、谷に沿わない。SGD は急な方向の限界より小さい学習率を使
        うしかなく、緩やかな方向では遅い。モメンタムは往復を打ち消し、残る向きを足し合わせる。適
        応的な手法は座標ごとに勾配の大きさで割り、急な座標と緩やかな座標を同じように動かす。

        モメンタムは v ← μv − ε∇E、次に w ← w + v である。足すのは速度である。負号を二重に書いた
        り落としたりした教科書がある。shinso は PyTorch と同じく v ← μv + g、w ← w − εv と書く。
        ε が一定なら経路は同じである。

        AdaGrad はそれまでの二乗の総和の平方根で割るが、総和は増える一方である。RMSProp は移動平
        均を使うので過去を忘れる。Adam は RMSProp にモメンタムを加え、二つの平均が 0 から始まる
        ことを補正したものである。 0 での割り算を防ぐ ε は、ここでは PyTorch と同じく根号の外、
        √s + ε に置く。TensorFlow や一部の論文は√(s + ε) と書く。s がごく小さいと歩幅が変わる。

        AdamW は勾配とは別に重みを縮め、NAdam は Nesterov のように先を見る。Adadelta は学習率の
        代わりに自分の過去の歩幅を使うので、出だしが遅い。""",
    ),
    work=work,
    formulas=(
        r"\text{Momentum: }v\leftarrow\mu v-\epsilon\nabla E,\qquad w\leftarrow w+v",
        r"\text{AdaGrad: }s\leftarrow s+g^2,\qquad "
        r"w\leftarrow w-\frac{\eta}{\sqrt{s}+\varepsilon}\,g",
        r"\text{RMSProp: }s\leftarrow\alpha s+(1-\alpha)g^2,\qquad "
        r"w\leftarrow w-\frac{\eta}{\sqrt{s}+\varepsilon}\,g",
        r"\text{Adam: }m\leftarrow\beta_1 m+(1-\beta_1)g,\quad v\leftarrow\beta_2 v+(1-\beta_2)g^2,"
        r"\quad w\leftarrow w-\eta\,\frac{m/(1-\beta_1^t)}{\sqrt{v/(1-\beta_2^t)}+\varepsilon}",
    ),
    code=(sgd, rmsprop, adam, textbook_momentum),
    data=("mnist",),
)
