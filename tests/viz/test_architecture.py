"""Plans of networks: boxes with facts, folded blocks, branches, and insides."""

import re
from itertools import pairwise

import numpy as np
import pytest

from shinso import models, nn, ops
from shinso.viz.architecture import architecture
from shinso.viz.style import language
from tests.viz.drawn import joined, read


def test_lenet():
    model = models.LeNet5()
    diagram = architecture(model, (1, 1, 32, 32))
    boxes, arrows = read(diagram)
    assert boxes[:8] == [
        "Conv2d 1 → 6, 5×5 6×28×28 156; ReLU",
        "MaxPool2d 2×2 6×14×14",
        "Conv2d 6 → 16, 5×5 16×10×10 2 416; ReLU",
        "MaxPool2d 2×2 16×5×5",
        "Flatten 400",
        "Linear 400 → 120 120 48 120; ReLU",
        "Linear 120 → 84 84 10 164; ReLU",
        "Linear 84 → 10 10 850",
    ]
    row = ["x", *boxes[:8], "output"]
    assert joined(arrows) == set(pairwise(row))
    assert diagram.parts == {}
    assert "LeNet5: 61 706 parameters" in diagram.dot
    with language("ja"):
        assert "61 706 パラメータ" in architecture(model, (1, 1, 32, 32)).dot


def test_the_model_is_left_as_it_was():
    model = models.create("cifar_resnet20")
    model.layer1.eval()
    before = [m.training for m in model.modules()], model.state_dict()
    architecture(model, (1, 3, 32, 32))
    assert [m.training for m in model.modules()] == before[0]
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[1][name])


def test_blocks_that_follow_each_other_are_one_box():
    diagram = architecture(models.create("cifar_resnet20"), (1, 3, 32, 32))
    boxes, _ = read(diagram)
    assert boxes[1:4] == [
        "BasicBlock ×3 16×32×32 14 016; layer1.0 … layer1.2",
        "BasicBlock ×3 32×16×16 51 072; layer2.0 … layer2.2",
        "BasicBlock ×3 64×8×8 203 520; layer3.0 … layer3.2",
    ]
    assert list(diagram.parts) == ["layer1.0", "layer2.0", "layer3.0"]
    assert 'URL="part:layer2.0"' in diagram.dot


def test_the_inside_of_blocks_shows_each_form_with_its_shortcut(tmp_path):
    diagram = architecture(models.create("cifar_resnet20"), (1, 3, 32, 32))
    inside = diagram.parts["layer2.0"]
    boxes, arrows = read(inside)
    assert "ZeroChannels 32×16×16" in boxes
    assert boxes.count("+") == 2
    second = "Conv2d 32 → 32, 3×3 32×16×16 9 216; BatchNorm2d 64"
    assert {("input", "ZeroChannels 32×16×16"), ("ZeroChannels 32×16×16", "+"), (second, "+"),
            ("input", "+"), ("+", "ReLU 32×16×16")} <= joined(arrows)  # fmt: skip
    assert "layer2.1, layer2.2" in inside.dot
    alike = read(diagram.parts["layer1.0"])[0]
    assert alike.count("+") == 1
    diagram.save(tmp_path / "net.svg")
    assert "../net.svg" in (tmp_path / "net" / "layer2.0.svg").read_text()


def test_blocks_of_equal_growth_are_one_box():
    model = models.CifarDenseNet(num_classes=5, growth_rate=4, block_config=(4, 2))
    boxes, _ = read(architecture(model, (1, 3, 8, 8)))
    layers = [box for box in boxes if box.startswith("DenseLayer")]
    # Two that differ may as well be two of different kinds.
    shapes = [re.match(r".*\d+×\d+×\d+", box).group() for box in layers]
    assert shapes == ["DenseLayer ×4 24×8×8", "DenseLayer 16×4×4", "DenseLayer 20×4×4"]


def test_branches_are_where_the_data_parts():
    model = models.create("googlenet", 10, (3, 32, 32))
    diagram = architecture(model, (1, 3, 32, 32))
    _, arrows = read(diagram.parts["inception3a"])
    ways = [b for a, b in joined(arrows) if a == "input"]
    assert len(ways) == 4
    assert sum(b.startswith("Concatenate") for _, b in joined(arrows)) == 4
    top, _ = read(diagram)
    assert [box.split()[0] for box in top].count("Dropout") == 0
    assert any(box.endswith("; Dropout") for box in top)  # it does nothing here, and is named


def test_branches_of_the_model_itself():
    class Fork(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 4), nn.Linear(3, 4)

        def forward(self, x):
            return ops.relu(self.a(x) * self.b(x))

    _, arrows = read(architecture(Fork(), (2, 3)))
    a = "Linear 3 → 4 4 16"
    assert [(start, end) for start, end, _ in arrows].count(("x", a)) == 2
    assert joined(arrows) == {("x", a), (a, "×"), ("×", "ReLU 4"), ("ReLU 4", "output")}


def test_a_model_that_is_one_layer_and_one_in_float64():
    boxes, _ = read(architecture(nn.Linear(3, 1).double(), (1, 3)))
    assert boxes == ["Linear 3 → 1 1 4", "output", "x"]


def test_small_ones_of_other_families():
    for name in ("resnet18", "mobilenet_v2"):
        model = models.create(name, 10)
        diagram = architecture(model, (1, 3, 32, 32))
        boxes, arrows = read(diagram)
        assert len(arrows) == len(boxes) - 1  # one after the other
        assert sum("Block" in box for box in boxes) == len(diagram.parts)
        assert all(read(part)[1] for part in diagram.parts.values())


def test_what_the_model_says_of_a_wrong_shape():
    with pytest.raises(ValueError, match="32×32"):
        architecture(models.LeNet5(), (1, 1, 28, 28))
