"""Says what to install when a library of the lab is missing; imported before they are."""

try:
    import latex2mathml
    import matplotlib
    import pygments
    import sklearn
except ImportError as error:
    raise ImportError(
        f"shinso.lab needs {error.name}, which is missing: pip install 'shinso[lab]'"
    ) from None

__all__ = ["latex2mathml", "matplotlib", "pygments", "sklearn"]
