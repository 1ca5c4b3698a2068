"""Schedules in a row: one after the other, or after a warm-up."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from shinso.optim.optimizer import Optimizer
from shinso.optim.schedule import LinearLR, LRScheduler


class SequentialLR(LRScheduler):
    """Follow each of `schedulers` from its milestone on, each counting from 0 there.

    schedulers: schedules of this optimizer. milestones: the steps at which the second, third, …
    take over, in growing order.
    """

    _unsaved = ("optimizer", "schedulers")

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        if not schedulers or len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR got {len(schedulers)} schedules and {len(milestones)} milestones: "
                "there must be one milestone fewer than schedules"
            )
        if list(milestones) != sorted(milestones):
            raise ValueError(f"SequentialLR: the milestones {list(milestones)} must grow")
        for i, scheduler in enumerate(schedulers):
            if not isinstance(scheduler, LRScheduler):
                raise TypeError(
                    f"SequentialLR: schedule {i} is a {type(scheduler).__name__}; only schedules "
                    "that follow the step count can stand in a row"
                )
            if scheduler.optimizer is not optimizer:
                raise ValueError(f"SequentialLR: schedule {i} belongs to another optimizer")
        self.schedulers = list(schedulers)
        self.milestones = list(milestones)
        super().__init__(optimizer, last_epoch)

    def _at(self, epoch: int) -> tuple[LRScheduler, int]:
        """Which schedule is in force, and how many steps it has made."""
        index = bisect_right(self.milestones, epoch)
        return self.schedulers[index], epoch - (self.milestones[index - 1] if index else 0)

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps."""
        scheduler, local = self._at(epoch)
        return scheduler.lr_at(local, group)

    def go_to(self, epoch: int) -> None:
        """Let the schedule in force set the rates (and the momentum, if it does that)."""
        scheduler, local = self._at(epoch)
        scheduler.go_to(local)
        self._last_lr = scheduler.get_last_lr()
        self.last_epoch = epoch

    def state_dict(self) -> dict[str, Any]:
        """Where all the schedules stand, as plain values."""
        return {**super().state_dict(), "schedulers": [s.state_dict() for s in self.schedulers]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where `state_dict()` was taken. Raises ValueError if it does not fit."""
        inner = state_dict.get("schedulers", ())
        if len(inner) != len(self.schedulers):
            raise ValueError(
                f"this state holds {len(inner)} schedules; this {type(self).__name__} has "
                f"{len(self.schedulers)}"
            )
        kept = self.schedulers
        super().load_state_dict(state_dict)
        self.schedulers = kept
        for scheduler, saved in zip(kept, inner, strict=True):
            scheduler.load_state_dict(saved)


class WarmupLR(SequentialLR):
    """Grow linearly from start_factor·base for `steps` steps, then follow `schedule` from 0.

    Adam and large batches need it: early gradients are large, and averages of them not yet to be
    trusted. Source: Goyal et al., "Accurate, large minibatch SGD" (2017).
    """

    def __init__(self, schedule: LRScheduler, steps: int, start_factor: float = 0.01) -> None:
        optimizer = schedule.optimizer
        warmup = LinearLR(optimizer, start_factor, total_iters=steps)
        super().__init__(optimizer, [warmup, schedule], [steps])
