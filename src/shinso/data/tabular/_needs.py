"""Says what to install when pandas or scikit-learn is missing; imported before what needs them."""

try:
    import pandas as pandas
    import sklearn as sklearn
except ImportError as error:
    raise ImportError(
        "shinso.data.tabular is built on pandas and scikit-learn: pip install 'shinso[data]'"
    ) from error
