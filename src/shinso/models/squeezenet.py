"""SqueezeNet, 2016: AlexNet's accuracy with a fiftieth of its weights.

F. Iandola, S. Han, M. Moskewicz, K. Ashraf, W. Dally, K. Keutzer, "SqueezeNet: AlexNet-level
accuracy with 50x fewer parameters and <0.5MB model size".

New: the fire module. A 1×1 convolution squeezes the channels, so that the 3×3 windows after it have
few to look at; half of the new channels do with 1×1 windows. No dense layers: a 1×1 convolution
scores each place, and the mean is the score. Pooling comes late.

    fire(s, e):   ─ conv 1×1, s ─┬─ conv 1×1, e ─┬─ 2e channels
                                 └─ conv 3×3, e ─┘

    1.0:  224×224×3 ─ conv 7×7/2, 96 ─ pool ─ fire ×3 ─ pool ─ fire ×4 ─ pool ─ fire
                    ─ dropout ─ conv 1×1, classes ─ mean
    1.1:  224×224×3 ─ conv 3×3/2, 64 ─ pool ─ fire ×2 ─ pool ─ fire ×2 ─ pool ─ fire ×4 ─ the same

1.1, from the authors' page, needs 2.3 times fewer multiplications.

1 248 424 and 1 235 496 parameters with 1000 classes. Published: 19.7 % top-5 error for 1.0
(table 2); 19.4 % for 1.1, of torchvision's weights.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shinso import nn, ops
from shinso.graph import Tensor
from shinso.models.entry import Entry, Preprocessing, Published
from shinso.models.normal_start import Conv2d as ScoringConv2d
from shinso.models.sizes import check_least
from shinso.nn import init


class Conv2d(nn.Conv2d):
    """`nn.Conv2d` that starts uniform over ±√(6 / fan_in) and biases from 0."""

    def reset_parameters(self) -> None:
        """Draw new starting values."""
        init.kaiming_uniform_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class Fire(nn.Module):
    """Squeeze to few channels, expand with 1×1 and 3×3 windows side by side.

    channels: of the input. squeeze: after the first convolution. expand: of each of the other two.
    Input (N, channels, H, W); output (N, 2·expand, H, W).
    """

    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = Conv2d(channels, squeeze, 1)
        self.expand1x1 = Conv2d(squeeze, expand, 1)
        self.expand3x3 = Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: Any) -> Tensor:
        """Squeeze, expand, put side by side."""
        x = ops.relu(self.squeeze(x))
        return ops.cat([ops.relu(self.expand1x1(x)), ops.relu(self.expand3x3(x))], 1)


# Where pooling comes among the eight fire modules, by their numbers.
_FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
_POOLED_BEFORE = {"1_0": (0, 3, 7), "1_1": (0, 2, 4)}
_SMALLEST = {"1_0": 21, "1_1": 17}


class SqueezeNet(nn.Module):
    """SqueezeNet.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. version: "1_0" or "1_1". dropout:
    probability of dropping before the scores. width_mult: factor of all channels.
    Input (N, in_channels, H, W), H and W at least 21 (1_0) or 17 (1_1), 224 in the paper. Output:
    scores (N, num_classes). State as torchvision's `squeezenet1_0`, `squeezenet1_1`.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        in_channels: int = 3,
        version: str = "1_0",
        dropout: float = 0.5,
        width_mult: float = 1.0,
    ) -> None:
        super().__init__()
        if version not in _POOLED_BEFORE:
            raise ValueError(f'version is "1_0" or "1_1", not {version!r}')
        self.smallest = _SMALLEST[version]
        first, window = (96, 7) if version == "1_0" else (64, 3)
        channels = max(1, round(first * width_mult))
        parts: list[nn.Module] = [Conv2d(in_channels, channels, window, stride=2), nn.ReLU()]
        for i, fire in enumerate(_FIRES):
            if i in _POOLED_BEFORE[version]:
                parts.append(nn.MaxPool2d(3, stride=2, ceil_mode=True))
            squeeze, expand = (max(1, round(n * width_mult)) for n in fire)
            parts.append(Fire(channels, squeeze, expand))
            channels = 2 * expand
        self.features = nn.Sequential(*parts)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            ScoringConv2d(channels, num_classes, 1),
            nn.ReLU(),
            nn.GlobalAvgPool(),
        )

    def forward(self, x: Any) -> Tensor:
        """Scores of a batch of images."""
        check_least(x, self.smallest, "this SqueezeNet")
        return self.classifier(self.features(x))


def _entry(version: str, idea: str, published: Published) -> Entry:
    return Entry(
        f"squeezenet{version}",
        2016,
        idea,
        partial(SqueezeNet, version=version),
        image_size=224,
        smallest=_SMALLEST[version],
        data="ImageNet",
        num_classes=1000,
        in_channels=3,
        paper="Iandola et al. 2016, arXiv:1602.07360",
        published=published,
        preprocessing=Preprocessing(),
    )


ENTRIES = (
    _entry(
        "1_0",
        "fire modules: squeeze, then expand",
        Published(19.7, "top-5, ILSVRC-2012 validation", "Iandola et al. 2016, table 2"),
    ),
    _entry(
        "1_1",
        "the same with fewer multiplications",
        Published(19.376, "top-5, one crop", "torchvision, SqueezeNet1_1_Weights.IMAGENET1K_V1"),
    ),
)
