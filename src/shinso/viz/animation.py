"""Pictures one after the other: descent step by step, as GIF, web page or MP4."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from shinso.cell import Array
from shinso.data.atomic import save_bytes
from shinso.viz.animation_page import animation_page
from shinso.viz.paths import Range, checked_paths
from shinso.viz.picture import Picture
from shinso.viz.style import styled
from shinso.viz.surface import contour_picture

FORMATS = ("gif", "html", "mp4")
DPI = 125
_SIZE = 5.6, 4.8
"""Inches of a frame: small, so that its letters are large enough on a phone."""
MOST_FRAMES = 60
_LOOKED_AT = 8
"""From about so many of its frames the colours of a GIF are chosen."""


@dataclass(frozen=True)
class Animation:
    """Frames that follow each other. frames: uint8 (H, W, 3), all of one size. seconds: each.

    Raises ValueError for no frames, frames of other kinds or several sizes, and seconds ≤ 0.
    """

    frames: list[Array]
    seconds: float = 0.15

    def __post_init__(self) -> None:
        if not self.frames:
            raise ValueError("an animation has at least one frame")
        if not self.seconds > 0:
            raise ValueError(f"seconds is how long a frame stays, above 0, not {self.seconds}")
        first = self.frames[0]
        for i, frame in enumerate(self.frames):
            if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
                raise ValueError(
                    f"frame {i} is {frame.dtype} {frame.shape}: give uint8 (H, W, 3), as "
                    "Picture.pixels()"
                )
            if frame.shape != first.shape:
                raise ValueError(f"frame {i} is {frame.shape}, and the first one {first.shape}")

    @classmethod
    def of(cls, pictures: Iterable[Picture], seconds: float = 0.15, dpi: int = DPI) -> Animation:
        """Of pictures of one size, which are drawn as they come: a generator may change one and
        yield it again."""
        return cls([picture.pixels(dpi) for picture in pictures], seconds)

    def save(self, path: str | Path) -> Path:
        """Write it as .gif, .html or .mp4, by the ending.

        The HTML is one file with a slider and a button to play, and needs no network; its frames
        have 256 colours each. A GIF has 256 for all frames. MP4 needs ffmpeg.
        Returns the path. Raises ValueError for another ending, RuntimeError for .mp4 without
        ffmpeg, DataError if it cannot be written.
        """
        path = Path(path)
        kind = path.suffix.removeprefix(".").lower()
        if kind not in FORMATS:
            raise ValueError(f"{path}: an animation is saved as .gif, .html or .mp4")
        save_bytes(path, self.encoded(kind))
        return path

    def encoded(self, kind: str = "gif") -> bytes:
        """The content of such a file."""
        if kind == "gif":
            return _gif(self.frames, self.seconds)
        if kind == "html":
            return animation_page(self.frames, self.seconds).encode()
        if kind == "mp4":
            return _mp4(self.frames, self.seconds)
        raise ValueError(f"an animation is encoded as one of {', '.join(FORMATS)}, not {kind!r}")

    def _repr_png_(self) -> bytes:
        """A notebook shows the last frame: it has everything."""
        content = io.BytesIO()
        Image.fromarray(self.frames[-1]).save(content, format="PNG")
        return content.getvalue()


@styled
def descent(
    f: Callable[[Array, Array], Any],
    x_range: Range,
    y_range: Range,
    paths: Mapping[str, Any],
    *,
    log: bool = False,
    seconds: float = 0.15,
    title: str = "",
    frames: int = MOST_FRAMES,
) -> Animation:
    """Contours with the optimizers' paths growing step by step.

        viz.descent(f, (-10, 10), (-5, 5), {"SGD": a, "Adam": b}).save("descent.html")

    f, x_range, y_range, paths, log, title: as for `contours`. seconds: how long a frame stays.
    frames: at most so many; longer paths advance by several steps from one frame to the next.
    Raises ValueError as `contours`, for no paths, and for fewer than 2 frames.
    """
    known = checked_paths(paths, 2)
    if not known:
        raise ValueError('there are no paths: give at least one, such as {"SGD": path}')
    if frames < 2:
        raise ValueError(f"an animation from start to end has at least 2 frames, not {frames}")
    picture = contour_picture(_SIZE, f, x_range, y_range, known, 200, 20, log, title)
    longest = max(len(path) for path in known.values())
    counts = np.unique(np.linspace(1, longest, min(frames, longest)).round().astype(int))
    return Animation(_growing(picture, known, counts.tolist()), seconds)


def _growing(picture: Picture, paths: Mapping[str, Array], counts: Iterable[int]) -> list[Array]:
    """The picture's pixels with its paths so many steps long: only the lines are drawn anew."""
    axes = picture.axes[0]
    lines = list(axes.lines)
    for line in lines:
        line.set_animated(True)  # left out by draw()
    picture.set_dpi(DPI)
    canvas: Any = FigureCanvasAgg(picture)
    canvas.draw()
    ground = canvas.copy_from_bbox(picture.bbox)
    frames = []
    for count in counts:
        canvas.restore_region(ground)
        for line, path in zip(lines, paths.values(), strict=False):  # the last line: the starts
            line.set_data(path[:count, 0], path[:count, 1])
        for line in lines:
            axes.draw_artist(line)
        frames.append(np.array(canvas.buffer_rgba())[..., :3])
    return frames


def _gif(frames: list[Array], seconds: float) -> bytes:
    """All frames with the same 256 colours, so that nothing flickers; it repeats for ever."""
    chosen = frames[:: max(1, len(frames) // _LOOKED_AT)] + frames[-1:]
    palette = Image.fromarray(np.concatenate(chosen)).quantize(256, dither=Image.Dither.NONE)
    images = [
        Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        for frame in frames
    ]
    content = io.BytesIO()
    images[0].save(
        content,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=round(1000 * seconds),
        loop=0,
    )
    return content.getvalue()


def _mp4(frames: list[Array], seconds: float) -> bytes:
    """Through ffmpeg, which matplotlib knows how to call; it writes only to a file."""
    from matplotlib.animation import FFMpegWriter

    if not FFMpegWriter.isAvailable():
        raise RuntimeError(
            "MP4 is made by ffmpeg, which is not installed here: save as .gif or .html, or install "
            "ffmpeg"
        )
    height, width = frames[0].shape[:2]
    figure = Picture(figsize=(width / DPI, height / DPI), dpi=DPI)
    shown = figure.figimage(frames[0])
    rate: Any = 1 / seconds  # a fraction works as well, though the declaration says int
    writer = FFMpegWriter(fps=rate)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "animation.mp4"
        with writer.saving(figure, str(file), DPI):
            for frame in frames:
                shown.set_data(frame)
                writer.grab_frame()
        return file.read_bytes()
