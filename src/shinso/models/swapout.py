"""Swapout, 2016: every unit draws for itself which layers it belongs to.

S. Singh, D. Hoiem, D. Forsyth, "Swapout: learning an ensemble of deep architectures".

New: the sum of a residual block, x + F(x), with a mask of random zeros and ones on each side. A
unit then hands on 0 (dropout), x (it skips the layer), F(x) (a plain layer) or both (a residual
one), and training goes over all networks that can be drawn so.

    x ─┬─ bn, relu, 3×3 ─ bn, relu, 3×3 ─ · Θ₂ ── + ──       Θ: ones with probability θ
       └───────────────────────────────── · Θ₁ ───┘

θ falls evenly from 1 at the first block to 0.5 at the last. Pre-activation networks for CIFAR of 20
and 32 layers, four times as wide as usual: 4 326 986 and 7 427 146 parameters with 10 classes.
Published errors on CIFAR-10: 5.09 % and 4.76 %, as good as a ResNet of 1001 layers. These are means
over 30 random networks in evaluation (stochastic=True draws there, too); with the expected values
in place of the masks, the default, they are a little worse, because batch norm has not seen such
values.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shinso import nn
from shinso.graph import Tensor
from shinso.models.cifar_resnet import cifar_entry
from shinso.models.preact_resnet import CifarPreActResNet, PreActBlock

Range = tuple[float, float]


class SwapoutBlock(PreActBlock):
    """A pre-activation block that ends in `swapout` instead of a sum. Arguments as there."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.swapout = nn.Swapout(1.0, 1.0)

    def join(self, shortcut: Any, residual: Any) -> Tensor:
        """Of each unit the one, the other, both or neither."""
        return self.swapout(shortcut, residual)


class SwapoutResNet(CifarPreActResNet):
    """A pre-activation residual network with swapout.

    num_classes: outputs. in_channels: 3 for colour, 1 for grey. layers: blocks in each stage.
    width: of the first stage, doubled in each further one: 16, 32 or 64 in the paper. theta1,
    theta2: the probabilities that a unit gets x and F(x), at the first and the last block.
    stochastic: also draw in evaluation. options: as for `CifarPreActResNet`.
    Input (N, in_channels, H, W), 32×32 in the paper. Output: scores (N, num_classes).
    """

    def __init__(
        self,
        num_classes: int = 10,
        in_channels: int = 3,
        layers: tuple[int, ...] = (3, 3, 3),
        width: int = 64,
        theta1: Range = (1.0, 0.5),
        theta2: Range = (1.0, 0.5),
        stochastic: bool = False,
        **options: Any,
    ) -> None:
        options = {"block": SwapoutBlock, "stem": width, **options}
        super().__init__(num_classes, in_channels, layers=layers, width=width, **options)
        for name, theta in (("theta1", theta1), ("theta2", theta2)):
            if len(theta) != 2 or not all(0 <= p <= 1 for p in theta):
                raise ValueError(f"{name} is two probabilities, (first, last), not {theta}")
        blocks = [module for module in self.modules() if isinstance(module, SwapoutBlock)]
        for i, block in enumerate(blocks):
            p1, p2 = (between(*theta, i, len(blocks)) for theta in (theta1, theta2))
            block.swapout = nn.Swapout(p1, p2, stochastic)


def between(first: float, last: float, i: int, n: int) -> float:
    """Number i of n evenly spaced ones from first to last."""
    return first if n == 1 else first + (last - first) * i / (n - 1)


def _entry(depth: int, idea: str, error: float) -> Any:
    return cifar_entry(
        f"cifar_swapout_resnet{depth}",
        2016,
        idea,
        partial(SwapoutResNet, layers=((depth - 2) // 6,) * 3),
        "Singh et al. 2016, NIPS, arXiv:1605.06465",
        error,
        "Singh et al. 2016, four times as wide",
        "CIFAR-10, moved and mirrored, mean over random networks",
    )


ENTRIES = (
    _entry(20, "each unit draws its own layers", 5.09),
    _entry(32, "the same, deeper", 4.76),
)
