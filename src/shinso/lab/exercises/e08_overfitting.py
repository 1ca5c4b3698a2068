"""Tasks of notebook 8, overfitting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.lab.exercises.judging import Tasks, Wrong, array, close, function, holds, number
from shinso.lab.exercises.mistakes import mistake, parts
from shinso.lab.text import Text


def _accuracy(accuracy: Any) -> None:
    accuracy = function(accuracy)
    rng = np.random.default_rng(0)
    for n in (10, 25):
        scores, t = rng.normal(size=(n, 4)), rng.integers(0, 4, n)
        right = float(np.mean(scores.argmax(axis=1) == t))
        found = array(accuracy(scores, t))
        holds(
            found.shape == (),
            Text("one number for all examples together", "すべての例をまとめて数一つに"),
        )
        mistake(found, right * n, Text("that counts; a share is asked for", "それは個数。割合で"))
        mistake(found, 100 * right, Text("from 0 to 1, not in per cent", "% でなく 0 から 1 で"))
        mistake(found, 1 - right, Text("that is the share of errors", "それは誤り率"))
        close(
            found,
            right,
            Text(
                "the class with the largest score in each row: how often is it t?",
                "各行で最大のスコアをもつクラスが、t と一致する割合は?",
            ),
        )


def _penalty_gradient(gradient: Any) -> None:
    gradient = function(gradient)
    rng = np.random.default_rng(0)
    for shape, strength in (((3,), 0.1), ((2, 4), 0.7)):
        w = rng.normal(size=shape)
        found = array(gradient(w, strength))
        holds(
            found.shape == shape,
            Text(
                "a gradient has the shape of w: one derivative for each weight",
                "勾配は w と同じ形。重み一つにつき偏微分一つ",
            ),
        )
        _wrong_penalties(found, w, strength)
        hint = Text("differentiate λ/2 · w² for one weight", "一つの重みで λ/2 · w² を微分しよう")
        close(found, strength * w, hint)


def _wrong_penalties(found: Array, w: Array, strength: float) -> None:
    mistake(
        found,
        2 * strength * w,
        Text("the penalty has a ½ in front: what becomes of it?", "罰則には ½ がついている"),
    )
    mistake(found, w, Text("λ has been forgotten", "λ を忘れている"))
    mistake(
        found,
        -strength * w,
        Text(
            "the sign: SGD subtracts the gradient, and the weight shall shrink",
            "符号が逆。SGD は勾配を引くのであり、重みは縮むはず",
        ),
    )
    mistake(
        found,
        strength * np.sign(w),
        Text("that is the gradient of L1, λ Σ |w|", "それは L1、λ Σ |w| の勾配"),
    )
    mistake(
        found,
        strength / 2 * w**2,
        Text("that is the penalty itself, not its derivative", "それは罰則そのもの。微分を"),
    )


def _left(share: Any) -> None:
    found = number(share)
    mistake(
        found,
        0.95,
        Text("that is after one step", "それは 1 ステップ後"),
    )
    mistake(
        found,
        1 - 0.95**100,
        Text("that is what is lost; what is left?", "それは失われた分。残りは?"),
    )
    hint = Text(
        "one step takes η·λ·w away from w: by what does it multiply w, and 100 of them?",
        "一歩で w から η·λ·w を引く。w は何倍になるか。100 歩では?",
    )
    close(found, 0.95**100, hint, 1e-4)


def _dropout(dropout: Any) -> None:
    dropout = function(dropout)
    x = np.linspace(1.0, 2.0, 40_000).reshape(200, 200)
    for p in (0.2, 0.5, 0.8):
        dropped = array(dropout(x.copy(), p, True, np.random.default_rng(1)), x.shape)
        _dropped(dropped, x, p)
    hint = Text(
        "at test time (training is False) x goes through unchanged",
        "テスト時(training が False)には、x をそのまま通す",
    )
    close(dropout(x, 0.5, False, np.random.default_rng(1)), x, hint)
    rng = np.random.default_rng(2)
    first, second = (array(dropout(x, 0.5, True, rng)) for _ in range(2))
    hint = Text(
        "the same units are dropped in every step: draw anew from rng",
        "毎回同じユニットを消している。rng から引き直そう",
    )
    holds(np.any(first != second), hint)


def _dropped(found: Array, x: Array, p: float) -> None:
    """Judge one output of dropout in training; p is not near 0 or 1."""
    kept, tolerance = found != 0, 0.03  # six standard deviations of a share of 40 000
    share = float(kept.mean())
    whole_lines = np.any(kept.all(axis=0)) or np.any(kept.all(axis=1))
    hint = Text(
        "rows or columns go together: draw one random number for each element",
        "行や列がまとめて消えている。要素ごとに乱数を引こう",
    )
    holds(not whole_lines or share == 1, hint)
    holds(share < 1, Text("nothing is set to 0", "何も 0 になっていない"))
    hint = Text(
        f"with p = {p} a share of {share:.2f} is kept: p is the probability of dropping",
        f"p = {p} で {share:.2f} が残っている。p は消す確率",
    )
    holds(abs(share - (1 - p)) < tolerance, hint)
    factors = found[kept] / x[kept]
    mean = Text(
        "the expected value changes: what is kept must grow by a factor that makes up for the loss",
        "期待値が変わってしまう。残した値を何倍かして、消えた分を補おう",
    )
    hint = Text(
        f"with p = {p} what is kept is multiplied by {factors.mean():.2f}; the mean of all shall "
        "stay, and only a share of 1 − p is left to carry it",
        f"p = {p} で、残した値が {factors.mean():.2f} 倍。平均を保つには? 残るのは 1 − p だけ",
    )
    holds(not np.allclose(factors, 1), mean)
    close(factors, np.full(factors.shape, 1 / (1 - p)), hint)


COURSES = (
    # losses, patience
    ([5.0, 4.0, 3.0, 3.5, 3.6, 3.7, 3.8], 2),
    ([5.0, 4.0, 3.0, 3.5, 3.6, 3.7, 3.8], 3),
    ([3.0, 2.0, 2.5, 1.0, 1.5, 1.6, 0.5], 2),
    ([3.0, 2.0, 2.5, 2.4, 2.3, 2.2, 1.0], 3),
    ([2.0, 1.0, 1.0, 1.0, 1.0, 0.5], 2),
    ([4.0, 3.0, 2.0, 1.0], 2),
)


def _stops(
    losses: list[float],
    patience: int,
    better: Callable[[float, float, float], bool] = lambda new, best, before: new < best,
    reset: bool = True,
) -> tuple[int, int]:
    """The best and the last epoch. better: of a loss, the lowest so far and the one before it."""
    best, waited, epoch = 0, 0, 0
    for epoch in range(1, len(losses)):
        if better(losses[epoch], losses[best], losses[epoch - 1]):
            best, waited = epoch, 0 if reset else waited
        else:
            waited += 1
        if waited == patience:
            break
    return best, epoch


def _early_stopping(rule: Any) -> None:
    rule = function(rule)
    for losses, patience in COURSES:
        best, last = parts(rule(list(losses), patience), "best, last")
        found, right = (int(number(best)), int(number(last))), _stops(losses, patience)
        if found == right:
            continue
        for wrong, hint in _wrong_stops(losses, patience):
            holds(found != wrong, _for_course(losses, patience, found, hint))
        hint = Text(
            "up to which epoch does it run, and where was the loss lowest until then?",
            "どのエポックまで進み、そこまでで誤差が最小だったのはどこか",
        )
        raise Wrong(_for_course(losses, patience, found, hint))


def _wrong_stops(losses: list[float], patience: int) -> list[tuple[tuple[int, int], Text]]:
    last = _stops(losses, patience)[1]
    return [
        (
            _stops(losses, patience + 1),
            Text("stop as soon as the patience is reached", "patience に達したらすぐに終える"),
        ),
        (
            _stops(losses, patience, lambda new, best, before: new < before),
            Text(
                "compare with the lowest loss so far, not with the one before",
                "比べる相手は、直前の値でなく、それまでの最小値",
            ),
        ),
        (
            _stops(losses, patience, lambda new, best, before: new <= best),
            Text("a loss that is only as low is not lower", "等しいだけでは下回ったことにならない"),
        ),
        (
            _stops(losses, patience, reset=False),
            Text("a new lowest loss starts the count again", "最小値を更新したら、0 から数え直す"),
        ),
        (
            (last, last),
            Text(
                "the best epoch is not the last one", "最良のエポックは、終わったエポックではない"
            ),
        ),
    ]


def _for_course(losses: list[float], patience: int, found: tuple[int, int], hint: Text) -> Text:
    given = f"{losses}, patience {patience}"
    return Text(f"{given}: you say {found}; {hint.en}", f"{given}:答えは {found}。{hint.ja}")


TASKS: Tasks = {
    "8.1": _accuracy,
    "8.2": _penalty_gradient,
    "8.3": _left,
    "8.4": _dropout,
    "8.5": _early_stopping,
}
