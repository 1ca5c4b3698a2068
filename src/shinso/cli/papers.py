"""How the papers trained their networks on CIFAR-10, as data; and what single models need.

Milestones are shares of the run, so that a shorter run keeps its shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

CROP = ("crop", "flip")  # shifts of up to 4 pixels over a border of the mean, and mirroring


@dataclass(frozen=True)
class Paper:
    """One paper's recipe.

    models: patterns of names. epochs, batch_size, optimizer ("sgd" has momentum 0.9, "nesterov"
    Nesterov's), lr, weight_decay: as for `shinso train`. schedule: "multistep" multiplies the rate
    by `gamma` after each of `milestones`, shares of all epochs; "cosine" lets it glide to 0.
    warmup: epochs at a tenth of the rate at the beginning. augment: names of augmentations.
    source: authors, year, section.
    """

    models: tuple[str, ...]
    source: str
    epochs: int
    batch_size: int = 128
    optimizer: str = "nesterov"
    lr: float = 0.1
    weight_decay: float = 1e-4
    schedule: str = "multistep"
    milestones: tuple[float, ...] = (0.5, 0.75)
    gamma: float = 0.1
    warmup: float = 0.0
    augment: tuple[str, ...] = CROP


# The first pattern that fits counts. 164 epochs are the 64,000 updates of He et al.
CIFAR10: tuple[Paper, ...] = (
    Paper(
        ("shakedrop*",),
        "Han et al. 2017, section 4 (PyramidNet), which Yamada et al. 2018 follow",
        300,
    ),
    Paper(("*pyramidnet*",), "Han et al. 2017, section 4", 300),
    Paper(
        ("*shake_shake*",), "Gastaldi 2017, section 2", 1800, lr=0.2, schedule="cosine",
        milestones=(),
    ),
    Paper(
        ("*swapout*",), "Singh et al. 2016, section 4", 256, optimizer="sgd",
        milestones=(0.75, 0.875),
    ),
    Paper(("*_sd",), "Huang et al. 2016, section 4", 500),
    Paper(("*ror3*",), "Zhang et al. 2016, section 4", 500),
    Paper(
        ("fractalnet*",), "Larsson et al. 2017, section 4", 400, batch_size=100, optimizer="sgd",
        lr=0.02, weight_decay=0.0, milestones=(0.5, 0.75, 0.875, 0.9375),
    ),
    Paper(
        ("densenet_bc*", "densenet40*", "densenet100*"), "Huang et al. 2017, section 4.2", 300,
        batch_size=64,
    ),
    Paper(
        ("resnext29*",), "Xie et al. 2017, section 5.3", 300, optimizer="sgd", weight_decay=5e-4
    ),
    Paper(
        ("wrn_*",), "Zagoruyko and Komodakis 2016, section 3", 200, weight_decay=5e-4,
        milestones=(0.3, 0.6, 0.8), gamma=0.2, augment=("reflect", "flip"),
    ),
    Paper(
        ("cifar_preact_resnet*", "cifar_resnet164"), "He et al. 2016, appendix", 164,
        optimizer="sgd", warmup=1.0,
    ),
    Paper(
        ("cifar_seresnet*",),
        "He et al. 2015, section 4.2, as for the network without SE blocks", 164, optimizer="sgd",
    ),
    Paper(
        ("cifar_resnet110", "cifar_plainnet110"), "He et al. 2015, section 4.2", 164,
        optimizer="sgd", warmup=1.0,
    ),
    Paper(
        ("cifar_resnet*", "cifar_plainnet*"), "He et al. 2015, section 4.2", 164, optimizer="sgd"
    ),
)  # fmt: skip

AUXILIARY_WEIGHTS = {
    "googlenet": 0.3,  # Szegedy et al. 2015, section 5
    "inception_v3": 0.4,  # as in the authors' released code
}
"""Of the networks that have auxiliary heads: what each head's loss counts for."""

GENTLE = ("alexnet*", "zfnet", "vgg??", "squeezenet*")
"""Deep networks without normalization: at the usual rate of Adam their units die at once (measured
with SqueezeNet on the digits: chance at 0.003, 76 % after 10 epochs at 0.001, 87 % at 0.0003)."""


def usual_rate(model: str) -> float:
    """By what the usual learning rates are multiplied for a model; its name in `models.list()`."""
    return 0.1 if any(fnmatchcase(model, pattern) for pattern in GENTLE) else 1.0


def paper_for(model: str, data: str) -> Paper | None:
    """The recipe of the paper that a model is from; None for other data, or if none is known.

    model: its name in `models.list()`. data: the data set's name.
    """
    if data != "cifar10":
        return None
    fits = (p for p in CIFAR10 if any(fnmatchcase(model, pattern) for pattern in p.models))
    return next(fits, None)
