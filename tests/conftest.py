"""Strict numbers: an overflow, an invalid operation or a division by zero is an error in tests."""

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-names", action="store_true", help="write tests/public_names.txt")
    parser.addoption("--update-figures", action="store_true", help="write models/figures.py")
    parser.addoption("--update-golden", action="store_true", help="write tests/compiler/golden_ir")
    parser.addoption(
        "--guard-pages", choices=("end", "start"), help="forbidden pages around compiled buffers"
    )


@pytest.fixture(scope="session", autouse=True)
def own_kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled kernels of the tests go to a folder of their own, not to the user's cache.

    Processes that share the suite share it.
    """
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHINSO_CACHE_DIR", str(base / "kernels"))
        yield


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Ctrl-C works in tests, and in what they start, also where a shell has switched it off."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def strict_numbers() -> Iterator[None]:
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        yield
