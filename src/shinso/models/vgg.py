"""VGG, 2014: nothing but 3×3 convolutions, and more of them.

K. Simonyan, A. Zisserman, "Very deep convolutional networks for large-scale image recognition".

New: two 3×3 windows see as much as one 5×5, three as much as one 7×7, with fewer weights and more
ReLUs between them; channels double after each pooling. Depth alone, 11 to 19 layers with weights,
brought the gain.

    224×224×3 ─ [conv 3×3, 64]   ─ pool ─ 112 ─ [conv 3×3, 128] ─ pool ─ 56 ─ [conv 3×3, 256]
    ─ pool ─ 28 ─ [conv 3×3, 512] ─ pool ─ 14 ─ [conv 3×3, 512] ─ pool ─ 7×7×512
    ─ 4096 ─ dropout ─ 4096 ─ dropout ─ classes

    convolutions in each […]   vgg11: 1 1 2 2 2   vgg13: 2 2 2 2 2
                               vgg16: 2 2 3 3 3   vgg19: 2 2 4 4 4

`vgg11_bn` and so on have a batch normalization (2015) after each convolution. Other sizes from
32×32 on are averaged to the 7×7 grid that the dense layers take.

132 863 336, 133 047 848, 138 357 544 and 143 667 240 parameters with 1000 classes. Published: 10.4,
9.9, 8.1 and 8.0 % top-5 error on the ILSVRC-2012 validation images, one network (table 3).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.normal_start import dense_head
from shinso.models.residual import Conv2d
from shinso.models.sizes import check_least

WIDTHS = (64, 128, 256, 512, 512)
SMALLEST = 32


class VGG(nn.Module):
    """VGG.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. layers: how many convolutions
    before each of the five poolings. batch_norm: normalize after each. dropout: probability of
    dropping after the two wide dense layers. width_mult: factor of all channels and dense widths.
    Input (N, in_channels, H, W), H and W at least 32, 224 in the paper. Output: scores
    (N, num_classes). State as torchvision's `vgg11` … `vgg19_bn`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        layers: tuple[int, ...] = (2, 2, 3, 3, 3),
        batch_norm: bool = False,
        dropout: float = 0.5,
        width_mult: float = 1.0,
    ) -> None:
        super().__init__()
        if len(layers) != len(WIDTHS) or min(layers) < 1:
            raise ValueError(f"layers is five numbers of convolutions, at least 1, not {layers!r}")
        parts: list[nn.Module] = []
        channels = in_channels
        for depth, width in zip(layers, WIDTHS, strict=True):
            for _ in range(depth):
                out = max(1, round(width * width_mult))
                parts.append(Conv2d(channels, out, 3, padding=1))
                parts += [nn.BatchNorm2d(out), nn.ReLU()] if batch_norm else [nn.ReLU()]
                channels = out
            parts.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*parts)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        wide = max(1, round(4096 * width_mult))
        self.classifier = nn.Sequential(*dense_head(49 * channels, wide, num_classes, dropout))

    def forward(self, x: Any) -> Tensor:
        """Scores of a batch of images."""
        check_least(x, SMALLEST, "VGG")
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


_LAYERS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
# Single scale, table 3 (A, B, D, E); the batch-normalized ones are torchvision's.
_PAPER = {"vgg11": 10.4, "vgg13": 9.9, "vgg16": 8.1, "vgg19": 8.0}
_TORCHVISION = {"vgg11": 10.19, "vgg13": 9.626, "vgg16": 8.484, "vgg19": 8.158}


def _entry(name: str, batch_norm: bool) -> Entry:
    if batch_norm:
        source = f"torchvision, {name.upper()}_BN_Weights.IMAGENET1K_V1"
        published = Published(_TORCHVISION[name], "top-5, one crop", source)
    else:
        measure = "top-5, ILSVRC-2012 validation, one network"
        published = Published(_PAPER[name], measure, "Simonyan & Zisserman 2014, table 3")
    return Entry(
        name + "_bn" if batch_norm else name,
        2014,
        f"{name[3:]} layers of 3×3 windows" + (", batch-normalized" if batch_norm else ""),
        partial(VGG, layers=_LAYERS[name], batch_norm=batch_norm),
        image_size=224,
        smallest=SMALLEST,
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper="Simonyan, Zisserman 2014, arXiv:1409.1556",
        published=published,
        preprocessing=Preprocessing(),
    )


ENTRIES = tuple(_entry(name, batch_norm) for name in _LAYERS for batch_norm in (False, True))
