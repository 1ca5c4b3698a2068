"""Strict numbers: an overflow, an invalid operation or a division by zero is an error in tests."""

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def strict_numbers() -> Iterator[None]:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield
