"""What the networks for telephones are made of: convolution units and inverted residual blocks.

    x ─┬─ 1×1, many channels ─ depthwise K×K ─ 1×1, few channels ─ + ─
       └───────────────────────────────────────────────────────────┘

A ResNet's bottleneck turned inside out: the shortcut joins the narrow ends, and the work between
them is done one channel at a time, where it is cheap. There is no activation after the last 1×1:
with so few channels a ReLU would lose what it sets to 0.

M. Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", 2018. MobileNetV3,
EfficientNet and MnasNet have the same block with other activations, a squeeze and excitation in the
middle, or other names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from shinso import nn
from shinso.models.residual import conv
from shinso.nn import init

Activation = Callable[[], nn.Module]
Norm = Callable[[int], nn.Module]
Unit = Callable[..., nn.Sequential]


def make_divisible(channels: float, divisor: int = 8) -> int:
    """The multiple of `divisor` next to `channels`, one more if that took off over a tenth.

    Widths that a factor has made odd become sizes that hardware likes: 1.4 · 24 = 33.6 is 32, but
    0.35 · 32 = 11.2 is 16. At least `divisor`.
    Raises ValueError unless channels is over 0.
    """
    if not channels > 0:
        raise ValueError(f"got {channels} channels: a factor of widths is a number over 0")
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def conv_unit(
    inputs: int,
    outputs: int,
    size: int = 3,
    stride: int = 1,
    groups: int = 1,
    activation: Activation | None = nn.ReLU6,
    norm: Norm = nn.BatchNorm2d,
) -> nn.Sequential:
    """Convolution without bias, batch norm, activation if any; "0", "1" and "2" in the state.

    Stride 1 keeps H and W, more makes them ⌈H / stride⌉. groups: `inputs` for a depthwise one.
    norm: makes the batch norm for a number of channels.
    """
    layers = [conv(inputs, outputs, size, stride, groups), norm(outputs)]
    return nn.Sequential(*layers, *([activation()] if activation is not None else []))


def squeeze_excitation(channels: int, squeezed: int, **activations: Any) -> nn.SqueezeExcitation:
    """`nn.SqueezeExcitation` whose weights start from N(0, 2 / fan_out) and whose biases from 0."""
    layer = nn.SqueezeExcitation(channels, squeezed, **activations)
    for dense in (layer.fc1, layer.fc2):
        init.kaiming_normal_(dense.weight, mode="fan_out")
        if dense.bias is not None:
            init.zeros_(dense.bias)
    return layer


class InvertedResidual(nn.Module):
    """x + F(x) where F keeps the shape, else F(x); F: wider, depthwise, narrower.

    in_channels, out_channels: of x and of F(x). expanded: channels in between; if as many as come
    in, the first convolution is left out. size, stride: of the depthwise convolution. unit: makes
    a convolution unit, called as `conv_unit`. attention: what is put before the last convolution.
    drop: what F(x) goes through before it is added.
    Input (N, in_channels, H, W); output (N, out_channels, ⌈H / stride⌉, ⌈W / stride⌉).
    """

    branch: ClassVar[str] = "block"  # F's name in the state
    flat: ClassVar[slice | None] = None  # units that are no rows of their own in F, but its layers

    def __init__(
        self,
        in_channels: int,
        expanded: int,
        out_channels: int,
        size: int = 3,
        stride: int = 1,
        unit: Unit = conv_unit,
        attention: nn.Module | None = None,
        drop: nn.Module | None = None,
    ) -> None:
        super().__init__()
        rows: list[nn.Module] = []
        if expanded != in_channels:
            rows.append(unit(in_channels, expanded, 1))
        rows.append(unit(expanded, expanded, size, stride, expanded))
        if attention is not None:
            rows.append(attention)
        rows.append(unit(expanded, out_channels, 1, activation=None))
        if self.flat is not None:
            rows[self.flat] = [layer for row in rows[self.flat] for layer in row.children()]
        self.add_module(self.branch, nn.Sequential(*rows))
        self.keeps_shape = stride == 1 and in_channels == out_channels
        self.drop = drop if self.keeps_shape else None

    def forward(self, x: Any) -> Any:
        """Add F(x) to x, where that is possible."""
        y = self._modules[self.branch](x)
        if not self.keeps_shape:
            return y
        return (y if self.drop is None else self.drop(y)) + x


class FanOutLinear(nn.Linear):
    """`nn.Linear` that starts uniform over ±√(scale / out_features) and biases from 0."""

    scale: ClassVar[float] = 1.0

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        bound = (self.scale / self.out_features) ** 0.5
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.zeros_(self.bias)
