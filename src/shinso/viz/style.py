"""How all pictures look: colours that colour-blind readers can tell apart, letters large enough for
a slide, and Japanese where it is asked for."""

from __future__ import annotations

import functools
import importlib.util
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
from cycler import cycler
from matplotlib import font_manager

# Okabe and Ito's colours.
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
PINK, SKY, AMBER, BLACK = "#cc79a7", "#56b4e9", "#e69f00", "#1c1c1c"
COLOURS = (BLUE, ORANGE, GREEN, PINK, AMBER, SKY, BLACK)
DASHES = ("-", "--", "-.", ":")
QUIET = "#5a5a5a"
SEQUENTIAL, SIGNED = "viridis", "RdBu_r"
"""Colour maps of what is never negative, and of what has a zero in the middle."""

LANGUAGES = ("en", "ja")
_JAPANESE_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Hiragino Sans",
    "Yu Gothic",
    "Meiryo",
    "IPAexGothic",
    "IPAGothic",
    "TakaoGothic",
)
_STYLE: Any = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "figure.titlesize": 14,
    "legend.fontsize": 11,
    "xtick.labelsize": 11,
    "ytick.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e2",
    "grid.linewidth": 0.8,
    "axes.edgecolor": "#8a8a8a",
    "axes.labelcolor": "#1c1c1c",
    "xtick.color": "#3c3c3c",
    "ytick.color": "#3c3c3c",
    "lines.linewidth": 2.0,
    "axes.prop_cycle": cycler(color=COLOURS),
    "image.cmap": SEQUENTIAL,
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "shinso",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.unicode_minus": True,
    "mathtext.fontset": "dejavusans",
}

P = ParamSpec("P")
R = TypeVar("R")


class _Choice(threading.local):
    language = "en"


_choice = _Choice()


def set_language(language: str) -> None:
    """The language of labels from now on, in this thread: "en" or "ja".

    Raises ValueError for another, and FileNotFoundError if there is no Japanese font.
    """
    if language not in LANGUAGES:
        raise ValueError(f"labels are in 'en' or 'ja', not {language!r}")
    if language == "ja":
        japanese_font()
    _choice.language = language


def get_language() -> str:
    """The language of labels: "en" or "ja"."""
    return _choice.language


@contextmanager
def language(name: str) -> Iterator[None]:
    """Inside the block labels are in that language: `with viz.language("ja"): …`."""
    before = _choice.language
    set_language(name)
    try:
        yield
    finally:
        _choice.language = before


def say(english: str, japanese: str) -> str:
    """The text in the chosen language."""
    return japanese if _choice.language == "ja" else english


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Give a function that draws the style of this module, whatever the user's own settings."""

    @functools.wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_STYLE)
            if _choice.language == "ja":
                mpl.rcParams["font.family"] = [japanese_font(), "DejaVu Sans"]
            return function(*args, **kwargs)

    return inside


def packaged_fonts() -> Path | None:
    """The folder of matplotlib-fontja's fonts, or None without that package."""
    package = importlib.util.find_spec("matplotlib_fontja")
    for folder in (package and package.submodule_search_locations) or ():
        return Path(folder) / "fonts"
    return None


@functools.cache
def japanese_font() -> str:
    """The name of a font with Japanese letters: the system's, or the one of matplotlib-fontja.

    Raises FileNotFoundError if there is neither.
    """
    known = {font.name for font in font_manager.fontManager.ttflist}
    for name in _JAPANESE_FONTS:
        if name in known:
            return name
    folder = packaged_fonts()
    for file in sorted(folder.glob("*.ttf")) if folder is not None else ():
        font_manager.fontManager.addfont(file)
        return str(font_manager.FontProperties(fname=file).get_name())
    raise FileNotFoundError(
        "no Japanese font was found: pip install 'shinso[viz]' brings one, or install Noto Sans CJK"
    )
