"""Pictures of the inside: of graphs, networks and training. Needs `pip install 'shinso[viz]'`."""

from shinso.viz import _needs as _needs
from shinso.viz.diagram import Diagram
from shinso.viz.graph import graph
from shinso.viz.picture import Picture
from shinso.viz.style import get_language, language, set_language

__all__ = ["Diagram", "Picture", "get_language", "graph", "language", "set_language"]
