"""Says what to install when scikit-learn is missing; imported before anything that needs it."""

try:
    import sklearn as sklearn
except ImportError as error:
    raise ImportError(
        "shinso.classical follows scikit-learn's estimator protocol and needs it: "
        "pip install 'shinso[data]'"
    ) from error
