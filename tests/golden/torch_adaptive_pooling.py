"""PyTorch's spelling of the global pools of `ops/adaptive_pooling.py`."""

import torch


def spatial(x):
    return tuple(range(2, x.ndim))


TORCH = {
    "global_avg_pool": lambda x, keepdims: x.mean(spatial(x), keepdim=keepdims),
    "global_max_pool": lambda x, keepdims: torch.amax(x, spatial(x), keepdim=keepdims),
}
