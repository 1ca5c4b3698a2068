"""Pooling layers: the largest or the mean of each window, of a grid of windows, of everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shinso import ops
from shinso.graph import Tensor
from shinso.nn.module import Module

Size = int | tuple[int, ...]


class _Pool(Module):
    """A layer around one pooling function; keeps its arguments."""

    function: Callable[..., Any]

    def __init__(self, **arguments: Any) -> None:
        super().__init__()
        self.arguments = arguments

    def forward(self, x: Any) -> Any:
        """Pool."""
        return type(self).function(x, **self.arguments)

    def extra_repr(self) -> str:
        """The arguments."""
        return ", ".join(f"{k}={v!r}" for k, v in self.arguments.items() if v is not None)


class _MaxPool(_Pool):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            ceil_mode=ceil_mode,
            return_indices=return_indices,
        )


class MaxPool1d(_MaxPool):
    """The largest of each window. Input (N, C, W); arguments as for `MaxPool2d`."""

    function = staticmethod(ops.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest of each window; of equals the first takes the gradient.

    kernel_size: window, a number or (H, W). stride: its step (default: kernel_size; smaller steps
    overlap). padding, dilation: numbers or (H, W). ceil_mode: count windows that hang over the
    edge. return_indices: also return where the largest stood, for `MaxUnpool2d`.
    Input (N, C, H, W).
    """

    function = staticmethod(ops.max_pool2d)


class MaxPool3d(_MaxPool):
    """The largest of each window. Input (N, C, D, H, W); arguments as for `MaxPool2d`."""

    function = staticmethod(ops.max_pool3d)


class _AvgPool(_Pool):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            stride=stride,
            padding=padding,
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
        )


class _AvgPoolDivided(_AvgPool):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.arguments["divisor_override"] = divisor_override


class AvgPool1d(_AvgPool):
    """The mean of each window. Input (N, C, W); arguments as for `AvgPool2d`."""

    function = staticmethod(ops.avg_pool1d)


class AvgPool2d(_AvgPoolDivided):
    """The mean of each window. count_include_pad: whether padded zeros count in the mean.

    divisor_override: divide the sums by this number instead of by how many elements they have.
    Other arguments as for `MaxPool2d`. Input (N, C, H, W).
    """

    function = staticmethod(ops.avg_pool2d)


class AvgPool3d(_AvgPoolDivided):
    """The mean of each window. Input (N, C, D, H, W); arguments as for `AvgPool2d`."""

    function = staticmethod(ops.avg_pool3d)


class _Adaptive(_Pool):
    def __init__(self, output_size: Any) -> None:
        super().__init__(output_size=output_size)


class AdaptiveAvgPool1d(_Adaptive):
    """Means over windows chosen so that the output has this size. Input (N, C, W)."""

    function = staticmethod(ops.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_Adaptive):
    """Means over windows chosen so that the output has this size. Input (N, C, H, W)."""

    function = staticmethod(ops.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_Adaptive):
    """Means over windows chosen so that the output has this size. Input (N, C, D, H, W)."""

    function = staticmethod(ops.adaptive_avg_pool3d)


class _AdaptiveMax(_Adaptive):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.arguments["return_indices"] = return_indices


class AdaptiveMaxPool1d(_AdaptiveMax):
    """Maxima over windows chosen so that the output has this size. Input (N, C, W)."""

    function = staticmethod(ops.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMax):
    """Maxima over windows chosen so that the output has this size. Input (N, C, H, W)."""

    function = staticmethod(ops.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMax):
    """Maxima over windows chosen so that the output has this size. Input (N, C, D, H, W)."""

    function = staticmethod(ops.adaptive_max_pool3d)


class GlobalAvgPool(_Pool):
    """The mean of each channel: (N, C, …) becomes (N, C), so any image size will do."""

    function = staticmethod(ops.global_avg_pool)

    def __init__(self, keepdims: bool = False) -> None:
        super().__init__(keepdims=keepdims)


class GlobalMaxPool(_Pool):
    """The largest of each channel: (N, C, …) becomes (N, C)."""

    function = staticmethod(ops.global_max_pool)

    def __init__(self, keepdims: bool = False) -> None:
        super().__init__(keepdims=keepdims)


class _MaxUnpool(Module):
    function: Callable[..., Tensor]

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x: Any, indices: Any, output_size: tuple[int, ...] | None = None) -> Tensor:
        """x, indices: (N, C, …), as the pooling layer returned them."""
        return type(self).function(
            x, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        """The arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Put values back where `MaxPool1d(return_indices=True)` took them from; zeros elsewhere."""

    function = staticmethod(ops.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """Put values back where `MaxPool2d(return_indices=True)` took them from; zeros elsewhere."""

    function = staticmethod(ops.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    """Put values back where `MaxPool3d(return_indices=True)` took them from; zeros elsewhere."""

    function = staticmethod(ops.max_unpool3d)
