"""What convolutions have learned, and what they make of an image."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.graph import Tensor, no_grad
from shinso.nn import Conv2d
from shinso.nn.module import Module
from shinso.viz.images import add_image, as_images, scales
from shinso.viz.layer_output import layer_output, one_image
from shinso.viz.picture import Picture
from shinso.viz.style import SEQUENTIAL, SIGNED, say, styled
from shinso.viz.tiles import Tiles


@styled
def filters(layer: Module, *, most: int = 64) -> Picture:
    """Draw the kernels of a 2-D convolution.

        viz.filters(model.get_submodule("features.0"))

    With three input channels each kernel is a colour image: grey is 0, and each reaches as far
    from it as it can. With one they are blue below 0 and red above, on a common scale. With more
    there is a row for each output channel and a column for each input channel.
    most: so many kernels are drawn at most; the heading says how many there are.
    Raises TypeError for another layer.
    """
    if not isinstance(layer, Conv2d):
        raise TypeError(
            f"filters draws the kernels of an nn.Conv2d, not of a {type(layer).__name__}: "
            'model.get_submodule("features.0") gives a layer inside a model'
        )
    _check_most(most)
    weight = layer.weight.data
    if weight.shape[1] in (1, 3):
        return _one_per_output(weight, most)
    return _matrix(weight, most)


def _check_most(most: int) -> None:
    if most < 1:
        raise ValueError(f"most is how many are drawn, at least 1, not {most}")


def _one_per_output(weight: Array, most: int) -> Picture:
    count, channels, h, w = weight.shape
    weight = as_images(weight[:most])
    colour = channels == 3
    sheet = Tiles(
        (h, w),
        len(weight),
        titles=[str(i) for i in range(len(weight))],
        title=_heading(len(weight), count),
        bar=not colour,
    )
    for kernel, limits in zip(weight, scales(weight, True, colour), strict=True):
        add_image(sheet, kernel, limits, SIGNED)
    if not colour:
        sheet.colour_bar(say("weight", "重み"))
    return sheet.picture


def _matrix(weight: Array, most: int) -> Picture:
    outputs, inputs, h, w = weight.shape
    columns = min(inputs, max(int(np.sqrt(most)), 1))
    rows = min(outputs, max(most // columns, 1))
    kernels = as_images(weight[:rows, :columns].reshape(-1, h, w))
    sheet = Tiles(
        (h, w),
        len(kernels),
        columns=columns,
        titles=[str(i) if i < columns else "" for i in range(len(kernels))],
        row_labels=[str(i) for i in range(rows)],
        title=_heading(len(kernels), outputs * inputs)
        + "\n"
        + say("rows: output channels, columns: input channels", "行:出力チャネル、列:入力チャネル"),
        bar=True,
    )
    for kernel, limits in zip(kernels, scales(kernels, True, False), strict=True):
        add_image(sheet, kernel, limits, SIGNED)
    sheet.colour_bar(say("weight", "重み"))
    return sheet.picture


def _heading(shown: int, there: int) -> str:
    if shown == there:
        return say(f"{there} kernels", f"カーネル {there} 個")
    return say(f"{shown} of {there} kernels", f"カーネル {there} 個のうち {shown} 個")


@styled
def feature_maps(
    model: Module, x: Any, layer: str, *, most: int = 32, own_scale: bool = False
) -> Picture:
    """Draw the maps that a layer makes of one image, with their channels' numbers.

        viz.feature_maps(model, x[:1], "features.1")

    x: the image, (1, C, H, W) or (C, H, W), as the model takes it. layer: a name as in
    `model.named_modules()`. most: so many maps at most. own_scale: let each map reach the
    ends of the colours; else one scale serves all.
    Colours begin at 0; if there are negative values, 0 is white, blue below and red above.
    Raises ValueError for an unknown layer, one that makes no maps, or several images.
    """
    _check_most(most)
    image = one_image(model, x)
    with no_grad():
        maps = layer_output(model, Tensor(image), layer)[1].data[0]
    there, (h, w) = len(maps), maps.shape[1:]
    shown = as_images(maps[:most])
    signed = bool((shown < 0).any())
    sheet = Tiles(
        (h, w),
        len(shown),
        titles=[str(i) for i in range(len(shown))],
        title=say(f"layer {layer}", f"層 {layer}") + ": " + _maps(len(shown), there),
        bar=not own_scale,
    )
    for one, (low, high) in zip(shown, scales(shown, True, own_scale), strict=True):
        add_image(sheet, one, (low if signed else 0.0, high), SIGNED if signed else SEQUENTIAL)
    if not own_scale:
        sheet.colour_bar(say("output", "出力"))
    return sheet.picture


def _maps(shown: int, there: int) -> str:
    if shown == there:
        return say(f"{there} maps", f"特徴マップ {there} 枚")
    return say(f"{shown} of {there} maps", f"特徴マップ {there} 枚のうち {shown} 枚")
