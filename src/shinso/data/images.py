"""Reading one image file into an array of pixels, carefully.

An image header can promise 30 000 x 30 000 pixels in a hundred bytes. So the size is checked in the
header before a pixel is decoded, only well-known formats are tried, and whatever goes wrong in a
decoder comes out as one sentence that names the file.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from shinso.data.bounded import file_errors, regular_file_size
from shinso.data.errors import DataError

MAX_PIXELS = 64_000_000
MAX_FILE_BYTES = 256 << 20
# A closed list: Pillow also knows formats that start other programs (EPS) or are rarely used.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm",
)  # fmt: skip

Mode = Literal["RGB", "L"]


def read_image(
    source: str | Path | bytes,
    name: str | None = None,
    mode: Mode = "RGB",
    size: tuple[int, int] | None = None,
) -> NDArray[np.uint8]:
    """Read an image file: JPEG, PNG, BMP, GIF, WebP, TIFF or PPM (of several frames the first).

    It is turned upright as its EXIF orientation says. Transparency is left out.

    source: the path, or the bytes of the file. name: what messages call it; the path if not given.
    mode: "RGB" for 3 channels, "L" for 1 (grey). size: (height, width) to resize to, bilinear with
    antialiasing.
    Returns pixels 0 to 255, uint8 (C, H, W).
    Raises DataError for no such file, no image, one that is damaged, cut short or of more than 64
    million pixels, and if Pillow is not installed; ValueError for another mode.
    """
    if mode not in ("RGB", "L"):
        raise ValueError(f"mode must be 'RGB' or 'L', got {mode!r}.")
    if isinstance(source, bytes):
        name, data = name or "the image", source
    else:
        name, data = name or str(source), read_bytes(Path(source))
    image_module = pillow(name)
    try:
        with image_module.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_pixels(name, image.width, image.height)
            pixels = _decode(image_module, image, name, mode, size)
    except DataError:
        raise
    except image_module.UnidentifiedImageError as error:
        raise DataError(f"{name}: is no image of a known format ({', '.join(FORMATS)}).") from error
    except (image_module.DecompressionBombError, image_module.DecompressionBombWarning) as error:
        raise DataError(
            f"{name}: has more than {MAX_PIXELS:,} pixels ({_one_line(error)})."
        ) from error
    except Exception as error:
        # A decoder fed with garbage raises nearly anything: OSError, SyntaxError, struct.error ...
        raise DataError(f"{name}: damaged or cut short ({_one_line(error)}).") from error
    return pixels


def read_bytes(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a file.

    Raises DataError if there is no such file, or it is larger than `max_bytes`.
    """
    size = regular_file_size(path)
    if size > max_bytes:
        raise DataError(f"{path}: has {size:,} bytes; at most {max_bytes:,} are allowed.")
    with file_errors(path):
        return path.read_bytes()


def _decode(
    image_module: Any, image: Any, name: str, mode: Mode, size: tuple[int, int] | None
) -> NDArray[np.uint8]:
    """Decode an opened image into uint8 (C, H, W)."""
    from PIL import ImageOps  # optional, see pillow

    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        # 16 bits per pixel: keep the upper eight. Pillow's own conversion would cut off at 255.
        image = image_module.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise DataError(f"{name}: has pixels of 32 bits; save it with 8 or 16 bits per channel.")
    elif image.mode == "P":
        image = image.convert("RGBA")
    image = image.convert(mode)
    if size is not None and (image.height, image.width) != size:
        image = image.resize((size[1], size[0]), image_module.Resampling.BILINEAR)
    pixels: NDArray[np.uint8] = np.array(image, dtype=np.uint8)
    if mode == "L":
        return pixels[None]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _check_pixels(name: str, width: int, height: int) -> None:
    """Raise if an image is empty or too large to decode."""
    if width < 1 or height < 1:
        raise DataError(f"{name}: an image of {width} x {height} pixels has nothing to show.")
    if width * height > MAX_PIXELS:
        raise DataError(
            f"{name}: {width} x {height} pixels; at most {MAX_PIXELS:,} pixels are allowed."
        )


def pillow(name: str) -> Any:
    """Return Pillow's `Image` module, or say how to install it."""
    try:
        from PIL import Image  # optional: only the [data] extra brings Pillow, and it is heavy
    except ImportError as error:
        raise DataError(
            f'{name}: reading images needs Pillow; install it with pip install "shinso[data]".'
        ) from error
    return Image


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
