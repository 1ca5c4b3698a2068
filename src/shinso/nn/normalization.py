"""Normalization layers: over the batch, over a layer, over groups of channels, over one image."""

from __future__ import annotations

from typing import Any

import numpy as np

from shinso import ops
from shinso.graph import Tensor, get_default_dtype
from shinso.nn import init
from shinso.nn.checks import check_dtype
from shinso.nn.linear import new_parameter
from shinso.nn.module import Module, Parameter


class _RunningNorm(Module):
    """Scale and shift per channel, and running statistics: batch and instance normalization."""

    ranks: tuple[int, ...]  # the numbers of axes it takes

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight: Parameter | None
        self.bias: Parameter | None
        self.running_mean: Tensor | None
        self.running_var: Tensor | None
        self.num_batches_tracked: Tensor | None
        self.register_parameter("weight", new_parameter(num_features) if affine else None)
        self.register_parameter("bias", new_parameter(num_features) if affine else None)
        dtype = get_default_dtype()
        tracked = track_running_stats
        self.register_buffer("running_mean", np.zeros(num_features, dtype) if tracked else None)
        self.register_buffer("running_var", np.ones(num_features, dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", np.array(0) if tracked else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0, running mean 0 and variance 1."""
        if self.weight is not None and self.bias is not None:
            init.ones_(self.weight)
            init.zeros_(self.bias)
        self.reset_running_stats()

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        if self.running_mean is not None and self.running_var is not None:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked.data = np.array(0)

    def check(self, x: Any) -> None:
        """Refuse inputs of the wrong number of axes, channels or dtype."""
        shape = tuple(x.shape)
        if len(shape) not in self.ranks:
            axes = " or ".join(str(r) for r in self.ranks)
            raise ValueError(f"got an input of shape {shape}: it takes {axes} axes (N, C, …)")
        if shape[1] != self.num_features:
            raise ValueError(
                f"got an input of shape {shape}: axis 1 must have {self.num_features} channels"
            )
        known = self.weight if self.weight is not None else self.running_mean
        if known is not None:
            check_dtype(x, known)

    def label(self) -> str:
        """The number of channels."""
        return f"{self.num_features} channels"

    def extra_repr(self) -> str:
        """The arguments."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats)

    def count_batch(self) -> Any:
        """Count this batch; returns how much of the new statistics the running ones take."""
        counter = self.num_batches_tracked
        if not (self.training and counter is not None):
            return self.momentum if self.momentum is not None else 0.0
        counter.data = counter.data + 1
        if self.momentum is not None or self.running_mean is None:
            return self.momentum
        # momentum=None: the plain mean of all batches so far.
        return (1.0 / counter.data).astype(self.running_mean.dtype)

    def forward(self, x: Any) -> Tensor:
        """Normalize by the batch's statistics in training, by the running ones in evaluation."""
        self.check(x)
        return ops.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            self.count_batch(),
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalization of (N, C) or (N, C, W). Arguments as for `BatchNorm2d`."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalization: y = γ (x - mean) / √(variance + ε) + β per channel. Ioffe & Szegedy
    2015.

    num_features: C. momentum: how much of each batch's statistics the running ones take (PyTorch's
    meaning: new = 0.9 old + 0.1 batch; Keras writes 0.9 for the same); None for the plain mean of
    all batches. affine: learn γ (`weight`) and β (`bias`). track_running_stats: keep running
    statistics for evaluation; without them the batch's are used there, too.
    Input (N, C, H, W). State: weight, bias, running_mean, running_var (C,), num_batches_tracked.
    """

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalization of (N, C, D, H, W). Arguments as for `BatchNorm2d`."""

    ranks = (5,)


class _InstanceNorm(_RunningNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats)

    def forward(self, x: Any) -> Tensor:
        """Normalize each channel of each sample by itself."""
        self.check(x)
        return ops.instance_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """Instance normalization of (N, C, W). Arguments as for `InstanceNorm2d`."""

    ranks = (3,)


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each image normalized by itself. Ulyanov et al. 2016.

    Arguments as for `BatchNorm2d`; scale, shift and running statistics are off by default.
    """

    ranks = (4,)


class InstanceNorm3d(_InstanceNorm):
    """Instance normalization of (N, C, D, H, W). Arguments as for `InstanceNorm2d`."""

    ranks = (5,)


class LayerNorm(Module):
    """Normalization over the last axes of each sample: no batch, no running statistics.

    normalized_shape: the lengths of the last axes. elementwise_affine: learn a scale and, with
    bias, a shift for each element. State: weight, bias of `normalized_shape`. Ba et al. 2016.
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape, self.eps = tuple(shape), eps
        self.weight: Parameter | None
        self.bias: Parameter | None
        learned = elementwise_affine
        self.register_parameter("weight", new_parameter(*shape) if learned else None)
        self.register_parameter("bias", new_parameter(*shape) if learned and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Any) -> Tensor:
        """Normalize over the last axes."""
        if self.weight is not None:
            check_dtype(x, self.weight)
        return ops.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.normalized_shape}, eps={self.eps}, affine={self.weight is not None}"


class GroupNorm(Module):
    """Normalization over groups of neighbouring channels of each sample. Wu & He 2018.

    num_groups divides num_channels. State: weight, bias (C,) if affine.
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True
    ) -> None:
        super().__init__()
        if num_groups < 1 or num_channels % num_groups:
            raise ValueError(f"{num_channels} channels cannot be divided into {num_groups} groups")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight: Parameter | None
        self.bias: Parameter | None
        self.register_parameter("weight", new_parameter(num_channels) if affine else None)
        self.register_parameter("bias", new_parameter(num_channels) if affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0."""
        if self.weight is not None and self.bias is not None:
            init.ones_(self.weight)
            init.zeros_(self.bias)

    def forward(self, x: Any) -> Tensor:
        """Normalize each group."""
        if self.weight is not None:
            check_dtype(x, self.weight)
        return ops.group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The arguments."""
        affine = self.weight is not None
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={affine}"


class LocalResponseNorm(Module):
    """Each value divided by a measure of its neighbours across channels. Krizhevsky et al. 2012.

    y = x / (k + α/size Σ x²)^β over `size` channels around it.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x: Any) -> Tensor:
        """Divide by the neighbours."""
        return ops.local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The arguments."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
