"""Which pixels a place of a feature map can see.

NaN shows it: whatever is computed from NaN is NaN. One is put where the gradient of the place would
start, zeros at all others; going backward it marks every pixel that the place is computed from.
Operations that choose, such as max pooling, would mark only what they chose this time; they go back
by rules that mark all they choose from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Function, Tensor, enable_grad, no_grad
from shinso.nn.module import Module
from shinso.ops.activation import HardSigmoid, HardSwish, Step
from shinso.ops.adaptive_pooling import AdaptiveAveragePool, AdaptiveMaxPool, GlobalMaxPool
from shinso.ops.arithmetic import Clip, Maximum, Minimum, Where
from shinso.ops.pooling import MaxPool
from shinso.ops.spatial import inside
from shinso.viz.layer_output import input_images, layer_output
from shinso.viz.pull_back import Rules, pull_back

Box = tuple[int, int, int, int]
"""Rows and columns: top, bottom, left, right; bottom and right are the first ones outside."""

BATCH = 16


def _window(f: Any, dy: Array, *_: Array) -> Array:
    padded = [n + sum(w) for n, w in zip(f.sizes, f.widths, strict=True)]
    dx = np.zeros_like(dy, shape=(*dy.shape[:2], *padded))
    for place in f.places:
        dx[place] += dy
    return dx[inside(f.widths, f.sizes)]


def _stretches(f: Any, dy: Array, *_: Array) -> Array:
    return AdaptiveAveragePool.backward(f, dy)


def _everywhere(f: Any, dy: Array) -> Array:
    marks = dy.reshape(*f.shape[:2], *[1] * (len(f.shape) - 2))
    return np.broadcast_to(marks, f.shape).copy()


def _each_input(f: Function, dy: Array) -> tuple[Array, ...]:
    return (dy,) * len(f.inputs)


MARK: Rules = {
    MaxPool: _window,
    AdaptiveMaxPool: _stretches,
    GlobalMaxPool: _everywhere,
    **dict.fromkeys((Clip, HardSigmoid, HardSwish, Maximum, Minimum, Step, Where), _each_input),
}


def receptive_fields(
    model: Module, image_shape: tuple[int, ...], layer: str, places: Sequence[tuple[int, int]]
) -> list[Box]:
    """The pixels that places of a layer's maps can see, as boxes of one size.

    image_shape: (C, H, W). layer: a name as in `model.named_modules()`. places: (row, column).
    The size is that of the largest field of these places and the middle one. Near the border a
    part of a box lies outside, where padding is: top or left is negative, or bottom or right beyond
    the image. Raises ValueError for an unknown layer or one that makes no maps.
    """
    # Any image will do, but one of zeros could be divided by its own size on the way.
    image = input_images(model, np.random.default_rng(0).normal(size=(1, *image_shape)))
    with no_grad():
        height, width = layer_output(model, Tensor(image), layer)[1].shape[2:]
    rows = sorted({height // 2, *(y for y, _ in places)})
    columns = sorted({width // 2, *(x for _, x in places)})
    probes = max(len(rows), len(columns))
    # A row's field is the same in every column, so one probe serves a row and a column.
    seen = _seen(model, image, layer, _filled(rows, probes), _filled(columns, probes))
    tops = dict(zip(rows, _widened(seen[: len(rows), 0]), strict=True))
    lefts = dict(zip(columns, _widened(seen[: len(columns), 1]), strict=True))
    return [(*tops[y], *lefts[x]) for y, x in places]


def _filled(numbers: list[int], count: int) -> list[int]:
    return numbers + numbers[-1:] * (count - len(numbers))


def _seen(model: Module, image: Array, layer: str, rows: list[int], columns: list[int]) -> Array:
    """For each probe the first pixel seen and the first behind: (probes, 2 axes, 2)."""
    found = []
    for start in range(0, len(rows), BATCH):
        part = slice(start, start + BATCH)
        count = len(rows[part])
        images = Tensor(np.repeat(image, count, axis=0), requires_grad=True)
        with enable_grad():
            maps = layer_output(model, images, layer)[1]
        dout = np.zeros_like(maps.data)
        dout[np.arange(count), :, rows[part], columns[part]] = np.nan
        with np.errstate(all="ignore"):
            marked: Array = np.isnan(pull_back(maps, dout, images, MARK))
        found += [[_span(one.any(axis=(0, 2))), _span(one.any(axis=(0, 1)))] for one in marked]
    return np.array(found)


def _span(marked: Array) -> tuple[int, int]:
    places = np.flatnonzero(marked)
    return int(places[0]), int(places[-1]) + 1


def _widened(spans: Array) -> list[tuple[int, int]]:
    """All as long as the longest: what the border cut off is put back."""
    longest = int((spans[:, 1] - spans[:, 0]).max())
    return [(b - longest, b) if a == 0 else (a, a + longest) for a, b in spans.tolist()]
