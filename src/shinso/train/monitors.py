"""Callbacks that watch one number: stop early, keep the best weights, lower the learning rate."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.numpy

from shinso.cell import Array
from shinso.data.atomic import save_bytes
from shinso.data.errors import DataError
from shinso.train.callbacks import Callback, Logs

_HIGHER_IS_BETTER = ("accuracy", "precision", "recall", "f1")


class Monitor(Callback):
    """Base of callbacks that watch one number of the logs.

    monitor: its name, such as "val_loss". mode: "min" (it should fall), "max" (it should rise), or
    "auto": max for accuracy, precision, recall and f1, else min. min_delta: a smaller change does
    not count as better. NaN is never better. verbose: 1 says a line whenever it does something.
    """

    monitor: str
    mode: str
    min_delta: float
    best: float | None
    kept: tuple[str, ...] = ("best",)

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0, verbose: int = 0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f'{self._kind}: mode is "auto", "min" or "max", not {mode!r}')
        if mode == "auto":
            mode = "max" if any(word in monitor for word in _HIGHER_IS_BETTER) else "min"
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        self.verbose = verbose
        self.best = None

    @property
    def _kind(self) -> str:
        return type(self).__name__

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Refuse a monitor that this run will not have, before anything is computed."""
        names = self.trainer.log_names
        if self.monitor not in names:
            near = difflib.get_close_matches(self.monitor, names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            if self.monitor.startswith("val_") and not any(n.startswith("val_") for n in names):
                hint = " There is no validation data: give fit(validation=...) or watch 'loss'."
            raise ValueError(
                f"{self._kind}(monitor={self.monitor!r}): this run has {', '.join(names)}.{hint}"
            )
        self.best = None

    def better(self, value: float, than: float | None) -> bool:
        """Whether `value` is better than another one (None: nothing to compare with yet)."""
        if than is None:
            return value == value  # anything but NaN
        if self.mode == "min":
            return value < than - self.min_delta
        return value > than + self.min_delta

    def value(self, logs: Logs | None) -> float:
        """The number that is watched. Raises KeyError if the logs lack it."""
        return float((logs or {})[self.monitor])

    def note(self, epoch: int, text: str) -> None:
        """Say what was done after an epoch (from 0), if `verbose`."""
        if self.verbose:
            self.trainer.say(f"{self._kind} after epoch {epoch + 1}: {text}")

    def state_dict(self) -> dict[str, Any]:
        """The best value so far, and counters."""
        return {name: getattr(self, name) for name in self.kept}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on watching. Raises ValueError for another callback's state."""
        if set(state) != set(self.kept):
            raise ValueError(f"the saved state of {self._kind} holds {sorted(state)}")
        for name in self.kept:
            setattr(self, name, state[name])


class EarlyStopping(Monitor):
    """Stop when the monitored number has not improved for `patience` epochs.

    baseline: the number must get better than this, too, or patience runs out.
    restore_best_weights: at the end of the run put back the weights (and running statistics) of the
    best epoch; otherwise the last ones stay. start_from_epoch: the epochs before it (from 0) are
    not looked at. After the run `stopped_epoch` tells when it stopped
    (0: it did not), `best_epoch` and `best` what was best. Source: Prechelt, "Early stopping, but
    when?" (1998).
    """

    kept = ("best", "wait", "best_epoch", "stopped_epoch", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta, verbose)
        self.start_from_epoch = start_from_epoch
        self.patience, self.baseline = patience, baseline
        self.restore_best_weights = restore_best_weights
        self._start()

    def _start(self) -> None:
        self.wait = self.best_epoch = self.stopped_epoch = 0
        self.best_weights: dict[str, Array] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start counting."""
        super().on_train_begin(logs)
        self._start()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Count, and stop if it is time."""
        value = self.value(logs)
        if epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self.better(value, self.best):
            self.best = value
            self._keep(epoch)
            if self.baseline is None or self.better(value, self.baseline):
                self.wait = 0
                return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.note(epoch, f"no better {self.monitor} for {self.wait} epochs, so the run ends.")
            self.trainer.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.state_dict()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Put the best weights back."""
        if self.best_weights is not None:
            self.model.load_state_dict(self.best_weights)


class ModelCheckpoint(Monitor):
    """Write the model's weights to a safetensors file after each epoch, or each better one.

    filepath: may hold numbers of the logs and the epoch counted from 1:
    "model-{epoch:02d}-{val_loss:.3f}.safetensors". save_best_only: only when `monitor` improves.
    save_weights_only: True, as there is nothing else in such a file; False is refused.
    Each file is written whole or not at all. (The run folder's own checkpoints, from which a run
    resumes, need no callback.) In a `fast_dev_run` nothing is written.
    Raises DataError if the file cannot be written.
    """

    def __init__(
        self,
        filepath: str | Path,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = True,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode, verbose=verbose)
        if not save_weights_only:
            raise ValueError(
                "ModelCheckpoint writes weights only; to go on with a run as it was, give the "
                "Trainer a folder (out=) and resume"
            )
        self.filepath, self.save_best_only = str(filepath), save_best_only

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Check the monitor, if it is going to be used."""
        if self.save_best_only:
            super().on_train_begin(logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the weights."""
        if self.save_best_only:
            value = self.value(logs)
            if not self.better(value, self.best):
                return
            self.best = value
        if self.trainer.fast_dev_run:
            return
        path = self._path(epoch, logs or {})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{path}: cannot be written: {error.strerror}.") from None
        save_bytes(path, safetensors.numpy.save(self.model.state_dict()))
        self.note(epoch, f"weights written to {path}.")

    def _path(self, epoch: int, logs: Logs) -> Path:
        try:
            return Path(self.filepath.format(epoch=epoch + 1, **logs))
        except (KeyError, IndexError, ValueError) as error:
            raise ValueError(
                f"ModelCheckpoint(filepath={self.filepath!r}): cannot be filled in ({error}); it "
                f"may use epoch, {', '.join(logs)}"
            ) from None


class ReduceLROnPlateau(Monitor):
    """Multiply the learning rate by `factor` when a number has not improved for `patience` epochs.

    min_delta: what counts as better. cooldown: epochs after a reduction in which nothing is
    counted. min_lr: the rate goes no lower. Raises ValueError for a factor not below 1.
    """

    kept = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta, verbose)
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must lie between 0 and 1, not {factor}")
        self.factor, self.patience, self.cooldown, self.min_lr = factor, patience, cooldown, min_lr
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start counting."""
        super().on_train_begin(logs)
        self.wait = self.cooldown_counter = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Count, and lower the rate of every parameter group if it is time."""
        value = self.value(logs)
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.better(value, self.best):
            self.best = value
            self.wait = 0
            return
        if self.cooldown_counter > 0:
            return
        self.wait += 1
        if self.wait >= self.patience:
            for group in self.trainer.optimizer.param_groups:
                group["lr"] = max(group["lr"] * self.factor, min(self.min_lr, group["lr"]))
            rates = ", ".join(f"{group['lr']:g}" for group in self.trainer.optimizer.param_groups)
            self.note(epoch, f"the learning rate is now {rates}.")
            self.cooldown_counter = self.cooldown
            self.wait = 0
