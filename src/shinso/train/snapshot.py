"""The state of a run as one tree of plain values and arrays, taken and put back."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from shinso.data.errors import DataError
from shinso.ops.random import get_rng_state, set_rng_state
from shinso.train.callbacks import callback_states, restore_callbacks
from shinso.train.checkpoint import Checkpoint
from shinso.train.history import History
from shinso.train.sources import describe
from shinso.version import __version__

if TYPE_CHECKING:
    from shinso.train.trainer import Trainer


def environment() -> dict[str, Any]:
    """What the bits of a result depend on besides the program: library, processor, threads."""
    available = getattr(os, "sched_getaffinity", None)
    return {
        "runtime": f"numpy {np.__version__}",
        "target": platform.machine(),
        "threads": len(available(0)) if available else os.cpu_count(),
        "thread_limit": os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS"),
    }


def capture(trainer: Trainer, train: Any) -> dict[str, Any]:
    """Everything that the rest of the run depends on."""
    optimizer = trainer.optimizer.state_dict()
    random = get_rng_state()
    schedule = trainer.schedule
    return {
        "position": {"epoch": trainer.epoch, "batch": trainer.batch, "step": trainer.step},
        "model": trainer.model.state_dict(),
        "optimizer": {
            "kind": type(trainer.optimizer).__name__,
            "state": {str(index): arrays for index, arrays in optimizer["state"].items()},
            "param_groups": optimizer["param_groups"],
        },
        "schedule": None if schedule is None else _kind_and_state(schedule),
        "random": {**random, "generator": np.array(random["generator"], dtype=np.uint32)},
        "metrics": [
            {"kind": metric.name, "state": metric.state_dict()}
            for metric in (trainer.running, *trainer.metrics)
        ],
        "callbacks": callback_states(trainer.callbacks),
        "history": trainer.history.records,
        "best": trainer.best,
        "stopped": trainer.stop_training,
        "seconds": trainer.seconds,
        "seed": trainer.seed,
        "data": describe(train),
        "config": trainer.config,
        "compiling": trainer.compiling.state(),
    }


def _kind_and_state(thing: Any) -> dict[str, Any]:
    return {"kind": type(thing).__name__, "state": thing.state_dict()}


def restore(trainer: Trainer, checkpoint: Checkpoint, train: Any) -> None:
    """Put a trainer where the checkpoint was taken.

    Raises DataError, in one line, if the checkpoint is that of another model, optimizer, schedule,
    data set or set of metrics.
    """
    state = checkpoint.state
    try:
        _compare_data(state["data"], describe(train))
        _restore_learning(trainer, state)
        _restore_measuring(trainer, state)
        set_rng_state(state["random"])
        trainer.compiling.restore(state["compiling"])
        place = state["position"]
        trainer.epoch, trainer.batch, trainer.step = (
            _count(place[name]) for name in ("epoch", "batch", "step")
        )
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
        reason = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{checkpoint.path}: does not fit this run: {reason}") from None


def _restore_learning(trainer: Trainer, state: dict[str, Any]) -> None:
    optimizer, schedule = state["optimizer"], state["schedule"]
    _same("optimizer", optimizer["kind"], type(trainer.optimizer).__name__)
    mine = None if trainer.schedule is None else type(trainer.schedule).__name__
    _same("schedule", None if schedule is None else schedule["kind"], mine)
    trainer.model.load_state_dict(state["model"])
    trainer.optimizer.load_state_dict(
        {
            "state": {int(index): arrays for index, arrays in optimizer["state"].items()},
            "param_groups": optimizer["param_groups"],
        }
    )
    if schedule is not None:
        trainer.schedule.load_state_dict(schedule["state"])


def _restore_measuring(trainer: Trainer, state: dict[str, Any]) -> None:
    metrics = [trainer.running, *trainer.metrics]
    names = [metric.name for metric in metrics]
    _same("metrics", [saved["kind"] for saved in state["metrics"]], names)
    for metric, saved in zip(metrics, state["metrics"], strict=True):
        metric.load_state_dict(saved["state"])
    restore_callbacks(trainer.callbacks, state["callbacks"])
    trainer.history = _history(state["history"])
    trainer.best = state["best"]
    trainer.stop_training = bool(state["stopped"])
    trainer.seconds = float(state["seconds"])
    trainer.seed = int(state["seed"])


def _history(records: Any) -> History:
    numbers = [value for record in records for value in record.values()]
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in numbers):
        raise ValueError("its history holds something that is no number")
    if [record["epoch"] for record in records] != list(range(1, len(records) + 1)):
        raise ValueError("its history is not one of epochs 1, 2, 3, ...")
    return History(records)


def _compare_data(then: dict[str, Any], now: dict[str, Any]) -> None:
    for name in dict.fromkeys([*then, *now]):
        _same(f"{name} of the training data", then.get(name), now.get(name))


def _same(what: str, then: Any, now: Any) -> None:
    if then != now:
        raise ValueError(f"{what}: the checkpoint has {then!r}, this run {now!r}")


def _count(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value


def run_config(trainer: Trainer, train: Any, validation: Any, epochs: int) -> dict[str, Any]:
    """What config.json says about a run: all choices, in plain values."""
    sizes = [p.size for p in trainer.parameters]
    groups = [
        {k: _plain(v) for k, v in group.items() if k not in ("params", "param_names")}
        for group in trainer.optimizer.param_groups
    ]
    return {
        **{name: _plain(value) for name, value in trainer.config.items()},
        "epochs": epochs,
        "seed": trainer.seed,
        "network": {
            "class": type(trainer.model).__name__,
            "parameters": sum(sizes),
            "layers": repr(trainer.model).splitlines(),
        },
        "loss": _name(trainer.loss),
        "optimizer": {"class": type(trainer.optimizer).__name__, "groups": groups},
        "schedule": None if trainer.schedule is None else _schedule_config(trainer),
        "metrics": [metric.name for metric in trainer.metrics],
        "callbacks": [type(callback).__name__ for callback in trainer.callbacks],
        "clip_grad_norm": trainer.clip_grad_norm,
        "clip_grad_value": trainer.clip_grad_value,
        "overfit_batches": trainer.overfit_batches,
        "compile": trainer.compiling.choice,
        "train": describe(train),
        "validation": None if validation is None else describe(validation),
        "shinso": __version__,
        "environment": environment(),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _schedule_config(trainer: Trainer) -> dict[str, Any]:
    state = {k: _plain(v) for k, v in trainer.schedule.state_dict().items() if k[0] != "_"}
    return {"class": type(trainer.schedule).__name__, "every": trainer.schedule_every, **state}


def _name(loss: Any) -> str:
    return getattr(loss, "__name__", None) or " ".join(repr(loss).split())


def _plain(value: Any) -> Any:
    """A value as JSON can hold it; what is no plain value becomes its text."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
