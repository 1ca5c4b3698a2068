"""All examples at once, one by one, or in mini-batches: passes, order, and speed."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from shinso import models, ops
from shinso.cell import Array
from shinso.compiler import compile
from shinso.data import ArrayDataset, DataLoader
from shinso.graph import no_grad
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import Part, rows_and_classes
from shinso.lab.text import Text
from shinso.optim import SGD
from shinso.viz.curves import curves
from shinso.viz.style import say

PARTS = ("passes", "order", "speed")
RATES = (0.3, 1.0, 0.1, 3.0, 0.03, 10.0, 30.0)
"""Every kind of batch may take the one of these that serves it best. The likely ones come first:
the later ones go on only while they can be quicker than the best so far."""
EXAMPLES = 10_000
"""At most, of MNIST in the full form."""
MINI = 32
PASSES = 100
"""Of batch descent; its loss after them is what the others have to reach."""
FEW = PASSES // 10
SIZES = (1, 4, 16, 64, 256, 1024)


_NOTE = Text(
    f"“Far fewer” is taken to mean {FEW} passes instead of {PASSES}. Speeds depend on the machine.",
    f"「はるかに少ない」とは、ここでは {PASSES} 周の代わりに {FEW} 周とする。速さは計算機による。",
)


class Learner:
    """Softmax regression and plain gradient descent, from zeros. x (n, d), t (n,) classes."""

    def __init__(self, x: Array, t: Array) -> None:
        self.x, self.t = x, t
        self.model = models.LogisticRegression(x.shape[1], int(t.max()) + 1)
        self.rule = SGD(self.model.parameters(), lr=1.0)
        self.update = compile(self.step)

    def step(self, x: Array, t: Array) -> None:
        """One update from one batch."""
        ops.cross_entropy(self.model(x), t).backward()
        self.rule.step()
        self.rule.zero_grad()

    def passes(self, size: int, lr: float, shuffle: bool = True, seed: int = 0) -> Iterator[float]:
        """Learn anew in batches of `size` examples; the loss over all data after each pass."""
        for parameter in self.model.parameters():
            parameter.data = np.zeros_like(parameter.data)
        self.rule.param_groups[0]["lr"] = lr
        loader = DataLoader(ArrayDataset(self.x, self.t), size, shuffle=shuffle, seed=seed)
        while True:
            for x, t in loader:
                self.update(x, t)
            yield self.loss()

    def loss(self) -> float:
        """The mean cross-entropy over all examples."""
        with no_grad():
            return ops.cross_entropy(self.model(self.x), self.t).item()

    def accuracy(self, x: Array, t: Array) -> float:
        """Of other examples, in %."""
        with no_grad():
            return 100 * float((self.model(x).data.argmax(axis=1) == t).mean())


def until(losses: Iterator[float], goal: float, most: int) -> list[float]:
    """The losses of the passes until one is at the goal, or for `most` passes."""
    kept: list[float] = []
    for loss in losses:
        kept.append(loss)
        if loss <= goal or len(kept) >= most:
            break
    return kept


def work(settings: Settings) -> Outcome:
    """Count passes at each kind's best rate, learn in order of class, time the sizes."""
    train, test = rows_and_classes(settings)
    learner, outcome = Learner(train[0][:EXAMPLES], train[1][:EXAMPLES]), Outcome(notes=[_NOTE])
    for part in settings.only or PARTS:
        settings.say(part, PARTS.index(part) / len(PARTS))
        {"passes": _passes, "order": _order, "speed": _speed}[part](
            learner, test, settings, outcome
        )
    return outcome


def _passes(learner: Learner, test: Part, settings: Settings, outcome: Outcome) -> None:
    n = len(learner.x)
    batch = {lr: until(learner.passes(n, lr), -np.inf, PASSES) for lr in RATES}
    rates = {"batch": min(RATES, key=lambda lr: batch[lr][-1])}
    losses = {"batch": batch[rates["batch"]]}
    goal = losses["batch"][-1]
    for name, size in (("mini", MINI), ("one", 1)):
        losses[name], rates[name] = _quickest(learner, size, goal, settings)
        claim = Text(
            f"batches of {size}: passes to the loss of {PASSES} passes of batch descent",
            f"バッチの大きさ {size}:バッチ勾配降下 {PASSES} 周の損失に達するまでの周回数",
        )
        outcome.verdicts.append(Verdict(claim, len(losses[name]), FEW, 0, "≤"))
    outcome.tables.append(_passes_table(losses, rates, n, goal))
    outcome.figures.append(_passes_figure(losses, rates, n))


def _quickest(
    learner: Learner, size: int, goal: float, settings: Settings
) -> tuple[list[float], float]:
    """The losses on the way to the goal, with the rate that needs the fewest passes, and that rate.

    If no rate gets there in as many passes as batch descent, the one that ends lowest.
    """
    found: list[tuple[list[float], float]] = []
    most = PASSES
    for lr in settings.track(RATES, f"batches of {size}, rate"):
        losses = until(learner.passes(size, lr, seed=settings.seed), goal, most)
        found.append((losses, lr))
        if losses[-1] <= goal:
            most = len(losses) - 1
        if most == 0:
            break
    return min(found, key=lambda one: (one[0][-1] > goal, len(one[0]), one[0][-1]))


def _passes_table(
    losses: dict[str, list[float]], rates: dict[str, float], n: int, goal: float
) -> Table:
    sizes = {"batch": n, "mini": MINI, "one": 1}
    rows = [
        (f"{sizes[k]:,}", f"{rates[k]:g}", str(len(v)), f"{len(v) * -(-n // sizes[k]):,}",
         f"{v[-1]:.4f}")
        for k, v in losses.items()
    ]  # fmt: skip
    columns = (
        Text("batch size", "バッチサイズ"),
        Text("best rate", "最良の学習率"),
        Text("passes", "周回数"),
        Text("updates", "更新回数"),
        Text("loss then", "そのときの損失"),
    )
    caption = Text(
        f"Softmax regression on {n:,} images until the loss is {goal:.4f}.",
        f"{n:,} 枚の画像でのソフトマックス回帰。損失が {goal:.4f} になるまで。",
    )
    return Table(columns, rows, caption)


def _passes_figure(losses: dict[str, list[float]], rates: dict[str, float], n: int) -> Figure:
    names = {
        "batch": say(f"batch ({n:,})", f"バッチ({n:,})"),
        "mini": say(f"mini-batch ({MINI})", f"ミニバッチ({MINI})"),
        "one": say("stochastic (1)", "確率的(1)"),
    }
    x = np.arange(1, PASSES + 1)
    lines = {
        f"{names[k]}, η = {rates[k]:g}": np.pad(
            np.array(v), (0, PASSES - len(v)), constant_values=np.nan
        )
        for k, v in losses.items()
    }
    shown = curves(
        lines,
        x,
        xlabel=say("passes over the data", "データの周回数"),
        ylabel=say("training loss", "訓練データの損失"),
        log=True,
        logx=True,
        markers=True,
    )
    caption = Text(
        "The loss after each pass, each kind of batch at its best rate; the two that update more "
        "often stop where they reach the level of batch descent.",
        "各周回後の損失。学習率はそれぞれの最良値。更新の多い二つは、バッチ勾配降下の水準に"
        "達したところで止めた。",
    )
    return Figure("passes", shown, caption)


def _order(learner: Learner, test: Part, settings: Settings, outcome: Outcome) -> None:
    sorted_ = np.argsort(learner.t, kind="stable")
    by_class = Learner(learner.x[sorted_], learner.t[sorted_])
    right: dict[str, list[float]] = {}
    for name, shuffle in (("shuffled", True), ("sorted", False)):
        passes = by_class.passes(MINI, 0.1, shuffle, settings.seed)
        right[name] = []
        for _ in range(FEW):
            next(passes)
            right[name].append(by_class.accuracy(*test))
    claim = Text(
        f"test accuracy after {FEW} passes, shuffled minus sorted by class",
        f"{FEW} 周後のテスト正解率:シャッフルあり − クラス順",
    )
    found = right["shuffled"][-1] - right["sorted"][-1]
    outcome.verdicts.append(Verdict(claim, found, 0.0, 0.0, ">", "%"))
    lines = {
        say("shuffled in every pass", "毎周シャッフル"): right["shuffled"],
        say("in order of class", "クラス順のまま"): right["sorted"],
    }
    shown = curves(
        lines,
        np.arange(1, FEW + 1),
        xlabel=say("passes over the data", "データの周回数"),
        ylabel=say("test accuracy (%)", "テスト正解率 (%)"),
        markers=True,
        ylim=(0, 100),
    )
    caption = Text(
        f"Mini-batches of {MINI}, rate 0.1, the same data: shuffled in every pass, and first all "
        "zeros, then all ones, and so on.",
        f"ミニバッチ {MINI}、学習率 0.1、同じデータ。毎周シャッフルする場合と、0 を全部、"
        "次に 1 を全部、…と見る場合。",
    )
    outcome.figures.append(Figure("order", shown, caption))


def examples_per_second(learner: Learner, size: int, compiled: bool) -> float:
    """The fastest of five rounds of updates with batches of that size."""
    update = learner.update if compiled else learner.step
    x, t = learner.x[:size], learner.t[:size]
    rounds = max(2, 256 // size)
    update(x, t)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(rounds):
            update(x, t)
        best = min(best, time.perf_counter() - start)
    return rounds * size / best


def _speed(learner: Learner, test: Part, settings: Settings, outcome: Outcome) -> None:
    kinds = {"NumPy": False, say("compiled", "コンパイル済み"): True}
    speeds = {
        name: [examples_per_second(learner, size, kind) for size in SIZES]
        for name, kind in kinds.items()
    }
    plain = dict(zip(SIZES, speeds["NumPy"], strict=True))
    claim = Text(
        "examples per second in batches of 64 ÷ one by one (NumPy, measured here)",
        "バッチサイズ 64 の毎秒の例数 ÷ 1 例ずつ(NumPy、この計算機での実測)",
    )
    outcome.verdicts.append(Verdict(claim, plain[64] / plain[1], 2.0, 0.0, "≥"))
    rows = [
        (f"{size:,}", *(f"{each[i]:,.0f}" for each in speeds.values()))
        for i, size in enumerate(SIZES)
    ]
    columns = (Text("batch size", "バッチサイズ"), "NumPy", Text("compiled", "コンパイル済み"))
    caption = Text("Examples per second, forward, backward and update.",
                   "毎秒の例数(順伝播・逆伝播・更新)。")  # fmt: skip
    outcome.tables.append(Table(columns, rows, caption))
    shown = curves(
        speeds,
        np.array(SIZES),
        xlabel=say("batch size", "バッチサイズ"),
        ylabel=say("examples per second", "毎秒の例数"),
        log=True,
        logx=True,
        markers=True,
    )
    caption = Text(
        "How many examples a second pass through, by batch size.",
        "1 秒間に処理できる例の数とバッチサイズ。",
    )
    outcome.figures.append(Figure("speed", shown, caption))


EXPERIMENT = Experiment(
    name="a7-batches",
    rows=("A7",),
    title=Text("Batch, stochastic, mini-batch", "バッチ・確率的・ミニバッチ"),
    question=Text(
        "After how many examples should one take a step, and does their order matter?",
        "何例見たら一歩進むべきか。例の順序は影響するのか。",
    ),
    claim=Text(
        "Stochastic and mini-batch descent get there with far fewer passes over the data, not "
        "shuffling hurts, and a mini-batch is computed in parallel.",
        "確率的勾配降下法とミニバッチははるかに少ない周回数で済み、シャッフルしないと悪くなり、"
        "ミニバッチは並列に計算される。",
    ),
    text=Text(
        """Batch descent looks at all examples before each step. That is a step in the very best
        direction, at the price of a whole pass. Stochastic descent steps after every example: each
        step is noisy, but there are n of them in a pass. Many examples say much the same, so n
        rough steps get much farther than one exact step. To be fair, every kind may choose its
        rate.

        Mini-batches keep most of that, and the examples of a batch go through together as one
        matrix product: one call, all lanes and cores of the processor busy. That is why everybody
        uses them. In shinso all three are one switch, the batch size of the DataLoader.

        The steps assume that a batch is a random sample. Data that lie in the file by class break
        that: the network learns zeros, then forgets them for ones. So shuffle, anew in every pass.

        Where texts slip: some call any mini-batch descent SGD, others only batches of one. Also the
        loss of a batch is mostly a mean. With a sum, a batch twice as large would mean steps twice
        as long at the same rate.""",
        """バッチ勾配降下法は、一歩ごとに全例を見る。最良の方向だが、一歩にデータ一周分の計算がか
        かる。確率的勾配降下法は 1 例ごとに進む。一歩は雑だが、一周で n 歩ある。多くの例は似たこ
        とを言うので、雑な n 歩のほうが正確な一歩よりはるかに遠くまで行く。公平のため、学習率はそ
        れぞれ最良のものを選ばせた。

        ミニバッチはその利点をほぼ保ち、しかもバッチの例は一つの行列積としてまとめて計算される。
        呼び出しは 1 回で、プロセッサの SIMD とコアがすべて働く。だからだれもがミニバッチを使
        う。shinso では DataLoader のバッチサイズを変えるだけで三つを切り替えられる。

        この歩み方は、バッチが無作為標本であることを前提とする。クラス順に並んだデータではそれが
        崩れ、0 を覚え、次に 1 を覚えて 0 を忘れる。だから毎周シャッフルする。

        誤りやすい点。ミニバッチでも SGD と呼ぶ本と、1 例ずつのときだけ SGD と呼ぶ本がある。また
        バッチの損失はふつう平均である。和なら、バッチが 2 倍になると同じ学習率でも歩幅が 2 倍に
        なる。""",
    ),
    work=work,
    formulas=(
        r"w\leftarrow w-\eta\,\frac{1}{|B|}\sum_{i\in B}\nabla L_i(w),\qquad"
        r"|B|=n,\quad|B|=1,\quad 1<|B|<n",
    ),
    code=(Learner,),
    parts=PARTS,
    data=("mnist",),
)
