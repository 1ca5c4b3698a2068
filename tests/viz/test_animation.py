"""Animations: frames, files, and paths that grow."""

import io
import json
import re
import stat
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from shinso.data import DataError
from shinso.viz.animation import Animation, descent
from shinso.viz.picture import one_axes
from shinso.viz.style import language, styled


def frames(count=3):
    shown = np.full((count, 20, 30, 3), 255, np.uint8)
    for i in range(count):
        shown[i, :, : 10 * i] = (0, 100, 50 * i)
    return list(shown)


def bowl(x, y):
    return x**2 + y**2


PATHS = {
    "a": np.column_stack([np.linspace(-1, 0, 5), np.linspace(1, 0, 5)]),
    "b": np.array([[0.5, -0.5], [9.0, 9.0]]),
}


@pytest.fixture(scope="module")
def grown():
    return descent(bowl, (-1, 1), (-1, 1), PATHS)


def test_gif():
    content = Animation(frames(), seconds=0.2).encoded("gif")
    assert content == Animation(frames(), seconds=0.2).encoded()
    with Image.open(io.BytesIO(content)) as image:
        assert (image.n_frames, image.info["duration"], image.info["loop"]) == (3, 200, 0)
        for i, frame in enumerate(frames()):
            image.seek(i)
            assert np.abs(np.asarray(image.convert("RGB"), int) - frame).max() < 8


def test_html_holds_all_frames_and_needs_no_network():
    animation = Animation(frames(), seconds=0.5)
    page = animation.encoded("html").decode()
    assert page == animation.encoded("html").decode()
    uris = json.loads(re.search(r"frames = (\[.*?\]), mill", page)[1])
    assert len(uris) == 3
    assert all(uri.startswith("data:image/png;base64,") for uri in uris)
    assert "milliseconds = 500" in page
    assert 'max="2"' in page
    assert "http" not in page
    assert "再生" not in page
    with language("ja"):
        assert "再生" in animation.encoded("html").decode()


def test_files(tmp_path):
    animation = Animation(frames())
    assert animation.save(tmp_path / "a.GIF").read_bytes() == animation.encoded("gif")
    assert animation.save(str(tmp_path / "a.html")).read_bytes() == animation.encoded("html")
    with pytest.raises(ValueError, match=r"saved as .gif, .html or .mp4"):
        animation.save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="one of gif, html, mp4, not 'png'"):
        animation.encoded("png")
    with pytest.raises(DataError, match="cannot be written"):
        animation.save(tmp_path / "missing" / "a.gif")
    assert animation._repr_png_().startswith(b"\x89PNG")


def test_mp4_without_ffmpeg(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"ffmpeg, which is not installed here: save as \.gif"):
        Animation(frames()).save(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_mp4_with_ffmpeg(monkeypatch, tmp_path):
    # Stands in for ffmpeg: writes down what it was asked and how much it was sent.
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\nfor last; do :; done\n(echo "$@"; wc -c) > "$last"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    shown = [np.zeros((40, 60, 3), np.uint8)] * 4
    written = Animation(shown, 0.5).save(tmp_path / "a.mp4").read_text()
    assert "2.0" in written
    assert int(written.split()[-1]) == 4 * 40 * 60 * 4


def test_one_picture_changed_and_drawn_again():
    @styled
    def sizes():
        picture, axes = one_axes(1.0, 0.5)
        (line,) = axes.plot([0, 1], [0, 1])
        for x in (0.2, 1.0):
            line.set_xdata([0, x])
            yield picture

    animation = Animation.of(sizes(), dpi=40)
    assert [frame.shape for frame in animation.frames] == [(20, 40, 3)] * 2
    assert (animation.frames[0] != animation.frames[1]).any()


def test_paths_grow(grown):
    assert len(grown.frames) == 5
    for earlier, later in pairwise(grown.frames):
        # Only where the paths run does anything change: the ground stays.
        rows, columns = np.nonzero((later != earlier).any(axis=2))
        assert len(rows) > 0
        assert rows.max() < 0.8 * len(later)
        assert columns.max() < 0.8 * later.shape[1]


def test_descent_twice_gives_the_same(grown):
    again = descent(bowl, (-1, 1), (-1, 1), PATHS)
    assert all((a == b).all() for a, b in zip(grown.frames, again.frames, strict=True))


def test_long_paths_take_several_steps_at_once():
    path = np.linspace(-1, 1, 100)[:, None].repeat(2, axis=1)
    few = descent(bowl, (-1, 1), (-1, 1), {"a": path}, frames=3)
    assert len(few.frames) == 3
    whole = descent(bowl, (-1, 1), (-1, 1), {"a": path}, frames=2)
    assert (few.frames[-1] == whole.frames[-1]).all()


def test_errors():
    with pytest.raises(ValueError, match="at least one frame"):
        Animation([])
    with pytest.raises(ValueError, match="seconds is how long"):
        Animation(frames(), 0)
    with pytest.raises(ValueError, match=r"frame 1 is \(4, 4, 3\), and the first one"):
        Animation([frames()[0], np.zeros((4, 4, 3), np.uint8)])
    with pytest.raises(ValueError, match="frame 0 is float64"):
        Animation([np.zeros((4, 4, 3))])
    with pytest.raises(ValueError, match="there are no paths"):
        descent(bowl, (-1, 1), (-1, 1), {})
    with pytest.raises(ValueError, match="at least 2 frames"):
        descent(bowl, (-1, 1), (-1, 1), PATHS, frames=1)
