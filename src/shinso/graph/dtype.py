"""The dtype that Python numbers and new parameters get: float32, or float64 on request."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import bump_version, depends_on

_default: np.dtype[Any] = np.dtype(np.float32)


def get_default_dtype() -> np.dtype[Any]:
    """The dtype of new parameters and of tensors made from Python floats."""
    return _default


def set_default_dtype(dtype: Any) -> None:
    """Choose float32 (fast) or float64 (for gradient checks) for all that is made from now on."""
    global _default
    chosen = np.dtype(dtype)
    if chosen not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ValueError(f"the default dtype is float32 or float64, not {chosen}")
    _default = chosen
    bump_version()


depends_on(get_default_dtype)
