"""Errors about the sizes of images, for people who hold the images, not the layers."""

from __future__ import annotations

from typing import Any


def check_least(x: Any, least: int, network: str) -> None:
    """Refuse images (N, C, H, W) of fewer than `least` rows or columns with a ValueError."""
    if x.ndim == 4 and min(x.shape[2:]) < least:
        raise ValueError(
            f"got images of {x.shape[2]}×{x.shape[3]}; {network} takes {least}×{least} and larger. "
            f"Resize them, for instance with data.Resize({least})"
        )


def check_exactly(x: Any, side: int, network: str) -> None:
    """Refuse images (N, C, H, W) that are not side×side with a ValueError."""
    if x.ndim == 4 and tuple(x.shape[2:]) != (side, side):
        raise ValueError(
            f"got images of {x.shape[2]}×{x.shape[3]}; {network} takes {side}×{side}. "
            f"Resize them, for instance with data.Resize({side})"
        )
