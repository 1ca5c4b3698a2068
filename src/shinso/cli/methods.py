"""Regularizers that a run can be given, whatever its model: by options, kept in config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from shinso import nn
from shinso.cli.session import Plan
from shinso.data import CutMix, Cutout, DataError, Mixup, RandomChoice, RandomErasing
from shinso.data.protocols import BatchTransform, Transform


@dataclass(frozen=True)
class Methods:
    """What is done against overfitting; 0 leaves a method out.

    mixup, cutmix: alpha of `data.Mixup` and `data.CutMix`; with both, one of them is drawn for each
    batch. cutout: the side of `data.Cutout`'s square. random_erasing: p of `data.RandomErasing`.
    label_smoothing: of the cross-entropy. aux_weight: see `nn.AuxiliaryLoss`; None for models
    without auxiliary heads, where it has no effect.
    """

    mixup: float = 0.0
    cutmix: float = 0.0
    cutout: int = 0
    random_erasing: float = 0.0
    label_smoothing: float = 0.0
    aux_weight: float | None = None

    def check(self, plan: Plan) -> None:
        """Raise ValueError if a method cannot be used on this data, or has a wrong number."""
        for name, most in _GREATEST.items():
            value = getattr(self, name) or 0
            if not 0 <= value <= most or value == float("inf"):
                limits = "0 or greater" if most == float("inf") else f"between 0 and {most:g}"
                raise ValueError(f"--{_option(name)} is {limits}, not {value}")
        for name in ("cutmix", "cutout", "random_erasing"):
            if getattr(self, name) and not plan.pipeline.is_image:
                raise ValueError(f"--{_option(name)} is for images; this data set is a table")
        for name in ("cutmix", "label_smoothing"):
            if getattr(self, name) and plan.task != "classification":
                raise ValueError(f"--{_option(name)} is for classes; this data set has numbers")

    def image_steps(self) -> list[Transform]:
        """What is done to the images after normalizing, where 0 is the mean."""
        steps: list[Transform] = []
        if self.cutout:
            steps.append(Cutout(self.cutout))
        if self.random_erasing:
            steps.append(RandomErasing(self.random_erasing))
        return steps

    def batch_transform(self, plan: Plan) -> BatchTransform | None:
        """What mixes examples and their targets, or None."""
        classes = plan.outputs if plan.task == "classification" else None
        mixing: list[BatchTransform] = []
        if self.mixup:
            mixing.append(Mixup(self.mixup, classes))
        if self.cutmix:
            mixing.append(CutMix(self.cutmix, classes))
        return RandomChoice(mixing) if len(mixing) > 1 else next(iter(mixing), None)

    def loss(self, plain: nn.Module) -> nn.Module:
        """The loss to train with; plain: the one to evaluate with."""
        if self.label_smoothing:
            plain = nn.CrossEntropyLoss(label_smoothing=self.label_smoothing)
        return plain if self.aux_weight is None else nn.AuxiliaryLoss(plain, self.aux_weight)

    def words(self) -> list[str]:
        """Those in use, each with its number."""
        used = {name: value for name, value in asdict(self).items() if value}
        return [f"{_option(name).replace('-', ' ')} {value:g}" for name, value in used.items()]


_GREATEST = {
    "mixup": float("inf"),
    "cutmix": float("inf"),
    "cutout": float("inf"),
    "random_erasing": 1.0,
    "label_smoothing": 1.0,
    "aux_weight": float("inf"),
}


def _option(name: str) -> str:
    return name.replace("_", "-")


def read_methods(found: Any, where: str) -> Methods:
    """The methods of a run from its config.

    found: what the config's settings say; None for a run from before there were any. Raises
    DataError if it is damaged.
    """
    if found is None:
        return Methods()
    if not isinstance(found, Mapping) or set(found) != set(_GREATEST):
        raise DataError(f"{where}: damaged config.json: its methods are {found!r:.80}")
    for name, most in _GREATEST.items():
        value = found[name]
        if name == "aux_weight" and value is None:
            continue
        number = type(value) is int or (type(value) is float and name != "cutout")
        if not number or not 0 <= value <= most or value == float("inf"):
            raise DataError(f"{where}: damaged config.json: {name} is {value!r:.80}")
    return Methods(**found)
