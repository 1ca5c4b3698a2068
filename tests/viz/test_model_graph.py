"""The computation graph of networks, folded by modules."""

import numpy as np
import pytest

from shinso import models, nn, ops
from shinso.ops.random import get_rng_state
from shinso.viz.model_graph import model_graph
from shinso.viz.style import language
from tests.viz.drawn import joined, read

X = np.random.default_rng(0).normal(size=(2, 1, 32, 32)).astype(np.float32)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.f = nn.Linear(3, 3)

    def forward(self, x):
        return self.f(ops.relu(self.f(x))) + x


def test_lenet_with_its_loss():
    diagram = model_graph(models.LeNet5(), X, loss=lambda y: ops.cross_entropy(y, np.array([1, 2])))
    boxes, arrows = read(diagram)
    names = [box.split(";")[0] for box in boxes]
    parts = [f"features.{i}" for i in range(6)] + [f"classifier.{i}" for i in range(6)]
    assert names == [*parts, "CrossEntropy", "loss", "x", "constant"]
    assert ("features.0; Conv2d", "features.1; ReLU", "2×6×28×28") in arrows
    assert ("x", "features.0; Conv2d", "2×1×32×32") in arrows
    assert ("classifier.5; Linear", "CrossEntropy", "2×10") in arrows
    assert list(diagram.parts) == parts
    assert "features.0: Convolution; 156 parameters" in diagram.dot


def test_the_inside_of_a_layer_has_its_parameters():
    part = model_graph(models.LeNet5(), X).parts["features.0"]
    _, arrows = read(part)
    assert set(arrows) == {
        ("x", "Convolution", "2×1×32×32"),
        ("features.0.weight", "Convolution", "6×1×5×5"),
        ("features.0.bias", "Convolution", "6"),
        ("Convolution", "output", "2×6×28×28"),
    }
    assert 'URL="back:"' in part.dot


def test_resnet_is_opened_as_deep_as_it_stays_readable(tmp_path):
    model = models.create("resnet18", 10)
    diagram = model_graph(model, np.zeros((2, 3, 32, 32), np.float32))
    boxes, _ = read(diagram)
    assert "layer2.0; BasicBlock" in boxes
    assert len(boxes) < 40
    block = diagram.parts["layer2.0"]
    inner, arrows = read(block)
    assert {"conv1; Conv2d", "downsample.0; Conv2d", "relu#2; ReLU", "+"} <= set(inner)
    shortcut = {("input", "downsample.0; Conv2d"), ("downsample.1; BatchNorm2d", "+")}
    branch = {("input", "conv1; Conv2d"), ("bn2; BatchNorm2d", "+")}
    assert shortcut | branch <= joined(arrows)
    diagram.save(tmp_path / "net.svg")
    assert "net/layer2.0.svg" in (tmp_path / "net.svg").read_text()
    inside = (tmp_path / "net" / "layer2.0.svg").read_text()
    assert "../net.svg" in inside
    assert "layer2.0/layer2.0.relu%232.svg" in inside
    assert (tmp_path / "net" / "layer2.0" / "layer2.0.relu#2.svg").exists()


def test_a_module_that_runs_twice_is_there_twice():
    diagram = model_graph(Twice(), np.ones((4, 3), np.float32))
    _, arrows = read(diagram)
    assert set(arrows) == {
        ("x", "f; Linear", "4×3"),
        ("f; Linear", "ReLU", "4×3"),
        ("ReLU", "f#2; Linear", "4×3"),
        ("f#2; Linear", "+", "4×3"),
        ("x", "+", "4×3"),
        ("+", "output", "4×3"),
    }
    for part in diagram.parts.values():
        assert "f.weight" in read(part)[0]


def test_several_inputs_keep_their_names_and_parameters_of_the_model_are_leaves():
    class Joined(nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = nn.Parameter([2.0])

        def forward(self, left, right):
            return left * self.gain + right

    _, arrows = read(model_graph(Joined(), np.ones(3, np.float32), np.ones(3, np.float32)))
    assert {("left", "×"), ("gain", "×"), ("×", "+"), ("right", "+"), ("+", "output")} == joined(
        arrows
    )


def test_a_loss_that_is_a_module_and_several_outputs():
    class Two(nn.Module):
        def forward(self, x):
            return ops.relu(x), ops.tanh(x)

    x = np.ones((2, 3), np.float32)
    loss = nn.MSELoss()
    _, arrows = read(model_graph(Two(), x, loss=lambda y: loss(y[0], np.zeros((2, 3)))))
    assert ("MSELoss; MSELoss", "loss", "") in arrows
    _, arrows = read(model_graph(Two(), x))
    assert ("ReLU", "output", "2×3") in arrows


def test_nothing_of_the_model_changes_even_in_training():
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    model[0].weight.grad = np.ones((3, 3), np.float32)
    before = {k: v.tobytes() for k, v in model.state_dict().items()}, repr(get_rng_state())
    boxes, _ = read(model_graph(model, np.ones((4, 3), np.float32)))
    assert "2; Dropout" in boxes
    after = {k: v.tobytes() for k, v in model.state_dict().items()}, repr(get_rng_state())
    assert after == before
    assert model[0].weight.grad.tolist() == [[1, 1, 1]] * 3
    assert model[2].training


def test_in_japanese():
    with language("ja"):
        diagram = model_graph(models.LeNet5(), X)
        assert "出力" in read(diagram)[0]
        assert "戻る" in diagram.parts["features.0"].dot


def test_a_model_that_computes_nothing():
    class Nothing(nn.Module):
        def forward(self, x):
            return x

    with pytest.raises(ValueError, match="Nothing ran no operation"):
        model_graph(Nothing(), X)
