"""What a run is made of: data, pipeline and model, from plain values that config.json keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shinso import data, models, nn
from shinso.cli.pipeline import Pipeline
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
    task: str
    classes: list[str] | None
    outputs: int
    input_shape: list[int]
    side: int | None
    mean: list[float]
    std: list[float]

    @property
    def pipeline(self) -> Pipeline:
        """How inputs are prepared."""
        return Pipeline(tuple(self.input_shape), self.side, tuple(self.mean), tuple(self.std))

    def build(self) -> nn.Module:
        """The model, with fresh weights."""
        shape = self.pipeline.output_shape
        return models.create(self.model, self.outputs, shape, **self.options)

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
    outputs = len(splits.classes) if splits.classes is not None else 1
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
        entry.image_size,
        list(splits.mean),
        list(splits.std),
    )


def load_splits(
    spec: str, data_dir: Path | None, image_size: int | None, target: str | None
) -> data.DataSplits:
    """The data set a user named. target: a column's name or number."""
    column = int(target) if target is not None and target.lstrip("-").isdigit() else target
    return data.load(spec, data_dir=data_dir, image_size=image_size, target=column)


def loader_for(dataset: data.ArrayDataset, plan: Plan) -> DataLoader:
    """Batches for evaluation, in the data's own order."""
    return DataLoader(dataset, EVALUATION_BATCH, transform=plan.pipeline.steps())


def loss_for(plan: Plan) -> nn.Module:
    """Cross-entropy for classes, mean squared error for numbers."""
    return nn.CrossEntropyLoss() if plan.task == "classification" else nn.MSELoss()


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
    try:
        return Plan(**plan), config
    except (TypeError, ValueError) as error:
        raise DataError(f"{run}: damaged config.json: {error}") from None


def load_model(run: Path, plan: Plan) -> nn.Module:
    """The model of a run, with its last weights, in evaluation mode."""
    model = plan.build()
    model.load_state_dict(load_checkpoint(find_checkpoint(run)).weights)
    return model.eval()
