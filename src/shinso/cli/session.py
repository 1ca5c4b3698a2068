"""What a run is made of: data, pipeline and model, from plain values that config.json keeps."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from shinso import data, models, nn
from shinso.cli.pipeline import Pipeline
from shinso.cli.rescale import RelativeSquaredError, Rescaled
from shinso.data import DataError, DataLoader
from shinso.train import load_checkpoint, read_config
from shinso.train.checkpoint import find_checkpoint

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class Plan:
    """The choices that decide what a model is and sees; all plain values."""

    model: str
    options: dict[str, Any]
    data: str
    image_size: int | None
    target: str | None
    task: Literal["classification", "regression"]
    classes: list[str] | None
    outputs: int
    input_shape: list[int]
    side: int | None
    mean: list[float]
    std: list[float]
    center: float | None  # regression: mean and deviation of the training targets
    spread: float | None

    @property
    def pipeline(self) -> Pipeline:
        """How inputs are prepared."""
        return Pipeline(tuple(self.input_shape), self.side, tuple(self.mean), tuple(self.std))

    def build(self) -> nn.Module:
        """The model, with fresh weights. Raises ValueError for options that it does not take."""
        shape = self.pipeline.output_shape
        try:
            network = models.create(self.model, self.outputs, shape, **self.options)
        except TypeError as error:
            given = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
            raise ValueError(f"model {self.model!r} cannot be made with {given}: {error}") from None
        if self.center is None or self.spread is None:
            return network
        return Rescaled(network, self.center, self.spread)

    def config(self) -> dict[str, Any]:
        """The plan as plain values, for config.json."""
        return asdict(self)


def make_plan(
    model: str,
    splits: data.DataSplits,
    spec: str,
    image_size: int | None,
    target: str | None,
    options: Mapping[str, Any],
) -> Plan:
    """Fit a model to a data set. Raises ValueError if it cannot take such inputs."""
    entry = models.entry(model)
    shape = splits.input_shape
    if len(shape) != 3 and not entry.vector:
        raise ValueError(
            f"{model} takes images, but {spec} delivers inputs of shape {shape}; for tables use mlp"
        )
    if splits.classes is not None and len(splits.classes) < 2:
        raise DataError(
            f"{spec}: all examples are of one class, {splits.classes[0]!r}; a network that tells "
            "classes apart needs at least two"
        )
    outputs = len(splits.classes) if splits.classes is not None else 1
    center = spread = None
    if splits.task == "regression":
        targets = splits.train.arrays[-1].astype(np.float64)
        center, spread = float(targets.mean()), float(targets.std()) or 1.0
    return Plan(
        model,
        dict(options),
        spec,
        image_size,
        target,
        splits.task,
        None if splits.classes is None else list(splits.classes),
        outputs,
        list(shape),
        entry.side_for(*shape[1:]) if len(shape) == 3 else None,
        list(splits.mean),
        list(splits.std),
        center,
        spread,
    )


def remembered_data_dir(config: Mapping[str, Any], given: Path | None) -> Path | None:
    """The folder with the data: the one given now, or the one the run was begun with."""
    kept = config.get("data_dir")
    return given if given is not None or not isinstance(kept, str) else Path(kept)


def absolute(spec: str) -> str:
    """A data set's name, with a path in it made absolute: a run is used from any folder."""
    kind, colon, path = spec.partition(":")
    return f"{kind}:{Path(path).expanduser().absolute()}" if colon and path else spec


def load_splits(
    spec: str,
    data_dir: Path | None,
    image_size: int | None,
    target: str | None,
    task: Literal["classification", "regression"] | None = None,
) -> data.DataSplits:
    """The data set a user named. target: a column's name or number. task: of a table, if known."""
    number = target is not None and re.fullmatch("-?[0-9]+", target)
    column = int(target) if target is not None and number else target
    if not spec.startswith("csv:"):
        task = None
    return data.load(spec, data_dir=data_dir, image_size=image_size, target=column, task=task)


def loader_for(dataset: data.ArrayDataset, plan: Plan) -> DataLoader:
    """Batches for evaluation, in the data's own order."""
    return DataLoader(dataset, EVALUATION_BATCH, transform=plan.pipeline.steps())


def loss_for(plan: Plan) -> nn.Module:
    """Cross-entropy for classes, squared error relative to the targets' spread for numbers."""
    if plan.spread is None:
        return nn.CrossEntropyLoss()
    return RelativeSquaredError(plan.spread)


def metrics_for(plan: Plan) -> list[str]:
    """What to report besides the loss."""
    return ["accuracy"] if plan.task == "classification" else ["mae", "rmse"]


def read_plan(run: Path) -> tuple[Plan, dict[str, Any]]:
    """The plan and the whole config of a run folder. Raises DataError if it is none of ours."""
    config = read_config(run)
    plan = config.get("plan")
    fields = Plan.__dataclass_fields__
    if not isinstance(plan, dict) or set(plan) != set(fields):
        raise DataError(
            f"{run}: its config.json was not written by `shinso train`, so the model cannot be "
            "rebuilt"
        )
    wrong = [name for name, fits in _PLAUSIBLE.items() if not fits(plan[name])]
    if wrong:
        raise DataError(
            f"{run}: damaged config.json: its plan says {wrong[0]} is {plan[wrong[0]]!r:.80}"
        )
    return Plan(**plan), config


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and bool(value) and all(map(fits, value))


def _is_none_or(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


# A file may say anything; this much is needed to build on what it says.
_PLAUSIBLE: dict[str, Callable[[Any], bool]] = {
    "model": _is_text,
    "options": lambda value: isinstance(value, dict),
    "data": _is_text,
    "image_size": _is_none_or(_is_count),
    "target": _is_none_or(_is_text),
    "task": lambda value: value in ("classification", "regression"),
    "classes": _is_none_or(_list_of(_is_text)),
    "outputs": _is_count,
    "input_shape": _list_of(_is_count),
    "side": _is_none_or(_is_count),
    "mean": _list_of(lambda value: type(value) in (int, float)),
    "std": _list_of(lambda value: type(value) in (int, float)),
    "center": _is_none_or(lambda value: type(value) in (int, float)),
    "spread": _is_none_or(lambda value: type(value) in (int, float) and value > 0),
}


def load_model(run: Path, plan: Plan) -> nn.Module:
    """The model of a run, with its last weights, in evaluation mode."""
    model = plan.build()
    checkpoint = load_checkpoint(find_checkpoint(run))
    try:
        model.load_state_dict(checkpoint.weights)
    except (ValueError, LookupError, TypeError) as error:
        raise DataError(f"{checkpoint.path}: does not fit {plan.model}: {error}") from None
    return model.eval()
