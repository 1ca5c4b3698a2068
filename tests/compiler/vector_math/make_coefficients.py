"""Derive the polynomials of shinso.compiler.vector_math: minimax by Remez' exchange algorithm.

    python tests/compiler/vector_math/make_coefficients.py > coefficients.py

Needs mpmath. Every line of SPECS is one polynomial: a function, an interval, the weight that turns
the polynomial's error into the relative error of the whole formula, and how small that must become
in float32 and in float64; the degree is the least that reaches it. Coefficients are rounded one
after the other, lowest power first, and the rest is fitted again.
"""

import sys

import numpy as np
from mpmath import mp, mpf

mp.dps = 50
LN2, PI = mp.log(2), mp.pi
SINGLE, DOUBLE = mpf(2) ** -28, mpf(2) ** -57
R = LN2 / 2 * mpf("1.001")  # what range reduction leaves, and a little for its rounding
ROOT = mp.sqrt(mpf("0.5"))


def atan_rest(z):
    t = mp.sqrt(z)
    return (mp.atan(t) - t) / (t * z)


def asin_rest(z):
    t = mp.sqrt(z)
    return (mp.asin(t) - t) / (t * z)


def sin_rest(z):
    t = mp.sqrt(z)
    return (mp.sin(t) - t) / (t * z)


def sinh_rest(z):
    t = mp.sqrt(z)
    return (mp.sinh(t) - t) / (t * z)


def tanh_rest(z):
    t = mp.sqrt(z)
    return (mp.tanh(t) - t) / (t * z)


def log_rest(z):
    s = mp.sqrt(z)
    return (mp.log((1 + s) / (1 - s)) - 2 * s) / (s * z)


def log2_weight(z):
    return z / 2


Z_LOG = ((1 - ROOT) / (1 + ROOT)) ** 2 * mpf("1.0001")

# name: (comment, function, low, high, weight, error in float32, error in float64)
SPECS = {
    "EXP": (
        "eʳ = 1 + r + r² P(r), |r| ≤ ½ ln 2",
        lambda r: (mp.expm1(r) - r) / r**2, -R, R, lambda r: abs(r**2 / mp.expm1(r)),
        SINGLE * 4, DOUBLE,
    ),
    "EXP2": (
        "2ʳ = 1 + r P(r), |r| ≤ ½",
        lambda r: mp.expm1(r * LN2) / r, -mpf("0.5"), mpf("0.5"), lambda r: abs(r / 2**r),
        SINGLE * 2, DOUBLE,
    ),
    "SINH": (
        "sinh x = x + x³ P(x²), |x| ≤ 1",
        sinh_rest, 0, mpf(1), lambda z: z * mp.sqrt(z) / mp.sinh(mp.sqrt(z)), SINGLE, DOUBLE,
    ),
    "TANH": (
        "tanh x = x + x³ P(x²), |x| ≤ ⅝",
        tanh_rest,
        0,
        mpf("0.625") ** 2,
        lambda z: z * mp.sqrt(z) / mp.tanh(mp.sqrt(z)),
        SINGLE * 4,
        DOUBLE,
    ),
    "LOG": (
        "ln(1 + f) = f - f²/2 + f³ P(f), √½ - 1 ≤ f ≤ √2 - 1",
        lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3, ROOT - 1, 2 * ROOT - 1,
        lambda f: abs(f**3 / mp.log1p(f)), SINGLE * 2, None,
    ),
    "LOG_RATIO": (
        "ln((1 + s) / (1 - s)) = 2 s + s³ P(s²), |s| ≤ (1 - √½) / (1 + √½); float32: inside power",
        log_rest, 0, Z_LOG, log2_weight, mpf(2) ** -37, mpf(2) ** -61,
    ),
    "SIN": (
        "sin r = r + r³ P(r²), |r| ≤ π/2",
        sin_rest, 0, (PI / 2) ** 2 * mpf("1.0001"), lambda z: z * mp.sqrt(z) / mp.sin(mp.sqrt(z)),
        SINGLE * 4, DOUBLE,
    ),
    "SIN_QUARTER": (
        "sin r = r + r³ P(r²), |r| ≤ π/4",
        sin_rest, 0, (PI / 4) ** 2 * mpf("1.0001"), lambda z: z * mp.sqrt(z) / mp.sin(mp.sqrt(z)),
        SINGLE, DOUBLE,
    ),
    "COS_QUARTER": (
        "cos r = 1 - r²/2 + r⁴ P(r²), |r| ≤ π/4",
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, 0, (PI / 4) ** 2 * mpf("1.0001"),
        lambda z: z**2 / mp.cos(mp.sqrt(z)), SINGLE, DOUBLE,
    ),
    "ARCSIN": (
        "arcsin x = x + x³ P(x²), |x| ≤ ½",
        asin_rest, 0, mpf("0.25"), lambda z: z, SINGLE, DOUBLE,
    ),
    "ARCTAN": (
        "arctan x = x + x³ P(x²), |x| ≤ √2 - 1",
        atan_rest, 0, (mp.sqrt(2) - 1) ** 2 * mpf("1.001"), lambda z: z, SINGLE, DOUBLE,
    ),
    "CBRT": (
        "∛m to three digits, 1 ≤ m < 8: where Halley's iteration begins",
        mp.cbrt, mpf(1), mpf(8), lambda m: 1 / mp.cbrt(m), mpf("2e-3"), mpf("2e-3"),
    ),
    "ERF": (
        "erf x = x + x P(x²), |x| ≤ 1",
        lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1, 0, mpf(1),
        lambda z: mp.sqrt(z) / mp.erf(mp.sqrt(z)), SINGLE, DOUBLE,
    ),
    "ERFC": (
        "ln erfc x = P(x - 2), 1 ≤ x ≤ 4 (float64: 6)",
        lambda u: mp.log(mp.erfc(u + 2)), mpf(-1), (mpf(2), mpf(4)), lambda u: mp.erfc(u + 2),
        SINGLE, DOUBLE,
    ),
}  # fmt: skip

# name: (comment, number, digits of the parts in float32, in float64); the last part has all digits
PARTS = {
    "LN2": ("ln 2; n times the first part is exact", LN2, (16, 24), (40, 53)),
    "LOG2_E": ("1 / ln 2", 1 / LN2, (24, 24), (53, 53)),
    "LOG10_E": ("log10 e", 1 / mp.log(10), (24, 24), (53, 53)),
    "LOG10_2": ("log10 2; n times the first part is exact", mp.log10(2), (16, 24), (40, 53)),
    "PI": ("π", PI, (24, 24, 24), (53, 53, 53)),
    "PI_SHORT": ("π; n times a part is exact for n < 2²⁰", PI, (), (33, 33, 33, 53)),
}


def parts(number, digits):
    """Numbers of so many binary digits with (nearly) the given sum."""
    found = []
    for count in digits:
        mantissa, exponent = mp.frexp(number)
        part = mp.ldexp(mp.nint(mp.ldexp(mantissa, count)), int(exponent) - count)
        found.append(float(part))
        number -= part
    return found


def exchange(function, powers, low, high, weight):
    """Coefficients for the powers with the least greatest weighted error, and that error."""
    n = len(powers)
    grid = 40 * (n + 1)
    points = [
        (low + high) / 2 - (high - low) / 2 * mp.cos(PI * (2 * i + 1) / (2 * grid))
        for i in range(grid)
    ]
    values = [function(x) for x in points]
    weights = [weight(x) for x in points]
    chosen = [round((i + 0.5) * grid / (n + 1)) for i in range(n + 1)]
    for _ in range(30):
        matrix = mp.matrix(n + 1, n + 1)
        right = mp.matrix(n + 1, 1)
        for row, i in enumerate(chosen):
            for column, power in enumerate(powers):
                matrix[row, column] = points[i] ** power
            matrix[row, n] = (-1) ** row / max(weights[i], mpf(10) ** -40)
            right[row] = values[i]
        solution = mp.lu_solve(matrix, right)
        errors = [
            (sum(solution[c] * x**p for c, p in enumerate(powers)) - v) * w
            for x, v, w in zip(points, values, weights, strict=True)
        ]
        worst, level = max(map(abs, errors)), abs(solution[n])
        if worst <= level * mpf("1.01"):
            break
        chosen = alternating(errors, n + 1)
    return list(solution[:n]), worst


def alternating(errors, wanted):
    """The greatest errors of alternating sign, `wanted` of them in order."""
    peaks = []
    for i, error in enumerate(errors):
        if peaks and (errors[peaks[-1]] > 0) == (error > 0):
            if abs(error) > abs(errors[peaks[-1]]):
                peaks[-1] = i
        else:
            peaks.append(i)
    while len(peaks) > wanted:
        if len(peaks) == wanted + 1:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
            break
        least = min(
            range(len(peaks) - 1), key=lambda k: abs(errors[peaks[k]]) + abs(errors[peaks[k + 1]])
        )
        del peaks[least : least + 2]
    return peaks


def fit(function, low, high, weight, allowed, kind):
    """Rounded coefficients of the least degree that keeps the error, and the error."""
    powers = [0]
    while exchange(function, powers, low, high, weight)[1] > allowed:
        powers.append(len(powers))
    known = []
    for k in powers:

        def rest(x, k=k):
            return (function(x) - sum(c * x**p for p, c in enumerate(known))) / x**k

        solution, _ = exchange(
            rest, [p - k for p in powers[k:]], low, high, lambda x, k=k: weight(x) * abs(x) ** k
        )
        known.append(mpf(float(kind(float(solution[0])))))
    points = [low + (high - low) * (i + mpf("0.5")) / 2000 for i in range(2000)]
    error = max(
        abs((sum(c * x**p for p, c in enumerate(known)) - function(x)) * weight(x)) for x in points
    )
    return [float(c) for c in known], error


def main():
    print('"""Polynomials, lowest power first; made by tests/compiler/vector_math/', end="")
    print('make_coefficients.py.\n\nThe numbers behind # are the greatest relative errors.\n"""\n')
    for name, (comment, function, low, high, weight, single, double) in SPECS.items():
        print(f"# {comment}")
        print(f"{name} = {{")
        for bits, allowed, kind in ((32, single, np.float32), (64, double, np.float64)):
            if allowed is None:
                continue
            end = high[bits // 64] if isinstance(high, tuple) else high
            found, error = fit(function, mpf(low), mpf(end), weight, allowed, kind)
            if name == "LOG_RATIO" and bits == 32:  # computed with in float64
                found, error = fit(function, mpf(low), mpf(end), weight, allowed, np.float64)
            print(f"    {bits}: (  # {mp.nstr(error, 2)}")
            for c in found:
                print(f"        {c!r},")
            print("    ),")
            print(name, bits, len(found), mp.nstr(error, 3), file=sys.stderr, flush=True)
        print("}\n")
    for name, (comment, number, *digits) in PARTS.items():
        print(f"# {comment}")
        rows = {bits: parts(number, d) for bits, d in zip((32, 64), digits, strict=True) if d}
        print(
            f"{name} = {{{', '.join(f'{bits}: {tuple(row)!r}' for bits, row in rows.items())}}}\n"
        )
    print("# The binary digits of 2/π after the point, 64 in a word")
    mp.dps = 600
    digits = int(mp.floor(mp.ldexp(2 / mp.pi, 64 * 24)))
    words = [digits >> (64 * (23 - k)) & ((1 << 64) - 1) for k in range(24)]
    print("TWO_OVER_PI = (")
    for word in words:
        print(f"    0x{word:016X},")
    print(")")


if __name__ == "__main__":
    main()
