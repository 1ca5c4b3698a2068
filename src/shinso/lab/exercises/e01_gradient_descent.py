"""Tasks of notebook 1, gradient descent by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso.lab.exercises.judging import Tasks, array, close, function, holds, number
from shinso.lab.text import Text


def _slope(df: Callable[[float], float]) -> None:
    df = function(df)
    for x in (-1.0, 0.0, 0.5, 3.0):
        close(df(x), 2 * x, Text("what is the derivative of x²?", "x² の導関数は何か"))


def _iterates(path: Any) -> None:
    found = array(path)
    holds(
        found.shape == (11,),
        Text("the start and 10 steps make 11 numbers", "出発点と 10 ステップで 11 個になる"),
    )
    hint = Text(
        "each x is the one before minus rate × slope at the one before",
        "次の x は、前の x から(学習率 × 前の x での傾き)を引いたもの",
    )
    close(found, 2 * 0.6 ** np.arange(11), hint)


def _limit(rate: Any) -> None:
    found = number(rate)
    hint = Text(
        "each step multiplies x by 1 − 2·rate; when does that stop shrinking?",
        "一歩ごとに x は 1 − 2·(学習率) 倍になる。縮まなくなるのはいつか",
    )
    close(found, 1.0, hint)


def _ravine(rate: Any) -> None:
    found = number(rate)
    hint = Text(
        "the steepest direction decides: its second derivative is 10",
        "いちばん急な方向が決める。その二階微分は 10",
    )
    close(found, 0.2, hint)


TASKS: Tasks = {"1.1": _slope, "1.2": _iterates, "1.3": _limit, "1.4": _ravine}
