"""The cases of tests/golden/optim: which optimizers and schedules, with which arguments.

Shared by the script that makes the golden values with PyTorch and by the tests that check ours.
Names and arguments are the same in both libraries. It imports neither.
"""

from __future__ import annotations

import math

import numpy as np

STEPS = 20
SCHEDULE_STEPS = 40

# name of the optimizer -> label -> arguments
OPTIMIZERS = {
    "SGD": {
        "plain": {"lr": 0.05},
        "momentum": {"lr": 0.05, "momentum": 0.9},
        "dampening": {"lr": 0.05, "momentum": 0.9, "dampening": 0.3},
        "nesterov": {"lr": 0.05, "momentum": 0.9, "nesterov": True},
        "decay": {"lr": 0.05, "momentum": 0.5, "weight_decay": 0.1},
        "maximize": {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1, "maximize": True},
    },
    "Adagrad": {
        "default": {},
        "decays": {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.01},
        "start": {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3, "maximize": True},
    },
    "RMSprop": {
        "default": {},
        "centered": {"lr": 0.02, "alpha": 0.9, "centered": True},
        "momentum": {"lr": 0.02, "alpha": 0.9, "momentum": 0.8, "weight_decay": 0.01},
        "all": {"lr": 0.01, "momentum": 0.5, "centered": True, "eps": 1e-2, "maximize": True},
    },
    "Adam": {
        "default": {},
        "betas": {"lr": 0.05, "betas": (0.5, 0.9), "eps": 1e-3},
        "amsgrad": {"lr": 0.05, "betas": (0.8, 0.7), "amsgrad": True},
        "decay": {"lr": 0.05, "weight_decay": 0.1, "maximize": True},
        "decoupled": {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True},
        "zero": {"lr": 0.05, "betas": (0.0, 0.0)},
    },
    "AdamW": {
        "default": {},
        "decay": {"lr": 0.1, "weight_decay": 0.2, "amsgrad": True, "maximize": True},
    },
    "Adadelta": {
        "default": {},
        "rho": {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1},
        "maximize": {"maximize": True},
    },
    "NAdam": {
        "default": {},
        "betas": {"lr": 0.05, "betas": (0.5, 0.9), "momentum_decay": 0.1, "weight_decay": 0.1},
        "decoupled": {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True},
        "maximize": {"eps": 1e-2, "maximize": True},
    },
    "RAdam": {
        "default": {},
        "betas": {"lr": 0.05, "betas": (0.5, 0.9), "weight_decay": 0.1, "eps": 1e-3},
        "never": {"lr": 0.05, "betas": (0.9, 0.6), "maximize": True},
        "decoupled": {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True},
    },
}

# What is set in a second parameter group.
SECOND_GROUP = {"lr": 0.03, "weight_decay": 0.05}


def start() -> list[np.ndarray]:
    """The first weights: a matrix and a vector in the first group, a 0-d array in the second."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal((2, 3)), rng.standard_normal(3), rng.standard_normal(())]


def slopes(step: int) -> list[tuple[float, np.ndarray] | None]:
    """What makes the gradients of one step: (a, b) for a·w + b, or None for no gradient at all."""
    rng = np.random.default_rng([1, step])
    noise = [rng.standard_normal(w.shape) for w in start()]
    made: list[tuple[float, np.ndarray] | None] = [
        (0.5, noise[0]),
        (2.0, noise[1]),
        (0.1, noise[2]),
    ]
    if step in (0, 4, 5):  # the second parameter starts late and misses some steps
        made[1] = None
    return made


def wave(epoch: int) -> float:
    return 0.5 + 0.5 * math.sin(epoch) ** 2


def falling(epoch: int) -> float:
    return 1 / (1 + epoch)


FUNCTIONS = {"wave": wave, "falling": falling}

# schedule -> label -> arguments; a string "@name" stands for a function of FUNCTIONS
SCHEDULES = {
    "ConstantLR": {"default": {}, "half": {"factor": 0.5, "total_iters": 12}},
    "LinearLR": {
        "default": {},
        "down": {"start_factor": 0.9, "end_factor": 0.1, "total_iters": 25},
    },
    "StepLR": {"default": {"step_size": 7}, "half": {"step_size": 3, "gamma": 0.5}},
    "MultiStepLR": {
        "default": {"milestones": [5, 20]},
        "twice": {"milestones": [20, 5, 5, 30], "gamma": 0.3},
    },
    "ExponentialLR": {"slow": {"gamma": 0.95}, "up": {"gamma": 1.1}},
    "PolynomialLR": {"default": {}, "square": {"total_iters": 30, "power": 2.0}},
    "CosineAnnealingLR": {
        "landing": {"T_max": 40},
        "waves": {"T_max": 6, "eta_min": 0.01},
    },
    "CosineAnnealingWarmRestarts": {
        "equal": {"T_0": 7},
        "growing": {"T_0": 3, "T_mult": 2, "eta_min": 0.001},
    },
    "OneCycleLR": {
        "default": {"max_lr": 0.1, "total_steps": 41},
        "linear": {
            "max_lr": [0.1, 0.2], "epochs": 5, "steps_per_epoch": 9, "pct_start": 0.25,
            "anneal_strategy": "linear", "div_factor": 10.0, "final_div_factor": 100.0,
        },
        "three": {
            "max_lr": 0.5, "total_steps": 45, "three_phase": True, "base_momentum": 0.7,
            "max_momentum": 0.9,
        },
        "still": {"max_lr": 0.5, "total_steps": 45, "cycle_momentum": False},
    },
    "LambdaLR": {
        "one": {"lr_lambda": "@wave"},
        "two": {"lr_lambda": ["@wave", "@falling"]},
    },
}  # fmt: skip

# label -> (schedules in a row as (name, arguments), milestones)
SEQUENCES = {
    "warm_cosine": (
        [
            ("LinearLR", {"start_factor": 0.1, "total_iters": 6}),
            ("CosineAnnealingLR", {"T_max": 34}),
        ],
        [6],
    ),
    "three": (
        [
            ("ConstantLR", {"factor": 0.2, "total_iters": 5}),
            ("ExponentialLR", {"gamma": 0.9}),
            ("StepLR", {"step_size": 4, "gamma": 0.5}),
        ],
        [5, 20],
    ),
    "restarts": (
        [
            ("LinearLR", {"start_factor": 0.25, "total_iters": 4}),
            ("CosineAnnealingWarmRestarts", {"T_0": 5, "T_mult": 2}),
        ],
        [4],
    ),
}

_falling_then_flat = [1 / (1 + min(t, 6)) for t in range(SCHEDULE_STEPS)]
_noisy = [float(v) for v in np.random.default_rng(3).random(SCHEDULE_STEPS)]

# label -> (arguments, metric of each step)
PLATEAUS = {
    "flat": ({"patience": 3}, _falling_then_flat),
    "cooldown": ({"patience": 2, "cooldown": 4, "factor": 0.5, "min_lr": 0.005}, _noisy),
    "max": ({"mode": "max", "threshold_mode": "abs", "threshold": 0.05, "patience": 1,
             "min_lr": [0.02, 0.001]}, _noisy),
    "max_rel": ({"mode": "max", "patience": 2, "factor": 0.7}, [-v for v in _noisy]),
    "min_abs": ({"threshold_mode": "abs", "threshold": 0.1, "patience": 0, "eps": 1e-3}, _noisy),
}  # fmt: skip

# The optimizer under a schedule: two groups of one parameter each.
SCHEDULED = ("SGD", {"lr": 0.1, "momentum": 0.9}, 0.04)
SCHEDULED_ADAM = ("Adam", {"lr": 0.1}, 0.04)


def resolve(value):
    """Put functions in the place of their names."""
    if isinstance(value, str) and value.startswith("@"):
        return FUNCTIONS[value[1:]]
    if isinstance(value, list):
        return [resolve(v) for v in value]
    return value


CLIP_NORMS = (0.5, 1.0, 2.0, 3.0, math.inf)
CLIP_LIMITS = (0.3, 100.0)
