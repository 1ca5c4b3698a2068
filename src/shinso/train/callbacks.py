"""Callbacks: code of yours that runs at fixed moments of a training run. Names as in Keras.

    class Shout(Callback):
        def on_epoch_end(self, epoch, logs=None):
            print(epoch, logs["loss"])

Epochs and batches are counted from 0, as in Keras. `self.trainer` and `self.model` are there from
`on_train_begin` on; `self.trainer.stop_training = True` ends the run after the current batch.
From `on_train_batch_begin` to `on_train_batch_end` that batch is `self.trainer.current`, a pair
(x, t).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shinso.nn.module import Module
    from shinso.train.diagnose import NonFiniteError
    from shinso.train.trainer import Trainer

Logs = dict[str, float]


class Callback:
    """Base of all callbacks: every hook does nothing.

    What a callback counts belongs into `state_dict`, so that a resumed run goes on as if it had
    never stopped. A run resumed in the middle of an epoch calls `on_train_begin`, then
    `load_state_dict`, and no second `on_epoch_begin`.
    """

    trainer: Trainer

    @property
    def model(self) -> Module:
        """The model in training."""
        return self.trainer.model

    def set_trainer(self, trainer: Trainer) -> None:
        """Called once before `on_train_begin`."""
        self.trainer = trainer

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """The run starts, or goes on."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """The run has ended regularly (also when `stop_training` ended it)."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch starts."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch has ended. logs: all its numbers: loss, metrics, val_..., lr."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A training step starts."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A training step has ended. logs: {"loss": the loss of this batch}."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """An evaluation starts."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """An evaluation has ended. logs: its numbers, without the prefix val_."""

    def on_non_finite(self, error: NonFiniteError) -> bool:
        """A loss or gradient was not finite; the weights are as before that batch.

        Return True to end the run quietly there; otherwise the error is raised.
        """
        return False

    def state_dict(self) -> dict[str, Any]:
        """What must survive an interruption: plain values and arrays under string keys."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""


class LambdaCallback(Callback):
    """A callback made of functions: LambdaCallback(on_epoch_end=lambda epoch, logs: ...)."""

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name.startswith("on_")}
        for name, function in given.items():
            if function is not None:
                setattr(self, name, function)


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of each epoch: lr = schedule(epoch, lr).

    schedule: a function of the epoch (from 0) and the present rate, or of the epoch alone.
    verbose: 1 says the rate at the start of each epoch.
    Raises TypeError or ValueError (from the optimizer) if it gives no learning rate.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose
        self.takes_lr = len(inspect.signature(schedule).parameters) > 1

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate of every parameter group."""
        for group in self.trainer.optimizer.param_groups:
            group["lr"] = (
                self.schedule(epoch, group["lr"]) if self.takes_lr else self.schedule(epoch)
            )
            if self.verbose:
                self.trainer.say(f"learning rate of epoch {epoch + 1}: {group['lr']:g}")


class TerminateOnNaN(Callback):
    """End the run, without an error, at the first loss or gradient that is not finite.

    The report on where it came from is printed, the weights stay as they were before that batch.
    Without this callback the run ends with `NonFiniteError`. raise_error: True raises it anyway.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_non_finite(self, error: NonFiniteError) -> bool:
        """Print the report and stop."""
        if not self.raise_error:
            self.trainer.say(str(error))
        return not self.raise_error


def overriding(callbacks: list[Callback], hook: str) -> list[Any]:
    """The bound hooks of those callbacks that do something there: none costs nothing."""
    return [
        getattr(c, hook)
        for c in callbacks
        if hook in vars(c) or getattr(type(c), hook) is not getattr(Callback, hook)
    ]


def callback_states(callbacks: list[Callback]) -> list[dict[str, Any]]:
    """The state of every callback that has one, in order."""
    states = [(type(c).__name__, c.state_dict()) for c in callbacks]
    return [{"kind": kind, "state": state} for kind, state in states if state]


def restore_callbacks(callbacks: list[Callback], saved: list[dict[str, Any]]) -> None:
    """Give each callback the state it had.

    Raises ValueError if the callbacks that keep a state are not those of the interrupted run.
    """
    stateful = [c for c in callbacks if c.state_dict()]
    kinds, then = [type(c).__name__ for c in stateful], [entry["kind"] for entry in saved]
    if kinds != then:
        raise ValueError(
            f"the interrupted run had the callbacks {', '.join(then) or '(none)'}, this one has "
            f"{', '.join(kinds) or '(none)'}: give the same ones in the same order to resume"
        )
    for callback, entry in zip(stateful, saved, strict=True):
        callback.load_state_dict(entry["state"])
