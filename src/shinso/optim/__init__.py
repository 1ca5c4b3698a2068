"""Optimizers, penalties, gradient clipping and learning-rate schedules."""

from shinso.optim.adadelta import Adadelta
from shinso.optim.adagrad import Adagrad
from shinso.optim.adam import Adam, AdamW
from shinso.optim.clip import clip_grad_norm_, clip_grad_value_
from shinso.optim.cycle import CosineAnnealingWarmRestarts, OneCycleLR
from shinso.optim.group import ParamGroup
from shinso.optim.nadam import NAdam
from shinso.optim.optimizer import Optimizer
from shinso.optim.penalty import L1, L2, Elastic, Penalty, PNorm
from shinso.optim.plateau import ReduceLROnPlateau
from shinso.optim.radam import RAdam
from shinso.optim.rmsprop import RMSprop
from shinso.optim.schedule import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from shinso.optim.sequence import SequentialLR, WarmupLR
from shinso.optim.sgd import SGD
from shinso.optim.trajectory import trajectory

__all__ = [
    "L1",
    "L2",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "Elastic",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "NAdam",
    "OneCycleLR",
    "Optimizer",
    "PNorm",
    "ParamGroup",
    "Penalty",
    "PolynomialLR",
    "RAdam",
    "RMSprop",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "WarmupLR",
    "clip_grad_norm_",
    "clip_grad_value_",
    "trajectory",
]
