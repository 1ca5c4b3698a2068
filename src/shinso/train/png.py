"""Small pictures as PNG, with nothing but zlib: grey or RGB, 8 bits."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from shinso.cell import Array

# Ends of a scale from negative over 0 (white) to positive that colour-blind people can tell apart.
_NEGATIVE, _POSITIVE = (178, 60, 10), (0, 84, 150)


def encode_png(pixels: Array) -> bytes:
    """A PNG file of uint8 pixels, (H, W) for grey or (H, W, 3) for RGB.

    Raises ValueError for anything else, or an image without pixels.
    Source: the PNG specification (third edition, 2025), sections 5 and 11.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.size == 0:
        raise ValueError(f"a PNG takes uint8 (H, W) or (H, W, 3), got {_kind(pixels)}")
    if pixels.ndim == 3 and pixels.shape[2] != 3:
        raise ValueError(f"a PNG takes uint8 (H, W) or (H, W, 3), got {_kind(pixels)}")
    height, width = pixels.shape[:2]
    rows = pixels.reshape(height, -1)
    # Each row starts with its filter's number; 0 means: the pixels as they are.
    lines = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if pixels.ndim == 2 else 2, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        ]
    )


def data_uri(pixels: Array) -> str:
    """The picture as the `src` of an HTML image."""
    return "data:image/png;base64," + base64.b64encode(encode_png(pixels)).decode("ascii")


def from_image(image: Array) -> Array:
    """An image (1, H, W) or (3, H, W) of any range as pixels: its least value black, its greatest
    white.

    Values that are not finite become black. Returns uint8 (H, W) or (H, W, 3).
    """
    image = _finite(image)
    low, high = float(image.min()), float(image.max())
    scaled = np.rint((image - low) / max(high - low, 1e-12) * 255).astype(np.uint8)
    return scaled[0] if len(scaled) == 1 else np.ascontiguousarray(scaled.transpose(1, 2, 0))


def from_signed(values: Array, largest: float) -> Array:
    """Weights (H, W) as colours: 0 white, positive blue, negative orange, full at ±largest.

    Returns uint8 (H, W, 3).
    """
    part = np.clip(_finite(values) / max(largest, 1e-30), -1, 1)[..., None]
    end = np.where(part >= 0, _POSITIVE, _NEGATIVE)
    return np.rint(255 + np.abs(part) * (end - 255)).astype(np.uint8)


def _finite(values: Array) -> Array:
    values = values.astype(np.float64)
    return np.where(np.isfinite(values), values, 0.0)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def _kind(pixels: Array) -> str:
    return f"{pixels.dtype} of shape {pixels.shape}"
