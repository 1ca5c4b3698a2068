"""A schedule that looks at the result: lower the rate when nothing gets better any more."""

from __future__ import annotations

import math
from typing import Any

from shinso.optim.optimizer import Optimizer
from shinso.optim.schedule import Schedule, check_range, per_group


class ReduceLROnPlateau(Schedule):
    """lr ← max(lr·factor, min_lr) when a metric has not improved for more than `patience` steps.

    mode: "min" if the metric should fall (a loss), "max" if it should rise (an accuracy).
    threshold: what counts as better: by more than this share of the best so far
    (threshold_mode="rel"), or by more than this amount ("abs"). cooldown: steps after a reduction
    in which nothing is counted. min_lr: one number, or one for each parameter group. eps: a change
    smaller than this is not made. NaN is never better.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"ReduceLROnPlateau takes an optimizer first, not {type(optimizer).__name__}"
            )
        check_range("factor", factor, 0 <= factor < 1, "at least 0 and less than 1")
        check_range("mode", mode, mode in ("min", "max"), '"min" or "max"')
        known = threshold_mode in ("rel", "abs")
        check_range("threshold_mode", threshold_mode, known, '"rel" or "abs"')
        self.optimizer = optimizer
        self.mode, self.factor, self.patience = mode, factor, patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.eps = cooldown, eps
        self.min_lrs = per_group("min_lr", min_lr, optimizer)
        self.best: float | None = None
        self.num_bad_epochs = 0
        self.cooldown_counter = 0
        self.last_epoch = 0
        self._last_lr = [group["lr"] for group in optimizer.param_groups]

    def step(self, metrics: Any) -> None:
        """Look at the metric of one more epoch (any number) and lower the rates if it is time."""
        value = float(metrics)
        self.last_epoch += 1
        if self._is_better(value):
            self.best = value
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _reduce(self) -> None:
        lrs = []
        rates = [group["lr"] for group in self.optimizer.param_groups]
        for lr, lowest in zip(rates, self.min_lrs, strict=True):
            lower = max(lr * self.factor, lowest)
            lrs.append(lower if lr - lower > self.eps else lr)
        self._write(lrs)

    def _is_better(self, value: float) -> bool:
        if self.best is None:
            return value < math.inf if self.mode == "min" else value > -math.inf
        margin = self.threshold * (self.best if self.threshold_mode == "rel" else 1)
        if self.mode == "min":
            return value < self.best - margin
        return value > self.best + margin
