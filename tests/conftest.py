"""Strict numbers: an overflow, an invalid operation or a division by zero is an error in tests."""

from collections.abc import Iterator

import numpy as np
import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-names", action="store_true", help="write tests/public_names.txt")


@pytest.fixture(autouse=True)
def strict_numbers() -> Iterator[None]:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield
