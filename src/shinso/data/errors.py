"""The one error of the data part: something is wrong with a file or a table, and where."""

from __future__ import annotations


class DataError(ValueError):
    """A file or folder with data cannot be used; the message names it and says what to do.

    It is a `ValueError`, so code that knows nothing of shinso can catch it too.
    """
