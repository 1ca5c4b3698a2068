"""`Entry`: what is known about a model before it is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shinso import nn


@dataclass(frozen=True)
class Preprocessing:
    """How a photograph becomes the input that published weights expect.

    The shorter side is resized to `resize`, the middle `crop` × `crop` pixels are kept, pixels
    from 0 to 1 are normalized: (x - mean) / std per channel. interpolation: of the resizing,
    "bilinear" or "bicubic", both with antialiasing.
    """

    resize: int = 256
    crop: int = 224
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    interpolation: str = "bilinear"


@dataclass(frozen=True)
class Published:
    """An error rate that a paper states.

    error: in per cent. measure: what it is the error of, such as "top-5, one crop". source: where
    it is stated, to be found again: authors, year, table.
    """

    error: float
    measure: str
    source: str


@dataclass(frozen=True)
class Entry:
    """One model of the table.

    name: as in torchvision or timm where they have it. idea: what was new, in a few words. build:
    makes it from num_classes, in_channels and options; with `vector`, which says that it also takes
    feature vectors, from num_classes, the input's shape and options.
    image_size: the side of the images that the paper used; None for any. smallest: the side from
    which on other sizes work; None if there is only the one. data, num_classes, in_channels: the
    paper's data set, its classes and its images' channels. paper: authors, year, where.
    preprocessing: of published weights. aliases: other libraries' names for it.
    """

    name: str
    year: int
    idea: str
    build: Callable[..., nn.Module]
    image_size: int | None = None
    smallest: int | None = None
    vector: bool = False
    data: str = ""
    num_classes: int = 10
    in_channels: int = 1
    paper: str = ""
    published: Published | None = None
    preprocessing: Preprocessing | None = None
    aliases: tuple[str, ...] = ()

    def side_for(self, height: int, width: int) -> int | None:
        """The side to which images of this size are brought; None if they stay as they are."""
        if self.image_size is None or height == width == self.image_size:
            return None
        if self.smallest is None:
            return self.image_size
        return self.smallest if min(height, width) < self.smallest else None

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """The shape of one image of the paper's; 28×28 where any size will do."""
        side = self.image_size or 28
        return self.in_channels, side, side
