"""The table of layers: how each is made and the shape of its input. Shared by script and test.

`make` gets the module that holds the layers, `shinso.nn` or `torch.nn`; names and arguments are
the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

Make = Callable[[Any], Any]

LAYERS: dict[str, tuple[Make, tuple[int, ...]]] = {
    "Linear": (lambda nn: nn.Linear(6, 4), (3, 6)),
    "Linear/no_bias": (lambda nn: nn.Linear(6, 4, bias=False), (3, 2, 6)),
    "Conv1d": (lambda nn: nn.Conv1d(3, 4, 3, stride=2, padding=1), (2, 3, 9)),
    "Conv2d": (lambda nn: nn.Conv2d(3, 4, 3, padding=1), (2, 3, 5, 6)),
    "Conv2d/groups": (lambda nn: nn.Conv2d(4, 6, (3, 2), groups=2, bias=False), (2, 4, 5, 6)),
    "Conv2d/depthwise": (lambda nn: nn.Conv2d(4, 4, 3, padding="same", groups=4), (2, 4, 5, 6)),
    "Conv2d/reflect": (
        lambda nn: nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"),
        (2, 2, 5, 6),
    ),
    "Conv3d": (lambda nn: nn.Conv3d(2, 3, 2, dilation=2), (1, 2, 4, 4, 5)),
    "ConvTranspose1d": (lambda nn: nn.ConvTranspose1d(3, 2, 3, stride=2), (2, 3, 5)),
    "ConvTranspose2d": (
        lambda nn: nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2),
        (2, 4, 3, 4),
    ),
    "ConvTranspose3d": (lambda nn: nn.ConvTranspose3d(2, 3, 2), (1, 2, 3, 3, 3)),
    "MaxPool1d": (lambda nn: nn.MaxPool1d(2), (2, 3, 8)),
    "MaxPool2d": (lambda nn: nn.MaxPool2d(3, stride=2, padding=1), (2, 3, 7, 8)),
    "MaxPool3d": (lambda nn: nn.MaxPool3d(2), (1, 2, 4, 4, 4)),
    "AvgPool1d": (lambda nn: nn.AvgPool1d(2), (2, 3, 8)),
    "AvgPool2d": (
        lambda nn: nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False),
        (2, 3, 7, 8),
    ),
    "AvgPool2d/divisor": (lambda nn: nn.AvgPool2d(3, 2, divisor_override=4), (2, 3, 7, 8)),
    "AvgPool3d": (lambda nn: nn.AvgPool3d(2), (1, 2, 4, 4, 4)),
    "AdaptiveAvgPool1d": (lambda nn: nn.AdaptiveAvgPool1d(3), (2, 3, 7)),
    "AdaptiveAvgPool2d": (lambda nn: nn.AdaptiveAvgPool2d((3, 2)), (2, 3, 7, 8)),
    "AdaptiveAvgPool3d": (lambda nn: nn.AdaptiveAvgPool3d(2), (1, 2, 5, 4, 3)),
    "AdaptiveMaxPool1d": (lambda nn: nn.AdaptiveMaxPool1d(3), (2, 3, 7)),
    "AdaptiveMaxPool2d": (lambda nn: nn.AdaptiveMaxPool2d(2), (2, 3, 7, 8)),
    "AdaptiveMaxPool3d": (lambda nn: nn.AdaptiveMaxPool3d(2), (1, 2, 5, 4, 3)),
    "BatchNorm1d": (lambda nn: nn.BatchNorm1d(4), (6, 4)),
    "BatchNorm1d/sequence": (lambda nn: nn.BatchNorm1d(4), (3, 4, 5)),
    "BatchNorm2d": (lambda nn: nn.BatchNorm2d(3), (4, 3, 3, 2)),
    "BatchNorm2d/plain": (lambda nn: nn.BatchNorm2d(3, affine=False), (4, 3, 3, 2)),
    "BatchNorm2d/cumulative": (lambda nn: nn.BatchNorm2d(3, momentum=None), (4, 3, 3, 2)),
    "BatchNorm2d/untracked": (
        lambda nn: nn.BatchNorm2d(3, track_running_stats=False),
        (4, 3, 3, 2),
    ),
    "BatchNorm3d": (lambda nn: nn.BatchNorm3d(2), (2, 2, 2, 3, 2)),
    "InstanceNorm1d": (lambda nn: nn.InstanceNorm1d(3), (2, 3, 5)),
    "InstanceNorm2d": (
        lambda nn: nn.InstanceNorm2d(3, affine=True, track_running_stats=True),
        (2, 3, 4, 5),
    ),
    "InstanceNorm3d": (lambda nn: nn.InstanceNorm3d(2, affine=True), (2, 2, 3, 2, 2)),
    "LayerNorm": (lambda nn: nn.LayerNorm(5), (2, 3, 5)),
    "LayerNorm/two_axes": (lambda nn: nn.LayerNorm((3, 5)), (2, 3, 5)),
    "GroupNorm": (lambda nn: nn.GroupNorm(2, 6), (2, 6, 3, 2)),
    "LocalResponseNorm": (lambda nn: nn.LocalResponseNorm(3, alpha=0.5), (2, 5, 2, 2)),
    "PReLU": (lambda nn: nn.PReLU(), (3, 4)),
    "PReLU/channels": (lambda nn: nn.PReLU(3), (2, 3, 2, 2)),
    "ReLU": (lambda nn: nn.ReLU(), (3, 4)),
    "ReLU6": (lambda nn: nn.ReLU6(), (3, 4)),
    "LeakyReLU": (lambda nn: nn.LeakyReLU(0.2), (3, 4)),
    "ELU": (lambda nn: nn.ELU(0.5), (3, 4)),
    "SELU": (lambda nn: nn.SELU(), (3, 4)),
    "Softplus": (lambda nn: nn.Softplus(2.0), (3, 4)),
    "GELU": (lambda nn: nn.GELU(), (3, 4)),
    "SiLU": (lambda nn: nn.SiLU(), (3, 4)),
    "Hardswish": (lambda nn: nn.Hardswish(), (3, 4)),
    "Sigmoid": (lambda nn: nn.Sigmoid(), (3, 4)),
    "Tanh": (lambda nn: nn.Tanh(), (3, 4)),
    "Softmax": (lambda nn: nn.Softmax(dim=1), (3, 4)),
    "LogSoftmax": (lambda nn: nn.LogSoftmax(dim=1), (3, 4)),
    "Identity": (lambda nn: nn.Identity(), (3, 4)),
    "Flatten": (lambda nn: nn.Flatten(), (2, 3, 4)),
    "Unflatten": (lambda nn: nn.Unflatten(1, (2, 3)), (2, 6)),
    "ZeroPad2d": (lambda nn: nn.ZeroPad2d((1, 2, 0, 1)), (1, 2, 3, 3)),
    "ConstantPad2d": (lambda nn: nn.ConstantPad2d(1, 0.5), (1, 2, 3, 3)),
    "ReplicationPad2d": (lambda nn: nn.ReplicationPad2d(2), (1, 2, 3, 3)),
    "ReflectionPad2d": (lambda nn: nn.ReflectionPad2d(1), (1, 2, 3, 3)),
    "Upsample": (lambda nn: nn.Upsample(scale_factor=2), (1, 2, 3, 4)),
    "Upsample/bilinear": (
        lambda nn: nn.Upsample(size=(5, 7), mode="bilinear", align_corners=False),
        (1, 2, 3, 4),
    ),
    "Unfold": (lambda nn: nn.Unfold(3, padding=1, stride=2), (1, 2, 5, 5)),
    "Fold": (lambda nn: nn.Fold((5, 5), 3, padding=1, stride=2), (1, 18, 9)),
    "Sequential/inplace": (
        lambda nn: nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 2)),
        (3, 4),
    ),
    "Sequential": (
        lambda nn: nn.Sequential(
            nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(18, 3)
        ),
        (4, 1, 5, 5),
    ),
}


def value(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """What an entry of a state_dict is filled with: a function of its name and shape alone."""
    n = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)
    if key.endswith("num_batches_tracked"):
        return np.array(0)
    if key.endswith("running_var"):
        return np.exp(0.2 * n)
    return 0.5 * n


def layer_input(name: str) -> np.ndarray:
    """The input of a layer's case."""
    return value(f"input of {name}", LAYERS[name][1])
