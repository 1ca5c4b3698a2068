"""Tasks of notebook 9, LeNet built by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from shinso import ops
from shinso.cell import Array
from shinso.graph import Tensor, no_grad
from shinso.lab.exercises.judging import Tasks, Wrong, array, close, function, holds, number
from shinso.lab.exercises.mistakes import mistake
from shinso.lab.text import Text
from shinso.nn.module import Module

CASES = ((10, 2, 3, 1), (32, 5, 0, 1), (7, 2, 0, 2), (8, 3, 1, 1), (224, 7, 3, 2), (11, 3, 0, 5))
LAYERS = ("convolution 1", "convolution 2", "linear 1", "linear 2", "linear 3")
LAYERS_JA = ("畳み込み 1", "畳み込み 2", "全結合 1", "全結合 2", "全結合 3")
PARAMETERS = (156, 2416, 48_120, 10_164, 850)
WEIGHTS = (150, 2400, 48_000, 10_080, 840)
OUTPUTS = (6, 16, 120, 84, 10)
MULTIPLICATIONS = (117_600, 240_000, 48_000, 10_080, 840)
BENDS = (ops.relu, ops.tanh, ops.sigmoid)
PLACES = (28 * 28, 10 * 10, 1, 1, 1)


def _side(side: Any) -> None:
    side = function(side)
    for h, f, p, s in CASES:
        room = h + 2 * p - f
        right, found = room // s + 1, number(side(h, f, p, s))
        given = f"H={h}, F={f}, P={p}, S={s}"
        if right != room // s:
            hint = Text(
                f"{given}: the first place counts, too, before any step",
                f"{given}:一歩も動かないときの場所も数える",
            )
            holds(found not in (room // s, room / s), hint)
        if p:
            hint = Text(
                f"{given}: padding makes the image larger on both sides",
                f"{given}:パディングは両側につく",
            )
            holds(found not in ((h - f) // s + 1, (h + p - f) // s + 1), hint)
        if room % s:
            hint = Text(
                f"{given}: {found:g} is too much: a step that does not fit is not made",
                f"{given}:{found:g} では多い。入りきらない一歩は進まない",
            )
            holds(found not in (room / s + 1, math.ceil(room / s) + 1), hint)
        hint = Text(
            f"{given}: {found:g}, but drawn on paper it is {right}: how far can the window move at "
            "all, and how many steps of S fit in?",
            f"{given}:答えは {found:g} だが、紙に描くと {right} か所。窓は全部でどれだけ動けて、"
            "幅 S の歩みが何歩入るか",
        )
        close(found, right, hint)


def _sides(sides: Any) -> None:
    found = array(sides, (4,))
    hints = (
        Text("convolution 1: the rule of task 9.1", "畳み込み 1:課題 9.1 の規則"),
        Text("pooling 1: stride 2, on the output before", "プーリング 1:前の出力にストライド 2"),
        Text("convolution 2: on the output of pooling 1", "畳み込み 2:プーリング 1 の出力から"),
        Text("pooling 2: on the output of convolution 2", "プーリング 2:畳み込み 2 の出力から"),
    )
    for got, right, hint in zip(found, (28, 14, 10, 5), hints, strict=True):
        close(got, right, hint)


def _parameters(counts: Any) -> None:
    found = array(counts, (5,))
    mistake(
        found,
        WEIGHTS,
        Text(
            "those are the weights; each output channel and unit also has a bias",
            "それは重みだけ。出力チャネルとユニットごとにバイアスもある",
        ),
    )
    for i, got in enumerate(found):
        _one_count(i, float(got))


def _one_count(i: int, got: float) -> None:
    name, name_ja = LAYERS[i], LAYERS_JA[i]
    hint = Text(
        f"{name}: only one bias for each of its {OUTPUTS[i]} outputs is missing",
        f"{name_ja}:{OUTPUTS[i]} 個の出力ごとのバイアスが抜けている",
    )
    holds(got != WEIGHTS[i], hint)
    hint = Text(
        f"{name}: each kernel goes through all 6 channels of its input",
        f"{name_ja}:カーネルは入力の 6 チャネルすべてにわたる",
    )
    holds(i != 1 or got not in (416, 400, 406), hint)
    hint = Text(
        f"{name}: its inputs are all numbers of all 16 maps of 5 × 5",
        f"{name_ja}:入力は、5 × 5 の特徴マップ 16 枚のすべての数",
    )
    holds(i != 2 or got == PARAMETERS[2], hint)
    hint = Text(
        f"{name}: (weights of one output + 1) × outputs",
        f"{name_ja}:(出力一つの重みの数 + 1)× 出力の数",
    )
    close(got, PARAMETERS[i], hint)


def _multiplications(counts: Any) -> None:
    found = array(counts, (5,))
    for i, got in enumerate(found):
        name, name_ja = LAYERS[i], LAYERS_JA[i]
        hint = Text(
            f"{name}: its weights are used at every place of the output",
            f"{name_ja}:重みは、出力のすべての場所で使われる",
        )
        holds(PLACES[i] == 1 or got not in (WEIGHTS[i], PARAMETERS[i]), hint)
        hint = Text(
            f"{name}: the bias is added, not multiplied",
            f"{name_ja}:バイアスは足すだけで、掛けない",
        )
        holds(got != PARAMETERS[i] * PLACES[i], hint)
        hint = Text(
            f"{name}: (numbers of the output) × (weights that one of them takes)",
            f"{name_ja}:(出力の数の個数)×(その一つに使う重みの数)",
        )
        close(got, MULTIPLICATIONS[i], hint)


def _network(model: Any) -> None:
    holds(
        isinstance(model, Module),
        Text("a network is asked for, such as an nn.Sequential", "nn.Sequential などを渡そう"),
    )
    shapes = [p.shape for p in model.parameters()]
    wanted = [(6, 1, 5, 5), (16, 6, 5, 5), (120, 400), (84, 120), (10, 84)]
    found = [shape for shape in shapes if len(shape) > 1]
    for i, right in enumerate(wanted):
        got = found[i] if i < len(found) else None
        hint = Text(
            f"the weights of {LAYERS[i]} are {got or 'not there'}; they should be {right}",
            f"{LAYERS_JA[i]} の重みの形は {right} のはずが、{got or '層がない'}",
        )
        holds(got == right, hint)
    count = sum(math.prod(shape) for shape in shapes)
    hint = Text(f"{count} parameters instead of 61706", f"パラメータが {count} 個。61706 個のはず")
    holds(count == sum(PARAMETERS), hint)
    _judge_scores(model)


def _judge_scores(model: Module) -> None:
    """Compare with the same weights run here, in ways that are right and in ways that are not."""
    images = np.random.default_rng(0).normal(size=(2, 1, 32, 32)).astype(np.float32)
    with no_grad():
        scores = array(model(Tensor(images)), (2, 10))
        hint = Text(
            "the outputs of an image sum to 1: leave out the softmax, the loss contains it",
            "画像の出力の和が 1。ソフトマックス関数は損失に含まれるので外そう",
        )
        holds(not np.allclose(scores.sum(axis=1), 1, atol=1e-4), hint)

        def gives(**how: Any) -> bool:
            return np.allclose(scores, _forward(model, images, **how).data, atol=1e-5)

        if any(gives(bend=b, pool=p) for b in BENDS for p in (ops.max_pool2d, ops.avg_pool2d)):
            return
        straight = Text("where are the activations?", "活性化関数はどこに?")
        holds(not gives(bend=ops.identity), straight)
        for i in range(4):
            hint = Text(
                f"no activation after {LAYERS[i]}", f"{LAYERS_JA[i]} のあとに活性化関数がない"
            )
            holds(not gives(straight=i), hint)
        hint = Text(
            "no activation after the last layer: scores may be negative, too",
            "最後の層のあとに活性化関数は要らない。スコアは負にもなる",
        )
        holds(not np.allclose(scores, ops.relu(_forward(model, images)).data, atol=1e-5), hint)
    hint = Text(
        "the layers are there; is each convolution followed by an activation and a 2 × 2 pooling, "
        "and each linear layer but the last by an activation?",
        "層はそろっている。畳み込みのあとに活性化関数と 2 × 2 のプーリング、最後以外の全結合層の"
        "あとに活性化関数があるか",
    )
    raise Wrong(hint)


def _forward(
    model: Module,
    images: Array,
    bend: Callable[[Any], Tensor] = ops.relu,
    pool: Callable[[Any, int], Tensor] = ops.max_pool2d,
    straight: int = -1,
) -> Tensor:
    """LeNet with a model's weights. straight: the layer without an activation after it."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    biases = [p for p in model.parameters() if p.ndim == 1]
    x = Tensor(images)
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        x = x.reshape(len(images), -1) if i == 2 else x
        x = ops.conv2d(x, w, b) if i < 2 else ops.linear(x, w, b)
        x = x if i in (straight, 4) else bend(x)
        x = pool(x, 2) if i < 2 else x
    return x


def _small(channels: Any, inputs: Any) -> None:
    hint = Text(
        "the second convolution gets what the first one gives",
        "二つ目の畳み込みの入力は、一つ目の出力",
    )
    close(number(channels), 8, hint)
    found = number(inputs)
    hint = Text("the poolings halve the side, twice", "プーリングで一辺が半分になる。二回")
    holds(found not in (16 * 8 * 8, 16 * 4 * 4), hint)
    hint = Text(
        "all numbers of all maps go into it: channels × height × width",
        "全結合層には、すべての特徴マップのすべての数が入る。チャネル × 高さ × 幅",
    )
    close(found, 64, hint)


TASKS: Tasks = {
    "9.1": _side,
    "9.2": _sides,
    "9.3": _parameters,
    "9.4": _multiplications,
    "9.5": _network,
    "9.6": _small,
}
