"""The workloads in PyTorch, in the three ways that could be its fastest.

eager: as most people run it. channels_last: eager with images stored pixel by pixel (NHWC), which
its convolutions like best. compile: `torch.compile`, which writes and compiles C++.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch.nn import functional

from bench import zoo_peer
from bench.networks import NETWORKS, Framework
from bench.side import State
from bench.workloads import Workload

TORCH = Framework(torch.nn, partial(torch.nn.ReLU, inplace=True), functional.pad)


def _network(workload: Workload) -> torch.nn.Module:
    if workload.name in NETWORKS:
        return NETWORKS[workload.name](TORCH)
    return zoo_peer.build(workload.name, workload.classes)


class TorchNetwork:
    """A network, its data and its optimizer (see `bench.side.Network`)."""

    def __init__(self, workload: Workload, variant: str, batch: int) -> None:
        self.workload = workload
        layout = torch.channels_last if variant == "channels_last" else torch.contiguous_format
        self.model = _network(workload).to(memory_format=layout)
        x, self.t = (torch.from_numpy(array) for array in workload.data(batch))
        self.x = x.contiguous(memory_format=layout)
        self.one = x[:1].contiguous(memory_format=layout)
        self.forward: Callable[..., Any] = self.model
        self.objective: Callable[..., Any] = self._objective
        if variant == "compile":
            # dynamic=False: code for exactly these shapes, which is the faster.
            self.forward = torch.compile(self.model, dynamic=False)
            self.objective = torch.compile(self._objective, dynamic=False)
        self._new_optimizer()

    def _objective(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        if self.workload.binary:
            return functional.binary_cross_entropy_with_logits(self.model(x), t)
        return functional.cross_entropy(self.model(x), t)

    def _new_optimizer(self) -> None:
        # fused: one pass over weights, gradients and velocities, PyTorch's fastest SGD.
        self.optimizer = torch.optim.SGD(
            self.model.parameters(),
            lr=self.workload.lr,
            momentum=self.workload.momentum,
            fused=True,
        )

    def load(self, state: State) -> None:
        zoo_peer.load(self.model, state)
        self._new_optimizer()

    def state(self) -> State:
        return {name: tensor.numpy().copy() for name, tensor in self.model.state_dict().items()}

    def step(self) -> torch.Tensor:
        loss: torch.Tensor = self.objective(self.x, self.t)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss

    def losses(self, steps: int) -> list[float]:
        self.model.train(not self.workload.dropout)
        return [float(self.step().detach()) for _ in range(steps)]

    @contextmanager
    def ready(self, mode: str) -> Iterator[Callable[[], Any]]:
        self.model.train(mode == "train")
        if mode == "train":
            yield self.step
        else:
            with torch.inference_mode():
                yield lambda: self.forward(self.one)


class TorchSide:
    """PyTorch in all the ways that could be its best (see `bench.side.Side`)."""

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)

    def variants(self, workload: Workload) -> list[str]:
        layouts = ["channels_last"] if len(workload.shape) == 3 else []
        return ["eager", *layouts, "compile"]

    def build(self, workload: Workload, variant: str, batch: int) -> TorchNetwork:
        return TorchNetwork(workload, variant, batch)

    def versions(self) -> dict[str, str]:
        return {"PyTorch": torch.__version__}
