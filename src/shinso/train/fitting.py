"""One call of `Trainer.fit`: epochs, batches, and everything that happens between them."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from shinso.cell import Array
from shinso.data.errors import DataError
from shinso.ops.random import generator_cell, manual_seed
from shinso.optim import ReduceLROnPlateau
from shinso.train.callbacks import overriding
from shinso.train.checkpoint import BEST, LAST, Checkpoint, save_checkpoint
from shinso.train.diagnose import NonFiniteError, diagnose, is_non_finite
from shinso.train.history import History
from shinso.train.interrupt import Guard, Interrupted
from shinso.train.outputs import main_output
from shinso.train.progress import make_progress
from shinso.train.snapshot import capture, environment, restore, run_config
from shinso.train.sources import pair, sample_numbers

if TYPE_CHECKING:
    from shinso.train.trainer import Trainer


class Fit:
    """Carries a trainer from where it is to the end of epoch `total`.

    `whole` says whether the state is that between two batches: only then it may be saved.
    """

    def __init__(
        self,
        trainer: Trainer,
        train: Any,
        validation: Any,
        total: int,
        checkpoint: Checkpoint | None,
    ) -> None:
        self.trainer, self.train, self.validation = trainer, train, validation
        self.total, self.checkpoint = total, checkpoint
        self.whole = True
        self.guard = Guard()
        self.held_out_metrics = [copy.deepcopy(metric) for metric in trainer.metrics]
        names = ["loss", *(metric.name for metric in trainer.metrics)]
        trainer.log_names = [*names, *(f"val_{n}" for n in names if validation is not None), "lr"]

    def run(self) -> History:
        """Train. See `Trainer.fit` for what it returns and raises."""
        trainer = self.trainer
        self.clock = time.perf_counter()
        self._begin()
        trainer.display = self.display = make_progress(trainer.progress, self.total)
        try:
            self._warn_of_other_machine()
            with self.guard:
                while trainer.epoch < self.total and not trainer.stop_training:
                    self._epoch()
        except KeyboardInterrupt:
            raise self._interrupted() from None
        except NonFiniteError as error:
            handled = [hook(error) for hook in overriding(trainer.callbacks, "on_non_finite")]
            if not any(handled):
                raise
        finally:
            self.display.close()
            trainer.display = None
        self._end()
        return trainer.history

    # -- begin and end ---------------------------------------------------------------------------

    def _begin(self) -> None:
        trainer = self.trainer
        trainer.stop_training = False
        for callback in trainer.callbacks:
            callback.set_trainer(trainer)
        for hook in overriding(trainer.callbacks, "on_train_begin"):
            hook(None)
        if self.checkpoint is not None:
            restore(trainer, self.checkpoint, self.train)
        elif trainer.step == 0:
            manual_seed(trainer.seed)
            self._reset_metrics()
        if trainer.folder is not None:
            trainer.folder.write_config(
                run_config(trainer, self.train, self.validation, self.total)
            )
            trainer.folder.write_metrics(trainer.history)
            if self.checkpoint is None:
                self._save()

    def _warn_of_other_machine(self) -> None:
        if self.checkpoint is None:
            return
        before, now = self.checkpoint.header.get("environment"), environment()
        if before != now:
            self.display.say(
                f"note: this checkpoint was made with {before}, now it is {now}; the last digits "
                "may differ from an uninterrupted run."
            )
        difference = self.trainer.compiling.difference()
        if difference is not None:
            self.display.say(f"note: {difference}; the last digits may differ.")

    def _end(self) -> None:
        trainer = self.trainer
        self._count_time()
        if trainer.folder is not None and self.whole and trainer.checkpoint_every != "epoch":
            self._save()
        for hook in overriding(trainer.callbacks, "on_train_end"):
            hook(None)
        if trainer.folder is not None:
            # Only a run with a folder needs the report, and the drawing code with it.
            from shinso.train.report import write_report

            write_report(trainer, self.train, self.validation)

    def _interrupted(self) -> Interrupted:
        trainer = self.trainer
        self._count_time()
        place = f"Interrupted in epoch {trainer.epoch + 1}, after batch {trainer.batch}"
        if trainer.folder is None:
            return Interrupted(f"{place}. Nothing was saved: the Trainer has no out=FOLDER.")
        if not self.whole:
            return Interrupted(
                f"{place}, in the middle of an update, which cannot be saved.",
                f"Resume from the last complete checkpoint in {trainer.folder.path}: "
                "fit(..., resume=True).",
            )
        path = self._save()
        return Interrupted(
            f"{place}; everything up to there is saved in {path}.",
            "To go on: fit(..., resume=True), with the same model, data and epochs.",
        )

    # -- an epoch --------------------------------------------------------------------------------

    def _epoch(self) -> None:
        trainer, epoch = self.trainer, self.trainer.epoch
        if trainer.batch == 0:
            self._reset_metrics()
            for hook in overriding(trainer.callbacks, "on_epoch_begin"):
                hook(epoch, None)
        self.display.begin_epoch(epoch, len(self.train), trainer.batch)
        trainer.model.train()
        with closing(_as_generator(self.train.batches(epoch, trainer.batch))) as batches:
            self._batches(epoch, batches)
        logs = self._numbers()
        if self.validation is not None:
            found = trainer.measure(self.validation, self.held_out_metrics, self._check_interrupt)
            logs |= {f"val_{name}": value for name, value in found.items()}
        logs["lr"] = trainer.optimizer.param_groups[0]["lr"]
        self._check_interrupt()
        self.whole = False
        self._end_epoch(epoch, logs)
        self.whole = True
        self.display.end_epoch(logs)
        self._save_epoch(logs)
        self._check_interrupt()

    def _end_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        trainer = self.trainer
        if trainer.schedule is not None and trainer.schedule_every == "epoch":
            if isinstance(trainer.schedule, ReduceLROnPlateau):
                trainer.schedule.step(logs.get("val_loss", logs["loss"]))
            else:
                trainer.schedule.step()
        for hook in overriding(trainer.callbacks, "on_epoch_end"):
            hook(epoch, logs)
        trainer.history.add(epoch, logs)
        trainer.epoch += 1
        trainer.batch = 0
        self._reset_metrics()

    def _batches(self, epoch: int, batches: Iterator[Any]) -> None:
        """The rest of an epoch's batches."""
        trainer = self.trainer
        begin = overriding(trainer.callbacks, "on_train_batch_begin")
        end = overriding(trainer.callbacks, "on_train_batch_end")
        every = trainer.checkpoint_every if trainer.folder is not None else "epoch"
        per_step = trainer.schedule if trainer.schedule_every == "step" else None
        self.generator, self.buffers = generator_cell(), list(trainer.model.buffers())
        for batch in batches:
            trainer.current = x, t = pair(batch)
            number = trainer.batch
            for hook in begin:
                hook(number, None)
            self.whole = False
            trainer.compiling.left = self._steps_left()
            loss, y = self._step(epoch, x, t)
            if per_step is not None:
                per_step.step()
            value = float(loss.data)
            trainer.running.update(value, len(x))
            for metric in trainer.metrics:
                metric.update(main_output(y).data, t)
            trainer.batch = number + 1
            trainer.step += 1
            self.whole = True
            for hook in end:
                hook(number, {"loss": value})
            self.display.advance(len(x), self._numbers)
            if every != "epoch" and trainer.step % int(every) == 0:
                self._save()
            if self.guard.requested:
                raise KeyboardInterrupt
            if trainer.stop_training:
                break
        trainer.current = None

    def _step(self, epoch: int, x: Array, t: Array) -> Any:
        """One training step; if a number is not finite, put all back and look for the cause."""
        trainer = self.trainer
        random = self.generator.numpy()
        buffers = [buffer.numpy() for buffer in self.buffers]
        try:
            return trainer.compiling.train_step(x, t)
        except ValueError as error:
            if not is_non_finite(error):
                raise
        trainer.optimizer.zero_grad()
        self.generator.data = random
        for buffer, before in zip(self.buffers, buffers, strict=True):
            buffer.data = before
        samples = sample_numbers(self.train, epoch, trainer.batch)
        report = diagnose(trainer, x, t, samples)
        self.whole = True
        raise report

    # -- small things ----------------------------------------------------------------------------

    def _reset_metrics(self) -> None:
        for metric in (self.trainer.running, *self.trainer.metrics):
            metric.reset()

    def _numbers(self) -> dict[str, float]:
        """Loss and metrics of the epoch so far."""
        trainer = self.trainer
        return {m.name: float(m.compute()) for m in (trainer.running, *trainer.metrics)}

    def _steps_left(self) -> int:
        """How many steps the run has left, the one that comes now among them."""
        trainer = self.trainer
        return (self.total - trainer.epoch) * len(self.train) - trainer.batch

    def _check_interrupt(self) -> None:
        if self.guard.requested:
            raise KeyboardInterrupt

    def _count_time(self) -> None:
        now = time.perf_counter()
        self.trainer.seconds += now - self.clock
        self.clock = now

    def _save_epoch(self, logs: dict[str, float]) -> None:
        """After an epoch: the metrics file, and `last`, and `best` if it is the best so far."""
        trainer = self.trainer
        if trainer.folder is None:
            return
        trainer.folder.write_metrics(trainer.history)
        value = logs.get("val_loss", logs["loss"])
        improved = value == value and (trainer.best is None or value < trainer.best)
        if improved:
            trainer.best = value
        if improved or trainer.checkpoint_every == "epoch":
            self._save((LAST, BEST) if improved else (LAST,))

    def _save(self, names: tuple[str, ...] = (LAST,)) -> Any:
        assert self.trainer.folder is not None
        folder = self.trainer.folder.checkpoints
        self._count_time()
        state = capture(self.trainer, self.train)
        try:
            return save_checkpoint(folder, state, environment(), names)
        except OSError as error:
            raise DataError(
                f"{folder}: the checkpoint cannot be written: {error.strerror}. The one before it "
                "is as it was: make room, then resume."
            ) from None


def _as_generator(batches: Any) -> Any:
    """An iterator with a `close`, so that a loader's threads end when the epoch does."""
    return batches if hasattr(batches, "close") else (batch for batch in batches)
