"""One neuron with weights set by hand: AND, OR, NAND; XOR takes three."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from shinso import ops
from shinso.cell import Array
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.models import McCullochPitts
from shinso.viz.picture import Picture, grid, one_axes
from shinso.viz.style import BLUE, ORANGE, QUIET, SKY, say, styled

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
GATES = {
    "AND": ((1.0, 1.0), 1.5, "0001"),
    "OR": ((1.0, 1.0), 0.5, "0111"),
    "NAND": ((-1.0, -1.0), -1.5, "1110"),
}
"""Weights, threshold, and the truth at (0,0), (0,1), (1,0), (1,1)."""
NAMES = {
    "0000": "0", "0001": "AND", "0010": "x₁ ∧ ¬x₂", "0011": "x₁", "0100": "¬x₁ ∧ x₂",
    "0101": "x₂", "0110": "XOR", "0111": "OR", "1000": "NOR", "1001": "XNOR", "1010": "¬x₂",
    "1011": "x₁ ∨ ¬x₂", "1100": "¬x₁", "1101": "¬x₁ ∨ x₂", "1110": "NAND", "1111": "1",
}  # fmt: skip
"""The sixteen functions of two bits, by their truth tables."""
STEP = 0.125


def gate(name: str) -> McCullochPitts:
    """The neuron of that name."""
    weights, threshold, _ = GATES[name]
    return McCullochPitts(weights, threshold)


def xor(x: Array) -> Array:
    """Three neurons, (n, 2) → (n,): AND of OR and NAND."""
    hidden = ops.stack([gate("OR")(x), gate("NAND")(x)], axis=1)
    return gate("AND")(hidden).data


def search() -> dict[str, int]:
    """How many neurons of a fine grid compute each of the sixteen functions, by truth table.

    Both weights go from -2 to 2, the threshold from -4 to 4, and no sum equals a threshold.
    """
    weights = np.arange(-2, 2 + STEP, STEP, dtype=np.float32)
    thresholds = np.arange(-4 + STEP / 2, 4, STEP, dtype=np.float32)
    pairs = np.stack(np.meshgrid(weights, weights), axis=-1).reshape(-1, 2)
    sums = ops.matmul(CORNERS, pairs.T)
    fires = ops.step(ops.reshape(sums, (4, -1, 1)) - thresholds).data
    codes = (np.array([8, 4, 2, 1], dtype=np.float32) @ fires.reshape(4, -1)).astype(int)
    counts = np.bincount(codes, minlength=16)
    return {f"{code:04b}": int(counts[code]) for code in range(16)}


def right(outputs: Array, truth: str) -> int:
    """How many of the four outputs agree with the truth table."""
    return sum(int(y == int(bit)) for y, bit in zip(outputs, truth, strict=True))


def work(settings: Settings) -> Outcome:
    """Try the four gates on all inputs, and all neurons of a grid on XOR."""
    found = search()
    best = max(4 - (int(code, 2) ^ 0b0110).bit_count() for code, n in found.items() if n)
    said = Text("rows of the truth table that it gets right", "真理値表で正しい行の数")
    outputs = {name: gate(name)(CORNERS).data for name in GATES}
    verdicts = [
        Verdict(Text(f"{n}, one neuron: {said.en}", f"{n}(1 個):{said.ja}"),
                right(y, GATES[n][2]), 4, 0, "=")
        for n, y in outputs.items()
    ]  # fmt: skip
    verdicts += [
        Verdict(
            Text(f"XOR, three neurons: {said.en}", f"XOR(3 個):{said.ja}"),
            right(xor(CORNERS), "0110"), 4, 0, "=",
        ),
        Verdict(
            Text(f"XOR, the best of {sum(found.values()):,} single neurons: {said.en}",
                 f"XOR({sum(found.values()):,} 個の単独ニューロンの最良):{said.ja}"),
            best, 3, 0, "=",
        ),
        Verdict(
            Text("of the 16 functions of two bits, so many are a single neuron's",
                 "2 ビットの関数 16 個のうち 1 個のニューロンで作れるもの"),
            sum(n > 0 for n in found.values()), 14, 0, "=",
        ),
    ]  # fmt: skip
    return Outcome(verdicts, [_table(outputs)], _figures(found))


def _table(outputs: dict[str, Array]) -> Table:
    shown = {**outputs, "XOR": xor(CORNERS)}
    rows = [
        (f"{x1:.0f}, {x2:.0f}", *(f"{y[i]:.0f}" for y in shown.values()))
        for i, (x1, x2) in enumerate(CORNERS)
    ]
    caption = Text(
        "Outputs. AND: w = (1, 1), θ = 1.5. OR: (1, 1), 0.5. NAND: (−1, −1), −1.5. "
        "XOR = AND(OR, NAND).",
        "出力。AND:w = (1, 1)、θ = 1.5。OR:(1, 1)、0.5。NAND:(−1, −1)、−1.5。XOR = AND(OR, NAND)。",
    )
    return Table(("x₁, x₂", *shown), rows, caption)


def _figures(found: dict[str, int]) -> list[Figure]:
    gates = Text(
        "Where each gate fires (shaded), and the four inputs: full circles should fire. One neuron "
        "parts the plane by one line; XOR needs two.",
        "発火する領域(色つき)と四つの入力。塗りつぶした丸で発火すべき。ニューロン 1 個は平面を"
        "1 本の直線で分ける。XOR には 2 本要る。",
    )
    counts = Text(
        "How many neurons of the grid compute each function of two bits. XOR and XNOR: none.",
        "格子のニューロンのうち、2 ビットの各関数を計算するものの数。XOR と XNOR は 0。",
    )
    return [Figure("gates", draw_gates(), gates), Figure("search", draw_search(found), counts)]


@styled
def draw_gates() -> Picture:
    """Where the four gates fire over the plane of two inputs."""
    picture, axes = grid(1, 4, 12.5, 3.8, sharey=True)
    truths = {name: truth for name, (_, _, truth) in GATES.items()} | {"XOR": "0110"}
    for a, (name, truth) in zip(axes, truths.items(), strict=True):
        _draw_gate(a, name, truth)
    axes[0].set_ylabel("x₂")
    return picture


def _draw_gate(a: Axes, name: str, truth: str) -> None:
    at = np.linspace(-0.5, 1.5, 201, dtype=np.float32)
    points = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)
    fires = (xor(points) if name == "XOR" else gate(name)(points).data).reshape(201, 201)
    a.contourf(at, at, fires, levels=[-0.5, 0.5, 1.5], colors=["white", SKY], alpha=0.45)
    for sum_ in (0.5, 1.5) if name == "XOR" else (abs(GATES[name][1]),):
        a.plot([-0.5, 1.5], [sum_ + 0.5, sum_ - 1.5], color=QUIET, linewidth=1.6)
    for (x1, x2), bit in zip(CORNERS, truth, strict=True):
        colour = BLUE if bit == "1" else "white"
        a.plot(x1, x2, "o", markersize=13, color=colour, markeredgecolor=BLUE, markeredgewidth=2)
    a.set(xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), xticks=[0, 1], yticks=[0, 1], aspect="equal")
    formulas = {
        "AND": "x₁ + x₂ > 1.5", "OR": "x₁ + x₂ > 0.5", "NAND": "−x₁ − x₂ > −1.5",
        "XOR": say("three neurons", "ニューロン 3 個"),
    }  # fmt: skip
    a.set_title(f"{name}\n{formulas[name]}")
    a.set_xlabel("x₁")
    a.grid(False)


@styled
def draw_search(found: dict[str, int]) -> Picture:
    """A bar for each of the sixteen functions."""
    picture, axes = one_axes(8.0, 5.6)
    codes = sorted(found, key=lambda code: found[code])
    counts = [found[code] for code in codes]
    labels = [f"{NAMES[code]}   {code}" for code in codes]
    axes.barh(labels, counts, color=[BLUE if n else ORANGE for n in counts])
    for place, n in enumerate(counts):
        axes.annotate(f"{n:,}", (n, place), (5, 0), textcoords="offset points", va="center")
    axes.margins(x=0.12, y=0.02)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(say("neurons of the grid", "格子のニューロンの数"))
    axes.set_ylabel(
        say("function, and its values at 00, 01, 10, 11", "関数と 00, 01, 10, 11 での値")
    )
    return picture


EXPERIMENT = Experiment(
    name="a1-neuron",
    rows=("A1",),
    title=Text("The McCulloch–Pitts neuron", "マカロック・ピッツのニューロン"),
    question=Text(
        "What can a single neuron compute, and what can it not?",
        "ニューロン 1 個で何が計算でき、何が計算できないのか。",
    ),
    claim=Text(
        "AND, OR and NAND are single neurons. XOR is none, but three of them make it.",
        "AND・OR・NAND はニューロン 1 個で作れる。XOR は 1 個では作れず、3 個なら作れる。",
    ),
    text=Text(
        """The neuron of 1943 adds its inputs, each times a weight, and fires if the sum exceeds a
        threshold. Nothing is learned: a person sets the numbers. Geometrically, w·x = θ is a
        line, and the neuron fires on one side of it. Look at the first figure: each gate needs its
        full circles on one side and its empty ones on the other.

        For XOR no line does that, and the grid is not needed to know it. It would take θ ≥ 0 (from
        0,0), w₁ > θ and w₂ > θ (from 1,0 and 0,1), and w₁ + w₂ ≤ θ (from 1,1). The second and third
        give w₁ + w₂ > 2θ ≥ θ, which contradicts the last. A second layer helps: OR and NAND draw
        one line each, and AND takes what lies between them. Since NAND alone builds every Boolean
        function, so do layers of neurons.

        Where texts differ: some let a sum equal to the threshold fire (≥), some do not (>). shinso
        does not, and these gates do not depend on it, since no sum of theirs equals its threshold.
        Later one writes the threshold as a bias, b = −θ, with the sign turned around: the neuron
        fires if w·x + b > 0.""",
        """1943 年のニューロンは、入力に重みを掛けて足し、和がしきい値を超えると発火する。学習はな
        く、数値は人が決める。幾何学的には w·x = θ は直線であり、その片側で発火する。最初の図では
        、どのゲートも塗りつぶした丸が直線の片側に、白い丸が反対側になければならない。

        XOR にはそのような直線がない。それを知るのに格子探索は要らない。(0,0) か
        ら θ ≥ 0、(1,0) と (0,1) から w₁ > θ と w₂ > θ、(1,1) から w₁ + w₂ ≤ θ でなければならない
        が、前の三つから w₁ + w₂ > 2θ ≥ θ となって最後の式に反する。層を重ねれば作れる
        。OR と NAND が直線を 1 本ずつ引き、 AND がその間を取り出す。NAND だけであらゆる論理関数が
        作れるから、ニューロンの層でも作れる。

        本によって違う点がある。和がしきい値に等しいとき発火するとする(≥)か、しない(>)かである
        。shinso は発火しないとする。ここのゲートでは和がしきい値に等しくなることがなく、どちらで
        も同じである。のちにはしきい値を符号を変えてバイアス b = −θ と書き、w·x + b > 0 で発火する
        という。""",
    ),
    work=work,
    formulas=(
        r"y=\mathrm{step}(w_1x_1+w_2x_2-\theta),\quad\mathrm{step}(z)=1\ (z>0),\ 0\ (z\leq 0)",
        r"x_1\oplus x_2=\mathrm{AND}(\mathrm{OR}(x_1,x_2),\ \mathrm{NAND}(x_1,x_2))",
    ),
    code=(McCullochPitts, xor, search),
)
