"""read_image: formats, modes, orientation, limits checked before decoding, garbage."""

import io
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from shinso.data import DataError, read_image


def encoded(pixels, kind="PNG", **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def png_header(width, height):
    """A PNG that promises any size and holds next to nothing."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(99)))
        + chunk(b"IEND", b"")
    )


def test_pixels_come_channels_first(tmp_path):
    pixels = noise(4, 6, 3)
    (tmp_path / "a.png").write_bytes(encoded(pixels))
    for source in (tmp_path / "a.png", str(tmp_path / "a.png"), encoded(pixels)):
        image = read_image(source)
        assert image.dtype == np.uint8
        assert image.shape == (3, 4, 6)
        assert image.flags.c_contiguous
        assert image.flags.writeable
        assert np.array_equal(image, pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM", "TIFF", "GIF", "JPEG", "WEBP"])
def test_formats(kind):
    assert read_image(encoded(np.full((5, 7, 3), 99, np.uint8), kind)).shape == (3, 5, 7)


def test_grey():
    pixels = noise(4, 6)
    assert np.array_equal(read_image(encoded(pixels), mode="L"), pixels[None])
    assert np.array_equal(read_image(encoded(pixels)), np.stack([pixels] * 3))
    assert read_image(encoded(noise(4, 6, 3)), mode="L").shape == (1, 4, 6)
    with pytest.raises(ValueError, match="mode must be 'RGB' or 'L'"):
        read_image(encoded(pixels), mode="CMYK")


def test_other_kinds_of_pixels():
    pixels = noise(4, 6, 4)
    assert np.array_equal(read_image(encoded(pixels)), pixels[..., :3].transpose(2, 0, 1))
    palette = Image.fromarray(noise(4, 6, 3)).quantize(16)
    assert np.array_equal(
        read_image(encoded(palette, transparency=b"\0\x80")),
        np.asarray(palette.convert("RGB")).transpose(2, 0, 1),
    )
    assert read_image(encoded(Image.new("1", (6, 4), 1))).max() == 255
    assert read_image(encoded(Image.new("CMYK", (6, 4)), "JPEG")).shape == (3, 4, 6)


def test_16_bits_keep_the_upper_half():
    deep = np.array([[0, 255, 256, 65535]], dtype=np.uint16)
    assert read_image(encoded(deep), mode="L").tolist() == [[[0, 0, 1, 255]]]


def test_32_bits_are_refused():
    with pytest.raises(DataError, match=r"x\.tif: has pixels of 32 bits"):
        read_image(encoded(np.zeros((2, 2), np.float32), "TIFF"), "x.tif")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation):
    upright = np.zeros((16, 8), np.uint8)
    upright[:8] = 255
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(np.ascontiguousarray(stored), "PNG", exif=exif.tobytes())
    assert np.array_equal(read_image(data, mode="L")[0], upright)


def test_one_pixel():
    assert read_image(encoded(noise(1, 1, 3))).shape == (3, 1, 1)
    assert read_image(encoded(noise(1, 1, 3)), size=(5, 4)).shape == (3, 5, 4)


def test_size():
    pixels = noise(40, 60, 3)
    expected = Image.fromarray(pixels).resize((9, 8), Image.Resampling.BILINEAR)
    image = read_image(encoded(pixels), size=(8, 9))
    assert np.array_equal(image, np.asarray(expected).transpose(2, 0, 1))


def test_too_many_pixels_are_refused_before_decoding(monkeypatch):
    def never(*args):
        raise AssertionError("was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    for side in (30_000, 10_000):  # refused by Pillow, or warned about
        with pytest.raises(DataError, match=r"big\.png: has more than 64,000,000 pixels"):
            read_image(png_header(side, side), "big.png")
    with pytest.raises(DataError, match=r"big\.png: 9000 x 8000 pixels; at most 64,000,000"):
        read_image(png_header(9000, 8000), "big.png")


def test_a_header_without_pixels():
    with pytest.raises(DataError, match=r"a\.png: damaged or cut short"):
        read_image(png_header(300, 300), "a.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_an_image_cut_short(kind):
    data = encoded(noise(50, 50, 3), kind)
    for share in (0.95, 0.5):
        with pytest.raises(DataError, match=r"half: (damaged or cut short|is no image)"):
            read_image(data[: int(len(data) * share)], "half")


@pytest.mark.parametrize(
    "data", [b"", b"hello, I am text", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\0" * 99]
)
def test_no_image(data, tmp_path):
    with pytest.raises(DataError, match="is no image of a known format"):
        read_image(data, "x")
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"a\.jpg: is no image"):
        read_image(path)


def test_no_file(tmp_path):
    with pytest.raises(DataError, match=r"b\.png: there is no such file"):
        read_image(tmp_path / "b.png")
    with pytest.raises(DataError, match="a folder"):
        read_image(tmp_path)


def test_a_file_too_large(tmp_path, monkeypatch):
    from shinso.data.images import read_bytes

    (tmp_path / "a.png").write_bytes(bytes(11))
    with pytest.raises(DataError, match=r"a\.png: has 11 bytes; at most 10"):
        read_bytes(tmp_path / "a.png", 10)


def test_without_pillow(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(
        DataError, match=r'needs Pillow; install it with pip install "shinso\[data\]"'
    ):
        read_image(b"", "x.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_random_damage_gives_an_image_or_a_data_error(kind):
    good = encoded(noise(20, 20, 3), kind)
    rng = np.random.default_rng(0)
    messages = []
    for _ in range(100):
        bad = bytearray(good)
        for place in rng.integers(0, min(len(bad), 200), rng.integers(1, 6)):
            bad[place] = rng.integers(0, 256)
        try:
            assert read_image(bytes(bad), "x").shape[0] == 3
        except DataError as error:
            messages.append(str(error))
    assert messages
    assert all(message.startswith("x: ") and "\n" not in message for message in messages)
