"""The LLVM IR of a few small kernels, as it was when someone last read it.

A change here is no mistake: read the difference, then `pytest tests/compiler/test_golden_ir.py
--update-golden`.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from shinso import ops
from shinso.compiler import plan
from shinso.compiler.assemble import lower
from shinso.compiler.key import Call
from shinso.compiler.stages import stage_text
from shinso.compiler.target import named

GOLDEN = Path(__file__).parent / "golden_ir"
F, D = np.float32, np.float64


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# Small shapes: tiles are unrolled, and a larger one fills a hundred pages.
PROGRAMS = {
    "elementwise": (lambda x: np.maximum(x * 2 + 1, 0), [np.ones((30, 20), F)]),
    "tanh": (lambda x: np.tanh(x), [np.ones(100, F)]),
    "column_sums": (lambda x: x.sum(axis=0), [np.ones((50, 20), D)]),
    "softmax": (softmax, [np.ones((16, 10), F)]),
    "matmul": (lambda a, b: a @ b, [np.ones((2, 3), F), np.ones((3, 24), F)]),
    "conv2d": (
        lambda x, w: ops.conv2d(x, w).data,
        [np.ones((2, 1, 5, 5), F), np.ones((4, 1, 2, 2), F)],
    ),
    "lookup": (lambda x, i: x[i], [np.ones((11, 12), F), np.arange(5)]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_ir_is_as_it_was(name, request):
    function, arguments = PROGRAMS[name]
    graph = plan.trace(function, Call(tuple(arguments), {}), keep_grads=False).graph
    target = named("avx2")
    text = stage_text(graph, lower(graph, target, threads=2), target, "ir")
    text = re.sub(r'target triple = ".*"\n', "", text)  # another on another system
    file = GOLDEN / f"{name}.ll"
    if request.config.getoption("--update-golden"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), "read the difference, then --update-golden"


def test_no_golden_text_is_left_over():
    assert {file.stem for file in GOLDEN.glob("*.ll")} == set(PROGRAMS)
