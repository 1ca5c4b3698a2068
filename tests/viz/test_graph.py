"""The computation graph on the blackboard: values, gradients, where they come from, and errors."""

import re

import numpy as np
import pytest

import shinso
from shinso import Tensor, models, nn, ops
from shinso.viz.graph import graph
from shinso.viz.style import BLUE, ORANGE, language


def leaf(*values):
    return Tensor(values[0] if len(values) == 1 else list(values), requires_grad=True)


def edges(diagram):
    """Labels of the arrows by their ends."""
    lines = [line.strip().rstrip(";") for line in diagram.dot.split(";\n")]
    pairs = [line.split(" [label=", 1) for line in lines if " -> " in line]
    return {tuple(ends.split(" -> ")): label for ends, label in pairs}


def value(number):
    return f'<font color="{BLUE}">{number}</font>'


def gradient(number):
    return f'<font color="{ORANGE}">{number}</font>'


def test_values_forward_gradients_back_and_how_they_come_about():
    x, y, z = leaf(-2.0), leaf(5.0), leaf(-4.0)
    drawn = graph((x + y) * z, names={"x": x, "y": y, "z": z})
    found = edges(drawn)
    assert len(found) == 5
    into_x = found[f"x{id(x)}", "f0"]
    assert value("−2") in into_x
    assert gradient("−4") in into_x
    assert "= −4 × 1" in into_x
    between = found["f0", "f1"]
    assert value("3") in between
    assert "= 1 × −4" in between
    assert gradient("3") in found[f"x{id(z)}", "f1"]
    assert value("−12") in found["f1", "result"]
    assert gradient("1") in found["f1", "result"]
    assert all(f'[label="{name}"]' in drawn.dot for name in "xyz")
    assert 'label="+"' in drawn.dot
    assert 'label="×"' in drawn.dot
    assert drawn.svg().count("<ellipse") == 2


def test_a_level_arrow_does_not_touch_its_label():
    """Graphviz puts a label's lower edge on the arrow: the letters must end above it."""
    x = leaf(3.0)
    svg = graph((-x).exp(), names={"x": x}).svg()
    arrows = re.findall(r'<path [^>]*d="M([-\d.]+),([-\d.]+)C([-\d.]+),([-\d.]+)', svg)
    labels = re.findall(r'<text [^>]*y="([-\d.]+)"[^>]*>[^<]*= [^<]*</text>', svg)
    level = {float(y) for _, y, _, y2 in arrows if abs(float(y) - float(y2)) < 1}
    assert level
    assert labels
    for letters in map(float, labels):
        assert min(abs(letters - y) for y in level) > 5


def test_without_gradients_or_local_ones():
    x = leaf(3.0)
    assert ORANGE not in graph(x * x, gradients=False).dot
    assert "6 = " not in graph(x * 2.0, local=False).dot
    assert "= 1 × 2" in graph(x * 2.0).dot
    arrays = graph((leaf(1.0, 2.0, 3.0, 4.0, 5.0) * 2.0).sum())
    assert value("5") in arrays.dot  # its shape
    assert "= 1 ×" not in arrays.dot


def test_a_tensor_used_twice_shows_the_sum_of_its_gradients():
    x = leaf(3.0)
    drawn = graph(x * x, names={"x": x})
    assert "x\\nsum of gradients 6" in drawn.dot
    with language("ja"):
        assert "勾配の和 6" in graph(x * x, names={"x": x}).dot


def test_a_value_that_branches_in_the_middle():
    x = leaf(2.0)
    y = x * 3.0
    drawn = edges(graph(y * y))
    assert gradient("36") in drawn[f"x{id(x)}", "f0"]  # dy²/dx = 2y · 3


def test_broadcast_gradients_have_the_shape_of_their_leaf():
    b = leaf(1.0, 2.0)
    drawn = graph((Tensor(np.ones((7, 2))) + b).sum(), names={"b": b})
    assert gradient("[7, 7]") in edges(drawn)[f"x{id(b)}", "f0"]


def test_names_of_parameters_leaves_and_the_result():
    w = nn.Parameter([1.0], name="weight")
    x, constant = leaf(1.0), Tensor(2.0)
    drawn = graph((w * x * constant).sum())
    for name in ("weight", "leaf", "constant", "result"):
        assert f'label="{name}"' in drawn.dot
    y = x * 2.0
    assert 'result [label="loss"]' in graph(y, names={"loss": y}).dot
    assert '"結果"' in in_japanese(x).dot
    assert "勾配" in in_japanese(x).dot


def in_japanese(x):
    with language("ja"):
        drawn = graph(x * 2.0)
        assert drawn.svg().count("値") == 1
        return drawn


def test_the_picture_changes_no_gradient_and_keeps_the_graph():
    x, y = leaf(2.0), leaf(3.0)
    x.grad = np.asarray(9.0, x.dtype)
    z = x * y
    graph(z)
    assert x.grad == 9
    assert y.grad is None
    z.backward()  # the graph is still there
    assert (x.grad, y.grad) == (12, 2)


def test_gradients_stay_when_drawing_fails():
    x = leaf(1.0, 2.0)
    x.grad = np.array([5.0, 6.0], np.float32)
    with pytest.raises(RuntimeError, match="scalar"):
        graph(x * 2.0)
    assert x.grad.tolist() == [5, 6]
    assert value("[2, 4]") in graph(x * 2.0, gradients=False).dot


def test_a_freed_graph_a_leaf_and_a_graph_too_large():
    x = leaf(1.0)
    y = x * 2.0 + 1.0
    y.backward()
    with pytest.raises(RuntimeError, match="freed by backward"):
        graph(y)
    kept = x * 2.0
    kept.backward(retain_graph=True)
    graph(kept)
    with pytest.raises(ValueError, match="nothing to draw"):
        graph(x)
    for _ in range(81):
        x = x * 1.0
    with pytest.raises(ValueError, match=r"81 operations.*viz\.model_graph"):
        graph(x)


def test_operations_with_several_outputs_and_letters_of_html():
    x = leaf(1.0, 2.0, 3.0, 4.0)
    a, b = ops.split(x, 2)
    drawn = graph((a * b).sum(), names={'<"x">': x})
    assert drawn.svg().count("&lt;&quot;x&quot;&gt;") == 1


def test_a_compiled_step_is_drawn_and_anything_else_refused():
    step = shinso.compile(lambda x: np.tanh(x).sum())
    step(np.ones(3))
    assert "tanh" in graph(step).dot
    with pytest.raises(TypeError, match=r"not a LeNet5; for a network use viz\.model_graph"):
        graph(models.LeNet5())
