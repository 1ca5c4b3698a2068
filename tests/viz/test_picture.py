"""Pictures and diagrams: files, bytes, languages, fonts, and that users' settings stay."""

import os
import threading
from pathlib import Path

import matplotlib as mpl
import matplotlib.font_manager as fonts
import numpy as np
import pytest

from shinso.data import DataError
from shinso.viz import style
from shinso.viz.diagram import Diagram, quoted
from shinso.viz.numbers import number, short
from shinso.viz.picture import Picture, grid, new_picture, one_axes
from shinso.viz.style import get_language, japanese_font, language, say, set_language, styled

STARTS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture(autouse=True)
def english():
    with language("en"):
        yield


@styled
def labelled(width=3.0):
    picture, axes = one_axes(width, 2.0, title=say("loss − 1", "損失 − 1"))
    axes.plot([-1, 2], [3e-4, -4])
    axes.set_xlabel(say("step", "勾配降下法のステップ"))
    return picture


@pytest.mark.parametrize("kind", STARTS)
def test_files_by_ending(kind, tmp_path):
    picture = labelled()
    path = picture.save(tmp_path / f"a.{kind.upper()}")
    content = path.read_bytes()
    assert content.startswith(STARTS[kind])
    assert content == picture.encoded(kind) == labelled().encoded(kind)


def test_dpi_and_pixels():
    picture = labelled()
    assert picture.pixels(100).shape == (200, 300, 3)
    assert picture.pixels(50).dtype == np.uint8
    assert picture._repr_png_().startswith(STARTS["png"])


def test_bad_endings_and_places(tmp_path):
    with pytest.raises(ValueError, match=r"saved as .png, .svg or .pdf"):
        labelled().save(tmp_path / "a.jpg")
    with pytest.raises(DataError, match="cannot be written"):
        labelled().save(tmp_path / "missing" / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_grid_is_flat_row_by_row():
    picture, axes = grid(2, 3, 6.0, 4.0, "title")
    assert isinstance(picture, Picture)
    assert len(axes) == 6
    assert axes[1].get_subplotspec().colspan.start == 1
    assert picture.get_suptitle() == "title"
    assert new_picture().get_suptitle() == ""


def test_the_users_settings_count_for_nothing_and_stay():
    plain = labelled().encoded("png", 60)
    with mpl.rc_context({"font.size": 40, "lines.linewidth": 9, "axes.facecolor": "red"}):
        before = dict(mpl.rcParams)
        assert labelled().encoded("png", 60) == plain
        assert dict(mpl.rcParams) == before


def test_settings_stay_when_drawing_fails():
    @styled
    def broken():
        raise RuntimeError("no")

    before = dict(mpl.rcParams)
    with pytest.raises(RuntimeError, match="no"):
        broken()
    assert dict(mpl.rcParams) == before


def test_japanese_is_drawn_with_a_font_that_has_it():
    with language("ja"):
        content = labelled().encoded("png", 60)  # a warning of a missing glyph would be an error
    assert content != labelled().encoded("png", 60)
    face = fonts.get_font(fonts.findfont(japanese_font()))
    text = (
        "活性化関数過学習畳み込み学習率重みバイアス順伝播逆伝播勾配消失初期化正則化汎化交差誤差特徴"
    )
    for letter in text + "実行可能領域制約損失検証正解率予測出発点":
        assert face.get_char_index(ord(letter)), letter


def test_without_a_japanese_font(monkeypatch):
    japanese_font.cache_clear()
    monkeypatch.setattr(style, "_JAPANESE_FONTS", ())
    monkeypatch.setattr(style, "packaged_fonts", lambda: None)
    try:
        with pytest.raises(FileNotFoundError, match="no Japanese font was found"):
            set_language("ja")
        assert get_language() == "en"
    finally:
        monkeypatch.undo()
        japanese_font.cache_clear()


def test_languages():
    assert say("a", "あ") == "a"
    with language("ja"):
        assert say("a", "あ") == "あ"
    assert say("a", "あ") == "a"

    @language("ja")
    def broken():
        raise RuntimeError(get_language())

    with pytest.raises(RuntimeError, match="ja"):
        broken()
    assert get_language() == "en"
    with pytest.raises(ValueError, match="'en' or 'ja', not 'fr'"):
        set_language("fr")


def test_each_thread_has_its_own_language():
    found = []
    with language("ja"):
        thread = threading.Thread(target=lambda: found.append(get_language()))
        thread.start()
        thread.join()
    assert found == ["en"]


def test_diagram_files(tmp_path):
    inner = Diagram("digraph { b }")
    outer = Diagram('digraph { a [URL="a/inner.svg"] }', {"inner": inner})
    assert outer.save(tmp_path / "a.svg") == tmp_path / "a.svg"
    assert (tmp_path / "a" / "inner.svg").read_text().count("<svg") == 1
    assert outer.save(tmp_path / "a.dot").read_text() == outer.dot
    for kind in ("png", "pdf"):
        assert outer.save(tmp_path / f"b.{kind}").read_bytes().startswith(STARTS[kind])
    assert not (tmp_path / "b").exists()
    assert outer.svg() == outer._repr_svg_() == outer.encoded("svg").decode()


def test_diagram_errors(tmp_path):
    with pytest.raises(ValueError, match=r"saved as .svg, .png, .pdf or .dot"):
        Diagram("digraph { a }").save(tmp_path / "a.gif")
    (tmp_path / "a").write_text("in the way")
    with pytest.raises(DataError, match="cannot be made"):
        Diagram("digraph { a }", {"b": Diagram("digraph { b }")}).save(tmp_path / "a.svg")


def test_a_diagram_leaves_the_environment(monkeypatch):
    monkeypatch.delenv("FONTCONFIG_FILE", raising=False)
    Diagram("digraph { a }").encoded("svg")
    assert "FONTCONFIG_FILE" not in os.environ


def test_quoted_text_comes_out_as_it_went_in():
    label = quoted('say "x" <&> ü 層')
    svg = Diagram(f"digraph {{ a [label={label}] }}").svg()
    assert "say &quot;x&quot; &lt;&amp;&gt; ü 層" in svg
    assert quoted("a\nb\\") == '"a\\nb\\\\"'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25, "0.25"), (-2.0, "−2"), (1e-7, "1e−07"), (True, "1"), (np.array([[3]]), "3"),
        ([1, -2.5], "[1, −2.5]"), (np.zeros(5), "5"), (np.zeros((3, 4)), "3×4"),
        (123456.0, "123,456"), (1e4, "10,000"), (1234.5, "1,234"),
        (61100840, "61,100,840"), (2.5e13, "2.5e+13"),
        (float("nan"), "nan"), (np.zeros((0, 2)), "0×2"),
    ],
)  # fmt: skip
def test_short(value, text):
    assert short(value) == text


def test_number_of_four_digits():
    assert number(3.14159) == "3.142"
    assert number(np.float32(0.1)) == "0.1"


def test_pyplot_stays_out():
    folder = Path(style.__file__).parent
    assert not [
        file for file in folder.glob("*.py") if "pyplot" in file.read_text().split('"""')[2]
    ]
