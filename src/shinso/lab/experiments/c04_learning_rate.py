"""Learning rates that stay, fall, or rise and fall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso import nn, optim
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.models import MLP
from shinso.ops.random import manual_seed
from shinso.train import History, Trainer
from shinso.viz.curves import curves
from shinso.viz.picture import Picture
from shinso.viz.style import say

RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
SMALLER = 100
"""The small constant is the large one over this; so is the rate in which the steps end."""

Schedule = Callable[[optim.Optimizer, int], Any]
SCHEDULES: dict[str, Schedule] = {
    "constant": lambda rule, steps: optim.LambdaLR(rule, lambda _: 1.0),
    "step": lambda rule, steps: optim.MultiStepLR(rule, [steps // 2, 3 * steps // 4], gamma=0.1),
    "exponential": lambda rule, steps: optim.ExponentialLR(rule, SMALLER ** (-1 / steps)),
    "cosine": lambda rule, steps: optim.CosineAnnealingLR(rule, steps),
    "one cycle": lambda rule, steps: optim.OneCycleLR(
        rule, rule.param_groups[0]["lr"], total_steps=steps, cycle_momentum=False
    ),
    "warm-up, cosine": lambda rule, steps: optim.WarmupLR(
        optim.CosineAnnealingLR(rule, steps - steps // 10), steps // 10
    ),
}
DECAYING = ("step", "exponential", "cosine", "one cycle", "warm-up, cosine")


@dataclass(frozen=True)
class Setup:
    """What all runs have in common."""

    train: Part
    test: Part
    epochs: int
    batch: int

    @property
    def steps(self) -> int:
        """Updates of a whole run."""
        return self.epochs * -(-len(self.train[0]) // self.batch)


@dataclass(frozen=True)
class Run:
    """How a run ended: loss over the training data, share of test images right; its history."""

    loss: float
    accuracy: float
    history: History


def run(setup: Setup, schedule: str, lr: float, seed: int, epochs: int | None = None) -> Run:
    """Plain SGD on a small network, the schedule stepped after each batch."""
    manual_seed(seed)
    model = MLP(setup.train[0].shape[1], (32,), 10)
    rule = optim.SGD(model.parameters(), lr=lr)
    trainer = Trainer(
        model, nn.CrossEntropyLoss(), rule, schedule=SCHEDULES[schedule](rule, setup.steps),
        schedule_every="step", metrics=["accuracy"], progress=False, seed=seed,
    )  # fmt: skip
    history = trainer.fit(setup.train, epochs=epochs or setup.epochs, batch_size=setup.batch)
    loss, score = trainer.evaluate(setup.train)["loss"], trainer.evaluate(setup.test)
    return Run(loss, score["accuracy"], history)


def largest_rate(setup: Setup, seed: int) -> tuple[float, list[float]]:
    """The largest of RATES whose loss after one epoch is below 0.8 of guessing's; all losses."""
    losses = [run(setup, "constant", lr, seed, epochs=1).loss for lr in RATES]
    good = [lr for lr, loss in zip(RATES, losses, strict=True) if loss < 0.8 * np.log(10)]
    if not good:
        raise ValueError(f"none of the rates {RATES} learned in one epoch: too few examples")
    return max(good), losses


def spoiled(part: Part, share: float, seed: int) -> Part:
    """The examples with so many of the classes drawn anew: errors that nothing can learn."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(part[1])) < share
    drawn = rng.integers(0, 10, len(part[1]))
    return part[0], np.where(wrong, drawn, part[1])


def work(settings: Settings) -> Outcome:
    """Find the largest rate that works; compare constants with schedules that begin with it."""
    train, test = rows_and_classes(settings)
    epochs, batch, count = (12, 8, 3) if settings.fast else (6, 32, 2)
    outcome = Outcome()
    for kind in settings.only or tuple(_DATA):
        part = train if kind == "clean" else spoiled(train, WRONG, settings.seed)
        setup = Setup(part, test, epochs, batch)
        large, losses = largest_rate(setup, settings.seed)
        choices = _choices(large)
        runs = {
            name: [run(setup, *choices[name], settings.seed + i) for i in range(count)]
            for name in settings.track(choices, f"{kind}:")
        }
        outcome.verdicts += [_verdict(runs, name, _DATA[kind]) for name in DECAYING]
        outcome.tables.append(_table(runs, _DATA[kind], large))
        outcome.figures += [
            Figure(f"range-{kind}", _range_picture(losses), _caption("range", kind)),
            Figure(f"loss-{kind}", _loss_picture(runs), _caption("loss", kind)),
        ]
    outcome.figures.insert(0, Figure("rates", _rates_picture(setup, large), _CAPTIONS["rates"]))
    outcome.notes.append(_NOTE)
    return outcome


def _choices(large: float) -> dict[str, tuple[str, float]]:
    """Name in words, schedule and first (or highest) rate of each run."""
    constants = {LARGE: large, SMALL: large / SMALLER, BETWEEN: large / SMALLER**0.5}
    return {name: ("constant", lr) for name, lr in constants.items()} | {
        name: (name, large) for name in DECAYING
    }


WRONG = 0.2
"""The share of classes that are drawn anew in the noisy data."""

_DATA = {
    "clean": Text("clean classes", "正しいラベル"),
    "noisy": Text("a fifth of the classes drawn at random", "ラベルの 5 分の 1 を乱数にした場合"),
}
LARGE, SMALL, BETWEEN = "constant, large", "constant, small", "constant, in between"


def _mean(runs: list[Run]) -> float:
    return float(np.mean([r.loss for r in runs]))


def _verdict(runs: dict[str, list[Run]], name: str, which: Text) -> Verdict:
    """The loss at the end against that of the better of the claim's two constants."""
    wanted = min(_mean(runs[LARGE]), _mean(runs[SMALL]))
    claim = Text(
        f"{name}, {which.en}: training loss at the end, against the better constant",
        f"{_JAPANESE[name]}、{which.ja}:最後の訓練誤差、良い方の一定値との比較",
    )
    return Verdict(claim, _mean(runs[name]), wanted, 0.0, "<")


def _caption(name: str, kind: str) -> Text:
    words, which = _CAPTIONS[name], _DATA[kind]
    return Text(f"{which.en.capitalize()}: {words.en}", f"{which.ja}:{words.ja}")


def _label(name: str) -> str:
    return say(name, _JAPANESE[name])


_JAPANESE = {
    LARGE: "一定、大", SMALL: "一定、小", BETWEEN: "一定、中間", "step": "ステップ",
    "exponential": "指数", "cosine": "コサイン", "one cycle": "1 サイクル",
    "warm-up, cosine": "ウォームアップとコサイン",
}  # fmt: skip


def _range_picture(losses: list[float]) -> Picture:
    # What has blown up is far above the loss of guessing, ln 10.
    return curves(
        {say("loss", "誤差"): np.minimum(losses, 2.5)},
        RATES,
        xlabel=say("constant learning rate", "一定の学習率"),
        ylabel=say("training loss after one epoch", "1 エポック後の訓練誤差"),
        logx=True,
        markers=True,
    )


def _rates_picture(setup: Setup, large: float) -> Picture:
    lines = {}
    for name, (kind, lr) in _choices(large).items():
        if name != BETWEEN:
            rule = optim.SGD([nn.Parameter(np.zeros(1))], lr=lr)
            schedule = SCHEDULES[kind](rule, setup.steps)
            lines[_label(name)] = [schedule.lr_at(step) for step in range(setup.steps)]
    return curves(
        lines,
        np.arange(setup.steps) * setup.epochs / setup.steps,
        xlabel=say("epoch", "エポック"),
        ylabel=say("learning rate", "学習率"),
    )


def _loss_picture(runs: dict[str, list[Run]]) -> Picture:
    lines = {
        _label(name): np.mean([r.history.history["loss"] for r in each], axis=0)
        for name, each in runs.items()
    }
    epochs = len(next(iter(lines.values())))
    return curves(
        lines,
        range(1, epochs + 1),
        xlabel=say("epoch", "エポック"),
        ylabel=say("mean training loss", "平均の訓練誤差"),
        log=min(map(min, lines.values())) < 0.1,
    )


def _table(runs: dict[str, list[Run]], which: Text, large: float) -> Table:
    rows = []
    for name, each in runs.items():
        losses, shares = [r.loss for r in each], [100 * r.accuracy for r in each]
        rows.append(
            (
                Text(name, _JAPANESE[name]),
                f"{np.mean(losses):.4f} ± {np.std(losses):.4f}",
                f"{np.mean(shares):.2f} ± {np.std(shares):.2f}",
            )
        )
    columns = (
        Text("learning rate", "学習率"),
        Text("training loss", "訓練誤差"),
        Text("test accuracy, %", "テスト正解率(%)"),
    )
    count = len(next(iter(runs.values())))
    caption = Text(
        f"{which.en.capitalize()}: means of {count} seeds. The large rate is {large:g}.",
        f"{which.ja}:乱数の種 {count} 個の平均。大きい学習率は {large:g}。",
    )
    return Table(columns, rows, caption)


_CAPTIONS = {
    "range": Text(
        "How large may a rate be? The loss is cut off at 2.5; guessing has ln 10 = 2.30.",
        "学習率はどこまで大きくできるか。誤差は 2.5 で打ち切った。当て推量なら ln 10 = 2.30。",
    ),
    "rates": Text("The schedules, drawn from `lr_at`.", "各スケジュール。`lr_at` から描いた。"),
    "loss": Text(
        "Mean loss of each epoch. When the rate falls the noise of the gradient falls with it.",
        "エポックごとの平均の誤差。学習率が下がると、勾配の雑音も小さくなる。",
    ),
}
_NOTE = Text(
    f"“Large” is the largest of the rates {', '.join(f'{r:g}' for r in RATES)} at which one "
    f"epoch gets below 0.8 of the loss of guessing; “small” is a {SMALLER}th of it. A constant in "
    "between, found only by trying, is in the tables for comparison and no part of the claim.",
    f"「大」は学習率 {', '.join(f'{r:g}' for r in RATES)} のうち、1 エポックで誤差が当て推量の"
    f" 0.8 倍より小さくなる最大のもの、「小」はその {SMALLER} 分の 1。試さなければ見つからない"
    "中間の一定値は比較のために表に載せたもので、主張には含まれない。",
)

EXPERIMENT = Experiment(
    name="c4-learning-rate",
    rows=("C4",),
    title=Text("Start fast, finish slow", "速く始めて遅く終える"),
    question=Text(
        "A large learning rate is fast and restless, a small one slow and precise. Does a rate "
        "that falls get both?",
        "大きな学習率は速いが落ち着かず、小さな学習率は正確だが遅い。下げていけば両方が得られるの"
        "か。",
    ),
    claim=Text(
        "A large rate that decays beats the large constant and the small one.",
        "大きく始めて下げる学習率は、大きいままの一定値にも小さい一定値にも勝る。",
    ),
    text=Text(
        """The gradient of a mini-batch is the true one plus noise. With a constant rate ε the
        weights end up wandering around the minimum, at a distance that grows with ε. With a small
        ε they wander less, but have not arrived when time is up. So: large steps while the way is
        long, small steps at the end.

        The argument needs that noise. Where a network can fit every example exactly, all gradients
        vanish together at the minimum, the noise with them, and a large constant rate is as good as
        any. So two cases are tested: clean classes, and classes of which a fifth is wrong.

        Step decay divides by ten at fixed times, the exponential does so evenly, the cosine lands
        softly. Warm-up and one cycle begin small, since the first gradients are the largest and a
        full step could throw the weights far off. Warm-up then decays as usual; one cycle rises
        to the highest rate in 30 % of the time.

        Two slips to avoid. A schedule counts either epochs or batches, and a schedule made for one
        and stepped by the other is wrong by a factor of hundreds; here it is stepped after each
        batch. And the exponential's factor depends on that too: γ = 100^(−1/steps) falls to a
        hundredth over the run, whatever its length.""",
        """ミニバッチの勾配は真の勾配に雑音が加わったものである。学習率 ε が一定だと、重みは最小
        値のまわりをさまよい続け、その距離は ε とともに大きい。ε が小さければさまよう幅は小さい
        が、時間切れまでに着かない。そこで、道のりが長いうちは大きく、最後は小さく進む。

        この議論には雑音が必要である。ネットワークがすべてのデータに厳密に合わせられるなら、最小
        値ではすべての勾配が同時に消えて雑音もなくなり、大きな一定値で十分である。そこで、ラベル
        が正しい場合と 5 分の 1 が誤っている場合の両方を試す。

        ステップ減衰は決まった時点で 10 分の 1 にし、指数減衰は一様に下げ、コサインは滑らかに着
        地する。ウォームアップと 1 サイクルは小さく始める。最初の勾配は最も大きく、いきなり大き
        く進むと重みが遠くへ飛ばされるからである。ウォームアップの後は普通に減衰し、1 サイクルは
        全体の 30 % で最高まで上げる。

        誤りやすい点が二つある。スケジュールはエポックかバッチのどちらかを数える。一方のために作
        ったものを他方で進めると数百倍ずれる。ここではバッチごとに進める。指数減衰の係数もこれに
        よる。γ = 100^(−1/ステップ数) とすれば、長さによらず全体で 100 分の 1 になる。""",
    ),
    work=work,
    formulas=(
        r"w\leftarrow w-\epsilon_t\,g_t",
        r"\text{cosine: }\epsilon_t=\tfrac{1}{2}\,\epsilon_0\left(1+\cos\frac{\pi t}{T}\right)",
        r"\text{exponential: }\epsilon_t=\epsilon_0\,\gamma^{t}",
    ),
    code=(run, optim.CosineAnnealingLR, optim.WarmupLR),
    parts=tuple(_DATA),
    data=("mnist",),
)
