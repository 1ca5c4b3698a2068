"""PyTorch's side of the golden networks: formula weights, outputs, gradients, one small file each.

A generating script is a list of cases:

    from reference import Case, main

    CASES = [Case("vgg11", lambda: torchvision.models.vgg11(init_weights=False), side=64), …]
    if __name__ == "__main__":
        main(CASES)

Run it with the names of some cases, or without for all of them. `tests/models/zoo.py` makes the
same from our networks.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

OUTPUTS, GRADIENTS = 128, 48  # as in tests/models/zoo.py
SPREAD = 5  # gradients kept: of so many parameters from first to last


@dataclass(frozen=True)
class Case:
    """One golden file.

    file: its name, by default that of the model. build: makes the reference network. side: of the
    square input; None for a network so large that only its keys and count are kept. also: names of
    parameters whose gradients are wanted besides those spread over the network, such as those of
    auxiliary heads. rename: turns the state's names into ours.
    """

    file: str
    build: Callable[[], torch.nn.Module]
    side: int | None = None
    channels: int = 3
    also: tuple[str, ...] = ()
    rename: Callable[[str], str] = str


def main(cases: Iterable[Case]) -> None:
    """Write the files of the cases named on the command line, or of all."""
    by_name = {case.file: case for case in cases}
    for name in sys.argv[1:] or by_name:
        arrays = make(by_name[name])
        path = Path(__file__).parent / f"{name}.npz"
        np.savez_compressed(path, **arrays)
        size = path.stat().st_size
        print(f"{name}: {arrays['parameters']:,} parameters, {len(arrays)} arrays, {size} bytes")
        assert size < 20_000


def make(case: Case) -> dict[str, np.ndarray]:
    """All arrays of one case."""
    model = without_chance(case.build()).double()
    names = {case.rename(key): key for key in model.state_dict()}
    pairs = [[name, list(model.state_dict()[key].shape)] for name, key in names.items()]
    counted = sum(p.numel() for p in model.parameters() if p.requires_grad)
    arrays = {
        "hash": np.array(hashlib.sha256(json.dumps(pairs).encode()).hexdigest()[:16]),
        "parameters": np.array(counted),
    }
    if case.side is None:
        return arrays
    fill(model, case.rename)
    shape = (2, case.channels, case.side, case.side)
    x = torch.from_numpy(np.random.default_rng(0).standard_normal(shape))
    wanted = spread(model) + [key for key in names.values() if case.rename(key) in case.also]
    arrays["input_shape"] = np.array(shape)
    y, grads = with_gradients(model.eval(), x, wanted, case.rename)
    arrays |= {"output": sample(y, OUTPUTS), **grads}
    y, grads = with_gradients(model.train(), x, wanted, case.rename)
    heads = y._asdict() if hasattr(y, "_asdict") else {"output": y}
    arrays |= {f"train:{name}": sample(head, OUTPUTS) for name, head in heads.items()}
    arrays |= {f"train_{key}": value for key, value in grads.items()}
    for key, value in last_statistics(model):
        arrays[f"after:{case.rename(key)}"] = sample(value, GRADIENTS)
    return arrays


def without_chance(model: torch.nn.Module) -> torch.nn.Module:
    """Switch off dropout and stochastic depth."""
    for module in model.modules():
        for name in ("p", "drop_prob", "drop_rate"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)
    return model


def fill(model: torch.nn.Module, rename: Callable[[str], str] = str) -> None:
    """Give every entry of the state its value by name and shape."""
    with torch.no_grad():
        for key, value in model.state_dict().items():
            value.copy_(torch.from_numpy(formula(rename(key), tuple(value.shape))))


def formula(key: str, shape: tuple[int, ...]) -> np.ndarray:
    """The value of one entry of a state."""
    if key.endswith("num_batches_tracked"):
        return np.zeros(shape, np.int64)
    n = np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape)
    if n.ndim >= 2:
        return n * math.sqrt(2 / math.prod(shape[1:]))
    if key.endswith("running_var"):
        return np.exp(0.2 * n)
    if key.endswith(("running_mean", "bias")):
        return 0.1 * n
    return 1 + 0.1 * n


def spread(model: torch.nn.Module) -> list[str]:
    """The first parameter, the last, and some between."""
    names = [name for name, _ in model.named_parameters()]
    return list(dict.fromkeys(names[i * (len(names) - 1) // SPREAD] for i in range(SPREAD + 1)))


def with_gradients(
    model: torch.nn.Module, x: torch.Tensor, wanted: list[str], rename: Callable[[str], str]
) -> tuple[Any, dict[str, np.ndarray]]:
    """The output, and the gradients of Σ g·output (over all heads) of the wanted parameters."""
    model.zero_grad()
    x = x.clone().requires_grad_()
    y = model(x)
    parts = []
    for head in y if isinstance(y, tuple) else (y,):
        g = np.random.default_rng(1).standard_normal(tuple(head.shape))
        parts.append((head * torch.from_numpy(g)).sum())
    sum(parts[1:], parts[0]).backward()
    grads = {"input_grad": sample(x.grad, GRADIENTS)}
    for key in wanted:
        gradient = model.get_parameter(key).grad
        if gradient is not None:  # an auxiliary head has none in evaluation
            grads[f"grad:{rename(key)}"] = sample(gradient, GRADIENTS)
    return y, grads


def last_statistics(model: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    """The last running mean and variance: they show a batch norm's momentum."""
    return [(k, v) for k, v in model.state_dict().items() if k.split(".")[-1][:8] == "running_"][
        -2:
    ]


def sample(values: torch.Tensor, limit: int) -> np.ndarray:
    """Every k-th number, so that at most `limit` are left."""
    flat = values.detach().numpy().ravel()
    return flat[:: max(1, math.ceil(flat.size / limit))].copy()
