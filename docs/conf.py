"""The site of the documents: `make docs` builds it in English, and in Japanese from docs/ja."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "site"))

from shinso import __version__

project = "shinso"
author = "the shinso authors"
copyright = "the shinso authors, MIT licence"
version = release = __version__
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "docstrings", "formulas"]
myst_enable_extensions = ["dollarmath", "colon_fence", "attrs_inline"]
myst_heading_anchors = 3
exclude_patterns = ["ja", "lab", "build", "site"]
default_role = "literal"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
html_theme = "furo"
html_title = "shinso 深層"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
suppress_warnings = ["myst.xref_missing", "autodoc.mocked_object"]
