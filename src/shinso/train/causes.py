"""Why an operation may have given NaN or infinity: what usually is behind it, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shinso.cell import Array

if TYPE_CHECKING:
    from shinso.train.diagnose import Finding

LARGE = 1e4


def likely_causes(finding: Finding, lr: float) -> list[str]:
    """Explanations of a first bad number, the most specific first; never empty."""
    causes = [text for text in (_of_operation(finding), _of_size(finding, lr)) if text]
    if not causes:
        causes.append(
            f"the operation itself: test it with check_gradient({finding.op}(), ...) on the values "
            "above, in float64"
        )
    return causes


def _of_operation(finding: Finding) -> str | None:
    """What this kind of operation cannot do with the numbers that it got."""
    op, backward = finding.op, finding.direction == "backward"
    operands = finding.inputs[1:] if backward else finding.inputs
    if not operands:
        return None
    if op == "Logarithm" and _lowest(operands[0]) <= 0:
        return (
            "the log of 0 or of a negative number. Keep the argument away from 0 (log(x + 1e-7)), "
            "or use a loss that takes scores: cross_entropy, binary_cross_entropy_with_logits"
        )
    if op == "Divide" and len(operands) > 1 and _nearest_zero(operands[1]) < _tiny(operands[1]):
        return "a division by 0, or by nearly 0. Add a small number to the divisor (x / (y + 1e-7))"
    if op == "SquareRoot" and _lowest(operands[0]) <= 0:
        return (
            "the slope of the square root at 0 is infinite. Add a small number: sqrt(x + 1e-12)"
            if backward and _lowest(operands[0]) == 0
            else "the square root of a negative number"
        )
    if op == "Power" and _lowest(operands[0]) <= 0:
        return (
            "a power of 0 or of a negative number: only whole exponents above 0 (in backward 1) do"
        )
    if op == "Exponential":
        return (
            f"exp of {_highest(operands[0]):.4g} is too large for {operands[0].dtype} (at most "
            f"about {np.log(np.finfo(operands[0].dtype).max):.0f}). Use softmax, log_softmax or "
            "logsumexp, which subtract the maximum first"
        )
    return None


def _of_size(finding: Finding, lr: float) -> str | None:
    """Numbers that have grown too large on their way here."""
    largest = max((_highest(np.abs(a)) for a in finding.inputs if a.dtype.kind == "f"), default=0.0)
    if largest < LARGE:
        return None
    what = "gradients" if finding.direction == "backward" else "activations or weights"
    return (
        f"exploding {what} (values up to {largest:.3g}): the learning rate ({lr:g}) is too large; "
        "try a tenth of it, clip_grad_norm=1.0, smaller initial weights, normalized inputs, or "
        "normalization layers"
    )


def _lowest(array: Array) -> float:
    return float(array.min()) if array.size else np.inf


def _highest(array: Array) -> float:
    return float(array.max()) if array.size else 0.0


def _nearest_zero(array: Array) -> float:
    return float(np.abs(array).min()) if array.size else np.inf


def _tiny(array: Array) -> float:
    """Below this a quotient is likely to overflow."""
    return 1e-30 if array.dtype.kind == "f" else 1.0
