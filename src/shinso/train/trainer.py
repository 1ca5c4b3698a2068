"""`Trainer`: a model, a loss and an optimizer, and the loop that brings them together with data."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from shinso.cell import Array, require
from shinso.data import ArrayDataset, DataLoader
from shinso.data.protocols import BatchTransform, Transform
from shinso.graph import Tensor, no_grad
from shinso.nn.auxiliary_loss import AuxiliaryLoss
from shinso.nn.evaluating import evaluating
from shinso.nn.module import Module
from shinso.optim import Optimizer, ReduceLROnPlateau, clip_grad_norm_, clip_grad_value_
from shinso.train.callbacks import Callback, overriding
from shinso.train.checkpoint import find_checkpoint, load_checkpoint
from shinso.train.compiling import Compiling
from shinso.train.diagnose import NON_FINITE
from shinso.train.fitting import Fit
from shinso.train.history import History
from shinso.train.outputs import check_single, main_output
from shinso.train.progress import Progress
from shinso.train.runs import RunFolder
from shinso.train.sources import Limited, as_loader, pair, split_off
from shinso.train.streaming import Mean, Metric, as_metrics


class Trainer:
    """Trains a model.

        trainer = Trainer(model, nn.CrossEntropyLoss(), optim.Adam(model.parameters()),
                          metrics=["accuracy"], out="runs/first")
        history = trainer.fit((x, t), epochs=10, validation=(x_val, t_val))

    model: a Module. loss: a Module or function of (output, target) that gives a scalar, a mean over
    the batch. optimizer: over the model's parameters.
    auxiliary_weight: for a model that in training gives a tuple, the main output first and those of
    auxiliary heads after it: what their losses count for, see `nn.AuxiliaryLoss`. Metrics and
    predictions are about the main output in any case.
    transform, batch_transform: changes to training batches, such as `data.Cutout(4)` and
    `data.Mixup(0.2, 10)`, for training data given as arrays or a data set; a DataLoader has its
    own. With mixed targets a training accuracy counts the largest share as the true class.
    schedule: a learning-rate schedule from `optim`, stepped after every "epoch" or every "step"
    (schedule_every); `optim.ReduceLROnPlateau` watches val_loss, or loss without validation.
    metrics: names ("accuracy", "top_5_accuracy", "mae", "rmse", "precision", "recall", "f1") or
    `Metric` objects. callbacks: see `shinso.train.callbacks`.
    seed: decides the random masks and, for data given as arrays, the order.
    out: the run folder; None writes nothing.
    clip_grad_norm, clip_grad_value: limits for the gradients, see `optim`.
    check_gradients: look at every gradient before the update (one dot product per parameter), not
    only at the loss.
    fast_dev_run: one training and one validation batch, nothing written: does it run at all?
    overfit_batches: train on the same first n batches in every epoch: can it learn at all?
    progress: show it. checkpoint_every: "epoch", or a number of steps.
    config: plain values to keep with the run, such as the model's name and arguments.
    compile: True runs training, evaluation and prediction as machine code; "auto" begins in NumPy
    and compiles when that is predicted to save time (see `shinso.train.compiling`); False: NumPy.
    What cannot be compiled runs in NumPy with a notice; with True, a TraceError is raised where
    train_step does something that has no compiled form.
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Tensor],
        optimizer: Optimizer,
        *,
        auxiliary_weight: float | None = None,
        transform: Transform | None = None,
        batch_transform: BatchTransform | None = None,
        schedule: Any = None,
        schedule_every: str = "epoch",
        metrics: Sequence[str | Metric] = (),
        callbacks: Callback | Sequence[Callback] = (),
        seed: int = 0,
        out: str | Path | None = None,
        clip_grad_norm: float | None = None,
        clip_grad_value: float | None = None,
        check_gradients: bool = True,
        fast_dev_run: bool = False,
        overfit_batches: int = 0,
        progress: bool = True,
        checkpoint_every: int | str = "epoch",
        config: Mapping[str, Any] | None = None,
        compile: bool | str = "auto",
    ) -> None:
        self.model, self.optimizer = model, optimizer
        self.loss = loss if auxiliary_weight is None else AuxiliaryLoss(loss, auxiliary_weight)
        self.transform, self.batch_transform = transform, batch_transform
        self.schedule, self.schedule_every = schedule, schedule_every
        self.metrics = as_metrics(metrics)
        self.callbacks = [callbacks] if isinstance(callbacks, Callback) else list(callbacks)
        self.seed, self.config = seed, dict(config or {})
        self.clip_grad_norm, self.clip_grad_value = clip_grad_norm, clip_grad_value
        self.check_gradients = check_gradients
        self.fast_dev_run, self.overfit_batches = fast_dev_run, overfit_batches
        self.progress, self.checkpoint_every = progress, checkpoint_every
        self.folder = None if out is None or fast_dev_run else RunFolder(out)
        self._check()
        self.parameters = list(model.parameters())
        self.history = History()
        self.running = Mean("loss")
        self.epoch = self.batch = self.step = 0
        self.best: float | None = None
        self.seconds = 0.0
        self.stop_training = False
        self.current: tuple[Array, Array] | None = None
        self.log_names: list[str] = []
        self.display: Progress | None = None
        self._in_use = False
        self.compiling = Compiling(self, compile)

    def _check(self) -> None:
        if not isinstance(self.model, Module) or not callable(self.loss):
            raise TypeError(
                "Trainer(model, loss, optimizer): the model is a Module and the loss a Module or "
                f"function, not {type(self.model).__name__} and {type(self.loss).__name__}"
            )
        if not isinstance(self.optimizer, Optimizer):
            raise TypeError(
                "Trainer takes an optimizer, such as optim.Adam(model.parameters()), not "
                f"{type(self.optimizer).__name__}"
            )
        if self.schedule_every not in ("epoch", "step"):
            raise ValueError(f'schedule_every is "epoch" or "step", not {self.schedule_every!r}')
        if isinstance(self.schedule, ReduceLROnPlateau) and self.schedule_every == "step":
            raise ValueError('ReduceLROnPlateau looks at whole epochs: schedule_every="epoch"')
        every = self.checkpoint_every
        if every != "epoch" and not (isinstance(every, int) and every >= 1):
            raise ValueError(f'checkpoint_every is "epoch" or a number of steps, not {every!r}')
        few = self.overfit_batches
        if isinstance(few, bool) or not isinstance(few, int) or few < 0:
            raise ValueError(f"overfit_batches is a number of batches, not {few!r}")
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise TypeError(
                    "callbacks is a list of Callback objects, such as [EarlyStopping()], not of "
                    f"{type(callback).__name__}: derive yours from shinso.train.Callback"
                )
        mine = {id(p) for p in self.model.parameters()}
        theirs = {id(p) for group in self.optimizer.param_groups for p in group["params"]}
        if mine and not mine & theirs:
            raise ValueError(
                "the optimizer has no parameter of this model, which would never learn: make it "
                "with the parameters of the very model that is trained"
            )

    # -- one step --------------------------------------------------------------------------------

    def train_step(self, x: Array, t: Array) -> tuple[Tensor, Tensor]:
        """Learn from one batch: the textbook's lines. Override it for another way of learning.

        x, t: the batch. Returns (loss, main output). Raises ValueError before anything is updated
        if the loss or a gradient is not finite.
        """
        y = self.model(x)
        check_single(y, self.loss)
        loss = self.loss(y, t)
        if not isinstance(loss, Tensor):
            raise TypeError(
                f"the loss function gave a {type(loss).__name__}, not a Tensor: without the "
                "operations of shinso.ops there is no gradient"
            )
        loss.backward()
        self.prepare_update(loss)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss, main_output(y)

    def prepare_update(self, loss: Tensor) -> None:
        """Between backward and update: refuse numbers that are not finite, and clip gradients.

        One check for the loss and all gradients. Raises ValueError if it fails.
        """
        number = loss.data
        if self.clip_grad_value is not None:
            number = number + square_sum(self.parameters)
            clip_grad_value_(self.parameters, self.clip_grad_value)
        if self.clip_grad_norm is not None:
            number = number + clip_grad_norm_(self.parameters, self.clip_grad_norm)
        elif self.check_gradients and self.clip_grad_value is None:
            number = number + square_sum(self.parameters)
        require(np.isfinite(number), NON_FINITE)

    # -- the loop --------------------------------------------------------------------------------

    def fit(
        self,
        train: Any,
        epochs: int = 1,
        validation: Any = None,
        batch_size: int = 32,
        resume: bool | str | Path = False,
        validation_split: float = 0.0,
        shuffle: bool = True,
    ) -> History:
        """Train for `epochs` epochs, or, when resuming, until `epochs` are done in total.

        train, validation: a DataLoader, a data set, or a tuple of arrays (x, t). batch_size and
        shuffle are for the latter two. validation_split: the share of `train` (arrays, not a
        loader) to keep back for validation, chosen at random.
        resume: True goes on from the last checkpoint in `out`; a path, from that run folder or
        checkpoint. The result has the same bits as if the run had never stopped.
        Calling fit again goes on with further epochs.
        Returns the numbers of all epochs so far. Raises Interrupted after Ctrl-C, NonFiniteError
        with a report if a loss or gradient is not finite, DataError for a run folder or checkpoint
        that cannot be used.
        """
        if not isinstance(epochs, int) or epochs < 0:
            raise ValueError(f"epochs is a whole number of at least 0, not {epochs!r}")
        if validation_split:
            if validation is not None:
                raise ValueError("give validation data or a validation_split, not both")
            train, validation = split_off(train, validation_split, self.seed)
        given = self.transform is not None or self.batch_transform is not None
        if given and hasattr(train, "batches"):
            raise ValueError(
                "the Trainer's transform and batch_transform are for arrays and data sets; give "
                "them to this DataLoader instead"
            )
        loader = as_loader(
            train,
            batch_size,
            shuffle,
            self.seed,
            "fit(train)",
            self.transform,
            self.batch_transform,
        )
        held_out = None
        if validation is not None:
            held_out = as_loader(validation, batch_size, False, self.seed, "fit(validation)")
        if self.fast_dev_run:
            epochs, loader = 1, Limited(loader, 1)
            held_out = None if held_out is None else Limited(held_out, 1)
        elif self.overfit_batches:
            loader = Limited(loader, self.overfit_batches)
        checkpoint = None
        if resume is not False and not self.fast_dev_run:
            checkpoint = load_checkpoint(self._resume_path(resume))
        self._open_folder(goes_on=checkpoint is not None)
        total = epochs if checkpoint is not None else self.epoch + epochs
        return Fit(self, loader, held_out, total, checkpoint).run()

    def _resume_path(self, resume: bool | str | Path) -> Path:
        if resume is not True:
            path = Path(str(resume))
            if self.folder is None and (path / "checkpoints").is_dir():
                self.folder = RunFolder(path)
            return path
        if self.folder is None:
            raise ValueError("resume=True needs the run's folder: Trainer(out=...)")
        return find_checkpoint(self.folder.path)

    def _open_folder(self, goes_on: bool) -> None:
        if self.folder is None or self._in_use:
            return
        if goes_on:
            self.folder.reopen()
        else:
            self.folder.create()
        self._in_use = True

    # -- using the model -------------------------------------------------------------------------

    def evaluate(self, data: Any, batch_size: int = 32) -> dict[str, float]:
        """Loss and metrics over `data`, in evaluation mode.

        data: as in `fit`. Returns {"loss": ..., "accuracy": ..., ...}; the loss is the mean over
        batches, weighted by their samples.
        """
        loader = as_loader(data, batch_size, False, self.seed, "evaluate")
        metrics = [copy.deepcopy(metric) for metric in self.metrics]
        return self.measure(loader, metrics, lambda: None)

    def measure(
        self, loader: Any, metrics: list[Metric], between: Callable[[], Any]
    ) -> dict[str, float]:
        """The work of `evaluate`; `between` is called after every batch."""
        for callback in self.callbacks:
            callback.set_trainer(self)
        for hook in overriding(self.callbacks, "on_test_begin"):
            hook(None)
        mean = Mean("loss")
        for metric in metrics:
            metric.reset()
        with self.evaluating():
            for batch in loader.batches(0):
                x, t = pair(batch)
                y, loss = self.compiling.test_step(x, t)
                mean.update(float(loss.data), len(x))
                for metric in metrics:
                    metric.update(y.data, t)
                between()
        logs = {"loss": mean.compute(), **{m.name: float(m.compute()) for m in metrics}}
        for hook in overriding(self.callbacks, "on_test_end"):
            hook(dict(logs))
        return logs

    def predict(self, x: Any, batch_size: int = 32) -> Array:
        """The model's outputs, in evaluation mode.

        x: an array (N, ...), a data set or a DataLoader; of several arrays the first is the input.
        Returns one array (N, ...). Raises ValueError for a loader that shuffles.
        """
        if isinstance(x, (np.ndarray, Tensor)):
            x = ArrayDataset(np.asarray(x))
        if not hasattr(x, "batches"):
            x = DataLoader(ArrayDataset(*x) if isinstance(x, tuple) else x, batch_size)
        if getattr(x, "shuffle", False):
            raise ValueError("predict: this loader shuffles; give one with shuffle=False")
        with self.evaluating():
            outputs = [self.compiling.predict_step(batch[0]).numpy() for batch in x.batches(0)]
            if not outputs:
                empty = x.dataset[np.zeros(0, dtype=np.int64)][0]
                outputs = [main_output(self.model(empty)).numpy()]
        return np.concatenate(outputs)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Evaluation mode and no gradients; each layer's own mode comes back afterwards."""
        with evaluating(self.model), no_grad():
            yield

    def say(self, text: str) -> None:
        """A line for the person who watches; nothing with progress=False."""
        if self.display is not None:
            self.display.say(text)


def square_sum(tensors: Sequence[Tensor]) -> Any:
    """Σ g² over all gradients, a float64 scalar: NaN or infinite if any gradient is.

    A dot product of each with itself: one pass, nothing allocated. A square that its dtype cannot
    hold (float32: gradients beyond 1e19) counts as infinite.
    """
    total = np.float64(0)
    for p in tensors:
        if p.grad is not None:
            g = p.grad.ravel()
            total = total + np.dot(g, g)
    return total
