"""PNG files: read back by another decoder, and everything that is no picture."""

import base64
import io
import struct
import zlib

import numpy as np
import pytest

from shinso.train.png import data_uri, encode_png, from_image, from_signed

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (7, 5, 3), (1, 300), (300, 1, 3)])
def test_pillow_reads_the_same_pixels(shape):
    image = pytest.importorskip("PIL.Image")
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    with image.open(io.BytesIO(encode_png(pixels))) as read:
        assert read.format == "PNG"
        assert np.array_equal(np.asarray(read), pixels)


def test_by_hand():
    png = encode_png(np.array([[0, 255]], dtype=np.uint8))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", png[16:24]) == (2, 1)
    start = png.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", png[start - 8 : start - 4])
    assert zlib.decompress(png[start : start + length]) == b"\x00\x00\xff"


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((2, 2)), np.zeros((2, 2, 4), np.uint8), np.zeros(3, np.uint8),
     np.zeros((0, 3), np.uint8)],
)  # fmt: skip
def test_refused(pixels):
    with pytest.raises(ValueError, match="a PNG takes uint8"):
        encode_png(pixels)


def test_data_uri():
    uri = data_uri(np.zeros((2, 2), np.uint8))
    head, _, body = uri.partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(body).startswith(b"\x89PNG")


def test_images_are_scaled():
    assert from_image(np.array([[[-1.0, 0], [1, 3]]])).tolist() == [[0, 64], [128, 255]]
    assert from_image(np.zeros((3, 2, 2))).shape == (2, 2, 3)
    assert from_image(np.ones((1, 2, 2))).tolist() == [[0, 0], [0, 0]]
    assert from_image(np.array([[[np.nan, 1.0]]])).tolist() == [[0, 255]]


def test_signed_values():
    colours = from_signed(np.array([[0.0, 1.0, -1.0, 9.0, np.nan]]), 1.0)[0].tolist()
    assert colours[0] == colours[4] == [255, 255, 255]
    assert colours[1] == colours[3] == [0, 84, 150]
    assert colours[2] == [178, 60, 10]
    assert from_signed(np.zeros((2, 2)), 0.0).tolist() == [[[255] * 3] * 2] * 2
