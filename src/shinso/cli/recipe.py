"""How a model is trained when nobody says: optimizer, rate, batch size, epochs, schedule.

On CIFAR-10 a network whose paper trained it there gets the paper's recipe (`papers.py`); everything
else gets a short one that works for every model on small data sets. What the user says replaces
single values of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from shinso import optim
from shinso.cli.methods import Methods, read_methods
from shinso.cli.papers import Paper
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
SCHEDULES = ("constant", "cosine", "multistep", "onecycle", "step")
_SGD = ("sgd", "nesterov")


@dataclass(frozen=True)
class Recipe:
    """Everything about a training run that is not the model or the data.

    milestones: of the schedule "multistep", shares of the run after which the rate is multiplied by
    gamma. warmup: epochs at a tenth of the rate at the beginning (not for "onecycle", which has its
    own). source: the paper that this is from, and what the user changed; empty if from none.
    """

    epochs: int
    batch_size: int
    optimizer: str
    lr: float
    weight_decay: float
    schedule: str
    milestones: list[float] = field(default_factory=list)
    gamma: float = 0.1
    warmup: float = 0.0
    source: str = ""

    def words(self) -> str:
        """The schedule in words."""
        warm = f", from {self.lr / 10:g} in the first {_epochs(self.warmup)}" if self.warmup else ""
        if self.schedule != "multistep":
            return self.schedule + warm
        after = ", ".join(f"{share * self.epochs:g}" for share in self.milestones)
        return f"multistep: × {self.gamma:g} after epochs {after}{warm}"


COMPILE: dict[str, bool | str] = {"auto": "auto", "on": True, "off": False}
"""The choices of --compile, and what the Trainer takes for them."""


@dataclass(frozen=True)
class Settings:
    """A recipe and the choices around it, as config.json keeps them.

    patience: epochs without improvement before stopping early; None never stops.
    compile: "auto", "on" or "off", see `shinso.train.compiling`. methods: against overfitting.
    """

    recipe: Recipe
    augment: tuple[str, ...]
    seed: int
    patience: int | None
    overfit_batches: int
    compile: str = "auto"
    methods: Methods = field(default_factory=Methods)

    def config(self) -> dict[str, Any]:
        """The settings as plain values."""
        return asdict(self)


_TYPES: dict[str, Any] = {
    "epochs": int, "batch_size": int, "optimizer": str, "lr": float, "weight_decay": float,
    "schedule": str, "milestones": list, "gamma": (int, float), "warmup": (int, float),
    "source": str, "augment": (list, tuple), "seed": int, "patience": (int, type(None)),
    "overfit_batches": int, "compile": str,
}  # fmt: skip
_NEWER = {"milestones": [], "gamma": 0.1, "warmup": 0.0, "source": ""}
"""What the recipes of runs from before there were papers' recipes do not say."""


def read_settings(config: Mapping[str, Any], where: str) -> Settings:
    """The settings of a run from its config. Raises DataError if they are not all there."""
    found = config.get("settings")
    recipe = found.get("recipe") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(recipe, dict):
        raise DataError(f"{where}: its config.json has no settings to go on with")
    methods = read_methods(found.get("methods"), where)
    recipe = {**_NEWER, **recipe}
    rest = {name: value for name, value in found.items() if name not in ("recipe", "methods")}
    values = {**recipe, **rest}
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
    shares = recipe["milestones"]
    if not all(isinstance(share, float) and 0 < share < 1 for share in shares):
        raise DataError(f"{where}: damaged config.json: milestones is {shares!r:.80}")
    for name in ("gamma", "warmup"):
        if not 0 <= recipe[name] < float("inf"):
            raise DataError(f"{where}: damaged config.json: {name} is {recipe[name]!r}")
    names = ("seed", "patience", "overfit_batches", "compile")
    chosen = {name: values[name] for name in names}
    return Settings(
        Recipe(**recipe), tuple(str(a) for a in found["augment"]), **chosen, methods=methods
    )


def default_recipe(
    examples: int, chosen: Mapping[str, Any], paper: Paper | None = None, rate: float = 1.0
) -> Recipe:
    """Fill in what was not chosen.

    examples: size of the training part; without a paper the number of epochs shows the network
    about 180 000 examples, in at least 3 and at most 50 epochs. chosen: the user's choices; None
    means not chosen. paper: whose recipe to start from. rate: a factor for the usual learning
    rates, see `papers.usual_rate`.
    Raises ValueError for an unknown optimizer or schedule.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    given |= {name: float(given[name]) for name in ("lr", "weight_decay") if name in given}
    if given.get("optimizer", "sgd") not in OPTIMIZERS:
        raise ValueError(_unknown("optimizer", given["optimizer"], OPTIMIZERS))
    if given.get("schedule", "step") not in SCHEDULES:
        raise ValueError(_unknown("schedule", given["schedule"], SCHEDULES))
    recipe = _short(examples, given.get("optimizer", "adamw"), rate)
    if paper is not None:
        recipe = _published(paper, recipe, given)
    recipe = replace(recipe, **given)
    if recipe.schedule == "onecycle":
        recipe = replace(recipe, warmup=0.0)
    if recipe.schedule != "multistep":
        return replace(recipe, milestones=[])
    return recipe if recipe.milestones else replace(recipe, milestones=[0.5, 0.75])


def _short(examples: int, optimizer: str, rate: float) -> Recipe:
    """A short recipe for an optimizer, one that works for every model."""
    return Recipe(
        epochs=min(50, max(3, round(180_000 / max(examples, 1)))),
        batch_size=32 if examples < SMALL else 64,
        optimizer=optimizer,
        lr=_LEARNING_RATES.get(optimizer, 0.003) * rate,
        weight_decay=_WEIGHT_DECAY.get(optimizer, 0.0),
        schedule="onecycle",
    )


def _published(paper: Paper, short: Recipe, given: Mapping[str, Any]) -> Recipe:
    """A paper's recipe. What it says for SGD is kept from other optimizers."""
    changed = ", ".join(name.replace("_", " ") for name in given)
    recipe = Recipe(
        paper.epochs, paper.batch_size, paper.optimizer, paper.lr, paper.weight_decay,
        paper.schedule, [*paper.milestones], paper.gamma, paper.warmup,
        f"{paper.source}; changed: {changed}" if changed else paper.source,
    )  # fmt: skip
    if given.get("optimizer", paper.optimizer) in _SGD:
        return recipe
    return replace(recipe, lr=short.lr, weight_decay=short.weight_decay)


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
    if recipe.schedule == "onecycle":
        # Momentum stays as it is: cycling Adam's betas gains nothing on small data sets.
        return optim.OneCycleLR(
            optimizer,
            max_lr=recipe.lr,
            total_steps=max(2, steps),
            pct_start=0.2,
            cycle_momentum=False,
        )
    warmup = min(round(recipe.warmup * steps_per_epoch), steps - 1)
    schedule = _after_warmup(recipe, optimizer, steps, warmup)
    if warmup < 1:
        return None if recipe.schedule == "constant" else schedule
    low = optim.ConstantLR(optimizer, factor=0.1, total_iters=warmup)
    return optim.SequentialLR(optimizer, [low, schedule], [warmup])


def _after_warmup(
    recipe: Recipe, optimizer: optim.Optimizer, steps: int, warmup: int
) -> optim.LRScheduler:
    """The schedule from step `warmup` on, which it counts as 0."""
    if recipe.schedule == "cosine":
        return optim.CosineAnnealingLR(optimizer, T_max=steps - warmup)
    if recipe.schedule == "step":
        return optim.StepLR(optimizer, step_size=max(1, (steps - warmup) // 3), gamma=0.1)
    places = [max(0, round(share * steps) - warmup) for share in recipe.milestones]
    return optim.MultiStepLR(optimizer, places, recipe.gamma)


def _epochs(number: float) -> str:
    return "epoch" if number == 1 else f"{number:g} epochs"
