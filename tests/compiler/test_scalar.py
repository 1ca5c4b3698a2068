"""Element-wise functions of every dtype, as numbers and in vectors, against NumPy's ufuncs."""

import itertools

import numpy as np
import pytest

from shinso.compiler import scalar
from shinso.compiler.target import NAMES, named
from tests.compiler.elementwise import case, compiled, compiled_all, function
from tests.compiler.vector_math.accuracy import SPECIAL

TYPES = "?bBhHiIqQfd"  # as NumPy abbreviates them; l and L are q and Q on Linux
LANES = (0, 4, 8, 16)
TARGETS = [name for name in NAMES if named(name).runs_here]
UFUNCS = sorted(name for name in scalar.SUPPORTED if isinstance(getattr(np, name, None), np.ufunc))
WHOLE = {"where", "erf", "clip"}  # not ufuncs of numpy's namespace; tested by themselves
# Rounded differently: accuracy is vector_math's tests' business, here they need only be close
CLOSE = {
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "cbrt", "cos", "cosh",
    "deg2rad", "degrees", "exp", "exp2", "expm1", "float_power", "hypot", "log", "log10", "log1p",
    "log2", "logaddexp", "logaddexp2", "power", "rad2deg", "radians", "sin", "sinh", "tan", "tanh",
}  # fmt: skip
# Either zero may be the larger of two
ZEROS = {"maximum", "minimum", "fmax", "fmin"}


def loops(name):
    """The ufunc's loops for our dtypes: (operand types, result type)."""
    same = {"l": "q", "L": "Q"}
    found = []
    for signature in getattr(np, name).types:
        types, _, result = "".join(same.get(c, c) for c in signature).partition("->")
        if set(types + result) <= set(TYPES) and len(result) == 1:
            found.append((types, result))
    return sorted(set(found))


def samples(char, seed):
    """Special values and random ones of a dtype."""
    dtype = np.dtype(char)
    rng = np.random.default_rng(seed)
    if char == "?":
        return np.array([False, True])
    if dtype.kind == "f":
        with np.errstate(all="ignore"):
            values = np.concatenate([SPECIAL, rng.standard_normal(30), [2.0**31, -(2.0**63)]])
            return values.astype(dtype)
    info = np.iinfo(dtype)
    edges = [0, 1, 2, 3, 5, 7, 8, 15, 16, 31, 32, 63, 64, info.max, info.max - 1, info.max // 2]
    edges += [info.min, info.min + 1, -1 if info.min else 0, -3 if info.min else 6]
    noise = rng.integers(info.min, info.max, 30, dtype=dtype, endpoint=True)
    mask = 2 ** (8 * dtype.itemsize) - 1
    wrapped = np.array([e & mask for e in edges], f"u{dtype.itemsize}").view(dtype)
    return np.concatenate([wrapped, noise])


def arguments(types):
    """All combinations of samples."""
    grids = np.meshgrid(*(samples(c, i) for i, c in enumerate(types)))
    return [g.ravel() for g in grids]


def same(y, wanted, name):
    """Where results agree; NaN with NaN, and zeros in their signs."""
    if y.dtype.kind != "f":
        return y == wanted
    both = np.isnan(y) & np.isnan(wanted)
    if name in CLOSE:
        eps = np.finfo(y.dtype).eps
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(wanted), np.finfo(y.dtype).smallest_normal)
            tolerance = (1 if name.startswith("logadd") else 0) + size
            near = np.abs(y - wanted) <= 8 * eps * tolerance
            edge = np.minimum(np.abs(y), np.abs(wanted)) >= np.finfo(y.dtype).max * (1 - 4 * eps)
        return both | near | (y == wanted) | edge
    signs = (np.signbit(y) == np.signbit(wanted)) | (name in ZEROS)
    return both | ((y == wanted) & signs)


@pytest.mark.parametrize("name", UFUNCS)
def test_like_numpy(name):
    ufunc = getattr(np, name)
    made = iter(compiled_all([case(name, *loop, n) for loop in loops(name) for n in LANES]))
    for types, result in loops(name):
        inputs = arguments(types)
        if name == "power" and types[1] in "bhiq":  # NumPy raises for negative exponents
            kept = inputs[1] >= 0
            inputs = [x[kept] for x in inputs]
        with np.errstate(all="ignore"):
            signature = (*(np.dtype(c) for c in types), np.dtype(result))
            wanted = ufunc(*inputs, signature=signature)
        for lanes in LANES:
            y = next(made)(*inputs)
            good = same(y, wanted, name)
            i = int(np.argmin(good))
            seen = (types, result, lanes, [x[i] for x in inputs], y[i], wanted[i])
            assert good.all(), seen


def test_every_function_is_tested():
    assert set(UFUNCS) | WHOLE == scalar.SUPPORTED
    assert all(loops(name) for name in UFUNCS)


@pytest.mark.parametrize("char", TYPES)
def test_where_and_clip(char):
    x, low, high = (a[:4000] for a in arguments(char * 3))
    rng = np.random.default_rng(2)
    mask = rng.random(len(x)) < 0.5
    cases = [("where", "?" + char * 2, char, n) for n in LANES]
    cases += [("clip", char * 3, char, n) for n in LANES]
    made = compiled_all([case(*c) for c in cases])
    for where, clip in zip(made[: len(LANES)], made[len(LANES) :], strict=True):
        y = where(mask, x, low)
        assert np.array_equal(y, np.where(mask, x, low), equal_nan=char in "fd")
        y = clip(x, low, high)
        wanted = np.minimum(np.maximum(x, low), high)
        assert np.array_equal(y, wanted, equal_nan=char in "fd")


def test_unknown_combinations_raise():
    with pytest.raises(NotImplementedError, match="subtract of bool, bool"):
        function("subtract", "??", "?", 4)


@pytest.mark.parametrize("exponent", [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 2.5])
@pytest.mark.parametrize("char", "fd")
def test_constant_exponents(exponent, char):
    dtype = np.dtype(char)

    def emit(b, target, values):
        from shinso.compiler.vector_math.lanes import Lanes

        constant = Lanes(b, target, values[0]).constant(exponent).value
        return scalar.emit(b, target, "power", [values[0], constant], [dtype] * 2, dtype)

    x = samples(char, 3)
    with np.errstate(all="ignore"):
        wanted = np.power(x, dtype.type(exponent))
    for lanes in LANES:
        y = compiled(emit, [dtype], dtype, lanes)(x)
        good = same(y, wanted, "power")
        assert good.all(), (lanes, x[~good], y[~good], wanted[~good])


def test_maximum_with_a_constant_keeps_nan():
    """A constant operand takes a shorter way, on either side."""
    dtype = np.dtype("f")
    x = samples("f", 4)
    for name, swap in itertools.product(("maximum", "minimum", "fmax", "fmin"), (False, True)):

        def emit(b, target, values, name=name, swap=swap):
            from shinso.compiler.vector_math.lanes import Lanes

            operands = [values[0], Lanes(b, target, values[0]).constant(0.5).value]
            operands = operands[::-1] if swap else operands
            return scalar.emit(b, target, name, operands, [dtype] * 2, dtype)

        y = compiled(emit, [dtype], dtype, 8)(x)
        assert np.array_equal(y, getattr(np, name)(x, np.float32(0.5)), equal_nan=True)


# -- conversions ----------------------------------------------------------------------------------


def conversion(source, to, lanes):
    def emit(b, t, values):
        return scalar.cast(b, t, values[0], np.dtype(source), np.dtype(to))

    return emit, [source], to, lanes


def as_x86(x, to):
    """A float as an integer, as `cast` describes it, by Python's integers."""
    size = to.itemsize
    wide = 64 if size == 8 or to == np.uint32 else 32
    found = []
    for v in x.astype(float).tolist():
        low, whole = -(2 ** (wide - 1)), int(v) if np.isfinite(v) else None
        high = 2**64 if to == np.uint64 else -low
        number = low if whole is None or not low <= whole < high else whole
        if to == np.uint64 and v >= 2.0**64:
            number = 0
        number &= 2 ** (8 * size) - 1
        negative = to.kind == "i" and number >> (8 * size - 1)
        found.append(number - 2 ** (8 * size) if negative else number)
    return np.array(found, to)


@pytest.mark.parametrize("source", TYPES)
def test_casts(source):
    x = samples(source, 6)
    if source in "fd":
        x = np.concatenate(
            [x, np.array([2.0**62, 2.0**63, 2.0**64, -(2.0**31), 255.9, -0.9], source)]
        )
    made = iter(compiled_all([conversion(source, to, n) for to in TYPES for n in LANES]))
    for to in TYPES:
        dtype = np.dtype(to)
        with np.errstate(all="ignore"):
            wanted = as_x86(x, dtype) if source in "fd" and dtype.kind in "iu" else x.astype(dtype)
            plain = x.astype(dtype)
        if source in "fd" and dtype.kind in "iu":
            info = np.iinfo(dtype)
            fits = (x > float(info.min) - 1) & (x < float(info.max))
            assert np.array_equal(wanted[fits], plain[fits])
        for lanes in LANES:
            y = next(made)(x)
            assert np.array_equal(y, wanted, equal_nan=dtype.kind == "f"), (source, to, lanes)


@pytest.mark.parametrize("target", TARGETS)
def test_targets_agree(target):
    """The plainer targets take other instructions; one function of each kind."""
    cases = [("maximum", "ff", "f"), ("floor", "d", "d"), ("floor_divide", "hh", "h"),
             ("right_shift", "qq", "q"), ("less", "qQ", "?"), ("isfinite", "f", "?"),
             ("power", "ii", "i"), ("remainder", "dd", "d")]  # fmt: skip
    for name, types, result in cases:
        inputs = [np.abs(x) if name == "power" else x for x in arguments(types)]
        a = function(name, types, result, 8, target)(*inputs)
        assert np.array_equal(
            a, function(name, types, result, 0)(*inputs), equal_nan=result in "fd"
        )
    x = samples("d", 1)
    for to in "biIQ":
        vector, plain = conversion("d", to, 8), conversion("d", to, 0)
        assert np.array_equal(compiled(*vector, target)(x), compiled(*plain)(x))


# -- folds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("char", TYPES)
def test_neutral(char):
    dtype = np.dtype(char)
    x = samples(char, 8)
    bits = ("bitwise_or", "bitwise_and", "bitwise_xor")
    logical = ("logical_or", "logical_and", "logical_xor")
    for name in ("add", "multiply", "maximum", "minimum", "fmax", "fmin", *logical, *bits):
        if dtype.kind == "f" and name.startswith("bitwise"):
            continue
        value = np.full(x.shape, scalar.neutral(name, dtype), dtype)
        wanted = x.astype(bool) if name.startswith("logical") else x
        y = getattr(np, name)(value, x)
        assert np.array_equal(y, wanted, equal_nan=dtype.kind == "f"), name
    with pytest.raises(ValueError, match="no neutral element"):
        scalar.neutral("subtract", dtype)
