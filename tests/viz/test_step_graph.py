"""Graphs of compiled steps, folded by lines and functions."""

import numpy as np
import pytest

import shinso
from shinso import models, nn, ops, optim
from shinso.compiler import plan
from shinso.graph import Tensor
from shinso.viz.step_graph import MOST_BOXES, step_graph
from shinso.viz.style import language
from tests.viz.drawn import joined, read

X = np.ones((5, 4), np.float32)
T = np.array([0, 1, 1, 0, 1])


@pytest.fixture(autouse=True)
def traced_only(monkeypatch):
    """What is drawn is the trace; machine code takes long to make."""
    monkeypatch.setattr(plan, "prepare", plan.Interpreted)


def training_step(model, optimizer):
    def step(x, t):
        loss = ops.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return shinso.compile(step)


def test_a_box_for_each_line():
    @shinso.compile
    def step(x, w):
        y = np.tanh(x @ w)
        return y.sum(axis=0)

    step(np.ones((5, 4)), np.ones((4, 2)))
    boxes, arrows = read(step_graph(step))
    first, second = boxes[:2]
    assert "y = np.tanh(x @ w)" in first
    assert first.endswith("; Σ a·b, tanh")
    assert "return y.sum(axis=0)" in second
    assert second.endswith("; sum")
    assert set(arrows) == {("x; w", first, "5×4, 4×2"), (first, second, "5×2"),
                           (second, "result", "")}  # fmt: skip


def test_a_training_step_names_what_it_reads_and_writes():
    model = models.MLP(4, hidden=(3,), out_features=2)
    step = training_step(model, optim.SGD(model.parameters(), lr=0.1))
    step(X, T)
    boxes, arrows = read(step_graph(step))
    assert len(boxes) <= MOST_BOXES
    names = [name for name, _ in model.named_parameters()]
    assert {"x", "t", "lr", *names, *(f"→ {name}" for name in names)} <= set(boxes)
    assert "result" in boxes
    assert "must be true" in boxes  # targets are checked
    matmul = next(box for box in boxes if "y = x @ w.T" in box)
    assert ("layers.0.weight", matmul, "3×4") in arrows


def test_memory_of_the_optimizer_and_statistics_have_names():
    class Holder:
        """Where the model is an attribute of something that the step sees."""

        def __init__(self):
            self.model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
            self.adam = optim.Adam(self.model.parameters())

        @shinso.compile
        def step(self, x):
            loss = ops.mse_loss(self.model(x), np.zeros((5, 3), np.float32))
            loss.backward()
            self.adam.step()
            self.adam.zero_grad()

    holder = Holder()
    holder.step(X + np.arange(5, dtype=np.float32)[:, None])
    drawn = step_graph(holder.step).dot
    for name in ("0.weight exp_avg", "→ 1.running_mean", "→ 0.weight", "betas"):
        assert name in drawn, name
    assert "cell " not in drawn


def test_a_large_step_is_folded_by_functions():
    model = models.create("lenet5")
    step = training_step(model, optim.Adam(model.parameters()))
    step(np.zeros((2, 1, 32, 32), np.float32), np.array([1, 2]))
    boxes, arrows = read(step_graph(step))
    assert len(boxes) <= MOST_BOXES
    forward = [box for box in boxes if box.startswith("ops/convolution.py forward")]
    assert len(forward) == 2  # two layers
    assert sum(box.startswith("optim/rules.py descend") for box in boxes) == 1
    assert any("… (10)" in box for box in boxes)  # what it writes
    assert (forward[0], next(b for b in boxes if b.startswith("ops/activation.py forward"))) in (
        joined(arrows)
    )


def test_cells_without_names_and_in_japanese():
    hidden = {"counter": Tensor(0.0)}

    @shinso.compile
    def step():
        hidden["counter"].data = hidden["counter"].data + 1

    step()
    assert read(step_graph(step))[0][1:] == ["cell 0", "→ cell 0"]
    with language("ja"):
        assert "セル 0" in read(step_graph(step))[0]


def test_a_function_of_numpy():
    step = shinso.compile(np.add)
    step(X, X)
    assert any(box.endswith("add") for box in read(step_graph(step))[0])


def test_what_is_no_step_or_has_not_run():
    with pytest.raises(TypeError, match="not a function"):
        step_graph(lambda x: x)
    with pytest.raises(RuntimeError, match="call"):
        step_graph(shinso.compile(lambda x: x))


def test_a_step_that_only_hands_on():
    step = shinso.compile(lambda x: x)
    step(X)
    with pytest.raises(ValueError, match="computes nothing"):
        step_graph(step)
