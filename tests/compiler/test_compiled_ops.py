"""Every operation of the table as machine code, forward and backward, against NumPy."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest

import shinso
from shinso import ops
from shinso.compiler.assemble import lower
from shinso.compiler.emit import emit_kernel
from shinso.compiler.executable import Executable
from shinso.compiler.extent import check_call
from shinso.compiler.interpret import interpret
from shinso.compiler.key import Call
from shinso.compiler.objects import assembly
from shinso.compiler.plan import trace
from shinso.compiler.program import HostCall
from shinso.compiler.target import target
from shinso.ops.cases import CASES
from shinso.ops.random import generator_cell

FAMILIES = [(op, list(cases)) for op, cases in itertools.groupby(CASES, lambda case: case.op)]


def forward_and_backward(case):
    """The op's outputs and the gradients of the sum of their squares."""

    def run(*arrays):
        tensors = [shinso.Tensor._of(x, None, 0) for x in arrays]
        for t in tensors:
            t._requires_grad = t.dtype.kind == "f" and case.differentiable
        result = case.call(getattr(ops, case.op), tensors)
        results = result if isinstance(result, (tuple, list)) else [result]
        outputs = [y.data if isinstance(y, shinso.Tensor) else y for y in results]
        total = None
        for y in results:
            if isinstance(y, shinso.Tensor) and y.requires_grad:
                squares = (y * y).sum()
                total = squares if total is None else total + squares
        if total is not None:
            total.backward()
            outputs += [t.grad for t in tensors if t.grad is not None]
        return outputs

    return run


def check(case, dtype, threads):
    generator_cell()  # this thread's random state exists before anything is traced
    arrays = case.arrays(dtype)
    plan = trace(forward_and_backward(case), Call(tuple(arrays), {}), False)
    cells = [place.find([]) for place in plan.places]
    states = [None if c is None else c.numpy() for c in cells]
    with np.errstate(all="ignore"):
        expected, _ = interpret(plan.graph, arrays, states)
    executable = Executable(plan.graph, threads=threads)
    for call in executable.program.calls:
        assert not isinstance(call, HostCall), case.name
        check_call(call, executable.program.batch, threads)
    found, _ = executable.run(arrays, [None if s is None else s.copy() for s in states])
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    numbers = [np.abs(e[np.isfinite(e)]).max(initial=1.0) for e in map(np.asarray, expected)]
    for x, e in zip(found, expected, strict=True):
        assert (x.shape, x.dtype) == (np.shape(e), np.asarray(e).dtype), case.name
        if x.dtype.kind != "f":
            np.testing.assert_array_equal(x, e, err_msg=case.name)
        else:
            np.testing.assert_allclose(
                x, e, rtol=tolerance, atol=tolerance * max(numbers), err_msg=case.name
            )


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize(("op", "cases"), FAMILIES, ids=[op for op, _ in FAMILIES])
def test_compiled_equals_numpy(op, cases, dtype):
    for i, case in enumerate(cases):
        check(case, np.dtype(dtype), threads=1 + i % 2)


@pytest.mark.parametrize("name", ["avx2", "x86-64"])
def test_plainer_machines(name, monkeypatch):
    """The same on CPUs with narrower vectors and fewer registers, one case of every operation."""
    monkeypatch.setenv("SHINSO_TARGET", name)
    if not target().runs_here:
        pytest.skip(f"this CPU has no {name}")
    for _, cases in FAMILIES:
        check(cases[0], np.dtype(np.float32), threads=2)


def test_arm_code_is_made(monkeypatch):
    """Kernels for NEON: fused multiply-adds on its registers, and nothing called but memset."""
    monkeypatch.setenv("SHINSO_TARGET", "neon")
    x, w = np.zeros((4, 8, 6, 6), np.float32), np.zeros((8, 8, 3, 3), np.float32)
    graph = trace(lambda x, w: ops.conv2d(x, w, None, 1, 1).data, Call((x, w), {}), False).graph
    calls = [c for c in lower(graph, target(), 2).calls if c.kernel.text]
    named = [replace(c.kernel, name=f"k{i}") for i, c in enumerate(calls)]
    text = "\n".join(assembly(emit_kernel(k, target()), target()) for k in named)
    assert "fmla" in text
    assert set(re.findall(r"\tbl\t(\w+)", text)) <= {"memset"}
