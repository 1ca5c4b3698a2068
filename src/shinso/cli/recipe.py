"""How a model is trained when nobody says: optimizer, rate, batch size, epochs, schedule."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from shinso import optim
from shinso.data import DataError
from shinso.graph import Tensor

OPTIMIZERS: dict[str, Callable[..., optim.Optimizer]] = {
    "sgd": partial(optim.SGD, momentum=0.9),
    "nesterov": partial(optim.SGD, momentum=0.9, nesterov=True),
    "adagrad": optim.Adagrad,
    "rmsprop": optim.RMSprop,
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "adadelta": optim.Adadelta,
    "nadam": optim.NAdam,
    "radam": optim.RAdam,
}
_WEIGHT_DECAY = {"adamw": 0.2}
_LEARNING_RATES = {"sgd": 0.05, "nesterov": 0.05, "adagrad": 0.02, "adadelta": 1.0}
SMALL = 10_000  # fewer training examples than this call for more updates and augmentation
SCHEDULES = ("constant", "cosine", "onecycle", "step")


@dataclass(frozen=True)
class Recipe:
    """Everything about a training run that is not the model or the data."""

    epochs: int
    batch_size: int
    optimizer: str
    lr: float
    weight_decay: float
    schedule: str


COMPILE: dict[str, bool | str] = {"auto": "auto", "on": True, "off": False}
"""The choices of --compile, and what the Trainer takes for them."""


@dataclass(frozen=True)
class Settings:
    """A recipe and the choices around it, as config.json keeps them.

    patience: epochs without improvement before stopping early; None never stops.
    compile: "auto", "on" or "off", see `shinso.train.compiling`.
    """

    recipe: Recipe
    augment: tuple[str, ...]
    seed: int
    patience: int | None
    overfit_batches: int
    compile: str = "auto"

    def config(self) -> dict[str, Any]:
        """The settings as plain values."""
        return asdict(self)


_TYPES: dict[str, Any] = {
    "epochs": int, "batch_size": int, "optimizer": str, "lr": float, "weight_decay": float,
    "schedule": str, "augment": (list, tuple), "seed": int, "patience": (int, type(None)),
    "overfit_batches": int, "compile": str,
}  # fmt: skip


def read_settings(config: Mapping[str, Any], where: str) -> Settings:
    """The settings of a run from its config. Raises DataError if they are not all there."""
    found = config.get("settings")
    recipe = found.get("recipe") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(recipe, dict):
        raise DataError(f"{where}: its config.json has no settings to go on with")
    values = {**recipe, **{name: value for name, value in found.items() if name != "recipe"}}
    if set(values) != set(_TYPES):
        odd = ", ".join(sorted(set(values) ^ set(_TYPES)))
        raise DataError(f"{where}: its config.json is damaged or of another version ({odd})")
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, _TYPES[name]):
            raise DataError(f"{where}: damaged config.json: {name} is {value!r}")
    if values["optimizer"] not in OPTIMIZERS or values["schedule"] not in SCHEDULES:
        raise DataError(f"{where}: its config.json names an unknown optimizer or schedule")
    if values["compile"] not in COMPILE:
        raise DataError(f"{where}: damaged config.json: compile is {values['compile']!r}")
    names = ("seed", "patience", "overfit_batches", "compile")
    chosen = {name: values[name] for name in names}
    return Settings(Recipe(**recipe), tuple(str(a) for a in found["augment"]), **chosen)


def default_recipe(examples: int, chosen: Mapping[str, Any]) -> Recipe:
    """Fill in what was not chosen.

    examples: size of the training part; the default number of epochs shows the network about 180
    000 examples, in at least 3 and at most 50 epochs. chosen: the user's choices; None means not
    chosen.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    optimizer = given.get("optimizer", "adamw")
    if optimizer not in OPTIMIZERS:
        raise ValueError(_unknown("optimizer", optimizer, OPTIMIZERS))
    schedule = given.get("schedule", "onecycle")
    if schedule not in SCHEDULES:
        raise ValueError(_unknown("schedule", schedule, SCHEDULES))
    return Recipe(
        epochs=given.get("epochs", min(50, max(3, round(180_000 / max(examples, 1))))),
        batch_size=given.get("batch_size", 32 if examples < SMALL else 64),
        optimizer=optimizer,
        lr=float(given.get("lr", _LEARNING_RATES.get(optimizer, 0.003))),
        weight_decay=float(given.get("weight_decay", _WEIGHT_DECAY.get(optimizer, 0.0))),
        schedule=schedule,
    )


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, [*known], n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
    return f"no {kind} is called {name!r}. {hint}"


def make_optimizer(recipe: Recipe, parameters: Iterable[Tensor]) -> optim.Optimizer:
    """The recipe's optimizer over these parameters."""
    make = OPTIMIZERS[recipe.optimizer]
    return make(parameters, lr=recipe.lr, weight_decay=recipe.weight_decay)


def make_schedule(recipe: Recipe, optimizer: optim.Optimizer, steps_per_epoch: int) -> Any:
    """The recipe's schedule, to be stepped after every batch; None for a constant rate."""
    steps = max(1, recipe.epochs * steps_per_epoch)
    if recipe.schedule == "constant":
        return None
    if recipe.schedule == "cosine":
        return optim.CosineAnnealingLR(optimizer, T_max=steps)
    if recipe.schedule == "step":
        return optim.StepLR(optimizer, step_size=max(1, steps // 3), gamma=0.1)
    # Momentum stays as it is: cycling Adam's betas gains nothing on small data sets.
    return optim.OneCycleLR(
        optimizer, max_lr=recipe.lr, total_steps=max(2, steps), pct_start=0.2, cycle_momentum=False
    )
