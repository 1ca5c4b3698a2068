"""PyTorch's spelling of `ops/convolution.py`: its functions know no padding_mode, its layers do."""

import torch.nn.functional as F


def convolution(n):
    function = getattr(F, f"conv{n}d")

    def call(x, w, b=None, stride=1, padding=0, dilation=1, groups=1, padding_mode="zeros"):
        if padding_mode == "zeros" or padding == 0:
            return function(x, w, b, stride, padding, dilation, groups)
        spread = dilation if isinstance(dilation, tuple) else (dilation,) * n
        widths = []
        for a in reversed(range(n)):
            total = spread[a] * (w.shape[2 + a] - 1)
            each = padding if isinstance(padding, tuple) else (padding,) * n
            pair = (total // 2, total - total // 2) if padding == "same" else (each[a], each[a])
            widths += pair
        return function(F.pad(x, widths, padding_mode), w, b, stride, 0, dilation, groups)

    return call


TORCH = {f"conv{n}d": convolution(n) for n in (1, 2, 3)}
