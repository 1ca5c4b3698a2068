"""Make tests/golden/nn.npz: state, outputs and gradients of PyTorch's layers, for the table of
layers.

    python tests/golden/make_nn.py        # with torch==2.13.0

Keys: `NAME|train|output`, `NAME|eval|output`, `NAME|grad|KEY` and `NAME|input_grad` (of Σ g·output
in training mode with g = default_rng(1).standard_normal), `NAME|after|KEY` (the state after one
training step).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from layer_cases import LAYERS, layer_input, value


def evaluate(name: str) -> dict[str, np.ndarray]:
    layer = LAYERS[name][0](torch.nn).double()
    filled = {k: torch.as_tensor(value(k, tuple(v.shape))) for k, v in layer.state_dict().items()}
    layer.load_state_dict(filled)
    x = torch.from_numpy(layer_input(name)).requires_grad_()
    found = {f"{name}|eval|output": layer.eval()(x).detach().numpy()}
    y = layer.train()(x)
    found[f"{name}|train|output"] = y.detach().numpy()
    g = torch.from_numpy(np.random.default_rng(1).standard_normal(tuple(y.shape)))
    (y * g).sum().backward()
    found[f"{name}|input_grad"] = x.grad.numpy()
    for key, p in layer.named_parameters():
        found[f"{name}|grad|{key}"] = p.grad.numpy()
    for key, v in layer.state_dict().items():
        found[f"{name}|after|{key}"] = v.numpy()
    return found


def main() -> None:
    arrays: dict[str, np.ndarray] = {}
    for name in LAYERS:
        arrays.update(evaluate(name))
    np.savez_compressed(Path(__file__).parent / "nn.npz", **arrays)
    print(f"{len(LAYERS)} layers, {len(arrays)} arrays")


if __name__ == "__main__":
    main()
