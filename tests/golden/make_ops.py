"""Make tests/golden/ops/*.npz: what PyTorch gives for every case of the table of op cases.

Run in an environment with torch==2.13.0 and this package installed:

    python tests/golden/make_ops.py [OP ...]      # all ops, or only those named

Inputs come from the table (float64, seeded by the case's name); the gradient is that of Σ g·output
with g = numpy.random.default_rng(1).standard_normal(output.shape), drawn in the order of the
outputs. Keys: `LABEL/output<i>`, `LABEL/grad<i>`.
"""

from __future__ import annotations

import dataclasses
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from shinso.ops.cases import CASES, Case

# Where PyTorch's name or arguments differ from ours: one `torch_<family>.py` for each family of
# ops.
TORCH = {
    name: call
    for file in sorted(Path(__file__).parent.glob("torch_*.py"))
    for name, call in import_module(file.stem).TORCH.items()
}


def lookup(op: str):
    return TORCH.get(op) or getattr(F, op, None) or getattr(torch, op)


def tensor(value):
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value.copy())
    return value


def evaluate(case: Case) -> dict[str, np.ndarray]:
    inputs = [tensor(x) for x in case.arrays(np.float64)]
    for x in inputs:
        x.requires_grad_(x.is_floating_point())
    floats = [
        torch.tensor(b, dtype=torch.float64) if isinstance(b, float) else b for b in case.before
    ]
    converted = dataclasses.replace(
        case,
        arguments={k: tensor(v) for k, v in case.arguments.items()},
        before=tuple(floats),
    )
    result = converted.call(lookup(case.op), inputs)
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    rng = np.random.default_rng(1)
    found = {}
    total = None
    for i, y in enumerate(results):
        found[f"{case.label}/output{i}"] = y.detach().numpy()
        g = torch.from_numpy(np.asarray(rng.standard_normal(tuple(y.shape))))
        if y.requires_grad:
            total = (y * g).sum() + (0 if total is None else total)
    if total is not None:
        total.backward()
    for i, x in enumerate(inputs):
        if x.grad is not None:
            found[f"{case.label}/grad{i}"] = x.grad.numpy()
    return found


def main(wanted: list[str]) -> None:
    folder = Path(__file__).parent / "ops"
    folder.mkdir(exist_ok=True)
    by_op: dict[str, dict[str, np.ndarray]] = {}
    for case in CASES:
        if case.random or case.no_golden or (wanted and case.op not in wanted):
            continue
        by_op.setdefault(case.op, {}).update(evaluate(case))
    for op, arrays in sorted(by_op.items()):
        np.savez_compressed(folder / f"{op}.npz", **arrays)
    print(f"{len(by_op)} ops written to {folder}")


if __name__ == "__main__":
    main(sys.argv[1:])
