"""Layers that change the size of images without parameters: padding, upsampling, im2col."""

from __future__ import annotations

from typing import Any

from shinso import ops
from shinso.graph import Tensor
from shinso.nn.module import Module

Size = int | tuple[int, ...]


class _Pad(Module):
    """Add a border. padding: one width for all sides, or pairs counted from the last axis."""

    axes: int
    mode = "constant"

    def __init__(self, padding: Size, value: float = 0.0) -> None:
        super().__init__()
        widths = (padding,) * (2 * self.axes) if isinstance(padding, int) else tuple(padding)
        if len(widths) != 2 * self.axes:
            raise ValueError(f"padding is one number or {2 * self.axes} of them, got {padding!r}")
        self.padding, self.value = widths, value

    def forward(self, x: Any) -> Tensor:
        """Add the border."""
        return ops.pad(x, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.padding}"


class ConstantPad2d(_Pad):
    """A border of one value. padding: a number, or (left, right, top, bottom)."""

    axes = 2


class ZeroPad2d(_Pad):
    """A border of zeros. padding: a number, or (left, right, top, bottom)."""

    axes = 2

    def __init__(self, padding: Size) -> None:
        super().__init__(padding)


class ReplicationPad2d(ZeroPad2d):
    """A border that repeats the edge. padding: a number, or (left, right, top, bottom)."""

    mode = "replicate"


class ReflectionPad2d(ZeroPad2d):
    """A border that mirrors the image. padding: a number, or (left, right, top, bottom)."""

    mode = "reflect"


class Upsample(Module):
    """Make images larger (or smaller), to `size` or by `scale_factor`.

    mode: "nearest", "linear" (N, C, W), "bilinear" (N, C, H, W) or "trilinear". align_corners:
    whether the corner pixels' centres stay in place.
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        super().__init__()
        self.size, self.scale_factor = size, scale_factor
        self.mode, self.align_corners = mode, align_corners

    def forward(self, x: Any) -> Tensor:
        """Resize."""
        return ops.interpolate(x, self.size, self.scale_factor, self.mode, self.align_corners)

    def extra_repr(self) -> str:
        """The arguments."""
        wanted = f"size={self.size}" if self.size is not None else f"scale={self.scale_factor}"
        return f"{wanted}, mode={self.mode!r}"


class Unfold(Module):
    """im2col: every window of an image as a column. (N, C, H, W) becomes (N, C·KH·KW, windows)."""

    def __init__(
        self, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
    ) -> None:
        super().__init__()
        self.kernel_size, self.dilation = kernel_size, dilation
        self.padding, self.stride = padding, stride

    def forward(self, x: Any) -> Tensor:
        """Windows to columns."""
        return ops.unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(Module):
    """col2im: columns added up into an image, the transpose of `Unfold`."""

    def __init__(
        self,
        output_size: Size,
        kernel_size: Size,
        dilation: Size = 1,
        padding: Size = 0,
        stride: Size = 1,
    ) -> None:
        super().__init__()
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, x: Any) -> Tensor:
        """Columns to an image."""
        return ops.fold(
            x, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )
