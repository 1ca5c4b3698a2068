"""The gradients of an affine layer as matrix products, against differences and index by index."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from shinso import nn, ops
from shinso.cell import Array
from shinso.graph import GradientError, Tensor, check_gradient, numerical_gradient
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.samples import rows_and_classes
from shinso.lab.text import Text
from shinso.ops.matrix import Linear
from shinso.viz.numbers import number
from shinso.viz.picture import Picture, grid
from shinso.viz.style import SIGNED, say, styled

NAMES = ("dX", "dW", "db")
Three = tuple[Array, Array, Array]


def by_formula(x: Array, w: Array, g: Array) -> Three:
    """dX = G Wᵀ, dW = Xᵀ G, db = Σ G over the examples; G is ∂L/∂Y."""
    return g @ w.T, x.T @ g, g.sum(axis=0)


def by_index(x: Array, w: Array, g: Array) -> Three:
    """The same from yₙⱼ = Σᵢ xₙᵢ wᵢⱼ + bⱼ, one index at a time: no matrix is transposed."""
    return (
        np.einsum("nj,ij->ni", g, w),
        np.einsum("ni,nj->ij", x, g),
        np.einsum("nj->j", g),
    )


def by_backward(x: Array, w: Array, b: Array, g: Array) -> Three:
    """The same by backward through `matmul` and `add`, from L = Σ G ∘ Y."""
    leaves = [Tensor(v, requires_grad=True) for v in (x, w, b)]
    ops.sum((ops.matmul(leaves[0], leaves[1]) + leaves[2]) * g).backward()
    return leaves[0].grad, leaves[1].grad, leaves[2].grad  # type: ignore[return-value]


def by_layer(x: Array, w: Array, b: Array, g: Array) -> Three:
    """The same by `nn.Linear`, which keeps W transposed, (out, in), as PyTorch does."""
    layer = nn.Linear(*w.shape).double()
    layer.weight.data, layer.bias.data = w.T, b  # type: ignore[union-attr]
    start = Tensor(x, requires_grad=True)
    ops.sum(layer(start) * g).backward()
    return start.grad, layer.weight.grad.T, layer.bias.grad  # type: ignore[return-value,union-attr]


def by_differences(x: Array, w: Array, b: Array, g: Array) -> Three:
    """The same by central differences, number by number."""
    return (
        numerical_gradient(lambda v: ((v @ w + b) * g).sum(), x),
        numerical_gradient(lambda v: ((x @ v + b) * g).sum(), w),
        numerical_gradient(lambda v: ((x @ w + v) * g).sum(), b),
    )


def apart(a: Array, b: Array) -> float:
    """The largest difference, relative to the largest number."""
    return float(np.abs(a - b).max() / np.abs(b).max())


def draw(rng: np.random.Generator, n: int, inputs: int, outputs: int) -> tuple[Array, ...]:
    """X (n, inputs), W (inputs, outputs), b (outputs,) and G (n, outputs), standard normal."""
    shapes: tuple[tuple[int, ...], ...] = ((n, inputs), (inputs, outputs), (outputs,), (n, outputs))
    return tuple(rng.standard_normal(shape) for shape in shapes)


def work(settings: Settings) -> Outcome:
    """All ways on a small layer; the full form also on a layer over MNIST."""
    rng = np.random.default_rng(settings.seed)
    x, w, b, g = draw(rng, 5, 4, 3)
    found = by_formula(x, w, g)
    others = {
        "differences": by_differences(x, w, b, g),
        "einsum": by_index(x, w, g),
        "backward": by_backward(x, w, b, g),
        "nn.Linear": by_layer(x, w, b, g),
    }
    errors = {how: [apart(*p) for p in zip(found, o, strict=True)] for how, o in others.items()}
    outcome = Outcome(
        [_affine_verdict(i, errors["differences"][i]) for i in range(3)],
        [_table(errors, found)],
        [Figure("matrices", matrices(*whole_numbers()), _CAPTION)],
    )
    exact = max(max(e) for how, e in errors.items() if how != "differences")
    outcome.verdicts += [
        Verdict(_EXACT, exact, 1e-12, relation="≤"),
        Verdict(_TRACE, trace_gap(rng, x, w, g), 1e-12, relation="≤"),
        Verdict(_ELEMENTWISE, elementwise_error(*draw(rng, 5, 4, 4)[::3]), 1e-6, relation="≤"),
        Verdict(_WRONG, wrong_order(rng), 0.1, relation=">"),
    ]
    if not settings.fast:
        outcome.verdicts += _on_mnist(settings, rng)
    return outcome


def _affine_verdict(i: int, error: float) -> Verdict:
    rule = ("dX = dY Wᵀ", "dW = Xᵀ dY", "db = Σ dY")[i]
    claim = Text(
        f"{rule} against central differences, relative error",
        f"{rule} と中心差分の相対誤差",
    )
    return Verdict(claim, error, 1e-6, relation="≤")


def _on_mnist(settings: Settings, rng: np.random.Generator) -> list[Verdict]:
    (rows, _), _ = rows_and_classes(settings)
    x = rows[:256].astype(np.float64)
    _, w, b, g = draw(rng, len(x), x.shape[1], 100)
    pairs = zip(by_backward(x, w, b, g), by_formula(x, w, g), strict=True)
    try:
        check_gradient(lambda *v: ops.matmul(v[0], v[1]) + v[2], x, w, b)
        passed = 1
    except GradientError:
        passed = 0
    return [
        Verdict(_MNIST, max(apart(*pair) for pair in pairs), 1e-12, relation="≤"),
        Verdict(_MNIST_CHECK, passed, 1, relation="="),
    ]


def trace_gap(rng: np.random.Generator, x: Array, w: Array, g: Array) -> float:
    """tr(Gᵀ dY) against tr(dXᵀ δX) + tr(dWᵀ δW) + db · δb, for a random step δX, δW, δb."""
    dx, dw, db, _ = draw(rng, len(x), *w.shape)
    gx, gw, gb = by_formula(x, w, g)
    dy = dx @ w + x @ dw + db
    parts = np.trace(gx.T @ dx) + np.trace(gw.T @ dw) + gb @ db
    return float(abs(np.trace(g.T @ dy) - parts))


def elementwise_error(x: Array, g: Array) -> float:
    """Backward through tanh and dX = G ∘ (1 - Y²), both against central differences: the worse."""
    leaf = Tensor(x, requires_grad=True)
    ops.sum(ops.tanh(leaf) * g).backward()
    numeric = numerical_gradient(lambda v: (np.tanh(v) * g).sum(), x)
    assert leaf.grad is not None
    return max(apart(found, numeric) for found in (leaf.grad, g * (1 - np.tanh(x) ** 2)))


def wrong_order(rng: np.random.Generator) -> float:
    """How far dW = dY Xᵀ is off where all sizes are equal and no shape gives it away."""
    x, w, b, g = draw(rng, 4, 4, 4)
    return apart(g @ x.T, by_differences(x, w, b, g)[1])


def _table(errors: dict[str, list[float]], found: Three) -> Table:
    columns: tuple[Text | str, ...] = (Text("gradient", "勾配"), Text("shape", "形"), *errors)
    rows = [
        (name, "×".join(map(str, found[i].shape)), *(f"{e[i]:.1e}" for e in errors.values()))
        for i, name in enumerate(NAMES)
    ]
    caption = Text(
        "Relative difference of the formulas (5 examples, 4 inputs, 3 outputs) from other ways.",
        "公式(5 例、入力 4、出力 3)と、ほかの求め方との相対的な差。",
    )
    return Table(columns, rows, caption)


def whole_numbers() -> Three:
    """X (3, 2), W (2, 4) and G (3, 4) of small whole numbers, to be checked by hand."""
    x = np.array([[1, 2], [0, -1], [3, 1]])
    w = np.array([[2, -1, 0, 1], [1, 3, -2, 0]])
    return x, w, np.array([[1, 0, -2, 1], [0, 2, 1, -1], [-1, 1, 0, 2]])


@styled
def matrices(x: Array, w: Array, g: Array) -> Picture:
    """The three products, each as two factors and their result, with numbers in the cells."""
    gx, gw, _ = by_formula(x, w, g)
    products = (
        (say("forward", "順伝播"), ("X", x), ("W", w), ("Y = X W", x @ w)),
        (say("back to the input", "入力への勾配"), ("dY", g), ("Wᵀ", w.T), ("dX = dY Wᵀ", gx)),
        (say("to the weights", "重みの勾配"), ("Xᵀ", x.T), ("dY", g), ("dW = Xᵀ dY", gw)),
    )
    picture, axes = grid(3, 3, 8.0, 8.2)
    largest = max(float(np.abs(m).max()) for _, *three in products for _, m in three)
    for row, (heading, *three) in enumerate(products):
        for column, (name, matrix) in enumerate(three):
            shape = "×".join(map(str, matrix.shape))
            cells(axes[3 * row + column], f"{name}  ({shape})", matrix, largest)
        axes[3 * row].set_ylabel(heading)
    return picture


def cells(axes: Axes, title: str, matrix: Array, largest: float) -> None:
    """A matrix as coloured cells with its numbers; colours reach from -largest to largest."""
    axes.imshow(matrix, cmap=SIGNED, vmin=-largest, vmax=largest)
    for (i, j), value in np.ndenumerate(matrix):
        ink = "white" if abs(value) > 0.6 * largest else "#1c1c1c"
        axes.text(j, i, number(value), ha="center", va="center", fontsize=12, color=ink)
    down, right = (n / 2 - 0.5 for n in matrix.shape)
    axes.text(right, -0.62, title, ha="center", va="bottom", fontsize=12)
    axes.set(xticks=[], yticks=[], xlim=(right - 2.2, right + 2.2), ylim=(down + 2, down - 2.5))
    axes.grid(visible=False)
    for side in axes.spines.values():
        side.set_visible(False)


_EXACT = Text(
    "the formulas against einsum, backward and nn.Linear, relative difference",
    "公式と einsum・逆伝播・nn.Linear との相対的な差",
)
_TRACE = Text(
    "tr(dYᵀ δY) is the sum of the three parts: the difference",
    "tr(dYᵀ δY) は三つの部分の和に等しい。その差",
)
_ELEMENTWISE = Text(
    "element-wise tanh: dX = dY ∘ (1 − Y²) against central differences",
    "要素ごとの tanh:dX = dY ∘ (1 − Y²) と中心差分の相対誤差",
)
_WRONG = Text(
    "dW = dY Xᵀ, with square matrices of the right shape, is wrong by a relative",
    "正方行列なら形の合う dW = dY Xᵀ の相対誤差",
)
_MNIST = Text(
    "256 MNIST images, 784 → 100: backward against the formulas",
    "MNIST 256 枚、784 → 100:逆伝播と公式の相対的な差",
)
_MNIST_CHECK = Text(
    "256 MNIST images, 784 → 100: the gradient check passes (1 = yes)",
    "MNIST 256 枚、784 → 100:勾配確認に合格(1 = 合格)",
)
_CAPTION = Text(
    "A batch of 3 examples, 2 inputs, 4 outputs. Each gradient has the shape of what it belongs "
    "to, and the product that gives it is the forward one with one factor transposed.",
    "3 例、入力 2、出力 4 のバッチ。勾配はもとの行列と同じ形をもち、"
    "順伝播の積の片方を転置して得られる。",
)

EXPERIMENT = Experiment(
    name="a11-matrix-backprop",
    rows=("A11",),
    title=Text("Backpropagation in matrices", "行列による誤差逆伝播"),
    question=Text(
        "Where do the transposes in the gradients of a fully connected layer come from?",
        "全結合層の勾配に現れる転置は、どこから来るのか。",
    ),
    claim=Text(
        "For Y = XW + b the gradients are dX = dY Wᵀ, dW = Xᵀ dY and db = Σ dY.",
        "Y = XW + b の勾配は dX = dY Wᵀ、dW = Xᵀ dY、db = Σ dY である。",
    ),
    text=Text(
        """A small step of all matrices changes the loss by dL = Σ G ∘ δY, where G = ∂L/∂Y is what
        arrives from above (dY in programs). Written as a trace that is tr(Gᵀ δY), and a trace lets
        its factors rotate: tr(ABC) = tr(CAB). Put in δY = δX W + X δW + 1 δb, and rotate until the
        step stands last. What stands before it, transposed, is the gradient. That is all.

        Element by element it is simpler still: for Y = f(X) each number has a slope of its own, so
        dX = G ∘ f'(X), a product of elements and no matrix product.

        Look at the shapes: each gradient has the shape of its own matrix. That often leaves one
        possible order only, but it is no proof. With as many examples as inputs and outputs,
        dW = dY Xᵀ fits just as well, and is wrong; that is measured below.

        Two things are easily missed. The bias is used by every example, so its gradient is the sum
        over them: the mean, if there is one, sits in the loss. And libraries keep W transposed:
        shinso and PyTorch compute x Wᵀ + b with W of shape (out, in), so that there dW = dYᵀ X and
        dX = dY W.""",
        """すべての行列を少し動かすと、損失は dL = Σ G ∘ δY だけ変わる。G = ∂L/∂Y は上から伝わる勾
        配(プログラムでの dY)である。トレースで書けば tr(Gᵀ δY) で、トレースの中では因子を回してよ
        い。tr(ABC) = tr(CAB)。ここに δY = δX W + X δW + 1 δb を入れ、動かした量が最後に来るまで回
        す。その前にあるものの転置が勾配である。これだけである。

        要素ごとの関数はもっと簡単で、Y = f(X) なら数値ごとに傾きがあるだけなので dX = G ∘ f'(X) と
        なる。行列の積ではなく要素ごとの積である。

        形に注目してほしい。どの勾配も、もとの行列と同じ形をもつ。形だけで積の順序が決まることは多い
        が、証明にはならない。例の数と入力と出力が同数なら dW = dY Xᵀ も形は合うが、誤りである。下で
        それを測った。

        見落としやすい点が二つある。バイアスはすべての例に使われるので、勾配は例についての和になる。
        平均にするなら、それは損失の側にある。またライブラリは W を転置して持つ。shinso と PyTorch
        は W を (出力, 入力) の形で持ち x Wᵀ + b を計算するので、dW = dYᵀ X、dX = dY W となる。""",
    ),
    work=work,
    formulas=(
        r"dL=\mathrm{tr}\left(G^\top\,\delta Y\right),\qquad "
        r"\delta Y=\delta X\,W+X\,\delta W+\mathbf{1}\,\delta b^\top",
        r"\mathrm{tr}\left(G^\top\,\delta X\,W\right)=\mathrm{tr}\left(W G^\top\,\delta X\right)"
        r"=\mathrm{tr}\left((G W^\top)^\top\,\delta X\right)"
        r"\quad\Rightarrow\quad\frac{\partial L}{\partial X}=G\,W^\top",
        r"\mathrm{tr}\left(G^\top X\,\delta W\right)=\mathrm{tr}\left((X^\top G)^\top\,\delta W"
        r"\right)\quad\Rightarrow\quad\frac{\partial L}{\partial W}=X^\top G",
        r"\mathrm{tr}\left(G^\top\mathbf{1}\,\delta b^\top\right)=\delta b^\top G^\top\mathbf{1}"
        r"\quad\Rightarrow\quad\frac{\partial L}{\partial b}=G^\top\mathbf{1}=\sum_n g_n",
        r"Y=f(X)\quad\Rightarrow\quad\frac{\partial L}{\partial X}=G\circ f'(X)",
    ),
    code=(Linear, by_index),
    data=("mnist",),
)
