"""Charts: valid XML, ticks, labels inside the drawing, odd values."""

import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from shinso.train.charts import (
    HEIGHT,
    WIDTH,
    Curve,
    confusion_chart,
    line_chart,
    log_ticks,
    scatter_chart,
    tick_texts,
    ticks,
    whole_ticks,
)


def elements(svg, tag):
    return list(ElementTree.fromstring(svg).iter(tag))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.13, 0.87, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
     (97.2, 99.1, [97.0, 97.5, 98.0, 98.5, 99.0, 99.5]),
     (5, 5, [4.4, 4.6, 4.8, 5.0, 5.2, 5.4, 5.6]),
     (0, 0, [-1.0, -0.5, 0, 0.5, 1.0])],
)  # fmt: skip
def test_ticks(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(30))
def test_ticks_enclose(seed):
    rng = np.random.default_rng(seed)
    low, high = np.sort(rng.normal(size=2) * 10.0 ** rng.integers(-8, 9))
    marks = ticks(low, high)
    assert 3 <= len(marks) <= 9
    assert marks[0] <= low + 1e-9 * (high - low)
    assert marks[-1] >= high - 1e-9 * (high - low)
    assert len(set(tick_texts(marks))) == len(marks)


def test_whole_and_log_ticks():
    assert whole_ticks(1, 1) == [1]
    assert whole_ticks(1, 5) == [1, 2, 3, 4, 5]
    assert whole_ticks(1, 100) == [20, 40, 60, 80, 100]
    assert len(whole_ticks(1, 12345)) <= 9
    assert log_ticks(0.02, 30) == pytest.approx([0.01, 0.1, 1, 10, 100])


def test_tick_texts():
    assert tick_texts([0, 0.5, 1]) == ["0.0", "0.5", "1.0"]
    assert tick_texts([-20, 0, 20]) == ["−20", "0", "20"]
    assert tick_texts([1e-6, 2e-6]) == ["1e−06", "2e−06"]
    assert tick_texts([0.001, 0.01, 0.1]) == ["0.001", "0.010", "0.100"]


def test_curves():
    curves = [
        Curve("training", [1.0, 0.5, math.nan]),
        Curve("<validation>", [math.inf, 0.6, 0.7], "#d55e00", dashed=True),
    ]
    svg = line_chart([1, 2, 3], curves, "loss")
    lines = elements(svg, "polyline")
    assert [len(line.get("points").split()) for line in lines] == [2, 2]
    assert [line.get("stroke-dasharray") for line in lines] == [None, "6 4"]
    texts = ["".join(t.itertext()) for t in elements(svg, "text")]
    assert {"epoch", "loss", "training", "<validation>"} <= set(texts)
    for point in " ".join(line.get("points") for line in lines).split():
        x, y = map(float, point.split(","))
        assert 0 < x < WIDTH
        assert 0 < y < HEIGHT


def test_a_wide_range_gets_a_logarithmic_axis():
    svg = line_chart([1, 2], [Curve("training", [1000.0, 0.01])], "loss")
    assert "loss, logarithmic" in svg
    assert "logarithmic" not in line_chart([1, 2], [Curve("training", [1000.0, 0.0])], "loss")


@pytest.mark.parametrize(("epochs", "values"), [([], []), ([1], [math.nan])])
def test_nothing_to_draw(epochs, values):
    assert "Nothing to draw" in line_chart(epochs, [Curve("training", values)], "loss")


def test_one_epoch_is_a_point():
    assert len(elements(line_chart([1], [Curve("training", [0.5])], "loss"), "circle")) == 1


def test_scatter():
    x = np.linspace(-1, 1, 10)
    svg = scatter_chart(x, x**3, "target", "residual")
    assert len(elements(svg, "circle")) == 10
    assert elements(scatter_chart(np.zeros(1), np.zeros(1), "a", "b"), "circle")


def test_confusion():
    matrix = np.array([[5, 0], [2, 12345]])
    svg = confusion_chart(matrix, ["cat & dog", "<an animal with a long name>"])
    texts = ["".join(t.itertext()) for t in elements(svg, "text")]
    assert [t for t in texts if t.isdigit()] == ["5", "0", "2", "12345"]
    assert "cat & dog" in texts
    assert "<an animal …" in texts
    assert len(elements(svg, "rect")) == 4
    assert elements(confusion_chart(np.zeros((1, 1), int), ["0"]), "rect")
