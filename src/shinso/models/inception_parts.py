"""What all Inception networks are made of: convolution units, and branches put side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.nn import init

Size = int | tuple[int, int]
# The layers of a branch by name, in their order; a sequence of branches in a layer's place is a
# fork, which only a branch's end may be.
Branch = Mapping[str, "nn.Module | Sequence[Branch]"]
# What is kept of it: names alone, so that a child which is exchanged later is found.
Path = tuple["str | tuple[Path, ...]", ...]


class ConvUnit(nn.Module):
    """Convolution without bias, batch normalization with ε = 0.001, ReLU.

    channels, out_channels: of input and output. kernel_size, stride: numbers or (H, W). padding:
    None for what the papers' figures mean: as much as keeps the size where the stride
    is 1, nothing where it is more.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: int = 1,
        padding: Size | None = None,
    ) -> None:
        super().__init__()
        if padding is None:
            padding = _same(kernel_size) if stride == 1 else 0
        self.out_channels = out_channels
        self.conv = nn.Conv2d(channels, out_channels, kernel_size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Any) -> Tensor:
        """Convolve, normalize, rectify."""
        return ops.relu(self.bn(self.conv(x)))


def _same(kernel_size: Size) -> Size:
    if isinstance(kernel_size, int):
        return kernel_size // 2
    return kernel_size[0] // 2, kernel_size[1] // 2


def units(channels: int, *arguments: tuple[Any, ...]) -> list[ConvUnit]:
    """Convolution units in a row, each from ConvUnit's arguments after `channels`."""
    made = []
    for out, *rest in arguments:
        made.append(ConvUnit(channels, out, *rest))
        channels = out
    return made


def row(channels: int, *arguments: tuple[Any, ...]) -> nn.Sequential:
    """Convolution units in a row as one layer."""
    return nn.Sequential(*units(channels, *arguments))


def numbered(prefix: str, channels: int, *arguments: tuple[Any, ...]) -> dict[str, nn.Module]:
    """Convolution units in a row, called prefix1, prefix2, …"""
    return {f"{prefix}{i}": unit for i, unit in enumerate(units(channels, *arguments), 1)}


class Branches(nn.Module):
    """The inception module: several branches see the same input; their channels are put together.

        Branches(192,
            {"branch1x1": ConvUnit(192, 64, 1)},
            {"branch5x5_1": ConvUnit(192, 48, 1), "branch5x5_2": ConvUnit(48, 64, 5)},
            {"pool": nn.AvgPool2d(3, 1, 1), "branch_pool": ConvUnit(192, 32, 1)})

    channels: of the input. branches: of each its layers by name; they become children of this
    module. A layer that is itself a sequence of branches is a fork. All branches must give the same
    height and width. `out_channels` is the sum. Szegedy et al. 2015.
    """

    def __init__(self, channels: int, *branches: Branch) -> None:
        super().__init__()
        self.paths = tuple(self._add(branch) for branch in branches)
        self.out_channels = self._width(self.paths, channels)

    def _add(self, branch: Branch) -> Path:
        path: list[Any] = []
        for name, layer in branch.items():
            if isinstance(layer, nn.Module):
                self.add_module(name, layer)
                path.append(name)
            else:
                path.append(tuple(self._add(inner) for inner in layer))
        return tuple(path)

    def _width(self, paths: tuple[Path, ...], channels: int) -> int:
        return sum(self._path_width(path, channels) for path in paths)

    def _path_width(self, path: Path, channels: int) -> int:
        for step in path:
            channels = (
                width_after(self._modules[step], channels)
                if isinstance(step, str)
                else self._width(step, channels)
            )
        return channels

    def forward(self, x: Any) -> Tensor:
        """Run all branches on x and put their channels side by side."""
        return self._run(self.paths, x)

    def _run(self, paths: tuple[Path, ...], x: Any) -> Tensor:
        return ops.cat([self._follow(path, x) for path in paths], 1)

    def _follow(self, path: Path, x: Any) -> Any:
        for step in path:
            x = self._modules[step](x) if isinstance(step, str) else self._run(step, x)
        return x


def width_after(layer: nn.Module, channels: int) -> int:
    """How many channels come out of a layer that takes so many; pooling keeps them."""
    if isinstance(layer, nn.Sequential):
        for inner in layer:
            channels = width_after(inner, channels)
        return channels
    if isinstance(layer, ConvUnit | Branches):
        return layer.out_channels
    return channels


class Stack:
    """Layers in a row under names of their own, each told how many channels it gets.

    `add` makes a layer from the channels so far; `width` turns a paper's number of channels into
    that of a narrower network.
    """

    def __init__(self, channels: int, width_mult: float = 1.0) -> None:
        self.channels, self.width_mult = channels, width_mult
        self.layers: dict[str, nn.Module] = {}

    def width(self, channels: int) -> int:
        """The paper's channels times width_mult, at least 1."""
        return max(1, round(channels * self.width_mult))

    def unit(self, name: str, channels: int, *arguments: Any) -> None:
        """Add a convolution unit; arguments as for ConvUnit, after the paper's channels."""
        self.add(name, ConvUnit(self.channels, self.width(channels), *arguments))

    def block(self, name: str, make: Callable[..., nn.Module], *arguments: Any) -> None:
        """Add make(channels, width, *arguments)."""
        self.add(name, make(self.channels, self.width, *arguments))

    def repeat(self, name: str, times: int, make: Callable[..., nn.Module]) -> None:
        """Add a row of `times` modules, each make(channels, width), as one layer."""
        made: list[nn.Module] = []
        channels = self.channels
        for _ in range(times):
            made.append(make(channels, self.width))
            channels = width_after(made[-1], channels)
        self.add(name, nn.Sequential(*made))

    def add(self, name: str, layer: nn.Module) -> None:
        """Add a layer that is made already."""
        self.layers[name] = layer
        self.channels = width_after(layer, self.channels)


def start_normal(model: nn.Module, std: float, special: Mapping[nn.Module, float]) -> None:
    """Draw the weights of all convolutions and dense layers from N(0, std²); biases stay.

    special: other deviations for some layers. torchvision cuts the distribution at ±2, which is 20
    deviations and more away: it never happens.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            init.normal_(module.weight, 0.0, special.get(module, std))
