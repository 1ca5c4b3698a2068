"""Processors: the same step in NumPy and as machine code, with wider vectors, with more threads."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from shinso import models, nn, ops, optim
from shinso.cell import Array, bump_version
from shinso.compiler import compile
from shinso.compiler.runtime.affinity import get_num_threads, set_num_threads, usable_cpus
from shinso.compiler.target import VARIABLE, named
from shinso.graph import Tensor
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.ops.random import manual_seed
from shinso.viz.bars import bars
from shinso.viz.style import say

REPEATS = 7
SIDES = {True: 512, False: 2048}
BATCHES = {True: 64, False: 256}
"""Sizes of arrays and batches by whether the form is the quick one."""

Work = Callable[[], Any]
Jobs = dict[str, tuple[Callable[..., Tensor], tuple[Array, ...]]]


def chain(x: Any) -> Tensor:
    """Seven operations on every element: NumPy writes an array for each, a compiled step none."""
    return ops.tanh(x) * ops.sigmoid(x) + ops.exp(-x * x)


def convolutional() -> nn.Module:
    """A small convolutional network for 28×28 images."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1568, 10),
    )  # fmt: skip


def training_step(model: nn.Module) -> Callable[[Any, Any], Tensor]:
    """Forward, backward, update: nothing in it says where it runs."""
    loss_of, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.01)

    def step(x: Any, t: Any) -> Tensor:
        loss = loss_of(model(x), t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step


def quickest(works: dict[str, Work]) -> dict[str, float]:
    """Seconds that each takes, the least of some tries, taken in turns after one to warm up."""
    for work_ in works.values():
        work_()
    found: dict[str, float] = dict.fromkeys(works, np.inf)
    for _ in range(REPEATS):
        for name, work_ in works.items():
            start = time.perf_counter()
            work_()
            found[name] = min(found[name], time.perf_counter() - start)
    return found


def seconds(f: Callable[..., Any], *arguments: Any) -> float:
    """Seconds that one function takes on these arguments."""
    return quickest({"": partial(f, *arguments)})[""]


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Compiled steps use n threads inside the block."""
    before = get_num_threads()
    set_num_threads(n)
    try:
        yield
    finally:
        set_num_threads(before)


@contextmanager
def instructions(name: str) -> Iterator[None]:
    """Steps are compiled for a plainer machine inside the block: SHINSO_TARGET."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = name
    bump_version()
    try:
        yield
    finally:
        os.environ.pop(VARIABLE) if before is None else os.environ.update({VARIABLE: before})
        bump_version()


def _jobs(fast: bool, seed: int) -> Jobs:
    """What is timed, by name: a function and its arguments."""
    rng = np.random.default_rng(seed)
    side, batch = SIDES[fast], BATCHES[fast]
    manual_seed(seed)
    x = rng.standard_normal((side, side)).astype(np.float32)
    rows = rng.random((batch, 784)).astype(np.float32)
    t = rng.integers(0, 10, batch)
    return {
        "elementwise": (chain, (x,)),
        "dense": (training_step(models.MLP(784, (256,), 10)), (rows, t)),
        "convolution": (training_step(convolutional()), (rows.reshape(-1, 1, 28, 28), t)),
    }


_NAMES = {
    "elementwise": Text("elementwise chain", "要素ごとの演算の連鎖"),
    "dense": Text("training step, dense", "学習の 1 ステップ(全結合)"),
    "convolution": Text("training step, convolution", "学習の 1 ステップ(畳み込み)"),
}


def work(settings: Settings) -> Outcome:
    """Time the jobs compiled, with narrow and wide vectors, on one thread and on all."""
    outcome = Outcome(notes=[_GPU_NOTE])
    jobs = _jobs(settings.fast, settings.seed)
    for part in settings.track(settings.only or tuple(_PARTS)):
        _PARTS[part](jobs, outcome)
    return outcome


def _numpy_and_compiled(jobs: Jobs, outcome: Outcome) -> None:
    """The same functions, as they are and through `compile`, both on one thread."""
    times = {}
    with threads(1):
        for name, (f, arguments) in jobs.items():
            kinds: dict[str, Callable[..., Any]] = {"NumPy": f, "compiled": compile(f)}
            times[name] = quickest({k: partial(g, *arguments) for k, g in kinds.items()})
        x = jobs["elementwise"][1][0]
        error = float(np.abs(chain(x).data - compile(chain)(x).data).max())
    outcome.verdicts += [
        Verdict(Text("the compiled chain gives NumPy's numbers: largest difference",
                     "コンパイルしても NumPy と同じ値になる:最大の差"), error, 0.0, 1e-5, "="),
        Verdict(Text("elementwise chain: NumPy's time over the compiled one, one thread",
                     "要素ごとの連鎖:NumPy の時間 ÷ コンパイル後の時間(1 スレッド)"),
                _ratio(times["elementwise"]), 2.0, 0.0, "≥"),
        *[
            Verdict(Text(f"{_NAMES[k].en}: NumPy's time over the compiled one, one thread",
                         f"{_NAMES[k].ja}:NumPy の時間 ÷ コンパイル後の時間(1 スレッド)"),
                    _ratio(times[k]), 1.0, 0.0, ">")
            for k in ("dense", "convolution")
        ],
    ]  # fmt: skip
    rows = [
        (_NAMES[name], f"{1e3 * t['NumPy']:.2f}", f"{1e3 * t['compiled']:.2f}",
         f"{_ratio(t):.1f} ×") for name, t in times.items()
    ]  # fmt: skip
    columns = (Text("work", "計算"), Text("NumPy, ms", "NumPy(ms)"),
               Text("compiled, ms", "コンパイル(ms)"), Text("faster", "倍率"))  # fmt: skip
    outcome.tables.append(Table(columns, rows, Text("One thread", "1 スレッド")))
    faster = {say(_NAMES[k].en, _NAMES[k].ja): _ratio(t) for k, t in times.items()}
    picture = bars(faster, xlabel=say("times as fast as NumPy (one thread)",
                                      "NumPy に対する速さの倍率(1 スレッド)"))  # fmt: skip
    outcome.figures.append(Figure("compiled", picture, _COMPILED_CAPTION))


def _ratio(times: dict[str, float]) -> float:
    return times["NumPy"] / times["compiled"]


def _vectors(jobs: Jobs, outcome: Outcome) -> None:
    """The chain, compiled for machines with vectors of other widths."""
    x = jobs["elementwise"][1][0]
    known = [name for name in ("x86-64", "avx2", "avx512") if named(name).runs_here]
    if len(known) < 2:
        outcome.notes.append(_ONE_WIDTH)
        return
    times = {}
    with threads(1):
        for name in known:
            with instructions(name):
                times[name] = seconds(compile(chain), x)
    narrow, wide = times[known[0]], times[known[-1]]
    outcome.verdicts.append(
        Verdict(Text(f"SIMD: time with {known[0]} over that with {known[-1]}",
                     f"SIMD:{known[0]} の時間 ÷ {known[-1]} の時間"), narrow / wide, 1.0, 0.0, ">")
    )  # fmt: skip
    rows = [
        (name, f"{8 * named(name).vector_bytes}", f"{named(name).lanes(np.float32)}",
         f"{1e3 * t:.2f}", f"{narrow / t:.1f} ×") for name, t in times.items()
    ]  # fmt: skip
    columns = (Text("instructions", "命令セット"), Text("bits of a vector", "ベクトルのビット数"),
               Text("floats at once",
                    "同時に扱う float32"), "ms", Text("faster", "倍率"))  # fmt: skip
    outcome.tables.append(Table(columns, rows, Text("The elementwise chain, one thread",
                                                    "要素ごとの連鎖(1 スレッド)")))  # fmt: skip


def _threads(jobs: Jobs, outcome: Outcome) -> None:
    """Each job compiled for one thread and for all."""
    cores = usable_cpus()
    if cores == 1:
        outcome.notes.append(_ONE_CORE)
        return
    rows, best = [], 0.0
    for name, (f, arguments) in jobs.items():
        times = {}
        for n in (1, cores):
            with threads(n):
                times[n] = seconds(compile(f), *arguments)
        best = max(best, times[1] / times[cores])
        rows.append((_NAMES[name], f"{1e3 * times[1]:.2f}", f"{1e3 * times[cores]:.2f}",
                     f"{times[1] / times[cores]:.2f} ×"))  # fmt: skip
    outcome.verdicts.append(
        Verdict(Text(f"{cores} threads: time of one over time of all, the best of the three jobs",
                     f"{cores} スレッド:1 スレッドの時間 ÷ 全スレッドの時間(三つの計算のうち最良)"),
                best, 1.0, 0.0, ">")
    )  # fmt: skip
    columns = (Text("work", "計算"), Text("1 thread, ms", "1 スレッド(ms)"),
               Text(f"{cores} threads, ms",
                    f"{cores} スレッド(ms)"), Text("faster", "倍率"))  # fmt: skip
    outcome.tables.append(Table(columns, rows, Text("Threads", "スレッド")))


def systolic_product(x: Array, w: Array) -> tuple[Array, int]:
    """x @ w as a systolic array computes it, and the number of cycles that takes.

    Cell (k, j) keeps w[k, j]. Row m of x enters cell row k at cycle m + k and moves right; partial
    sums move down. In each cycle every cell does one multiplication and addition at most.
    Source: H. T. Kung, "Why systolic architectures?" (1982).
    """
    (rows, inner), columns = x.shape, w.shape[1]
    y = np.zeros((rows, columns))
    k, j = (np.asarray(index) for index in np.indices(w.shape))
    cycles = rows + inner + columns - 2
    for cycle in range(cycles):
        m = cycle - k - j  # the row of x that each cell works on now
        busy = (m >= 0) & (m < rows)
        np.add.at(y, (m[busy], j[busy]), x[m[busy], k[busy]] * w[busy])
    return y, cycles


def _on_paper(jobs: Jobs, outcome: Outcome) -> None:
    """A TPU's matrix unit in small: how many cycles, and whether the product is right."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((40, 16)), rng.standard_normal((16, 16))
    y, cycles = systolic_product(x, w)
    error = float(np.abs(y - x @ w).max())
    outcome.verdicts += [
        Verdict(Text("a systolic array of 16×16 cells gives x @ w: largest difference",
                     "16×16 のシストリックアレイが x @ "
                     "w を与える:最大の差"), error, 0.0, 1e-12, "="),
        Verdict(Text("its cycles for 40 rows: M + K + N − 2",
                     "40 行に要するサイクル数:M + K + N − 2"), cycles, 70, 0.0, "="),
    ]  # fmt: skip


_PARTS: dict[str, Callable[[Jobs, Outcome], None]] = {
    "compiled": _numpy_and_compiled, "simd": _vectors, "threads": _threads, "tpu": _on_paper,
}  # fmt: skip
_COMPILED_CAPTION = Text(
    "How many times as fast the same function is when it is compiled, on one thread. Chains of "
    "elementwise operations gain most: the intermediate arrays are never written to memory.",
    "同じ関数をコンパイルすると 1 スレッドで何倍速くなるか。要素ごとの演算の連鎖で最も効く。"
    "途中の配列がメモリに書かれないからである。",
)
_GPU_NOTE = Text(
    "This is the CPU half of the row: vectors and threads. The GPU half, arrays on a GPU through "
    "the same op code, is the subject of a later issue and is not claimed here. Times are the "
    "least of several tries; on a busy machine, ratios of threads above all come out too small.",
    "ここで扱うのは CPU の部分(ベクトルとスレッド)である。"
    "同じ演算コードに GPU の配列を通す部分は今後の版で扱い、"
    "ここでは何も主張しない。時間は数回のうちの最小値。"
    "計算機が混んでいると、とくにスレッドの倍率は小さく出る。",
)
_ONE_WIDTH = Text(
    "Only one set of vector instructions can be tried on this machine.",
    "この計算機で試せるベクトル命令は一種類だけである。",
)
_ONE_CORE = Text(
    "This process may use one CPU only: threads were not tried.",
    "このプロセスが使える CPU は一つだけなので、スレッドは試していない。",
)

EXPERIMENT = Experiment(
    name="c10-processors",
    rows=("C10",),
    title=Text("Processors", "プロセッサ"),
    question=Text(
        "The textbook's lines say nothing about vectors, threads or devices. How fast can the very "
        "same lines run?",
        "教科書どおりの数行には、ベクトルもスレッドも装置も出てこない。"
        "同じ数行をどこまで速く動かせるのか。",
    ),
    claim=Text(
        "One script runs in NumPy and as machine code with the same numbers; vectors and threads "
        "make it faster without a change to it.",
        "一つのスクリプトが NumPy でも機械語でも同じ値を出し、"
        "書き換えずにベクトルとスレッドで速くなる。",
    ),
    text=Text(
        """A processor is fast in three ways at once. It handles several numbers with one
        instruction (SIMD: a vector of 256 bits holds eight floats), it has several cores, each of
        which runs a thread, and it keeps what it works on in registers and caches. NumPy calls one
        ready-made loop after the other, and every one of them reads arrays from memory and writes
        them back. A compiled step does the whole chain for a few numbers at a time.

        So look at the kind of work first. Elementwise chains are limited by memory and gain most
        from compiling. Products of matrices are limited by arithmetic, and NumPy's own library is
        good at them, so a dense step gains less. Threads help where there is enough to share out;
        on small arrays it costs more to wake them than they save.

        It is often said that training needs a GPU. For networks as small as those of these pages a
        CPU is enough: a GPU wins when there are tens of thousands of independent multiplications
        at a time. A GPU has thousands of simple cores that do the same on different data. A TPU
        goes further: its matrix unit is a grid of multipliers through which numbers are pumped in
        step, a systolic array; that of the first TPU has 256×256 cells for 8-bit numbers (Jouppi
        et al. 2017). On paper, and below in sixteen lines, a product of M rows with K×N weights
        takes M + K + N − 2 cycles, against M·K·N on a processor that multiplies one pair at a
        time.""",
        """プロセッサの速さには三つの源がある。一つの命令で複数の数を扱うこと(SIMD:256 ビットのベク
        トルには float32 が 8 個入る)、複数のコアがそれぞれスレッドを走らせること、計算中の値をレジ
        スタとキャッシュに置くことである。NumPy は出来合いのループを次々に呼び、そのたびに配列をメ
        モリから読み、書き戻す。コンパイルしたステップは、少数の値について連鎖全体を一度に計算す
        る。

        まず計算の種類を見てほしい。要素ごとの連鎖はメモリが律速であり、コンパイルの効果が最も大き
        い。行列積は演算が律速で、NumPy のライブラリが得意とするので、全結合のステップの伸びは小さ
        い。スレッドは分け合うだけの仕事があるときに役立つ。小さな配列では、起こす手間のほうが大き
        い。

        学習には GPU が必要だとよく言われるが、ここで扱う大きさのネットワークなら CPU で足りる。GPU
        が勝つのは、互いに独立な乗算が一度に何万もあるときである。GPU は、同じ処理を異なるデータに
        行う単純なコアを数千もつ。TPU はさらに進んで、乗算器を格子状に並べ、数を拍子に合わせて送り
        込む(シストリックアレイ)。初代 TPU では 8 ビットの数に対する 256×256 個である(Jouppi ら
        2017)。紙の上では(下の十数行でも)、M 行と K×N の重みの積が M + K + N − 2 サイクルで終わる。
        一度に一組しか掛けられないプロセッサなら M·K·N 回かかる。""",
    ),
    work=work,
    formulas=(r"\mathrm{cycles}=M+K+N-2\ll M\,K\,N",),
    code=(chain, training_step, systolic_product),
    parts=tuple(_PARTS),
)
