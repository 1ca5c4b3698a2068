"""Numbers and shapes in few letters."""

from __future__ import annotations

from typing import Any

import numpy as np


def short(value: Any) -> str:
    """A number to four digits, up to four of them, or else the shape: "0.25", "[1, 2]", "3×4"."""
    array = np.asarray(value)
    if array.size == 1:
        return number(array.item())
    if array.ndim == 1 and array.size <= 4:
        return f"[{', '.join(number(v) for v in array.tolist())}]"
    return "×".join(str(n) for n in array.shape)


def number(value: float | int | bool) -> str:
    """One number to four digits, or whole from a thousand on, with a minus as it is printed."""
    text = f"{value:,.0f}" if 1e3 <= abs(value) < 1e12 else f"{value:.4g}"
    return text.replace("-", "−")
