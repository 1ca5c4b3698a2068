"""ResNet to SENet: golden files of residual networks.

    python make_models_residual.py [NAME …]
    # torch 2.13.0, torchvision 0.28.0, timm 1.0.31, pytorchcv 0.0.74

Networks of many weights are compared as short or narrow variants; of the whole only keys and count.
Networks for small images are pytorchcv's under our names; where it is not what the paper says, its
blocks are changed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import timm
import torch
import torchvision.models as tv
from pytorchcv.models.preresnet_cifar import CIFARPreResNet
from pytorchcv.models.pyramidnet_cifar import CIFARPyramidNet
from pytorchcv.models.resnet_cifar import CIFARResNet
from pytorchcv.models.resnext_cifar import CIFARResNeXt
from pytorchcv.models.ror_cifar import CIFARRoR
from pytorchcv.models.seresnet_cifar import CIFARSEResNet
from pytorchcv.models.wrn_cifar import CIFARWRN
from reference import Case, main
from timm.models.resnet import Bottleneck as TimmBottleneck
from timm.models.resnet import ResNet as TimmResNet
from timm.models.resnetv2 import ResNetV2
from timm.models.senet import SEBottleneck, SENet, SEResNetBottleneck, SEResNeXtBottleneck
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck

SHORT = [1, 1, 1, 1]

# pytorchcv's names → ours, one after the other.
NAMES = [
    (r"^features\.init_block\.", "stem."),
    (r"^features\.stage(\d+)\.unit(\d+)\.", lambda m: f"layer{m[1]}.{int(m[2]) - 1}."),
    (r"^output\.", "fc."),
    (r"\bstem\.(weight)", r"conv1.\1"),
    (r"\bstem\.conv\.", "conv1."),
    (r"\bstem\.bn\.", "bn1."),
    (r"\bidentity_conv\.conv\.", "downsample.0."),
    (r"\bidentity_conv\.bn\.", "downsample.1."),
    (r"\bbody\.conv(\d)\.conv\.", r"conv\1."),
    (r"\bbody\.conv(\d)\.bn\.", r"bn\1."),
    (r"\bse\.conv(\d)\.", r"se.fc\1."),
]
PREACT = [
    (r"\bidentity_conv\.", "downsample.conv."),
    (r"\bbody\.conv(\d)\.bn\.", r"norm\1."),
    (r"^features\.post_activ\.bn\.", "norm."),
]
ROR = [
    (r"^features\.body\.stages\.stage(\d)\.", r"groups.layer\1."),
    (r"^features\.body\.shortcut\.", "shortcut."),
    (r"units\.unit(\d+)\.", lambda m: f"blocks.{int(m[1]) - 1}."),
    (r"\bshortcut\.conv\.", "shortcut.0."),
    (r"\bshortcut\.bn\.", "shortcut.1."),
    (r"^output\.", "head.fc."),
    (r"^features\.init_block\.conv\.", "stem.conv1."),
    (r"^features\.init_block\.bn\.", "stem.bn1."),
]


def named(*tables: list[Any]) -> Callable[[str], str]:
    """A function that applies all these substitutions to a key."""

    def rename(key: str) -> str:
        for pattern, replacement in [pair for table in tables for pair in table]:
            key = re.sub(pattern, replacement, key)
        return key

    return rename


def pyramid(bottleneck: bool) -> list[Any]:
    """The names of the batch norms that only PyramidNet has."""
    last = 4 if bottleneck else 3
    return [
        (r"(layer\d+\.\d+)\.bn\.", rf"\1.bn{last}."),
        (r"^features\.post_activ\.bn\.", "bn_final."),
    ]


def units(model: nn.Module) -> Iterator[Any]:
    """The residual blocks."""
    return (m for m in model.modules() if re.search("ResUnit$", type(m).__name__))


class Subsampling(nn.Module):
    """Every second pixel, and zeros as new channels behind the old ones."""

    def __init__(self, new: int) -> None:
        super().__init__()
        self.new = new

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.new))


def option_a(model: nn.Module) -> nn.Module:
    """Shortcuts without parameters."""
    for unit in units(model):
        if unit.resize_identity:
            conv = unit.identity_conv.conv
            unit.identity_conv = Subsampling(conv.out_channels - conv.in_channels)
    return model


def plain(model: nn.Module) -> nn.Module:
    """No shortcuts at all."""
    for unit in units(model):
        if unit.resize_identity:
            del unit.identity_conv
        unit.forward = lambda x, unit=unit: torch.relu(unit.body(x))
    return model


def move_first(module: nn.Module, name: str) -> None:
    """Let a child come before the others in the state."""
    children = dict(module._modules)
    module._modules.clear()
    module._modules.update({name: children.pop(name), **children})


def preact(model: nn.Module) -> nn.Module:
    """Shortcuts before the convolutions; in the first block both ways start activated."""
    for unit in units(model):
        if unit.resize_identity:
            move_first(unit, "identity_conv")
    first = model.features.stage1.unit1
    if not first.resize_identity:

        def forward(x: torch.Tensor) -> torch.Tensor:
            y, activated = first.body(x)
            return y + activated

        first.forward = forward
    return model


def ror(model: nn.Module) -> nn.Module:
    """Sides are halved by the stride of a group's first block instead of by pooling at its end."""
    body = model.features.body
    move_first(body, "stages")
    for i, stage in enumerate(body.stages):
        move_first(stage, "units")
        stage.pool = nn.Identity()
        if i:
            unit = stage.units.unit1
            for block in (unit.body.conv1, unit.identity_conv, stage.shortcut):
                block.conv.stride = (2, 2)
    return model


def cv(
    file: str,
    kind: Callable[..., nn.Module],
    channels: list[list[int]],
    stem: int,
    names: Callable[[str], str],
    change: Callable[[nn.Module], nn.Module] = lambda model: model,
    **options: Any,
) -> Case:
    """One of pytorchcv's networks for small images."""
    return Case(
        file,
        lambda: change(kind(channels=channels, init_block_channels=stem, **options)),
        32,
        rename=names,
    )


def stages(width: int, layers: int = 2, times: int = 1) -> list[list[int]]:
    """Three stages of so many blocks."""
    return [[width * 2**i * times] * layers for i in range(3)]


def short_tv(**options: Any) -> Callable[[], nn.Module]:
    return lambda: tv.ResNet(Bottleneck, SHORT, **options)


def short_se(**options: Any) -> Callable[[], nn.Module]:
    return lambda: TimmResNet(
        TimmBottleneck, tuple(SHORT), block_args={"attn_layer": "se"}, **options
    )


def short_senet() -> nn.Module:
    """SENet-154 with one block in each of three stages; the fourth has most of the weights."""
    ends = {"inplanes": 128, "input_3x3": True}
    shortcuts = {"downsample_kernel_size": 3, "downsample_padding": 1}
    model = SENet(SEBottleneck, SHORT, 64, 16, **ends, **shortcuts)
    model.layer4, model.last_linear = nn.Identity(), nn.Linear(1024, 1000)
    return model


def narrow_v2(basic: bool) -> nn.Module:
    """timm's resnetv2, a quarter of the channels, two blocks a stage."""
    convs = timm.layers.create_conv2d
    return ResNetV2(
        [2, 2, 2, 2],
        (16, 32, 64, 128) if basic else (64, 128, 256, 512),
        stem_chs=16,
        basic=basic,
        bottle_ratio=1.0 if basic else 0.25,
        conv_layer=convs,
        norm_layer=timm.layers.BatchNormAct2d,
    )


OURS = named(NAMES)
OURS_PREACT = named([NAMES[0], NAMES[1], NAMES[2], NAMES[3]], PREACT, [NAMES[8]])

CASES = [
    Case("resnet18", tv.resnet18, 64),
    *(Case(n, getattr(tv, n)) for n in ("resnet34", "resnet50", "resnet101", "resnet152")),
    Case("resnet34_short", lambda: tv.ResNet(BasicBlock, SHORT), 64),
    Case("resnet50_short", short_tv(), 64),
    Case("wide_resnet50_2", tv.wide_resnet50_2),
    Case("wide_resnet101_2", tv.wide_resnet101_2),
    *(Case(n, getattr(tv, n)) for n in ("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d")),
    Case("resnext50_32x4d_short", short_tv(groups=32, width_per_group=4), 64),
    *(
        Case(f"preact_resnet{n}", partial(timm.create_model, f"resnetv2_{n}"))
        for n in (18, 34, 50, 101, 152)
    ),
    Case("preact_resnet18_narrow", partial(narrow_v2, True), 64),
    Case("preact_resnet50_narrow", partial(narrow_v2, False), 64),
    Case("seresnet50", partial(timm.create_model, "seresnet50")),
    Case("seresnext50_32x4d", partial(timm.create_model, "seresnext50_32x4d")),
    Case("seresnet50_short", short_se(), 64),
    Case("legacy_seresnet50", partial(timm.create_model, "legacy_seresnet50")),
    Case("legacy_seresnext50_32x4d", partial(timm.create_model, "legacy_seresnext50_32x4d")),
    Case("senet154", partial(timm.create_model, "legacy_senet154")),
    Case("legacy_seresnet50_short", lambda: SENet(SEResNetBottleneck, SHORT, 1, 16), 64),
    Case("legacy_seresnext50_short", lambda: SENet(SEResNeXtBottleneck, SHORT, 32, 16), 64),
    Case("senet154_short", short_senet, 64),
    cv("cifar_resnet20", CIFARResNet, stages(16, 3), 16, OURS, option_a, bottleneck=False),
    cv("cifar_resnet20_projection", CIFARResNet, stages(16, 3), 16, OURS, bottleneck=False),
    cv("cifar_plainnet20", CIFARResNet, stages(16, 3), 16, OURS, plain, bottleneck=False),
    cv("cifar_resnet164_short", CIFARResNet, stages(16, 2, 4), 16, OURS, bottleneck=True),
    cv(
        "cifar_preact_resnet110_short",
        CIFARPreResNet,
        stages(16),
        16,
        OURS_PREACT,
        preact,
        bottleneck=False,
    ),
    cv(
        "cifar_preact_resnet164_short",
        CIFARPreResNet,
        stages(16, 2, 4),
        16,
        OURS_PREACT,
        preact,
        bottleneck=True,
    ),
    cv("wrn_16_4", CIFARWRN, stages(64), 16, OURS_PREACT, preact),
    cv(
        "resnext29_8x64d_narrow",
        CIFARResNeXt,
        stages(8, 3, 4),
        8,
        OURS,
        cardinality=8,
        bottleneck_width=64,
    ),
    cv("cifar_seresnet20", CIFARSEResNet, stages(16, 3), 16, OURS, bottleneck=False),
    cv("cifar_seresnet164_short", CIFARSEResNet, stages(16, 1, 4), 16, OURS, bottleneck=True),
    cv(
        "pyramidnet110_short",
        CIFARPyramidNet,
        [[18, 20], [22, 24], [26, 28]],
        16,
        named(NAMES, pyramid(False)),
        bottleneck=False,
    ),
    cv(
        "pyramidnet272_short",
        CIFARPyramidNet,
        [[76, 88], [100, 112], [124, 136]],
        16,
        named(NAMES, pyramid(True)),
        bottleneck=True,
    ),
    cv("ror3_110_short", CIFARRoR, stages(16), 16, named(ROR, NAMES), ror),
]

if __name__ == "__main__":
    main(CASES)
