"""Learning-rate schedules that follow a formula: the rate as a function of the step count.

    scheduler = CosineAnnealingLR(optimizer, T_max=100)
    for epoch in range(100):
        ...train...
        scheduler.step()

A schedule counts its own steps: epochs, or batches, whatever the calls of `step()` stand for. It
writes the rate into each parameter group, so one optimizer obeys one schedule at a time; put
several in a row with `SequentialLR`. `lr_at(t)` gives the rate at any time without moving anything.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from shinso.optim.optimizer import Optimizer


class Schedule:
    """What all schedules have in common: an optimizer, the last rates, and plain state."""

    optimizer: Optimizer
    _last_lr: list[float]

    _unsaved: tuple[str, ...] = ("optimizer",)

    def get_last_lr(self) -> list[float]:
        """The learning rate of each parameter group as this schedule last set it."""
        return list(self._last_lr)

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands, and its arguments, as plain values that JSON can hold."""
        return {
            name: list(value) if isinstance(value, (list, tuple)) else value
            for name, value in vars(self).items()
            if name not in self._unsaved
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on where `state_dict()` was taken.

        The optimizer's rate is not touched: load its own state, too.
        Raises ValueError if the state is that of another kind of schedule.
        """
        known = set(self.state_dict())
        wrong = sorted(known ^ set(state_dict))
        if wrong:
            raise ValueError(
                f"this state does not fit {type(self).__name__}: it should hold "
                f"{', '.join(sorted(known))}; missing or unknown: {', '.join(wrong)}"
            )
        vars(self).update(
            {k: list(v) if isinstance(v, (list, tuple)) else v for k, v in state_dict.items()}
        )

    def _write(self, lrs: Sequence[float]) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(lrs):
            raise RuntimeError(
                f"{type(self).__name__} was made for {len(lrs)} parameter groups; the optimizer "
                f"now has {len(groups)}. Make the schedule after the last add_param_group"
            )
        for group, lr in zip(groups, lrs, strict=True):
            group["lr"] = lr
        self._last_lr = list(lrs)


class LRScheduler(Schedule):
    """Base of schedules with a formula. A subclass defines `lr_at`.

    optimizer: whose rate to set; its present rates are the `base_lrs` (kept as
    `group["initial_lr"]`, so that a second schedule starts from the same). last_epoch: the step to
    go on from; −1 to start.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self._attach(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ValueError(
                    f"{type(self).__name__}(last_epoch={last_epoch}): parameter group {i} has no "
                    '"initial_lr". Load the state of the interrupted run\'s optimizer first, or '
                    "leave last_epoch at -1"
                )
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self.step()

    def _attach(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__} takes an optimizer first, not {type(optimizer).__name__}"
            )
        self.optimizer = optimizer

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps of the schedule."""
        raise NotImplementedError(f"{type(self).__name__} must define lr_at")

    def step(self) -> None:
        """Go one step further and set the rates. Call it after `optimizer.step()`."""
        self.go_to(self.last_epoch + 1)

    def go_to(self, epoch: int) -> None:
        """Set the rates as they are after `epoch` steps."""
        lrs = [self.lr_at(epoch, group) for group in range(len(self.base_lrs))]
        self._write(lrs)
        self.last_epoch = epoch


class ConstantLR(LRScheduler):
    """lr = base·factor for the first `total_iters` steps, then base. 0 ≤ factor ≤ 1."""

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        check_range("factor", factor, 0 <= factor <= 1, "between 0 and 1")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps."""
        return self.base_lrs[group] * (self.factor if epoch < self.total_iters else 1)


class LinearLR(LRScheduler):
    """Warm-up: lr goes in a straight line from base·start_factor to base·end_factor.

    0 < start_factor ≤ 1, 0 ≤ end_factor ≤ 1; it arrives after `total_iters` steps and stays.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        check_range(
            "start_factor", start_factor, 0 < start_factor <= 1, "greater than 0 and at most 1"
        )
        check_range("end_factor", end_factor, 0 <= end_factor <= 1, "between 0 and 1")
        check_range("total_iters", total_iters, total_iters >= 1, "at least 1")
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps."""
        part = min(epoch, self.total_iters) / self.total_iters
        factor = self.start_factor + (self.end_factor - self.start_factor) * part
        return self.base_lrs[group] * factor


class StepLR(LRScheduler):
    """lr = base·gamma^⌊t / step_size⌋: a fall every `step_size` steps."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        check_range("step_size", step_size, step_size >= 1, "at least 1")
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps."""
        return self.base_lrs[group] * self.gamma ** (epoch // self.step_size)


class MultiStepLR(LRScheduler):
    """lr = base·gamma^(number of milestones passed); a milestone named twice counts twice."""

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps."""
        return self.base_lrs[group] * self.gamma ** bisect_right(self.milestones, epoch)


class ExponentialLR(LRScheduler):
    """lr = base·gammaᵗ."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps."""
        return self.base_lrs[group] * self.gamma**epoch


class PolynomialLR(LRScheduler):
    """lr = base·(1 − t / total_iters)^power, and 0 from `total_iters` on."""

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        check_range("total_iters", total_iters, total_iters >= 1, "at least 1")
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps."""
        left = 1 - min(epoch, self.total_iters) / self.total_iters
        return self.base_lrs[group] * left**self.power


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (base − eta_min)(1 + cos(π t / T_max)) / 2: a soft landing after T_max steps.

    Beyond T_max it rises again as the cosine does. No restarts: see `CosineAnnealingWarmRestarts`.
    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        check_range("T_max", T_max, T_max >= 1, "at least 1")
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps."""
        return cosine(self.base_lrs[group], self.eta_min, epoch / self.T_max)


class LambdaLR(LRScheduler):
    """lr = base·lr_lambda(t), with a function of yours, or one for each parameter group.

    The functions are not part of `state_dict()`: give the same ones again.
    """

    _unsaved = ("optimizer", "lr_lambdas")

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        self.lr_lambdas = per_group("lr_lambda", lr_lambda, optimizer)
        super().__init__(optimizer, last_epoch)

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps."""
        return float(self.base_lrs[group] * self.lr_lambdas[group](epoch))


def cosine(start: float, end: float, part: float) -> float:
    """Half a cosine wave from `start` to `end` as `part` goes from 0 to 1."""
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def per_group(name: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """One value for each parameter group: those given, or the same for all."""
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            f"{name} has {len(value)} values for {count} parameter groups: give one for each, or "
            "one for all"
        )
    return list(value)


def check_range(name: str, value: Any, fits: bool, expected: str) -> None:
    """Raise ValueError unless an argument fits."""
    if not fits:
        raise ValueError(f"{name}={value!r} is out of range: it must be {expected}")
