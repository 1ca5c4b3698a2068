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
    return _correlate_groups(v, w.reshape(groups, w.shape[0] // groups, *w.shape[1:]))


def _correlate_groups(v: Array, w: Array) -> Array:
    """The same from windows. v: (N, C, *out, *kernel), w: (groups, OC / groups, C / groups, *)."""
    groups, channels = w.shape[:2]
    n = w.ndim - 3
    y = w.reshape(groups, channels, prod(w.shape[2:])) @ _columns(v, n, groups)
    return y.reshape(groups * channels, v.shape[0], *v.shape[2 : 2 + n]).swapaxes(0, 1)


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
    flipped: Place = (..., *(slice(None, None, -1) for _ in kernel))
    once = (1,) * len(kernel)
    if groups == 1:
        return correlate(d[wanted], w.swapaxes(0, 1)[flipped], once, dilation, groups)
    grouped = w.reshape(groups, w.shape[0] // groups, *w.shape[1:])
    v = windows(d[wanted], kernel, once, dilation)
    return _correlate_groups(v, grouped.swapaxes(1, 2)[flipped])


def _columns(v: Array, n: int, groups: int) -> Array:
    """im2col: windows (N, C, *out, *kernel) → (groups, C / groups · kernel, N · out)."""
    batch, channels = v.shape[:2]
    out, kernel = v.shape[2 : 2 + n], v.shape[2 + n :]
    ordered = v.transpose(1, *range(2 + n, 2 + 2 * n), 0, *range(2, 2 + n))
    return ordered.reshape(groups, channels // groups * prod(kernel), batch * prod(out))
