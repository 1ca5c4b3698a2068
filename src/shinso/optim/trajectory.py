"""The path that an optimizer takes over a function: to watch descent, not to train networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Tensor
from shinso.optim.optimizer import Optimizer
from shinso.optim.sgd import SGD


def trajectory(
    f: Callable[[Tensor], Tensor],
    start: Any,
    steps: int = 20,
    lr: float = 0.1,
    optimizer: Callable[..., Optimizer] = SGD,
    **options: Any,
) -> Array:
    """Minimize a function of a few variables and return every point on the way.

        trajectory(lambda x: x**2, 2.0, lr=0.2)          # 2, 1.2, 0.72, …
        trajectory(lambda x: 0.5 * x[0]**2 + 5 * x[1]**2, [3.0, 1.0], optimizer=optim.Adam)

    f: takes a Tensor of start's shape, returns a scalar. start: a number or an array, taken as
    float64. optimizer: a class from `optim`; options: its further arguments.
    Returns an array (steps + 1, *start.shape), the start first. Stops early, with fewer rows,
    where the numbers are no longer finite: the learning rate was too large.
    """
    x = Tensor(np.array(start, dtype=np.float64), requires_grad=True)
    rule = optimizer([x], lr=lr, **options)
    path = [x.numpy()]
    for _ in range(steps):
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is something to look at
            f(x).backward()
            rule.step()
        rule.zero_grad()
        if not np.isfinite(x.data).all():
            break
        path.append(x.numpy())
    return np.stack(path)
