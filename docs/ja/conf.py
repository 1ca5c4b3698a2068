"""The Japanese site: the same as the English one, in another language."""

import runpy
from pathlib import Path

globals().update(
    {
        name: value
        for name, value in runpy.run_path(str(Path(__file__).parent.parent / "conf.py")).items()
        if not name.startswith("_")
    }
)
language = "ja"
exclude_patterns = []
html_static_path = ["../site/static"]
