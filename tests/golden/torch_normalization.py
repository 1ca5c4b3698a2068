"""PyTorch's spelling of `ops/normalization.py`.

Its backward fails for a bias without a weight, so there the weight is ones.
"""

import torch
import torch.nn.functional as F


def with_weight(function):
    def call(*args, weight=None, bias=None, **options):
        if weight is None and bias is not None:
            weight = torch.ones_like(bias)
        return function(*args, weight=weight, bias=bias, **options)

    return call


@with_weight
def layer_norm(x, normalized_shape, **options):
    shape = [normalized_shape] if isinstance(normalized_shape, int) else normalized_shape
    return F.layer_norm(x, shape, **options)


TORCH = {
    "batch_norm": with_weight(F.batch_norm),
    "layer_norm": layer_norm,
    "group_norm": with_weight(F.group_norm),
    "instance_norm": with_weight(F.instance_norm),
}
