"""PyTorch's spelling of `ops/dropout.py`, for the cases where nothing is drawn."""


def gaussian_noise(x, std=1.0, training=True):
    assert std == 0 or not training  # noise itself has no golden value
    return x + 0


TORCH = {"gaussian_noise": gaussian_noise}
