"""DenseNet, Xception, MobileNet to EfficientNet: golden files.

    python make_models_mobile.py [NAME …]     # torch 2.13.0, torchvision 0.28.0, timm 1.0.31

Of large networks only keys and count are kept; short or narrow variants stand for their numbers.
torchvision's DenseNet becomes that for small images when its first layers are changed.
"""

from __future__ import annotations

from functools import partial

import timm
import torch
import torchvision.models as tv
from reference import Case, main
from torch import nn
from torchvision.models.densenet import DenseNet, _Transition
from torchvision.models.efficientnet import EfficientNet, _efficientnet_conf
from torchvision.models.shufflenetv2 import ShuffleNetV2
from torchvision.ops.misc import SqueezeExcitation

NARROW = {"growth_rate": 8, "block_config": (2, 3, 1, 2), "num_init_features": 10}


class SimpleLayer(nn.Module):
    """The dense layer of 2016 without a bottleneck."""

    def __init__(self, channels: int, growth_rate: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, growth_rate, 3, padding=1, bias=False)

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        return self.conv1(torch.relu(self.norm1(torch.cat(features, 1))))


def small_images(
    growth_rate: int, block_config: tuple[int, ...], simple: bool = False
) -> nn.Module:
    """torchvision's DenseNet with a 3×3 convolution at its beginning."""
    first = 2 * growth_rate
    model = DenseNet(growth_rate, block_config, first, num_classes=10)
    del model.features.norm0, model.features.relu0, model.features.pool0
    model.features.conv0 = nn.Conv2d(3, first, 3, padding=1, bias=False)
    if simple:
        channels = first
        for i, layers in enumerate(block_config, 1):
            block = getattr(model.features, f"denseblock{i}")
            for j in range(1, layers + 1):
                setattr(block, f"denselayer{j}", SimpleLayer(channels, growth_rate))
                channels += growth_rate
            if i < len(block_config):
                setattr(model.features, f"transition{i}", _Transition(channels, channels))
        model.features.norm5 = nn.BatchNorm2d(channels)
        model.classifier = nn.Linear(channels, 10)
    return model


def short_xception() -> nn.Module:
    """One block instead of eight in the middle."""
    model = timm.create_model("legacy_xception")
    for i in range(5, 12):
        setattr(model, f"block{i}", nn.Identity())
    return model


class Hardsigmoid(nn.Module):
    """PyTorch's own derivative is 1/6 rounded to float32, 3e-8 off, also in float64."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.clamp(x + 3, 0, 6) / 6


def exact(model: nn.Module) -> nn.Module:
    """The model with hard sigmoids that have a derivative in full precision."""
    for module in [*model.modules()]:
        if isinstance(module, SqueezeExcitation):
            assert isinstance(module.scale_activation, nn.Hardsigmoid)
            module.scale_activation = Hardsigmoid()
    return model


def efficientnet(width: float, depth: float) -> nn.Module:
    """torchvision's network grown by two factors."""
    settings, last = _efficientnet_conf("efficientnet_b0", width_mult=width, depth_mult=depth)
    return EfficientNet(settings, 0.2, last_channel=last)


CASES = [
    *(Case(name, getattr(tv, name)) for name in ("densenet121", "densenet161")),
    *(Case(name, getattr(tv, name)) for name in ("densenet169", "densenet201")),
    Case("densenet_narrow", partial(DenseNet, **NARROW), side=64),
    Case("densenet40_12", lambda: small_images(12, (12, 12, 12), simple=True)),
    Case("densenet_bc100_12", lambda: small_images(12, (16, 16, 16))),
    Case("densenet_bc190_40", lambda: small_images(40, (31, 31, 31))),
    Case("densenet40_12_narrow", lambda: small_images(4, (2, 3, 2), simple=True), side=20),
    Case("densenet_bc100_12_narrow", lambda: small_images(6, (2, 3, 2)), side=20),
    Case("xception", lambda: timm.create_model("legacy_xception")),
    Case("xception_short", short_xception, side=75, rename=lambda key: key.replace("k12.", "k5.")),
    Case("mobilenet_v1", lambda: timm.create_model("mobilenetv1_100"), side=64),
    Case("mobilenet_v1_125", lambda: timm.create_model("mobilenetv1_125")),
    Case("mobilenet_v2", tv.mobilenet_v2, side=64),
    Case("mobilenet_v2_035", partial(tv.mobilenet_v2, width_mult=0.35), side=64),
    Case("mobilenet_v2_140", partial(tv.mobilenet_v2, width_mult=1.4)),
    Case("mobilenet_v3_small", lambda: exact(tv.mobilenet_v3_small()), side=64),
    Case("mobilenet_v3_large", lambda: exact(tv.mobilenet_v3_large()), side=64),
    Case("mobilenet_v3_small_075", partial(tv.mobilenet_v3_small, width_mult=0.75)),
    Case("mobilenet_v3_large_075", partial(tv.mobilenet_v3_large, width_mult=0.75)),
    Case("efficientnet_b0", tv.efficientnet_b0, side=64),
    Case("efficientnet_b3", partial(efficientnet, 1.2, 1.4)),
    *(Case(f"shufflenet_v2_{x}", getattr(tv, f"shufflenet_v2_{x}")) for x in ("x1_5", "x2_0")),
    *(Case(f"shufflenet_v2_{x}", getattr(tv, f"shufflenet_v2_{x}"), 64) for x in ("x0_5", "x1_0")),
    Case("shufflenet_v2_x0_25", lambda: ShuffleNetV2([4, 8, 4], [6, 28, 58, 116, 256])),
    Case("mnasnet1_0", tv.mnasnet1_0, side=64),
    *(Case(f"mnasnet{x}", getattr(tv, f"mnasnet{x}")) for x in ("0_5", "0_75", "1_3")),
]

if __name__ == "__main__":
    torch.manual_seed(0)
    main(CASES)
