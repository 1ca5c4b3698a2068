"""The three contractions behind every convolution: forward, kernel gradient, input gradient.

Each multiplies windows with something and sums. With one group that is `np.tensordot`, which
copies the windows into a matrix (im2col) and calls one matrix product; with several, the same
matrices are stacked and `@` multiplies them group by group (np.einsum would be up to a hundred
times slower). The windows are copied with their positions innermost, so that NumPy copies long
runs: that is why the kernel is the first operand in one place and the second in another.
"""

from __future__ import annotations

from math import prod

import numpy as np

from shinso.cell import Array
from shinso.ops.spatial import Place, Sizes, reach, spread, windows


def correlate(x: Array, w: Array, stride: Sizes, dilation: Sizes, groups: int) -> Array:
    """y[n, o, i] = Σ_c Σ_k x[n, c, i·stride + k·dilation] · w[o, c, k].

    x: (N, C, *), already padded. w: (OC, C / groups, *kernel). Returns (N, OC, *out).
    """
    v = windows(x, w.shape[2:], stride, dilation)
    n = w.ndim - 2
    if groups == 1:
        y = np.tensordot(w, v, axes=((1, *range(2, 2 + n)), (1, *range(2 + n, 2 + 2 * n))))
        return y.swapaxes(0, 1)
    rows = w.reshape(groups, w.shape[0] // groups, prod(w.shape[1:]))
    y = rows @ _columns(v, n, groups)
    return y.reshape(w.shape[0], x.shape[0], *v.shape[2 : 2 + n]).swapaxes(0, 1)


def kernel_gradient(
    x: Array, dy: Array, kernel: Sizes, stride: Sizes, dilation: Sizes, groups: int
) -> Array:
    """dw[o, c, k] = Σ_n Σ_i x[n, c, i·stride + k·dilation] · dy[n, o, i].

    x: (N, C, *), padded. dy: (N, OC, *out). Returns (OC, C / groups, *kernel).
    """
    v = windows(x, kernel, stride, dilation)
    n = len(kernel)
    if groups == 1:
        positions = (0, *range(2, 2 + n))
        dw = np.tensordot(v, dy, axes=(positions, positions))  # (C, *kernel, OC)
        return dw.transpose(n + 1, *range(n + 1))
    channels = dy.shape[1]
    rows = dy.swapaxes(0, 1).reshape(groups, channels // groups, dy.size // max(channels, 1))
    dw = rows @ _columns(v, n, groups).swapaxes(1, 2)
    return dw.reshape(channels, x.shape[1] // groups, *kernel)


def input_gradient(
    dy: Array, w: Array, before: Sizes, sizes: Sizes, stride: Sizes, dilation: Sizes, groups: int
) -> Array:
    """dx[n, c, j] = Σ_o Σ_k dy[n, o, i] · w[o, c, k] over all i·stride + k·dilation = j + before.

    The forward contraction once more: dy is spread out (stride - 1 zeros between neighbours, zeros
    around) and correlated with the flipped kernel, whose channel axes change places.
    dy: (N, OC, *out). w: (OC, C / groups, *kernel). before: the padding in front of x, of which no
    gradient is wanted. sizes: the spatial lengths of x. Returns (N, C, *sizes).
    """
    kernel, axes = w.shape[2:], range(w.ndim - 2)
    edge = [r - 1 for r in reach(kernel, dilation)]
    out = dy.shape[2:]
    length = [edge[a] + max(before[a] + sizes[a], (out[a] - 1) * stride[a] + 1) for a in axes]
    d = np.zeros_like(dy, shape=(*dy.shape[:2], *length))
    spots: Place = (..., *(spread(edge[a], out[a], stride[a]) for a in axes))
    d[spots] = dy
    wanted: Place = (..., *(slice(before[a], before[a] + sizes[a] + edge[a]) for a in axes))
    return correlate(d[wanted], _turned(w, groups), (1,) * len(kernel), dilation, groups)


def _turned(w: Array, groups: int) -> Array:
    """The kernel flipped on every spatial axis, (OC, C / groups, *) → (C, OC / groups, *)."""
    channels, inputs, *kernel = w.shape
    grouped = w.reshape(groups, channels // groups, inputs, *kernel).swapaxes(1, 2)
    turned = grouped.reshape(groups * inputs, channels // groups, *kernel)
    return turned[(slice(None), slice(None), *(slice(None, None, -1) for _ in kernel))]


def _columns(v: Array, n: int, groups: int) -> Array:
    """im2col: windows (N, C, *out, *kernel) → (groups, C / groups · kernel, N · out)."""
    batch, channels = v.shape[:2]
    out, kernel = v.shape[2 : 2 + n], v.shape[2 + n :]
    ordered = v.transpose(1, *range(2 + n, 2 + 2 * n), 0, *range(2, 2 + n))
    return ordered.reshape(groups, channels // groups * prod(kernel), batch * prod(out))
