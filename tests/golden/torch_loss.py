"""PyTorch's spelling of our losses: two it does not have, and integer targets made floats."""

import torch
import torch.nn.functional as F


def reduced(cost, reduction):
    return cost if reduction == "none" else getattr(cost, reduction)()


def float_target(function):
    return lambda y, t, **options: function(y, t.to(y.dtype), **options)


def hinge_loss(y, t, reduction="mean"):
    return reduced(torch.clamp(1 - t * y, min=0), reduction)


TORCH = {
    "squared_error": lambda y, t: 0.5 * ((y - t) ** 2).sum(),
    "hinge_loss": hinge_loss,
    "mse_loss": float_target(F.mse_loss),
    "l1_loss": float_target(F.l1_loss),
    "smooth_l1_loss": float_target(F.smooth_l1_loss),
    "huber_loss": float_target(F.huber_loss),
}
