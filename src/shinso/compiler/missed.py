"""The answer of the short way of calling (see `fast`) to a call that does not fit."""

from __future__ import annotations

from typing import Any

MISS: Any = object()
"""This call has to go the long way."""
