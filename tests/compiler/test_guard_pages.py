"""The guard pages themselves: a step runs between them, and one element beyond is a crash."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import shinso

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="guard pages are made with mprotect"
)

BEYOND = """
import numpy as np
from tests.compiler.guard_pages import array
side, place = "{side}", {place}
x = array((3,), np.dtype(np.float32), side)
x[:] = 1
import ctypes
ctypes.memset(x.ctypes.data + 4 * place, 0, 4)
"""


@pytest.mark.parametrize(("side", "place"), [("end", 3), ("start", -1)])
def test_an_element_beyond_is_a_crash(side, place):
    code = BEYOND.format(side=side, place=place)
    made = subprocess.run([sys.executable, "-c", code], cwd=Path.cwd(), check=False)
    assert made.returncode == -signal.SIGSEGV


@pytest.mark.parametrize("side", ["end", "start"])
def test_a_step_between_guard_pages(side, monkeypatch):
    from tests.compiler.guard_pages import install

    install(monkeypatch, side)
    x, w = np.random.default_rng(0).standard_normal((2, 37, 37))
    step = shinso.compile(lambda x, w: np.tanh(x @ w)[1:, ::-1].sum(axis=0))
    for _ in range(2):
        np.testing.assert_allclose(step(x, w), step.numpy(x, w), rtol=0, atol=1e-12)
