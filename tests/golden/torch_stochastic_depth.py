"""PyTorch's spelling of `ops/stochastic_depth.py`, for the cases where nothing is drawn.

It is torchvision's, which is not needed for this.
"""


def stochastic_depth(x, p, mode, training=True):
    assert p in (0, 1) or not training  # what is drawn has no golden value
    return x * (0 if training and p == 1 else 1)


TORCH = {"stochastic_depth": stochastic_depth}
