"""Cases for `ops/normalization.py` and `ops/local_response.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.ops.cases.case import Case, ErrorCase, ExactCase, integers, normal, positive


@dataclass(frozen=True)
class KeywordCase(Case):
    """A case whose last inputs go by name: `ops.<op>(*before, x, *after, weight=…, bias=…)`."""

    keywords: tuple[str, ...] = ("weight", "bias")

    def call(self, function: Callable[..., Any], inputs: list[Any]) -> Any:
        """Call `function` the way this case describes."""
        n = len(inputs) - len(self.keywords)
        named = dict(zip(self.keywords, inputs[n:], strict=True))
        return function(*self.before, *inputs[:n], *self.after, **named, **self.arguments)


_TRAIN: dict[str, Any] = {"running_mean": None, "running_var": None, "training": True}
_MEAN = np.array([0.3, -0.8, 1.5])
_VAR = np.array([0.5, 2.0, 1.25])
_EVALUATE: dict[str, Any] = {"running_mean": _MEAN, "running_var": _VAR}
_WB = (positive(3), normal(3))
_BAD4 = np.zeros(4)

_BATCH = [
    Case("batch_norm", "train_plain", (normal(4, 3),), _TRAIN),
    KeywordCase("batch_norm", "train_2d", (normal(5, 3), *_WB), _TRAIN),
    KeywordCase("batch_norm", "train_3d", (normal(3, 3, 4), *_WB), _TRAIN),
    KeywordCase("batch_norm", "train_4d", (normal(2, 3, 3, 2), *_WB), _TRAIN),
    KeywordCase("batch_norm", "train_5d", (normal(2, 3, 2, 1, 3), *_WB), _TRAIN),
    KeywordCase("batch_norm", "train_one_example", (normal(1, 3, 2, 3), *_WB), _TRAIN),
    KeywordCase(
        "batch_norm", "train_one_channel", (normal(3, 1, 2, 2), positive(1), normal(1)), _TRAIN
    ),
    KeywordCase(
        "batch_norm", "train_weight_only", (normal(4, 3, 2), positive(3)), _TRAIN,
        keywords=("weight",),
    ),
    KeywordCase(
        "batch_norm", "train_bias_only", (normal(4, 3, 2), normal(3)), _TRAIN, keywords=("bias",)
    ),
    KeywordCase("batch_norm", "train_eps", (normal(4, 3), *_WB), {**_TRAIN, "eps": 0.1}),
    Case("batch_norm", "evaluate_plain", (normal(4, 3),), _EVALUATE),
    KeywordCase("batch_norm", "evaluate_2d", (normal(4, 3), *_WB), _EVALUATE),
    KeywordCase("batch_norm", "evaluate_4d", (normal(2, 3, 2, 2), *_WB), _EVALUATE),
    KeywordCase("batch_norm", "evaluate_one", (normal(1, 3), *_WB), _EVALUATE),
    KeywordCase("batch_norm", "evaluate_empty", (normal(0, 3, 2), *_WB), _EVALUATE),
    KeywordCase(
        "batch_norm", "evaluate_bias_only", (normal(2, 3, 2), normal(3)), _EVALUATE,
        keywords=("bias",),
    ),
]  # fmt: skip

_LAYER = [
    Case("layer_norm", "number", (normal(4, 5),), after=(5,)),
    Case("layer_norm", "list", (normal(2, 3, 4),), after=([3, 4],)),
    KeywordCase("layer_norm", "last", (normal(2, 3, 4), positive(4), normal(4)), after=(4,)),
    KeywordCase(
        "layer_norm", "two", (normal(2, 3, 4), positive(3, 4), normal(3, 4)), after=((3, 4),)
    ),
    KeywordCase("layer_norm", "no_batch", (normal(6), positive(6), normal(6)), after=(6,)),
    KeywordCase(
        "layer_norm", "ones", (normal(3, 1, 4), positive(1, 4), normal(1, 4)), after=((1, 4),)
    ),
    KeywordCase(
        "layer_norm", "weight_only", (normal(3, 4), positive(4)), after=(4,), keywords=("weight",)
    ),
    KeywordCase("layer_norm", "empty", (normal(0, 4), positive(4), normal(4)), after=(4,)),
    KeywordCase(
        "layer_norm", "eps", (normal(3, 4), positive(4), normal(4)), {"eps": 0.5}, after=(4,)
    ),
]

_SIX = (positive(6), normal(6))
_GROUP = [
    Case("group_norm", "plain", (normal(2, 6, 3),), after=(2,)),
    KeywordCase("group_norm", "two", (normal(2, 6, 3, 2), *_SIX), after=(2,)),
    KeywordCase("group_norm", "three", (normal(3, 6), *_SIX), after=(3,)),
    KeywordCase("group_norm", "one", (normal(2, 6, 2), *_SIX), after=(1,)),
    KeywordCase("group_norm", "all", (normal(2, 6, 4), *_SIX), after=(6,)),
    KeywordCase("group_norm", "empty", (normal(0, 6, 2), *_SIX), after=(2,)),
    KeywordCase(
        "group_norm", "bias_only", (normal(2, 6, 2), normal(6)), after=(2,), keywords=("bias",)
    ),
]

_INSTANCE = [
    Case("instance_norm", "plain", (normal(2, 3, 4),)),
    KeywordCase("instance_norm", "3d", (normal(2, 3, 4), *_WB)),
    KeywordCase("instance_norm", "4d", (normal(2, 3, 2, 3), *_WB)),
    KeywordCase("instance_norm", "5d", (normal(1, 3, 2, 2, 2), *_WB), {"eps": 0.01}),
    KeywordCase(
        "instance_norm", "empty", (normal(0, 3, 4), *_WB), no_golden="it refuses an empty batch"
    ),
    KeywordCase(
        "instance_norm", "running", (normal(2, 3, 4), *_WB), {**_EVALUATE, "use_input_stats": False}
    ),
]

_RESPONSE = [
    Case("local_response_norm", "five", (normal(2, 7, 2, 2),), {"alpha": 0.5}, after=(5,)),
    Case("local_response_norm", "even", (normal(2, 5, 3),), {"alpha": 1.0, "k": 2.0}, after=(4,)),
    Case("local_response_norm", "wide", (normal(2, 3, 3),), {"alpha": 0.3}, after=(9,)),
    Case("local_response_norm", "single", (normal(2, 3, 3),), {"beta": 1.5}, after=(1,)),
    Case("local_response_norm", "defaults", (normal(1, 4, 2, 1, 2),), after=(2,)),
    Case("local_response_norm", "empty", (normal(0, 4, 2, 2),), after=(3,)),
]

CASES = [*_BATCH, *_LAYER, *_GROUP, *_INSTANCE, *_RESPONSE]

EXACT = [
    ExactCase(  # a constant channel gives b and passes no gradient
        "batch_norm", "constant", ([[2.0, -1.0], [2.0, -1.0]],), [[5.0, -3.0], [5.0, -3.0]],
        ([[0.0, 0.0], [0.0, 0.0]],),
        {**_TRAIN, "weight": np.array([2.0, 1.0]), "bias": np.array([5.0, -3.0])},
    ),
    ExactCase(  # x̂ = ±1 exactly; a gradient of ones only shifts the channel: nothing comes back
        "batch_norm", "two_values", ([[1.0], [5.0]],), [[-1.0], [1.0]], ([[0.0], [0.0]],),
        {**_TRAIN, "eps": 5e-324},
    ),
    ExactCase(
        "layer_norm", "constant", ([[3.0, 3.0, 3.0, 3.0]],), [[0.0, 0.0, 0.0, 0.0]],
        ([[0.0, 0.0, 0.0, 0.0]],), {"normalized_shape": 4},
    ),
    ExactCase(  # groups of one value each have no spread
        "group_norm", "single_values", ([[3.0, -4.0]],), [[0.0, 0.0]], ([[0.0, 0.0]],),
        {"num_groups": 2},
    ),
    ExactCase(
        "instance_norm", "constant", ([[[3.0, 3.0]]],), [[[0.0, 0.0]]], ([[[0.0, 0.0]]],)
    ),
    ExactCase(  # u = 3 + 1, 3 + 1 + 4, 3 + 4 + 9: an even window reaches down, not up
        "local_response_norm", "even_window", ([[[1.0], [2.0], [3.0]]],),
        [[[1 / 4], [2 / 8], [3 / 16]]], (), {"size": 2, "alpha": 2.0, "beta": 1.0, "k": 3.0},
    ),
]  # fmt: skip

_PAIR: dict[str, Any] = {"running_mean": None, "running_var": None}

ERRORS = [
    ErrorCase(
        "batch_norm",
        "one_value",
        (normal(1, 3),),
        r"\(1, 3\).*more than one value per channel",
        arguments=_TRAIN,
    ),
    ErrorCase("batch_norm", "no_values", (normal(0, 3, 2),), "more than one", arguments=_TRAIN),
    ErrorCase(
        "batch_norm", "ndim", (normal(3),), r"batch_norm.*\(3,\).*\(N, C\)", arguments=_TRAIN
    ),
    ErrorCase("batch_norm", "integers", (integers(2, 3),), "int64", TypeError, _TRAIN),
    ErrorCase(
        "batch_norm", "no_statistics", (normal(2, 3),), "needs running_mean", arguments=_PAIR
    ),
    ErrorCase(
        "batch_norm",
        "half",
        (normal(2, 3),),
        "together, or neither",
        arguments={**_PAIR, "running_mean": _MEAN},
    ),
    ErrorCase(
        "batch_norm",
        "statistics_shape",
        (normal(2, 4),),
        r"running_mean of shape \(3,\).*\(4,\)",
        arguments=_EVALUATE,
    ),
    ErrorCase(
        "batch_norm",
        "fixed_array",
        (normal(2, 3),),
        "running_mean.*ndarray.*tensor",
        TypeError,
        {**_EVALUATE, "training": True},
    ),
    ErrorCase(
        "batch_norm",
        "weight",
        (normal(2, 3),),
        r"weight of shape \(4,\).*\(3,\)",
        arguments={**_TRAIN, "weight": _BAD4},
    ),
    ErrorCase(
        "batch_norm",
        "bias",
        (normal(2, 3),),
        r"bias of shape \(4,\).*\(3,\)",
        arguments={**_TRAIN, "bias": _BAD4},
    ),
    ErrorCase(
        "batch_norm",
        "eps",
        (normal(2, 3),),
        "positive eps, got eps=0",
        arguments={**_TRAIN, "eps": 0},
    ),
    ErrorCase(
        "layer_norm", "shape", (normal(2, 3),), r"\(2, 3\).*normalized_shape=\(4,\)", after=(4,)
    ),
    ErrorCase(
        "layer_norm", "too_many", (normal(3),), r"normalized_shape=\(2, 3\)", after=((2, 3),)
    ),
    ErrorCase("layer_norm", "none", (normal(3),), r"normalized_shape=\(\)", after=((),)),
    ErrorCase("layer_norm", "no_elements", (normal(3, 0),), "no elements", after=(0,)),
    ErrorCase(
        "layer_norm",
        "weight",
        (normal(2, 3),),
        r"weight of shape \(4,\).*\(3,\)",
        arguments={"weight": _BAD4},
        after=(3,),
    ),
    ErrorCase("layer_norm", "integers", (integers(2, 3),), "int64", TypeError, after=(3,)),
    ErrorCase("group_norm", "groups", (normal(2, 6, 2),), "6 channels.*num_groups=4", after=(4,)),
    ErrorCase("group_norm", "zero", (normal(2, 6, 2),), "num_groups=0", after=(0,)),
    ErrorCase(
        "group_norm",
        "bias",
        (normal(2, 6),),
        r"bias of shape \(4,\).*\(6,\)",
        arguments={"bias": _BAD4},
        after=(2,),
    ),
    ErrorCase("group_norm", "ndim", (normal(6),), r"group_norm.*\(6,\)", after=(2,)),
    ErrorCase("instance_norm", "one_position", (normal(2, 3, 1),), "more than one position"),
    ErrorCase("instance_norm", "ndim", (normal(2, 3),), r"\(2, 3\).*\(N, C, L\)"),
    ErrorCase(
        "instance_norm",
        "no_statistics",
        (normal(2, 3, 2),),
        "needs running_mean",
        arguments={"use_input_stats": False},
    ),
    ErrorCase(
        "instance_norm",
        "fixed_array",
        (normal(2, 3, 2),),
        "running_mean.*ndarray",
        TypeError,
        _EVALUATE,
    ),
    ErrorCase("local_response_norm", "ndim", (normal(2, 3),), r"\(2, 3\).*\(N, C, L\)", after=(3,)),
    ErrorCase(
        "local_response_norm", "size", (normal(2, 3, 2),), "1 channel or more, got 0", after=(0,)
    ),
    ErrorCase(
        "local_response_norm", "k", (normal(2, 3, 2),), "got k=0", arguments={"k": 0}, after=(3,)
    ),
    ErrorCase(
        "local_response_norm", "integers", (integers(2, 3, 2),), "int64", TypeError, after=(3,)
    ),
]
