"""Every op of the table, forward and backward, compiled: the bits that NumPy gives."""

from typing import Any

import numpy as np
import pytest

import shinso
from shinso import ops
from shinso.graph import Tensor
from shinso.ops.cases import CASES, ERRORS, EXACT, Case, ErrorCase, ExactCase


@pytest.fixture(autouse=True)
def seeded():
    ops.manual_seed(0)


def outputs(result) -> list[Tensor]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def is_float(array) -> bool:
    return array.dtype.kind == "f"


def forward_and_backward(case: Case | ExactCase, shapes: list[tuple[int, ...]]):
    """A function of the inputs, and of a gradient for each output: all outputs and gradients."""

    def run(inputs, weights):
        function = getattr(ops, case.op)
        results = outputs(
            case.call(function, list(inputs))
            if isinstance(case, Case)
            else function(*inputs, **case.arguments)
        )
        pairs = [(y, g) for y, g in zip(results, weights, strict=True) if y.requires_grad]
        for i, (y, g) in enumerate(pairs):
            y.backward(g, retain_graph=i < len(pairs) - 1)
        gradients = [x.grad if isinstance(x, Tensor) else None for x in inputs]
        return [y.data for y in results], gradients

    return run


def both(case: Case | ExactCase, arrays: list[Any]):
    """The same call in NumPy and compiled (twice: traced, then run again)."""
    probe = (
        case.call(getattr(ops, case.op), list(arrays))
        if isinstance(case, Case)
        else getattr(ops, case.op)(*arrays, **case.arguments)
    )
    rng = np.random.default_rng(1)
    weights = [
        rng.standard_normal(y.shape).astype(y.dtype) if is_float(y) else np.zeros(y.shape)
        for y in outputs(probe)
    ]

    def tensors():
        return [Tensor(x, requires_grad=True) if is_float(x) else x for x in arrays]

    run = forward_and_backward(case, [])
    ops.manual_seed(0)
    plain = run(tensors(), weights)
    step = shinso.compile(run, keep_grads=True)
    for _ in range(2):
        ops.manual_seed(0)
        given = tensors()
        made = step(given, weights)
        assert_same(plain, made)
        for x, dx in zip(given, plain[1], strict=True):
            if isinstance(x, Tensor):
                assert_same_array(dx, x.grad)


def assert_same(plain, made):
    for a, b in zip([*plain[0], *plain[1]], [*made[0], *made[1]], strict=True):
        assert_same_array(a, b)


def assert_same_array(a, b):
    if a is None:
        assert b is None
        return
    assert (a.shape, a.dtype) == (b.shape, b.dtype)
    np.testing.assert_array_equal(a, b)
    if a.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(a[a == 0]), np.signbit(b[b == 0]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_compiled_gives_the_bits_of_numpy(case: Case):
    both(case, case.arrays(np.float64))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_float32_too(case: Case):
    both(case, case.arrays(np.float32))


@pytest.mark.parametrize("case", EXACT, ids=lambda case: case.name)
def test_conventions(case: ExactCase):
    arrays = [np.asarray(x) for x in case.inputs]
    with np.errstate(all="ignore"):
        both(case, arrays)


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.name)
def test_messages(case: ErrorCase):
    def call(inputs):
        args = (list(inputs),) if case.packed else tuple(inputs)
        return getattr(ops, case.op)(*case.before, *args, *case.after, **case.arguments)

    arrays = [x.make(0, np.float64) for x in case.inputs]
    with pytest.raises(case.error, match=case.match):
        shinso.compile(call)(arrays)
