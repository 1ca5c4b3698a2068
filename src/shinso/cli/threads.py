"""How many threads NumPy's matrix products may use: small work stays on one.

A second thread gains little on matrices that fit in a core's cache, and whenever anything else
runs on the machine the threads wait for each other: measured here, training LeNet-5 beside another
busy process took five times as long with two threads as with one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from threadpoolctl import threadpool_limits

from shinso import nn

SMALL_STEP = 1e9  # floating-point operations of a training step that one thread does in some 10 ms


def suited_to(model: nn.Module, input_shape: tuple[int, ...], batch: int) -> Any:
    """A context in which NumPy uses one thread if a training step of this model is small.

    input_shape: of one example. batch: examples per step. A step counts as three forward passes of
    two operations per multiply-add.
    """
    step = 6 * nn.summary(model, (1, *input_shape)).multiply_adds * batch
    limited: AbstractContextManager[Any] = nullcontext()
    if step < SMALL_STEP:
        limited = threadpool_limits(limits=1, user_api="blas")
    return limited
