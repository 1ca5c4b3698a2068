"""What the pieces of the data part hand to one another: arrays, data sets, transforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]

Transform: TypeAlias = Callable[[Array, np.random.Generator | None], Array]
"""A function of a whole batch and a random generator, as in `shinso.data.transforms`."""

BatchTransform: TypeAlias = Callable[
    [Array, Array, np.random.Generator | None], tuple[Array, Array]
]
"""A function of a batch's inputs, its targets and a generator, as in `shinso.data.mixing`."""


class Dataset(Protocol):
    """Anything that has a length and can be indexed by an array of example numbers.

    `dataset[indices]` returns one array, or a tuple of arrays such as (x, t), each with
    `len(indices)` entries along its first axis.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: Array, /) -> Any: ...
