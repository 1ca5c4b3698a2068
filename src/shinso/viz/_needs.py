"""Says what to install when the libraries for pictures are missing; imported before they are."""

try:
    import matplotlib
    import pygraphviz
except ImportError as error:
    raise ImportError(
        f"shinso.viz draws with matplotlib and Graphviz, and {error.name} is missing: "
        "pip install 'shinso[viz]'"
    ) from None

__all__ = ["matplotlib", "pygraphviz"]
