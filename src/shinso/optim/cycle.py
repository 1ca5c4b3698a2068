"""Schedules that go up as well as down: cosine with warm restarts, and the one-cycle policy."""

from __future__ import annotations

import math
from typing import Any

from shinso.optim.optimizer import Optimizer
from shinso.optim.schedule import LRScheduler, check_range, cosine, per_group


class CosineAnnealingWarmRestarts(LRScheduler):
    """Cosine annealing that jumps back to the full rate, in cycles of T_0, T_0·T_mult, … steps.

    lr = eta_min + (base − eta_min)(1 + cos(π T_cur / T_i)) / 2, T_cur steps into a cycle of T_i.

    `step(epoch)` with a fraction, such as epoch + batch / batches, sets the rate within an epoch.
    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            check_range(name, value, isinstance(value, int) and value >= 1, "an integer, 1 or more")
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        self._position: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def lr_at(self, epoch: float, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps, which may be a fraction."""
        current, length = epoch, self.T_0
        if self.T_mult == 1:
            current = epoch % length
        while current >= length:
            current, length = current - length, length * self.T_mult
        return cosine(self.base_lrs[group], self.eta_min, current / length)

    def step(self, epoch: float | None = None) -> None:
        """Go one step further, or to `epoch`, and set the rates."""
        if epoch is not None:
            check_range("epoch", epoch, epoch >= 0, "at least 0")
        self.go_to(self._position + 1 if epoch is None else epoch)

    def go_to(self, epoch: float) -> None:
        """Set the rates as they are after `epoch` steps."""
        super().go_to(epoch)  # type: ignore[arg-type]  # a fraction is welcome here
        self._position, self.last_epoch = epoch, math.floor(epoch)


class OneCycleLR(LRScheduler):
    """One cycle: up from max_lr / div_factor to max_lr, then down to nearly nothing.

    Phase 1, `pct_start` of all steps: from initial = max_lr / div_factor up to max_lr. Phase 2, the
    rest: down to initial / final_div_factor. With `three_phase`, phase 2 is as long as phase 1 and
    ends at initial, and phase 3 goes on down. The momentum (β₁ for Adam and its kin) goes the other
    way, between `max_momentum` and `base_momentum`. Call `step()` after every batch.

    max_lr, base_momentum, max_momentum: one number, or one for each parameter group. total_steps:
    number of batches in all; or give epochs and steps_per_epoch. anneal_strategy: "cos" or
    "linear". cycle_momentum: False leaves the momentum alone.
    Raises ValueError when stepped beyond the end.
    Source: Smith and Topin, "Super-convergence: very fast training of neural networks using large
    learning rates" (2018).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        check_range("pct_start", pct_start, 0 <= pct_start <= 1, "between 0 and 1")
        known = anneal_strategy in ("cos", "linear")
        check_range("anneal_strategy", anneal_strategy, known, '"cos" or "linear"')
        if cycle_momentum and not {"momentum", "betas"} & set(optimizer.defaults):
            raise ValueError(
                f"{type(optimizer).__name__} has no momentum to cycle: give cycle_momentum=False"
            )
        self.total_steps = _steps(total_steps, epochs, steps_per_epoch)
        self.pct_start, self.anneal_strategy = pct_start, anneal_strategy
        self.three_phase, self.cycle_momentum = three_phase, cycle_momentum
        self.max_lrs = per_group("max_lr", max_lr, optimizer)
        self.final_div_factor = final_div_factor
        self.base_momentums = per_group("base_momentum", base_momentum, optimizer)
        self.max_momentums = per_group("max_momentum", max_momentum, optimizer)
        if last_epoch == -1:
            for group, highest in zip(optimizer.param_groups, self.max_lrs, strict=True):
                group["initial_lr"] = highest / div_factor
        super().__init__(optimizer, last_epoch)

    def lr_at(self, epoch: int, group: int = 0) -> float:
        """The learning rate of one parameter group after `epoch` steps."""
        low, high = self.base_lrs[group], self.max_lrs[group]
        last = low / self.final_div_factor
        values = [low, high, low, last] if self.three_phase else [low, high, last]
        return self._between(values, epoch)

    def momentum_at(self, epoch: int, group: int = 0) -> float:
        """The momentum of one parameter group after `epoch` steps."""
        low, high = self.base_momentums[group], self.max_momentums[group]
        values = [high, low, high, high] if self.three_phase else [high, low, high]
        return self._between(values, epoch)

    def _between(self, values: list[float], epoch: int) -> float:
        """The value at `epoch` on a way that passes `values` at the ends of the phases."""
        if epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR was made for {self.total_steps} steps; this would be number {epoch}. "
                "Give the number of batches of all epochs as total_steps"
            )
        rise = self.pct_start * self.total_steps
        ends = [0.0, rise - 1, self.total_steps - 1]
        if self.three_phase:
            ends.insert(2, 2 * rise - 2)
        phase = 0
        while phase < len(values) - 2 and epoch > ends[phase + 1]:
            phase += 1
        length = ends[phase + 1] - ends[phase]
        part = (epoch - ends[phase]) / length if length else 1.0
        start, end = values[phase], values[phase + 1]
        if self.anneal_strategy == "cos":
            return cosine(start, end, part)
        return start + (end - start) * part

    def go_to(self, epoch: int) -> None:
        """Set the rates, and the momentum, as they are after `epoch` steps."""
        super().go_to(epoch)
        if self.cycle_momentum:
            for i, group in enumerate(self.optimizer.param_groups):
                momentum = self.momentum_at(epoch, i)
                if "betas" in group:
                    group["betas"] = (momentum, group["betas"][1])
                else:
                    group["momentum"] = momentum


def _steps(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    """The number of steps, given as such or as epochs times steps in each."""
    if total_steps is None and (epochs is None or steps_per_epoch is None):
        raise ValueError("OneCycleLR needs total_steps, or both epochs and steps_per_epoch")
    factors = {"total_steps": total_steps}
    if total_steps is None:
        factors = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    for name, value in factors.items():
        check_range(name, value, isinstance(value, int) and value >= 1, "an integer, 1 or more")
    return math.prod(factors.values())
