"""im2col and col2im: a convolution as one product of matrices."""

from __future__ import annotations

import itertools
from typing import Literal

import numpy as np
from matplotlib.axes import Axes

from shinso import ops
from shinso.cell import Array
from shinso.graph import Tensor
from shinso.lab.experiment import Experiment, Figure, Outcome, Settings, Table, Verdict
from shinso.lab.text import Text
from shinso.ops.unfold import Fold, Unfold
from shinso.viz.picture import Picture, grid, new_picture
from shinso.viz.style import ORANGE, say, styled

GEOMETRIES = tuple(itertools.product((1, 2, 3), (1, 2), (0, 1, 2), (1, 2)))
"""Kernel, stride, padding, dilation."""


def direct(x: Array, w: Array, stride: int, padding: int, dilation: int) -> Array:
    """The definition as loops: y[n, o, i, j] = Σ x[n, c, i·S + k·D, j·S + l·D] · w[o, c, k, l]."""
    x = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    f = w.shape[2]
    height, width = ((h - dilation * (f - 1) - 1) // stride + 1 for h in x.shape[2:])
    y = np.zeros((len(x), len(w), height, width))
    for n, o, i, j in np.ndindex(y.shape):
        for c, k, m in np.ndindex(w.shape[1:]):
            row, column = i * stride + k * dilation, j * stride + m * dilation
            y[n, o, i, j] += x[n, c, row, column] * w[o, c, k, m]
    return y


def by_columns(x: Array, w: Array, stride: int, padding: int, dilation: int) -> Array:
    """The same by im2col: every window a column, every kernel a row, one product of matrices."""
    columns = ops.im2col(x, w.shape[2], dilation, padding, stride).data
    height, width = (
        (h + 2 * padding - dilation * (w.shape[2] - 1) - 1) // stride + 1 for h in x.shape[2:]
    )
    product = w.reshape(len(w), -1) @ columns
    return np.asarray(product).reshape(len(x), len(w), height, width)


def worst_differences(seed: int) -> tuple[float, float, float]:
    """The largest differences of im2col from the loops, of shinso's conv2d from the loops, and of
    the input's gradient by col2im from that of conv2d; over all geometries, in float64."""
    rng = np.random.default_rng(seed)
    columns = ours = backward = 0.0
    for kernel, stride, padding, dilation in GEOMETRIES:
        x = rng.standard_normal((2, 3, 7, 8))
        w = rng.standard_normal((4, 3, kernel, kernel))
        wanted = direct(x, w, stride, padding, dilation)
        image = Tensor(x, requires_grad=True)
        y = ops.conv2d(image, w, None, stride, padding, dilation)
        columns = max(columns, _apart(by_columns(x, w, stride, padding, dilation), wanted))
        ours = max(ours, _apart(y.data, wanted))
        dy = rng.standard_normal(wanted.shape)
        ops.sum(y * dy).backward()
        spread = w.reshape(4, -1).T @ np.reshape(dy, (2, 4, -1))
        dx = ops.col2im(spread, (7, 8), kernel, dilation, padding, stride).data
        backward = max(backward, _apart(dx, np.asarray(image.grad)))
    return columns, ours, backward


def _apart(a: Array, b: Array) -> float:
    return float(np.abs(a - b).max())


def inner_products(seed: int) -> float:
    """⟨im2col(x), y⟩ − ⟨x, col2im(y)⟩, which is 0 if each is the other's transpose."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((1, 2, 6, 6))
    columns = ops.im2col(x, 3, padding=1, stride=2).data
    y = rng.standard_normal(columns.shape)
    back = ops.col2im(y, (6, 6), 3, padding=1, stride=2).data
    return float((columns * y).sum() - (x * back).sum())


def work(settings: Settings) -> Outcome:
    """im2col against loops, its transpose, and how many numbers are written twice."""
    columns, ours, backward = worst_differences(settings.seed)
    ones = np.ones((1, 1, 5, 5))
    seen = ops.col2im(ops.im2col(ones, 3), (5, 5), 3).data[0, 0]
    small = ops.im2col(ones, 3).data
    many = len(GEOMETRIES)
    return Outcome([
        Verdict(Text(f"im2col and a product against loops, {many} geometries: largest difference",
                     f"im2col と行列積、直接のループとの最大の差({many} 通り)"),
                columns, 0.0, 1e-12, "="),
        Verdict(Text("conv2d against loops: largest difference", "conv2d とループとの最大の差"),
                ours, 0.0, 1e-12, "="),
        Verdict(Text("col2im gives the gradient of the input: largest difference",
                     "col2im が入力の勾配を与える:最大の差"), backward, 0.0, 1e-12, "="),
        Verdict(Text("col2im is im2col's transpose: ⟨im2col(x), y⟩ − ⟨x, col2im(y)⟩",
                     "col2im は im2col の転置:⟨im2col(x), y⟩ − ⟨x, col2im(y)⟩"),
                inner_products(settings.seed), 0.0, 1e-12, "="),
        Verdict(Text("not its inverse: windows that see the middle pixel of 5×5, kernel 3×3",
                     "逆写像ではない:5×5 の中央の画素を見る窓の数(カーネル 3×3)"),
                float(seen[2, 2]), 9.0, 0.0, "="),
        Verdict(Text("numbers in the columns of a 5×5 image, kernel 3×3: 9 windows × 9",
                     "5×5 の画像の列の要素数(カーネル 3×3):9 窓 × 9"), small.size, 81.0, 0.0, "="),
    ], [_table()], [
        Figure("matrix", _matrix_picture(), _MATRIX), Figure("windows", _windows_picture(), _SEEN),
    ])  # fmt: skip


_MATRIX = Text(
    "A 4×4 image with its pixels numbered, and its im2col matrix for a 3×3 kernel: a column for "
    "each of the 4 windows, a row for each place in the window. The first window is framed in "
    "both. Pixels 5, 6, 9 and 10 are in every column.",
    "画素に番号を付けた 4×4 の画像と、3×3 のカーネルに対する im2col 行列。"
    "列は 4 つの窓、行は窓の中の位置。"
    "枠は最初の窓。画素 5, 6, 9, 10 はすべての列に現れる。",
)
_SEEN = Text(
    "col2im(im2col(ones)): how many windows see each pixel of a 7×7 image. So often is a pixel "
    "written into the columns, and so many gradients are added for it on the way back.",
    "col2im(im2col(1 の画像)):7×7 の各画素を見る窓の数。画素はこの回数だけ列に書かれ、"
    "逆伝播では同じ数の勾配が足される。",
)


def _table() -> Table:
    """How much larger than the image the columns are, for first layers and inner layers."""
    cases = (("LeNet", 1, 32, 5, 1, 0), ("AlexNet 1", 3, 227, 11, 4, 0),
             ("AlexNet 2", 96, 27, 5, 1, 2), ("VGG, 224", 64, 224, 3, 1, 1),
             ("VGG, 1×1", 64, 224, 1, 1, 0))  # fmt: skip
    rows = []
    for name, channels, side, kernel, stride, padding in cases:
        out = (side + 2 * padding - kernel) // stride + 1
        image, columns = channels * side**2, channels * kernel**2 * out**2
        rows.append((name, f"{kernel}×{kernel} / {stride}", f"{image:,}", f"{columns:,}",
                     f"{columns / image:.2f} ×"))  # fmt: skip
    columns_ = (
        Text("layer", "層"), Text("kernel / stride", "カーネル / ストライド"),
        Text("numbers in the image", "画像の要素数"), Text("in its columns", "列の要素数"),
        Text("larger", "倍率"),
    )  # fmt: skip
    return Table(columns_, rows, Text("What im2col costs in memory: about F²/S² times the image.",
                                      "im2col に要するメモリ:画像のおよそ F²/S² 倍。"))  # fmt: skip


@styled
def _matrix_picture() -> Picture:
    image = np.arange(16.0).reshape(1, 1, 4, 4)
    columns = ops.im2col(image, 3).data[0]
    picture = new_picture(9.0, 5.6)
    left, right = picture.subplots(1, 2, width_ratios=(1, 1.1))
    _numbered(left, image[0, 0])
    _numbered(right, columns, aspect="auto")
    left.plot([-0.5, 2.5, 2.5, -0.5, -0.5], [-0.5, -0.5, 2.5, 2.5, -0.5], ORANGE, lw=3,
              clip_on=False)  # fmt: skip
    right.plot([-0.5, 0.5, 0.5, -0.5, -0.5], [-0.5, -0.5, 8.5, 8.5, -0.5], ORANGE, lw=3,
               clip_on=False)  # fmt: skip
    left.set_title(say("image, 4×4", "画像(4×4)"))
    right.set_title(say("columns, 9×4", "列(9×4)"))
    right.set_xlabel(say("window", "窓"))
    right.set_ylabel(say("place in the window", "窓の中の位置"))
    right.set_xticks(range(4), ["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"])
    right.set_yticks(range(9), [f"({i // 3}, {i % 3})" for i in range(9)])
    left.set(xticks=[], yticks=[])
    return picture


def _numbered(axes: Axes, values: Array, aspect: Literal["equal", "auto"] = "equal") -> None:
    """An image with its numbers written into it."""
    axes.imshow(values, vmin=0, vmax=values.max() * 1.6, cmap="Blues", aspect=aspect)
    for (i, j), value in np.ndenumerate(values):
        axes.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize=12)
    axes.grid(visible=False)


@styled
def _windows_picture() -> Picture:
    cases = {(3, 1): "F = 3, S = 1", (3, 2): "F = 3, S = 2", (3, 3): "F = 3, S = 3"}
    picture, axes = grid(1, 3, 10.0, 3.7)
    ones = np.ones((1, 1, 7, 7))
    for ax, ((kernel, stride), name) in zip(axes, cases.items(), strict=True):
        columns = ops.im2col(ones, kernel, stride=stride)
        _numbered(ax, ops.col2im(columns, (7, 7), kernel, stride=stride).data[0, 0])
        ax.set(title=name, xticks=[], yticks=[])
    return picture


EXPERIMENT = Experiment(
    name="d2-im2col",
    rows=("D2",),
    title=Text("im2col and col2im", "im2col と col2im"),
    question=Text(
        "A convolution is seven nested loops. How does it become one product of matrices, and what "
        "does that cost?",
        "畳み込みは七重のループである。それがどうして一つの行列積になり、代わりに何を払うのか。",
    ),
    claim=Text(
        "im2col and a product give the same numbers as the loops, and col2im the gradient.",
        "im2col と行列積はループと同じ値を、col2im は勾配を与える。",
    ),
    text=Text(
        """Cut every window out of the image and lay it down as a column of a matrix: C·F·F rows,
        one column for each place of the output. Lay every kernel down as a row. Then the
        convolution is their product, and the work is done by the fastest routine that a machine
        has, that for products of matrices.

        The price is memory. Windows overlap, so a pixel is written as many times as there are
        windows that see it: F² times inside the image at stride 1, and about F²/S² in general. The
        table shows it for layers of known networks. That is why shinso keeps im2col as the visible
        reference (`ops.im2col`, which is `ops.unfold`) and works without it in its compiled steps.

        Backward, the gradient of the columns is Wᵀ dY, and col2im puts each column back where its
        window was and adds what falls on the same pixel. It is said now and then that col2im is the
        inverse of im2col. It is the transpose: col2im(im2col(x)) is x times the number of windows
        that saw the pixel, as the second picture shows. At stride 2 some pixels are seen once and
        others four times; with S = F nothing overlaps, and the last row and column of a 7×7 image
        are not seen at all: that is what the floor in the formula of sizes throws away.""",
        """画像から窓をすべて切り出し、それぞれを行列の一列に並べる。行は C·F·F 本、列は出力の位置
        の数だけある。カーネルはそれぞれ一行に並べる。すると畳み込みは両者の積になり、計算機が最も
        得意とする行列積のルーチンに任せられる。

        代償はメモリである。窓は重なるので、画素はそれを見る窓の数だけ書き写される。画像の内側では
        ストライド 1 で F² 回、一般にはおよそ F²/S² 回である。表に有名なネットワークの層での値を示
        した。そのため shinso は im2col を目に見える基準として備え(`ops.im2col`、`ops.unfold` と同
        じもの)、コンパイルしたステップでは使わない。

        逆伝播では、列の勾配が Wᵀ dY であり、col2im は各列を元の窓の場所に戻して、同じ画素に重なる
        ものを足し合わせる。col2im は im2col の逆写像だと言われることがあるが、正しくは転置であ
        る。col2im(im2col(x)) は x に、その画素を見た窓の数を掛けたものになる(二つ目の図)。ストライ
        ド 2 では一度だけ見られる画素も四度見られる画素もある。S = F なら重なりはないが、7×7 の画像
        の最後の行と列はまったく見られない。大きさの式の切り捨てが捨てているのはこれである。""",
    ),
    work=work,
    formulas=(
        r"Y=W_{\mathrm{row}}\,X_{\mathrm{col}},\qquad X_{\mathrm{col}}=\mathrm{im2col}(X)"
        r"\in\mathbb{R}^{CF^2\times H_{\mathrm{out}}W_{\mathrm{out}}}",
        r"dX=\mathrm{col2im}\left(W_{\mathrm{row}}^{\top}\,dY\right)",
    ),
    code=(Unfold, Fold, direct, by_columns),
)
