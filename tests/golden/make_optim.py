"""Make tests/golden/optim/*.npz: what PyTorch's optimizers and schedules do, step by step.

Run in an environment with torch==2.13.0 and NumPy; this package is not needed:

    python tests/golden/make_optim.py

The cases and their arguments are in optim_cases.py, and again in each file under
`NAME/LABEL/arguments`, so that a table changed later is noticed. All is float64.

optimizers.npz: `NAME/LABEL/weights<i>`, parameter i after each step (the first axis).
schedules.npz: `NAME/LABEL/lr`, (steps + 1, groups); `NAME/LABEL/momentum` for OneCycleLR.
clip.npz: `norm<p>/…`, gradients clipped and the total norm.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import optim_cases as cases
import torch

FOLDER = Path(__file__).parent / "optim"


def record(arguments) -> np.ndarray:
    return np.array(json.dumps(arguments))


def run_optimizer(name: str, arguments: dict) -> list[np.ndarray]:
    w = [torch.tensor(a, requires_grad=True) for a in cases.start()]
    groups = [{"params": w[:2]}, {"params": w[2:], **cases.SECOND_GROUP}]
    optimizer = getattr(torch.optim, name)(groups, **arguments)
    trace = [[] for _ in w]
    for step in range(cases.STEPS):
        for p, made in zip(w, cases.slopes(step), strict=True):
            p.grad = None if made is None else made[0] * p.detach() + torch.tensor(made[1])
        optimizer.step()
        for path, p in zip(trace, w, strict=True):
            path.append(p.detach().numpy().copy())
    return [np.array(path) for path in trace]


def scheduled(kind=cases.SCHEDULED) -> torch.optim.Optimizer:
    name, arguments, second = kind
    groups = [{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(2)]
    groups[1]["lr"] = second
    return getattr(torch.optim, name)(groups, **arguments)


def follow(optimizer, scheduler, metrics=None) -> dict[str, np.ndarray]:
    lrs, momenta = [], []
    for step in range(cases.SCHEDULE_STEPS + 1):
        lrs.append([float(group["lr"]) for group in optimizer.param_groups])
        momenta.append(
            [
                group["betas"][0] if "betas" in group else group["momentum"]
                for group in optimizer.param_groups
            ]
        )
        if step == cases.SCHEDULE_STEPS:
            break
        optimizer.step()
        scheduler.step(*([] if metrics is None else [metrics[step]]))
    found = {"lr": np.array(lrs)}
    if isinstance(scheduler, torch.optim.lr_scheduler.OneCycleLR):
        found["momentum"] = np.array(momenta)
    return found


def make(optimizer, name: str, arguments: dict):
    kind = getattr(torch.optim.lr_scheduler, name)
    return kind(optimizer, **{k: cases.resolve(v) for k, v in arguments.items()})


def schedules() -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}

    def keep(key: str, arguments, arrays: dict[str, np.ndarray]) -> None:
        found[f"{key}/arguments"] = record(arguments)
        found.update({f"{key}/{name}": array for name, array in arrays.items()})

    for name, labels in cases.SCHEDULES.items():
        for label, arguments in labels.items():
            optimizer = scheduled()
            keep(f"{name}/{label}", arguments, follow(optimizer, make(optimizer, name, arguments)))
    arguments = cases.SCHEDULES["OneCycleLR"]["three"]
    optimizer = scheduled(cases.SCHEDULED_ADAM)
    keep("OneCycleLR/adam", arguments, follow(optimizer, make(optimizer, "OneCycleLR", arguments)))
    for label, (parts, milestones) in cases.SEQUENCES.items():
        optimizer = scheduled()
        inner = [make(optimizer, name, arguments) for name, arguments in parts]
        row = torch.optim.lr_scheduler.SequentialLR(optimizer, inner, milestones)
        keep(f"SequentialLR/{label}", [parts, milestones], follow(optimizer, row))
    for label, (arguments, metrics) in cases.PLATEAUS.items():
        optimizer = scheduled()
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **arguments)
        arrays = follow(optimizer, plateau, metrics)
        keep(f"ReduceLROnPlateau/{label}", [arguments, metrics], arrays)
    return found


def clipping() -> dict[str, np.ndarray]:
    found = {}
    for norm_type in cases.CLIP_NORMS:
        for max_norm in cases.CLIP_LIMITS:
            w = [torch.tensor(a, requires_grad=True) for a in cases.start()]
            for p, made in zip(w, cases.slopes(7), strict=True):
                p.grad = torch.tensor(made[1])
            total = torch.nn.utils.clip_grad_norm_(w, max_norm, norm_type)
            key = f"norm{norm_type}/max{max_norm}"
            found[f"{key}/total"] = total.numpy()
            found.update({f"{key}/grad{i}": p.grad.numpy() for i, p in enumerate(w)})
    return found


def main() -> None:
    # Scalars of state such as NAdam's product of momenta follow PyTorch's default dtype.
    torch.set_default_dtype(torch.float64)
    FOLDER.mkdir(exist_ok=True)
    found: dict[str, np.ndarray] = {}
    for name, labels in cases.OPTIMIZERS.items():
        for label, arguments in labels.items():
            key = f"{name}/{label}"
            found[f"{key}/arguments"] = record(arguments)
            for i, path in enumerate(run_optimizer(name, arguments)):
                found[f"{key}/weights{i}"] = path
    np.savez_compressed(FOLDER / "optimizers.npz", **found)
    np.savez_compressed(FOLDER / "schedules.npz", **schedules())
    np.savez_compressed(FOLDER / "clip.npz", **clipping())
    print(f"written to {FOLDER}, with torch {torch.__version__}")


if __name__ == "__main__":
    main()
