"""Two other ways back through a ReLU: that of deconvolutional networks, and that of guided
backpropagation.

    gradient    dx = dy · [x > 0]
    deconvnet   dx = max(dy, 0)
    guided      dx = max(dy, 0) · [x > 0]

ReLU6 is treated alike; in a deconvnet its ceiling does not count. Other activations (leaky ReLU,
ELU, sigmoid, tanh, …) let negative values through as well, and go back by their own gradient.
"""

from __future__ import annotations

import numpy as np

from shinso.cell import Array
from shinso.graph import Function
from shinso.ops.activation import ReLU, ReLU6
from shinso.viz.pull_back import Rules


def _deconvnet(_: Function, dy: Array) -> Array:
    return np.maximum(dy, 0)


def _guided(f: Function, dy: Array) -> Array:
    dx: Array = type(f).backward(f, np.maximum(dy, 0))
    return dx


DECONVNET: Rules = {ReLU: _deconvnet, ReLU6: _deconvnet}
"""Zeiler and Fergus 2014."""

GUIDED: Rules = {ReLU: _guided, ReLU6: _guided}
"""Springenberg et al. 2015."""
