"""Every op of the table, put through every check that all ops must pass."""

import inspect
from pathlib import Path

import numpy as np
import pytest

from shinso import ops
from shinso.cell import overlaid
from shinso.graph import Tensor, check_gradient
from shinso.graph.probe import Probe, ProbeOverlay
from shinso.ops.cases import CASES, ERRORS, EXACT, Case, ErrorCase, ExactCase

GOLDEN = Path(__file__).parent.parent / "golden" / "ops"


def function(case: Case | ErrorCase | ExactCase):
    return getattr(ops, case.op)


def outputs(result) -> list[Tensor]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def is_float(array) -> bool:
    return array.dtype.kind == "f"


@pytest.fixture(autouse=True)
def seeded():
    ops.manual_seed(0)


def run(case: Case, arrays: list, wrap=lambda array: array) -> tuple[list, list]:
    """Outputs, and gradients of Σ g·output with g drawn from seed 1, as in the golden files.

    wrap: what arrays that are no tensors are to be seen as.
    """
    tensors = [Tensor(x, requires_grad=True) if is_float(x) else wrap(x) for x in arrays]
    results = outputs(case.call(function(case), tensors))
    rng = np.random.default_rng(1)
    weights = [rng.standard_normal(y.shape) for y in results]
    pairs = [(y, g) for y, g in zip(results, weights, strict=True) if y.requires_grad]
    for i, (y, g) in enumerate(pairs):
        y.backward(wrap(g.astype(y.dtype)), retain_graph=i < len(pairs) - 1)
    gradients = [x.grad if isinstance(x, Tensor) else None for x in tensors]
    return [y.data for y in results], gradients


def by_name(cases):
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


@by_name([c for c in CASES if c.differentiable and c.smooth])
def test_gradient_agrees_with_finite_differences(case: Case):
    def call(*inputs):
        if case.random:
            ops.manual_seed(0)
        return case.call(function(case), list(inputs))

    check_gradient(call, *case.arrays(np.float64), rtol=1e-6)


@by_name([c for c in CASES if not c.random and not c.no_golden])
def test_golden(case: Case):
    file = GOLDEN / f"{case.op}.npz"
    assert file.exists(), f"no golden values: run tests/golden/make_ops.py {case.op}, or no_golden="
    golden = np.load(file)
    results, gradients = run(case, case.arrays(np.float64))
    for i, y in enumerate(results):
        np.testing.assert_allclose(
            y, golden[f"{case.label}/output{i}"], rtol=case.golden_rtol, atol=1e-10
        )
    for i, dx in enumerate(gradients):
        key = f"{case.label}/grad{i}"
        if key in golden:
            assert dx is not None, f"no gradient for input {i}"
            np.testing.assert_allclose(dx, golden[key], rtol=case.golden_rtol, atol=1e-10)


@by_name(CASES)
def test_probe_nothing_escapes(case: Case):
    """Forward and backward run on arrays that refuse everything a tracer could not follow."""
    with overlaid(ProbeOverlay()):
        results, gradients = run(case, case.arrays(np.float64), wrap=Probe)
        assert all(isinstance(y, Probe) for y in results)
        assert all(dx is None or isinstance(dx, Probe) for dx in gradients)
        probed = [y.array for y in results], [None if d is None else d.array for d in gradients]
    # The probes' draws stayed in the overlay: the plain run draws the same masks.
    plain = run(case, case.arrays(np.float64))
    for a, b in zip(probed[0] + probed[1], plain[0] + plain[1], strict=True):
        np.testing.assert_array_equal(a, b)


@by_name(CASES)
def test_float32_stays_float32(case: Case):
    wide, wide_gradients = run(case, case.arrays(np.float64))
    ops.manual_seed(0)
    narrow, gradients = run(case, case.arrays(np.float32))
    for y, reference in zip(narrow, wide, strict=True):
        assert y.dtype == (np.float32 if is_float(reference) else reference.dtype)
        if is_float(y) and not case.random:
            scale = max(1.0, float(np.abs(reference).max(initial=0.0)))
            np.testing.assert_allclose(y, reference, rtol=0, atol=2e-5 * scale)
    for dx in gradients:
        assert dx is None or dx.dtype == np.float32
    assert [g is None for g in gradients] == [g is None for g in wide_gradients]


@by_name(CASES)
def test_strides_do_not_matter(case: Case):
    """Fortran order, and a view with negative strides, give what contiguous arrays give."""
    arrays = case.arrays(np.float64)
    expected, gradients = run(case, arrays)
    ops.manual_seed(0)
    odd = [np.flip(np.flip(np.asfortranarray(x)).copy("K")) if x.ndim else x for x in arrays]
    results, odd_gradients = run(case, odd)
    for a, b in zip([*results, *odd_gradients], [*expected, *gradients], strict=True):
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@by_name(CASES)
def test_inputs_are_left_alone(case: Case):
    arrays = case.arrays(np.float64)
    kept = [x.copy() for x in arrays]
    if case.random:
        ops.manual_seed(0)
    case.call(function(case), arrays)
    for x, before in zip(arrays, kept, strict=True):
        np.testing.assert_array_equal(x, before)


@by_name(EXACT)
def test_convention(case: ExactCase):
    inputs = [
        Tensor(x if isinstance(x, np.ndarray) else np.array(x), requires_grad=True)
        if np.asarray(x).dtype.kind == "f"
        else x
        for x in case.inputs
    ]
    y = function(case)(*inputs, **case.arguments)
    np.testing.assert_array_equal(y.data, case.output)
    if case.gradients:
        y.backward(np.ones_like(y.data))
        for x, expected in zip(inputs, case.gradients, strict=True):
            if expected is not None:
                np.testing.assert_array_equal(x.grad, expected)


@by_name(ERRORS)
def test_message(case: ErrorCase):
    arrays = Case(case.op, case.label, case.inputs).arrays()
    call = Case(
        case.op,
        case.label,
        case.inputs,
        case.arguments,
        before=case.before,
        after=case.after,
        packed=case.packed,
    )
    with pytest.raises(case.error, match=case.match):
        call.call(function(case), arrays)


def test_no_op_is_missing_from_the_table():
    in_table = {case.op for case in CASES}
    functions = {n for n in ops.__all__ if inspect.isfunction(getattr(ops, n))}
    aliases = {n for n in functions if getattr(ops, n).__name__ != n}
    helpers = {"manual_seed"}
    assert functions - aliases - helpers - in_table == set()
    assert in_table <= functions


def test_case_names_are_unique():
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
